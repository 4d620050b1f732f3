"""The classic /stats: what happened, by minute, hour or day.

Only periods that lie wholly in the window are told [TK], once they are over and counted [D], and
no row is told without traffic. Invented: the wording of refusals but for those of fields,
datacenters and `start_time`; that what is too large is more than ROWS rows. A token limited to
services has only theirs [TK].
"""

from collections.abc import Iterator
from itertools import chain, islice

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import classic, dumped, quoted
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service
from fastly_mcp.sandbox.stats.days import DAY
from fastly_mcp.sandbox.stats.fields import Measures, finished, measures, put_together
from fastly_mcp.sandbox.stats.names import KNOWN, ZEROS
from fastly_mcp.sandbox.stats.sending import Parts, listed
from fastly_mcp.sandbox.stats.traffic import Flow, epoch, flows
from fastly_mcp.sandbox.stats.visitors import REGIONS, Counts
from fastly_mcp.sandbox.stats.windows import COUNTED, KEPT, STATS_REGIONS, Window, read_window

ROWS = 32_000
"""The most periods times services of one answer: a month of a thousand services by day."""
SOME_POPS, EVERY_POP = 3, 16
"""As so many rows counts one whose traffic is shared out among POPs."""


def counted(flow: Flow, window: Window, periods: range) -> Iterator[tuple[int, Counts]]:
    """The counts of each period, as far as region or datacenters let them through."""
    if window.pops:
        for start in periods:
            shared = flow.by_pop(start, start + periods.step, only=window.pops)
            yield start, sum(shared[code][0] for code in set(window.pops))
        return
    at = list(REGIONS).index(window.region) if window.region in REGIONS else -1
    nothing = window.region != "all" and at < 0
    series = flow.series((start, start + periods.step) for start in periods)
    for start, by_region in zip(periods, series, strict=True):
        if not nothing:
            yield start, by_region[at] if at >= 0 else sum(by_region)


def rows(flow: Flow, window: Window, periods: range, field: str | None = None) -> Iterator[Row]:
    """The rows of one service; of one field only, if it is named."""
    measure = measures(flow, field)
    for start, counts in counted(flow, window, periods):
        if counts:
            told = finished(measure(counts))
            row = ZEROS | told if field is None else {field: told.get(field, 0)}
            row["service_id"], row["start_time"] = flow.service.id, start
            yield row


def asked(
    call: Call, services: list[Service], window: Window, *, by_pop: bool = False
) -> tuple[list[Flow], range]:
    """The services' traffic and the periods to tell; 400 when that is too much."""
    found = flows(call.world, services, call.now)
    oldest = min((epoch(flow.service.created_at) for flow in found), default=0)
    periods = window.periods(call.now, oldest)
    cost = EVERY_POP if by_pop else SOME_POPS if window.pops else 1
    if len(periods) * len(found) * cost > ROWS:
        raise errors.stats("query is too large")
    return found, periods


def covered(call: Call) -> list[Service]:
    """The services of an account-wide answer, those that are gone included."""
    return [each for each in call.world.services.values() if call.token.covers(each.id)]


def envelope(window: Window, data: object) -> Row:
    return {"status": "success", "msg": None, "meta": window.meta, "data": data}


def answer(window: Window, data: object) -> Response:
    return classic(envelope(window, data))


def parts(window: Window, data: Iterator[bytes]) -> Response:
    """The same, if there may be much."""
    return Parts(chain([dumped(envelope(window, 0)).removesuffix(b"0}")], data, [b"}"]))


def known_field(call: Call) -> str:
    field = call.params["field"]
    if field not in KNOWN:
        raise errors.stats(f"Unknown field: {field}")
    return field


def list_stats(call: Call) -> Response:
    """Every service's rows, by service."""
    window = read_window(call)
    wanted = {each for each in call.query.get("services", "").split(",") if each}
    services = [each for each in covered(call) if not wanted or each.id in wanted]
    return _by_service(call, services, window)


def list_field(call: Call) -> Response:
    """One field of every service, by service."""
    field, window = known_field(call), read_window(call)
    return _by_service(call, covered(call), window, field)


def _by_service(
    call: Call, services: list[Service], window: Window, field: str | None = None
) -> Response:
    """Services without traffic are left out [TK]."""
    found, periods = asked(call, services, window)
    told = ((flow.service.id, rows(flow, window, periods, field)) for flow in found)
    return parts(window, _objects(told))


def _objects(by_service: Iterator[tuple[str, Iterator[Row]]]) -> Iterator[bytes]:
    before = b"{"
    for service_id, told in by_service:
        for first in islice(told, 1):
            yield before + quoted(service_id).encode() + b":"
            yield from listed(chain([first], told))
            before = b","
    yield b"}" if before == b"," else b"{}"


def get_service_stats(call: Call) -> Response:
    return _of_service(call, call.service(), read_window(call))


def get_service_field(call: Call) -> Response:
    service, field = call.service(), known_field(call)
    return _of_service(call, service, read_window(call), field)


def _of_service(call: Call, service: Service, window: Window, field: str | None = None) -> Response:
    found, periods = asked(call, [service], window)
    told = chain.from_iterable(rows(flow, window, periods, field) for flow in found)
    return parts(window, listed(told))


def get_aggregate(call: Call) -> Response:
    """All services as if they were one."""
    window = read_window(call)
    found, periods = asked(call, covered(call), window)
    return parts(window, _added_up(found, window, periods))


def _added_up(found: list[Flow], window: Window, periods: range) -> Iterator[bytes]:
    """Counts first, fields last: services whose requests weigh the same share the work."""
    sums: dict[int, dict[Measures, Counts]] = {}
    for flow in found:
        measure = measures(flow)
        for start, counts in counted(flow, window, periods):
            alike = sums.setdefault(start, {})
            alike[measure] = alike.get(measure, 0) + counts
        yield b""
    yield from listed(_whole_rows(sums))


def _whole_rows(sums: dict[int, dict[Measures, Counts]]) -> Iterator[Row]:
    for start in sorted(sums):
        fields: dict[str, int] = {}
        for measure, counts in sums[start].items():
            put_together(fields, measure(counts))
        if fields:
            yield ZEROS | finished(fields) | {"start_time": start}


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
                sums[code] = sums.get(code, 0) + shared[0]
            start = until
        fields = {code: measures(flow)(counts) for code, counts in sums.items()}
        told = {code: ZEROS | finished(each) for code, each in fields.items() if each}
    return classic({"stats": told})
