"""What lives beside the services: collections of rows, each with its defaults, which seeds fill."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastly_mcp.sandbox.resources import (
    access_keys,
    compute_acls,
    config_stores,
    domains,
    kv_items,
    kv_stores,
    secret_stores,
)
from fastly_mcp.sandbox.state import Row, make_id, stamp, stamp_with_fraction

ID = re.compile(r"^([A-Za-z0-9_-][A-Za-z0-9._-]*)?$")
"""What a seed may give as an id: one segment of a path, as it stands."""
LONGEST = 36_500
"""Days."""
START = timedelta(0)
WORDS = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a map"}


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection: `defaults` are its rows' fields; an id and two timestamps are added.

    A default that is a timedelta makes a timestamp, that long after the row was made. Seeds say
    `days_ago` for when that was, and `<field>_in_days` for a timestamp that counts from now.
    """

    defaults: Row = field(default_factory=dict)
    stamp: Any = stamp
    """How it writes timestamps."""
    names_service: str = ""
    """The field in which a seed names a service, which becomes its id."""
    names_user: str = ""
    """The same for a user's login."""
    fill: Callable[[Row, datetime], Row] = lambda row, _: row
    """From what a seed says to what the sandbox keeps, for rows that hold others."""


COLLECTIONS: dict[str, Collection] = {
    "domains": Collection(
        {
            "fqdn": "",
            "service_id": None,
            "activated": False,
            "verified": False,
            "description": "",
        },
        stamp_with_fraction,
        names_service="service_id",
        fill=domains.fill,
    ),
    "tls_private_keys": Collection(
        {
            "name": "",
            "key_length": 2048,
            "key_type": "RSA",
            "public_key_sha1": "",
            "replace": False,
        },
        stamp_with_fraction,
    ),
    "tls_certificates": Collection(
        {
            "name": "",
            "issued_to": "",
            "issuer": "",
            "serial_number": "",
            "signature_algorithm": "SHA256-RSA",
            "not_before": START,
            "not_after": timedelta(days=90),
            "replace": False,
            "public_key_sha1": "",
            "tls_domains": [],
        },
        stamp_with_fraction,
    ),
    "tls_bulk_certificates": Collection(
        {
            "not_before": START,
            "not_after": timedelta(days=365),
            "replace": False,
            "tls_configurations": [],
            "tls_domains": [],
        },
    ),
    "tls_configurations": Collection(
        {
            "name": "",
            "bulk": False,
            "default": False,
            "http_protocols": ["http/1.1", "http/2"],
            "tls_protocols": ["1.2", "1.3"],
        },
        stamp_with_fraction,
    ),
    "tls_activations": Collection(
        {
            "tls_certificate": "",
            "tls_configuration": "",
            "tls_domain": "",
            "mutual_authentication": None,
        },
        stamp_with_fraction,
    ),
    "tls_subscriptions": Collection(
        {
            "certificate_authority": "certainly",
            "state": "pending",
            "has_active_order": True,
            "is_checked": True,
            "common_name": "",
            "tls_domains": [],
            "tls_certificates": [],
            "tls_configuration": "",
        },
        stamp_with_fraction,
    ),
    "mutual_authentications": Collection({"name": "", "enforced": True}, stamp_with_fraction),
    "service_authorizations": Collection(
        {"service": "", "user": "", "permission": "full", "deleted_at": None},
        names_service="service",
        names_user="user",
    ),
    "config_stores": Collection(
        {"name": "", "deleted_at": None, "items": {}}, fill=config_stores.fill
    ),
    "kv_stores": Collection({"name": "", "items": {}}, kv_stores.spaced, fill=kv_items.fill),
    "secret_stores": Collection({"name": "", "secrets": {}}, fill=secret_stores.fill),
    "compute_acls": Collection({"name": "", "entries": {}}, fill=compute_acls.fill),
    "access_keys": Collection(
        {"description": "", "permission": "", "buckets": []},
        stamp_with_fraction,
        fill=access_keys.fill,
    ),
    "alert_definitions": Collection(
        {
            "service_id": None,
            "name": "",
            "description": "",
            "dimensions": {},
            "metric": "",
            "source": "stats",
            "evaluation_strategy": {"type": "above_threshold", "period": "5m", "threshold": 10},
            "integration_ids": [],
        },
        names_service="service_id",
    ),
    "integrations": Collection(
        {
            "name": "",
            "description": "",
            "type": "",
            "config": {},
            "status": "confirmed",
            "rotations": 0,
        }
    ),
    "event_mappings": Collection(
        {
            "name": "",
            "description": "",
            "scope_type": "account",
            "scope_ids": [],
            "event_types": [],
            "integration_ids": [],
        }
    ),
}


def make_item(
    name: str, given: Row, at: datetime, services: Mapping[str, str], users: Mapping[str, str]
) -> Row:
    """One row of a collection as a seed gives it. Raises ValueError for what cannot be."""
    collection, left = COLLECTIONS[name], dict(given)
    made = at - _days(left, "days_ago")
    row = {"id": make_id(f"{name} {sorted(given.items(), key=str)}")}
    for key, default in ({"created_at": START, "updated_at": START} | collection.defaults).items():
        if not isinstance(default, timedelta):
            row[key] = default
        elif f"{key}_in_days" in left:
            row[key] = collection.stamp(at + _days(left, f"{key}_in_days"))
        else:
            row[key] = collection.stamp(made + default)
    unknown = left.keys() - row.keys()
    if unknown:
        raise ValueError(f"has no {', '.join(sorted(map(str, unknown)))}")
    for key, value in left.items():
        if row[key] is not None and not isinstance(value, type(row[key])):
            raise ValueError(f"{key} must be {WORDS.get(type(row[key]), 'of another type')}")
    row |= left
    if not ID.fullmatch(row["id"]) or not row["id"]:
        raise ValueError("id must be letters, digits and -._")
    _resolve(row, collection.names_service, "service", services)
    _resolve(row, collection.names_user, "user", users)
    return collection.fill(row, made)


def _days(given: Row, key: str) -> timedelta:
    days = given.pop(key, 0)
    if isinstance(days, bool) or not isinstance(days, int | float) or not abs(days) <= LONGEST:
        raise ValueError(f"{key} must be a number of days")
    return timedelta(days=days)


def _resolve(row: Row, key: str, what: str, ids: Mapping[str, str]) -> None:
    """A name becomes an id."""
    if key and row[key] is not None:
        if not isinstance(row[key], str) or row[key] not in ids:
            raise ValueError(f"there is no {what} {row[key]!r}")
        row[key] = ids[row[key]]
