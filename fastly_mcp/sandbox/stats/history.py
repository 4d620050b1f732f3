"""The classic /stats: what happened, by minute, hour or day.

Only periods that lie wholly in the window are told [TK], once they are over and counted [D], and
no row is told without traffic. Invented: the wording of refusals but for those of fields,
datacenters and `start_time`; that what is too large is more than ROWS rows; that usage counts the
same periods as rows do; the inner form of usage_by_month. Who sees what: a token limited to
services has only theirs in /stats, and no account-wide usage [TK].
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import add

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service
from fastly_mcp.sandbox.stats.days import DAY
from fastly_mcp.sandbox.stats.fields import Measures, finished, measures, put_together
from fastly_mcp.sandbox.stats.names import KNOWN, ZEROS
from fastly_mcp.sandbox.stats.traffic import Flow, epoch, flows
from fastly_mcp.sandbox.stats.visitors import REGIONS, Counts
from fastly_mcp.sandbox.stats.windows import COUNTED, KEPT, STATS_REGIONS, Window, read_window

ROWS = 50_000
"""The most periods times services of one answer; Fastly does not tell its limit."""
USED = ("bandwidth", "requests", "compute_requests")


def counted(flow: Flow, window: Window, periods: range) -> Iterator[tuple[int, Counts]]:
    """The counts of each period, as far as region or datacenters let them through."""
    if window.pops:
        for start in periods:
            shared = flow.by_pop(start, start + periods.step, only=window.pops)
            yield start, total(shared[code][0] for code in set(window.pops))
        return
    at = list(REGIONS).index(window.region) if window.region in REGIONS else -1
    nothing = window.region != "all" and at < 0
    series = flow.series((start, start + periods.step) for start in periods)
    for start, by_region in zip(periods, series, strict=True):
        if not nothing:
            yield start, by_region[at] if at >= 0 else total(by_region)


def total(parts: Iterator[Counts] | list[Counts]) -> Counts:
    return list(map(sum, zip(*parts, strict=True)))


def rows(flow: Flow, window: Window, periods: range, field: str | None = None) -> Iterator[Row]:
    """The rows of one service; of one field only, if it is named."""
    measure = measures(flow) if field is None else measures(flow).only(field)
    for start, counts in counted(flow, window, periods):
        if any(counts):
            told = finished(measure(counts))
            fields = ZEROS | told if field is None else {field: told.get(field, 0)}
            yield fields | {"service_id": flow.service.id, "start_time": start}


def asked(call: Call, services: list[Service], window: Window) -> tuple[list[Flow], range]:
    """The services' traffic and the periods to tell; 400 when that is too much."""
    found = flows(call.world, services, call.now)
    oldest = min((epoch(flow.service.created_at) for flow in found), default=0)
    periods = window.periods(call.now, oldest)
    if len(periods) * len(found) > ROWS:
        raise errors.stats("query is too large")
    return found, periods


def within_reach(call: Call) -> list[Service]:
    """The services of an account-wide answer, those that are gone included."""
    return [each for each in call.world.services.values() if call.token.covers(each.id)]


def account_wide(call: Call) -> list[Service]:
    """All services; refused for a token that is limited to some [TK]."""
    if call.token.services:
        raise errors.not_authorized()
    return list(call.world.services.values())


def answer(window: Window, data: object) -> Response:
    return classic({"status": "success", "msg": None, "meta": window.meta, "data": data})


def known_field(call: Call) -> str:
    field = call.params["field"]
    if field not in KNOWN:
        raise errors.stats(f"Unknown field: {field}")
    return field


def list_stats(call: Call) -> Response:
    """Every service's rows, by service."""
    window = read_window(call)
    wanted = {each for each in call.query.get("services", "").split(",") if each}
    services = [each for each in within_reach(call) if not wanted or each.id in wanted]
    return _by_service(call, services, window)


def list_field(call: Call) -> Response:
    """One field of every service, by service."""
    field, window = known_field(call), read_window(call)
    return _by_service(call, within_reach(call), window, field)


def _by_service(
    call: Call, services: list[Service], window: Window, field: str | None = None
) -> Response:
    """Services without traffic are left out [TK]."""
    found, periods = asked(call, services, window)
    data = {flow.service.id: list(rows(flow, window, periods, field)) for flow in found}
    return answer(window, {service_id: told for service_id, told in data.items() if told})


def get_service_stats(call: Call) -> Response:
    service, window = call.service(), read_window(call)
    found, periods = asked(call, [service], window)
    return answer(window, [row for flow in found for row in rows(flow, window, periods)])


def get_service_field(call: Call) -> Response:
    service, field, window = call.service(), known_field(call), read_window(call)
    found, periods = asked(call, [service], window)
    return answer(window, [row for flow in found for row in rows(flow, window, periods, field)])


def get_aggregate(call: Call) -> Response:
    """All services as if they were one."""
    window = read_window(call)
    found, periods = asked(call, within_reach(call), window)
    # Counts first, fields last: services whose requests weigh the same share the work.
    sums: dict[int, dict[Measures, Counts]] = {}
    for flow in found:
        measure = measures(flow)
        for start, counts in counted(flow, window, periods):
            alike = sums.setdefault(start, {})
            alike[measure] = list(map(add, alike[measure], counts)) if measure in alike else counts
    data = []
    for start in sorted(sums):
        fields: dict[str, int] = {}
        for measure, counts in sums[start].items():
            put_together(fields, measure(counts))
        if fields:
            data.append(ZEROS | finished(fields) | {"start_time": start})
    return answer(window, data)


def _used(flow: Flow, periods: range) -> dict[str, Row]:
    """What was used of a service in some periods, by region; regions without use are left out."""
    sums: list[Counts] = []
    for counts in flow.series((start, start + periods.step) for start in periods):
        sums = (
            [list(map(add, *pair)) for pair in zip(sums, counts, strict=True)] if sums else counts
        )
    used = {}
    for region, each in zip(REGIONS, sums, strict=False):
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


def list_regions(call: Call) -> Response:
    return answer(read_window(call), list(STATS_REGIONS))


def get_summary(call: Call) -> Response:
    """One sum per POP, from minute to minute; an envelope of its own [TK]."""
    service = call.service()
    present = int(call.now.timestamp())
    bounds = []
    for name in ("start_time", "end_time"):
        text = call.query.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise errors.stats(f"invalid {name}")
        bounds.append(int(text))
    if bounds[0] < present - KEPT["minute"]:
        raise errors.stats("invalid start_time")
    start = -(-bounds[0] // 60) * 60
    end = min(bounds[1], present - COUNTED["minute"]) // 60 * 60
    told: Row = {}
    for flow in flows(call.world, [service], call.now):
        sums: dict[str, Counts] = {}
        while start < end:
            until = min(end, start - start % DAY + DAY)
            for code, shared in flow.by_pop(start, until).items():
                sums[code] = total([sums[code], shared[0]]) if code in sums else shared[0]
            start = until
        fields = {code: measures(flow)(counts) for code, counts in sums.items()}
        told = {code: ZEROS | finished(each) for code, each in fields.items() if each}
    return classic({"stats": told})
