"""The edge: what every POP holds, what a purge does to it, and what a request finds there.

Nothing expires in the sandbox. A copy stays until a purge removes it (hard) or marks it stale
(soft), and the next request fills the POP again. Fastly's edge check is such a request, sent to
every POP, so it changes what it looks at: after a hard purge the first look is a MISS and the
second a HIT; after a soft purge the first look still serves the old copy, which is being fetched
anew meanwhile, and the second the new one. `copies` looks without touching.
"""

import hashlib
import string
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from fastly_mcp.sandbox.pops import POPS, Pop

PRINTABLE = string.ascii_letters + string.digits + string.punctuation


class Address(NamedTuple):
    """Where a cached object lives: host, path and query. The scheme is no part of it."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self.host}{self.path}"


def address(url: str) -> Address:
    """Read a URL with or without scheme; path and query are kept byte for byte."""
    text = quote(url, safe=PRINTABLE).partition("#")[0]
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme:
        rest = text
    end = min((rest.find(sign) for sign in "/?" if sign in rest), default=len(rest))
    host, path = rest[:end].lower().partition(":")[0], rest[end:]
    return Address(host, path if path.startswith("/") else f"/{path}")


class Page(NamedTuple):
    """What an origin answers for one address."""

    service_id: str
    surrogate_keys: tuple[str, ...] = ()
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    size: int = 18_432


@dataclass(slots=True)
class Copy:
    """One POP's copy of a page."""

    page: Page
    content: int
    """Which fetch from the origin it holds: the content changes with every fetch."""
    filled_at: datetime
    hits: int = 0
    stale: bool = False

    def age(self, now: datetime) -> int:
        return max(0, int((now - self.filled_at).total_seconds()))


class Served(NamedTuple):
    """What a visitor at one POP was given."""

    pop: Pop
    copy: Copy
    is_hit: bool


@dataclass(slots=True)
class Edge:
    origin: dict[Address, Page]
    held: dict[str, dict[Address, Copy]] = field(
        default_factory=lambda: {pop.code: {} for pop in POPS}
    )
    """By POP code, then by address."""
    fetched: Counter[Address] = field(default_factory=Counter)

    def copies(self, where: Address) -> Iterable[tuple[Pop, Copy | None]]:
        return ((pop, self.held[pop.code].get(where)) for pop in POPS)

    def request(self, where: Address, service_id: str, now: datetime) -> list[Served]:
        """A visitor at every POP asks for one address; each POP ends up with a fresh copy."""
        # An origin answers 404 for what it does not have, and Fastly caches that too.
        page = self.origin.get(where, Page(service_id, status=404, size=512))
        before = {pop.code: copy for pop, copy in self.copies(where)}
        if any(copy is None or copy.stale for copy in before.values()):
            self.fetched[where] += 1
        served = []
        for pop in POPS:
            found = before[pop.code]
            if found is None or found.stale:
                filled = Copy(page, self.fetched[where], now)
                self.held[pop.code][where] = filled
            if found is None:
                served.append(Served(pop, filled, is_hit=False))
            else:
                found.hits += 1
                served.append(Served(pop, found, is_hit=True))
        return served

    def purge_url(self, where: Address, *, soft: bool) -> None:
        self._purge([where], soft=soft)

    def purge_keys(self, service_id: str, keys: Collection[str], *, soft: bool) -> None:
        wanted = set(keys)
        self._purge(
            [
                where
                for where, page in self._pages(service_id)
                if not wanted.isdisjoint(page.surrogate_keys)
            ],
            soft=soft,
        )

    def purge_all(self, service_id: str) -> None:
        self._purge([where for where, _ in self._pages(service_id)], soft=False)

    def _pages(self, service_id: str) -> Iterable[tuple[Address, Page]]:
        found = {
            where: copy.page
            for held in self.held.values()
            for where, copy in held.items()
            if copy.page.service_id == service_id
        }
        return found.items()

    def _purge(self, addresses: Iterable[Address], *, soft: bool) -> None:
        for where in addresses:
            for held in self.held.values():
                copy = held.get(where)
                if copy and soft:
                    copy.stale = True
                elif copy:
                    del held[where]


def content_hash(where: Address, content: int) -> str:
    """The MD5 of the body, as the edge check reports it."""
    return hashlib.md5(f"{where.url} {content}".encode(), usedforsecurity=False).hexdigest()
