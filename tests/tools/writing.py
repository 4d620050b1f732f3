"""What the tests of writes share: a session that may write, and calls by operation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp import Client

from fastly_mcp.api.connection import Connection
from fastly_mcp.guard.guard import Guard
from fastly_mcp.serving.server import FastlyServer
from tests.conftest import SHOP
from tests.tools.upstream import Upstream, call, real, refusal

ON = {"FASTLY_API_TOKEN": "sandbox", "FASTLY_MCP_TOOLSETS": "all"}
EVERY = ON | {"FASTLY_MCP_WRITE": "config data logging tls security people"}

DRAFT, ACTIVE = 4, 3
VERSION = f"/service/{SHOP}/version"
BACKEND: dict[str, Any] = {
    "service_id": SHOP,
    "version_id": DRAFT,
    "name": "second",
    "address": "second.larkspur.example",
}


def writing(app: Upstream, **environ: str) -> Connection:
    """A connection to it that may write everything, without anybody's approval."""
    return real(app, **EVERY | environ)


@asynccontextmanager
async def asking(app: Upstream, *, mode: str = "auto", **environ: str) -> AsyncIterator[Client]:
    """A session in which every write waits for `fastly-mcp approve`."""
    connection = writing(app, FASTLY_MCP_APPROVAL="broad", **environ)
    with TemporaryDirectory() as directory:
        guard = Guard(connection.settings, state_dir=Path(directory, "state"))
        try:
            async with Client(FastlyServer(connection, guard), mode=mode) as mcp:
                yield mcp
        finally:
            await guard.aclose()
            await connection.aclose()


async def write(mcp: Client, operation: str, /, **params: Any) -> dict[str, Any]:
    """Write something that has to succeed, and return the tool's result."""
    return await call(mcp, "write_api", operation=operation, params=params)


async def refused(mcp: Client, operation: str, /, **params: Any) -> str:
    """Write something that has to be refused, and return what is said."""
    return await refusal(mcp, "write_api", operation=operation, params=params)


def changes(app: Upstream) -> list[str]:
    """The request lines of what was changed."""
    return [seen.line for seen in app.changes]


async def planned(mcp: Client, operation: str, /, **params: Any) -> list[str]:
    """Write something that has to wait for a person, and return the plan's lines."""
    told = await write(mcp, operation, **params)
    assert told["status"] == "waiting_for_a_person"
    plan: list[str] = told["plan"]
    return plan
