"""The kinds of objects that a version holds: a table, one row per kind.

Fields, types and defaults are recorded [go-fastly <resource>/list.yaml]; defaults that no recording
shows are from the documentation. A new kind is a new row here, or in `logs` for a log endpoint.
"""

from dataclasses import dataclass

from fastly_mcp.sandbox.services.fields import (
    Field,
    answer,
    digits,
    flag,
    flag_digit,
    names,
    optional,
    optional_flag,
    optional_whole,
    text,
    whole,
)
from fastly_mcp.sandbox.services.logs import LOGS

VERSION_IS_TEXT, VERSION_IS_NUMBER = True, False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of versioned object.

    `path` is its segment of the URL, `label` its name in Fastly's errors, `plural` its name in
    /details and in seeds. With `has_id` the objects have ids, which clones keep; `named_by` is the
    field that the URL names one by.
    """

    path: str
    label: str
    plural: str
    version_is_text: bool
    fields: dict[str, Field]
    has_id: bool = False
    named_by: str = "name"
    is_plain_name: bool = False
    """Whether the name may hold letters, digits, underscores and white space only."""
    has_deleted_at: bool = True

    @property
    def takes(self) -> frozenset[str]:
        return frozenset({"name", *self.fields})


POOL_FIELDS: dict[str, Field] = {
    "between_bytes_timeout": digits(10000),
    "comment": text(),
    "connect_timeout": digits(1000),
    "first_byte_timeout": digits(15000),
    "healthcheck": optional(),
    "max_conn_default": digits(200),
    "max_tls_version": optional_whole(),
    "min_tls_version": optional_whole(),
    "override_host": optional(),
    "quorum": digits(75),
    "request_condition": optional(),
    "shield": optional(),
    "tls_ca_cert": optional(),
    "tls_cert_hostname": optional(),
    "tls_check_cert": flag_digit(1),
    "tls_ciphers": optional(),
    "tls_client_cert": optional(),
    "tls_client_key": optional(),
    "tls_sni_hostname": optional(),
    "type": text("random"),
    "use_tls": flag_digit(),
}

BACKEND_FIELDS: dict[str, Field] = {
    "address": text(),
    "auto_loadbalance": flag(),
    "between_bytes_timeout": whole(10000),
    "client_cert": optional(),
    "comment": text(),
    "connect_timeout": whole(1000),
    "error_threshold": whole(0),
    "first_byte_timeout": whole(15000),
    "healthcheck": optional(),
    "hostname": optional(),
    "ipv4": optional(),
    "ipv6": optional(),
    "keepalive_time": optional_whole(),
    "max_conn": whole(200),
    "max_lifetime": whole(0),
    "max_tls_version": optional(),
    "max_use": whole(0),
    "min_tls_version": optional(),
    "override_host": optional(),
    "port": whole(80),
    "prefer_ipv6": flag(),
    "request_condition": text(),
    "share_key": optional(),
    "shield": optional(),
    "ssl_ca_cert": optional(),
    "ssl_cert_hostname": optional(),
    "ssl_check_cert": flag(default=True),
    "ssl_ciphers": optional(),
    "ssl_client_cert": optional(),
    "ssl_client_key": optional(),
    "ssl_hostname": optional(),
    "ssl_sni_hostname": optional(),
    "tcp_keepalive_enable": optional_flag(),
    "tcp_keepalive_interval": optional_whole(),
    "tcp_keepalive_probes": optional_whole(),
    "tcp_keepalive_time": optional_whole(),
    "use_ssl": flag(),
    "weight": whole(100),
}

HEALTHCHECK_FIELDS: dict[str, Field] = {
    "check_interval": whole(5000),
    "comment": text(),
    "expected_response": whole(200),
    "headers": names(),
    "host": text(),
    "http_version": text("1.1"),
    "initial": whole(2),
    "method": text("HEAD"),
    "path": text("/"),
    "threshold": whole(3),
    "timeout": whole(500),
    "window": whole(5),
}

RATE_LIMITER_FIELDS: dict[str, Field] = {
    "action": text("response"),
    "client_key": names(),
    "feature_revision": whole(1),
    "feature_update_available": flag(),
    "http_methods": names(),
    "logger_type": optional(),
    "penalty_box_duration": whole(1),
    "response": answer(),
    "response_object_name": optional(),
    "rps_limit": whole(10),
    "uri_dictionary_name": optional(),
    "window_size": whole(60),
}

KINDS: tuple[Kind, ...] = (
    Kind("acl", "ACL", "acls", VERSION_IS_TEXT, {}, has_id=True, is_plain_name=True),
    Kind("backend", "Backend", "backends", VERSION_IS_NUMBER, BACKEND_FIELDS),
    Kind(
        "cache_settings",
        "CacheSettings",
        "cache_settings",
        VERSION_IS_TEXT,
        {
            "action": optional(),
            "cache_condition": text(),
            "stale_ttl": digits(0),
            "ttl": digits(None),
        },
    ),
    Kind(
        "condition",
        "Condition",
        "conditions",
        VERSION_IS_TEXT,
        {"comment": text(), "priority": digits(10), "statement": text(), "type": text("REQUEST")},
    ),
    Kind(
        "dictionary",
        "Dictionary",
        "dictionaries",
        VERSION_IS_NUMBER,
        {"write_only": flag()},
        has_id=True,
        is_plain_name=True,
    ),
    Kind(
        "director",
        "Director",
        "directors",
        VERSION_IS_NUMBER,
        {
            "backends": names(),
            "capacity": whole(100),
            "comment": text(),
            "quorum": whole(75),
            "retries": whole(5),
            "shield": optional(),
            "type": whole(1),
        },
    ),
    Kind("domain", "Domain", "domains", VERSION_IS_NUMBER, {"comment": text()}),
    Kind(
        "gzip",
        "Gzip",
        "gzips",
        VERSION_IS_TEXT,
        {
            "cache_condition": text(),
            "content_types": text("text/html text/css application/javascript application/json"),
            "extensions": text("css js html json svg"),
        },
    ),
    Kind(
        "header",
        "Header",
        "headers",
        VERSION_IS_TEXT,
        {
            "action": text("set"),
            "cache_condition": optional(),
            "dst": text(),
            "ignore_if_set": flag_digit(),
            "priority": digits(100),
            "regex": text(),
            "request_condition": optional(),
            "response_condition": optional(),
            "src": text(),
            "substitution": text(),
            "type": text("response"),
        },
    ),
    Kind("healthcheck", "Healthcheck", "healthchecks", VERSION_IS_NUMBER, HEALTHCHECK_FIELDS),
    Kind("pool", "Pool", "pools", VERSION_IS_TEXT, POOL_FIELDS, has_id=True),
    Kind(
        "rate-limiters",
        "RateLimiter",
        "rate_limiters",
        VERSION_IS_NUMBER,
        RATE_LIMITER_FIELDS,
        has_id=True,
        named_by="id",
        has_deleted_at=False,
    ),
    Kind(
        "request_settings",
        "RequestSettings",
        "request_settings",
        VERSION_IS_TEXT,
        {
            # An empty one stays empty, though it starts as null.
            "action": Field(None, text().read),
            "bypass_busy_wait": flag_digit(),
            "default_host": optional(),
            "force_miss": flag_digit(),
            "force_ssl": flag_digit(),
            "geo_headers": flag_digit(),
            "hash_keys": optional(),
            "max_stale_age": digits(0),
            "request_condition": text(),
            "timer_support": flag_digit(),
            "xff": text("append"),
        },
    ),
    Kind(
        "resource",
        "Link",
        "resources",
        VERSION_IS_NUMBER,
        {"href": optional(), "resource_id": text(), "resource_type": text("secret-store")},
        has_id=True,
        named_by="id",
    ),
    Kind(
        "response_object",
        "ResponseObject",
        "response_objects",
        VERSION_IS_TEXT,
        {
            "cache_condition": text(),
            "content": text(),
            "content_type": text(),
            "request_condition": text(),
            "response": text("OK"),
            "status": digits(200),
        },
    ),
    Kind(
        "snippet",
        "Snippet",
        "snippets",
        VERSION_IS_TEXT,
        {
            "content": optional(),
            "dynamic": flag_digit(),
            "priority": digits(100),
            "type": text("none"),
        },
        has_id=True,
    ),
    Kind("vcl", "VCL", "vcls", VERSION_IS_NUMBER, {"content": text(), "main": flag()}),
    # Every log endpoint is called syslog in a 404, and by its own name in a 409.
    *(
        Kind(f"logging/{name}", "syslog", f"logging/{name}", VERSION_IS_TEXT, fields)
        for name, fields in LOGS.items()
    ),
)

BY_PLURAL = {kind.plural: kind for kind in KINDS}

WASM_DETAILS = ("backends", "domains", "healthchecks")
VCL_DETAILS = (
    "acls",
    "backends",
    "cache_settings",
    "conditions",
    "dictionaries",
    "directors",
    "domains",
    "gzips",
    "headers",
    "healthchecks",
    "request_settings",
    "response_objects",
    "snippets",
    "vcls",
    "wordpress",
)
DETAILS = {"vcl": VCL_DETAILS, "wasm": WASM_DETAILS}
"""The kinds that /details shows, by the type of the service; wordpress is always empty."""

SETTINGS: dict[str, Field] = {
    "general.default_host": text(),
    "general.default_pci": whole(0),
    "general.default_ttl": whole(3600),
    "general.stale_if_error": flag(),
    "general.stale_if_error_ttl": whole(43200),
}
