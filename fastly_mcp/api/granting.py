"""Keeps the grant fresh: what the token may do, asked from Fastly and narrowed by the operator."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import anyio
from pydantic import SecretStr

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.grant import Grant, OperatorLimits, TokenInfo
from fastly_mcp.api.paths import looks_like_id
from fastly_mcp.api.services import Services
from fastly_mcp.api.token import HOW_TO_GET_ONE
from fastly_mcp.config import Settings
from fastly_mcp.errors import APIError, ConfigError, NotAuthorized, Unavailable
from fastly_mcp.scopes import Scope

FRESH = 60.0  # seconds a grant is believed without asking again
STALE = 300.0  # seconds the last known grant serves while Fastly cannot be asked


@dataclass
class _Known:
    """The last grant Fastly told, for which token and when."""

    token: SecretStr
    grant: Grant
    at: float
    doubted: bool = False


class Granting:
    """Asks Fastly for the grant when it is needed, and remembers it for 60 s."""

    def __init__(
        self,
        settings: Settings,
        client: FastlyClient,
        services: Services,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._client = client
        self._services = services
        self._clock = clock
        self._limits = OperatorLimits(scopes=settings.scopes, read_only=settings.read_only)
        self._allowed: frozenset[str] | None = None
        self._known: _Known | None = None
        self._worked: tuple[SecretStr, datetime] | None = None

    async def now(self, token: SecretStr, wait: float) -> Grant:
        """Return what this token may do now, waiting at most `wait` seconds for Fastly.

        Never raises: a grant that cannot be known says why in its `reason` and permits less.
        """
        known = self._of(token)
        if known and not known.doubted and self._clock() - known.at < FRESH:
            return known.grant
        try:
            with anyio.fail_after(wait):
                grant = await self._look(token)
        except TimeoutError:
            return self._unknown(known, f"Fastly did not answer within {wait:g} s")
        except ConfigError as error:
            self._known = None
            return Grant(reason=str(error))
        except APIError as error:
            return self._unknown(known, error.reason)
        self._known = _Known(token, grant, self._clock())
        self._worked = (token, datetime.now(UTC))
        return grant

    def doubt(self) -> None:
        """After a 401 or 403 the grant is asked for again before it is believed."""
        if self._known:
            self._known.doubted = True

    def _of(self, token: SecretStr) -> _Known | None:
        return self._known if self._known and self._known.token == token else None

    async def _look(self, token: SecretStr) -> Grant:
        """Ask Fastly. Raises ConfigError for a token it rejects, APIError if it cannot say."""
        try:
            row = (await self._client.get(token, "/tokens/self", None, {})).data
        except NotAuthorized as error:
            if error.status == 401:
                raise ConfigError(self._rejected(token, error)) from None
            known = self._of(token)
            if known and known.grant.token:
                # It could read itself before, so this is something on the way, or a passing fault.
                raise Unavailable(error.status, error.title, error.detail) from None
            return await self._limited(self._blind(), None)
        if not isinstance(row, dict):
            raise Unavailable(200, "with something that is no token")
        info = TokenInfo.parse(row)
        scopes, limited = self._limits.narrow(info.scopes)
        return await self._limited(Grant(scopes=scopes, token=info, limited=limited), info.services)

    async def _limited(self, grant: Grant, services: frozenset[str] | None) -> Grant:
        names = self._settings.services
        if names is None:
            return replace(grant, services=services)
        if self._allowed is None:
            # Once for the life of the process: a later rename must not widen the limit.
            can_look = Scope.GLOBAL_READ in grant.scopes
            self._allowed = await self._services.ids(names, can_look=can_look)
        allowed = self._allowed if services is None else self._allowed & services
        return replace(grant, services=allowed)

    def _blind(self) -> Grant:
        """The grant of a token that may not read itself: what the operator declares."""
        if self._settings.scopes is None:
            return Grant(
                reason="Fastly does not let this token read its own scopes. If you run this "
                "server, declare them in FASTLY_MCP_SCOPES, for example: purge_select"
            )
        scopes, limited = self._limits.narrow(self._settings.scopes)
        return Grant(scopes=scopes, limited=limited)

    def _unknown(self, known: _Known | None, why: str) -> Grant:
        if known and self._clock() - known.at < STALE:
            return known.grant
        scopes, limited = self._limits.narrow(frozenset({Scope.GLOBAL_READ}))
        allowed = self._allowed
        if allowed is None and self._settings.services is not None:
            # The names among them could not be looked up yet; what is known to be an id holds.
            allowed = frozenset(filter(looks_like_id, self._settings.services))
        return Grant(
            scopes=scopes,
            services=allowed,
            limited=limited,
            reason=f"Fastly could not be asked what the token may do ({why}); everything that "
            "changes something is withheld until it can. The next call asks again.",
        )

    def _rejected(self, token: SecretStr, error: NotAuthorized) -> str:
        worked = ""
        if self._worked and self._worked[0] == token:
            worked = f" It last worked at {self._worked[1]:%Y-%m-%dT%H:%M:%SZ}."
        return (
            f"Fastly rejects the token: {error.reason}.{worked} It has expired, was revoked or is "
            f"mistyped, and cannot be refreshed: make a new one. {HOW_TO_GET_ONE}"
        )
