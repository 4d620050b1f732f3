"""API: find any operation of the Fastly API, and read with it."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from anyio import to_thread
from pydantic import Field

from fastly_mcp.api.concurrency import settle
from fastly_mcp.api.credentials import AS_HTML
from fastly_mcp.errors import FastlyMCPError, InvalidArgument
from fastly_mcp.guard.changes import PROGRESS
from fastly_mcp.reading import (
    BUDGET,
    ENVELOPE,
    Part,
    Read,
    fitted,
    is_nothing,
    joined,
    lean,
    most_of,
    shape,
)
from fastly_mcp.tokens import tokens
from fastly_mcp.toolkit import Fastly, ObjectAsText, Result, Toolset

if TYPE_CHECKING:
    from fastly_mcp.api.collecting import Collected
    from fastly_mcp.api.selection import Selection

toolset = Toolset("api", "Find any operation of the Fastly API, and read with it.")

AT_ONCE = 8
SMALL = 50_000  # bytes that are looked through at once
INSTEAD = {"content_check": "check_edge", **AS_HTML}
"""Operations for which another tool or another operation is to be used."""


Params = Annotated[
    dict[str, Any],
    ObjectAsText,
    Field(
        description='E.g. {"service_id": ["shop", "blog"], "version_id": "active"}: a service by '
        "id, name or domain; a list is one request for each (at most 50)"
    ),
]


class Found(Result):
    """Operations that fit, the best first."""

    operations: list[dict[str, Any]]


@toolset.read("Search the API")
async def search_api(
    fastly: Fastly,
    query: Annotated[str, Field(max_length=500, description="What is wanted, in plain words")],
    limit: Annotated[int, Field(ge=1, le=20)] = 5,
) -> Found:
    """Find operations of the Fastly API: what they take, what they answer."""
    from fastly_mcp.api.catalog.hits import hits  # noqa: PLC0415  # a start has no catalog

    return Found(operations=hits(query, limit))


@toolset.read("Read from the API")
async def read_api(
    fastly: Fastly,
    operation: Annotated[
        str, Field(max_length=99, description="Id told by search_api, of method GET: list_backends")
    ],
    params: Params = {},  # noqa: B006  # pydantic copies it
    select: Annotated[
        str,
        Field(
            description="JMESPath on each result: [].{name: name, host: address}; [?locked]; "
            "lines(@) of a text"
        ),
    ] = "",
    limit: Annotated[
        int, Field(ge=1, le=10_000, description="Items of a list; pages are followed")
    ] = 100,
) -> Read:
    """Read anything of the Fastly API; search_api tells operations and their params."""
    from fastly_mcp.api.catalog.catalog import load  # noqa: PLC0415  # as above
    from fastly_mcp.api.collecting import collect, combinations, named  # noqa: PLC0415  # as above
    from fastly_mcp.api.selection import Selection  # noqa: PLC0415  # as above

    found = load().operation(operation)
    if found.id in INSTEAD:
        raise InvalidArgument(f"Use {INSTEAD[found.id]} for this. Nothing was sent.")
    if found.method != "GET":
        raise InvalidArgument(
            f"{found.id} changes something ({found.method}), and read_api only reads. write_api "
            "does it, where the operator has turned it on (FASTLY_MCP_TOOLSETS=default,write). "
            "Nothing was sent."
        )
    selection = Selection(select)
    asked = combinations(found, params)
    room = BUDGET - 2 * (ENVELOPE + most_of(of for of, _ in asked))
    tell, done = PROGRESS.get(), 0

    async def read(given: dict[str, Any]) -> "_Outcome":
        nonlocal done
        try:
            collected = await collect(fastly, found, await named(fastly, found, given), limit)
        finally:
            done += 1
            if tell and len(asked) > 1:
                tell(done, len(asked))
        # What is not told is not kept; and while much is looked through, no other call waits.
        if collected.size <= SMALL:
            return _present(collected, selection, room)
        return await to_thread.run_sync(_present, collected, selection, room)

    outcomes = await settle([partial(read, given) for _, given in asked], at_once=AT_ONCE)
    if len(asked) == 1:
        if isinstance(outcomes[0], FastlyMCPError):
            raise outcomes[0]
        return Read(**outcomes[0].told, sandbox=fastly.sandbox)
    parts = [
        (Part(of=of, error=str(outcome)), False)
        if isinstance(outcome, FastlyMCPError)
        else (Part(of=of, **outcome.told), outcome.is_cut)
        for (of, _), outcome in zip(asked, outcomes, strict=True)
    ]
    return joined(parts, sandbox=fastly.sandbox)


class _Outcome(NamedTuple):
    """What is told of one read, and whether it was cut to fit."""

    told: dict[str, Any]
    is_cut: bool


def _present(collected: "Collected", selection: "Selection", room: int) -> _Outcome:
    selected = selection.of(collected.data)
    if not selection.expression:
        selected = lean(selected)
    fit = fitted(selected, room - tokens(collected.then), selection.expression)
    is_cut = bool(fit.then)
    then = fit.then or collected.then
    if is_nothing(selected) and collected.data != selected:
        nothing = f"select found nothing in {shape(collected.data)}."
        then = f"{nothing} {collected.then}".rstrip()
    told = {
        "result": fit.data,
        "total": collected.total if then else None,
        "truncated": bool(fit.then or collected.then) or None,
        "then": then,
    }
    return _Outcome(told, is_cut)
