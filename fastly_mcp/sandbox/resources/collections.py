"""What lives beside the services: collections of rows, each with its defaults, which seeds fill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastly_mcp.sandbox.state import Row, make_id, stamp, stamp_with_fraction


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection: `defaults` are its rows' fields; an id and two timestamps are added."""

    defaults: Row = field(default_factory=dict)
    stamp: Any = stamp
    """How it writes timestamps."""
    names_service: str = ""
    """The field in which a seed names a service, which becomes its id."""


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
    ),
}


def make_item(name: str, given: Row, at: datetime, services: Mapping[str, str]) -> Row:
    """One row of a collection as a seed gives it. Raises ValueError for what cannot be."""
    collection = COLLECTIONS[name]
    stamps = {"created_at", "updated_at"}
    unknown = given.keys() - collection.defaults.keys() - {"id", *stamps}
    if unknown:
        raise ValueError(f"has no {', '.join(sorted(map(str, unknown)))}")
    told = collection.stamp(at)
    row = {
        "id": make_id(f"{name} {sorted(given.items(), key=str)}"),
        **dict.fromkeys(sorted(stamps), told),
        **collection.defaults,
        **given,
    }
    service = row.get(collection.names_service)
    if service is not None:
        if service not in services:
            raise ValueError(f"there is no service {service!r}")
        row[collection.names_service] = services[service]
    return row
