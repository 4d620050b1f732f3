"""Entries of ACLs."""

import ipaddress

from starlette.responses import Response

from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import flag_digit, needed, optional_whole, text
from fastly_mcp.sandbox.services.members import Members
from fastly_mcp.sandbox.state import Row


def _check(row: Row) -> None:
    try:
        longest = ipaddress.ip_address(row["ip"]).max_prefixlen
    except ValueError:
        raise ValueError("ip is no address") from None
    if row["subnet"] is not None and not 0 <= row["subnet"] <= longest:
        raise ValueError(f"subnet is not from 0 to {longest}")


ENTRIES = Members(
    "acls",
    "acl_id",
    "ACLEntry",
    "acl_entry",
    {
        "comment": text(),
        "ip": needed(),
        "negated": flag_digit(echoes_number=True),
        "subnet": optional_whole(),
    },
    told_by="ip",
    per_page=(100, 100),
    check=_check,
    has_deleted_at=False,
)


def change_entries(call: Call) -> Response:
    return ENTRIES.change(call, "entries", "create", "update", "delete")
