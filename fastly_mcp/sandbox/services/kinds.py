"""The kinds of objects that a version holds: a table, one row per kind.

Fields, types and defaults are recorded [go-fastly <resource>/list.yaml]; defaults that no recording
shows are from the documentation. A new kind is a new row here, with its fields in `origins` or
`rules`, or a new row of `logs` for a log endpoint.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.services import rules
from fastly_mcp.sandbox.services.fields import Field, choice, flag, optional, text
from fastly_mcp.sandbox.services.logs import LOGS
from fastly_mcp.sandbox.services.origins import BACKEND, DIRECTOR, HEALTHCHECK, POOL


class Names(NamedTuple):
    """What the names of a kind must match, and what is said of those that do not."""

    pattern: re.Pattern[str]
    rule: str


ANY = Names(re.compile(r".*\S.*", re.DOTALL), "can't be blank")
# Recorded for ACLs [go-fastly acls/create_expected_error.yaml].
PLAIN = Names(
    re.compile(r"[A-Za-z][A-Za-z0-9_\s]*"),
    "must start with alphabetical and contain only alphanumeric, underscore, and whitespace",
)
HOST = Names(invented.DOMAIN, "must be a domain name")

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
    names: Names = ANY
    has_id: bool = False
    named_by: str = "name"
    has_deleted_at: bool = True

    @property
    def takes(self) -> frozenset[str]:
        return frozenset({"name", *self.fields})


KINDS: tuple[Kind, ...] = (
    Kind("acl", "ACL", "acls", VERSION_IS_TEXT, {}, PLAIN, has_id=True),
    Kind("backend", "Backend", "backends", VERSION_IS_NUMBER, BACKEND),
    Kind(
        "cache_settings", "CacheSettings", "cache_settings", VERSION_IS_TEXT, rules.CACHE_SETTINGS
    ),
    Kind("condition", "Condition", "conditions", VERSION_IS_TEXT, rules.CONDITION),
    Kind(
        "dictionary",
        "Dictionary",
        "dictionaries",
        VERSION_IS_NUMBER,
        {"write_only": flag()},
        PLAIN,
        has_id=True,
    ),
    Kind("director", "Director", "directors", VERSION_IS_NUMBER, DIRECTOR),
    Kind("domain", "Domain", "domains", VERSION_IS_NUMBER, {"comment": text()}, HOST),
    Kind("gzip", "Gzip", "gzips", VERSION_IS_TEXT, rules.GZIP),
    Kind("header", "Header", "headers", VERSION_IS_TEXT, rules.HEADER),
    Kind("healthcheck", "Healthcheck", "healthchecks", VERSION_IS_NUMBER, HEALTHCHECK),
    Kind("pool", "Pool", "pools", VERSION_IS_TEXT, POOL, has_id=True),
    Kind(
        "rate-limiters",
        "RateLimiter",
        "rate_limiters",
        VERSION_IS_NUMBER,
        rules.RATE_LIMITER,
        has_id=True,
        named_by="id",
        has_deleted_at=False,
    ),
    Kind(
        "request_settings",
        "RequestSettings",
        "request_settings",
        VERSION_IS_TEXT,
        rules.REQUEST_SETTINGS,
    ),
    Kind(
        "resource",
        "Link",
        "resources",
        VERSION_IS_NUMBER,
        {
            "href": optional(),
            "resource_id": text(),
            "resource_type": choice("secret-store", "kv-store", "config"),
        },
        has_id=True,
        named_by="id",
    ),
    Kind(
        "response_object",
        "ResponseObject",
        "response_objects",
        VERSION_IS_TEXT,
        rules.RESPONSE_OBJECT,
    ),
    Kind("snippet", "Snippet", "snippets", VERSION_IS_TEXT, rules.SNIPPET, has_id=True),
    Kind("vcl", "VCL", "vcls", VERSION_IS_NUMBER, rules.VCL),
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
