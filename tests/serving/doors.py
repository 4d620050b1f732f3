"""One guarded server and the ways into it, with a clock that a test moves."""

import hashlib
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio import to_thread
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult, InputRequiredResult

from fastly_mcp.guard.approvals import key_of
from fastly_mcp.guard.guard import STORE, Guard
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.store import Store
from fastly_mcp.serving.callers import Callers
from fastly_mcp.serving.http import http_app
from fastly_mcp.serving.server import FastlyServer
from tests.conftest import SHOP
from tests.tools.upstream import Upstream, real, text_of

SECRETS = {"alice": "the secret of alice", "bob": "the secret of bob"}


ALL: tuple[str, dict[str, Any]] = ("purge_all", {"service": SHOP})
KEY: tuple[str, dict[str, Any]] = ("purge_surrogate_key", {"service": SHOP, "keys": ["all"]})
URLS: tuple[str, dict[str, Any]] = (
    "purge_url",
    {"urls": [f"https://www.larkspur.example/{number}" for number in range(51)]},
)
each_tool = pytest.mark.parametrize(("tool", "arguments"), [ALL, KEY, URLS], ids=lambda _: "")
modern = "2026-07-28"

only_stdio = pytest.mark.parametrize("way", ["stdio"], indirect=True)
only_http = pytest.mark.parametrize("way", ["http"], indirect=True)


class Clock:
    """What time the guard believes it is."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


class Person:
    """A person at the client, who answers what is asked and remembers it."""

    def __init__(self, action: Any = "accept", **content: bool) -> None:
        self.answer = ElicitResult(action=action, content=dict(content) or None)
        self.asked: list[str] = []

    async def __call__(self, context: Any, params: ElicitRequestParams) -> ElicitResult:
        self.asked.append(params.message)
        return self.answer


class Door:
    """A server behind stdio's streams or behind HTTP, and its state directory."""

    def __init__(self, way: str, state: Path, upstream: Upstream, **environ: str) -> None:
        self.way, self.state, self.upstream, self.clock = way, state, upstream, Clock()
        environ = {"FASTLY_API_TOKEN": "sandbox", "FASTLY_MCP_APPROVAL": "broad"} | environ
        self.connection = real(upstream, **environ)
        settings = self.connection.settings
        self.guard = Guard(settings, state_dir=state, clock=self.clock)
        self.server = FastlyServer(self.connection, self.guard)
        self.callers = Callers(
            {name: hashlib.sha256(secret.encode()).hexdigest() for name, secret in SECRETS.items()}
        )

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Door"]:
        self.app = http_app(self.server, callers=self.callers, allowed_hosts=["fastly.test"])
        try:
            async with self.server.session_manager.run():
                yield self
        finally:
            await self.guard.aclose()
            await self.connection.aclose()

    @asynccontextmanager
    async def open(
        self, mode: str, *, caller: str = "alice", person: Person | None = None
    ) -> AsyncIterator[Client]:
        """A client's session; with a person it is one that can ask."""
        if self.way == "stdio":
            async with Client(self.server, mode=mode, elicitation_callback=person) as client:
                yield client
            return
        headers = {"Authorization": f"Bearer {SECRETS[caller]}"}
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, headers=headers) as http:
            streams = streamable_http_client("http://fastly.test/mcp", http_client=http)
            async with Client(streams, mode=mode, elicitation_callback=person) as client:
                yield client

    @property
    def purges(self) -> int:
        """How many purges reached Fastly."""
        return len(self.upstream.changes)

    def plan(self, code: str) -> Plan:
        with closing(Store(self.state / STORE)) as store, store.begin() as transaction:
            plan = transaction.plan(code)
        assert plan
        return plan

    async def decide(self, code: str, *, approved: bool = True, signature: str = "") -> None:
        """Decide as `fastly-mcp approve` does: with the key that the server's socket gives."""
        plan = self.plan(code)
        key = await to_thread.run_sync(key_of, self.state, plan.made_by)
        how = "signature" if signature else "terminal"
        decision = Decision(
            approved=approved, at=self.clock.now, by="somebody", how=how, signature=signature
        )
        with closing(Store(self.state / STORE)) as store, store.begin() as transaction:
            transaction.keep(plan.sealed(key, decision))

    def write(self, code: str, **fields: Any) -> None:
        """Change a plan's row by hand, with nothing but sqlite3."""
        with closing(sqlite3.connect(self.state / STORE)) as database, database:
            changed = database.execute(
                "UPDATE plan SET body = json_patch(body, json(?)) WHERE code = ?",
                (json.dumps(fields), code),
            )
            assert changed.rowcount == 1


async def waits(mcp: Client, tool: str, /, **arguments: Any) -> str:
    """Call a tool that has to wait for a person, and return the plan's code."""
    result = await mcp.call_tool(tool, arguments)
    data = result.structured_content
    assert data, text_of(result)
    assert data["status"] == "waiting_for_a_person", data
    return str(data["then"].split()[-1])


async def question(mcp: Client, tool: str, /, **arguments: Any) -> str:
    """Call a tool that has to ask, and return the state that comes with the question."""
    result = await mcp.session.call_tool(tool, arguments, allow_input_required=True)
    assert isinstance(result, InputRequiredResult)
    assert result.request_state
    return result.request_state


async def answer(
    mcp: Client, state: str | None, tool: str, /, action: Any = "accept", **arguments: Any
) -> str:
    """Answer a question by hand, and return what comes of it; a refusal of the protocol too."""
    said = ElicitResult(action=action, content={"allow": True} if action == "accept" else None)
    try:
        result = await mcp.session.call_tool(
            tool,
            arguments,
            input_responses={"approval": said},
            request_state=state,
            allow_input_required=True,
        )
    except MCPError as error:
        return f"protocol: {error}"
    if isinstance(result, InputRequiredResult):
        return "asked"
    return text_of(result)


Make = Callable[..., Awaitable[Door]]
