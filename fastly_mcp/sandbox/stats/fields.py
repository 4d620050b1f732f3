"""The measurements of a row: their names, and how they follow from counts of requests."""

from collections.abc import Iterator
from functools import lru_cache
from operator import mul, sub

from fastly_mcp.sandbox.state import Row
from fastly_mcp.sandbox.stats.traffic import KINDS, Counts, Flow

CODES = (200, 204, 206, 301, 302, 304, 400, 401, 403, 404, 416, 429, 500, 501, 502, 503, 504, 505)
"""The statuses with fields of their own that every service of Fastly's counts."""
CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
SIZES = ("1k", "10k", "100k", "1m", "10m", "100m", "1g")


def many(text: str) -> frozenset[str]:
    """Names in short: `edge_{requests,hit_requests}`, separated by blanks."""
    names = set()
    for word in text.split():
        before, brace, rest = word.partition("{")
        inside, _, after = rest.partition("}")
        names |= {f"{before}{part}{after}" for part in inside.split(",")} if brace else {word}
    return frozenset(names)


STATUSES = frozenset(f"status_{code}" for code in (*CODES, *CLASSES))
ALWAYS = STATUSES | many(
    """
    attack_{req,logged_req,blocked_req,passed_req}_body_bytes
    attack_{req,logged_req,blocked_req,passed_req}_header_bytes
    attack_resp_synth_bytes bandwidth bereq_{body,header}_bytes blacklist {body,header}_size
    compute_{execution_time_ms,ram_used,request_time_ms,requests} edge_requests
    edge_resp_{body,header}_bytes errors hits hits_time http2 hit_resp_body_bytes imgopto
    imgopto_{resp,shield_resp}_body_bytes imgopto_{resp,shield_resp}_header_bytes
    ipv6 log log_bytes miss miss_resp_body_bytes miss_time object_size_{1k,10k,100k,1m,10m,100m,1g}
    orig_req_{body,header}_size orig_resp_{body,header}_size
    origin_fetch_{body,header,resp_body,resp_header}_bytes origin_{fetches,revalidations}
    otfp otfp_{deliver_time,manifests,resp_body_bytes,resp_header_bytes}
    otfp_shield_{resp_body_bytes,resp_header_bytes,time} pass pass_resp_body_bytes pass_time
    pci pipe {req,resp}_body_bytes {req,resp}_header_bytes requests restarts
    {deliver,error,fetch,hash,hit,miss,pass,pipe,predeliver,prehash,recv}_sub_count
    {deliver,error,fetch,hash,hit,miss,pass,pipe,predeliver,prehash,recv}_sub_time
    segblock_{origin,shield}_fetches shield
    shield_fetch_{body,header,resp_body,resp_header}_bytes shield_{fetches,revalidations}
    shield_resp_{body,header}_bytes synth tls tls_handshake_sent_bytes
    tls_{v10,v11,v12,v13} uncacheable video waf_{blocked,logged,passed}
    """
)
"""What a row tells even where it is 0 [go-fastly stats/aggregate.yaml]; the rest is left out."""
BOT_KINDS = (
    "analyzed,detected,verified,ai_crawler,ai_fetcher,accessibility,content_fetcher,monitoring,"
    "online_marketing,page_preview,platform_integrations,research,search_engine_crawler,"
    "search_engine_optimization,security_tools,headless"
)
CHALLENGES = (
    "{challenges_issued,challenges_succeeded,challenges_failed,challenges_pats_issued,"
    "challenges_pats_succeeded,challenge_complete_tokens_issued}"
)
COMPUTE_LIMITS = "compute_{resource,heap,stack,globals}_limit_exceeded"
SOMETIMES = (
    frozenset(f"compute_resp_status_{code}" for code in (103, *CODES, 530, *CLASSES))
    | frozenset(f"{group}_status_{klass}" for group in ("all", "aia") for klass in CLASSES)
    | many(
        f"""
        hit_ratio origin_offload origin_cache_fetches origin_cache_fetch_resp_{{body,header}}_bytes
        edge_{{hit,miss}}_requests edge_{{hit,miss}}_resp_body_bytes
        edge_{{hit,miss}}_resp_header_bytes shield_{{hit,miss}}_requests shield_cache_fetches
        shield_{{hit,miss}}_resp_body_bytes shield_{{hit,miss}}_resp_header_bytes
        status_{{406,499,530}} http3 upgrade
        all_{{hit,miss,pass,error,synth,edge_hit,edge_miss}}_requests
        imgopto_{{input_image_bytes,output_image_bytes,shield,transforms,compute_requests}}
        imgopto_{{avif,jpeg,png,gif,webp,jpegxl,svg,mp4}}_count imgvideo imgvideo_shield
        imgvideo_{{frames,resp_header_bytes,resp_body_bytes}}
        imgvideo_shield_{{frames,resp_header_bytes,resp_body_bytes}}
        compute_{{request_time_billed_ms,bereqs,bereq_errors,guest_errors,runtime_errors,sandboxes}}
        compute_{{req,resp,bereq,beresp}}_body_bytes compute_{{req,resp,bereq,beresp}}_header_bytes
        {COMPUTE_LIMITS} compute_{{handoff,cache_operations_count}}
        compute_service_{{bereq_error,memory_exceeded_error,resource_limits_error,runtime_error}}
        compute_service_{{chain_error,timeout_error,vcpu_exceeded_error,limits_error}}
        compute_platform_{{internal_error,invalid_request_error}}
        compute_service_bereq_{{dns,conn_timeout,conn_refused,conn_other,conn,tls,http,other}}_error
        compute_service_bereq_{{tls_server_cert,tls_other,http_proto_v1,http_proto_v2}}_error
        compute_service_bereq_{{http_incomplete,http_timeout,http_other,5xx}}_error
        {{websocket,fanout}}_req_header_bytes {{websocket,fanout}}_req_body_bytes
        {{websocket,fanout}}_resp_header_bytes {{websocket,fanout}}_resp_body_bytes
        {{websocket,fanout}}_bereq_header_bytes {{websocket,fanout}}_bereq_body_bytes
        {{websocket,fanout}}_beresp_header_bytes {{websocket,fanout}}_beresp_body_bytes
        {{websocket,fanout}}_conn_time_ms fanout_{{recv,send}}_publishes
        {{kv,object}}_store_class_a_operations {{kv,object}}_store_class_b_operations
        object_storage_class_{{a,b}}_operations_count
        ddos_action_{{limit_streams_connections,limit_streams_requests,tarpit_accept,tarpit}}
        ddos_action_{{close,blackhole,downgrade,downgraded_connections}}
        ddos_protection_requests_{{detect,mitigate,allow}}_count
        {{bot,ddos}}_challenge_starts bot_challenge_complete_tokens_disabled
        {{bot,ddos}}_challenge_complete_tokens_passed {{bot,ddos}}_challenge_complete_tokens_failed
        {{bot,ddos}}_challenge_complete_tokens_checked
        bot_{CHALLENGES} ddos_{CHALLENGES} bot_edge_{CHALLENGES}
        bot_requests_total_count bot_edge_requests_{{{BOT_KINDS}}}_count
        request_denied_get_head_body request_collapse_{{usable,unusable}}_count
        aia_{{requests,response_usage_tokens,origin_usage_tokens,estimated_time_saved_ms}}
        ngwaf_requests_{{total,unknown,allowed,logged,blocked,timeout,challenged}}_count
        ngwaf_bot_analysis_request_count api_discovery_requests_count
        dns_{{billable,nonbillable}}_responses_count
        arc_requests arc_ai_firewall_{{requests,blocked}}
        netprotect_gre_sent_{{bytes,packets}} netprotect_received_{{bytes,packets}}
        netprotect_firewall_dropped_{{bytes,packets}}
        api_enforcement_{{allowed,flagged}}_requests_count
        """
    )
)
"""The other fields of the official client's model [PY results.py]."""
KNOWN = ALWAYS | SOMETIMES
ZEROS: Row = dict.fromkeys(sorted(ALWAYS), 0)

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

    def __init__(self, is_compute: bool, size: int, wait: int) -> None:
        bodies = {200: size, 206: size // 2, 404: min(size, 1_200), 503: ERROR_PAGE}
        self.body = tuple(bodies.get(kind.status, 0) for kind in KINDS)
        self.wait = tuple(int(kind.wait * wait * 1000) for kind in KINDS)
        self.size = next((at for at in range(7) if size <= 1024 * 10**at), 6)
        table = self._compute() if is_compute else self._delivery()
        by_weights: dict[Weights, list[str]] = {}
        for names, weights in table:
            if any(weights):
                by_weights.setdefault(weights, []).extend(many(names))
        self.table = tuple(by_weights.items())

    def __call__(self, counts: Counts) -> dict[str, int]:
        """All that adds up, times in microseconds. What is 0 is missing."""
        fields = {}
        for weights, names in self.table:
            number = sum(map(mul, counts, weights))
            if number:
                for name in names:
                    fields[name] = number
        return fields

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
def _measures(is_compute: bool, size: int, wait: int) -> Measures:
    return Measures(is_compute, size, wait)


def measures(flow: Flow) -> Measures:
    """Services whose requests weigh the same share them."""
    traffic = flow.traffic
    return _measures(flow.service.type == "wasm", traffic.bytes_per_request, traffic.origin_ms)


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


TIMES = frozenset(name for name in KNOWN if name.endswith("_time"))


def add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def finished(fields: dict[str, int]) -> Row:
    """Sums as they are told: times in seconds, and with the ratios. What is 0 stays out."""
    row: Row = dict(fields)
    for name in TIMES & row.keys():
        row[name] = plain(row[name] / 1_000_000)
    cached = fields.get("hits", 0) + fields.get("miss", 0)
    if cached:
        row["hit_ratio"] = plain(fields.get("hits", 0) / cached)
    fetched, sent = (
        fields.get(f"{side}_body_bytes", 0) + fields.get(f"{side}_header_bytes", 0)
        for side in ("origin_fetch_resp", "edge_resp")
    )
    if sent:
        row["origin_offload"] = plain(1 - fetched / sent)
    return row


def plain(number: float) -> float:
    """A whole number is told without a fraction, as Go and JavaScript do."""
    return int(number) if number.is_integer() else number
