"""Paging: where the items of an answer are, and what asks for the next page."""

import re
from typing import Any, NamedTuple

from fastly_mcp.api.answers import Answer, shaped
from fastly_mcp.api.catalog.operation import Operation, Paging

PAGE = 100  # items asked for at once where Fastly says no other bound
CURSOR = re.compile(r"[!-~]{1,1000}")


class Following(NamedTuple):
    """What asks for the next page, None if this was the last; whether there surely is one."""

    at: Any
    is_sure: bool = True


LAST = Following(None)


def items_of(operation: Operation, answer: Answer) -> list[Any]:
    """Return an answer's items. Raises Unavailable if there is something else in their place."""
    with shaped():
        found = _at(answer.data, operation.items or "")
        if found is None:
            return []
        if not isinstance(found, list):
            raise TypeError
        return found


def total_of(answer: Answer) -> int | None:
    """Return how many items there are over all pages, if the answer says so."""
    meta = _meta(answer)
    for name in ("total", "total_count", "record_count"):
        if type(meta.get(name)) is int:
            return int(meta[name])
    return None


def first_page(paging: Paging) -> int:
    """Pages count from 1, but from 0 where they have a `limit` [fastly-py, the defaults]."""
    return 0 if paging.size == "limit" else 1


def page_size(operation: Operation, paging: Paging, limit: int | None) -> int:
    """Return how many items to ask for at once.

    That is all that are wanted, and where nothing else tells whether there are more, one more.
    """
    (size,) = (each for each in operation.parameters if each.name == paging.size)
    wanted = PAGE if limit is None else limit + (paging.way == "page")
    return min(int(size.maximum or PAGE), wanted)


def following(paging: Paging, answer: Answer, count: int, number: int, size: Any) -> Following:
    """Return what comes after page `number` of `count` items, where `size` were asked for."""
    if paging.way == "cursor":
        # Only a cursor that is safe to send on; an address is none.
        try:
            cursor = _at(answer.data, paging.next)
        except (KeyError, TypeError):
            return LAST
        return Following(cursor if _is_cursor(cursor) else None)
    if paging.way == "jsonapi":
        links = answer.data.get("links") if isinstance(answer.data, dict) else None
        return Following(number + 1 if isinstance(links, dict) and links.get("next") else None)
    if not count:
        return LAST
    if link := answer.headers.get("Link", ""):
        return Following(number + 1 if re.search(r'rel="?next\b', link) else None)
    meta, total = _meta(answer), total_of(answer)
    # Fastly may give fewer than were asked for, and says so.
    told = [meta[name] for name in ("per_page", "limit") if type(meta.get(name)) is int]
    size = min([int(size), *(each for each in told if each > 0)])
    if total is not None:
        seen = (number - first_page(paging)) * size + count
        return Following(number + 1 if seen < total else None)
    return Following(None if count < size else number + 1, is_sure=False)


def _is_cursor(value: object) -> bool:
    if isinstance(value, str):
        return CURSOR.fullmatch(value) is not None
    return type(value) is int


def _meta(answer: Answer) -> dict[str, Any]:
    meta = answer.data.get("meta") if isinstance(answer.data, dict) else None
    return meta if isinstance(meta, dict) else {}


def _at(data: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        if data is None:
            break
        data = data[name]
    return data
