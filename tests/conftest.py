"""Sandbox -> connection -> MCP session: what most tests enter through; nothing is patched."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
import pytest
from mcp import Client

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from fastly_mcp.sandbox import create_app
from fastly_mcp.serving.server import FastlyServer

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"

UNGUARDED = {"FASTLY_MCP_APPROVAL": "never", "FASTLY_MCP_PURGE_ALLS_PER_HOUR": "1000"}
"""Most tests are about what a purge does, and not about whether it may."""

Connect = Callable[..., Connection]
Session = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Make connections to the sandbox, or to any ASGI app, with settings from `environ`."""
    made: list[Connection] = []

    def make(app: Callable[..., Awaitable[None]] | None = None, **environ: str) -> Connection:
        environ = {"FASTLY_API_TOKEN": "sandbox", **UNGUARDED, **environ}
        settings = Settings.read(environ, sandbox=True)
        client = FastlyClient(
            settings.endpoint,
            transport=httpx2.ASGITransport(app=app or create_app()),
            read_only=settings.read_only,
            backoff=0,
        )
        made.append(Connection(settings, client))
        return made[-1]

    yield make
    for connection in made:
        await connection.aclose()


@pytest.fixture
def session(connect: Connect) -> Session:
    """Open MCP client sessions, each on a sandbox of its own unless a connection is given."""

    @asynccontextmanager
    async def open_session(
        connection: Connection | None = None, *, mode: str = "auto", **environ: str
    ) -> AsyncIterator[Client]:
        server = FastlyServer(connection or connect(**environ))
        async with Client(server, mode=mode) as client:
            yield client

    return open_session
