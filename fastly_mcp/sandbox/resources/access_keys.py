"""Access keys of object storage; the secret key is told once and not kept."""

from datetime import datetime

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.stores import find, shown, text
from fastly_mcp.sandbox.state import Row, stamp_with_fraction

FIELDS = ("access_key", "description", "permission", "buckets", "created_at")
PERMISSIONS = frozenset(
    {"read-write-admin", "read-only-admin", "read-write-objects", "read-only-objects"}
)
LONGEST_DESCRIPTION = 1_024
MOST_BUCKETS = 1_000


def read(given: Row) -> Row:
    """What the body says of a key. Raises ValueError."""
    buckets, permission = given.get("buckets") or [], given.get("permission")
    if not isinstance(permission, str) or permission not in PERMISSIONS:
        raise ValueError(f"permission must be one of {', '.join(sorted(PERMISSIONS))}")
    if (
        not isinstance(buckets, list)
        or len(buckets) > MOST_BUCKETS
        or not all(isinstance(bucket, str) for bucket in buckets)
    ):
        raise ValueError("buckets must be a list of names")
    description = text(given, "description", LONGEST_DESCRIPTION)
    return {"description": description, "permission": permission, "buckets": buckets}


def fill(row: Row, at: datetime) -> Row:
    """A seed's key, whose id is the key."""
    return row | read(row) | {"access_key": row["id"]}


def list_keys(call: Call) -> Response:
    rows = call.world.collection("access_keys").values()
    return newer({"meta": {}, "data": [shown(row, FIELDS) for row in rows]})


def create_key(call: Call) -> Response:
    with invented.fitting(invented.resource_does_not_fit):
        made = read(call.given())
    key, secret = call.world.new_id(), call.world.new_id(32) + call.world.new_id(32)
    row = {"id": key, "access_key": key, **made, "created_at": stamp_with_fraction(call.now)}
    call.world.collection("access_keys")[key] = row
    return newer(shown(row, FIELDS) | {"secret_key": secret}, 201)


def get_key(call: Call) -> Response:
    return newer(shown(find(call, "access_keys"), FIELDS))


def delete_key(call: Call) -> Response:
    del call.world.collection("access_keys")[find(call, "access_keys")["id"]]
    return newer_nothing()
