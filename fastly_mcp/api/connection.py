"""What a caller acts through: a Fastly token, and the grant it really has."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from pydantic import SecretStr

from fastly_mcp.api.answers import Answer, Expects
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.credentials import check_form, check_secrets, may_be_told
from fastly_mcp.api.grant import Grant
from fastly_mcp.api.granting import Granting
from fastly_mcp.api.paths import CachedURL, host_of, looks_like_id, meant
from fastly_mcp.api.services import Service, Services
from fastly_mcp.api.token import UNSET, TokenSource
from fastly_mcp.config import Settings
from fastly_mcp.errors import (
    ConfigError,
    InvalidArgument,
    NotAuthorized,
    NotFound,
    NotPermitted,
    Unavailable,
)
from fastly_mcp.scopes import Scope
from fastly_mcp.text import cut

if TYPE_CHECKING:
    from fastly_mcp.api.catalog.checking import Request

LOOK = 10.0  # seconds a tool call waits for the grant

# The grant a tool call acts under: asked for once, however often the call comes back to it.
ACTING: ContextVar[tuple["Connection", Grant] | None] = ContextVar("ACTING", default=None)


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
        self._granting = Granting(settings, client, self.services, clock)

    async def get(
        self,
        path: str,
        query: Mapping[str, str | int] | None = None,
        *,
        repeatable: bool = True,
        **segments: str,
    ) -> Any:
        """GET a path template and return the parsed body; see FastlyClient.get."""
        await self._check_service(segments)
        return (await self._ask(path, query, segments, repeatable=repeatable)).data

    async def post(
        self,
        path: str,
        *,
        repeatable: bool,
        counted: bool = True,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        **segments: str,
    ) -> Any:
        """POST to a path template and return the parsed body; see FastlyClient.post."""
        await self._check_service(segments)
        token = self._token()
        with self._doubting():
            answer = await self.client.post(
                token,
                path,
                segments,
                repeatable=repeatable,
                counted=counted,
                headers=headers,
                json=json,
            )
        return answer.data

    async def check_reach(self, request: "Request") -> None:
        """Raise NotPermitted for what neither the operator nor the grant lets this server touch.

        Where the operator limits it to some services, an operation has to be on one of them.
        """
        check_secrets(request.operation.id, self.settings)
        check_form(request)
        if self.settings.services is not None and "service_id" not in request.segments:
            raise NotPermitted(
                "The operator limits this server to some services (FASTLY_MCP_SERVICES), and this "
                "operation is not on one service; nothing was sent."
            )
        await self._check_service(request.segments)

    async def call(self, request: "Request", *, repeatable: bool) -> Answer:
        """Send one of the catalog's operations; see check_reach and FastlyClient.send.

        Where the operator allows it, the answer of one whose point is a secret tells the secret.
        """
        await self.check_reach(request)
        operation, token = request.operation, self._token()
        expects: Expects = "anything"
        if operation.method == "GET":
            expects = "text" if operation.returns == "text" else "json"
        if may_be_told(operation.id, self.settings):
            expects = "secret"
        with self._doubting():
            answer = await self.client.send(
                token,
                operation.method,
                request.target,
                repeatable=repeatable,
                host=operation.host,
                headers=request.sent_headers,
                body=request.body,
                expects=expects,
            )
        if not isinstance(answer.data, str):
            return answer
        from fastly_mcp.api.secret_pairs import without_called  # noqa: PLC0415  # a start has none

        return replace(answer, data=without_called(request.segments, answer.data))

    async def service(self, reference: str, *, changing: bool = False) -> Service:
        """Return the one service meant by an id, an exact name or a domain, within the grant.

        For a change an id is enough: if its name cannot be looked up, by a token that may not
        read or while Fastly's control plane is down, it stays empty. Raises InvalidArgument when
        none or several are meant, naming the nearest.
        """
        grant = await self.grant()
        reference = meant(reference)
        is_id = looks_like_id(reference)
        if is_id:
            self._may_touch(reference, grant)
        if not grant.permits(Scope.GLOBAL_READ):
            if is_id:
                return Service(reference)
            raise InvalidArgument(
                "This token may not look services up by name or domain (it lacks global:read); "
                "give the service's id."
            )
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
        reference = meant(reference)
        if looks_like_id(reference):
            try:
                return await self._details(reference)
            except NotFound:
                pass  # a name can look like an id; if none does, the search names the nearest
        return await self._details((await self.service(reference)).id)

    async def _details(self, service_id: str) -> dict[str, Any]:
        details = await self.get("/service/{service_id}/details", service_id=service_id)
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
            index = await self.services.domains()
            if index.complete:
                owners = index.owners(host)
                return len(owners) == 1 and owners <= grant.services
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
        acting = ACTING.get()
        if acting and acting[0] is self:
            return acting[1]
        try:
            token = self._token()
        except ConfigError as error:
            return Grant(reason=str(error))
        return await self._granting.now(token, wait)

    @contextmanager
    def under(self, grant: Grant) -> Iterator[None]:
        """Act under one grant from here to the end."""
        before = ACTING.set((self, grant))
        try:
            yield
        finally:
            ACTING.reset(before)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def _ask(
        self,
        path: str,
        query: Mapping[str, str | int] | None,
        segments: dict[str, str],
        *,
        repeatable: bool = True,
    ) -> Answer:
        token = self._token()
        with self._doubting():
            return await self.client.get(token, path, query, segments, repeatable=repeatable)

    @contextmanager
    def _doubting(self) -> Iterator[None]:
        """Ask for the grant anew after Fastly refused the token."""
        try:
            yield
        except NotAuthorized:
            self._granting.doubt()
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
