"""Over HTTP with real sockets: the official client, many calls, disconnects, the end."""

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from tests.serving.processes import JSON, PAGE, Web, answer_of, calling, posix, text_of, until
from tests.serving.upstream import CANARY, Upstream, address_of, silence

SECRET = "the-secret-of-the-callers"
BEARER = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, fastly: Upstream) -> Iterator[Web]:
    """A server with the canary as its token, at its most talkative."""
    with Web(
        "--log-level",
        "debug",
        home=tmp_path_factory.mktemp("home"),
        FASTLY_API_TOKEN=CANARY,
        FASTLY_API_ENDPOINT=fastly.url,
        FASTLY_MCP_HTTP_TOKEN=SECRET,
    ) as server:
        yield server
        for secret in (CANARY, SECRET):
            assert secret not in server.log


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("way", "era"),
    [
        ("mcp", "legacy"),
        ("mcp", "auto"),
        ("mcp", "2026-07-28"),
        ("sse", "legacy"),
        ("sse", "auto"),
    ],
)
async def test_the_official_client_lists_and_calls(web: Web, way: str, era: str) -> None:
    async with httpx2.AsyncClient(headers=BEARER) as http:
        streams: AbstractAsyncContextManager[Any] = (
            sse_client(web.url.replace("/mcp", "/sse"), headers=BEARER)
            if way == "sse"
            else streamable_http_client(web.url, http_client=http)
        )
        async with Client(streams, mode=era, read_timeout_seconds=20) as mcp:
            listed = {tool.name for tool in (await mcp.list_tools()).tools}
            result = await mcp.call_tool("get_service", {"service": "shop-prod"})
            refused = await mcp.call_tool("get_service", {"service": "no such service"})
            version = mcp.protocol_version
    assert {"get_account", "purge_url", "purge_all"} <= listed
    assert result.structured_content
    assert result.structured_content["name"] == "shop-prod"
    assert refused.is_error
    assert version == ("2025-11-25" if era == "legacy" else "2026-07-28")


def test_every_era_is_answered_at_mcp(web: Web) -> None:
    for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
        params = {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        }
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        answer = web.ask("POST", "/mcp", {**JSON, **BEARER}, json.dumps(message).encode())
        assert answer.result["protocolVersion"] == version
        assert "mcp-session-id" not in answer.headers


def test_white_space_around_a_header_is_no_part_of_it(web: Web) -> None:
    told = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
    meta = {f"io.modelcontextprotocol/{name}": value for name, value in told.items()}
    params = {"name": "list_services", "arguments": {}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": " list_services \t",
    }
    answer = web.ask("POST", "/mcp", {**JSON, **BEARER, **headers}, json.dumps(message).encode())
    assert answer.status == 200


def test_a_client_that_goes_away_takes_its_read_with_it(web: Web, fastly: Upstream) -> None:
    with fastly.hold("GET /service"):
        connection = web.send("POST", "/mcp", {**JSON, **BEARER}, calling("list_services"))
        until(lambda: fastly.held)
        connection.close()
        until(lambda: fastly.dropped, within=2)
    assert not web.call("list_services", BEARER).result["isError"]


def test_a_client_that_goes_away_leaves_its_purge_to_be_finished(
    web: Web, fastly: Upstream
) -> None:
    before = web.log.count("purge_url")
    with fastly.hold("POST /purge"):
        connection = web.send("POST", "/mcp", {**JSON, **BEARER}, calling("purge_url", urls=[PAGE]))
        until(lambda: fastly.held)
        connection.close()
        assert not web.call("list_services", BEARER).result["isError"]
        assert web.log.count("purge_url") == before
    until(lambda: web.log.count("purge_url") > before)
    assert fastly.dropped == []


def test_the_65th_call_at_once_is_told_to_come_back(web: Web, fastly: Upstream) -> None:
    assert not web.call("get_account", BEARER).result["isError"]
    with ExitStack() as stack:
        with fastly.hold("GET /service"):
            waiting = []
            for page in range(1, 65):
                body = calling("list_services", page=page, per_page=1)
                connection = web.send("POST", "/mcp", {**JSON, **BEARER}, body)
                waiting.append(connection)
                stack.callback(connection.close)
            until(lambda: len(fastly.held) == 64)
            refused = web.call("get_account", BEARER).result
            assert refused["isError"]
            assert text_of(refused) == "Busy: 64 calls are running. Try again in a few seconds."
            assert web.ask("GET", "/healthz").status == 200
        answered = [answer_of(connection).result for connection in waiting]
        assert [result["isError"] for result in answered[:6]] == [False] * 6
    assert not web.call("get_account", BEARER).result["isError"]


def test_not_ready_without_a_good_token_and_no_reasons(home: Path, fastly: Upstream) -> None:
    expired = {"FASTLY_API_TOKEN": "sandbox-expired", "FASTLY_API_ENDPOINT": fastly.url}
    with Web(home=home, **expired) as server:
        before = len(fastly.requests)
        for _ in range(5):
            answer = server.ask("GET", "/readyz")
            assert (answer.status, answer.text) == (503, '{"ready":false}')
        assert server.ask("GET", "/healthz").status == 200
        assert len(fastly.requests) == before + 1


def test_readiness_asks_fastly_once_a_minute(web: Web, fastly: Upstream) -> None:
    web.ask("GET", "/readyz")
    before = len(fastly.requests)
    for _ in range(5):
        assert web.ask("GET", "/readyz").status == 200
    assert len(fastly.requests) == before


def test_it_starts_and_is_alive_while_fastly_hangs(home: Path) -> None:
    with (
        silence() as listener,
        Web(
            home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=address_of(listener)
        ) as server,
    ):
        assert server.ask("GET", "/healthz").status == 200
        code, seconds = server.end(signal.SIGINT)
        assert (code in {-2, 130}, seconds < 2) == (True, True)
        assert "Traceback" not in server.log


@posix
def test_a_signal_ends_it_with_streams_open_and_a_purge_in_flight(
    home: Path, fastly: Upstream
) -> None:
    with (
        fastly.hold("POST /purge"),
        Web(
            "--no-auth", home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=fastly.url
        ) as server,
    ):
        stream = server.send("GET", "/sse", {"Accept": "text/event-stream"})
        stream.getresponse().readline()
        call = server.send("POST", "/mcp", JSON, calling("purge_url", urls=[PAGE]))
        until(lambda: fastly.held)
        code, seconds = server.end(signal.SIGTERM)
        stream.close()
        call.close()
        assert code == 143
        assert seconds < 3
        assert "Traceback" not in server.log
