"""What a caller may do: the token's scopes and services, narrowed by what the operator allows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastly_mcp.scopes import Scope, expand

SOON = 14  # days
OLD = 90  # days


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """The fields of `GET /tokens/self` that matter here."""

    id: str = ""
    name: str = ""
    user_id: str = ""
    scopes: frozenset[Scope] = frozenset()
    services: frozenset[str] | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None

    @classmethod
    def parse(cls, row: Mapping[str, Any]) -> "TokenInfo":
        """Read a token as Fastly gives it.

        `scope` is a space-separated string and `scopes` the same as a list; automation tokens
        carry a string in either place, and only one of them may be there, so both are read.
        Words this client does not know grant nothing.
        """
        words = _words(row.get("scope")) | _words(row.get("scopes"))
        services = _words(row.get("services"))
        return cls(
            id=str(row.get("id") or ""),
            name=str(row.get("name") or ""),
            user_id=str(row.get("user_id") or ""),
            scopes=frozenset(scope for scope in Scope if scope in words),
            services=services or None,
            created_at=_time(row.get("created_at")),
            expires_at=_time(row.get("expires_at")),
        )

    def days_left(self, now: datetime) -> int | None:
        """Whole days until the token expires; None if it never does."""
        return None if self.expires_at is None else (self.expires_at - now).days

    def warnings(self, now: datetime) -> list[str]:
        """What a careful owner would change about this token."""
        found = []
        left = self.days_left(now)
        if left is None:
            found.append("The token never expires; make one that lasts 90 days.")
        elif left < SOON:
            found.append(f"The token expires in {max(left, 0)} days; make its successor now.")
        if Scope.GLOBAL in self.scopes:
            found.append(
                "The token has the scope global, which can change everything; "
                "make one with global:read purge_select."
            )
        if self.services is None:
            found.append("The token reaches all services; limit it to those it is for.")
        if self.created_at and (now - self.created_at).days > OLD:
            found.append(f"The token is older than {OLD} days; replace it.")
        if self.user_id:
            found.append(
                "The token belongs to a person and ends with their account; "
                "use an automation token."
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What may be done now.

    `scopes` are the effective ones, all included ones spelled out. `services` are the ids that
    may be touched, None for all. `reason` is set when the token is not known to work, and says
    why and what to do; `limited` maps a scope the operator withholds to the setting that does.
    """

    scopes: frozenset[Scope] = frozenset()
    services: frozenset[str] | None = None
    token: TokenInfo | None = None
    reason: str = ""
    limited: Mapping[Scope, str] = field(default_factory=dict)

    def permits(self, scope: Scope | None) -> bool:
        """Tell whether a tool that needs `scope` may run; None needs nothing."""
        return scope is None or scope in self.scopes

    def why_not(self, scope: Scope | None) -> str:
        """Say why a tool that needs `scope` is withheld."""
        if scope is not None and scope in self.limited:
            return f"the operator of this server withholds it ({self.limited[scope]})"
        if self.reason:
            return self.reason
        if self.token is None:
            return f"FASTLY_MCP_SCOPES, which declares what this token may do, lacks {scope}"
        has = " ".join(sorted(self.token.scopes)) or "none"
        return f"the token lacks the scope {scope} (it has: {has})"


@dataclass(frozen=True, kw_only=True)
class OperatorLimits:
    """What the operator takes away, whatever the token could do."""

    scopes: frozenset[Scope] | None = None
    read_only: bool = False

    def narrow(self, scopes: frozenset[Scope]) -> tuple[frozenset[Scope], dict[Scope, str]]:
        """Return what is left of a token's scopes, and for each withheld one the setting."""
        left = expand(scopes)
        limited: dict[Scope, str] = {}
        for scope in left:
            if self.read_only and scope is not Scope.GLOBAL_READ:
                limited[scope] = "FASTLY_MCP_READ_ONLY"
            elif self.scopes is not None and scope not in expand(self.scopes):
                limited[scope] = "FASTLY_MCP_SCOPES"
        return left - limited.keys(), limited


def _words(value: object) -> frozenset[str]:
    words = value.split() if isinstance(value, str) else value
    return frozenset(str(word) for word in words) if isinstance(words, list) else frozenset()


def _time(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
