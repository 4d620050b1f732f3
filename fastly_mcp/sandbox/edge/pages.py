"""What the origins have, and how long it may be kept."""

import re
from dataclasses import dataclass, field

CACHE_CONTROL = "public, max-age=0, s-maxage=31536000, stale-while-revalidate=86400"
"""What the origins say unless the seed says otherwise: only a purge changes such a page."""
UNCACHEABLE = re.compile(r"\b(?:private|no-store)\b")
SECONDS = r"\b%s=(\d{1,10})"
BODILESS = frozenset({204, 205, 304})
"""Statuses whose answers have no body."""


@dataclass(slots=True)
class Page:
    """What an origin answers for one address."""

    service_id: str
    surrogate_keys: tuple[str, ...] = ()
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    size: int = 18_432
    cache_control: str = CACHE_CONTROL
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def surrogate_control(self) -> str:
        """Preferred to Cache-Control in all it says [reference/http-headers/Surrogate-Control]."""
        return self.headers.get("surrogate-control", "")

    @property
    def is_cacheable(self) -> bool:
        """Invented: `private` and `no-store` count in either header."""
        said = f"{self.surrogate_control}, {self.cache_control}"
        return not UNCACHEABLE.search(said) and "set-cookie" not in self.headers

    @property
    def ttl(self) -> int:
        """Seconds it is fresh, shared caches first; 3600 where the origin says nothing."""
        return _seconds(
            ("max-age", self.surrogate_control),
            ("s-maxage", self.cache_control),
            ("max-age", self.cache_control),
            default=3600,
        )

    @property
    def stale_while_revalidate(self) -> int:
        name = "stale-while-revalidate"
        return _seconds((name, self.surrogate_control), (name, self.cache_control), default=0)


def _seconds(*places: tuple[str, str], default: int) -> int:
    """What the first header that has the directive says."""
    for name, said in places:
        if found := re.search(SECONDS % name, said):
            return int(found[1])
    return default
