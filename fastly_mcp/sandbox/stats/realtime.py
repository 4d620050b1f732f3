"""Real time, as rt.fastly.com tells it: the last two minutes of a service, second by second.

A poll that finds nothing is kept waiting before it is told so, as the recorded one was for 1.5 s
[go-fastly realtime_stats/get.yaml, X-Timer]. Invented: that it always waits for WAIT seconds and
does not end sooner, that `ts/h` never waits, how a preflight is answered beyond the headers that
are recorded, refusals, and which seconds `ts/{n}/limit/{n}` tells (the newest).
"""

from collections.abc import Callable

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import JSON, dumped
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row
from fastly_mcp.sandbox.stats.fields import finished, measures
from fastly_mcp.sandbox.stats.inspected import DOMAINS, ORIGINS, Inspector, parted
from fastly_mcp.sandbox.stats.lanes import unpacked
from fastly_mcp.sandbox.stats.names import many
from fastly_mcp.sandbox.stats.traffic import Flow, flows
from fastly_mcp.sandbox.stats.visitors import KINDS, Counts

DELAY = 9
"""Seconds until a second is counted [go-fastly realtime_stats/get.yaml]."""
WAIT = 1.0
"""Seconds of a poll without data; these do not depend on the sandbox's clock."""
SECONDS = 120
"""How far back there are data."""
HEADERS = {
    "Accept-Ranges": "bytes",
    "Access-Control-Allow-Headers": "Fastly-Key, Content-Type",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Request-Headers": "Fastly-Key, Content-Type, Fastly-Client",
    "Age": "0",
    "Cache-Control": "max-age=1",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Vary": "Accept-Encoding, Fastly-Key, Cookie",
    "Via": "1.1 varnish, 1.1 varnish",
    "X-Cache": "MISS, MISS",
    "X-Fastly-Rts": "whistler-ams21040",
    "X-Served-By": "cache-ams21040-AMS, cache-ams21040-AMS",
}
NOT_IN_REAL_TIME = many("bandwidth hit_ratio tls_handshake_sent_bytes orig_{req,resp}_header_size")
"""[PY realtime_measurements.py]"""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Max-Age": "86400",
}
Second = Callable[[Flow, int], tuple[Row, Row]]
"""What one second was like, all in all and by POP."""


class Waiting(Response):
    """An answer that is held back, as there is nothing in it: who polls shall not ask at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(WAIT)
        await super().__call__(scope, receive, send)


def get_preflight(call: Call) -> Response:
    """What a browser asks before it asks with a token."""
    return Response(None, 204, HEADERS | PREFLIGHT)


def get_channel(call: Call) -> Response:
    return tell(call, _service)


def get_domains(call: Call) -> Response:
    return tell(call, lambda flow, second: _parts(call, flow, second, DOMAINS), DOMAINS.product)


def get_origins(call: Call) -> Response:
    return tell(call, lambda flow, second: _parts(call, flow, second, ORIGINS), ORIGINS.product)


def tell(call: Call, look: Second, product: str | None = None) -> Response:
    """The seconds since a timestamp, or the last ones; those without traffic are left out."""
    service = call.service()
    present = int(call.now.timestamp())
    newest = present - DELAY
    since, timestamp = _since(call, newest)
    data = []
    if product is None or product in service.products:
        for flow in flows(call.world, [service], call.now):
            for second in range(since, newest + 1):
                aggregated, by_pop = look(flow, second)
                if aggregated:
                    data.append(
                        {"recorded": second, "aggregated": aggregated, "datacenter": by_pop}
                    )
    body: Row = {"Data": data, "Timestamp": newest + 1, "AggregateDelay": DELAY}
    if data:
        return Response(dumped(body), 200, HEADERS, JSON)
    body |= {"Timestamp": timestamp or present, "Error": "No data available, please retry"}
    kind = Waiting if "timestamp" in call.params else Response
    return kind(dumped(body), 200, HEADERS, JSON)


def _since(call: Call, newest: int) -> tuple[int, int]:
    """The first second to tell, and the timestamp that was asked for, 0 if there was none."""
    text = call.params.get("timestamp", "h")
    limit = call.params.get("max_entries")
    for number in (text if text != "h" else "0", limit or "1"):
        if not (number.isascii() and number.isdigit() and len(number) <= 12):
            raise errors.bad_request(f"'{number}' is not a number")
    most = SECONDS if limit is None else min(SECONDS, int(limit))
    timestamp = 0 if text == "h" else int(text)
    if text != "h" and not timestamp and limit is None:
        most = 1
    return max(timestamp, newest + 1 - most), timestamp


def _service(flow: Flow, second: int) -> tuple[Row, Row]:
    shared = flow.by_pop(second, second + 1)
    counts = {code: parts[0] for code, parts in shared.items() if parts[0]}
    whole = sum(counts.values())
    return (
        _fields(flow, whole) if whole else {},
        {code: _fields(flow, each) for code, each in counts.items()},
    )


def _fields(flow: Flow, counts: Counts) -> Row:
    measure = measures(flow)
    row = finished(measure(counts))
    # By spans of ten milliseconds, each under its upper end.
    histogram: dict[str, int] = {}
    for kind, count, wait in zip(KINDS, unpacked(counts, len(KINDS)), measure.wait, strict=True):
        if kind.outcome == "miss" and count:
            end = str(wait // 10_000 * 10 + 10)
            histogram[end] = histogram.get(end, 0) + count
    told = {name: value for name, value in row.items() if name not in NOT_IN_REAL_TIME}
    return told | {"miss_histogram": histogram}


def _parts(call: Call, flow: Flow, second: int, inspector: Inspector) -> tuple[Row, Row]:
    """By domain or by host."""
    parts = inspector.parts(call.world, flow.service)
    if not parts:
        return {}, {}
    wholes: dict[str, Counts] = {}
    by_pop: dict[str, Row] = {}
    for dimensions, counts in parted(flow, parts, inspector.dimension, second, second + 1):
        name, code = dimensions[inspector.dimension], dimensions["datacenter"]
        told = inspector.measure(flow, counts)
        if told:
            by_pop.setdefault(code, {})[name] = told
            wholes[name] = wholes.get(name, 0) + counts
    return {name: inspector.measure(flow, counts) for name, counts in wholes.items()}, dict(by_pop)
