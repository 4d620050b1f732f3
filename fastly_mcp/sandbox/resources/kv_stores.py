"""KV stores: the stores themselves; what they hold is in `kv_items`."""

from datetime import datetime

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.kv_items import alive
from fastly_mcp.sandbox.resources.stores import find, new_name, page, shown
from fastly_mcp.sandbox.state import Row, stamp

FIELDS = ("id", "name", "created_at", "updated_at")
LOCATIONS = frozenset({"US", "EU", "ASIA", "AUS"})
PAGE = 1_000
"""Recorded as the default; as the most it is invented."""


def spaced(moment: datetime) -> str:
    """The timestamp of this family: 2025-06-23 19:41:15 [go-fastly kv_store/create-store.yaml]."""
    return stamp(moment).replace("T", " ").removesuffix("Z")


def list_stores(call: Call) -> Response:
    name = call.query.get("name")
    stores = call.world.collection("kv_stores").values()
    rows = [shown(row, FIELDS) for row in stores if name in {None, row["name"]}]
    body = page(call, rows, limit=PAGE, most=PAGE)
    body["meta"]["total"] = len(rows)
    return newer(body)


def create_store(call: Call) -> Response:
    """`location` is read and forgotten, as the API never tells it again."""
    name = new_name(call, "kv_stores")
    if call.query.get("location", "US") not in LOCATIONS:
        known = ", ".join(sorted(LOCATIONS))
        raise invented.resource_does_not_fit(f"location must be one of {known}")
    at = spaced(call.now)
    # Recorded ids have small letters only.
    row: Row = {"id": call.world.new_id().lower(), "name": name, "items": {}}
    row |= {"created_at": at, "updated_at": at}
    call.world.collection("kv_stores")[row["id"]] = row
    return newer(shown(row, FIELDS), 201)


def get_store(call: Call) -> Response:
    return newer(shown(find(call, "kv_stores"), FIELDS))


def update_store(call: Call) -> Response:
    """A new name. That it answers with nothing is documented, that it is a 200 is invented."""
    row = find(call, "kv_stores")
    changed = {"name": new_name(call, "kv_stores", row["id"]), "updated_at": spaced(call.now)}
    call.world.collection("kv_stores")[row["id"]] = row | changed
    return newer_nothing(200)


def delete_store(call: Call) -> Response:
    """Only an empty one goes; otherwise a documented 409."""
    row = find(call, "kv_stores")
    if alive(call, row):
        raise invented.store_is_not_empty(row["id"])
    del call.world.collection("kv_stores")[row["id"]]
    return newer_nothing()
