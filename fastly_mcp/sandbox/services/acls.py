"""Entries of ACLs: they change at once, without an activation."""

import ipaddress

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import classic_page
from fastly_mcp.sandbox.services.fields import (
    Field,
    defaults,
    echoed,
    flag_digit,
    optional_whole,
    read,
    text,
)
from fastly_mcp.sandbox.services.members import batch, container, members
from fastly_mcp.sandbox.state import Row, Service

ENTRY: dict[str, Field] = {
    "comment": text(),
    "ip": text(),
    "negated": flag_digit(echoes_number=True),
    "subnet": optional_whole(),
}
VERBS = ("create", "update", "delete")


def entry_fields(given: Row, *, is_new: bool) -> Row:
    """What was given of an entry. Raises ValueError for what does not fit."""
    fields = read(ENTRY, given)
    if is_new and "ip" not in fields:
        raise ValueError("ip can't be blank")
    if "ip" in fields:
        try:
            ipaddress.ip_address(fields["ip"])
        except ValueError:
            raise ValueError("ip is no address") from None
    return fields


def _fits(row: Row) -> Row:
    """The entry, if its subnet is one of its address. Raises ValueError if not."""
    longest = ipaddress.ip_address(row["ip"]).max_prefixlen
    if row["subnet"] is not None and not 0 <= row["subnet"] <= longest:
        raise ValueError(f"subnet is not from 0 to {longest}")
    return row


def make_entry(service_id: str, acl_id: str, entry_id: str, given: Row, at: str) -> Row:
    """A new entry. Raises ValueError for what does not fit."""
    return {
        **_fits(defaults(ENTRY) | entry_fields(given, is_new=True)),
        "id": entry_id,
        "acl_id": acl_id,
        "service_id": service_id,
        "created_at": at,
        "updated_at": at,
    }


def new_entry(call: Call, acl_id: str, given: Row) -> Row:
    with invented.fitting():
        return make_entry(call.params["service_id"], acl_id, call.world.new_id(), given, call.stamp)


def changed_entry(call: Call, row: Row, given: Row) -> Row:
    with invented.fitting():
        return _fits(row | entry_fields(given, is_new=False)) | {"updated_at": call.stamp}


def list_entries(call: Call) -> Response:
    service, acl_id = container(call, "acls")
    rows = list(members(service, acl_id).values())
    if call.query.get("direction") == "descend":
        rows.reverse()
    page, links = classic_page(call, rows, per_page=100)
    return classic(page, headers=links)


def create_entry(call: Call) -> Response:
    service, acl_id = container(call, "acls")
    row = new_entry(call, acl_id, call.given())
    members(service, acl_id)[row["id"]] = row
    record(call, "acl_entry.create", service.id, name=row["ip"])
    return classic(row | echoed(ENTRY, {"negated": row["negated"]}))


def find_entry(call: Call) -> tuple[Service, dict[str, Row], Row]:
    service, acl_id = container(call, "acls")
    held, wanted = members(service, acl_id), call.params["entry_id"]
    if wanted not in held:
        raise errors.no_such_member("ACLEntry", id=wanted, acl_id=acl_id, service_id=service.id)
    return service, held, held[wanted]


def get_entry(call: Call) -> Response:
    return classic(find_entry(call)[2])


def update_entry(call: Call) -> Response:
    service, held, row = find_entry(call)
    new = changed_entry(call, row, call.given())
    held[row["id"]] = new
    record(call, "acl_entry.update", service.id, name=new["ip"])
    return classic(new | echoed(ENTRY, {"negated": new["negated"]}))


def delete_entry(call: Call) -> Response:
    service, held, row = find_entry(call)
    del held[row["id"]]
    record(call, "acl_entry.delete", service.id, name=row["ip"])
    return classic(OK)


def change_entries(call: Call) -> Response:
    """A batch: all of it or nothing [go-fastly acl_entries_batch/]."""
    service, acl_id = container(call, "acls")
    held = dict(members(service, acl_id))
    for change in batch(call, "entries"):
        verb, wanted = change.get("op"), str(change.get("id") or "")
        if verb not in VERBS:
            raise invented.does_not_fit("op must be create, update or delete")
        if verb == "create":
            row = new_entry(call, acl_id, change)
            held[row["id"]] = row
            continue
        if wanted not in held:
            raise errors.no_such_member("ACLEntry", id=wanted, acl_id=acl_id, service_id=service.id)
        if verb == "delete":
            del held[wanted]
        else:
            held[wanted] = changed_entry(call, held[wanted], change)
    service.members[acl_id] = held
    record(call, "acl_entry.batch_update", service.id, name=acl_id)
    return classic(OK)
