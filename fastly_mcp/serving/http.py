"""Serving over HTTP: one ASGI app for Streamable HTTP, SSE and health, behind one guard."""

import time
from collections.abc import Iterable

from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from fastly_mcp.serving.callers import Callers
from fastly_mcp.serving.guard import Guard, bare_hosts
from fastly_mcp.serving.server import FastlyServer

OPEN = frozenset({"/healthz", "/readyz"})  # paths strangers may ask
# Stateless: there is no stream to GET and no session to DELETE. The SDK would hold an empty
# stream open until the client gives up.
POST_ONLY = frozenset({"/mcp"})
NOT_READY = 5.0  # seconds a "not ready" is believed


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
    return Guard(app, bare_hosts(allowed_hosts), callers, open_paths=OPEN, post_only=POST_ONLY)


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
