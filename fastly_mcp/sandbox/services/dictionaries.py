"""Items of dictionaries: they change at once, without an activation."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import classic_page
from fastly_mcp.sandbox.services.members import batch, container, members
from fastly_mcp.sandbox.state import Row

VERBS = ("create", "update", "upsert", "delete")


def make_item(service_id: str, dictionary_id: str, key: str, value: str, at: str) -> Row:
    return {
        "dictionary_id": dictionary_id,
        "service_id": service_id,
        "item_key": key,
        "item_value": value,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
    }


def item_row(call: Call, dictionary_id: str, key: str, value: str, old: Row | None = None) -> Row:
    """An item as it becomes now; a changed one keeps when it was made."""
    row = make_item(call.params["service_id"], dictionary_id, key, value, call.stamp)
    return row | {"created_at": old["created_at"]} if old else row


def list_items(call: Call) -> Response:
    service, dictionary_id = container(call, "dictionaries")
    rows = list(members(service, dictionary_id).values())
    if call.query.get("direction") == "descend":
        rows.reverse()
    page, links = classic_page(call, rows, per_page=100)
    return classic(page, headers=links)


def create_item(call: Call) -> Response:
    service, dictionary_id = container(call, "dictionaries")
    given, held = call.given(), members(service, dictionary_id)
    key = str(given.get("item_key") or "")
    if not key:
        raise invented.does_not_fit("item_key can't be blank")
    if key in held:
        raise errors.duplicate("dictionary_item", key)
    held[key] = item_row(call, dictionary_id, key, str(given.get("item_value", "")))
    record(call, "dictionary_item.create", service.id, name=key)
    return classic(held[key])


def _no_item(call: Call) -> errors.FastlyError:
    return errors.no_such_member(
        "DictionaryItem",
        dictionary_id=call.params["container_id"],
        item_key=call.params["item_key"],
        service_id=call.params["service_id"],
    )


def get_item(call: Call) -> Response:
    service, dictionary_id = container(call, "dictionaries")
    row = members(service, dictionary_id).get(call.params["item_key"])
    if row is None:
        raise _no_item(call)
    return classic(row)


def upsert_item(call: Call) -> Response:
    """PUT makes the item if there is none; its answer has no timestamps [go-fastly update.yaml]."""
    service, dictionary_id = container(call, "dictionaries")
    held, key = members(service, dictionary_id), call.params["item_key"]
    row = item_row(call, dictionary_id, key, str(call.given().get("item_value", "")), held.get(key))
    held[key] = row
    record(call, "dictionary_item.update", service.id, name=key)
    stamps = ("created_at", "updated_at", "deleted_at")
    return classic({name: value for name, value in row.items() if name not in stamps})


def update_item(call: Call) -> Response:
    service, dictionary_id = container(call, "dictionaries")
    held, key = members(service, dictionary_id), call.params["item_key"]
    if key not in held:
        raise _no_item(call)
    value = str(call.given().get("item_value", held[key]["item_value"]))
    held[key] = item_row(call, dictionary_id, key, value, held[key])
    record(call, "dictionary_item.update", service.id, name=key)
    return classic(held[key])


def delete_item(call: Call) -> Response:
    service, dictionary_id = container(call, "dictionaries")
    if members(service, dictionary_id).pop(call.params["item_key"], None) is None:
        raise _no_item(call)
    record(call, "dictionary_item.delete", service.id, name=call.params["item_key"])
    return classic(OK)


def change_items(call: Call) -> Response:
    """A batch: all of it or nothing [go-fastly dictionary_items_batch/]."""
    service, dictionary_id = container(call, "dictionaries")
    held = dict(members(service, dictionary_id))
    for change in batch(call, "items"):
        key, verb = str(change.get("item_key") or ""), change.get("op")
        if verb not in VERBS or not key:
            raise invented.does_not_fit("op must be create, update, upsert or delete, of item_key")
        if verb == "create" and key in held:
            raise errors.duplicate("dictionary_item", key)
        if verb in {"update", "delete"} and key not in held:
            raise errors.no_such_member(
                "DictionaryItem",
                dictionary_id=dictionary_id,
                item_key=key,
                service_id=service.id,
            )
        if verb == "delete":
            del held[key]
        else:
            value = str(change.get("item_value", ""))
            held[key] = item_row(call, dictionary_id, key, value, held.get(key))
    service.members[dictionary_id] = held
    record(call, "dictionary_item.batch_update", service.id, name=dictionary_id)
    return classic(OK)


def get_dictionary_info(call: Call) -> Response:
    """How many items, and a digest of them [go-fastly dictionary_info/get.yaml]."""
    call.version()
    service, dictionary_id = container(call, "dictionaries")
    held = members(service, dictionary_id)
    updated = max((row["updated_at"] for row in held.values()), default=None)
    return classic(
        {
            "item_count": len(held),
            "last_updated": updated and updated.replace("T", " ").replace("Z", ""),
            "digest": invented.digest(held),
        }
    )
