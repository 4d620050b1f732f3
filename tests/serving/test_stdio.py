"""Over stdio, as a desktop host starts it: both eras, bad input, settings, tokens."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.serving.processes import (
    COMMAND,
    PAGE,
    Process,
    Stdio,
    environment,
    posix,
    text_of,
    until,
)
from tests.serving.upstream import CANARY, Upstream, address_of, nobody_connected, silence

ALL = {
    "check_edge",
    "get_account",
    "get_service",
    "list_services",
    "purge_all",
    "purge_surrogate_key",
    "purge_url",
    "read_api",
    "search_api",
}
REAL = "canary0TOKEN0value0canary0TOKEN12"
LIMIT = 4 * 1024 * 1024


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_lists_and_calls_in_both_eras(home: Path, mode: str) -> None:
    started = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], "--sandbox", "--name", "acme-prod"],
        env=environment(home),
    )
    async with Client(started, mode=mode, read_timeout_seconds=20) as mcp:
        assert (await mcp.list_tools()).tools
        listed = {tool.name for tool in (await mcp.list_tools()).tools}
        result = await mcp.call_tool("get_service", {"service": "shop-prod"})
        info, instructions = mcp.server_info, mcp.instructions
        modern = mcp.protocol_version
    assert listed == ALL
    assert result.structured_content
    assert result.structured_content["name"] == "shop-prod"
    assert info
    assert (info.name, info.title) == ("Fastly (sandbox)", "Fastly (sandbox): acme-prod")
    assert instructions
    assert instructions.startswith("This is the Fastly account acme-prod. This is a sandbox")
    assert modern == ("2025-11-25" if mode == "legacy" else "2026-07-28")


class NoisyStdio(Stdio):
    """Something in this process prints, and starts what reads and prints, at a signal."""

    command = (
        sys.executable,
        "-c",
        """
import os, signal, sys
signal.signal(signal.SIGUSR1, lambda *_: (print("noise", flush=True), os.system("cat; echo noise")))
from fastly_mcp.cli import main
sys.exit(main(sys.argv[1:]))
""",
    )


@posix
def test_nothing_but_protocol_reaches_standard_output(home: Path) -> None:
    with NoisyStdio("--sandbox", "--log-level", "debug", home=home) as server:
        server.initialize()
        assert server.call("get_service", service="no such service")["isError"]
        assert server.call("no_such_tool")["isError"]
        assert "Traceback" not in server.log
        server.popen.send_signal(signal.SIGUSR1)
        until(lambda: server.log.count("noise") == 2)
        assert server.tools() == ALL
        assert server.end()[0] == 0
        for line in server.written:
            assert json.loads(line)["jsonrpc"] == "2.0"


def test_a_line_over_4_mib_is_refused_and_the_next_call_works(home: Path) -> None:
    with Stdio("--sandbox", home=home) as server:
        server.initialize()
        message = '{"jsonrpc": "2.0", "id": 99, "method": "ping", "params": {"_meta": {"x": "%s"}}}'
        fits = message % ("x" * (LIMIT - len(message)))
        server.write(fits.encode() + b"\n")
        assert json.loads(server.line())["id"] == 99
        for size in (LIMIT + 100, 3 * LIMIT):
            server.write((message % ("x" * size)).encode() + b"\n")
        assert server.call("get_account")["structuredContent"]["sandbox"] is True
        refused = f"A message over {LIMIT} bytes was refused."
        until(lambda: server.log.count(refused) == 2)


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"",
        b"{}",
        b"[" * 100_000,
        b'"\\ud800"',
        b"\xff\xfe\x00",
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [1]}',
        b'[{"jsonrpc": "2.0", "id": 7, "method": "tools/list"}]',
    ],
)
def test_malformed_messages_end_nothing(shared: Stdio, line: bytes) -> None:
    shared.write(line + b"\n")
    number = shared.send("tools/list")
    while (answer := json.loads(shared.line())).get("id") != number:
        assert "error" in answer
    assert {tool["name"] for tool in answer["result"]["tools"]} == ALL


def test_initialize_does_not_wait_for_fastly_and_withholds_what_changes(home: Path) -> None:
    with (
        silence() as listener,
        Stdio(
            home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=address_of(listener)
        ) as server,
    ):
        assert server.initialize()["serverInfo"]["name"] == "Fastly"
        assert nobody_connected(listener)
        assert server.tools() == {name for name in ALL if not name.startswith("purge_")}
        assert not nobody_connected(listener)


@posix
@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (
            {
                "FASTLY_API_TOKEN": CANARY,
                "FASTLY_API_TOKEN_FILE": "/canary-value/token",
                "FASTLY_MCP_SCOPES": "canary-value",
                "FASTLY_MCP_READ_ONLY": "canary-value",
                "FASTLY_MCP_SERVICES": "",
                "FASTLY_MCP_DOMAINS": "https://canary-value.test/",
                "FASTLY_MCP_TOOLSETS": "canary-value",
                "FASTLY_MCP_SANDBOX_SERVICES": "canary-value",
                "FASTLY_MCP_NAME": "canary-value!",
            },
            [
                "FASTLY_API_TOKEN and FASTLY_API_TOKEN_FILE are both set",
                "FASTLY_MCP_SCOPES must hold",
                "FASTLY_MCP_READ_ONLY must be",
                "FASTLY_MCP_SERVICES is set but empty",
                "FASTLY_MCP_DOMAINS must list",
                "FASTLY_MCP_TOOLSETS names an unknown toolset",
                "FASTLY_MCP_SANDBOX_SERVICES must be",
                "FASTLY_MCP_NAME must be",
            ],
        ),
        ({"FASTLY_API_TOKEN": "${CANARY_VALUE}"}, ["FASTLY_API_TOKEN still holds an unexpanded"]),
        ({"FASTLY_API_TOKEN": "canary value"}, ["FASTLY_API_TOKEN holds something that is no"]),
        ({"FASTLY_API_TOKEN_FILE": "/"}, ["FASTLY_API_TOKEN_FILE is not a regular file"]),
        ({"FASTLY_API_TOKEN": CANARY, "FASTLY_API_ENDPOINT": "http://canary-value.test"}, []),
        ({}, ["No Fastly token is set. In the Fastly control panel", "FASTLY_API_TOKEN_FILE"]),
    ],
)
def test_wrong_settings_leave_get_account_that_names_them(
    home: Path, environ: dict[str, str], named: list[str]
) -> None:
    with silence() as listener:
        settings = {"FASTLY_API_ENDPOINT": address_of(listener), **environ}
        with Stdio("--log-level", "debug", home=home, **settings) as server:
            server.initialize()
            assert server.tools() == {"get_account"}
            account = server.call("get_account")["structuredContent"]
            for problem in named or ["FASTLY_API_ENDPOINT must be https under fastly.com"]:
                assert problem in account["problem"]
            for tool in sorted(ALL - {"get_account"}):
                refused = server.call(tool)
                assert refused["isError"]
                assert f"{tool} is withheld" in text_of(refused)
            said = b"".join(server.written).decode() + server.log
            assert server.end()[0] == 0
        assert nobody_connected(listener)
    for secret in ("canary-value", "canary value", "CANARY_VALUE", CANARY):
        assert secret not in said


def test_a_rotated_token_file_needs_no_restart(home: Path, fastly: Upstream) -> None:
    file = home / "token"
    file.write_text("sandbox-read\n")
    with Stdio(
        home=home, FASTLY_API_TOKEN_FILE=str(file), FASTLY_API_ENDPOINT=fastly.url
    ) as server:
        server.initialize()
        assert "purge_url" not in server.tools()
        assert "purge_url is withheld" in text_of(server.call("purge_url", urls=[PAGE]))
        file.write_text("")
        assert server.call("get_account")["structuredContent"]["token"]["name"] == "sandbox-read"
        successor = home / "successor"
        successor.write_text("sandbox-purge-select")
        successor.replace(file)
        assert not server.call("purge_url", urls=[PAGE])["isError"]
        assert server.notified == ["notifications/tools/list_changed"]
        assert server.tools() == {"get_account", "purge_surrogate_key", "purge_url"}


@pytest.mark.parametrize("token", [CANARY, REAL])
def test_the_token_is_in_nothing_that_is_written(home: Path, fastly: Upstream, token: str) -> None:
    # Over plain http only a sandbox's token is sent, so the real-looking one meets a TLS fault.
    endpoint = fastly.url if token == CANARY else fastly.url.replace("http:", "https:")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("get_account", {}),
        ("list_services", {"query": "shop"}),
        ("get_service", {"service": "shop-prod"}),
        ("purge_url", {"urls": [PAGE, "https://nobody.example/"]}),
        ("purge_all", {"service": "no such service"}),
    ]
    with Stdio(
        "--log-level", "debug", home=home, FASTLY_API_TOKEN=token, FASTLY_API_ENDPOINT=endpoint
    ) as server:
        server.initialize()
        # A connection that fails is tried again for a while, so one call has to do.
        for tool, arguments in calls[: 1 if token == REAL else None]:
            server.call(tool, **arguments)
        if sys.platform == "linux":
            command_line = Path(f"/proc/{server.popen.pid}/cmdline").read_bytes()
            assert token.encode() not in command_line
        assert server.end()[0] == 0
        assert token not in b"".join(server.written).decode()
        assert token not in server.log
        assert "get_account ok" in server.log


@posix
@pytest.mark.parametrize("words", [(), ("stdio",)])
def test_on_a_terminal_it_says_that_it_waits_and_how_to_try_it(
    home: Path, words: tuple[str, ...]
) -> None:
    theirs, ours = os.openpty()

    class OnTerminal(Process):
        stdin = ours

    try:
        with OnTerminal("--sandbox", *words, home=home) as server:
            server.logged("fastly-mcp demo")
            assert "waiting for an MCP client" in server.log
            os.write(theirs, b"\x04")
            assert server.popen.wait(timeout=5) == 0
            assert server.written == []
    finally:
        os.close(theirs)
        os.close(ours)


def test_a_host_is_not_told_to_wait(shared: Stdio) -> None:
    assert shared.log == ""
