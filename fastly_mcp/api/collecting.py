"""Collecting: one read of an operation, its pages followed, and several reads made of one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from fastly_mcp.api.answers import Answer, shaped
from fastly_mcp.api.catalog.checking import check
from fastly_mcp.api.catalog.operation import Operation, Paging, Parameter
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.paths import looks_like_id
from fastly_mcp.errors import InvalidArgument

COMBINATIONS = 50
PAGE = 100  # items asked for at once where Fastly says no other bound
PAGES = 200  # at most that are followed for one read
ACTIVE = "active"
"""What may be given for a version's number, of a service that has an active one."""

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Collected:
    """What one read gave: of a list its items, of anything else the answer."""

    data: Any
    is_more: bool = False
    """Whether there are more items than were asked for."""
    total: int | None = None
    """How many there are, as far as Fastly tells."""


def combinations(operation: Operation, params: Mapping[str, Any]) -> list[tuple[Params, Params]]:
    """Return the parameters of every single read, each after those that tell it from the others.

    A parameter that takes one value and is given a list takes each of them in turn. Raises
    InvalidArgument for more than COMBINATIONS.
    """
    takes = {name: each for each in operation.parameters for name in _names(each)}
    many: dict[str, Sequence[Any]] = {
        name: list(dict.fromkeys(value)) if all(isinstance(v, str | int) for v in value) else value
        for name, value in params.items()
        if isinstance(value, list) and name in takes and not takes[name].type.startswith("[")
    }
    count = 1
    for values in many.values():
        count *= len(values)
    if count > COMBINATIONS:
        raise InvalidArgument(
            f"These lists make {count} requests, and {COMBINATIONS} is the most. Nothing was sent."
        )
    if not count:
        raise InvalidArgument("A list is empty, so there is nothing to ask for. Nothing was sent.")
    told = [dict(zip(many, values, strict=True)) for values in product(*many.values())]
    return [(each, {**params, **each}) for each in told]


async def named(fastly: Connection, operation: Operation, params: Params) -> Params:
    """Return parameters with a service's id for its name or domain, and a number for `active`.

    Raises InvalidArgument if no service or several are meant, or none of its versions is active.
    """
    wire = {each.name for each in operation.parameters if each.place == "path"}
    service, version = params.get("service_id"), params.get("version_id")
    if "service_id" not in wire or not isinstance(service, str):
        return params
    if not looks_like_id(service) or version == ACTIVE:
        found = await fastly.service(service)
        params = {**params, "service_id": found.id}
        if version == ACTIVE and "version_id" in wire:
            if found.active_version is None:
                raise InvalidArgument(f"The service {found.id} has no active version.")
            params["version_id"] = found.active_version
    return params


async def collect(
    fastly: Connection, operation: Operation, params: Params, limit: int
) -> Collected:
    """Read an operation once, following its pages up to `limit` items.

    Raises InvalidArgument for parameters that break a rule, before anything is sent.
    """
    paging = operation.paging
    if operation.items is None or paging is None or paging.at in params:
        answer = await fastly.call(check(operation, params), repeatable=True)
        return _cut(operation, answer, _items(operation, answer), limit)
    asked = dict(params)
    size = _size(operation, paging, limit)
    asked.setdefault(paging.size, size) if paging.size else None
    items: list[Any] = []
    for number in range(1, PAGES + 1):
        answer = await fastly.call(check(operation, asked), repeatable=True)
        page = _items(operation, answer)
        items += page
        following = _following(paging, answer, page, number, asked.get(paging.size, size))
        if following is None or following == asked.get(paging.at) or len(items) > limit:
            break
        asked[paging.at] = following
    return _cut(operation, answer, items, limit, may_follow=following is not None)


def _cut(
    operation: Operation, answer: Answer, items: list[Any], limit: int, *, may_follow: bool = False
) -> Collected:
    if operation.items is None:
        return Collected(answer.data)
    total = _total(answer.data)
    is_more = len(items) > limit or may_follow or (total is not None and total > len(items))
    return Collected(items[:limit], is_more, total)


def _items(operation: Operation, answer: Answer) -> list[Any]:
    if operation.items is None:
        return []
    with shaped():
        found = _at(answer.data, operation.items)
        if found is None:
            return []
        if not isinstance(found, list):
            raise TypeError
        return found


def _at(data: Any, path: str) -> Any:
    for name in filter(None, path.split(".")):
        data = data[name]
    return data


def _size(operation: Operation, paging: Paging, limit: int) -> int:
    """How many items to ask for at once: all that are wanted, and one more to see if there are."""
    bounds = {each.name: each for each in operation.parameters}
    size = bounds.get(paging.size)
    most = int(size.maximum) if size and size.maximum else PAGE
    return min(most, limit + 1)


def _following(paging: Paging, answer: Answer, page: Sequence[Any], number: int, size: int) -> Any:
    """Return what asks for the next page, None if this was the last."""
    if paging.way == "cursor":
        try:
            return _at(answer.data, paging.next) or None
        except (KeyError, TypeError):
            return None
    if paging.way == "jsonapi":
        links = answer.data.get("links") if isinstance(answer.data, dict) else None
        return number + 1 if isinstance(links, dict) and links.get("next") else None
    link = answer.headers.get("Link", "")
    is_last = 'rel="next"' not in link if link else len(page) < int(size)
    return None if is_last or not page else number + 1


def _total(data: Any) -> int | None:
    meta = data.get("meta") if isinstance(data, dict) else None
    if not isinstance(meta, dict):
        return None
    for name in ("total", "total_count", "record_count"):
        if isinstance(meta.get(name), int):
            return int(meta[name])
    return None


def _names(parameter: Parameter) -> Iterator[str]:
    yield parameter.name
    if parameter.python_name:
        yield parameter.python_name
