"""Elicitation: a person is asked at the client, in both eras."""

import json
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.sse import sse_client

from fastly_mcp.guard.plans import TO_DECIDE
from tests.conftest import SHOP
from tests.serving.doors import (
    ALL,
    KEY,
    URLS,
    Door,
    Make,
    Person,
    answer,
    modern,
    only_http,
    only_stdio,
    question,
    waits,
)
from tests.serving.processes import Stdio, Web, posix
from tests.tools.upstream import (
    BLOG,
    both_eras,
    call,
    refusal,
)

pytestmark = [pytest.mark.anyio, posix]


@both_eras
async def test_over_http_people_are_asked_only_if_the_operator_says_so(
    door: Door, mode: str
) -> None:
    person = Person(allow=True)
    async with door.open(mode, person=person) as mcp:
        if door.way == "http":
            await waits(mcp, ALL[0], **ALL[1])
            assert not person.asked
            return
        assert (await call(mcp, ALL[0], **ALL[1]))["accepted"] == 1
        (asked,) = person.asked
    assert "EVERYTHING" in asked
    assert f"{SHOP}  shop-prod" in asked
    assert door.purges == 1


async def test_over_http_people_are_asked_if_the_operator_says_so(make: Make) -> None:
    door = await make(FASTLY_MCP_APPROVAL_VIA="elicitation")
    person = Person(allow=True)
    async with door.open(modern, person=person) as mcp:
        assert (await call(mcp, ALL[0], **ALL[1]))["accepted"] == 1
    assert len(person.asked) == 1
    if door.way == "http":
        # There is no way back to a client of the older protocol through stateless requests.
        async with door.open("legacy", person=person) as mcp:
            await waits(mcp, ALL[0], **ALL[1])
        assert len(person.asked) == 1


@both_eras
async def test_an_operator_can_have_everything_decided_by_command(make: Make, mode: str) -> None:
    door = await make(FASTLY_MCP_APPROVAL_VIA="command")
    person = Person(allow=True)
    async with door.open(mode, person=person) as mcp:
        await waits(mcp, ALL[0], **ALL[1])
    assert not person.asked


@pytest.mark.parametrize(
    ("way", "mode"),
    [("stdio", "legacy"), ("stdio", modern), ("http", modern)],
    indirect=["way"],
)
@pytest.mark.parametrize(
    "person",
    [
        Person("decline"),
        Person("cancel"),
        Person("accept", allow=False),
        Person("accept"),
        Person("decline", allow=True),
    ],
    ids=["decline", "cancel", "not ticked", "empty", "decline with a tick"],
)
async def test_everything_but_a_clear_yes_is_a_no(make: Make, mode: str, person: Person) -> None:
    door = await make(FASTLY_MCP_APPROVAL_VIA="elicitation")
    person.asked.clear()
    async with door.open(mode, person=person) as mcp:
        for _ in range(2):
            assert "A person declined this" in await refusal(mcp, ALL[0], **ALL[1])
        assert "nobody is asked" in await refusal(mcp, ALL[0], **ALL[1])
    assert len(person.asked) == 2
    assert door.purges == 0


@only_stdio
async def test_an_answer_that_comes_after_the_plan_closed_is_none(door: Door) -> None:
    class Slow(Person):
        async def __call__(self, *asked: Any) -> Any:
            door.clock.now += TO_DECIDE
            return await super().__call__(*asked)

    for mode in ("legacy", modern):
        async with door.open(mode, person=Slow(allow=True)) as mcp:
            assert "not open any more" in await refusal(mcp, ALL[0], **ALL[1])
    assert door.purges == 0


@pytest.fixture
async def asking(make: Make) -> Door:
    return await make(FASTLY_MCP_APPROVAL_VIA="elicitation")


async def test_an_answer_to_a_question_never_asked_counts_for_nothing(asking: Door) -> None:
    async with asking.open(modern, person=Person()) as mcp:
        assert await answer(mcp, None, ALL[0], **ALL[1]) == "asked"
        for forged in ("", "ABCD-EFGH", "x" * 200):
            said = await answer(mcp, forged, ALL[0], **ALL[1])
            assert said == "asked" or said.startswith("protocol: "), forged
        code = await question(mcp, ALL[0], **ALL[1])
        for forged in (code[:-8] + "AAAAAAAA", code[:-1]):
            assert (await answer(mcp, forged, ALL[0], **ALL[1])).startswith("protocol: ")
    assert asking.purges == 0


async def test_a_client_that_cannot_be_asked_answers_nothing(door: Door) -> None:
    for mode in ("legacy", modern):
        async with door.open(mode) as mcp:
            said = await answer(mcp, None, ALL[0], **ALL[1])
            assert "waiting_for_a_person" in said
            code = re.findall(r"[A-Z0-9]{4}-[A-Z0-9]{4}", said)[0]
            said = await answer(mcp, code, ALL[0], **ALL[1])
            assert said.startswith("protocol: ") or "waiting_for_a_person" in said
    assert door.purges == 0


async def test_an_answer_counts_once(asking: Door) -> None:
    async with asking.open(modern, person=Person()) as mcp:
        state = await question(mcp, ALL[0], **ALL[1])
        assert '"accepted":1' in await answer(mcp, state, ALL[0], **ALL[1])
        assert "not open any more" in await answer(mcp, state, ALL[0], **ALL[1])
    assert asking.purges == 1


async def test_a_yes_after_a_no_is_none(asking: Door) -> None:
    async with asking.open(modern, person=Person()) as mcp:
        state = await question(mcp, ALL[0], **ALL[1])
        assert "declined" in await answer(mcp, state, ALL[0], "decline", **ALL[1])
        assert "not open any more" in await answer(mcp, state, ALL[0], **ALL[1])
    assert asking.purges == 0


async def test_answers_that_race_count_once(asking: Door) -> None:
    said: list[str] = []
    async with asking.open(modern, person=Person()) as mcp:
        state = await question(mcp, ALL[0], **ALL[1])

        async def race() -> None:
            said.append(await answer(mcp, state, ALL[0], **ALL[1]))

        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(race)
    assert sum('"accepted":1' in each for each in said) == 1
    assert asking.purges == 1


async def test_an_answer_is_for_the_call_it_was_asked_about(asking: Door) -> None:
    async with asking.open(modern, person=Person()) as mcp:
        state = await question(mcp, KEY[0], **KEY[1])
        for tool, arguments in (
            ALL,
            URLS,
            (KEY[0], {"service": BLOG, "keys": ["all"]}),
            (KEY[0], {"service": SHOP, "keys": ["all", "site"]}),
        ):
            said = await answer(mcp, state, tool, **arguments)
            assert said.startswith("protocol: "), said
        assert asking.purges == 0
        assert '"accepted":1' in await answer(mcp, state, KEY[0], **KEY[1])


@only_http
async def test_an_answer_is_for_the_caller_who_was_asked(asking: Door) -> None:
    async with (
        asking.open(modern, person=Person()) as alice,
        asking.open(modern, caller="bob", person=Person()) as bob,
    ):
        state = await question(alice, KEY[0], **KEY[1])
        said = await answer(bob, state, KEY[0], **KEY[1])
        assert said == "This answer is about another call. Nothing was sent."
        assert asking.purges == 0


async def test_one_servers_question_is_not_anothers(make: Make) -> None:
    first, other = [await make(FASTLY_MCP_APPROVAL_VIA="elicitation") for _ in range(2)]
    async with (
        first.open(modern, person=Person()) as mine,
        other.open(modern, person=Person()) as theirs,
    ):
        state = await question(mine, KEY[0], **KEY[1])
        assert (await answer(theirs, state, KEY[0], **KEY[1])).startswith("protocol: ")
    assert other.purges == 0


async def test_over_sse_an_older_client_is_asked_if_the_operator_says_so(
    tmp_path: Path, short: Path
) -> None:
    secret = "a-secret-of-some-length"
    headers = {"Authorization": f"Bearer {secret}"}
    environ = {
        "FASTLY_MCP_HTTP_TOKEN": secret,
        "FASTLY_MCP_APPROVAL": "broad",
        "FASTLY_MCP_APPROVAL_VIA": "elicitation",
    }
    with Web("--sandbox", home=tmp_path, **environ) as web:
        for person, accepted in ((Person("decline"), False), (Person(allow=True), True)):
            streams = sse_client(web.url.replace("/mcp", "/sse"), headers=headers)
            async with Client(streams, mode="legacy", elicitation_callback=person) as mcp:
                result = await mcp.call_tool(*ALL)
            assert len(person.asked) == 1
            assert result.is_error is not accepted
    del environ["FASTLY_MCP_APPROVAL_VIA"]
    with Web("--sandbox", home=tmp_path, **environ, FASTLY_MCP_STATE_DIR=str(short)) as web:
        person = Person(allow=True)
        streams = sse_client(web.url.replace("/mcp", "/sse"), headers=headers)
        async with Client(streams, mode="legacy", elicitation_callback=person) as mcp:
            await waits(mcp, *ALL[:1], **ALL[1])
        assert not person.asked


def test_an_answer_on_stdio_to_a_question_never_asked_counts_for_nothing(tmp_path: Path) -> None:
    with Stdio("--sandbox", home=tmp_path, FASTLY_MCP_APPROVAL="broad") as server:
        about = {"name": "test", "version": "1"}
        server.ask(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={"elicitation": {}},
            clientInfo=about,
        )
        server.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        yes = {"action": "accept", "content": {"allow": True}}
        for number in range(3):
            early = {"jsonrpc": "2.0", "id": number, "result": yes}
            server.write(json.dumps(early).encode() + b"\n")
        number = server.send("tools/call", name=ALL[0], arguments=ALL[1])
        asked = json.loads(server.line())
        assert asked["method"] == "elicitation/create"
        other = {"jsonrpc": "2.0", "id": f"{asked['id']}0", "result": yes}
        server.write(json.dumps(other).encode() + b"\n")
        no = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "decline"}}
        server.write(json.dumps(no).encode() + b"\n")
        server.write(json.dumps(no | {"result": yes}).encode() + b"\n")
        said = json.loads(server.line())
        assert said["id"] == number
        assert "A person declined this" in said["result"]["content"][0]["text"]
