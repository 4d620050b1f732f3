"""The fields of what a version does with requests and answers: conditions, headers, VCL files."""

from fastly_mcp.sandbox.services.fields import (
    SECONDS,
    Field,
    answer,
    choice,
    digits,
    flag,
    flag_digit,
    names,
    optional,
    optional_choice,
    text,
    whole,
)
from fastly_mcp.sandbox.services.logs import LOGS

CACHE_SETTINGS: dict[str, Field] = {
    "action": optional_choice("pass", "cache", "restart"),
    "cache_condition": text(refers_to="conditions"),
    "stale_ttl": digits(0),
    "ttl": digits(None),
}
CONDITION: dict[str, Field] = {
    "comment": text(),
    "priority": digits(10),
    "statement": text(),
    "type": choice("REQUEST", "CACHE", "RESPONSE", "PREFETCH"),
}
GZIP: dict[str, Field] = {
    "cache_condition": text(refers_to="conditions"),
    "content_types": text("text/html text/css application/javascript application/json"),
    "extensions": text("css js html json svg"),
}
HEADER: dict[str, Field] = {
    "action": choice("set", "append", "delete", "regex", "regex_repeat"),
    "cache_condition": optional(refers_to="conditions"),
    "dst": text(),
    "ignore_if_set": flag_digit(),
    "priority": digits(100),
    "regex": text(),
    "request_condition": optional(refers_to="conditions"),
    "response_condition": optional(refers_to="conditions"),
    "src": text(),
    "substitution": text(),
    # The client does not declare `fetch`, which is recorded [go-fastly headers/update.yaml].
    "type": choice("response", "request", "cache", "fetch"),
}
RATE_LIMITER: dict[str, Field] = {
    "action": choice("response", "response_object", "log_only"),
    "client_key": names(),
    "feature_revision": whole(1),
    "feature_update_available": flag(),
    "http_methods": names("HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"),
    # All log endpoints the client knows: three of them have no objects any more.
    "logger_type": optional_choice(*LOGS, "googleanalytics", "http", "stackdriver"),
    "penalty_box_duration": whole(1, range(1, 61)),
    "response": answer(),
    "response_object_name": optional(like=".{1,255}", refers_to="response_objects"),
    "rps_limit": whole(10, range(10, 10_001)),
    "uri_dictionary_name": optional(like=".{1,255}", refers_to="dictionaries"),
    "window_size": whole(60, (1, 10, 60)),
}
REQUEST_SETTINGS: dict[str, Field] = {
    # An empty one stays empty, though it starts as null.
    "action": Field(None, choice("", "lookup", "pass").read),
    "bypass_busy_wait": flag_digit(),
    "default_host": optional(),
    "force_miss": flag_digit(),
    "force_ssl": flag_digit(),
    "geo_headers": flag_digit(),
    "hash_keys": optional(),
    "max_stale_age": digits(0),
    "request_condition": text(refers_to="conditions"),
    "timer_support": flag_digit(),
    "xff": choice("append", "append_all", "clear", "leave", "overwrite"),
}
RESPONSE_OBJECT: dict[str, Field] = {
    "cache_condition": text(refers_to="conditions"),
    "content": text(),
    "content_type": text(),
    "request_condition": text(refers_to="conditions"),
    "response": text("OK"),
    "status": digits(200),
}
SNIPPET: dict[str, Field] = {
    "content": optional(),
    "dynamic": flag_digit(),
    "priority": digits(100),
    "type": choice(
        "none", "init", "recv", "hash", "hit", "miss", "pass", "fetch", "error", "deliver", "log"
    ),
}
VCL: dict[str, Field] = {"content": text(), "main": flag()}
SETTINGS: dict[str, Field] = {
    "general.default_host": text(),
    "general.default_pci": whole(0),
    "general.default_ttl": whole(3600, SECONDS),
    "general.stale_if_error": flag(),
    "general.stale_if_error_ttl": whole(43200, SECONDS),
}
"""What a version has once."""
