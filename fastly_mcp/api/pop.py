"""What one POP answered to the edge check, read whatever it lacks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["fresh", "stale", "cached", "not_cached", "not_told", "no_answer"]
"""What a POP had. `cached` is fresh or stale, which a hit on another of its servers does not tell
[reference/http/http-headers/Fastly-Debug-TTL]; `not_told` where the service takes X-Cache off."""

HELD = frozenset({"fresh", "stale", "cached"})
POP = re.compile(r"[A-Z0-9]{2,4}")

# `H cache-jfk1026-JFK 41733294.335 864000.000 2273`, in brackets where there are several.
TTL = re.compile(r"\b([HM]) \S+ (-?\d+(?:\.\d+)?|-) \S+ [^\s)]+")

DIRECTIVES = (
    *("private", "no-store", "no-cache", "max-age", "s-maxage"),
    *("stale-while-revalidate", "stale-if-error", "must-revalidate", "public"),
)
DIRECTIVE = re.compile(r'\s*([A-Za-z-]+)\s*(?:=\s*"?(\d{1,10})\b)?')

# What is kept without a word from the origin [guides/concepts/edge-state/cache/cache-freshness].
KEPT_STATUSES = frozenset({200, 203, 300, 301, 302, 404, 410})


@dataclass(frozen=True, slots=True)
class Seen:
    """What one POP answered. Headers are by lower-case name."""

    pop: str
    status: int = 0
    hash: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answered: bool = False

    @classmethod
    def parse(cls, row: object) -> "Seen":
        """Read one row of the check, whatever it lacks; one without a status is no answer."""
        fields = _mapping(row)
        pop = str(fields.get("pop") or "").partition("-")[0].upper()
        pop = pop if POP.fullmatch(pop) else "?"
        content = str(fields.get("hash") or "")
        response = _mapping(fields.get("response"))
        status = response.get("status")
        if content.startswith("error-") or type(status) is not int or not 100 <= status < 600:
            return cls(pop)
        # `warning-too-large-…` stands where there is no hash.
        content = "" if content.startswith("warning-") else content
        headers = {
            str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in _mapping(response.get("headers")).items()
            if value is not None
        }
        return cls(pop, status, content, headers, answered=True)

    @property
    def state(self) -> State:
        if not self.answered:
            return "no_answer"
        told = TTL.findall(self.headers.get("fastly-debug-ttl", ""))
        letter, left = told[-1] if told else ("", "-")
        own = self.hops[-1] if self.hops else {"H": "HIT", "M": "MISS"}.get(letter, "")
        if not own:
            return "cached" if self.age else "not_told"
        if not _is_hit(own):
            return "not_cached"
        if letter != "H" or left == "-":
            return "cached"
        return "fresh" if float(left) > 0 else "stale"

    @property
    def hops(self) -> list[str]:
        """What each cache node on the way had, the POP's own last."""
        return self._list("x-cache")

    @property
    def servers(self) -> list[str]:
        """The cache nodes on the way, the POP's own last."""
        return self._list("x-served-by")

    @property
    def age(self) -> int | None:
        """Seconds since the origin was asked, at whichever node holds the copy."""
        told = self.headers.get("age", "")
        return int(told) if re.fullmatch(r"[0-9]{1,10}", told) else None

    @property
    def is_from_origin(self) -> bool:
        """Tell whether no node on the way had it."""
        return bool(self.hops) and not any(map(_is_hit, self.hops))

    @property
    def why_not_cached(self) -> str:
        """One word of what the headers say against it; empty if they say nothing."""
        if self.hops and "PASS" in self.hops[-1]:
            return "pass"
        cache = directives(self.headers.get("cache-control", ""))
        surrogate = directives(self.headers.get("surrogate-control", ""))
        for word in ("private", "no-store"):
            if word in cache or word in surrogate:
                return word
        if "set-cookie" in self.headers:
            return "set-cookie"
        # The first that is there counts [same source as KEPT_STATUSES].
        for said, name in ((surrogate, "max-age"), (cache, "s-maxage"), (cache, "max-age")):
            if said.get(name):
                return "" if int(said[name]) else f"{name}=0"
        return "" if self.status in KEPT_STATUSES else f"status={self.status}"

    def _list(self, name: str) -> list[str]:
        return [part.strip().upper() for part in self.headers.get(name, "").split(",") if part]


def directives(header: str) -> dict[str, str]:
    """Return what a Cache-Control or Surrogate-Control says of caching, by DIRECTIVES' order."""
    said: dict[str, str] = {}
    for part in header.split(","):
        if found := DIRECTIVE.match(part):
            said.setdefault(found[1].lower(), found[2] or "")
    return {name: said[name] for name in DIRECTIVES if name in said}


def _is_hit(hop: str) -> bool:
    # Services may show Fastly's own words instead, such as HITPASS, which comes from the origin.
    return hop.startswith("HIT") and "PASS" not in hop


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
