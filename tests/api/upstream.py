"""The sandbox as an upstream that notes what it is asked and can be told to fail."""

from typing import Any

import anyio
import httpx2
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from fastly_mcp.sandbox import create_app

SELF = "/tokens/self"


class Clock:
    """A monotonic clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Upstream:
    """Passes requests on to the sandbox, unless `instead` has another answer for the path.

    The path `*` is any path.
    """

    def __init__(self, app: ASGIApp | None = None) -> None:
        self.app = app or create_app()
        self.instead: dict[str, ASGIApp] = {}
        self.seen: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["raw_path"].decode()
        query = scope["query_string"].decode()
        self.seen.append(f"{scope['method']} {path}{'?' if query else ''}{query}")
        app = self.instead.get(path) or self.instead.get("*") or self.app
        await app(scope, receive, send)

    def asked(self, path: str = SELF) -> int:
        """How often exactly this path was asked for."""
        return sum(line.split(" ")[1].split("?")[0] == path for line in self.seen)

    def connection(self, clock: Clock | None = None, **environ: str) -> Connection:
        """A connection to this upstream, in the place of https://api.fastly.com."""
        return self.connect({"FASTLY_API_TOKEN": "sandbox"} | environ, clock)

    def connect(self, environ: dict[str, str], clock: Clock | None = None) -> Connection:
        """A connection with exactly these settings."""
        settings = Settings.read(environ)
        client = FastlyClient(
            settings.endpoint,
            transport=httpx2.ASGITransport(app=self),
            read_only=settings.read_only,
            backoff=0,
        )
        return Connection(settings, client, clock=clock or Clock())


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that does not answer."""
    await anyio.sleep_forever()


def down(status: int = 503) -> Response:
    return Response("", status)


async def purge(connection: Connection, path: str = "/service/x/purge_all") -> Any:
    return await connection.post(path, repeatable=False)
