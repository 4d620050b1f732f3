"""A token is in nothing that is said, shown or logged, whatever goes wrong."""

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from fastly_mcp.endpoint import FASTLY
from fastly_mcp.errors import FastlyMCPError
from tests.api.upstream import Upstream
from tests.api.wire import (
    CANARY,
    Reply,
    Rewired,
    answer_json,
    app_of,
    drops,
    get,
    hangs,
    post,
    sends,
    wire,
)

pytestmark = pytest.mark.anyio

SECRET = SecretStr(CANARY)


@pytest.fixture(autouse=True)
def _log_everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def said_by(client: FastlyClient) -> str:
    """Return everything that a read and two changes let out."""
    said = [repr(client)]
    for call in (get(client, token=SECRET), *changes(client)):
        try:
            said.append(repr(await call))
        except FastlyMCPError as error:
            said += [str(error), repr(error), *traceback.format_exception(error)]
    return "\n".join(said)


def changes(client: FastlyClient) -> list[Any]:
    return [post(client, token=SECRET, repeatable=repeatable) for repeatable in (True, False)]


def check(said: str, caplog: pytest.LogCaptureFixture) -> None:
    assert CANARY not in said
    assert all(CANARY not in str(vars(record)) for record in caplog.records)
    assert CANARY not in caplog.text


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 400 with the token in the reason, a header and the body."""
    body = f'{{"msg": "bad key {CANARY}", "detail": "Fastly-Key: {CANARY}"}}'.encode()
    writer.write(
        f"HTTP/1.1 400 Bad {CANARY}\r\nContent-Length: {len(body)}\r\nX-Echo: {CANARY}\r\n"
        f"Link: <https://evil.test/?page={CANARY}>; rel=last\r\n"
        f"Fastly-RateLimit-Reset: {CANARY}\r\nSet-Cookie: k={CANARY}\r\n\r\n".encode()
        + body
    )
    await writer.drain()


REPLIES: dict[str, Reply] = {
    "echo": echo,
    "echo in a good answer": sends(f'[{{"name": "{CANARY}"}}]'.encode()),
    "echo in what is not JSON": sends(CANARY.encode()),
    "echo in a redirect": sends(b"", "302 Found", f"Location: https://{CANARY}/\r\n"),
    "echo in a bad header": drops(f"HTTP/1.1 200 OK\r\n{CANARY}\r\n\r\n".encode()),
    "echo in what is not HTTP": drops(f"{CANARY}\r\n\r\n".encode()),
    "echo in a bad length": drops(f"HTTP/1.1 200 OK\r\nContent-Length: {CANARY}\r\n\r\n".encode()),
    "not gzip": sends(CANARY.encode(), head="Content-Encoding: gzip\r\n"),
    "401": sends(b'{"msg": "no"}', "401 Unauthorized"),
    "429": sends(b"", "429 Too Many Requests"),
    "503": sends(b"<html>", "503 Service Unavailable"),
    "dropped": drops(),
    "cut short": sends(b"[", length=100),
    "hang": hangs(),
}


@pytest.mark.parametrize("reply", REPLIES)
async def test_no_fault_on_the_wire_lets_a_token_out(
    reply: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with wire(REPLIES[reply]) as server:
        client = FastlyClient(FASTLY, transport=Rewired(server.endpoint), deadline=0.2, backoff=0)
        said = await said_by(client)
        await client.aclose()
        assert all(f"Fastly-Key: {CANARY}".encode() in head for head in server.heads)
        assert server.heads
    check(said, caplog)


FAULTS = [
    httpx2.ConnectError(f"to {CANARY}"),
    httpx2.LocalProtocolError(f"Illegal header value b'{CANARY}'"),
    httpx2.RemoteProtocolError(f"said {CANARY}"),
    httpx2.ReadTimeout(CANARY),
    httpx2.DecodingError(CANARY),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_no_message_of_the_http_library_is_passed_on(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: httpx2.Request) -> httpx2.Response:
        raise fault

    client = FastlyClient(FASTLY, transport=httpx2.MockTransport(fail), backoff=0)
    said = []
    for call in (get(client, token=SECRET), *changes(client)):
        with pytest.raises(FastlyMCPError) as caught:
            await call
        said += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
    check("\n".join(said), caplog)


async def test_an_echo_of_all_headers_is_redacted(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request) -> Response:
        return answer_json({"headers": dict(request.headers)})

    client = FastlyClient(FASTLY, transport=httpx2.ASGITransport(app=app_of(handle)))
    data = await get(client, token=SECRET)
    assert data["headers"]["fastly-key"] == "[redacted token]"
    check(repr(data), caplog)


async def test_a_sandbox_token_is_no_secret() -> None:
    def handle(request: Request) -> Response:
        return answer_json(request.headers["fastly-key"])

    client = FastlyClient(FASTLY, transport=httpx2.ASGITransport(app=app_of(handle)))
    assert await get(client, token=SecretStr("sandbox-read")) == "sandbox-read"


async def test_a_connection_shows_no_token(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(CANARY, encoding="utf-8")
    for environ in (
        {"FASTLY_API_TOKEN": CANARY},
        {"FASTLY_API_TOKEN": "", "FASTLY_API_TOKEN_FILE": str(file)},
        {"FASTLY_API_TOKEN": CANARY, "FASTLY_API_TOKEN_FILE": str(file)},
        {"FASTLY_API_TOKEN": f"{CANARY} x"},
        {"FASTLY_API_TOKEN": CANARY, "FASTLY_API_ENDPOINT": "http://127.0.0.1:1"},
        {"FASTLY_API_TOKEN": CANARY, "FASTLY_API_ENDPOINT": f"https://{CANARY}@api.fastly.com"},
        {"FASTLY_API_TOKEN": CANARY, "FASTLY_MCP_SERVICES": CANARY},
        {"FASTLY_API_TOKEN": CANARY, "FASTLY_MCP_SCOPES": CANARY},
    ):
        connection = Upstream().connect(environ)
        grant = await connection.grant()
        assert grant.reason
        said = [repr(grant), repr(connection), repr(connection.settings), repr(vars(connection))]
        for call in (connection.get("/service"), connection.post("/x", repeatable=False)):
            with pytest.raises(FastlyMCPError) as caught:
                await call
            said += [str(caught.value), *traceback.format_exception(caught.value)]
        check("\n".join(said), caplog)


def test_settings_and_their_connection_show_no_token() -> None:
    settings = Settings.read({"FASTLY_API_TOKEN": CANARY})
    connection = Connection(settings, FastlyClient(settings.endpoint))
    assert CANARY not in f"{settings!r} {connection!r} {vars(connection)!r}"
