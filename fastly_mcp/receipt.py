"""The receipt of a purge: what Fastly accepted, and exactly what it did not, in few words."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from fastly_mcp.api.services import Service
from fastly_mcp.errors import APIError, FastlyMCPError, NotSent
from fastly_mcp.guard.record import Record
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Fastly, Outcome, Result

IDS = 5  # purge ids told one by one
IDS_BESIDE_RANGES = 1
REASONS = 3  # kinds of failure told apart
URLS = 3  # failures told by their URLs; more are told by their positions
RANGES = 20  # of positions
LONGEST_URL = 80  # characters of such a URL
LONGEST_NAME = 60  # characters of a service's name

ACCEPTED = "Accepted; whether anything was cached is not known."
SPANS = "not_accepted spans some that were accepted; sending them again is harmless."
OTHERS = "Other reasons."

Run = tuple[int, int]
"""The first and the last position of a stretch of the list."""


class Failure(Result):
    """What was not accepted for one reason, by position in the list as it was given, from 1.

    Few URLs are told by name; where reasons alternate too often there is only a count.
    """

    reason: str
    urls: list[str] = []
    positions: str = ""
    count: int | None = None


class Receipt(Outcome):
    """What Fastly accepted; that is not to say that anything was cached."""

    accepted: int | None = None
    failed: int | None = None
    not_sent: int | None = None
    service_id: str = ""
    service_name: str = ""
    soft: bool | None = None
    ids: list[str] = []
    failures: list[Failure] = []
    not_accepted: str = ""
    note: str = ""
    sandbox: bool | None = None


def receipt(
    fastly: Fastly,
    record: Record,
    *,
    service: Service | None = None,
    errors: Sequence[FastlyMCPError | None] = (),
    positions: Sequence[int] = (),
    urls: Sequence[str] = (),
    note: str = ACCEPTED,
) -> Receipt:
    """Return what is told of a purge: `errors` and `positions` of each thing that was purged.

    Things that are told by position only have no `urls`.
    """
    groups = _grouped(errors)
    missed = sorted(index for indexes in groups.values() for index in indexes)
    not_sent = sum(isinstance(errors[index], NotSent) for index in missed)
    named = urls if len(missed) <= URLS else ()
    is_clear = bool(named) and all(len(named[index]) <= LONGEST_URL for index in missed)
    runs = {reason: _runs(indexes, positions) for reason, indexes in groups.items()}
    told = sum(map(len, runs.values()))
    rest: list[Run] = []
    if not named and told > RANGES:
        rest = _runs(missed, positions)
    spans = SPANS if len(rest) > RANGES else ""
    return Receipt(
        accepted=record.accepted,
        failed=len(missed) - not_sent or None,
        not_sent=not_sent or None,
        service_id=service.id if service else "",
        service_name=cut(visible(service.name), LONGEST_NAME) if service else "",
        soft=record.change.soft or None,
        ids=record.ids[: IDS_BESIDE_RANGES if rest else IDS],
        failures=[
            Failure(
                reason=reason,
                urls=[cut(named[index], LONGEST_URL) for index in indexes] if named else [],
                positions="" if is_clear or rest else _text(runs[reason]),
                count=len(indexes) if rest else None,
            )
            for reason, indexes in groups.items()
        ],
        not_accepted=_text(_merged(rest)),
        note=spans or (note if record.accepted else ""),
        sandbox=fastly.sandbox,
    )


def _grouped(errors: Sequence[FastlyMCPError | None]) -> dict[str, list[int]]:
    """The indexes of what was not accepted, by the reason."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index, error in enumerate(errors):
        if error:
            reason = _reason(error)
            is_told = reason in groups or len(groups) < REASONS or isinstance(error, NotSent)
            groups[reason if is_told else OTHERS].append(index)
    return groups


def _reason(error: FastlyMCPError) -> str:
    if not isinstance(error, APIError):
        return cut(str(error), 200)
    return " ".join(filter(None, (f"{cut(error.reason, 80)}.", error.outcome, error.hint)))


def _runs(indexes: Sequence[int], positions: Sequence[int]) -> list[Run]:
    """The stretches that hold these things and no others; duplicates may lie between."""
    runs: list[Run] = []
    before = -2
    for index in indexes:
        first = runs.pop()[0] if index == before + 1 else positions[index]
        runs.append((first, positions[index]))
        before = index
    return runs


def _merged(runs: Sequence[Run]) -> list[Run]:
    """At most RANGES stretches, over the narrowest gaps."""
    if not runs:
        return []
    widest = sorted(range(1, len(runs)), key=lambda at: runs[at - 1][1] - runs[at][0])
    cuts = [0, *sorted(widest[: RANGES - 1]), len(runs)]
    return [(runs[begin][0], runs[end - 1][1]) for begin, end in pairwise(cuts)]


def _text(runs: Sequence[Run]) -> str:
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)
