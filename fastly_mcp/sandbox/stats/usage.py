"""/stats/usage: what the account used of Fastly, by region, service and month.

Invented: that usage counts the same periods as rows of /stats do, and the inner form of
usage_by_month. A token limited to services sees none of it [TK].
"""

from datetime import UTC, datetime, timedelta
from operator import add

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service
from fastly_mcp.sandbox.stats.days import NONE
from fastly_mcp.sandbox.stats.fields import measures
from fastly_mcp.sandbox.stats.history import answer, asked
from fastly_mcp.sandbox.stats.traffic import Flow
from fastly_mcp.sandbox.stats.visitors import REGIONS
from fastly_mcp.sandbox.stats.windows import STATS_REGIONS, Window, read_window

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


def _usage(call: Call, window: Window) -> dict[str, dict[str, Row]]:
    """What was used, by region and service. A region in the query changes nothing [TK]."""
    found, periods = asked(call, account_wide(call), window)
    usage: dict[str, dict[str, Row]] = {region: {} for region in STATS_REGIONS}
    for flow in found:
        for region, used in _used(flow, periods).items():
            usage[region][flow.service.id] = used
    return usage


def _together(services: dict[str, Row]) -> Row:
    return {name: sum(used[name] for used in services.values()) for name in USED}


def get_usage(call: Call) -> Response:
    window = read_window(call, filtered=False)
    usage = _usage(call, window)
    return answer(window, {region: _together(services) for region, services in usage.items()})


def get_usage_by_service(call: Call) -> Response:
    window = read_window(call, filtered=False)
    return answer(window, _usage(call, window))


def get_usage_by_month(call: Call) -> Response:
    """A month until now, by region; in billable units: GB, and 10,000 requests."""
    start = _month(call)
    after = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    window = Window(start, min(after, call.now.astimezone(UTC)), "day")
    unit = call.query.get("billable_units", "").lower() in {"true", "1"}

    def told(used: Row) -> Row:
        if not unit:
            return used
        return {
            name: number / (1e9 if name == "bandwidth" else 1e4) for name, number in used.items()
        }

    usage = _usage(call, window)
    services = {
        region: {
            service_id: {"name": call.world.services[service_id].name} | told(used)
            for service_id, used in by_service.items()
        }
        for region, by_service in usage.items()
    }
    data = {
        "customer_id": call.world.customer["id"],
        "services": services,
        "total": {region: told(_together(by_service)) for region, by_service in usage.items()},
    }
    return answer(window, data)


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
