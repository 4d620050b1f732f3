"""Other people's clients against this server: `python -m tests.interop INSTALLED`.

INSTALLED is where package.json of this directory is installed; Node 22 is on the PATH. Each client
lists the tools, lists services, inspects one and purges a key, over every transport it has.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from mcp import Client
from mcp.client import Transport
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.interop.serving import COMMAND, served

STDIO = (*COMMAND, "stdio", "--sandbox")
TOOLS = 9
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("list_services", {}),
    ("get_service", {"service": "shop-prod"}),
    ("purge_surrogate_key", {"service": "shop-prod", "keys": ["products"]}),
)
OLD, NEW = "2025-11-25", "2026-07-28"


def typescript(url: str, installed: Path) -> bool:
    """Run clients.mjs beside the packages it imports."""
    script = installed / "clients.mjs"
    script.write_bytes(Path(__file__).with_name("clients.mjs").read_bytes())
    return subprocess.run(["node", script, url, *STDIO], timeout=300, check=False).returncode == 0


def inspector(url: str, installed: Path) -> bool:
    """Run the Inspector's command line; --strict is about the tools' schemas."""
    targets = {
        "stdio": STDIO,
        f"/mcp, {OLD}": (f"{url}/mcp",),
        f"/mcp, {NEW}": (f"{url}/mcp", "--protocol-era", "modern"),
        "/sse": (f"{url}/sse", "--transport", "sse"),
    }
    asked = {
        "tools/list": ["--method", "tools/list", "--strict"],
        **{
            name: ["--method=tools/call", "--tool-name", name, "--tool-args-json", json.dumps(said)]
            for name, said in CALLS
        },
    }
    program = ["node", str(installed / "node_modules/.bin/mcp-inspector"), "--cli"]
    wrong = False
    for where, target in targets.items():
        for what, options in asked.items():
            with TemporaryDirectory() as home:
                done = subprocess.run(
                    [*program, *target, *options, "--format", "json"],
                    env={**os.environ, "HOME": home},
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
            wrong |= not _say(f"Inspector over {where}: {what}", _inspected(done))
    return not wrong


def _inspected(done: "subprocess.CompletedProcess[str]") -> str:
    if done.returncode:
        return f"exit code {done.returncode}: {done.stderr}"
    result = json.loads(done.stdout)["result"]
    if "tools" in result:
        return "" if len(result["tools"]) == TOOLS else f"{len(result['tools'])} tools"
    return "" if result.get("structuredContent") else "no structured content"


async def python(url: str) -> bool:
    """Hold sessions with the official Python client."""
    targets: dict[str, tuple[Callable[[], Transport | str], str]] = {
        "stdio": (lambda: stdio_client(_parameters()), "legacy"),
        "stdio ": (lambda: stdio_client(_parameters()), "auto"),
        "/mcp": (lambda: f"{url}/mcp", "legacy"),
        "/mcp ": (lambda: f"{url}/mcp", "auto"),
        "/sse": (lambda: sse_client(f"{url}/sse"), "legacy"),
    }
    wrong = False
    for where, (target, mode) in targets.items():
        era = NEW if mode == "auto" else OLD
        async with Client(target(), mode=mode) as client:
            fault = "" if client.protocol_version == era else f"spoke {client.protocol_version}"
            listed = await client.list_tools()
            fault = fault or ("" if len(listed.tools) == TOOLS else f"{len(listed.tools)} tools")
            for name, said in CALLS:
                result = await client.call_tool(name, said)
                fault = fault or (f"{name}: {result.content}" if result.is_error else "")
        wrong |= not _say(f"Python over {where.strip()}, {era}", fault)
    return not wrong


def _parameters() -> StdioServerParameters:
    return StdioServerParameters(command=STDIO[0], args=list(STDIO[1:]))


def _say(what: str, fault: str) -> bool:
    print(f"{'FAILED ' if fault else 'ok     '} {what}{f': {fault}' if fault else ''}", flush=True)
    return not fault


def main(installed: Path) -> int:
    # Clients pass HOME on to the servers they start, and there is nothing of anybody's in this one.
    with TemporaryDirectory() as home:
        os.environ["HOME"] = home
        return _play(installed)


def _play(installed: Path) -> int:
    with served() as url:
        good = [anyio.run(python, url), typescript(url, installed), inspector(url, installed)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
