"""Config stores: the one family under /resources that the old control plane answers."""

from datetime import datetime

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.stores import LONGEST_NAME, held, is_taken, shown, text
from fastly_mcp.sandbox.services.members import batch
from fastly_mcp.sandbox.services.services import listed_row, within_reach
from fastly_mcp.sandbox.state import Row, stamp

FIELDS = ("name", "id", "created_at", "updated_at", "deleted_at")
LONGEST_KEY, LONGEST_VALUE = 256, 8_000
"""Characters [PY BulkUpdateConfigStoreItem]."""


def make_item(store_id: str, key: str, value: str, at: str, old: Row | None = None) -> Row:
    """One item; a changed one keeps when it was made."""
    return {
        "item_key": key,
        "item_value": value,
        "created_at": old["created_at"] if old else at,
        "updated_at": at,
        "deleted_at": None,
        "store_id": store_id,
    }


def fill(row: Row, at: datetime) -> Row:
    """A seed's store, whose items are texts by key."""
    items = held(row, "items").items()
    told = stamp(at)
    return row | {"items": {key: make_item(row["id"], key, value, told) for key, value in items}}


def not_found() -> errors.FastlyError:
    """A 404 without a detail [go-fastly config_store/TestClient_GetConfigStore/get_store_404]."""
    return errors.FastlyError(404, {"msg": "Record not found"})


def _find(call: Call) -> Row:
    row = call.world.collection("config_stores").get(call.params["resource_id"])
    if row is None:
        raise not_found()
    return row


def _keep(call: Call, row: Row, **changed: object) -> Row:
    kept = row | changed
    call.world.collection("config_stores")[row["id"]] = kept
    return kept


def _name(call: Call, own_id: str = "") -> str:
    with invented.fitting():
        name = text(call.given(), "name", LONGEST_NAME)
    if is_taken(call, "config_stores", name, own_id):
        raise errors.duplicate("config_store", name)
    return name


def list_stores(call: Call) -> Response:
    """A bare list; `name` is the whole name."""
    name = call.query.get("name")
    rows = call.world.collection("config_stores").values()
    return classic([shown(row, FIELDS) for row in rows if name in {None, row["name"]}])


def create_store(call: Call) -> Response:
    name, at = _name(call), call.stamp
    row: Row = {"id": call.world.new_id(), "name": name, "created_at": at, "updated_at": at}
    row |= {"deleted_at": None, "items": {}}
    return classic(shown(_keep(call, row), FIELDS))


def get_store(call: Call) -> Response:
    return classic(shown(_find(call), FIELDS))


def update_store(call: Call) -> Response:
    row = _find(call)
    changed = _keep(call, row, name=_name(call, row["id"]), updated_at=call.stamp)
    return classic(shown(changed, FIELDS))


def delete_store(call: Call) -> Response:
    del call.world.collection("config_stores")[_find(call)["id"]]
    return classic(OK)


def get_info(call: Call) -> Response:
    return classic({"item_count": len(_find(call)["items"])})


def list_linked_services(call: Call) -> Response:
    """The services whose active version links the store; their rows as in the list of services."""
    store_id = _find(call)["id"]
    return classic(
        [
            listed_row(call, service)
            for service in within_reach(call)
            if any(link["resource_id"] == store_id for link in service.rows("resources"))
        ]
    )


def list_items(call: Call) -> Response:
    return classic(list(_find(call)["items"].values()))


def _item(row: Row, key: str) -> Row:
    if key not in row["items"]:
        raise not_found()
    item: Row = row["items"][key]
    return item


def _value(given: Row) -> str:
    return text(given, "item_value", LONGEST_VALUE, least=0)


def _put(call: Call, row: Row, key: str, value: str) -> Response:
    item = make_item(row["id"], key, value, call.stamp, row["items"].get(key))
    _keep(call, row, items=row["items"] | {key: item})
    return classic(item)


def create_item(call: Call) -> Response:
    row, given = _find(call), call.given()
    with invented.fitting():
        key, value = text(given, "item_key", LONGEST_KEY), _value(given)
    if key in row["items"]:
        raise errors.duplicate("config_store_item", key)
    return _put(call, row, key, value)


def get_item(call: Call) -> Response:
    return classic(_item(_find(call), call.params["key"]))


def update_item(call: Call) -> Response:
    row, key = _find(call), call.params["key"]
    given = {"item_value": _item(row, key)["item_value"]} | call.given()
    with invented.fitting():
        value = _value(given)
    return _put(call, row, key, value)


def upsert_item(call: Call) -> Response:
    """PUT makes the item if there is none."""
    row, key = _find(call), call.params["key"]
    with invented.fitting():
        text({"key": key}, "key", LONGEST_KEY)
        value = _value(call.given())
    return _put(call, row, key, value)


def delete_item(call: Call) -> Response:
    row, key = _find(call), call.params["key"]
    _item(row, key)
    _keep(call, row, items={name: item for name, item in row["items"].items() if name != key})
    return classic(OK)


def change_items(call: Call) -> Response:
    """A batch, of which all is done or nothing; deletions come with a value, an empty one."""
    row = _find(call)
    items = dict(row["items"])
    for change in batch(call, "items"):
        with invented.fitting():
            key, value = text(change, "item_key", LONGEST_KEY), _value(change)
        match change.get("op"):
            case "create" if key in items:
                raise errors.duplicate("config_store_item", key)
            case "update" | "delete" if key not in items:
                raise not_found()
            case "create" | "update" | "upsert":
                items[key] = make_item(row["id"], key, value, call.stamp, items.get(key))
            case "delete":
                del items[key]
            case _:
                raise invented.does_not_fit("op must be create, update, upsert or delete")
    _keep(call, row, items=items)
    return classic(OK)
