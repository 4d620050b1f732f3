"""Collecting: one read of an operation, its pages followed, and several reads made of one."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from pydantic_core import to_json

from fastly_mcp.api.catalog.checking import check
from fastly_mcp.api.catalog.operation import Operation, Paging
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.paging import first_page, following, items_of, page_size, total_of
from fastly_mcp.api.paths import looks_like_id
from fastly_mcp.errors import InvalidArgument, TooLarge

COMBINATIONS = 50
PAGES = 200  # at most that are followed for one read
BYTES = 30_000_000  # of answers that are kept of one read
ACTIVE = "active"
"""What may be given for a version's number, of a service that has an active one."""
FILTERS = frozenset({"filter[service_id]"})
"""Parameters of a query that a service's name would silently find nothing with."""
NO_NUMBER = "version_id must be an integer"
LONGEST_CURSOR = 200  # characters; a longer one is not worth telling

RAISE = "There are more: raise limit."
ONLY = "Fastly has {total} and gave these only."

Params = dict[str, Any]


class Collected(NamedTuple):
    """What one read gave: of a list its items, of anything else the answer."""

    data: Any
    then: str = ""
    """How to get those that were left, if there are more."""
    total: int | None = None
    """How many there are, as far as that is known."""
    size: int = 0
    """Bytes of Fastly's answers."""


def combinations(operation: Operation, params: Mapping[str, Any]) -> list[tuple[Params, Params]]:
    """Return the parameters of every single read, each after those that tell it from the others.

    A parameter that takes one value and is given a list takes each of them in turn. Names become
    those of the wire. Raises InvalidArgument for more than COMBINATIONS, and for what breaks a
    rule in any of them.
    """
    given = _by_wire_name(operation, params)
    takes = {each.name: each for each in operation.parameters}
    many: dict[str, Sequence[Any]] = {
        name: _once(value)
        for name, value in given.items()
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
    asked = [(each, {**given, **each}) for each in told]
    complaints = [complaint for _, each in asked if (complaint := _complaint(operation, each))]
    if complaints:
        raise InvalidArgument(" ".join(dict.fromkeys(complaints)))
    return asked


async def named(fastly: Connection, operation: Operation, params: Params) -> Params:
    """Return parameters with a service's id for its name or domain, and a number for `active`.

    Raises InvalidArgument if no service or several are meant, or none of its versions is active.
    """
    for name in FILTERS & params.keys():
        if isinstance(params[name], str) and not looks_like_id(params[name]):
            params = {**params, name: (await fastly.service(params[name])).id}
    if not _is_on_service(operation):
        return params
    service, is_active = params["service_id"], params.get("version_id") == ACTIVE
    if looks_like_id(service) and not is_active:
        return params
    found = await fastly.service(service)
    params = {**params, "service_id": found.id}
    if is_active:
        if found.active_version is None:
            raise InvalidArgument(f"The service {found.id} has no active version.")
        params["version_id"] = found.active_version
    return params


async def collect(
    fastly: Connection, operation: Operation, params: Params, limit: int
) -> Collected:
    """Read an operation once, following its pages up to `limit` items.

    Of a list that is asked for by page number it is that page. Raises InvalidArgument for
    parameters that break a rule, before anything is sent.
    """
    if operation.items is not None and operation.paging:
        return await _pages(fastly, operation, operation.paging, params, limit)
    answer = await fastly.call(check(operation, params), repeatable=True)
    if operation.items is None:
        return Collected(answer.data, size=answer.size)
    items = items_of(operation, answer)
    total = max(total_of(answer) or 0, len(items))
    if len(items) > limit:
        return Collected(items[:limit], RAISE, total, answer.size)
    then = ONLY.format(total=total) if total > len(items) else ""
    return Collected(items, then, total, answer.size)


async def _pages(
    fastly: Connection, operation: Operation, paging: Paging, params: Params, limit: int
) -> Collected:
    asked = {name: value for name, value in params.items() if value is not None}
    start = asked.get(paging.at)
    is_one_page = paging.way != "cursor" and start is not None
    # Which items a page's number means depends on the size, and so not on the limit.
    wanted = None if is_one_page else limit
    asked.setdefault(paging.size, page_size(operation, paging, wanted))
    number = int(start or 0) if is_one_page else first_page(paging)
    items, page, seen = list[Any](), list[Any](), {start}
    read, more = 0, None
    for _ in range(PAGES):
        try:
            answer = await fastly.call(check(operation, asked), repeatable=True)
        except TooLarge as error:
            error.hint = f"Ask for fewer items at once with {paging.size}."
            raise
        read += answer.size
        before, page = page, items_of(operation, answer)
        if page and page == before and paging.way != "cursor":
            more = None  # one who gives the same page for ever
            break
        items += page
        more, is_sure = following(paging, answer, len(page), number, asked[paging.size])
        if more in seen:
            more = None
        is_enough = len(items) > limit or (len(items) == limit and is_sure)
        if more is None or is_one_page or is_enough or read > BYTES:
            break
        seen.add(more)
        asked[paging.at] = more
        number += 1
    total = total_of(answer)
    if more is None and start is None:
        total = max(total or 0, len(items))
    if len(items) > limit:
        return Collected(items[:limit], RAISE, total, read)
    if more is not None:
        may_raise = len(items) == limit and not is_one_page
        size = {} if paging.way == "cursor" else {paging.size: asked[paging.size]}
        then = _go_on({paging.at: more, **size}, may_raise=may_raise)
    elif start is None and total is not None and total > len(items):
        then = ONLY.format(total=total)
    else:
        then = ""
    return Collected(items, then, total, read)


def _go_on(params: Params, *, may_raise: bool) -> str:
    if any(isinstance(value, str) and len(value) > LONGEST_CURSOR for value in params.values()):
        return RAISE if may_raise else "There are more."
    either = "raise limit, or " if may_raise else ""
    return f"There are more: {either}go on with params {to_json(params).decode()}."


def _by_wire_name(operation: Operation, params: Mapping[str, Any]) -> Params:
    """Return parameters by the names of the wire; those given by both names stay as they are."""
    wire = {each.python_name: each.name for each in operation.parameters if each.python_name}
    wire |= {each.name: each.name for each in operation.parameters}
    return {
        name if wire.get(name) in params else wire.get(name, name): value
        for name, value in params.items()
    }


def _once(values: Sequence[Any]) -> Sequence[Any]:
    """Return values without those that are there twice; 1 and true are not the same."""
    return list({to_json(value, inf_nan_mode="strings"): value for value in values}.values())


def _is_on_service(operation: Operation) -> bool:
    return any(each.name == "service_id" and each.place == "path" for each in operation.parameters)


def _complaint(operation: Operation, params: Params) -> str:
    """Say what is wrong with parameters; a name and `active` stand for what is looked up later."""
    trial = dict(params)
    if _is_on_service(operation):
        if isinstance(trial.get("service_id"), str) and trial["service_id"].strip():
            trial["service_id"] = "0" * 22
        if trial.get("version_id") == ACTIVE:
            trial["version_id"] = 1
    try:
        check(operation, trial)
    except InvalidArgument as error:
        return str(error).replace(NO_NUMBER, f'{NO_NUMBER} or "{ACTIVE}"')
    return ""
