"""What stands in for Fastly here: ASGI apps, and a socket that can misbehave."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fastly_mcp.api.answers import Answer
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.endpoint import FASTLY

TOKEN = SecretStr("sandbox")
CANARY = "canary0TOKEN0value0canary0TOKEN12"

Reply = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Handle = Callable[[Request], Awaitable[Response] | Response]


def app_of(handle: Handle) -> ASGIApp:
    """Make an ASGI app of a function; what it does not answer is never answered."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = handle(Request(scope, receive))
        if isinstance(response, Awaitable):
            response = await response
        await response(scope, receive, send)

    return app


def raw_path(request: Request) -> str:
    """The path as it was sent."""
    return bytes(request.scope["raw_path"]).decode()


def answer_json(data: object, status: int = 200, **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(data), status, sent, "application/json")


def client_of(handle: Handle, **options: Any) -> FastlyClient:
    """A client whose requests to https://api.fastly.com reach a function."""
    transport = httpx2.ASGITransport(app=app_of(handle))
    return FastlyClient(FASTLY, transport=transport, **({"backoff": 0} | options))


async def get(client: FastlyClient, path: str = "/service", token: SecretStr = TOKEN) -> Any:
    return (await client.get(token, path, None, {})).data


async def post(
    client: FastlyClient,
    path: str = "/service/x/purge_all",
    *,
    repeatable: bool = False,
    token: SecretStr = TOKEN,
) -> Answer:
    return await client.post(token, path, {}, repeatable=repeatable)


@dataclass
class Wire:
    """A server on a real socket that does to each connection what `replies` say, in turn.

    The last reply is repeated. `heads` are the requests as they arrived, `gone` is set when a
    client went away while its answer was outstanding.
    """

    replies: list[Reply]
    endpoint: str = ""
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await _head(reader):
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(_length(head)))
                self.arrived.set()
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                await reply(reader, writer)
                if writer.is_closing():
                    return
        except ConnectionError:
            return
        finally:
            self.gone.set()
            writer.close()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


@asynccontextmanager
async def wire(*replies: Reply) -> AsyncIterator[Wire]:
    """Open a socket on this machine that gives these replies."""
    wired = Wire(list(replies))

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(wired.connected(reader, writer))
        wired.tasks.add(task)
        task.add_done_callback(wired.tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wired.endpoint = f"http://127.0.0.1:{port}"
    try:
        yield wired
    finally:
        server.close()
        for task in list(wired.tasks):
            task.cancel()
        await asyncio.gather(*wired.tasks, return_exceptions=True)


def sends(
    body: bytes = b'{"status": "ok"}', status: str = "200 OK", head: str = "", *, length: int = -1
) -> Reply:
    """Answer, with the body's length unless another is given, and keep the connection."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = len(body) if length < 0 else length
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n{head}\r\n".encode() + body)
        await writer.drain()
        if length >= 0:
            writer.close()

    return reply


def drops(said: bytes = b"") -> Reply:
    """Hang up, after a few bytes if any are given."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    return reply


def hangs(said: bytes = b"") -> Reply:
    """Say nothing more until the client hangs up."""

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read()
        writer.close()

    return reply


class Rewired(httpx2.AsyncBaseTransport):
    """Real sockets for what is meant for api.fastly.com, so that real tokens may be sent."""

    def __init__(self, endpoint: str) -> None:
        self.at = httpx2.URL(endpoint)
        self.pool = httpx2.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.url = request.url.copy_with(scheme="http", host=self.at.host, port=self.at.port)
        return await self.pool.handle_async_request(request)

    async def aclose(self) -> None:
        await self.pool.aclose()
