"""A sandbox behind real sockets: one app for the API's port and the edge's, and its state file."""

import logging
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from fastly_mcp.sandbox.doors.faults import DROP
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.statefile import save_world

log = logging.getLogger("fastly_mcp.sandbox")


class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at run time
    """Lets a fault cut the connection it came by."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        inner: ASGIApp = self.app  # type: ignore[has-type]  # of a class chosen at run time

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                extensions = scope.setdefault("extensions", {}) or {}
                scope["extensions"] = extensions | {DROP: self.transport.abort}
            await inner(scope, receive, send)

        self.app = app


def by_port(api: ASGIApp, edge: ASGIApp, edge_port: int) -> ASGIApp:
    """One app for two listening sockets: what came by the edge's port is for the edge."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        port = (scope.get("server") or ("", 0))[1]
        await (edge if port == edge_port else api)(scope, receive, send)

    return app


class Keeper:
    """Keeps a sandbox's world in a state file."""

    def __init__(self, sandbox: Sandbox, file: Path) -> None:
        self.sandbox, self.file = sandbox, file
        self._saved = -1

    async def save(self) -> None:
        """Save the world if it may have changed; what goes wrong is logged, and tried again."""
        requests = self.sandbox.requests
        if requests == self._saved:
            return
        try:
            save_world(self.file, self.sandbox.world)
            self._saved = requests
        except OSError as error:
            log.error("%s cannot be written: %s", self.file, error.strerror)  # noqa: TRY400  # no stack
