"""Makes the same calls to any server, over stdio and over HTTP, at little cost of its own."""

import asyncio
import json
import subprocess
import time
from dataclasses import dataclass
from typing import Any, Self

from tests.bench.servers import SECRET, Server, environment

CLIENT = {"name": "bench", "version": "1"}
TOOL = "list_services"
ERAS = ("2025-11-25", "2026-07-28")


class Stdio:
    """A server process and the pipes to it."""

    def __init__(self, command: tuple[str, ...], upstream: Server, **environ: str) -> None:
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            env=environment(upstream) | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.server = Server(self._process.pid, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def initialize(self) -> None:
        """Shake hands."""
        self._ask(
            "initialize", {"protocolVersion": ERAS[0], "capabilities": {}, "clientInfo": CLIENT}
        )

    def call(self, tool: str = TOOL, **arguments: Any) -> dict[str, Any]:
        """Call a tool, check that it worked, and return its result."""
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise RuntimeError(result["content"])
        content: dict[str, Any] = result["structuredContent"]
        return content

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(_message(method, params) + b"\n")
        self._process.stdin.flush()
        result: dict[str, Any] = json.loads(self._process.stdout.readline())["result"]
        if method == "initialize":
            self._process.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
        return result


@dataclass(frozen=True)
class Load:
    """What a number of calls took: of the clock, and of the server's CPU."""

    calls_per_second: float
    cpu_microseconds: float


async def http(server: Server, *, era: str, callers: int, calls: int) -> Load:
    """Call the tool `calls` times in all, from `callers` connections at once."""
    left = iter(range(calls))
    began, spent = time.perf_counter(), server.seconds()
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        for number in range(callers):
            # Each asks for another page size, or ours would send one GET for all of them.
            group.create_task(_caller(server.port, _request(server, era, number), left))
    took, spent = time.perf_counter() - began, server.seconds() - spent
    return Load(calls / took, spent / calls * 1e6)


async def _caller(port: int, request: bytes, left: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in left:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"content-length: " in head:
            body = await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
        else:
            body = await _chunks(reader)
        if not head.startswith(b"http/1.1 200") or b'"structuredContent"' not in body:
            raise RuntimeError(head + body[:1000])
    writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


def _request(server: Server, era: str, number: int) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Authorization": f"Bearer {SECRET}",
        "MCP-Protocol-Version": era,
    }
    params: dict[str, Any] = {"name": TOOL, "arguments": {"per_page": 10 + number}}
    if era == ERAS[1]:
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": TOOL}
        told = {"protocolVersion": era, "clientCapabilities": {}, "clientInfo": CLIENT}
        params["_meta"] = {f"io.modelcontextprotocol/{name}": it for name, it in told.items()}
    body = _message("tools/call", params)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(["POST /mcp HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


def _message(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
