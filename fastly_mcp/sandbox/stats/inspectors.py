"""Domain Inspector and Origin Inspector: one service's traffic by domain or by origin host.

Both have one form. Invented: how traffic is shared out among domains (in their order, the first
has most) and origins (by weight); that the shares are those of today's configuration; what an
omitted `group_by` means; the reasons of refusals but for those of times and metrics.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import dumped
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row, Service, World, stamp
from fastly_mcp.sandbox.stats import chronic
from fastly_mcp.sandbox.stats.fields import HEADERS, ORIGIN, finished, measures, plain
from fastly_mcp.sandbox.stats.lanes import unpacked
from fastly_mcp.sandbox.stats.names import CODES, many
from fastly_mcp.sandbox.stats.sending import Parts
from fastly_mcp.sandbox.stats.traffic import Flow, flows
from fastly_mcp.sandbox.stats.visitors import KINDS, REGION_OF, Counts
from fastly_mcp.sandbox.stats.windows import PERIODS, STATS_REGIONS, USUAL, Window

MOST = 1_000
"""Periods of one answer."""
STATUSES = tuple(f"status_{code}" for code in (*CODES, 530, "1xx", "2xx", "3xx", "4xx", "5xx"))
BUCKETS = (1, 5, 10, 50, 100, 250, 500, 1_000, 5_000, 10_000, 60_000)
LATENCIES = (
    *(f"latency_{low}_to_{high}ms" for low, high in zip((0, *BUCKETS), BUCKETS, strict=False)),
    "latency_60000ms",
)
ORIGIN_METRICS = frozenset(
    f"{source}{name}"
    for source in ("", "waf_", "compute_", "all_")
    for name in ("responses", "resp_header_bytes", "resp_body_bytes", *STATUSES, *LATENCIES)
)
DOMAIN_METRICS = (
    frozenset(STATUSES)
    | {f"{source}_{name}" for source in ("origin", "compute_origin") for name in STATUSES}
    | {f"compute_resp_{name}" for name in (*STATUSES, "status_103")}
    | many(
        """
        edge_{requests,hit_requests,miss_requests,resp_header_bytes,resp_body_bytes,hit_ratio}
        requests {resp,bereq}_header_bytes {resp,bereq}_body_bytes bandwidth
        origin_{fetches,fetch_resp_header_bytes,fetch_resp_body_bytes,offload}
        compute_{request,requests,bereqs,bereq_errors,execution_time_ms,request_time_ms}
        compute_{req,resp,bereq,beresp}_header_bytes compute_{req,resp,bereq,beresp}_body_bytes
        compute_request_time_billed_ms http2 http3 tls_{v10,v11,v12,v13} status_499
        """
    )
)


@dataclass(frozen=True, slots=True)
class Inspector:
    """What tells the two apart."""

    product: str
    dimension: str
    usual: str
    """The metric that is told if none is asked for [PY]."""
    metrics: frozenset[str]
    parts: Callable[[World, Service], dict[str, int]]
    """The domains or hosts and their weights."""
    measure: Callable[[Flow, Counts], Row]


def domains_of(world: World, service: Service) -> dict[str, int]:
    names = [
        str(row["name"]) for row in (service.active or service.newest).objects.get("domains", ())
    ]
    names += [
        str(row["fqdn"])
        for row in world.collection("domains").values()
        if row["service_id"] == service.id
    ]
    return {name: max(1, 60 // at) for at, name in enumerate(dict.fromkeys(names), 1)}


def origins_of(world: World, service: Service) -> dict[str, int]:
    weights: dict[str, int] = defaultdict(int)
    for row in (service.active or service.newest).objects.get("backends", ()):
        weight = row.get("weight")
        weights[str(row["address"])] += weight if isinstance(weight, int) and weight > 0 else 100
    return dict(weights)


def measure_domain(flow: Flow, counts: Counts) -> Row:
    row = finished(measures(flow)(counts))
    cached = row.get("edge_hit_requests", 0) + row.get("edge_miss_requests", 0)
    if cached:
        row["edge_hit_ratio"] = plain(row.get("edge_hit_requests", 0) / cached)
    source = "compute_origin_" if flow.service.type == "wasm" else "origin_"
    for kind, count in zip(KINDS, unpacked(counts, len(KINDS)), strict=True):
        if kind.outcome in ORIGIN and count:
            for name in (f"{source}status_{kind.status}", f"{source}status_{kind.status // 100}xx"):
                row[name] = row.get(name, 0) + count
    return {name: value for name, value in row.items() if name in DOMAIN_METRICS}


def measure_origin(flow: Flow, counts: Counts) -> Row:
    """What an origin answered; errors are its answers too."""
    told: dict[str, int] = defaultdict(int)
    measure = measures(flow)
    lines = zip(KINDS, unpacked(counts, len(KINDS)), measure.body, measure.wait, strict=True)
    for kind, count, body, wait in lines:
        if kind.outcome not in ORIGIN or not count:
            continue
        bucket = next((at for at, high in enumerate(BUCKETS) if wait < high * 1_000), len(BUCKETS))
        told["responses"] += count
        told["resp_header_bytes"] += count * HEADERS
        told["resp_body_bytes"] += count * body
        told[f"status_{kind.status}"] += count
        told[f"status_{kind.status // 100}xx"] += count
        told[LATENCIES[bucket]] += count
    source = "compute_" if flow.service.type == "wasm" else ""
    return {
        f"{each}{name}": value for each in (source, "all_") for name, value in told.items() if value
    }


DOMAINS = Inspector(
    "domain_inspector", "domain", "edge_requests", DOMAIN_METRICS, domains_of, measure_domain
)
ORIGINS = Inspector(
    "origin_inspector", "host", "responses", ORIGIN_METRICS, origins_of, measure_origin
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an inspector."""

    window: Window
    metrics: tuple[str, ...]
    group_by: tuple[str, ...]
    filters: dict[str, tuple[str, ...]]
    """By dimension: the values that count."""
    limit: int
    cursor: int

    @property
    def meta(self) -> Row:
        """As it is told."""
        by = ",".join(self.group_by)
        return {
            "start": stamp(self.window.start),
            "end": stamp(self.window.end),
            "downsample": self.window.by,
            "metric": ",".join(self.metrics),
            "limit": self.limit,
            "sort": by,
            "group_by": by,
            "filters": {f"{name}s": ",".join(words) for name, words in self.filters.items()},
        }

    def passes(self, dimensions: dict[str, str]) -> bool:
        return all(dimensions[name] in wanted for name, wanted in self.filters.items())


class Wrong(list[tuple[str, str]]):
    """The parameters that do not fit, each with the reason; all are told at once."""

    def listed(self, call: Call, name: str, known: frozenset[str] | None = None) -> tuple[str, ...]:
        """The words of a parameter, which stand between commas."""
        words = tuple(word for word in call.query.get(name, "").split(",") if word)
        unknown = [word for word in words if known is not None and word not in known]
        if unknown:
            what = "metric names" if name == "metric" else f"values of '{name}'"
            self.append((name, f"Unrecognized {what}: '{', '.join(unknown)}'"))
        return words

    def moment(self, call: Call, name: str, usual: str) -> datetime:
        try:
            if call.query.get(name):
                return chronic.instant(call.query[name])
        except ValueError:
            self.append((name, f"failed to parse '{name}' time"))
        return chronic.read(usual, call.now)

    def number(self, call: Call, name: str, usual: int, most: int) -> int:
        text = call.query.get(name) or str(usual)
        if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= most:
            return int(text)
        self.append((name, f"'{name}' must be a number of at most {most}"))
        return usual


def read_question(call: Call, inspector: Inspector) -> Question:
    """The question in the query. Raises the 400 that names all that is wrong."""
    wrong = Wrong()
    by = call.query.get("downsample") or "hour"
    if by not in PERIODS:
        wrong.append(("downsample", f"Unrecognized values of 'downsample': '{by}'"))
        by = "hour"
    dimensions = frozenset({inspector.dimension, "region", "datacenter", "none"})
    metrics = wrong.listed(call, "metric", inspector.metrics) or (inspector.usual,)
    group_by = wrong.listed(call, "group_by", dimensions) or (inspector.dimension,)
    filters = {
        "datacenter": wrong.listed(call, "datacenter"),
        inspector.dimension: wrong.listed(call, inspector.dimension),
        "region": wrong.listed(call, "region", frozenset(STATS_REGIONS)),
    }
    window = Window(wrong.moment(call, "start", USUAL[by]), wrong.moment(call, "end", "now"), by)
    limit = wrong.number(call, "limit", 100, 200) or 100
    cursor = wrong.number(call, "cursor", 0, 999_999_999)
    if not wrong and len(window.periods(call.now)) > MOST:
        wrong.append(("start", "time range is too large for 'downsample'"))
    if wrong:
        raise errors.invalid_metrics(*wrong)
    filters = {name: words for name, words in filters.items() if words}
    return Question(window, metrics, group_by, filters, limit, cursor)


def parted(
    flow: Flow, parts: dict[str, int], dimension: str, start: int, end: int
) -> Iterator[tuple[dict[str, str], Counts]]:
    """The counts of each domain or host at each POP, with what they are counts of."""
    for code, shared in flow.by_pop(start, end, tuple(parts.values())).items():
        for part, counts in zip(parts, shared, strict=True):
            if counts:
                yield {dimension: part, "region": REGION_OF[code], "datacenter": code}, counts


def inspect(call: Call, inspector: Inspector) -> Response:
    """Time series, one for each combination of what it is grouped by; zeros are left out."""
    service, question = call.service(), read_question(call, inspector)
    parts = inspector.parts(call.world, service) if inspector.product in service.products else {}
    found = flows(call.world, [service], call.now) if parts else []
    return Parts(_series(inspector, question, found, parts, question.window.periods(call.now)))


def _series(
    inspector: Inspector,
    question: Question,
    visited: list[Flow],
    parts: dict[str, int],
    periods: range,
) -> Iterator[bytes]:
    found: dict[tuple[str, ...], list[Row]] = {}
    group_by = tuple(name for name in question.group_by if name != "none")
    for flow in visited:
        for start in periods:
            sums: dict[tuple[str, ...], Counts] = {}
            for dimensions, counts in parted(
                flow, parts, inspector.dimension, start, start + periods.step
            ):
                if question.passes(dimensions):
                    key = tuple(dimensions[name] for name in group_by)
                    sums[key] = sums.get(key, 0) + counts
            for key, counts in sums.items():
                told = inspector.measure(flow, counts)
                values = {name: told[name] for name in question.metrics if told.get(name)}
                if values:
                    found.setdefault(key, []).append(values | {"timestamp": start})
            yield b""
    data = [
        {"dimensions": dict(zip(group_by, key, strict=True)), "values": found[key]}
        for key in sorted(found)
    ]
    end = question.cursor + question.limit
    meta = question.meta | {"next_cursor": str(end) if end < len(data) else ""}
    yield dumped({"status": "success", "meta": meta, "data": data[question.cursor : end]})


def get_domains(call: Call) -> Response:
    return inspect(call, DOMAINS)


def get_origins(call: Call) -> Response:
    return inspect(call, ORIGINS)
