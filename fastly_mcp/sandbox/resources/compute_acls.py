"""ACLs of Compute: prefixes that are allowed or blocked, and which of them holds an address."""

import re
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.stores import find, held, new_name, page, shown
from fastly_mcp.sandbox.state import Row

FIELDS = ("id", "name")
ACTIONS = frozenset({"ALLOW", "BLOCK"})
PREFIX = re.compile(r"[0-9a-fA-F.:]{2,45}/[0-9]{1,3}")
PAGE, PAGE_LIMIT = 100, 1_000
"""The default is documented and recorded, the most is invented."""
BATCH = 1_000

Network = IPv4Network | IPv6Network


def read_prefix(prefix: object) -> str:
    """A prefix in its usual form: bits of the host become zero. Raises ValueError."""
    if not isinstance(prefix, str) or not PREFIX.fullmatch(prefix):
        raise ValueError("prefix must be an address, a slash and a length")
    return str(ip_network(prefix, strict=False))


def read_action(action: object) -> str:
    """Raises ValueError."""
    if not isinstance(action, str) or action not in ACTIONS:
        raise ValueError("action must be ALLOW or BLOCK")
    return action


def fill(row: Row, at: datetime) -> Row:
    """A seed's ACL, whose entries are actions by prefix."""
    entries = held(row, "entries").items()
    return row | {
        "entries": {read_prefix(prefix): read_action(action) for prefix, action in entries}
    }


def networks(row: Row) -> list[Network]:
    """The prefixes in the order of their addresses [go-fastly computeacls/list_entries.yaml]."""
    found = map(ip_network, row["entries"])
    return sorted(found, key=lambda net: (net.version, int(net.network_address), net.prefixlen))


def entry(row: Row, network: Network) -> Row:
    return {"prefix": str(network), "action": row["entries"][str(network)]}


def list_acls(call: Call) -> Response:
    rows = [shown(row, FIELDS) for row in call.world.collection("compute_acls").values()]
    return newer({"data": rows, "meta": {"total": len(rows)}})


def create_acl(call: Call) -> Response:
    name = new_name(call, "compute_acls")
    row: Row = {"id": call.world.new_id(), "name": name, "entries": {}}
    call.world.collection("compute_acls")[row["id"]] = row
    return newer(shown(row, FIELDS))


def get_acl(call: Call) -> Response:
    return newer(shown(find(call, "compute_acls"), FIELDS))


def delete_acl(call: Call) -> Response:
    del call.world.collection("compute_acls")[find(call, "compute_acls")["id"]]
    return newer_nothing(200)


def list_entries(call: Call) -> Response:
    row = find(call, "compute_acls")
    rows = [entry(row, network) for network in networks(row)]
    listed = page(call, rows, limit=PAGE, most=PAGE_LIMIT)
    return newer({"entries": listed["data"], "meta": listed["meta"]})


def change_entries(call: Call) -> Response:
    """Done at once, though the answer is "accepted".

    An update makes the entry if there is none [go-fastly computeacls/update_acl.yaml]; that a
    creation replaces one, and a deletion needs none, is invented: nobody waits for the outcome.
    """
    row = find(call, "compute_acls")
    changes, entries = call.json_object().get("entries"), dict(row["entries"])
    with invented.fitting(invented.resource_does_not_fit):
        if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
            raise ValueError("entries must be a list of objects")
        if len(changes) > BATCH:
            raise ValueError(f"entries may hold at most {BATCH}")
        for change in changes:
            prefix, verb = read_prefix(change.get("prefix")), change.get("op")
            if verb in ("create", "update"):
                entries[prefix] = read_action(change.get("action"))
            elif verb == "delete":
                entries.pop(prefix, None)
            else:
                raise ValueError("op must be create, update or delete")
    call.world.collection("compute_acls")[row["id"]] = row | {"entries": entries}
    return newer_nothing(202)


def look_up(call: Call) -> Response:
    """The entry whose prefix is the longest around the address; 204 if there is none."""
    row = find(call, "compute_acls")
    with invented.fitting(invented.resource_does_not_fit):
        address = ip_address(call.params["ip"])
    around = [network for network in networks(row) if address in network]
    if not around:
        return newer_nothing()
    return newer(entry(row, max(around, key=lambda network: network.prefixlen)))
