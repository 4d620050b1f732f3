"""What a caller acts through: a Fastly token, and the grant it really has."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import anyio
from pydantic import SecretStr

from fastly_mcp.api.answers import Answer
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.grant import Grant, OperatorLimits, TokenInfo
from fastly_mcp.api.paths import CachedURL, host_of, looks_like_id
from fastly_mcp.api.services import Service, Services
from fastly_mcp.api.token import HOW_TO_GET_ONE, UNSET, TokenSource
from fastly_mcp.config import Settings
from fastly_mcp.errors import (
    APIError,
    ConfigError,
    InvalidArgument,
    NotAuthorized,
    NotFound,
    NotPermitted,
    Unavailable,
)
from fastly_mcp.scopes import Scope
from fastly_mcp.text import cut

FRESH = 60.0  # seconds a grant is believed without asking again
STALE = 300.0  # seconds the last known grant serves while Fastly cannot be asked
LOOK = 10.0  # seconds a tool call waits for the grant


@dataclass
class _Known:
    """The last grant Fastly told, for which token and when."""

    token: SecretStr
    grant: Grant
    at: float
    doubted: bool = False


class Connection:
    """Sends a caller's requests with its token, within its grant.

    `get` and `post` raise NotPermitted for a service outside the grant, ConfigError for settings
    that are wrong, and what FastlyClient raises.
    """

    def __init__(
        self,
        settings: Settings,
        client: FastlyClient,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.client = client
        self.tokens = TokenSource()
        self.sandbox = True if settings.sandbox else None
        self.problem = " ".join(settings.problems)
        try:
            self.tokens = TokenSource(settings.token, settings.token_file)
        except ConfigError as error:
            self.problem = self.problem or str(error)
        self.services = Services(self._ask, clock)
        self._limits = OperatorLimits(scopes=settings.scopes, read_only=settings.read_only)
        self._allowed: frozenset[str] | None = None
        self._clock = clock
        self._known: _Known | None = None
        self._worked: tuple[SecretStr, datetime] | None = None

    async def get(
        self, path: str, query: Mapping[str, str | int] | None = None, **segments: str
    ) -> Any:
        """GET a path template and return the parsed body."""
        await self._check_service(segments)
        return (await self._ask(path, query, segments)).data

    async def post(
        self,
        path: str,
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        **segments: str,
    ) -> Any:
        """POST to a path template and return the parsed body; see FastlyClient.post."""
        await self._check_service(segments)
        token = self._token()
        try:
            answer = await self.client.post(
                token, path, segments, repeatable=repeatable, headers=headers, json=json
            )
        except NotAuthorized:
            self._doubt()
            raise
        return answer.data

    async def service(self, reference: str, *, changing: bool = False) -> Service:
        """Return the one service meant by an id, an exact name or a domain, within the grant.

        For a change an id is enough: if its name cannot be looked up, by a token that may not
        read or while Fastly's control plane is down, it stays empty. Raises InvalidArgument when
        none or several are meant, naming the nearest.
        """
        grant = await self.grant()
        is_id = looks_like_id(reference)
        if not grant.permits(Scope.GLOBAL_READ):
            if is_id:
                self._may_touch(reference, grant)
                return Service(reference)
            raise InvalidArgument(
                "This token may not look services up by name or domain (it lacks global:read); "
                "give the service's id."
            )
        if is_id:
            self._may_touch(reference, grant)
        try:
            return await self.services.find(reference, allowed=grant.services)
        except Unavailable:
            if changing and is_id:
                return Service(reference)
            raise
        except InvalidArgument as error:
            ask = " Ask the user which one; do not choose." if changing else ""
            raise InvalidArgument(f"{error}{ask}") from None

    async def details(self, reference: str) -> dict[str, Any]:
        """Return `GET /service/{id}/details` of the service meant; one request for an id."""
        if looks_like_id(reference):
            try:
                details = await self.get("/service/{service_id}/details", service_id=reference)
            except NotFound:
                pass  # a name can look like an id; if none does, the search names the nearest
            else:
                return cast("dict[str, Any]", details)
        service = await self.service(reference)
        details = await self.get("/service/{service_id}/details", service_id=service.id)
        return cast("dict[str, Any]", details)

    async def check_hosts(self, targets: Iterable[CachedURL]) -> None:
        """Raise NotPermitted unless the operator's limits let every one of these URLs be purged.

        With FASTLY_MCP_DOMAINS the host must be listed; with FASTLY_MCP_SERVICES its most specific
        domain must belong to one of them, which only a token that may read services can tell: for
        others the listed hosts are the limit. What is undecided is refused.
        """
        if self.settings.domains is None and self.settings.services is None:
            return
        hosts = dict.fromkeys(host_of(target) for target in targets)
        outside = [host for host in hosts if not await self._may_purge(host)]
        if outside:
            shown = ", ".join(cut(host, 80) for host in outside[:5])
            raise NotPermitted(
                f"The operator's limits do not let this server purge URLs of {shown}"
                f"{' and others' if len(outside) > 5 else ''}; nothing was sent."
            )

    async def _may_purge(self, host: str) -> bool:
        domains = self.settings.domains
        if domains is not None and host not in domains:
            return False
        if self.settings.services is None:
            return True
        grant = await self.grant()
        if grant.services is not None and grant.permits(Scope.GLOBAL_READ):
            return await self.services.owner(host) in grant.services
        if domains is not None:
            return True
        raise NotPermitted(
            "Which service a URL belongs to cannot be looked up with this token, so the "
            "operator's limit (FASTLY_MCP_SERVICES) refuses it; the operator can list exact "
            "hosts in FASTLY_MCP_DOMAINS. Nothing was sent."
        )

    async def grant(self, wait: float = LOOK) -> Grant:
        """Return the grant as it is now, asking Fastly if the known one is older than 60 s.

        Never raises: a grant that cannot be known says why in its `reason` and permits less.
        """
        try:
            token = self._token()
        except ConfigError as error:
            return Grant(reason=str(error))
        known = self._known if self._known and self._known.token == token else None
        if known and not known.doubted and self._clock() - known.at < FRESH:
            return known.grant
        try:
            with anyio.fail_after(wait):
                grant = await self._look(token)
        except TimeoutError:
            return self._unknown(known, f"Fastly did not answer within {wait:g} s")
        except ConfigError as error:
            return Grant(reason=str(error))
        except NotAuthorized as error:
            self._known = None
            return Grant(reason=self._rejected(token, error))
        except APIError as error:
            return self._unknown(known, error.reason)
        self._known = _Known(token, grant, self._clock())
        self._worked = (token, datetime.now(UTC))
        return grant

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _look(self, token: SecretStr) -> Grant:
        try:
            row = (await self.client.get(token, "/tokens/self", None, {})).data
        except NotAuthorized as error:
            if error.status != 403:
                raise
            return await self._limited(self._blind(), None)
        if not isinstance(row, dict):
            raise Unavailable(200, "with something that is no token")
        info = TokenInfo.parse(row)
        scopes, limited = self._limits.narrow(info.scopes)
        return await self._limited(Grant(scopes=scopes, token=info, limited=limited), info.services)

    async def _limited(self, grant: Grant, services: frozenset[str] | None) -> Grant:
        names = self.settings.services
        if names is None:
            return replace(grant, services=services)
        if self._allowed is None:
            # Once for the life of the process: a later rename must not widen the limit.
            can_look = Scope.GLOBAL_READ in grant.scopes
            self._allowed = await self.services.ids(names, can_look=can_look)
        allowed = self._allowed if services is None else self._allowed & services
        return replace(grant, services=allowed)

    def _blind(self) -> Grant:
        """The grant of a token that may not read itself: what the operator declares."""
        if self.settings.scopes is None:
            return Grant(
                reason="Fastly does not let this token read its own scopes. If you run this "
                "server, declare them in FASTLY_MCP_SCOPES, for example: purge_select"
            )
        scopes, limited = self._limits.narrow(self.settings.scopes)
        return Grant(scopes=scopes, limited=limited)

    def _unknown(self, known: _Known | None, why: str) -> Grant:
        if known and self._clock() - known.at < STALE:
            return known.grant
        scopes, limited = self._limits.narrow(frozenset({Scope.GLOBAL_READ}))
        allowed = self._allowed
        if allowed is None and self.settings.services is not None:
            # The names among them could not be looked up yet; what is known to be an id holds.
            allowed = frozenset(filter(looks_like_id, self.settings.services))
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

    async def _ask(
        self, path: str, query: Mapping[str, str | int] | None, segments: dict[str, str]
    ) -> Answer:
        token = self._token()
        try:
            return await self.client.get(token, path, query, segments)
        except NotAuthorized:
            self._doubt()
            raise

    async def _check_service(self, segments: Mapping[str, str]) -> None:
        if "service_id" in segments:
            self._may_touch(segments["service_id"], await self.grant())

    @staticmethod
    def _may_touch(service_id: str, grant: Grant) -> None:
        if grant.services is not None and service_id not in grant.services:
            raise NotPermitted(
                "This service is outside what this server may touch (get_account lists what "
                "is); nothing was sent."
            )

    def _token(self) -> SecretStr:
        if self.problem:
            raise ConfigError(self.problem)
        token = self.tokens.current()
        if token is None:
            raise ConfigError(UNSET)
        return token

    def _doubt(self) -> None:
        """After a 401 or 403 the grant is asked for again before it is believed."""
        if self._known:
            self._known.doubted = True
