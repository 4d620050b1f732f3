"""Who visits, how requests are answered, and what a purge costs: the numbers behind the traffic.

All of them are invented.
"""

from typing import NamedTuple

from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.state import Purge


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
Counts = int
"""How many there were of each of KINDS, side by side as `lanes` has them."""
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

DEPTHS = {"all": 0.85, "keys": 0.012, "key": 0.012, "url": 0.002}
"""The share of hits that a hard purge turns into misses: per key, where there are many."""
DEEPEST_BY_KEY = 0.4
SOFT = 0.3
"""A soft purge only sends requests to the origin until the stale object is confirmed."""
REFILL = 240.0
"""Seconds in which a cache gets warm again, but for 37 %."""
WARM = 0.001
"""What is not worth telling any more."""


def depth(purge: Purge) -> float:
    """The share of hits that a purge turns into misses at first."""
    deep = DEPTHS.get(purge.kind, 0.0)
    if purge.kind in {"key", "keys"}:
        deep = min(DEEPEST_BY_KEY, deep * len(purge.targets))
    return deep * SOFT if purge.soft else deep
