"""The services of an account: listed page by page, and found by id, name or domain."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio

from fastly_mcp.api.answers import Ask, shaped
from fastly_mcp.api.concurrency import gather
from fastly_mcp.api.domains import DomainIndex, Domains
from fastly_mcp.api.paths import looks_like_id
from fastly_mcp.errors import ConfigError, InvalidArgument, NotAuthorized, NotFound, TooLarge
from fastly_mcp.text import cut, visible

FRESH = 60.0  # seconds what was seen is believed
PER_PAGE = 50
AT_ONCE = 8
NEAREST = 5


@dataclass(frozen=True)
class Service:
    """One service, without its versions. The name is empty where it could not be looked up."""

    id: str
    name: str = ""
    type: str = ""
    comment: str = ""
    paused: bool = False
    active_version: int | None = None
    updated_at: str | None = None

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> "Service":
        """Read a service of any of Fastly's answers; the versions tell the active one."""
        active = [version["number"] for version in row.get("versions") or () if version["active"]]
        return cls(
            id=row["id"],
            name=row["name"],
            type=row.get("type") or "",
            comment=row.get("comment") or "",
            paused=row.get("paused") is True,
            active_version=active[0] if active else None,
            updated_at=row.get("updated_at"),
        )


class Services:
    """Looks services up through `ask`, a connection's GET; what it saw is believed for 60 s."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._seen: dict[str, tuple[float, Service]] = {}
        self._listing: tuple[float, list[Service]] | None = None
        self._index: tuple[float, DomainIndex] | None = None
        self._indexing = anyio.Lock()
        self._domains = Domains(ask)
        self._ids: dict[str, str] = {}

    async def page(self, number: int, per_page: int) -> tuple[list[Service], int]:
        """Return one page of services and the number of pages.

        Fastly embeds every version of every service, so one page can be larger than an answer
        may be: then it is read in halves, down to one service. Raises TooLarge if one is.
        """
        try:
            answer = await self._ask(
                "/service",
                {"direction": "ascend", "page": number, "per_page": per_page, "sort": "created"},
                {},
            )
        except TooLarge:
            if per_page == 1:
                raise
            answer = None
        if answer is None:
            # Not while the error is handled: it holds what was read of the page that was too large.
            return await self._halves(number, per_page)
        with shaped():
            services = [Service.parse(row) for row in answer.data]
            pages = _last_page(answer.headers)
        for service in services:
            self._seen[service.id] = (self._clock(), service)
        return services, max(pages, number if services else 1)

    async def all(self) -> list[Service]:
        """Return all services, read anew."""
        first, pages = await self.page(1, PER_PAGE)
        rest = await gather(
            [partial(self.page, number, PER_PAGE) for number in range(2, pages + 1)],
            at_once=AT_ONCE,
        )
        services = first + [service for page, _ in rest for service in page]
        self._listing = (self._clock(), services)
        return services

    async def find(self, reference: str, *, allowed: frozenset[str] | None) -> Service:
        """Return the one service that has this id, exact name or domain.

        Raises InvalidArgument if several or none do, naming them or the nearest by name; only
        services in `allowed` are named.
        """
        if looks_like_id(reference) and (service := await self.by_id(reference)):
            return service
        found = {service.id: service for service in await self._named(reference)}
        if "." in reference:
            for service in await self.serving(reference.lower().rstrip(".")):
                found.setdefault(service.id, service)
        candidates = [service for service in found.values() if _may(service, allowed)]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise InvalidArgument(
                f"Several services match: {_listed(candidates)}. Say which one by its id."
            )
        known = [service for service in await self._recent() if _may(service, allowed)]
        raise InvalidArgument(
            f"No service has this id, name or domain. {_nearest(reference, known)}"
        )

    async def by_id(self, service_id: str) -> Service | None:
        """Return the service with this id, None if there is none within the token's reach."""
        at, service = self._seen.get(service_id, (0.0, None))
        if service and self._clock() - at < FRESH:
            return service
        try:
            answer = await self._ask("/service/{service_id}", None, {"service_id": service_id})
        except (NotFound, NotAuthorized) as error:
            if error.status == 401:
                raise
            return None
        with shaped():
            service = Service.parse(answer.data)
        self._seen[service_id] = (self._clock(), service)
        return service

    async def ids(self, names: Sequence[str], *, can_look: bool) -> frozenset[str]:
        """Return the ids of an operator's services, given by id or name.

        What was found once is kept for good, so that many names get there in several goes. Raises
        ConfigError for an entry that names no service, by its position: the value of a setting
        is not repeated.
        """
        calls = [partial(self._operators, *entry, can_look) for entry in enumerate(names, 1)]
        return frozenset(await gather(calls, at_once=AT_ONCE))

    async def _operators(self, position: int, name: str, can_look: bool) -> str:
        if not can_look and not looks_like_id(name):
            raise ConfigError(
                f"Entry {position} of FASTLY_MCP_SERVICES is a name, which this token "
                "cannot look up; give the service's id."
            )
        if can_look and name not in self._ids:
            service = await self.by_id(name) if looks_like_id(name) else None
            matches = [service] if service else await self._named(name)
            if not matches:
                raise ConfigError(
                    f"Entry {position} of FASTLY_MCP_SERVICES names no service of this token."
                )
            self._ids[name] = matches[0].id
        return self._ids.get(name, name)

    async def serving(self, host: str) -> list[Service]:
        """Return the services that serve a domain: domain management first, then their lists."""
        owners = await self._domains.managed(host) or (await self.domains()).owners(host)
        return [service for owner in sorted(owners) if (service := await self.by_id(owner))]

    async def domains(self) -> DomainIndex:
        """Return the domains of all services' active versions and of domain management."""
        async with self._indexing:
            if self._index is None or self._clock() - self._index[0] >= FRESH:
                services = await self._recent()
                index = await self._domains.read(
                    [(s.id, s.active_version) for s in services if s.active_version is not None]
                )
                self._index = (self._listing[0] if self._listing else self._clock(), index)
            return self._index[1]

    async def owners(self, hosts: Iterable[str]) -> dict[str, str]:
        """Return the id of the one service each host belongs to, of those where that is sure."""
        index = await self.domains()
        found = {host: index.owners(host) for host in hosts} if index.complete else {}
        return {host: next(iter(owners)) for host, owners in found.items() if len(owners) == 1}

    async def managed_by(self, service_id: str) -> list[str] | None:
        """Return the domains that domain management gives to a service; None if it is closed."""
        return await self._domains.managed_by(service_id)

    async def _named(self, name: str) -> list[Service]:
        try:
            answer = await self._ask("/service/search", {"name": name}, {})
        except NotFound:
            return []
        with shaped():
            service = Service.parse(answer.data)
        # A search may be looser than an exact name, which is all that is good enough here.
        return [service] if service.name == name else []

    async def _recent(self) -> list[Service]:
        if self._listing and self._clock() - self._listing[0] < FRESH:
            return self._listing[1]
        return await self.all()

    async def _halves(self, number: int, per_page: int) -> tuple[list[Service], int]:
        size = per_page // 2
        start, stop = (number - 1) * per_page, number * per_page
        first = start // size + 1
        rows: list[Service] = []
        pages = last = ceil(stop / size)
        for smaller in range(first, last + 1):
            if smaller > pages:
                break
            part, pages = await self.page(smaller, size)
            rows += part
        skip = start - (first - 1) * size
        return rows[skip : skip + per_page], ceil(pages * size / per_page)


def _last_page(headers: Mapping[str, str]) -> int:
    """Return the number of the last page; no Link header at all means a single one.

    Only the number is taken: no address of an answer is followed. Raises KeyError or ValueError
    where there is none, or one that no account has.
    """
    match = re.search(r'<([^<>]*)>\s*;\s*rel="?last"?', headers.get("Link", ""))
    if match is None:
        return 1
    (number,) = parse_qs(urlsplit(match.group(1)).query)["page"]
    if not re.fullmatch(r"[1-9][0-9]{0,4}", number):
        raise ValueError
    return int(number)


def _may(service: Service, allowed: frozenset[str] | None) -> bool:
    return allowed is None or service.id in allowed


def _nearest(reference: str, services: list[Service]) -> str:
    import difflib  # noqa: PLC0415  # only a mistake needs it; the start does not

    by_name = {service.name.lower(): service for service in services}
    names = difflib.get_close_matches(reference.lower(), by_name, n=NEAREST, cutoff=0.4)
    if not names:
        return "Nothing like it exists; list_services shows what does."
    return f"Nearest: {_listed([by_name[name] for name in names])}."


def _listed(services: Iterable[Service]) -> str:
    return ", ".join(f"{service.id} {cut(visible(service.name), 60)!r}" for service in services)
