"""What the official client's operations are called with, where no value of the right type does."""

import gzip
import io
from collections.abc import Callable
from time import time
from typing import Any, NamedTuple

from fastly_mcp.sandbox.state import make_id

Row = dict[str, Any]

OMIT = object()
"""For an argument that is not to be sent."""


class Made(NamedTuple):
    """A field of what was made, or listed first, at a path."""

    path: str
    field: str = "id"
    kind: Callable[[Any], Any] = str


class Package(io.BytesIO):
    """A file to upload; the client asks for its name."""

    name = "package.tar.gz"


VALUES: Row = {
    # Read only, although some operations declare them.
    "created_at": OMIT,
    "customer_id": OMIT,
    "deleted_at": OMIT,
    "service_id": OMIT,
    "updated_at": OMIT,
    "version": OMIT,
    # Everything happens in the first version; some of it to its clone.
    "version_id": 1,
    "from_version_id": 1,
    "to_version_id": 3,
    "environment_name": "staging",
    # Numbers that are declared as text, and limits that are not declared.
    "check_interval": 5000,
    "file_max_bytes": 1048576,
    "ignore_if_set": "1",
    "negated": 1,
    "priority": "10",
    "rps_limit": 10,
    "stale_ttl": "60",
    "status": "503",
    "subnet": 24,
    "ttl": "300",
    # One excludes compression_codec, one is taken for another time.
    "gzip_level": OMIT,
    "expiry_time": OMIT,
    # The real-time stats so far.
    "max_entries": 3,
    "start_timestamp": 0,
    "granularity": "daily",
    "entity_id": "u8jzPde0IgxLd6GncfBAep",
    "timestamp_in_seconds": 0,
    # Words that are not declared.
    "field": "requests",
    "mode": "log",
    "traffic_ramp": "50",
    # What is in a private dictionary cannot be read.
    "write_only": False,
    # Names of the network.
    "address": "origin.example",
    "fqdn": "sandbox.larkspur.example",
    "ip": "198.51.100.0",
    "ipv4": OMIT,
    "ipv6": OMIT,
    "login": "kit@larkspur.example",
    "shield": "amsterdam-nl",
}
"""By the argument's name on the wire, for every operation and in bodies."""


def pem(label: str) -> str:
    """A placeholder: it is not looked into."""
    return f"-----BEGIN {label}-----\nc2FuZGJveA==\n-----END {label}-----\n"


def json_api(kind: str, attributes: Row, **related: Any) -> Row:
    """A document of JSON:API."""
    relationships = {name: {"data": data} for name, data in related.items()}
    return {"data": {"type": kind, "attributes": attributes, "relationships": relationships}}


def one(kind: str, named: Any) -> Row:
    """What a relationship is to."""
    return {"type": kind, "id": named}


COMPUTE = "fKtHF4vUCsMehGAkWvj7FA"
SHOP = "u8jzPde0IgxLd6GncfBAep"
CERTIFIED = Made("/tls/certificates", "relationships.tls_domains.data.0.id")
CLONE: Row = {"version_id": 3}

ARGUMENTS: dict[str, Row] = {
    # It follows from the address.
    "Backend": {"hostname": OMIT},
    "LoggingFtp": {"hostname": OMIT},
    "LoggingSyslog": {"hostname": OMIT},
    # The client writes objects into the form as Python prints them.
    "Director": {"backends": OMIT},
    "ProductFanout": {"service_id": COMPUTE},
    # A Compute service with a draft; versions have one package, or none.
    "Package": {"service_id": make_id("bulk 27"), "version_id": 4},
    "KvStoreItem": {"key": "sandbox"},
    "SecretStoreItem": {"secret": {"name": "sandbox", "secret": "c2FuZGJveA=="}},
    "ServiceAuthorizations": {
        "service_authorization": json_api(
            "service_authorization",
            {"permission": "purge_all"},
            service=one("service", SHOP),
            user=one("user", Made("/user")),
        )
    },
    "TlsActivations": {
        "tls_activation": json_api(
            "tls_activation",
            {},
            tls_certificate=one("tls_certificate", Made("/tls/certificates")),
            tls_domain=one("tls_domain", CERTIFIED),
        )
    },
    "TlsBulkCertificates": {
        "tls_bulk_certificate": json_api(
            "tls_bulk_certificate",
            {"cert_blob": pem("CERTIFICATE"), "intermediates_blob": pem("CERTIFICATE")},
        )
    },
    "TlsCertificates": {
        "tls_certificate": json_api(
            "tls_certificate", {"cert_blob": pem("CERTIFICATE"), "name": "sandbox"}
        )
    },
    "TlsPrivateKeys": {
        "tls_private_key": json_api(
            "tls_private_key", {"key": pem("PRIVATE KEY"), "name": "sandbox"}
        )
    },
    "TlsSubscriptions": {
        "tls_subscription": json_api(
            "tls_subscription",
            {"certificate_authority": "lets-encrypt"},
            tls_domains=[one("tls_domain", "sandbox.larkspur.example")],
        )
    },
    "MutualAuthentication": {
        "mutual_authentication": json_api(
            "mutual_authentication", {"cert_bundle": pem("CERTIFICATE"), "name": "sandbox"}
        )
    },
    # The client makes them without a name, so these are another's.
    "RequestSettings": {
        "service_id": SHOP,
        "version_id": 4,
        "request_settings_name": "https only",
        "name": "https only",
    },
    "activate_service_version": CLONE,
    "activate_service_version_environment": CLONE,
    "bulk_purge_tag": {"purge_response": {"surrogate_keys": ["products"]}},
    "bulk_revoke_tokens": {
        "request_body": {"data": [{"type": "token", "id": make_id("token sandbox-read")}]}
    },
    "bulk_update_acl_entries": {
        "bulk_update_acl_entries_request": {"entries": [{"op": "create", "ip": "198.51.100.9"}]}
    },
    "bulk_update_config_store_item": {
        "bulk_update_config_store_list_request": {
            "items": [{"op": "create", "item_key": "another", "item_value": "one"}]
        }
    },
    "bulk_update_dictionary_item": {
        "bulk_update_dictionary_list_request": {
            "items": [{"op": "create", "item_key": "another", "item_value": "one"}]
        }
    },
    "compute_acl_lookup_acls": {"acl_ip": "198.51.100.9"},
    "compute_acl_update_acls": {
        "compute_acl_update": {
            "entries": [{"op": "create", "prefix": "198.51.100.0/24", "action": "ALLOW"}]
        }
    },
    "content_check": {"url": "https://www.larkspur.example/"},
    "create_access_key": {
        "access_key": {"description": "sandbox", "permission": "read-only-objects"}
    },
    "create_automation_token": {
        "automation_token_create_request": {
            "name": "sandbox",
            "role": "engineer",
            "scope": "global:read",
            "services": [SHOP],
            "expires_at": "2099-01-01T00:00:00Z",
        }
    },
    "create_snippet": {"dynamic": "1"},
    "create_user": {"role": "engineer"},
    "update_user": {"role": "engineer"},
    "deactivate_service_version": CLONE,
    "deactivate_service_version_environment": CLONE,
    "domain_status": {"domain": "www.larkspur.example"},
    "get_invoice_by_invoice_id": {"invoice_id": Made("/billing/v3/invoices", "invoice_id", int)},
    "get_service_stats": {
        "start_time": lambda: int(time()) - 7200,
        "end_time": lambda: int(time()) - 3600,
    },
    "get_usage_metrics": {"start_month": "2026-02", "end_month": "2026-03"},
    "list_events": {"filter_service_id": SHOP},
    "lock_service_version": {"version_id": 2},
    "purge_single_url": {"cached_url": "www.larkspur.example/"},
    "purge_tag": {"surrogate_key": "products"},
    "put_package": {"package": lambda: Package(gzip.compress(b"sandbox"))},
    "update_service_version": dict.fromkeys(
        ("active", "deployed", "locked", "number", "staging", "testing"), OMIT
    ),
}
"""By family or operation, then by the client's name of the argument."""

WHERE: dict[str, str] = {
    "service_id": "/service",
    "/service/{}/acl": "/service/{}/version/{}/acl",
    "/service/{}/dictionary": "/service/{}/version/{}/dictionary",
    "/service/{}/pool": "/service/{}/version/{}/pool",
    "/service/{}/snippet": "/service/{}/version/{}/snippet",
    "/service/{}/version/{}/director/{}/backend": "/service/{}/version/{}/backend",
    "/customer": "/current_customer",
    "/resources/stores/kv/{}/keys": "/resources/stores/kv",
    "/rate-limiters": "/service/{}/version/{}/rate-limiters",
}
"""Whose answers name a parameter, or what follows a path, if not those of that path itself."""

TWICE = {
    # A pool keeps its last server.
    "create_pool_server",
    # The first clone is activated and locked; the newest version stays a draft.
    "clone_service_version",
}

TOKENS: dict[str, str] = {"revoke_token_current": "sandbox-sam"}
"""The token of an operation, if it is not the usual one."""

ANSWERED_OTHERWISE = {
    # Of a dynamic snippet it lives outside the versions.
    "create_snippet": {"content"},
}
"""The fields whose answered value is not what was sent, by operation."""

FAULTS: dict[str, tuple[str, str]] = {
    "Product*": ("multiple values for argument '_self'", "the client has a `_self` of its own"),
    "list_config_store_services": (
        "variable 'received_data'",
        "recorded as a list, declared as an object",
    ),
    "AclEntry": ("variable 'negated'", "recorded as text, declared as a number"),
    "Director": ("is Backend and passed type was str", "recorded as names, declared as objects"),
    "LoggingFtp": ("variable 'ipv4'", "recorded as null, declared as text"),
    "LoggingKafka": ("variable 'required_acks'", "recorded as text, declared as a number"),
    "LoggingLogentries": ("variable 'port'", "recorded as text, declared as a number"),
    "LoggingPapertrail": ("variable 'port'", "recorded as text, declared as a number"),
    "LoggingSyslog": ("variable 'port'", "recorded as text, declared as a number"),
    "Resource": ("variable 'href'", "recorded as null, declared as text"),
    "Server": ("variable 'max_conn'", "recorded as text, declared as a number"),
    "Tokens": ("variable 'expires_at'", "recorded as null, declared as text"),
    "create_automation_token": (
        "is ReadOnlyId and passed type was str",
        "the client does not convert an id to this type",
    ),
    "create_request_settings": ("Name can't be blank", "the client cannot send one"),
    "create_server_pool": ("variable 'quorum'", "recorded as text, declared as a number"),
    "diff_service_versions": ("variable '_from'", "recorded as text, declared as a number"),
    "get_automation_token_id": ("variable 'services'", "recorded as null, declared as a list"),
    "list_automation_tokens": (
        "variable 'received_data'",
        "recorded as an object, declared as a list",
    ),
    "set_product_bot_management_configuration": (
        "contentguard is none of off, on",
        "declared as false and true, which YAML makes of off and on",
    ),
    "revoke_automation_token_id": (
        "variable 'received_data'",
        "recorded as empty, declared as an error",
    ),
}
"""By operation or family, with a star for any: what the client says, and why it is wrong."""
