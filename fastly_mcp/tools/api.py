"""API: find any operation of the Fastly API, and read with it."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import from_json

from fastly_mcp.api.concurrency import settle
from fastly_mcp.errors import FastlyMCPError, InvalidArgument
from fastly_mcp.guard.changes import PROGRESS
from fastly_mcp.reading import Part, Read, fitted, tokens
from fastly_mcp.toolkit import Fastly, Result, Toolset

if TYPE_CHECKING:
    from fastly_mcp.api.collecting import Collected
    from fastly_mcp.api.selection import Selection

toolset = Toolset("api", "Find any operation of the Fastly API, and read with it.")

AT_ONCE = 8
BUDGET = 4_000  # tokens of one answer
NAMED = 15  # fields of what a select found nothing in
MORE = "There are more: raise limit."
NOTHING = "select found nothing in {what}."
LEFT_OUT = "{out} of {all} results do not fit: ask for them alone, or select fewer fields."
INSTEAD = {"content_check": "check_edge"}
"""Operations that have a tool of their own, which keeps to their limits."""


def _as_object(value: object) -> object:
    """Take an object that came as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


Params = Annotated[
    dict[str, Any],
    BeforeValidator(_as_object),
    Field(description="By name; a list asks for each value in turn (at most 50 requests)"),
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
    # The server starts without the catalog.
    from fastly_mcp.api.catalog.hits import hits  # noqa: PLC0415

    return Found(operations=hits(query, limit))


@toolset.read("Read from the API")
async def read_api(
    fastly: Fastly,
    operation: Annotated[
        str, Field(max_length=99, description="As search_api told it; GET only")
    ],
    params: Params = {},  # noqa: B006  # pydantic copies it
    select: Annotated[
        str, Field(description="JMESPath over the result, e.g. [].{name: name, id: id}")
    ] = "",
    limit: Annotated[int, Field(ge=1, le=10_000, description="Items; pages are followed")] = 100,
) -> Read:
    """Read anything of the Fastly API.

    A service may be given by name, its version_id as "active".
    """
    from fastly_mcp.api.catalog.catalog import load  # noqa: PLC0415  # as above
    from fastly_mcp.api.collecting import collect, combinations, named  # noqa: PLC0415
    from fastly_mcp.api.selection import Selection  # noqa: PLC0415

    found = load().operation(operation)
    if found.id in INSTEAD:
        raise InvalidArgument(f"Use {INSTEAD[found.id]} for this. Nothing was sent.")
    if found.method != "GET":
        raise InvalidArgument(
            f"{found.id} changes something ({found.method}), and read_api only reads. Nothing was "
            "sent."
        )
    selection = Selection(select)
    asked = combinations(found, params)
    tell, done = PROGRESS.get(), 0

    async def read(given: dict[str, Any]) -> "Collected":
        nonlocal done
        collected = await collect(fastly, found, await named(fastly, found, given), limit)
        done += 1
        if tell and len(asked) > 1:
            tell(done, len(asked))
        return collected

    outcomes = await settle([partial(read, given) for _, given in asked], at_once=AT_ONCE)
    if len(asked) == 1:
        return _one(fastly, outcomes[0], selection)
    left, parts = BUDGET, list[Part]()
    for (of, _), outcome in zip(asked, outcomes, strict=True):
        part, cost = _part(of, outcome, selection, left - tokens(of))
        left -= cost + tokens(of)
        if left < 0 or (part.truncated and not part.result):
            break
        parts.append(part)
    out = len(asked) - len(parts)
    return Read(
        results=parts,
        truncated=bool(out) or None,
        then=LEFT_OUT.format(out=out, all=len(asked)) if out else "",
        sandbox=fastly.sandbox,
    )


def _one(fastly: Fastly, outcome: "Collected | FastlyMCPError", selection: "Selection") -> Read:
    if isinstance(outcome, FastlyMCPError):
        raise outcome
    part, _ = _part({}, outcome, selection, BUDGET)
    if part.error:
        raise InvalidArgument(part.error)
    return Read(
        result=part.result,
        total=part.total,
        truncated=part.truncated,
        then=part.then,
        sandbox=fastly.sandbox,
    )


def _part(
    of: dict[str, Any], outcome: "Collected | FastlyMCPError", selection: "Selection", budget: int
) -> tuple[Part, int]:
    """Return what one read gave, as much as fits, and what it takes of the budget."""
    if isinstance(outcome, FastlyMCPError):
        return Part(of=of, error=str(outcome)), tokens(str(outcome))
    try:
        selected = selection.of(outcome.data)
    except InvalidArgument as error:
        return Part(of=of, error=str(error)), tokens(str(error))
    fit = fitted(selected, budget, selection.expression)
    more = outcome.is_more and not fit.then
    then = fit.then or (MORE if more else "")
    if selected is None and selection.expression:
        then = NOTHING.format(what=_shape(outcome.data))
    part = Part(
        of=of,
        result=fit.data,
        total=outcome.total if outcome.is_more or fit.then else None,
        truncated=bool(fit.then or more) or None,
        then=then,
    )
    return part, fit.tokens


def _shape(data: object) -> str:
    """Say what a select that found nothing was applied to."""
    if isinstance(data, list):
        return f"a list of {len(data)} items (begin with [])"
    return f"an object of {', '.join(list(data)[:NAMED])}" if isinstance(data, dict) else "a value"
