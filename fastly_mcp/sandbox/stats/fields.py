"""The measurements of a row, and how they follow from counts of requests."""

from collections.abc import Iterator
from functools import lru_cache
from operator import mul, sub

from fastly_mcp.sandbox.state import Row
from fastly_mcp.sandbox.stats.lanes import packed, unpacked
from fastly_mcp.sandbox.stats.names import KNOWN, MADE_OF, SIZES, many
from fastly_mcp.sandbox.stats.traffic import Flow
from fastly_mcp.sandbox.stats.visitors import KINDS, Counts

HEADERS, REQUEST_HEADERS, FETCH_HEADERS = 480, 610, 415
"""Bytes of a response's headers, of a request's, and of a request to an origin."""
ERROR_PAGE = 450
OUTCOMES = ("hits", "miss", "pass", "synth", "errors")
ORIGIN = ("miss", "pass", "errors")
"""The outcomes for which an origin was asked."""
SUB_TIMES = {"recv": 23, "hash": 2, "prehash": 1, "deliver": 15, "predeliver": 1}
"""Microseconds in the subroutines of VCL that every request passes."""

Weights = tuple[int, ...]
"""What one request of each kind adds to a field."""


class Measures:
    """The fields of one service: each is a sum of counts, weighted by kind of request."""

    def __init__(self, is_compute: bool, size: int, wait: int, only: frozenset[str]) -> None:
        bodies = {200: size, 206: size // 2, 404: min(size, 1_200), 503: ERROR_PAGE}
        self.body = tuple(bodies.get(kind.status, 0) for kind in KINDS)
        self.wait = tuple(int(kind.wait * wait * 1000) for kind in KINDS)
        self.size = next((at for at in range(7) if size <= 1024 * 10**at), 6)
        by_weights: dict[Weights, list[str]] = {}
        for names, weights in self._compute() if is_compute else self._delivery():
            wanted = many(names) & only
            if wanted and any(weights):
                by_weights.setdefault(weights, []).extend(sorted(wanted))
        self.names = tuple(
            (name, at) for at, names in enumerate(by_weights.values()) for name in names
        )
        """Which of the sums each field is."""
        self.sums = len(by_weights)
        self.columns = [packed(weights) for weights in zip(*by_weights, strict=True)]
        """By kind: what one request adds to each sum."""

    def __call__(self, counts: Counts) -> Row:
        """All that adds up, times in microseconds. What is 0 is missing."""
        each = sum(map(mul, unpacked(counts, len(KINDS)), self.columns))
        sums = unpacked(each, self.sums)
        return {name: sums[at] for name, at in self.names if sums[at]}

    def _delivery(self) -> Iterator[tuple[str, Weights]]:
        all_, body, wait = of(*OUTCOMES), self.body, self.wait
        heads, origin_body = times(all_, HEADERS), times(of("miss", "pass"), body)
        yield "requests edge_requests {recv,hash,prehash,deliver,predeliver}_sub_count", all_
        for name, each in SUB_TIMES.items():
            yield f"{name}_sub_time", times(all_, each)
        yield "{resp_body_bytes,edge_resp_body_bytes,body_size}", body
        yield "{resp_header_bytes,edge_resp_header_bytes,header_size}", heads
        yield "{req_header_bytes,orig_resp_header_size}", times(all_, REQUEST_HEADERS)
        fetches = of(*ORIGIN)
        asked = times(fetches, FETCH_HEADERS)
        yield "bereq_header_bytes orig_req_header_size origin_fetch_header_bytes", asked
        yield "bandwidth", plus(body, heads, asked)
        yield "hits edge_hit_requests hit_sub_count all_{hit,edge_hit}_requests", of("hits")
        yield "hits_time", times(of("hits"), 84)
        yield "hit_sub_time", times(of("hits"), 3)
        yield "{,edge_}hit_resp_body_bytes", times(of("hits"), body)
        yield "edge_hit_resp_header_bytes", times(of("hits"), HEADERS)
        yield "miss edge_miss_requests miss_sub_count origin_cache_fetches", of("miss")
        yield "all_{miss,edge_miss}_requests", of("miss")
        yield "miss_time", plus(times(of("miss"), wait), times(of("miss"), 900))
        yield "miss_sub_time", times(of("miss"), 1)
        yield "{miss,edge_miss,origin_cache_fetch}_resp_body_bytes", times(of("miss"), body)
        yield "{edge_miss,origin_cache_fetch}_resp_header_bytes", times(of("miss"), HEADERS)
        yield "pass pass_sub_count uncacheable all_pass_requests", of("pass")
        yield "pass_time", plus(times(of("pass"), wait), times(of("pass"), 700))
        yield "pass_sub_time", times(of("pass"), 1)
        yield "pass_resp_body_bytes", times(of("pass"), body)
        yield "synth all_synth_requests", of("synth")
        yield "errors all_error_requests", of("errors")
        yield "error_sub_count", of("errors", "synth")
        yield "error_sub_time", times(of("errors", "synth"), 6)
        yield "origin_fetches", fetches
        yield "fetch_sub_count", of("miss", "pass")
        yield "fetch_sub_time", times(of("miss", "pass"), 9)
        yield "origin_fetch_resp_body_bytes", origin_body
        yield "origin_fetch_resp_header_bytes", times(of("miss", "pass"), HEADERS)
        # HTTP is redirected to HTTPS by a synthetic answer.
        yield "tls", of("hits", "miss", "pass", "errors")
        yield "tls_handshake_sent_bytes", times(by(protocol={1}), 310)
        whole = by(status={200})
        yield f"object_size_{SIZES[self.size]}", whole
        yield "object_size_1k", minus(all_, whole)
        yield from _protocols(of("hits", "miss", "pass", "errors"))
        yield from _statuses("status_")
        yield from _statuses("all_status_", only_classes=True)

    def _compute(self) -> Iterator[tuple[str, Weights]]:
        """Compute's traffic is in fields of its own, requests and hits are 0 [TK fields.md]."""
        all_, body = of(*OUTCOMES), self.body
        heads, fetches = times(all_, HEADERS), of(*ORIGIN)
        asked, waited = times(fetches, FETCH_HEADERS), tuple(wait // 1000 for wait in self.wait)
        yield "compute_requests compute_sandboxes edge_requests", all_
        yield "compute_execution_time_ms", times(all_, 2)
        yield "compute_request_time_ms", plus(times(all_, 3), waited)
        # Billed in steps of 50 ms.
        yield "compute_request_time_billed_ms", tuple(-(-(3 + each) // 50) * 50 for each in waited)
        yield "compute_ram_used", times(all_, 4_194_304)
        yield "compute_req_header_bytes req_header_bytes", times(all_, REQUEST_HEADERS)
        yield "{compute_resp_body_bytes,resp_body_bytes,edge_resp_body_bytes,body_size}", body
        yield (
            "{compute_resp_header_bytes,resp_header_bytes,edge_resp_header_bytes,header_size}",
            heads,
        )
        yield "compute_bereqs origin_fetches", fetches
        yield "compute_bereq_header_bytes bereq_header_bytes origin_fetch_header_bytes", asked
        yield "bandwidth", plus(body, heads, asked)
        answered = of("miss", "pass")
        yield "{compute_beresp,origin_fetch_resp}_body_bytes", times(answered, body)
        yield "{compute_beresp,origin_fetch_resp}_header_bytes", times(answered, HEADERS)
        yield "compute_bereq_errors compute_service_bereq_5xx_error", of("errors")
        yield "tls", of("hits", "miss", "pass", "errors")
        yield from _protocols(of("hits", "miss", "pass", "errors"))
        yield from _statuses("compute_resp_status_")
        yield from _statuses("all_status_", only_classes=True)


@lru_cache
def _measures(is_compute: bool, size: int, wait: int, only: frozenset[str]) -> Measures:
    return Measures(is_compute, size, wait, only)


def measures(flow: Flow, field: str | None = None) -> Measures:
    """Services whose requests weigh the same share them; for one field only what tells it."""
    traffic = flow.traffic
    only = KNOWN if field is None else MADE_OF.get(field, frozenset({field}))
    return _measures(
        flow.service.type == "wasm", traffic.bytes_per_request, traffic.origin_ms, only
    )


def of(*outcomes: str) -> Weights:
    return tuple(int(kind.outcome in outcomes) for kind in KINDS)


def by(*, protocol: set[int] | None = None, status: set[int] | None = None) -> Weights:
    return tuple(
        int(
            (protocol is None or kind.protocol in protocol)
            and (status is None or kind.status in status)
        )
        for kind in KINDS
    )


def times(weights: Weights, factor: int | Weights) -> Weights:
    if isinstance(factor, int):
        return tuple(weight * factor for weight in weights)
    return tuple(map(mul, weights, factor))


def plus(*weights: Weights) -> Weights:
    return tuple(map(sum, zip(*weights, strict=True)))


def minus(weights: Weights, others: Weights) -> Weights:
    return tuple(map(sub, weights, others))


def _protocols(secure: Weights) -> Iterator[tuple[str, Weights]]:
    yield "tls_v12", times(by(protocol={1}), secure)
    yield "tls_v13", times(by(protocol={2, 3}), secure)
    yield "http2", by(protocol={2})
    yield "http3 ipv6", by(protocol={3})


def _statuses(prefix: str, *, only_classes: bool = False) -> Iterator[tuple[str, Weights]]:
    for code in sorted({kind.status for kind in KINDS}):
        if not only_classes:
            yield f"{prefix}{code}", by(status={code})
    for klass in range(1, 6):
        yield f"{prefix}{klass}xx", by(status=set(range(klass * 100, klass * 100 + 100)))


TIMES = tuple(name for name in KNOWN if name.endswith("_time"))


def put_together(total: Row, more: Row) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def finished(row: Row) -> Row:
    """The sums, turned into what is told: times in seconds, and with the ratios."""
    for name in TIMES:
        if name in row:
            row[name] = plain(row[name] / 1_000_000)
    hits = row.get("hits", 0)
    if cached := hits + row.get("miss", 0):
        row["hit_ratio"] = plain(hits / cached)
    if sent := row.get("edge_resp_body_bytes", 0) + row.get("edge_resp_header_bytes", 0):
        fetched = row.get("origin_fetch_resp_body_bytes", 0) + row.get(
            "origin_fetch_resp_header_bytes", 0
        )
        row["origin_offload"] = plain(1 - fetched / sent)
    return row


def plain(number: float) -> float:
    """A whole number is told without a fraction, as Go and JavaScript do."""
    return int(number) if number.is_integer() else number
