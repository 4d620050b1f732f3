"""A change as a tool asks for it, before anything is sent."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["all", "key", "url", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A service that a change touches. What the token may not look up stays empty."""

    service_id: str
    service_name: str = ""
    domains: tuple[str, ...] = ()
    knows_domains: bool = False
    """Whether these are all of its domains."""
    is_lost: bool = False
    """Whether the token may look it up, and Fastly did not answer."""
    active_version: int | None = None
    shields: tuple[str, ...] = ()
    is_stale_on_error: bool = False

    @property
    def names(self) -> frozenset[str]:
        """What people call it, in any case: an equal surrogate key may well tag every page."""
        named = {self.service_id, self.service_name, *self.domains} - {""}
        return frozenset(name.casefold() for name in named)

    def may_serve(self, host: str) -> bool:
        """Tell whether this host may be one of its domains, given in lower case."""
        if not self.knows_domains:
            return True
        wild = "*." + host.partition(".")[2]
        return any(domain.casefold() in {host, wild} for domain in self.domains)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What is told of a change to the configuration, before a person decides on it."""

    operation: str
    """Its id in the catalog."""
    summary: str
    request: str
    """The method and the path."""
    told: tuple[tuple[str, str], ...] = ()
    """What else a person reads: what it is in a word, and a line of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A purge: what of which services; `all` has no targets. Or a write, which has one."""

    kind: Kind
    write: Write | None = None
    hits: tuple[Hit, ...] = ()
    targets: tuple[str, ...] = ()
    soft: bool = False
    hosts: tuple[str, ...] = ()
    """Of URLs, the host of each."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """The id of the service each host belongs to, as far as it was looked up."""
    feels: str = ""
    """What the origin will feel, as far as it was looked up."""

    @property
    def counts(self) -> Counter[str]:
        """How many targets there are by what they are counted under: URLs by host."""
        if self.kind == "url":
            return Counter(self.hosts)
        if self.write:
            return Counter({next((hit.service_id for hit in self.hits), ""): 1})
        return Counter({hit.service_id: max(1, len(self.targets)) for hit in self.hits})

    @property
    def places(self) -> frozenset[str]:
        """The services it touches, as far as they are known, and the hosts; else what it does."""
        found = {hit.service_id for hit in self.hits} | set(self.hosts)
        return frozenset(found or ({self.write.operation} if self.write else ()))

    @property
    def state(self) -> str:
        """A digest of what must not change while a person decides."""
        seen: list[Any] = [[hit.service_id, hit.active_version, hit.domains] for hit in self.hits]
        return digest([*seen, self.write.told] if self.write else seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The tool call a change belongs to."""

    tool: str
    arguments: str
    """A digest of the exact arguments."""
    caller: str = ""
    """The HTTP caller's name, or where there is none the transport."""
    client: str = ""
    """The MCP client's name and version, as it says itself."""
    transport: str = ""
    approval: str = ""
    """The code of the plan that a person decided on."""

    def is_same(self, other: "Call") -> bool:
        """Tell whether another call asks for the same, by the same caller."""
        mine = (self.tool, self.arguments, self.caller)
        return mine == (other.tool, other.arguments, other.caller)


CALL: ContextVar[Call] = ContextVar("CALL")

PROGRESS: ContextVar[Callable[[int, int], None] | None] = ContextVar("PROGRESS", default=None)
"""Is told how many targets of a change are done with, of how many, by whoever wants to know."""


def digest(value: Any) -> str:
    """SHA-256 over a value's JSON, 64 hex digits."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
