"""What visitors ask of each service: a pure model of its traffic, second by second.

All of it is invented, and follows from the world alone: the same question has the same answer later
too, as long as the events and purges of that time are kept. What is counted is how many requests
there were since the start of a UTC day, per region and kind of request; what falls into a span of
time is the difference of two such counts. So seconds add up to minutes, hours and days, and regions
to the whole. POPs share their region's count seat by seat, so that they add up to it too. Counts
before a purge do not depend on it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from heapq import heapify, heapreplace
from itertools import compress
from operator import add, sub

from fastly_mcp.sandbox.state import Service, Traffic, World
from fastly_mcp.sandbox.stats.days import DAY, NONE, Day, Incidents, Purges
from fastly_mcp.sandbox.stats.lanes import packed, unpacked
from fastly_mcp.sandbox.stats.visitors import (
    KINDS,
    REGION_OF,
    REGIONS,
    Counts,
    depth,
)

Shared = dict[str, list[Counts]]
"""The counts of each POP's parts."""
SWITCHES = {"version.activate": True, "version.deactivate": False}
"""The events that begin and end a service's traffic."""


def apportion(count: int, weights: tuple[int, ...]) -> Sequence[int]:
    """Share out a count by d'Hondt's rule: when the count grows, no share ever shrinks."""
    # The rule starts anew whenever each has as many seats as its weight says.
    rounds, rest = divmod(count, sum(weights))
    begun = _begun(rest, weights)
    return [rounds * weight + seats for weight, seats in zip(weights, begun, strict=True)]


@lru_cache(8192)
def _begun(count: int, weights: tuple[int, ...]) -> list[int]:
    whole = sum(weights)
    seats = [count * weight // whole for weight in weights]
    claims = [
        ((seat + 1) / weight, at)
        for at, (seat, weight) in enumerate(zip(seats, weights, strict=True))
    ]
    heapify(claims)
    for _ in range(count - sum(seats)):
        at = claims[0][1]
        seats[at] += 1
        heapreplace(claims, ((seats[at] + 1) / weights[at], at))
    return seats


def epoch(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


@dataclass
class Flow:
    """The traffic of one service."""

    service: Service
    traffic: Traffic
    purges: Purges
    incidents: Incidents
    spans: list[tuple[int, int]]
    """When it was active."""
    days: dict[int, Day] = field(default_factory=dict)

    def series(self, edges: Iterable[tuple[int, int]]) -> Iterator[list[Counts]]:
        """The counts of each region in each span of time; none of the spans crosses midnight."""
        for start, end in edges:
            total = list(NONE)
            for before, after in self._moments(start, end):
                total = list(map(add, total, map(sub, after, before)))
            yield total

    def by_pop(
        self,
        start: int,
        end: int,
        parts: tuple[int, ...] = (1,),
        only: Collection[str] = (),
    ) -> Shared:
        """Each POP's counts in such a span, shared out among parts by their weights."""
        found: Shared = {code: [0] * len(parts) for code in REGION_OF if not only or code in only}
        for before, after in self._moments(start, end):
            for sign, counts in ((-1, before), (1, after)):
                for region, by_kind in zip(REGIONS.values(), counts, strict=True):
                    wanted = tuple(code in found for code in region.pops)
                    if any(wanted):
                        weights = tuple(region.pops.values())
                        codes = compress(region.pops, wanted)
                        shares = _shared(by_kind, weights, wanted, parts)
                        for code, share in zip(codes, shares, strict=True):
                            for part, each in enumerate(share):
                                found[code][part] += sign * each
        return found

    def _moments(self, start: int, end: int) -> Iterator[tuple[Sequence[Counts], Sequence[Counts]]]:
        """The counts at the start and the end of each part of a span that was active."""
        for since, until in self.spans:
            first, last = max(start, since), min(end, until)
            if first < last:
                number = first // DAY
                day = self.days.get(number) or self._day(number)
                yield day.at(first - number * DAY), day.at(last - number * DAY)

    def _day(self, number: int) -> "Day":
        if len(self.days) > 3:
            self.days.clear()
        made = Day(self.service.id, self.traffic, self.purges, self.incidents, number)
        self.days[number] = made
        return self.days[number]


@lru_cache(256)
def _shared(
    counts: Counts, weights: tuple[int, ...], wanted: tuple[bool, ...], parts: tuple[int, ...]
) -> list[list[Counts]]:
    """The shares of the parts of those POPs of a region that are wanted."""
    # Of each kind by POP, turned into: of each POP by kind.
    by_kind = [apportion(count, weights) for count in unpacked(counts, len(KINDS))]
    by_pop = compress(zip(*by_kind, strict=True), wanted)
    if len(parts) == 1:
        return [[packed(seats)] for seats in by_pop]
    return [
        list(map(packed, zip(*(apportion(seat, parts) for seat in seats), strict=True)))
        for seats in by_pop
    ]


def flows(world: World, services: Iterable[Service], now: datetime) -> list[Flow]:
    """The traffic of some services, up to now. Those that never had any are left out."""
    purges: dict[str, Purges] = defaultdict(list)
    incidents: dict[str, Incidents] = defaultdict(list)
    switches: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for purge in world.purges:
        if not purge.staging:
            purges[purge.service_id].append((epoch(purge.at), depth(purge)))
    for incident in world.incidents:
        bounds = epoch(incident.start), epoch(incident.end)
        incidents[incident.service_id].append((*bounds, incident.errors))
    for event in world.events:
        is_on = SWITCHES.get(event["event_type"])
        if is_on is not None and event["metadata"].get("environment") != "staging":
            switches[event["service_id"]].append((epoch(event["created_at"]), is_on))
    made = []
    for service in services:
        traffic = world.traffic.get(service.id)
        if traffic is None or not any(version.locked for version in service.versions):
            continue
        end = epoch(service.deleted_at) if service.deleted_at else int(now.timestamp())
        made.append(
            Flow(
                service,
                traffic,
                sorted(purges[service.id]),
                incidents[service.id],
                _active(epoch(service.created_at), end, switches[service.id]),
            )
        )
    return made


def _active(start: int, end: int, switches: list[tuple[int, bool]]) -> list[tuple[int, int]]:
    """When a service was active: from the start, but for the time between two switches."""
    spans, since = [], start
    for at, is_on in [*switches, (end, False)]:
        if since >= 0 and not is_on:
            if since < at:
                spans.append((since, at))
            since = -1
        elif since < 0 and is_on:
            since = at
    return spans
