"""The edge: what every POP holds, what a purge does to it, and what a visitor gets there.

A purge removes nothing by itself: it leaves a mark, and a copy that is older than a mark of its
service, its URL or one of its keys is gone (hard) or stale (soft) when somebody looks. So a purge
takes no longer for ten thousand pages than for one.

Copies also age, as their Cache-Control says. What is stale is still served while
`stale-while-revalidate` lasts, and fetched anew meanwhile: the visitor after that gets the new one.
Fastly's edge check is a visit to every POP, so it changes what it looks at; `state` only looks.
"""

import hashlib
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple
from urllib.parse import quote

from fastly_mcp.sandbox.edge.pages import Page
from fastly_mcp.sandbox.edge.pops import POPS, Pop

PRINTABLE = string.ascii_letters + string.digits + string.punctuation
KEPT = 5_000
"""Addresses without a page of an origin's that the edge remembers, and about as many old purges.

Visitors can ask for ever new ones. The oldest go first; a seed's pages stay.
"""

State = Literal["fresh", "stale", "absent"]


class Address(NamedTuple):
    """Where a cached object lives: host, path and query. The scheme is no part of it."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self}"

    def __str__(self) -> str:
        return f"{self.host}{self.path}"


def address(url: str) -> Address:
    """Read a URL with or without scheme; path and query are kept byte for byte."""
    text = quote(url, safe=PRINTABLE).partition("#")[0]
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme or "?" in scheme:
        rest = text
    end = min((rest.find(sign) for sign in "/?" if sign in rest), default=len(rest))
    host, path = rest[:end].lower().partition(":")[0], rest[end:]
    return Address(host, path if path.startswith("/") else f"/{path}")


class Hop(NamedTuple):
    """One cache node that had a part in an answer."""

    server: str
    is_hit: bool
    hits: int


@dataclass(slots=True)
class Copy:
    """One POP's copy of a page."""

    edition: int
    """Which of the origin's editions it holds: each time it is asked, it has a newer one."""
    filled_at: float
    """Epoch seconds."""
    mark: int
    """How many purges there had been by then."""
    hits: int = 0
    behind: tuple[Hop, ...] = ()
    """The shield's part in it, which every later answer tells too."""


class Served(NamedTuple):
    """What a visitor at one POP was given."""

    pop: Pop
    page: Page
    edition: int
    age: int
    hops: tuple[Hop, ...]
    """The shield's first, if it was asked; the POP's own last."""
    ttl: float
    """Seconds until the copy is stale; below zero since when it is."""

    @property
    def is_hit(self) -> bool:
        return self.hops[-1].is_hit


@dataclass(slots=True)
class Edge:
    origin: dict[str, Page] = field(default_factory=dict)
    """What the origins have, by address."""
    held: dict[str, dict[str, Copy]] = field(default_factory=dict)
    """By address, then by POP code."""
    fetches: dict[str, int] = field(default_factory=dict)
    """How often the origin was asked, by address."""
    editions: dict[str, int] = field(default_factory=dict)
    hard: dict[str, int] = field(default_factory=dict)
    """The newest hard purge of each mark."""
    soft: dict[str, tuple[int, float]] = field(default_factory=dict)
    """The newest soft purge of each mark, and when it was."""
    mark: int = 0

    def page(self, where: Address, service_id: str) -> Page:
        """What the origin has; it answers 404 for the rest, and Fastly caches that too."""
        page = self.origin.get(str(where))
        return page if page and page.service_id == service_id else Page(service_id, (), 404, size=9)

    def state(self, where: Address, page: Page, copy: Copy | None, now: float) -> State:
        """What a copy is worth."""
        if copy is None:
            return "absent"
        if any(self.hard.get(mark, 0) > copy.mark for mark in marks_of(where, page)):
            return "absent"
        ends = self.fresh_until(where, page, copy)
        if now < ends:
            return "fresh"
        return "stale" if now < ends + page.stale_while_revalidate else "absent"

    def fresh_until(self, where: Address, page: Page, copy: Copy) -> float:
        """When a copy ages, or was purged softly."""
        ends = copy.filled_at + page.ttl
        for mark in marks_of(where, page):
            purged, at = self.soft.get(mark, (0, 0.0))
            if purged > copy.mark:
                ends = min(ends, at)
        return ends

    def copies(self, where: Address, service_id: str, now: float) -> Iterator[tuple[Pop, State]]:
        """What every POP holds, without touching it."""
        page, held = self.page(where, service_id), self.held.get(str(where), {})
        return ((pop, self.state(where, page, held.get(pop.code), now)) for pop in POPS)

    def visit(
        self,
        where: Address,
        service_id: str,
        now: float,
        pops: Sequence[Pop] = POPS,
        shield: Pop | None = None,
    ) -> list[Served]:
        """Somebody asks for an address at each of these POPs, all in the same moment."""
        visit = _Visit(self, where, self.page(where, service_id), now, shield)
        return [visit.at(pop) for pop in pops]

    def passed(self, where: Address, service_id: str, pop: Pop) -> Served:
        """What is no GET goes to the origin and is kept nowhere."""
        self.fetch(name := str(where))
        page, edition = self.page(where, service_id), self.editions.get(name, 1)
        return Served(pop, page, edition, 0, (Hop(pop.server, is_hit=False, hits=0),), page.ttl)

    def fetch(self, name: str) -> None:
        """Count that the origin was asked for an address."""
        if name not in self.fetches:
            self._forget_addresses()
        self.fetches[name] = self.fetches.get(name, 0) + 1

    def purge(self, mark: str, now: float, *, soft: bool) -> None:
        self.mark += 1
        if soft:
            self.soft[mark] = self.mark, now
        else:
            self.hard[mark] = self.mark
        if self.mark % KEPT == 0:
            self._forget_marks()

    def _forget_addresses(self) -> None:
        """Once there are too many without a page, forget the older half of them."""
        if len(self.fetches) < len(self.origin) + KEPT:
            return
        others = [name for name in self.fetches if name not in self.origin]
        for name in others[: len(others) // 2]:
            for known in (self.held, self.fetches, self.editions):
                known.pop(name, None)

    def _forget_marks(self) -> None:
        """Forget the purges that no copy can have been left by: of what nothing is held of."""
        telling = {url_mark(name) for name in self.held}
        for page in self.origin.values():
            telling.update(key_mark(page.service_id, key) for key in page.surrogate_keys)
        for marks in (self.hard, self.soft):
            for mark in [*marks]:
                if mark not in telling and not mark.startswith(all_mark("")):
                    del marks[mark]

    def fill(self, where: Address, filled_at: dict[str, float], hits: int = 0) -> None:
        """Put the origin's first edition into POPs, as a seed does."""
        self.editions[str(where)] = self.fetches[str(where)] = 1
        self.held[str(where)] = {
            code: Copy(1, at, self.mark, hits) for code, at in filled_at.items()
        }


@dataclass(slots=True)
class _Visit:
    """One address asked for at several POPs at once: the origin has one edition for all."""

    edge: Edge
    where: Address
    page: Page
    now: float
    shield: Pop | None
    edition: int = 0

    def at(self, pop: Pop) -> Served:
        copy = self._held().get(pop.code)
        state = self.edge.state(self.where, self.page, copy, self.now)
        if copy is None or state == "absent":
            edition, behind = self._fetch(pop)
            hops = (*behind, Hop(pop.server, is_hit=False, hits=0))
            return Served(pop, self.page, edition, 0, hops, self.page.ttl)
        copy.hits += 1
        served = Served(
            pop,
            self.page,
            copy.edition,
            max(0, int(self.now - copy.filled_at)),
            (*copy.behind, Hop(pop.server, is_hit=True, hits=copy.hits)),
            self.edge.fresh_until(self.where, self.page, copy) - self.now,
        )
        if state == "stale":
            self._fetch(pop)
        return served

    def _fetch(self, pop: Pop) -> tuple[int, tuple[Hop, ...]]:
        """Fill one POP, through the shield if there is one."""
        behind: tuple[Hop, ...] = ()
        if self.shield and self.shield != pop:
            served = self.at(self.shield)
            edition, behind = served.edition, served.hops
        else:
            edition = self._ask_origin()
        if self.page.is_cacheable:
            self._held()[pop.code] = Copy(edition, self.now, self.edge.mark, behind=behind)
        return edition, behind

    def _ask_origin(self) -> int:
        self.edge.fetch(name := str(self.where))
        if not self.edition:
            self.edition = self.edge.editions[name] = self.edge.editions.get(name, 0) + 1
        return self.edition

    def _held(self) -> dict[str, Copy]:
        return self.edge.held.setdefault(str(self.where), {})


def marks_of(where: Address, page: Page) -> list[str]:
    """Every mark that a purge may leave on a copy of this page."""
    marks = [url_mark(where), all_mark(page.service_id)]
    return [*marks, *(key_mark(page.service_id, key) for key in page.surrogate_keys)]


def url_mark(where: Address | str) -> str:
    return f"url {where}"


def all_mark(service_id: str) -> str:
    return f"all {service_id}"


def key_mark(service_id: str, key: str) -> str:
    return f"key {service_id} {key}"


def content_hash(where: Address, edition: int) -> str:
    """The MD5 of the body, as the edge check reports it."""
    return hashlib.md5(f"{where.url} {edition}".encode(), usedforsecurity=False).hexdigest()
