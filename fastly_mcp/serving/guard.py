"""The guard before everything served over HTTP: Host, Origin, the caller's secret, the log."""

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fastly_mcp.serving.callers import Callers

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?")

access = logging.getLogger("fastly_mcp.access")


@dataclass
class Guard:
    """Checks Host and Origin on every route, and the caller's secret on all that are not open."""

    app: ASGIApp
    allowed_hosts: frozenset[str]
    callers: Callers | None = None
    """Who may call; None: whoever can connect."""
    open_paths: frozenset[str] = frozenset()
    """Paths that strangers may ask all the same."""
    post_only: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                if status:
                    # The SDK begins a second answer where an SSE stream ends from this side.
                    return
                status = message["status"]
            await send(message)

        # White space around a value is no part of it (RFC 9110, 5.5), but httptools leaves it on.
        scope["headers"] = [(name, value.strip(b" \t")) for name, value in scope["headers"]]
        refusal = self._refusal(scope)
        try:
            await (refusal or self.app)(scope, receive, note)
        finally:
            # Never the query: whatever is in it is nobody's business.
            access.info(
                "%s %s %d %s %.1f ms",
                scope["method"],
                scope["path"][:100].encode("unicode_escape").decode(),
                status,
                getattr(scope.get("user"), "username", "-"),
                (time.monotonic() - began) * 1000,
            )

    def _refusal(self, scope: Scope) -> Response | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or bare(host) not in self.allowed_hosts:
            return _refuse(
                421,
                f"This Host is not served here; allow it with --allowed-host. Got: {host[:100]!r}",
            )
        if not all(self._from_here(origin) for origin in headers.getlist("origin")):
            return _refuse(403, "This Origin is not served here.")
        if self.callers is not None and path not in self.open_paths:
            caller = self.callers.name(headers.get("authorization", ""))
            if caller is None:
                return _refuse(401, "A bearer secret is needed.", {"WWW-Authenticate": "Bearer"})
            # The SDK then lets an SSE session be used only by the caller that opened it.
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=caller, scopes=[]))
        if path in self.post_only and scope["method"] != "POST":
            return _refuse(405, "POST is the only method here.", {"Allow": "POST"})
        return None

    def _from_here(self, origin: str) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme in {"http", "https"} and bare(host) in self.allowed_hosts


def bare_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """Return host names as a Host header without port has them."""
    return frozenset(bare(host) for host in hosts) - {""}


def bare(host: str) -> str:
    """Return a Host header's host, lower case, without port and brackets; empty if it is none."""
    found = HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""


def _refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(reason + "\n", status, headers)
