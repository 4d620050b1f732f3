"""One service's UTC day: how many requests there were since midnight, at any second of it."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import shake_128
from itertools import accumulate, repeat
from math import exp, pi, sin
from operator import add, mul
from struct import unpack
from typing import NamedTuple

from fastly_mcp.sandbox.state import Traffic
from fastly_mcp.sandbox.stats.visitors import (
    FAILED,
    KINDS,
    PASSED,
    REFILL,
    REGIONS,
    SECOND_SWING,
    STRUGGLING,
    SWING,
    SYNTHETIC,
    WARM,
    WEEK,
    Counts,
)

DAY = 86_400
NONE: tuple[Counts, ...] = tuple([0] * len(KINDS) for _ in REGIONS)
Purges = list[tuple[int, float]]
"""Those that reached production: when, and how deep."""
Incidents = list[tuple[int, int, float]]
"""From when to when which share of the origin's answers was an error."""


def spread(key: str, parts: int, amplitude: float) -> list[float]:
    """Where each of some nearly equal parts ends, from 0 to 1: noise that is always the same."""
    draws = shake_128(key.encode("utf-8", "replace")).digest(parts)
    ends = list(accumulate((1 + amplitude * (draw - 127.5) / 127.5 for draw in draws), initial=0.0))
    return [end / ends[-1] for end in ends]


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


def fare(hit_ratio: float, errors: float) -> list[float]:
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
        else outcomes[kind.outcome] * kind.share * (1 - struggling if kind.outcome == "miss" else 1)
        for kind in KINDS
    ]


class Day:
    """One service's UTC day."""

    def __init__(
        self, name: str, traffic: Traffic, purges: Purges, incidents: Incidents, number: int
    ) -> None:
        self.name, self.number = f"{name} {number}", number
        self.purges, self.incidents = purges, incidents
        self.start = number * DAY
        size = len(KINDS)
        many = size + len(REGIONS) + 2
        digest = shake_128(self.name.encode("utf-8", "replace")).digest(2 * many)
        draws = [draw / 65536 for draw in unpack(f"<{many}H", digest)]
        noise, luck, *lots = (draw - 0.5 for draw in draws[size:])
        # Day 0 of the epoch was a Thursday.
        requests = traffic.requests_per_second * DAY * WEEK[(number + 3) % 7] * (1 + 0.1 * noise)
        self.levels = [
            (requests * region.weight * (1 + 0.1 * lot), region.peak)
            for region, lot in zip(REGIONS.values(), lots, strict=True)
        ]
        self.hit_ratio = min(1.0, traffic.hit_ratio * (1 + 0.012 * luck))
        self.hours: list[float] = []
        self.minutes: dict[int, list[float]] = {}
        self.seconds: dict[int, list[float]] = {}
        self.last: tuple[int, Sequence[Counts]] = (0, NONE)
        # Where between two whole requests the count starts; else all would round alike.
        phases = draws[:size] * 2
        constants = [phases[2 * at : 2 * at + size] for at in range(len(REGIONS))]
        self.pieces = [Piece(0, fare(self.hit_ratio, 0.0), constants)]
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
        if not self.hours:
            self.hours = spread(f"{self.name} hours", 24, 0.06)
        hour, rest = divmod(second, 3600)
        start = self.hours[hour]
        if not rest:
            return start * DAY
        length = self.hours[hour + 1] - start
        if hour not in self.minutes:
            self.minutes[hour] = spread(f"{self.name} {hour}", 60, 0.12)
        minute, rest = divmod(rest, 60)
        start += length * self.minutes[hour][minute]
        if rest:
            length *= self.minutes[hour][minute + 1] - self.minutes[hour][minute]
            key = hour * 60 + minute
            if key not in self.seconds:
                self.seconds[key] = spread(f"{self.name} {hour}:{minute}", 60, 0.3)
            start += length * self.seconds[key][rest]
        return start * DAY

    def _disturb(self) -> None:
        """Cut the day where purges and incidents change how requests fare."""
        for second, cold, errors in self._troubles():
            last = self.pieces[-1]
            shares = fare(self.hit_ratio * (1 - cold), errors)
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
        for at, deep in self.purges:
            if since <= at < until:
                purged[at] *= 1 - deep
        incidents = [
            incident
            for incident in self.incidents
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
