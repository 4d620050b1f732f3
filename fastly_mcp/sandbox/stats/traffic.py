"""What visitors ask of each service: a pure model of its traffic, second by second.

All of it is invented, and follows from the world alone: the same question has the same answer at
any later time. What is counted is how many requests there were since the start of a UTC day, per
region and kind of request; what falls into a span of time is the difference of two such counts.
So seconds add up to minutes, hours and days, and regions to the whole. POPs share their region's
count seat by seat, so that they add up to it too. Counts before a purge do not depend on it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import shake_128
from itertools import accumulate, compress, repeat
from math import exp, pi, sin
from operator import add, mul, sub
from struct import unpack
from typing import NamedTuple

from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.state import Purge, Service, Traffic, World

DAY = 86_400


class Kind(NamedTuple):
    """One kind of request: how it was answered."""

    outcome: str
    """hits, miss, pass, synth or errors."""
    status: int
    share: float
    """Of its outcome, as long as the origin is well."""
    protocol: int
    """1 is HTTP/1.1 with TLS 1.2; 2 and 3 have TLS 1.3, and 3 comes over IPv6."""
    wait: float = 0.0
    """For the origin, in the service's usual times."""


KINDS = (
    Kind("hits", 200, 0.46, 2),
    Kind("hits", 200, 0.28, 3),
    Kind("hits", 200, 0.11, 1),
    Kind("hits", 206, 0.02, 2),
    Kind("hits", 304, 0.09, 2),
    Kind("hits", 404, 0.04, 1),
    Kind("miss", 200, 0.35, 2, 0.5),
    Kind("miss", 200, 0.40, 3, 1.0),
    Kind("miss", 200, 0.15, 2, 2.2),
    Kind("miss", 404, 0.10, 1, 0.7),
    Kind("pass", 200, 0.70, 2, 1.0),
    Kind("pass", 302, 0.20, 2, 0.5),
    Kind("pass", 204, 0.10, 3, 0.5),
    Kind("synth", 301, 1.00, 1),
    Kind("miss", 200, 0.00, 2, 8.0),
    Kind("errors", 503, 1.00, 2, 6.0),
)
STRUGGLING = KINDS[14]
"""What half of the answers are like that a failing origin still gives."""
Counts = list[int]
"""How many there were of each of KINDS."""
Shared = dict[str, list[Counts]]
"""The counts of each POP's parts."""
PASSED, SYNTHETIC, FAILED = 0.06, 0.015, 0.0004
"""Shares of all requests; the rest is what the cache may hold."""


class Region(NamedTuple):
    weight: float
    """Of all visitors."""
    peak: float
    """The hour of the evening peak, in UTC."""
    pops: dict[str, int]
    """The region's POPs and their weights."""


def _pops(region: str) -> dict[str, int]:
    codes = [pop.code for pop in POPS if pop.stats_region == region]
    return {code: 60 // at for at, code in enumerate(codes, 1)}


REGIONS = {
    "africa_std": Region(0.03, 20, _pops("africa_std")),
    "anzac": Region(0.05, 10, _pops("anzac")),
    "asia": Region(0.08, 11.5, _pops("asia")),
    "asia_india": Region(0.04, 14.5, _pops("asia_india")),
    "europe": Region(0.52, 19, _pops("europe")),
    "southamerica_std": Region(0.04, 23, _pops("southamerica_std")),
    "usa": Region(0.24, 2, _pops("usa")),
}
REGION_OF = {code: name for name, region in REGIONS.items() for code in region.pops}
WEEK = (1.03, 1.05, 1.06, 1.05, 1.04, 0.9, 0.87)
"""From Monday; on average 1."""
SWING, SECOND_SWING = 0.55, 0.12
"""How far the evening rises above the mean, and how much flatter the peak is than the trough."""

NONE: tuple[Counts, ...] = tuple([0] * len(KINDS) for _ in REGIONS)

DEPTHS = {"all": 0.85, "keys": 0.012, "key": 0.012, "url": 0.002}
"""The share of hits that a hard purge turns into misses: per key, where there are many."""
DEEPEST_BY_KEY = 0.4
SOFT = 0.3
"""A soft purge only sends requests to the origin until the stale object is confirmed."""
REFILL = 240.0
"""Seconds in which a cache gets warm again, but for 37 %."""
WARM = 0.001
"""What is not worth telling any more."""


def spread(key: str, parts: int, amplitude: float) -> list[float]:
    """Where each of some nearly equal parts ends, from 0 to 1: noise that is always the same."""
    draws = shake_128(key.encode()).digest(parts)
    ends = list(accumulate((1 + amplitude * (draw - 127.5) / 127.5 for draw in draws), initial=0.0))
    return [end / ends[-1] for end in ends]


@lru_cache(4096)
def apportion(count: int, weights: tuple[int, ...]) -> list[int]:
    """Share out a count by d'Hondt's rule: when the count grows, no share ever shrinks."""
    if len(weights) == 1:
        return [count]
    whole = sum(weights)
    seats = [count * weight // whole for weight in weights]
    for _ in range(count - sum(seats)):
        at = min(range(len(seats)), key=lambda at: (seats[at] + 1) / weights[at])
        seats[at] += 1
    return seats


def epoch(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


def _since(second: float, peak: float) -> float:
    """The share of a region's day that is over: the integral of two waves."""
    turn = 2 * pi * (second / DAY - peak / 24)
    start = -2 * pi * peak / 24
    return (
        second / DAY
        + SWING * (sin(turn) - sin(start)) / (2 * pi)
        - SECOND_SWING * (sin(2 * turn) - sin(2 * start)) / (4 * pi)
    )


class Piece(NamedTuple):
    """A part of a day in which requests fare alike."""

    start: int
    shares: list[float]
    """By kind."""
    constants: list[list[float]]
    """By region and kind: what adds to share times requests."""


@dataclass
class Flow:
    """The traffic of one service."""

    service: Service
    traffic: Traffic
    purges: list[tuple[int, float]]
    """Those that reached production: when, and how deep."""
    incidents: list[tuple[int, int, float]]
    """From when to when which share of the origin's answers was an error."""
    spans: list[tuple[int, int]]
    """When it was active."""
    days: dict[int, "Day"] = field(default_factory=dict)

    def series(self, edges: Iterable[tuple[int, int]]) -> Iterator[list[Counts]]:
        """The counts of each region in each span of time; none of the spans crosses midnight."""
        for start, end in edges:
            total = [[0] * len(KINDS) for _ in REGIONS]
            for before, after in self._moments(start, end):
                for region, (had, has) in enumerate(zip(before, after, strict=True)):
                    total[region] = list(map(add, total[region], map(sub, has, had)))
            yield total

    def by_pop(
        self,
        start: int,
        end: int,
        parts: tuple[int, ...] = (1,),
        only: Collection[str] = (),
    ) -> Shared:
        """Each POP's counts in such a span, shared out among parts by their weights."""
        found: Shared = {
            code: [[0] * len(KINDS) for _ in parts]
            for code in REGION_OF
            if not only or code in only
        }
        for before, after in self._moments(start, end):
            for sign, counts in ((-1, before), (1, after)):
                _share_out(counts, parts, sign, found)
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
        self.days[number] = Day(self, number)
        return self.days[number]

    def shares(self, hit_ratio: float, errors: float) -> list[float]:
        """How requests fare while the cache is so warm and the origin fails so often."""
        cacheable = 1 - PASSED - SYNTHETIC - FAILED
        missed = cacheable * (1 - hit_ratio)
        outcomes = {
            "hits": cacheable * hit_ratio,
            "miss": missed * (1 - errors),
            "pass": PASSED * (1 - errors),
            "synth": SYNTHETIC,
            "errors": FAILED + errors * (missed + PASSED),
        }
        struggling = 0.5 if errors else 0.0
        return [
            outcomes["miss"] * struggling
            if kind is STRUGGLING
            else outcomes[kind.outcome]
            * kind.share
            * (1 - struggling if kind.outcome == "miss" else 1)
            for kind in KINDS
        ]


def _share_out(counts: Sequence[Counts], parts: tuple[int, ...], sign: int, found: Shared) -> None:
    for region, by_kind in zip(REGIONS.values(), counts, strict=True):
        wanted = [code in found for code in region.pops]
        if not any(wanted):
            continue
        weights = tuple(region.pops.values())
        for kind, count in enumerate(by_kind):
            shares = zip(region.pops, apportion(count, weights), strict=True)
            for code, seats in compress(shares, wanted):
                for part, share in enumerate(apportion(seats, parts)):
                    found[code][part][kind] += sign * share


class Day:
    """One service's UTC day."""

    def __init__(self, flow: Flow, number: int) -> None:
        self.flow = flow
        self.number = number
        self.start = number * DAY
        size = len(KINDS)
        draws = unpack(
            f"<{size + 2}H", shake_128(f"{flow.service.id} {number}".encode()).digest(2 * size + 4)
        )
        noise, luck = (draw / 65536 - 0.5 for draw in draws[:2])
        traffic = flow.traffic
        # Day 0 of the epoch was a Thursday.
        requests = traffic.requests_per_second * DAY * WEEK[(number + 3) % 7] * (1 + 0.1 * noise)
        self.levels = [(requests * region.weight, region.peak) for region in REGIONS.values()]
        self.hit_ratio = min(1.0, traffic.hit_ratio * (1 + 0.012 * luck))
        self.hours: list[float] = []
        self.minutes: dict[int, list[float]] = {}
        self.seconds: dict[int, list[float]] = {}
        self.last: tuple[int, Sequence[Counts]] = (0, NONE)
        # Where between two whole requests the count starts; else all would round alike.
        phases = [draw / 65536 for draw in draws[2:]] * 2
        constants = [phases[2 * at : 2 * at + size] for at in range(len(REGIONS))]
        self.pieces = [Piece(0, flow.shares(self.hit_ratio, 0.0), constants)]
        self._disturb()

    def at(self, second: int) -> Sequence[Counts]:
        """How many requests there were since midnight, by region and kind."""
        if not second:
            return NONE
        if second == self.last[0]:
            return self.last[1]
        piece = self.pieces[0]
        if len(self.pieces) > 1:
            after = bisect_right(self.pieces, second, key=lambda piece: piece.start)
            piece = self.pieces[after - 1]
        counts = [
            list(map(int, map(add, map(mul, piece.shares, repeat(requests)), constants)))
            for requests, constants in zip(self._requests(second), piece.constants, strict=True)
        ]
        self.last = second, counts
        return counts

    def _requests(self, second: int) -> list[float]:
        """How many are to be expected since midnight, by region."""
        if second == DAY:
            return [level for level, _ in self.levels]
        moment = self._warped(second)
        return [level * _since(moment, peak) for level, peak in self.levels]

    def _warped(self, second: int) -> float:
        """The second of an even day: time that goes a little faster or slower makes the noise."""
        name = self.flow.service.id
        if not self.hours:
            self.hours = spread(f"{name} {self.number} hours", 24, 0.06)
        hour, rest = divmod(second, 3600)
        start = self.hours[hour]
        if not rest:
            return start * DAY
        length = self.hours[hour + 1] - start
        if hour not in self.minutes:
            self.minutes[hour] = spread(f"{name} {self.number} {hour}", 60, 0.12)
        minute, rest = divmod(rest, 60)
        start += length * self.minutes[hour][minute]
        if rest:
            length *= self.minutes[hour][minute + 1] - self.minutes[hour][minute]
            key = hour * 60 + minute
            if key not in self.seconds:
                self.seconds[key] = spread(f"{name} {self.number} {hour}:{minute}", 60, 0.3)
            start += length * self.seconds[key][rest]
        return start * DAY

    def _disturb(self) -> None:
        """Cut the day where purges and incidents change how requests fare."""
        for second, cold, errors in self._troubles():
            last = self.pieces[-1]
            shares = self.flow.shares(self.hit_ratio * (1 - cold), errors)
            # What happened until now stays as it was.
            constants = [
                [
                    constant + requests * (old - new)
                    for constant, old, new in zip(before, last.shares, shares, strict=True)
                ]
                for before, requests in zip(last.constants, self._requests(second), strict=True)
            ]
            if second == last.start:
                self.pieces.pop()
            self.pieces.append(Piece(second, shares, constants))

    def _troubles(self) -> Iterator[tuple[int, float, float]]:
        """From which second on the cache is how cold, and the origin fails how often."""
        # An hour is long enough for every cache to be warm again.
        since, until = self.start - 3600, self.start + DAY
        purged: dict[int, float] = defaultdict(lambda: 1.0)
        for at, deep in self.flow.purges:
            if since <= at < until:
                purged[at] *= 1 - deep
        incidents = [
            incident
            for incident in self.flow.incidents
            if incident[0] < until and incident[1] > self.start
        ]
        marks = {*purged, self.start, until, *(at for each in incidents for at in each[:2])}
        ordered = sorted(mark for mark in marks if since <= mark <= until)
        cold, moment, told = 0.0, ordered[0], (0.0, 0.0)
        while moment < until:
            cold = 1 - (1 - cold) * purged.get(moment, 1.0)
            errors = max((bad for start, end, bad in incidents if start <= moment < end), default=0)
            if moment >= self.start and (cold, errors) != told:
                told = cold, errors
                yield moment - self.start, cold, errors
            following = ordered[bisect_right(ordered, moment)]
            if cold:
                # While it gets warmer each minute differs from the last.
                following = min(following, moment - moment % 60 + 60)
                cold *= exp((moment - following) / REFILL)
                cold = cold if cold > WARM else 0.0
            moment = following


def depth(purge: Purge) -> float:
    """The share of hits that a purge turns into misses at first."""
    deep = DEPTHS.get(purge.kind, 0.0)
    if purge.kind in {"key", "keys"}:
        deep = min(DEEPEST_BY_KEY, deep * len(purge.targets))
    return deep * SOFT if purge.soft else deep


def flows(world: World, services: Iterable[Service], now: datetime) -> list[Flow]:
    """The traffic of some services, up to now. Those that never had any are left out."""
    purges: dict[str, list[tuple[int, float]]] = defaultdict(list)
    incidents: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    switches: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for purge in world.purges:
        if not purge.staging:
            purges[purge.service_id].append((epoch(purge.at), depth(purge)))
    for incident in world.incidents:
        bounds = epoch(incident.start), epoch(incident.end)
        incidents[incident.service_id].append((*bounds, incident.errors))
    for event in world.events:
        if event["event_type"] in {"version.activate", "version.deactivate"}:
            switches[event["service_id"]].append(
                (epoch(event["created_at"]), event["event_type"] == "version.activate")
            )
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
                purges[service.id],
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
