"""Platform metrics, the second version: the measurements of /stats in one form for everything.

Known are paths, parameters and fields, and that zeros are left out [PY]. Invented are the metrics
of each set, that the first set is told if nothing is named, and the refusals.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import dumped
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service, stamp
from fastly_mcp.sandbox.stats.fields import Measures, finished, measures, put_together
from fastly_mcp.sandbox.stats.history import asked, covered
from fastly_mcp.sandbox.stats.inspectors import Wrong
from fastly_mcp.sandbox.stats.names import KNOWN
from fastly_mcp.sandbox.stats.sending import Parts
from fastly_mcp.sandbox.stats.traffic import Flow
from fastly_mcp.sandbox.stats.visitors import REGION_OF, REGIONS, Counts
from fastly_mcp.sandbox.stats.windows import STATS_REGIONS, USUAL, Window

GRANULARITIES = {"minutely": "minute", "hourly": "hour", "daily": "day"}
SETS = {
    "delivery_traffic_flow": r"requests|bandwidth|(req|resp|bereq|edge_resp)_\w+_bytes|http\d|ipv6",
    "delivery_cache_performance": r"(hits|miss|pass|origin|edge_(hit|miss))(_\w+)?|hit_ratio",
    "delivery_errors": r"errors|status_[45]\w+",
    "compute_traffic_flow": r"compute_(requests|bereqs|(req|resp|bereq|beresp)_\w+_bytes)",
    "compute_performance": r"compute_\w+_ms|compute_(ram_used|sandboxes)",
    "compute_errors": r"compute_\w+(errors?|exceeded)|compute_resp_status_[45]\w+",
    "content_guard": r"request_denied\w+",
    "content_security": r"bot_\w+",
    "ddos": r"ddos_\w+",
    "domain_api": r"api_discovery\w+",
    "fanout": r"fanout_\w+",
    "image_opto": r"imgopto\w*",
    "ngwaf": r"ngwaf_\w+",
    "object_storage": r"object_storage_\w+",
    "websockets": r"websocket_\w+",
}
METRICS = {
    name: frozenset(field for field in KNOWN if re.fullmatch(pattern, field))
    for name, pattern in SETS.items()
}
LIMIT, MOST = 1_000, 10_000
"""Rows of a page, if nothing else is asked for and at most [PY]."""


def get_aggregate(call: Call) -> Response:
    """All services as if they were one; for a token limited to services, those."""
    return _tell(call, covered(call))


def get_entity(call: Call) -> Response:
    """One service: the sandbox knows no other entities."""
    return _tell(call, [call.service()])


def _tell(call: Call, services: list[Service]) -> Response:
    wrong = Wrong()
    by = GRANULARITIES.get(call.params["granularity"], "")
    if not by:
        wrong.append(("granularity", "'granularity' must be minutely, hourly or daily"))
    usual = USUAL.get(by, "now")
    window = Window(wrong.moment(call, "from", usual), wrong.moment(call, "to", "now"), by)
    sets = wrong.listed(call, "metric_set", frozenset(SETS))
    metrics = frozenset(wrong.listed(call, "metric", KNOWN)).union(
        *(METRICS.get(name, ()) for name in sets)
    )
    group_by = wrong.listed(call, "group_by", frozenset({"region", "datacenter"}))
    regions = wrong.listed(call, "region", frozenset(STATS_REGIONS))
    pops = wrong.listed(call, "datacenter")
    limit = wrong.number(call, "limit", LIMIT, MOST) or LIMIT
    cursor = wrong.number(call, "cursor", 0, 999_999_999)
    if wrong:
        raise errors.invalid_metrics(*wrong)
    wanted = [
        code
        for code, region in REGION_OF.items()
        if (not regions or region in regions) and (not pops or code in pops)
    ]
    by_pop = bool(pops) or "datacenter" in group_by
    look = _by_pop if by_pop else _by_region
    found, periods = asked(call, services, window, by_pop=by_pop)
    end = cursor + limit
    meta: Row = {
        "from": stamp(window.start),
        "to": stamp(window.end),
        "group_by": ",".join(group_by),
        "limit": limit,
    }

    def told() -> Iterator[bytes]:
        data: list[Row] = []
        for start in periods:
            sums: dict[tuple[str, ...], dict[Measures, Counts]] = {}
            for flow in found:
                measure = measures(flow)
                for code, counts in look(flow, start, start + periods.step, wanted):
                    place = {"datacenter": code, "region": REGION_OF[code]}
                    alike = sums.setdefault(tuple(place[name] for name in group_by), {})
                    alike[measure] = alike.get(measure, 0) + counts
            at = stamp(datetime.fromtimestamp(start, UTC))
            for key in sorted(sums):
                fields = _row(sums[key], metrics or METRICS["delivery_traffic_flow"])
                if fields:
                    data.append({"timestamp": at} | dict(zip(group_by, key, strict=True)) | fields)
            yield b""
        meta["next_cursor"] = str(end) if end < len(data) else ""
        yield dumped({"meta": meta, "data": data[cursor:end]})

    return Parts(told())


def _row(sums: dict[Measures, Counts], metrics: frozenset[str]) -> Row:
    fields: dict[str, int] = {}
    for measure, counts in sums.items():
        put_together(fields, measure(counts))
    return {name: value for name, value in finished(fields).items() if value and name in metrics}


def _by_pop(flow: Flow, start: int, end: int, wanted: list[str]) -> Iterator[tuple[str, Counts]]:
    if wanted:
        for code, parts in flow.by_pop(start, end, only=wanted).items():
            yield code, parts[0]


def _by_region(flow: Flow, start: int, end: int, wanted: list[str]) -> Iterator[tuple[str, Counts]]:
    """Each region, under the name of its first POP: that is faster than POP by POP."""
    for by_region in flow.series([(start, end)]):
        for region, counts in zip(REGIONS.values(), by_region, strict=True):
            first = next(iter(region.pops))
            if first in wanted:
                yield first, counts
