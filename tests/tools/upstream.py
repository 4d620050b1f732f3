"""What stands behind the client in a test: the sandbox, watched, and made to fail where asked."""

import json
from typing import Any, NamedTuple

import anyio
import httpx2
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from fastly_mcp.sandbox import create_app
from tests.conftest import UNGUARDED

both_eras = pytest.mark.parametrize("mode", ["auto", "legacy"])

BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
TENANTS = "isAjIhKtJ0RlgLKOmxgJTe"
ADMIN = "KdNnFRIBXuDL7DxtpYlSXp"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
DOWNLOADS = "c9QeWJKY40uvSwMFLZDe1f"
NOBODY = "0000000000000000000000"

DOOR = {"Sandbox-Door": "1"}
LAMP = "https://www.larkspur.example/products/lamp"
CHAIR = "https://www.larkspur.example/products/chair"
POSTS = "https://blog.larkspur.example/"
CATALOGUE = "https://downloads.larkspur.example/catalogue.pdf"


class Seen(NamedTuple):
    """One request that reached Fastly."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Upstream:
    """An ASGI app that notes every request and passes it on to the sandbox.

    `instead` maps how a request line begins (`POST /purge/`) to an app that answers in its place.
    """

    def __init__(self, app: ASGIApp | None = None) -> None:
        self.sandbox = app or create_app()
        self.instead: dict[str, ASGIApp] = {}
        self.seen: list[Seen] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        seen = Seen(
            scope["method"],
            scope["raw_path"].decode(),
            scope["query_string"].decode(),
            {name.decode(): value.decode() for name, value in scope["headers"]},
            body,
        )
        self.seen.append(seen)

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        for begins, app in self.instead.items():
            if seen.line.startswith(begins):
                return await app(scope, again, send)
        return await self.sandbox(scope, again, send)

    @property
    def lines(self) -> list[str]:
        """The request lines, but for the question what the token may do."""
        return [seen.line for seen in self.seen if seen.path != "/tokens/self"]

    @property
    def changes(self) -> list[Seen]:
        return [seen for seen in self.seen if seen.method not in {"GET", "HEAD"}]

    async def states(self, url: str) -> set[str]:
        """How the POPs hold a URL: fresh, stale, absent."""
        transport = httpx2.ASGITransport(app=self.sandbox)
        async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            answer = await client.get("/_sandbox/edge", params={"url": url}, headers=DOOR)
        return {pop["state"] for pop in answer.json()["pops"]}


def answering(body: object, status: int = 200, headers: dict[str, str] | None = None) -> ASGIApp:
    """Answer the same to everything: JSON, or a string as it is."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(text, status, headers, "application/json")


class Hanging:
    """Never answers, and knows whether it was given up."""

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.given_up = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.given_up.set()


class Waiting:
    """Answers through another app once it may."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.asked = 0
        self.may = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.may.wait()
        await self.app(scope, receive, send)


class Failing:
    """Breaks every connection with an error of the HTTP library."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise self.error


def real(app: ASGIApp, deadline: float = 30, /, **environ: str) -> Connection:
    """Make a connection that believes it speaks to api.fastly.com, within seconds a request."""
    settings = Settings.read(UNGUARDED | environ)
    client = FastlyClient(
        settings.endpoint,
        transport=httpx2.ASGITransport(app=app),
        read_only=settings.read_only,
        deadline=deadline,
        backoff=0,
    )
    return Connection(settings, client)


def text_of(result: CallToolResult) -> str:
    """The one text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def call(mcp: Client, tool: str, /, **arguments: object) -> dict[str, Any]:
    """Call a tool that has to succeed, and return its result."""
    result = await mcp.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    content: dict[str, Any] = json.loads(text_of(result))
    assert result.structured_content == content
    return content


async def refusal(mcp: Client, tool: str, /, **arguments: object) -> str:
    """Call a tool that has to fail, and return what it says."""
    result = await mcp.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    assert result.structured_content is None
    return text_of(result)


async def names(mcp: Client) -> list[str]:
    """The names in `tools/list`."""
    return sorted(tool.name for tool in (await mcp.list_tools()).tools)
