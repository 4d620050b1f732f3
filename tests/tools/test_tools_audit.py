"""What `list_purges` tells, and to whom."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest
from mcp import Client

from fastly_mcp.api.connection import Connection
from fastly_mcp.guard.audit import EDITED
from fastly_mcp.guard.changes import Change, Hit
from fastly_mcp.guard.guard import Guard
from fastly_mcp.guard.lines import Came, Intent, outcome
from fastly_mcp.serving.server import FastlyServer
from tests.conftest import SHOP, Connect, Session
from tests.guard.auditing import KEYS, Trail, meant
from tests.test_contract import count
from tests.tools.upstream import BLOG, LAMP, NOBODY, both_eras, call, names, text_of

pytestmark = pytest.mark.anyio

ON = {"FASTLY_MCP_TOOLSETS": "default,audit"}
COVERS = (
    "Purges made through servers with this audit{}. Fastly records purges by key and URL nowhere, "
    "so others' purges are not here."
)
AT_BLOG = replace(KEYS, hits=(Hit(service_id=BLOG, service_name="blog"),))


def write(guard: Guard, line: Intent, came: Came | None = "ok") -> None:
    with guard.store.begin() as transaction:
        guard.audit.write(transaction, line)
        if came:
            done = outcome(time.time(), line.event, came, accepted=line.count)
            guard.audit.write(transaction, done)


@asynccontextmanager
async def audited(
    connection: Connection, lines: list[tuple[Intent, Came | None]]
) -> AsyncIterator[Client]:
    """A session of a server whose audit has these lines."""
    guard = Guard(connection.settings)
    for line, came in lines:
        write(guard, line, came)
    async with Client(FastlyServer(connection, guard)) as mcp:
        yield mcp


async def test_it_is_off_unless_it_is_asked_for(session: Session) -> None:
    async with session() as mcp:
        assert "list_purges" not in await names(mcp)
    async with session(**ON) as mcp:
        (tool,) = [each for each in (await mcp.list_tools()).tools if each.name == "list_purges"]
    assert tool.title == "Purges made through this server"
    assert "guard" not in tool.input_schema["properties"]


async def test_without_purges_it_says_what_it_would_cover(session: Session) -> None:
    async with session(**ON) as mcp:
        assert await call(mcp, "list_purges") == {
            "covers": COVERS.format("; none yet"),
            "purges": [],
        }


@both_eras
async def test_purges_are_told_newest_first_after_what_they_cover(
    session: Session, mode: str
) -> None:
    async with session(mode=mode, **ON) as mcp:
        await call(mcp, "purge_surrogate_key", service="shop-prod", keys=["products"], soft=True)
        await call(mcp, "purge_url", urls=[f"{LAMP}?user=robin"])
        result = await mcp.call_tool("list_purges", {})
        (tool,) = [each for each in (await mcp.list_tools()).tools if each.name == "list_purges"]
    listed: dict[str, Any] = result.structured_content or {}
    jsonschema.validate(listed, tool.output_schema)
    assert next(iter(json.loads(text_of(result)))) == "covers"
    newest, oldest = listed["purges"]
    assert listed["covers"] == COVERS.format(f" since {oldest['at']}")
    assert newest["targets"][0].startswith(f"{LAMP}?user (sha256 ")
    assert "robin" not in str(newest)
    assert (newest["tool"], newest["count"], newest["outcome"]) == ("purge_url", 1, "ok")
    del oldest["at"], oldest["by"]
    assert oldest == {
        "tool": "purge_surrogate_key",
        "service_ids": [SHOP],
        "service_names": ["shop-prod"],
        "count": 1,
        "targets": ["products"],
        "soft": True,
        "outcome": "ok",
        "accepted": 1,
    }


async def test_one_service_is_chosen_by_id_name_or_domain(connect: Connect) -> None:
    lines: list[tuple[Intent, Came | None]] = [(meant(), "ok"), (meant(AT_BLOG), "ok")]
    async with audited(connect(**ON), lines) as mcp:
        for service in (BLOG, "blog", "blog.larkspur.example"):
            listed = await call(mcp, "list_purges", service=service)
            assert [purge["service_ids"] for purge in listed["purges"]] == [[BLOG]]


async def test_as_many_as_were_asked_for_are_told_and_that_there_are_more(connect: Connect) -> None:
    lines: list[tuple[Intent, Came | None]] = [(meant(), "ok") for _ in range(12)]
    async with audited(connect(**ON), lines) as mcp:
        first = await call(mcp, "list_purges")
        every = await call(mcp, "list_purges", limit=12)
    assert (len(first["purges"]), first["more"]) == (10, True)
    assert (len(every["purges"]), "more" in every) == (12, False)


async def test_a_purge_whose_outcome_nobody_saw_is_unknown(connect: Connect) -> None:
    lines: list[tuple[Intent, Came | None]] = [(meant(), None), (meant(at=time.time()), None)]
    async with audited(connect(**ON), lines) as mcp:
        listed = await call(mcp, "list_purges")
    assert [purge["outcome"] for purge in listed["purges"]] == [
        "running",
        "unknown: may have been sent",
    ]
    assert "accepted" not in listed["purges"][0]


@pytest.mark.parametrize(
    ("change", "is_shown"),
    [
        (KEYS, True),
        (replace(KEYS, hits=(Hit(service_id=NOBODY, service_name="theirs"),)), False),
        (replace(KEYS, hits=(*KEYS.hits, Hit(service_id=NOBODY))), False),
        (Change(kind="url", targets=("https://theirs.test/",)), False),
    ],
    ids=["a service of this account", "another account's", "both", "nobody knows whose"],
)
async def test_another_tokens_purges_are_told_only_of_services_this_one_can_read(
    connect: Connect, change: Change, is_shown: bool
) -> None:
    async with audited(connect(**ON), [(meant(change), "ok")]) as mcp:
        listed = await call(mcp, "list_purges")
    assert bool(listed["purges"]) == is_shown
    assert ("theirs" in str(listed)) is False


async def test_nothing_is_told_of_services_outside_the_operators_limits(connect: Connect) -> None:
    lines: list[tuple[Intent, Came | None]] = [(meant(), "ok"), (meant(AT_BLOG), "ok")]
    async with audited(connect(FASTLY_MCP_SERVICES="blog", **ON), lines) as mcp:
        listed = await call(mcp, "list_purges")
        refused = await mcp.call_tool("list_purges", {"service": SHOP})
    assert [purge["service_ids"] for purge in listed["purges"]] == [[BLOG]]
    assert "outside what this server may touch" in text_of(refused)


async def test_other_peoples_text_is_escaped_and_cut(connect: Connect) -> None:
    hidden = "\u202e\x1b[2J"
    hit = Hit(service_id=SHOP, service_name=hidden)
    change = replace(KEYS, hits=(hit,), targets=(hidden, "long" * 100, "c", "d"))
    async with audited(connect(**ON), [(meant(change), "ok")]) as mcp:
        (purge,) = (await call(mcp, "list_purges"))["purges"]
    assert purge["service_names"] == [r"\u{202e}\u{1b}[2J"]
    assert purge["targets"] == [r"\u{202e}\u{1b}[2J", "long" * 14 + "lon…", "c"]
    assert purge["count"] == 4


async def test_an_edited_line_is_shown_as_one(connect: Connect, tmp_path: Path) -> None:
    trail = Trail(tmp_path)
    trail.change(meant())
    trail.edit(1, b'"accepted":2', b'"accepted":1')
    connection = connect(**ON)
    guard = Guard(connection.settings, state_dir=tmp_path)
    async with Client(FastlyServer(connection, guard)) as mcp:
        (purge,) = (await call(mcp, "list_purges"))["purges"]
    assert (purge["outcome"], "accepted" in purge) == (EDITED, False)


async def test_an_audit_that_cannot_be_read_says_why(connect: Connect, tmp_path: Path) -> None:
    connection = connect(**ON)
    (tmp_path / "audit.jsonl").mkdir()
    guard = Guard(connection.settings, state_dir=tmp_path)
    async with Client(FastlyServer(connection, guard)) as mcp:
        result = await mcp.call_tool("list_purges", {})
    assert result.is_error
    assert "audit.jsonl is no plain file" in text_of(result)


async def test_an_audit_on_standard_error_is_said_to_be_there(connect: Connect) -> None:
    connection = connect(FASTLY_MCP_AUDIT="stderr", **ON)
    async with audited(connection, []) as mcp:
        listed = await call(mcp, "list_purges")
    assert listed["purges"] == []
    assert "tells its audit to standard error only" in listed["covers"]


async def test_it_is_cheap(connect: Connect) -> None:
    lines: list[tuple[Intent, Came | None]] = [(meant(), "ok") for _ in range(10)]
    async with audited(connect(**ON), lines) as mcp:
        result = await mcp.call_tool("list_purges", {})
        (tool,) = [each for each in (await mcp.list_tools()).tools if each.name == "list_purges"]
    assert count(text_of(result)) <= 1100
    shown = {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}
    assert count(json.dumps(shown, separators=(",", ":"))) <= 150
