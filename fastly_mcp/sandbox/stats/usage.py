"""/stats/usage: what the account used of Fastly, by region, service and month.

Invented: that usage counts the same periods as rows of /stats do, and the inner form of
usage_by_month. A token limited to services sees none of it [TK].
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from operator import add

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import dumped
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service
from fastly_mcp.sandbox.stats.days import NONE
from fastly_mcp.sandbox.stats.fields import measures
from fastly_mcp.sandbox.stats.history import asked, parts
from fastly_mcp.sandbox.stats.traffic import Flow
from fastly_mcp.sandbox.stats.visitors import REGIONS
from fastly_mcp.sandbox.stats.windows import STATS_REGIONS, Window, read_window

Usage = dict[str, dict[str, Row]]
"""By region and service."""
USED = ("bandwidth", "requests", "compute_requests")


def account_wide(call: Call) -> list[Service]:
    """All services; refused for a token that is limited to some [TK]."""
    if call.token.services:
        raise errors.not_authorized()
    return list(call.world.services.values())


def _used(flow: Flow, periods: range) -> dict[str, Row]:
    """What was used of a service in some periods, by region; regions without use are left out."""
    sums = list(NONE)
    for counts in flow.series((start, start + periods.step) for start in periods):
        sums = list(map(add, sums, counts))
    used = {}
    for region, each in zip(REGIONS, sums, strict=True):
        fields = measures(flow)(each)
        if fields:
            used[region] = {name: fields.get(name, 0) for name in USED}
    return used


def _tell(call: Call, window: Window, shape: Callable[[Usage], object]) -> Response:
    """What was used. A region in the query changes nothing [TK]."""
    found, periods = asked(call, account_wide(call), window)

    def data() -> Iterator[bytes]:
        usage: Usage = {region: {} for region in STATS_REGIONS}
        for flow in found:
            for region, used in _used(flow, periods).items():
                usage[region][flow.service.id] = used
            yield b""
        yield dumped(shape(usage))

    return parts(window, data())


def _together(services: dict[str, Row]) -> Row:
    return {name: sum(used[name] for used in services.values()) for name in USED}


def get_usage(call: Call) -> Response:
    def shape(usage: Usage) -> object:
        return {region: _together(services) for region, services in usage.items()}

    return _tell(call, read_window(call, filtered=False), shape)


def get_usage_by_service(call: Call) -> Response:
    return _tell(call, read_window(call, filtered=False), lambda usage: usage)


def get_usage_by_month(call: Call) -> Response:
    """A month until now, by region; in billable units: GB, and 10,000 requests."""
    start = _month(call)
    after = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    window = Window(start, min(after, call.now.astimezone(UTC)), "day")
    unit = call.query.get("billable_units", "").lower() in {"true", "1"}
    customer_id = call.world.customer["id"]
    names = {service.id: service.name for service in call.world.services.values()}

    def told(used: Row) -> Row:
        if not unit:
            return used
        return {
            name: number / (1e9 if name == "bandwidth" else 1e4) for name, number in used.items()
        }

    def shape(usage: Usage) -> object:
        services = {
            region: {
                service_id: {"name": names[service_id]} | told(used)
                for service_id, used in by_service.items()
            }
            for region, by_service in usage.items()
        }
        totals = {region: told(_together(by_service)) for region, by_service in usage.items()}
        return {"customer_id": customer_id, "services": services, "total": totals}

    return _tell(call, window, shape)


def _month(call: Call) -> datetime:
    """The first of the month in the query; either part may be missing."""
    now = call.now.astimezone(UTC)
    parts = {}
    for name, usual, most in (("year", now.year, 9998), ("month", now.month, 12)):
        text = call.query.get(name) or str(usual)
        if not (text.isascii() and text.isdigit() and len(text) <= 4 and 0 < int(text) <= most):
            raise errors.stats(f"invalid {name}")
        parts[name] = int(text)
    return datetime(parts["year"], parts["month"], 1, tzinfo=UTC)
