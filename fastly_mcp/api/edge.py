"""The edge check: what all POPs have of one URL of this account, made of Fastly's 105 KB."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from fastly_mcp.api.answers import shaped
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.paths import CachedURL, host_of, purge_target
from fastly_mcp.api.pop import HELD, Seen, State, directives
from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.scopes import Scope
from fastly_mcp.text import cut

TOLD = 4  # directives of one header


@dataclass(frozen=True)
class EdgeLook:
    """What all POPs answered for a URL of this service. Looking fills their caches."""

    service_id: str
    answers: tuple[Seen, ...]

    def pops(self, *states: State) -> tuple[str, ...]:
        """The POPs that had it so."""
        return tuple(seen.pop for seen, state in self._states if state in states)

    @cached_property
    def statuses(self) -> Counter[int]:
        return Counter(seen.status for seen in self.answers if seen.answered)

    @cached_property
    def contents(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every content's hash with the POPs that showed it, the most widespread first."""
        shown: dict[str, list[str]] = {}
        for seen in self.answers:
            if seen.hash:
                shown.setdefault(seen.hash, []).append(seen.pop)
        return [(each, tuple(shown[each])) for each in sorted(shown, key=lambda h: -len(shown[h]))]

    @cached_property
    def ages(self) -> list[int]:
        """Seconds, of the copies that were in a cache, youngest first."""
        return sorted(
            seen.age for seen, state in self._states if state in HELD and seen.age is not None
        )

    @cached_property
    def surrogate_keys(self) -> tuple[str, ...]:
        """The keys most POPs tell. That the live API tells them is unconfirmed."""
        return tuple(dict.fromkeys(self._most("surrogate-key").split()))

    @cached_property
    def cache_control(self) -> str:
        return _text(directives(self._most("cache-control")))

    @cached_property
    def surrogate_control(self) -> str:
        return _text(directives(self._most("surrogate-control")))

    @cached_property
    def why_not_cached(self) -> str:
        """One word for most POPs that had no copy; empty if the headers say nothing against it."""
        reasons = Counter(s.why_not_cached for s, state in self._states if state == "not_cached")
        return reasons.most_common(1)[0][0] if reasons else ""

    @cached_property
    def shields(self) -> frozenset[str]:
        """The POPs that others fetched through, as far as X-Served-By tells."""
        return frozenset(
            seen.servers[0].rpartition("-")[2] for seen in self.answers if len(seen.servers) > 1
        )

    @property
    def is_shielded(self) -> bool:
        return bool(self.shields) or any(len(seen.hops) > 1 for seen in self.answers)

    @cached_property
    def _states(self) -> list[tuple[Seen, State]]:
        return [(seen, seen.state) for seen in self.answers]

    def _most(self, header: str) -> str:
        told = Counter(seen.headers[header] for seen in self.answers if header in seen.headers)
        return told.most_common(1)[0][0] if told else ""


def page(url: str) -> CachedURL:
    """Return the URL of a page to look at. Raises InvalidArgument for what is none."""
    try:
        target = purge_target(url)
    except InvalidArgument as error:
        raise InvalidArgument(f"Nothing was sent, because of the URL: {error}.") from None
    if urlsplit(target).port is not None:
        raise InvalidArgument("Nothing was sent, because of the URL: it has a port of its own.")
    return target


async def look(
    fastly: Connection, target: CachedURL, *, spend: Callable[[], Awaitable[None]]
) -> EdgeLook:
    """Have every POP fetch a page of this account, and return what they answered.

    `spend` counts the check, and raises if there were too many. Raises NotPermitted for a host
    that is not known to be of one service within the grant and the operator's limits.
    """
    service_id = await _owner(fastly, target)
    await spend()
    rows = await fastly.get("/content/edge_check", {"url": target}, repeatable=False)
    with shaped():
        return EdgeLook(service_id, tuple(map(Seen.parse, _listed(rows))))


async def _owner(fastly: Connection, target: CachedURL) -> str:
    """Return the id of the one service whose host this is; raises NotPermitted."""
    grant = await fastly.grant()
    if not grant.permits(Scope.GLOBAL_READ):
        why = grant.why_not(Scope.GLOBAL_READ).rstrip(".")
        raise NotPermitted(f"Looking at the edge is withheld: {why}. Nothing was sent.")
    await fastly.check_hosts([target])
    index, host = await fastly.services.domains(), host_of(target)
    owners = index.owners(host)
    if not index.complete:
        raise NotPermitted(
            "This token may not read domain management, so whose host this is cannot be told, and "
            "all POPs would fetch it. Nothing was sent."
        )
    if len(owners) != 1 or (grant.services is not None and not owners <= grant.services):
        raise NotPermitted(
            f"{cut(host, 80)} is not a domain of one service this server may touch, and all POPs "
            "would fetch it. Nothing was sent."
        )
    return owners.pop()


def _text(said: Mapping[str, str]) -> str:
    told = [f"{name}={value}" if value else name for name, value in said.items()]
    return ", ".join(told[:TOLD])


def _listed(rows: object) -> list[object]:
    if not isinstance(rows, list):
        raise TypeError
    return rows
