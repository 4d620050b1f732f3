"""Edge: what the POPs have cached of a page."""

import re
from collections.abc import Iterable
from math import ceil
from typing import Annotated

from pydantic import Field

from fastly_mcp.api.edge import EdgeLook, page
from fastly_mcp.guard.edge import look_at_edge
from fastly_mcp.guard.guard import Guard
from fastly_mcp.toolkit import Fastly, Result, Toolset

toolset = Toolset("edge", "See what the POPs have cached of a page, and which keys cover it.")

STATUSES = 3  # told one by one
MINORITIES = 2  # contents told apart, besides the most widespread
NAMED = 5  # POPs of a minority
LONGEST_KEY = 64  # characters; a key that was cut would be another key
KEYS = 80  # tokens for all keys together, at most
UNCONFIRMED = "surrogate_keys: unconfirmed on the live API."
NO_KEYS = "No keys were told; the page may have some. Do not invent one."

# What becomes one token or less of o200k_base; of letters two make one, and all else is bytes.
PIECES = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]+")


class Minority(Result):
    """Another content than most POPs show."""

    pops: int
    at: list[str]


class Edge(Result):
    """How many POPs had the page how, when they were asked. Ages are in seconds."""

    service_id: str
    pops: int
    fresh: int | None = None
    stale: int | None = None
    fresh_or_stale: int | None = None
    not_cached: int | None = None
    not_told: int | None = None
    no_answer: int | None = None
    statuses: dict[str, int] = {}
    contents: int
    minorities: list[Minority] = []
    youngest: int | None = None
    oldest: int | None = None
    cache_control: str = ""
    surrogate_control: str = ""
    why_not_cached: str = ""
    surrogate_keys: list[str] = []
    more_keys: int | None = None
    note: str
    sandbox: bool | None = None


@toolset.read("Check the edge")
async def check_edge(
    fastly: Fastly,
    guard: Guard,
    url: Annotated[str, Field(description="Exact URL of a page of this account")],
) -> Edge:
    """Show which surrogate keys cover a page, and how all POPs had it cached.

    Every POP requests it for that, which fills their caches; at most 200 checks an hour.
    """
    seen = await look_at_edge(guard, fastly, page(url))
    keys = _shown(seen.surrogate_keys)
    return Edge(
        service_id=seen.service_id,
        pops=len(seen.answers),
        fresh=len(seen.pops("fresh")) or None,
        stale=len(seen.pops("stale")) or None,
        fresh_or_stale=len(seen.pops("cached")) or None,
        not_cached=len(seen.pops("not_cached")) or None,
        not_told=len(seen.pops("not_told")) or None,
        no_answer=len(seen.pops("no_answer")) or None,
        statuses=_statuses(seen),
        contents=len(seen.contents),
        minorities=[
            Minority(pops=len(pops), at=list(pops[:NAMED]))
            for _, pops in seen.contents[1 : 1 + MINORITIES]
        ],
        youngest=seen.ages[0] if seen.ages else None,
        oldest=seen.ages[-1] if seen.ages else None,
        # Fastly goes by Surrogate-Control where it is there.
        cache_control="" if seen.surrogate_control else seen.cache_control,
        surrogate_control=seen.surrogate_control,
        why_not_cached=seen.why_not_cached,
        surrogate_keys=keys,
        more_keys=len(seen.surrogate_keys) - len(keys) or None,
        note=UNCONFIRMED if seen.surrogate_keys else NO_KEYS,
        sandbox=fastly.sandbox,
    )


def _statuses(seen: EdgeLook) -> dict[str, int]:
    common = seen.statuses.most_common(STATUSES)
    told = {str(status): count for status, count in common}
    others = seen.statuses.total() - sum(told.values())
    return told | ({"others": others} if others else {})


def _shown(keys: Iterable[str]) -> list[str]:
    """The keys that fit, whole: what hides something or is too long is left out and counted."""
    shown: list[str] = []
    left = KEYS
    for key in keys:
        cost = _tokens(key) + 3
        if len(key) <= LONGEST_KEY and key.isprintable() and cost <= left:
            shown.append(key)
            left -= cost
    return shown


def _tokens(text: str) -> int:
    """More than o200k_base makes of a text; the real tokenizer weighs 75 MB."""
    return sum(_tokens_of_piece(piece) for piece in PIECES.findall(text))


def _tokens_of_piece(piece: str) -> int:
    if piece.isascii() and piece.isdigit():
        return ceil(len(piece) / 3)
    if piece.isascii() and piece.isalpha():
        return ceil(len(piece) * 0.7) if piece.islower() else len(piece)
    return len(piece.encode())
