"""Serving over HTTP: one ASGI app for Streamable HTTP, SSE and health, behind one guard."""

import logging
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fastly_mcp.serving.callers import Callers
from fastly_mcp.serving.server import FastlyServer

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
OPEN = frozenset({"/healthz", "/readyz"})  # paths strangers may ask
NOT_READY = 5.0  # seconds a "not ready" is believed
HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?")

access = logging.getLogger("fastly_mcp.access")


def http_app(
    server: FastlyServer, *, callers: Callers | None, allowed_hosts: Iterable[str]
) -> ASGIApp:
    """Make the ASGI app. Without `callers` nobody has to show a secret."""
    # The guard does this for every route; the SDK would for its own two only.
    unguarded = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(stateless_http=True, transport_security=unguarded)
    health = _Health(server)
    app.router.routes.extend(
        [
            *server.sse_app(transport_security=unguarded).routes,
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
        ]
    )
    return Guard(app, callers, frozenset(bare(host) for host in allowed_hosts) - {""})


class _Health:
    def __init__(self, server: FastlyServer) -> None:
        self._connection = server.connection
        self._not_ready_at: float | None = None

    async def alive(self, request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def ready(self, request: Request) -> Response:
        """Tell whether Fastly accepts the token, and no reasons: strangers may ask."""
        at = self._not_ready_at
        if at is None or time.monotonic() - at > NOT_READY:
            grant = await self._connection.grant()
            self._not_ready_at = time.monotonic() if grant.reason else None
        ready = self._not_ready_at is None
        return JSONResponse({"ready": ready}, 200 if ready else 503)


@dataclass
class Guard:
    """Checks Host and Origin on every route, and the caller's secret on all but the health's."""

    app: Starlette
    callers: Callers | None
    allowed_hosts: frozenset[str]

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
        if self.callers is not None and path not in OPEN:
            caller = self.callers.name(headers.get("authorization", ""))
            if caller is None:
                return _refuse(401, "A bearer secret is needed.", {"WWW-Authenticate": "Bearer"})
            # The SDK then lets an SSE session be used only by the caller that opened it.
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=caller, scopes=[]))
        if path == "/mcp" and scope["method"] != "POST":
            # Stateless: there is no stream to GET and no session to DELETE. The SDK would
            # hold an empty stream open until the client gives up.
            return _refuse(405, "POST is the only method here.", {"Allow": "POST"})
        return None

    def _from_here(self, origin: str) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme in {"http", "https"} and bare(host) in self.allowed_hosts


def bare(host: str) -> str:
    """Return a Host header's host, lower case, without port and brackets; empty if it is none."""
    found = HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""


def _refuse(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(reason + "\n", status, headers)
