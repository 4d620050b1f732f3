"""What the families under /resources share: finding one, its name, its pages, what is shown."""

from collections.abc import Iterable
from typing import Any

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page
from fastly_mcp.sandbox.state import Row

LONGEST_NAME = 255
"""Documented for the names that Compute programs open stores by."""


def shown(row: Row, fields: Iterable[str]) -> Row:
    """A row without what it holds."""
    return {name: row[name] for name in fields}


def find(call: Call, collection: str) -> Row:
    """The store, ACL or key in the path."""
    wanted = call.params["resource_id"]
    row = call.world.collection(collection).get(wanted)
    if row is None:
        raise invented.no_such_resource(wanted)
    return row


def text(given: Row, name: str, most: int, *, least: int = 1) -> str:
    """A text of the body. Raises ValueError for what is none."""
    value = given.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004 - what does not fit is a ValueError
    if not least <= len(value) <= most:
        raise ValueError(f"{name} must have {least} to {most} characters")
    return value


def is_taken(call: Call, collection: str, name: str, own_id: str = "") -> bool:
    """Whether another one has the name."""
    rows = call.world.collection(collection).values()
    return any(row["name"] == name and row["id"] != own_id for row in rows)


def new_name(call: Call, collection: str, own_id: str = "") -> str:
    """The name in the body, which no other has."""
    with invented.fitting(invented.resource_does_not_fit):
        name = text(call.given(), "name", LONGEST_NAME)
    if is_taken(call, collection, name, own_id):
        raise invented.resource_name_is_taken()
    return name


def held(row: Row, name: str) -> dict[str, Any]:
    """What a seed's row holds by key. Raises ValueError for what is no mapping of texts."""
    text(row, "name", LONGEST_NAME)
    inside = row[name]
    if not isinstance(inside, dict) or not all(
        isinstance(each, str) for pair in inside.items() for each in pair
    ):
        raise ValueError(f"{name} must be a mapping of texts")
    return inside


def page(call: Call, rows: list[Row], *, limit: int, most: int) -> Row:
    """One page of a list by cursor; the last one names no next."""
    data, limit, cursor = cursor_page(call, rows, limit=limit, most=most)
    return {"data": data, "meta": {"limit": limit} | ({"next_cursor": cursor} if cursor else {})}
