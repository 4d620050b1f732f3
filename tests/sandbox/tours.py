"""All tours together; `python -m tests.sandbox.tours` says how many recorded answers they meet."""

import asyncio
import re
from collections.abc import Collection
from typing import NamedTuple

from tests.sandbox import tours_account, tours_resources, tours_services, tours_tls
from tests.sandbox.driving import Notes, Visit, kinds, touring, visit_kind
from tests.sandbox.recorded import Entry, check, entries

RECORDED = entries()
TOURS: dict[str, Visit] = {
    **{f"{kind} of a version": visit_kind(kind, those) for kind, those in kinds(RECORDED.values())},
    **{
        visit.__name__.replace("_", " "): visit
        for visit in (
            *tours_services.TOURS,
            *tours_account.TOURS,
            *tours_resources.TOURS,
            *tours_tls.TOURS,
        )
    },
    **tours_resources.products(),
}

MORE: dict[str, tuple[Collection[str], str]] = {
    "/datacenters": (
        {"billing_region", "region", "stats_region"},
        "documented, and newer than the recording of 2021 [fastly-py Pop]",
    ),
    "/events": ({"token_id"}, "newer than the recordings of 2021 [fastly-py EventAttributes]"),
    "/stats/usage": (
        {"mexico", "saudi_arabia"},
        "newer than the recordings of 2021 [agent toolkit, fastly-stats]",
    ),
    "/service": ({"environments"}, "in all recordings since 2024, and in none before"),
}
"""Keys that a recording is too old for, by the beginning of the path, and how that is known."""
OTHER: dict[str, tuple[str, str]] = {
    "GET /current_user 200": (
        r"\.two_factor_auth_enabled is bool, not null",
        "recorded is a user who never chose; documented as a boolean or null",
    ),
    "GET /datacenters 200": (
        r"\[\d+\]\.shield is missing",
        "POPs that are no shields have none, as recorded [go-fastly datacenters/list.yaml]",
    ),
    "GET /stats/aggregate 200": (
        r"\.data\[0\]\.(error|fetch)_sub_time is float, not int",
        "seconds, of which a whole number was recorded [fastly-py Results]",
    ),
    "GET /stats/usage_by_service 200": (
        r"\.data\.\w+\.\w{22} is new",
        "who was recorded had visitors in Europe only",
    ),
}
"""What may differ in an answer, as a pattern, and why."""


class Told(NamedTuple):
    """What the tours brought back."""

    notes: Notes
    stopped: dict[str, Exception]
    """The tours that did not come to their end, and why."""


async def travel() -> Told:
    told = Told({}, {})
    for name, visit in TOURS.items():
        async with touring(told.notes) as tour:
            try:
                await visit(tour)
            except Exception as error:  # noqa: BLE001 - one tour must not end the others; a test says so
                told.stopped[name] = error
    return told


def found(entry: Entry, notes: Notes) -> list[str]:
    """Where the answer that is nearest to the recorded one differs from it."""
    answers = notes.get(entry.line)
    if not answers:
        told = f"{entry.method} {entry.path} "
        others = [line.removeprefix(told) for line in notes if line.startswith(told)]
        return [f"never answered so, but with {', '.join(others) or 'nothing at all'}"]
    more = [key for path, (keys, _) in MORE.items() if entry.path.startswith(path) for key in keys]
    nearest = min((check(entry, answer, more) for answer in answers), key=len)
    may, _ = OTHER.get(entry.line, ("", ""))
    return [each for each in nearest if not re.fullmatch(may, each)]


def main() -> None:
    told = asyncio.run(travel())
    differing = {line: found(entry, told.notes) for line, entry in RECORDED.items()}
    met = sum(entry.times for line, entry in RECORDED.items() if not differing[line])
    for line, why in differing.items():
        if why:
            print(line, *why, sep="\n  ")  # noqa: T201 - run by hand, it prints
    whole = sum(entry.times for entry in RECORDED.values())
    print(f"{met} of {whole} recorded answers are met")  # noqa: T201 - run by hand, it prints


if __name__ == "__main__":
    main()
