"""The names of all measurements in /stats."""

from fastly_mcp.sandbox.state import Row

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
MADE_OF = {
    "hit_ratio": frozenset({"hits", "miss"}),
    "origin_offload": many(
        "{edge,origin_fetch}_resp_body_bytes {edge,origin_fetch}_resp_header_bytes"
    ),
}
"""What the ratios are made of."""
ZEROS: Row = dict.fromkeys(sorted(ALWAYS), 0)
