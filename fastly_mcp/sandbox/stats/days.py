"""One service's UTC day: how many requests there were since midnight, at any second of it."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import shake_128
from itertools import accumulate
from math import exp, pi, sin
from struct import Struct
from typing import NamedTuple

from fastly_mcp.sandbox.state import Traffic
from fastly_mcp.sandbox.stats.lanes import LANE, packed
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
NONE: tuple[Counts, ...] = (0,) * len(REGIONS)
Purges = list[tuple[int, float]]
"""Those that reached production, in order: when, and how deep."""
Incidents = list[tuple[int, int, float]]
"""From when to when which share of the origin's answers was an error."""

# Requests and shares are fixed-point numbers, so that nothing is rounded but the counts.
POINT, SHARE_POINT = 1 << 16, 1 << 24
FRACTION = 64
"""Bits after the point of requests times the share of an outcome times that of a kind."""
WEIGHTS = [region.weight for region in REGIONS.values()]
PEAKS = [2 * pi * region.peak / 24 for region in REGIONS.values()]
WAVES = [(peak, sin(-peak), sin(-2 * peak)) for peak in PEAKS]
"""When a region's waves are highest, and where they are at midnight."""
WHOLE = packed([(1 << FRACTION) - 1] * len(KINDS))
ALL = (1 << LANE * len(KINDS)) - 1
HITS, MISS, PASS, SYNTH, ERRORS = (
    packed(int(SHARE_POINT * kind.share) * (kind.outcome == outcome) for kind in KINDS)
    for outcome in ("hits", "miss", "pass", "synth", "errors")
)
STRUGGLE = packed(SHARE_POINT * (kind is STRUGGLING) for kind in KINDS)
"""The kinds of request that an outcome consists of."""
DRAWS = Struct(f"<{len(KINDS) + len(REGIONS) + 2}H")
PHASES = Struct("<" + "6xH8x" * len(KINDS))
"""Draws as fractions, each in its lane."""


def spread(key: str, parts: int, amplitude: float) -> list[float]:
    """Where each of some nearly equal parts ends, from 0 to 1: noise that is always the same."""
    draws = shake_128(key.encode("utf-8", "replace")).digest(parts)
    ends = list(accumulate((1 + amplitude * (draw - 127.5) / 127.5 for draw in draws), initial=0.0))
    return [end / ends[-1] for end in ends]


def _since(second: float) -> list[float]:
    """The share of each region's day that is over: the integral of two waves."""
    day, turn = second / DAY, 2 * pi * second / DAY
    return [
        day
        + SWING * (sin(turn - peak) - start) / (2 * pi)
        - SECOND_SWING * (sin(2 * (turn - peak)) - second_start) / (4 * pi)
        for peak, start, second_start in WAVES
    ]


class Piece(NamedTuple):
    """A part of a day in which requests fare alike."""

    start: int
    shares: int
    """By kind."""
    constants: list[int]
    """By region, and there by kind: what adds to share times requests."""


def fare(hit_ratio: float, errors: float) -> int:
    """How requests fare while the cache is so warm and the origin fails so often."""
    cacheable = SHARE_POINT * (1 - PASSED - SYNTHETIC - FAILED)
    missed, passed = cacheable * (1 - hit_ratio), SHARE_POINT * PASSED
    answered = missed * (1 - errors)
    struggling = answered * 0.5 if errors else 0.0
    return (
        int(cacheable * hit_ratio) * HITS
        + int(answered - struggling) * MISS
        + int(struggling) * STRUGGLE
        + int(passed * (1 - errors)) * PASS
        + int(SHARE_POINT * SYNTHETIC) * SYNTH
        + int(SHARE_POINT * FAILED + errors * (missed + passed)) * ERRORS
    )


class Day:
    """One service's UTC day."""

    def __init__(
        self, name: str, traffic: Traffic, purges: Purges, incidents: Incidents, number: int
    ) -> None:
        self.name, self.number = f"{name} {number}", number
        self.purges, self.incidents = purges, incidents
        self.start = number * DAY
        digest = shake_128(self.name.encode("utf-8", "replace")).digest(DRAWS.size)
        draws = DRAWS.unpack(digest)
        noise, luck, *lots = [draw / 65536 - 0.5 for draw in draws[len(KINDS) :]]
        # Day 0 of the epoch was a Thursday.
        weekday = WEEK[(number + 3) % 7]
        requests = POINT * traffic.requests_per_second * DAY * weekday * (1 + 0.1 * noise)
        self.levels = [
            requests * weight * (1 + 0.1 * lot) for weight, lot in zip(WEIGHTS, lots, strict=True)
        ]
        self.hit_ratio = min(1.0, traffic.hit_ratio * (1 + 0.012 * luck))
        self.hours: list[float] = []
        self.minutes: dict[int, list[float]] = {}
        self.seconds: dict[int, list[float]] = {}
        self.last: tuple[int, Sequence[Counts]] = (0, NONE)
        # Where between two whole requests the count starts; else all would round alike.
        phases = int.from_bytes(PHASES.pack(*draws[: len(KINDS)]), "little")
        twice = phases | phases << LANE * len(KINDS)
        constants = [twice >> 2 * LANE * at & ALL for at in range(len(REGIONS))]
        self.pieces = [Piece(0, fare(self.hit_ratio, 0.0), constants)]
        if purges or incidents:
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
            requests * piece.shares + constants >> FRACTION & WHOLE
            for requests, constants in zip(self._requests(second), piece.constants, strict=True)
        ]
        self.last = second, counts
        return counts

    def _requests(self, second: int) -> list[int]:
        """How many are to be expected since midnight, by region."""
        if second == DAY:
            return list(map(int, self.levels))
        shares = _since(self._warped(second))
        return [int(level * share) for level, share in zip(self.levels, shares, strict=True)]

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
                before + requests * (last.shares - shares)
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
        first, after = (bisect_left(self.purges, (at, 0.0)) for at in (since, until))
        for at, deep in self.purges[first:after]:
            purged[at] *= 1 - deep
        incidents = [
            incident
            for incident in self.incidents
            if incident[0] < until and incident[1] > self.start
        ]
        if not purged and not incidents:
            return
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
