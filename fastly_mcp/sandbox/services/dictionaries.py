"""Items of dictionaries."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import needed, text
from fastly_mcp.sandbox.services.members import Members, container

ITEMS = Members(
    "dictionaries",
    "dictionary_id",
    "DictionaryItem",
    "dictionary_item",
    {"item_key": needed(), "item_value": text()},
    told_by="item_key",
    named_by="item_key",
    per_page=(100, 1000),
)


def _readable(call: Call) -> Call:
    """The call, if the dictionary in its path is not a private one."""
    if container(call, "dictionaries")[1]["write_only"]:
        raise errors.write_only()
    return call


def list_items(call: Call) -> Response:
    return ITEMS.list(_readable(call))


def get_item(call: Call) -> Response:
    return ITEMS.get(_readable(call))


def upsert_item(call: Call) -> Response:
    """PUT makes the item if there is none; its answer has no timestamps [go-fastly update.yaml]."""
    held, key = ITEMS.held(call), call.params["member_id"]
    row = ITEMS.put(call, held, call.given() | {"item_key": key}, held.get(key))
    ITEMS.note(call, "update", row)
    stamps = ("created_at", "updated_at", "deleted_at")
    return classic({name: value for name, value in row.items() if name not in stamps})


def change_items(call: Call) -> Response:
    return ITEMS.change(call, "items", "create", "update", "upsert", "delete")


def get_dictionary_info(call: Call) -> Response:
    """How many items, and a digest of them [go-fastly dictionary_info/get.yaml]."""
    call.version()
    held = ITEMS.held(call)
    updated = max((row["updated_at"] for row in held.values()), default=None)
    return classic(
        {
            "item_count": len(held),
            "last_updated": updated and updated.replace("T", " ").replace("Z", ""),
            "digest": invented.digest(held),
        }
    )
