"""A sandbox behind real sockets: one app for the API's port and the edge's, and its state file."""

import logging
from pathlib import Path
from time import monotonic
from typing import Any

from anyio import to_thread
from filelock import FileLock, Timeout
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from fastly_mcp.sandbox.doors.faults import DROP
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.seeds.statefile import beside, dump_world, load_world, write_file
from fastly_mcp.sandbox.state import World

log = logging.getLogger("fastly_mcp.sandbox")
SHARE = 4
"""A save took so much of the time until the next: a large world is saved more seldom."""
AGAIN = 5.0  # seconds after a save that failed


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
    """Keeps a sandbox's world in a state file, which no other sandbox may use meanwhile."""

    def __init__(self, file: Path) -> None:
        self.file = file.resolve()
        self._saved = -1
        self._next = 0.0

    def open(self) -> World | None:
        """Take the file, and return what is in it. Raises SeedError."""
        is_other = self.file.exists() and not self.file.is_file()
        if is_other or not self.file.parent.is_dir():
            raise SeedError(f"{self.file} cannot be a file: name one in a directory that is there")
        self._lock = FileLock(beside(self.file, "lock"), blocking=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise SeedError(f"{self.file} is in use by another sandbox") from None
        except OSError as error:
            raise SeedError(f"{self.file} cannot be written: {error.strerror}") from None
        return load_world(self.file)

    async def save(self, sandbox: Sandbox, *, is_last: bool = False) -> None:
        """Save the world if it changed; what goes wrong is logged, and tried again."""
        began, changes = monotonic(), sandbox.changes
        if changes == self._saved or (began < self._next and not is_last):
            return
        try:
            text = dump_world(sandbox.world)
            await to_thread.run_sync(write_file, self.file, text)
            self._saved = changes
            self._next = began + (monotonic() - began) * SHARE
        except OSError as error:
            self._next = began + AGAIN
            log.error("%s cannot be written: %s", self.file, error.strerror)  # noqa: TRY400  # no stack
