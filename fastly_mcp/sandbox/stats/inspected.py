"""What Domain Inspector and Origin Inspector measure, and of which parts of a service.

Invented: how traffic is shared out among domains (in their order, the first has most) and origins
(by weight); that the shares are those of today's configuration.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastly_mcp.sandbox.state import Row, Service, World
from fastly_mcp.sandbox.stats.fields import HEADERS, ORIGIN, finished, measures, plain
from fastly_mcp.sandbox.stats.lanes import unpacked
from fastly_mcp.sandbox.stats.names import CODES, many
from fastly_mcp.sandbox.stats.traffic import Flow
from fastly_mcp.sandbox.stats.visitors import KINDS, REGION_OF, Counts

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


def parted(
    flow: Flow, parts: dict[str, int], dimension: str, start: int, end: int
) -> Iterator[tuple[dict[str, str], Counts]]:
    """The counts of each domain or host at each POP, with what they are counts of."""
    for code, shared in flow.by_pop(start, end, tuple(parts.values())).items():
        for part, counts in zip(parts, shared, strict=True):
            if counts:
                yield {dimension: part, "region": REGION_OF[code], "datacenter": code}, counts
