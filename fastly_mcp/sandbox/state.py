"""What the sandbox's Fastly knows: one customer, its users and tokens, its services, the edge.

All of it is plain data, so that pydantic can write it to a state file and read it back. A `Row` is
never changed in place: whoever changes one puts a new one in its stead. So versions share rows.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.edge.cache import Edge

Row = dict[str, Any]
"""One object as it goes over the wire, or nearly."""

Scope = Literal["global", "global:read", "purge_select", "purge_all"]
SCOPES = frozenset[str](get_args(Scope))
Role = Literal["superuser", "engineer", "billing", "user", "tls_admin", "tls_viewer"]
ROLES = frozenset[str](get_args(Role))

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

FARTHEST = 10 * 366 * 86_400
"""Seconds that the clock may be moved."""


def stamp(moment: datetime) -> str:
    """Fastly's usual timestamp: whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_with_fraction(moment: datetime) -> str:
    """The timestamp of TLS and domain management."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def make_id(name: str, length: int = 22) -> str:
    """An id that looks like Fastly's, the same for the same name every time."""
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest())
    letters = []
    for _ in range(length):
        number, letter = divmod(number, 62)
        letters.append(BASE62[letter])
    return "".join(letters)


@dataclass(slots=True)
class Token:
    id: str
    name: str
    scopes: tuple[str, ...]
    user_id: str
    created_at: str
    expires_at: str | None = None
    services: tuple[str, ...] = ()
    """The ids it is limited to; none means all services."""
    is_automation: bool = False
    role: str = ""
    """Of an automation token; the others have their user's."""
    may_read_itself: bool = True
    sudo_expires_at: str | None = None
    last_used_at: str | None = None
    ip: str | None = None
    user_agent: str | None = None

    def covers(self, service_id: str) -> bool:
        return not self.services or service_id in self.services


@dataclass(slots=True)
class Version:
    number: int
    created_at: str
    updated_at: str
    comment: str = ""
    active: bool = False
    staging: bool = False
    locked: bool = False
    objects: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    """The rows by kind, under the names of `kinds`; replaced on every change, shared by clones."""
    settings: Row = field(default_factory=dict)
    features: dict[str, Row] = field(default_factory=dict)
    """What a version has at most one of: http3, image_optimizer_default_settings, package."""


@dataclass(slots=True)
class Service:
    id: str
    name: str
    type: str
    comment: str
    created_at: str
    updated_at: str
    versions: list[Version]
    paused: bool = False
    deleted_at: str | None = None
    members: dict[str, dict[str, Row]] = field(default_factory=dict)
    """What lives outside the versions, by the id of the dictionary, ACL, pool or snippet."""
    products: dict[str, Row] = field(default_factory=dict)
    """The configuration of each enabled product."""
    log_tailing: bool = False

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def active(self) -> Version | None:
        return next((version for version in reversed(self.versions) if version.active), None)

    @property
    def staged(self) -> Version | None:
        return next((version for version in reversed(self.versions) if version.staging), None)

    def rows(self, kind: str) -> tuple[Row, ...]:
        """The rows of one kind in the active version."""
        return self.active.objects.get(kind, ()) if self.active else ()


@dataclass(slots=True)
class Limit:
    """So many per hour, counted from whole hour to whole hour."""

    per_hour: int
    hour: int = 0
    used: int = 0

    def spend(self, now: datetime) -> bool:
        """Count one; false when the hour has none left."""
        hour = int(now.timestamp()) // 3600
        if hour != self.hour:
            self.hour, self.used = hour, 0
        self.used += 1
        return self.used <= self.per_hour

    @property
    def remaining(self) -> int:
        return max(0, self.per_hour - self.used)

    @property
    def reset(self) -> int:
        """Epoch seconds; always a whole hour."""
        return (self.hour + 1) * 3600


@dataclass(slots=True)
class Limits:
    changes_per_hour: int = invented.CHANGES_PER_HOUR
    """Per user; all of a user's tokens share it [docs.fastly.com/api]."""
    purges_per_hour: int = 100_000
    """By URL and key, per customer [the purging reference, through third parties]."""
    edge_checks_per_hour: int = 200
    """[agent toolkit, purging.md]."""
    counts: dict[str, Limit] = field(default_factory=dict)

    def count(self, name: str, per_hour: int) -> Limit:
        return self.counts.setdefault(name, Limit(per_hour))

    def changes(self, user_id: str) -> Limit:
        return self.count(f"changes {user_id}", self.changes_per_hour)

    def purges(self) -> Limit:
        return self.count("purges", self.purges_per_hour)

    def edge_checks(self) -> Limit:
        return self.count("edge checks", self.edge_checks_per_hour)


@dataclass(slots=True)
class Purge:
    """One purge that was accepted: what the door `purges` tells and what traffic feels."""

    at: str
    token_id: str
    service_id: str
    kind: str
    """url, key, keys or all."""
    targets: tuple[str, ...]
    soft: bool
    staging: bool
    id: str


@dataclass(slots=True)
class Incident:
    """Something that went wrong at a service's origin for a while."""

    service_id: str
    start: str
    end: str
    errors: float
    """The share of the origin's answers that are 503 meanwhile."""
    note: str = ""


@dataclass(slots=True)
class Traffic:
    """What visitors ask of one service."""

    requests_per_second: float
    """On average over a week."""
    hit_ratio: float = 0.92
    bytes_per_request: int = 24_000
    origin_ms: int = 180


@dataclass(slots=True)
class World:
    """Everything one sandbox holds; starting over makes a new one."""

    customer: Row
    users: dict[str, Row]
    tokens: dict[str, Token]
    """By value."""
    services: dict[str, Service]
    edge: Edge
    traffic: dict[str, Traffic] = field(default_factory=dict)
    """By service id."""
    incidents: list[Incident] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    """Oldest first."""
    purges: list[Purge] = field(default_factory=list)
    collections: dict[str, dict[str, Row]] = field(default_factory=dict)
    """What lives beside the services, by the names of `resources`, then by id."""
    limits: Limits = field(default_factory=Limits)
    serial: int = 0
    """How many ids were given out."""
    purge_serial: int = 11_993_984
    clock_offset: float = 0.0
    """Seconds by which the sandbox's time is moved against the machine's."""

    def collection(self, name: str) -> dict[str, Row]:
        return self.collections.setdefault(name, {})

    def new_id(self, length: int = 22) -> str:
        self.serial += 1
        return make_id(f"{self.customer['id']} {self.serial}", length)

    def serving(self) -> dict[str, Service]:
        """The service of each domain, as the edge sees it: drafts do not count."""
        there = {each.id: each for each in self.services.values() if each.deleted_at is None}
        serving = {
            row["name"].lower(): service
            for service in reversed(there.values())
            for row in service.rows("domains")
        }
        for row in self.collection("domains").values():
            if row["service_id"] in there:
                serving[row["fqdn"].lower()] = there[row["service_id"]]
        return serving

    def service_at(self, host: str) -> Service | None:
        """The service the edge picks for a host: exact before wildcard."""
        return picked(host, self.serving())


def picked(host: str, serving: Mapping[str, Service]) -> Service | None:
    """What serves a host, of all that serves."""
    names = invented.names_that_match(host)
    return next((serving[name] for name in names if name in serving), None)
