"""What the sandbox's Fastly knows: one customer, its tokens, its services and the edge."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.edge import Edge

Row = dict[str, Any]
"""One object as it goes over the wire."""

PURGE_GUARD = re.compile(r'req\.method == "FASTLYPURGE"\)\s*{\s*error 403')
"""The sandbox runs no VCL: it looks for the guard against purges by URL as people write it."""


def stamp(moment: datetime) -> str:
    """Fastly's usual timestamp: whole seconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Token:
    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    services: tuple[str, ...] = ()
    """The ids it is limited to; none means all services."""
    may_read_itself: bool = True
    last_used_at: datetime | None = None
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
    locked: bool = False
    objects: dict[str, list[Row]] = field(default_factory=dict)
    """The rows by kind, under the names that /details uses: backends, domains, …"""
    settings: Row = field(default_factory=dict)


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

    @property
    def newest(self) -> Version:
        return self.versions[-1]

    @property
    def active(self) -> Version | None:
        return next((version for version in self.versions if version.active), None)

    @property
    def refuses_purge(self) -> bool:
        """Whether the active VCL turns FASTLYPURGE away; see `PURGE_GUARD`."""
        vcls = self.active.objects.get("vcls", ()) if self.active else ()
        return any(PURGE_GUARD.search(vcl["content"]) for vcl in vcls)


@dataclass(slots=True)
class ManagedDomain:
    """A domain of domain management, which lives beside the versions' domain lists."""

    id: str
    fqdn: str
    service_id: str | None
    activated: bool
    verified: bool
    description: str
    created_at: str
    updated_at: str


@dataclass(slots=True)
class WriteLimit:
    """The hourly limit on changes, which all tokens of a user share [docs.fastly.com/api]."""

    per_hour: int
    hour: int = 0
    used: int = 0

    def spend(self, now: datetime) -> bool:
        """Count one change; false when the hour has none left."""
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
class World:
    """Everything one sandbox holds; starting over makes a new one."""

    now: Callable[[], datetime]
    customer: Row
    user: Row
    tokens: dict[str, Token]
    """By value."""
    services: dict[str, Service]
    domains: list[ManagedDomain]
    edge: Edge
    limit: WriteLimit = field(default_factory=lambda: WriteLimit(invented.CHANGES_PER_HOUR))
    purge_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(11_993_984))

    def service_at(self, host: str) -> Service | None:
        """The service the edge picks for a host: exact before wildcard, drafts do not count."""
        names: dict[str, str] = {}
        for service in self.services.values():
            if service.active:
                for domain in service.active.objects["domains"]:
                    names[domain["name"]] = service.id
        for managed in self.domains:
            if managed.service_id:
                names[managed.fqdn] = managed.service_id
        for candidate in invented.names_that_match(host):
            if candidate in names:
                return self.services[names[candidate]]
        return None


class Sandbox:
    """One world, until it starts over with a new one."""

    def __init__(self, make_world: Callable[[], World]) -> None:
        self._make_world = make_world
        self.world = make_world()

    def start_over(self) -> None:
        self.world = self._make_world()
