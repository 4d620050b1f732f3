"""What of the past is asked for, and what of it there is."""

from dataclasses import dataclass
from datetime import datetime

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row
from fastly_mcp.sandbox.stats import chronic
from fastly_mcp.sandbox.stats.days import DAY
from fastly_mcp.sandbox.stats.visitors import REGION_OF, REGIONS

STATS_REGIONS = tuple(sorted({*REGIONS, "asia_southkorea", "latam", "mexico", "saudi_arabia"}))
"""The eleven that /stats/regions tells [TK]; the sandbox has POPs in seven."""
PERIODS = {"minute": 60, "hour": 3_600, "day": DAY}
USUAL = {"minute": "30 minutes ago", "hour": "1 day ago", "day": "1 month ago"}
"""Where a window starts if nothing else is asked [D]."""
COUNTED = {"minute": 120, "hour": 900, "day": 7_200}
"""Seconds until a period that is over can be asked for [D]."""
KEPT = {"minute": 35 * DAY, "hour": 375 * DAY, "day": 36_500 * DAY}
"""How far back there are data [D]."""


@dataclass(frozen=True, slots=True)
class Window:
    """What of the past is asked for."""

    start: datetime
    end: datetime
    by: str
    region: str = "all"
    pops: tuple[str, ...] = ()

    @property
    def meta(self) -> Row:
        """As it is told; the datacenters only where they count."""
        more = {"datacenter": ",".join(self.pops)} if self.pops else {}
        return {
            "from": f"{self.start:%Y-%m-%d %H:%M:%S} UTC",
            "to": f"{self.end:%Y-%m-%d %H:%M:%S} UTC",
            "by": self.by,
            "region": self.region,
        } | more

    def periods(self, now: datetime, oldest: int = 0) -> range:
        """The starts of the periods there are data for, `oldest` being when traffic began."""
        size, present = PERIODS[self.by], int(now.timestamp())
        since = max(int(self.start.timestamp()), present - KEPT[self.by], oldest // size * size)
        until = min(int(self.end.timestamp()), present - COUNTED[self.by])
        return range(-(-since // size) * size, until // size * size, size)


def read_window(call: Call, *, filtered: bool = True) -> Window:
    """The window that from, to, by, region and datacenter ask for."""
    by = call.query.get("by") or "day"
    if by not in PERIODS:
        raise errors.stats("invalid by")
    moments = {}
    for name, usual in (("from", USUAL[by]), ("to", "now")):
        try:
            moments[name] = chronic.read(call.query.get(name) or usual, call.now)
        except ValueError:
            raise errors.stats(f"invalid {name}") from None
    region = call.query.get("region") or "all"
    if region != "all" and region not in STATS_REGIONS:
        raise errors.stats("invalid region")
    pops = tuple(code for code in call.query.get("datacenter", "").split(",") if code)
    if not all(code in REGION_OF for code in pops):
        raise errors.stats("invalid datacenter")
    if region != "all" or not filtered:
        # A region overrides datacenters, which are not even told then [TK].
        pops = ()
    return Window(moments["from"], moments["to"], by, region, pops)
