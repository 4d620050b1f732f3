"""Play the main job over a real MCP session against the embedded sandbox, and show it."""

import argparse
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult
from starlette.types import ASGIApp

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.cli import process
from fastly_mcp.cli.terminal import write
from fastly_mcp.config import Settings
from fastly_mcp.sandbox import create_app
from fastly_mcp.serving.server import FastlyServer

PAGE = "https://www.larkspur.example/products/lamp"
KEY = "products"
DOOR = {"Sandbox-Door": "1"}
SIGNS = {"fresh": "#", "stale": "s", "absent": "."}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: the demo is always in the sandbox."""


def run(options: argparse.Namespace) -> int:
    """Return 0 only if each step came out as it should."""
    process.quiet()
    return play(create_app())


def play(app: ASGIApp) -> int:
    """Play the main job against a sandbox, as `run` does."""
    return anyio.run(_Demo(app).play)


@dataclass
class _Demo:
    """The sandbox of one demo, seen through MCP sessions and, from behind, at its edge."""

    app: ASGIApp
    step: int = 0
    wrong: int = 0
    answers: list[bool] = field(default_factory=list)

    async def play(self) -> int:
        write("fastly-mcp demo: an assistant's tools on a small invented Fastly account.", "title")
        for token, steps in (
            ("sandbox", (self._account, self._services, self._purges, self._approval)),
            ("sandbox-read", (self._read_only,)),
        ):
            async with self._session(token) as mcp:
                for step in steps:
                    try:
                        await step(mcp)
                    except ToolError as error:
                        self._say(str(error))
                        self._expect(False)
        write()
        if self.wrong:
            write(f"{self.wrong} of {self.step} steps did not come out as they should.", "failure")
            return 1
        write("Everything came out as it should. Your own account: see the README's set-up.", "ok")
        return 0

    async def _account(self, mcp: Client) -> None:
        self._title("The account, and what the token may do", "get_account")
        account = await self._call(mcp, "get_account")
        tools = {tool.name for tool in (await mcp.list_tools()).tools}
        self._say(f"{account['customer']['name']}, as {account['user']['name']}")
        self._say(f"scopes {' '.join(account['token']['scopes'])}; tools {len(tools)}")
        self._say(f"first warning: {account['token']['warnings'][0]}")
        self._expect(account["sandbox"] is True and set(account["tools"]["available"]) == tools)

    async def _services(self, mcp: Client) -> None:
        self._title("Its services", "list_services")
        services = (await self._call(mcp, "list_services"))["services"]
        for service in services:
            self._say(f"{service['name']:18}{service['type']:6}version {service['active_version']}")
        self._expect(len(services) == 6)
        self._title("One of them", "get_service service=shop-prod")
        shop = await self._call(mcp, "get_service", service="shop-prod")
        backends = ", ".join(backend["name"] for backend in shop["backends"])
        self._say(f"domains  {', '.join(shop['domains'])}")
        self._say(f"backends {backends}; default TTL {shop['default_ttl']} s")
        self._say(
            f"active version {shop['active_version']['number']}, "
            f"newest {shop['newest_version']['number']}"
        )
        self._expect("www.larkspur.example" in shop["domains"])

    async def _purges(self, mcp: Client) -> None:
        self._title("A page that every POP has cached", PAGE)
        await self._visit()
        self._expect(await self._edge("before") == {"fresh": 20})
        self._title("Purge it by its URL", f"purge_url urls={PAGE}")
        receipt = await self._call(mcp, "purge_url", urls=[PAGE])
        self._say(f"accepted {receipt['accepted']}, purge id {''.join(receipt.get('ids', 'none'))}")
        for failure in receipt.get("failures", []):
            self._say(failure["reason"])
        self._expect(receipt["accepted"] == 1 and await self._edge("after") == {"absent": 20})
        self._title(
            "Visitors come, the cache fills; purge it by key, softly",
            f"purge_surrogate_key service=shop-prod keys={KEY} soft=true",
        )
        await self._visit()
        filled = await self._edge("before")
        receipt = await self._call(
            mcp, "purge_surrogate_key", service="shop-prod", keys=[KEY], soft=True
        )
        self._say(f"accepted {receipt['accepted']} on {receipt['service_name']}")
        self._expect(filled == {"fresh": 20} and await self._edge("after") == {"stale": 20})

    async def _approval(self, mcp: Client) -> None:
        self._title("Everything, for which a person is asked", "purge_all service=shop-prod")
        await self._visit()
        self.answers = [False, True]
        refused = await mcp.call_tool("purge_all", {"service": "shop-prod"})
        self._say(f"the person says no; the assistant reads: {_text(refused)}")
        untouched = await self._edge("after")
        receipt = await self._call(mcp, "purge_all", service="shop-prod")
        self._say(f"asked again, the person says yes: accepted {receipt['accepted']}")
        self._expect(
            bool(refused.is_error)
            and untouched == {"fresh": 20}
            and await self._edge("after") == {"absent": 20}
        )

    async def _person(
        self,
        context: ClientRequestContext,  # as the client calls it
        params: ElicitRequestParams,
    ) -> ElicitResult:
        """Answer as the person at the client would, and show what they read."""
        answer = self.answers.pop(0)
        if not answer:
            for line in params.message.splitlines():
                self._say(f"| {line}")
        return ElicitResult(
            action="accept" if answer else "decline", content={"allow": True} if answer else None
        )

    async def _read_only(self, mcp: Client) -> None:
        self._title("Another token, with the scope global:read only", "tools/list")
        tools = [tool.name for tool in (await mcp.list_tools()).tools]
        self._say(f"it sees {', '.join(tools)}")
        refused = await mcp.call_tool("purge_all", {"service": "shop-prod"})
        self._say(f"and when it calls purge_all all the same: {_text(refused)}")
        self._expect(bool(refused.is_error) and not any("purge" in tool for tool in tools))

    @asynccontextmanager
    async def _session(self, token: str) -> AsyncIterator[Client]:
        settings = Settings.read({"FASTLY_API_TOKEN": token}, sandbox=True)
        transport = httpx2.ASGITransport(app=self.app)
        connection = Connection(settings, FastlyClient(settings.endpoint, transport=transport))
        server = FastlyServer(connection)
        async with Client(server, elicitation_callback=self._person) as client:
            yield client
        await connection.aclose()

    async def _call(self, mcp: Client, tool: str, **arguments: Any) -> dict[str, Any]:
        result = await mcp.call_tool(tool, arguments)
        if result.is_error:
            raise ToolError(_text(result))
        return result.structured_content or {}

    async def _visit(self) -> None:
        await self._door("POST", "request")

    async def _edge(self, when: str) -> dict[str, int]:
        """Show and count the states of the page over the POPs."""
        states = [pop["state"] for pop in (await self._door("GET", "edge"))["pops"]]
        counts = Counter(states)
        told = ", ".join(f"{state} at {count}" for state, count in counts.items())
        self._say(f"edge {when:6} [{''.join(SIGNS[state] for state in states)}] {told} POPs")
        return dict(counts)

    async def _door(self, method: str, door: str) -> Any:
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            answer = await http.request(
                method, f"/_sandbox/{door}", params={"url": PAGE}, headers=DOOR
            )
        return answer.raise_for_status().json()

    def _title(self, title: str, call: str) -> None:
        self.step += 1
        write()
        write(f"{self.step}. {title}", "title")
        write(f"   > {call}", "dim")

    def _say(self, text: str) -> None:
        for line in wrap(text, 76, break_on_hyphens=False):
            write(f"   {line}")

    def _expect(self, as_it_should: bool) -> None:
        self.wrong += not as_it_should
        write("   ok" if as_it_should else "   FAILED", "ok" if as_it_should else "failure")


def _text(result: CallToolResult) -> str:
    return "".join(part.text for part in result.content if part.type == "text")
