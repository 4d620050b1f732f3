"""Approval: what waits for a person, and everything that must not pass for a person's word."""

import json
import re
import shlex
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest
from mcp import Client
from mcp.client.sse import sse_client

from fastly_mcp.errors import NotPermitted
from fastly_mcp.guard.approvals import socket_path
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.plans import PLAN, TO_DECIDE, TO_USE, Decision
from fastly_mcp.guard.signatures import sign
from fastly_mcp.guard.store import Freeze, Store
from tests.conftest import SHOP
from tests.guard.signing import has_keygen, make_key, public
from tests.serving.doors import Door, Person, answer, question, waits
from tests.serving.processes import Stdio, Web, posix
from tests.tools.upstream import (
    BLOG,
    DOWNLOADS,
    EDGE_API,
    LAMP,
    POSTS,
    TENANTS,
    Upstream,
    answering,
    both_eras,
    call,
    refusal,
)

pytestmark = [pytest.mark.anyio, posix]

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

Make = Callable[..., Awaitable[Door]]


@pytest.fixture(params=["stdio", "http"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def short() -> Iterator[Path]:
    """A state directory with a path that leaves room for a socket's name."""
    with TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture
async def make(short: Path, way: str) -> AsyncIterator[Make]:
    """Serve, in one way, with settings; several servers may share the state directory."""
    async with AsyncExitStack() as stack:

        async def serve(state: Path = short / "state", **environ: str) -> Door:
            door = Door(way, state, Upstream(), **environ)
            return await stack.enter_async_context(door.served())

        yield serve


@pytest.fixture
async def door(make: Make) -> Door:
    return await make()


# Waiting, and going on


@both_eras
@each_tool
async def test_a_client_that_cannot_ask_is_told_whom_to_ask(
    door: Door, mode: str, tool: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        result = await mcp.call_tool(tool, arguments)
        (listed,) = [each for each in (await mcp.list_tools()).tools if each.name == tool]
    assert not result.is_error
    data = result.structured_content
    assert data
    jsonschema.validate(data, listed.output_schema)
    assert set(data) == {"purged", "status", "tell_user", "then", "plan"}
    assert data["purged"] is False
    assert data["status"] == "waiting_for_a_person"
    found = re.search(r"fastly-mcp approve ([A-Z0-9]{4}-[A-Z0-9]{4})", data["tell_user"])
    assert found
    assert data["then"].endswith(f"approval: {found[1]}")
    assert data["tell_user"].endswith(f" --state-dir {shlex.quote(str(door.state))}")
    assert any(
        line.startswith("service   u8jzPde0IgxLd6GncfBAep  shop-prod") for line in data["plan"]
    )
    assert any("www.larkspur.example" in line for line in data["plan"])
    assert door.purges == 0


@both_eras
@each_tool
async def test_what_a_person_approved_is_done_once(
    door: Door, mode: str, tool: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, tool, **arguments)
        assert await waits(mcp, tool, **arguments, approval=code) == code
        assert door.purges == 0
        await door.decide(code)
        assert (await call(mcp, tool, **arguments, approval=code.lower()))["accepted"]
        done = door.purges
        assert done == len(arguments.get("urls", "1"))
        said = await refusal(mcp, tool, **arguments, approval=code)
        assert said == (
            "This approval was used, or is too old to be: call again without approval to ask anew. "
            "Nothing was sent."
        )
        assert door.purges == done
        assert await waits(mcp, tool, **arguments) != code


@both_eras
async def test_what_a_person_declined_is_not_done(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code, approved=False)
        said = await refusal(mcp, ALL[0], **ALL[1], approval=code)
        assert said == "A person declined this. Do not ask again. Nothing was sent."
    assert door.purges == 0


# What must not pass for a person's word


@both_eras
@pytest.mark.parametrize("code", ["ABCD-EFGH", "true", "yes", "' OR 1=1 --", "\x00"])
async def test_a_code_that_nobody_was_given_approves_nothing(
    door: Door, mode: str, code: str
) -> None:
    async with door.open(mode) as mcp:
        assert "for another call" in await refusal(mcp, ALL[0], **ALL[1], approval=code)
    assert door.purges == 0


@both_eras
@pytest.mark.parametrize(
    ("tool", "changed"),
    [
        ("purge_surrogate_key", {"service": SHOP, "keys": ["all", "more"]}),
        ("purge_surrogate_key", {"service": SHOP, "keys": ["site"]}),
        ("purge_surrogate_key", {"service": BLOG, "keys": ["all"]}),
        ("purge_surrogate_key", {"service": "shop-prod", "keys": ["all"]}),
        ("purge_surrogate_key", {"service": SHOP, "keys": ["all"], "soft": True}),
        ("purge_surrogate_key", {"service": SHOP, "keys": ["lamp"]}),
        ("purge_all", {"service": SHOP}),
        ("purge_url", {"urls": [LAMP]}),
    ],
)
async def test_a_code_is_for_exactly_the_arguments_it_was_given_for(
    door: Door, mode: str, tool: str, changed: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        await door.decide(code)
        assert "for another call" in await refusal(mcp, tool, **changed, approval=code)
        assert door.purges == 0
        await call(mcp, KEY[0], **KEY[1], approval=code)


@only_http
@both_eras
async def test_a_code_is_for_the_caller_who_was_told_it(door: Door, mode: str) -> None:
    async with door.open(mode) as alice, door.open(mode, caller="bob") as bob:
        code = await waits(alice, KEY[0], **KEY[1])
        await door.decide(code)
        assert "for another call" in await refusal(bob, KEY[0], **KEY[1], approval=code)
        assert door.purges == 0
        await call(alice, KEY[0], **KEY[1], approval=code)


@both_eras
async def test_a_code_is_for_the_process_that_gave_it(make: Make, mode: str) -> None:
    first, other = await make(), await make()
    async with first.open(mode) as mine, other.open(mode) as theirs:
        code = await waits(mine, KEY[0], **KEY[1])
        assert "Nobody decided" in await refusal(theirs, KEY[0], **KEY[1], approval=code)
        await first.decide(code)
        assert "not signed for" in await refusal(theirs, KEY[0], **KEY[1], approval=code)
        assert other.purges == 0
        await call(mine, KEY[0], **KEY[1], approval=code)


@both_eras
async def test_a_code_is_for_the_token_it_was_asked_with(
    make: Make, tmp_path: Path, mode: str
) -> None:
    file = tmp_path / "token"
    file.write_text("sandbox")
    door = await make(FASTLY_API_TOKEN="", FASTLY_API_TOKEN_FILE=str(file))
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        await door.decide(code)
        file.write_text("sandbox-read-purge-select")
        assert "for another call" in await refusal(mcp, KEY[0], **KEY[1], approval=code)
        assert door.purges == 0


@both_eras
async def test_a_plan_can_be_decided_on_for_ten_minutes(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        door.clock.now += TO_DECIDE - 1
        assert await waits(mcp, KEY[0], **KEY[1], approval=code) == code
        door.clock.now += 1
        assert "Nobody decided in time" in await refusal(mcp, KEY[0], **KEY[1], approval=code)
        assert await waits(mcp, KEY[0], **KEY[1]) != code
    assert door.purges == 0


@both_eras
async def test_an_approval_can_be_used_for_two_minutes(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code, late = [await waits(mcp, *each[:1], **each[1]) for each in (KEY, ALL)]
        await door.decide(code)
        await door.decide(late)
        door.clock.now += TO_USE - 1
        await call(mcp, KEY[0], **KEY[1], approval=code)
        door.clock.now += 1
        assert "too old to be" in await refusal(mcp, ALL[0], **ALL[1], approval=late)
    assert door.purges == 1


@both_eras
async def test_of_calls_that_race_for_one_approval_one_wins(door: Door, mode: str) -> None:
    said: list[bool] = []
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        await door.decide(code)

        async def race() -> None:
            said.append((await mcp.call_tool(KEY[0], {**KEY[1], "approval": code})).is_error)

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(race)
    assert sorted(said) == [False] + [True] * 7
    assert door.purges == 1


@both_eras
async def test_a_decision_written_by_hand_approves_nothing(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        for mac in ("", "0" * 64):
            decision = {"approved": True, "at": door.clock.now, "by": "me", "how": "terminal"}
            door.write(code, decision=decision | {"mac": mac})
            said = await refusal(mcp, KEY[0], **KEY[1], approval=code)
            assert "was not signed for this server" in said
    assert door.purges == 0


@both_eras
@pytest.mark.parametrize("field", ["approved", "at", "by"])
async def test_a_decision_changed_by_hand_approves_nothing(
    door: Door, mode: str, field: str
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        await door.decide(code, approved=field != "approved")
        door.clock.now += TO_USE
        changed = {"approved": True, "at": door.clock.now, "by": "me"}
        door.write(code, decision={field: changed[field]})
        said = await refusal(mcp, KEY[0], **KEY[1], approval=code)
        assert "was not signed for this server" in said
    assert door.purges == 0


@both_eras
async def test_an_approval_that_was_used_is_not_made_new_by_hand(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        await door.decide(code)
        await call(mcp, KEY[0], **KEY[1], approval=code)
        door.write(code, used_at=None)
        assert door.plan(code).used_at is None
        assert "was used" in await refusal(mcp, KEY[0], **KEY[1], approval=code)
    assert door.purges == 1


@both_eras
async def test_a_plan_that_was_made_to_look_harmless_is_not_carried_out(
    door: Door, mode: str
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, KEY[0], **KEY[1])
        door.write(code, change={"targets": ["lamp"]})
        assert "Nobody decided" in await refusal(mcp, KEY[0], **KEY[1], approval=code)
        await door.decide(code)
        assert "was used, or" in await refusal(mcp, KEY[0], **KEY[1], approval=code)
    assert door.purges == 0


@both_eras
async def test_a_plan_written_by_hand_approves_nothing(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        plan = door.plan(await waits(mcp, KEY[0], **KEY[1]))
        decision = Decision(approved=True, at=door.clock.now, by="me", how="terminal")
        made = replace(plan, code="AAAA-AAAA").sealed(b"", decision)
        with closing(sqlite3.connect(door.state / STORE)) as database, database:
            database.execute(
                "INSERT INTO plan VALUES (?, ?, ?)",
                (made.code, made.made_at, PLAN.dump_json(made).decode()),
            )
        assert "not signed" in await refusal(mcp, KEY[0], **KEY[1], approval=made.code)
    assert door.purges == 0


@both_eras
@pytest.mark.parametrize("what", ["version", "domains"])
async def test_a_plan_is_void_when_the_service_changed_meanwhile(
    door: Door, mode: str, what: str
) -> None:
    upstream = door.upstream
    async with door.open(mode) as mcp:
        details = await door.connection.details(SHOP)
        for tool, arguments in (ALL, KEY, URLS):
            upstream.instead.clear()
            code = await waits(mcp, tool, **arguments)
            await door.decide(code)
            active = details["active_version"]
            changed = (
                {"number": active["number"] + 1}
                if what == "version"
                else {"domains": [*active["domains"], {"name": "new.larkspur.example"}]}
            )
            upstream.instead[f"GET /service/{SHOP}/details"] = answering(
                details | {"active_version": active | changed}
            )
            said = await refusal(mcp, tool, **arguments, approval=code)
            assert "active version or domains changed since" in said
    assert door.purges == 0


# Asking people without end


@both_eras
async def test_after_two_declines_nobody_is_asked_for_ten_minutes(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        for key in ("all", "site"):
            code = await waits(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
            await door.decide(code, approved=False)
            door.clock.now += 60
        again = {"service": SHOP, "keys": ["everything"]}
        said = await refusal(mcp, "purge_surrogate_key", **again)
        assert said == (
            "People declined this 2 times. Do not ask again: for 9 more minutes nobody is asked. "
            "Nothing was sent."
        )
        await waits(mcp, "purge_surrogate_key", service=BLOG, keys=["all"])
        await waits(mcp, ALL[0], **ALL[1])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp"])
        door.clock.now += 600 - 121
        assert "for 1 more minutes" in await refusal(mcp, "purge_surrogate_key", **again)
        door.clock.now += 1
        await waits(mcp, "purge_surrogate_key", **again)


@both_eras
async def test_three_plans_of_a_caller_may_wait_at_once(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        codes = [
            await waits(mcp, "purge_all", service=service) for service in (SHOP, BLOG, DOWNLOADS)
        ]
        said = await refusal(mcp, "purge_all", service=EDGE_API)
        assert said.startswith("3 changes of this caller wait for a person already")
        assert await waits(mcp, "purge_all", service=BLOG) == codes[1]
        if door.way == "http":
            async with door.open(mode, caller="bob") as other:
                await waits(other, "purge_all", service=EDGE_API)
        await door.decide(codes[0], approved=False)
        await waits(mcp, "purge_all", service=EDGE_API)
        door.clock.now += TO_DECIDE
        for service in (BLOG, DOWNLOADS, SHOP):
            assert await waits(mcp, "purge_all", service=service) not in codes


# Freezing


@both_eras
async def test_a_freeze_holds_at_once_and_until_it_is_lifted(door: Door, mode: str) -> None:
    theirs = Store(door.state / STORE)
    async with door.open(mode) as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code)
        with closing(theirs), theirs.begin() as transaction:
            transaction.freeze(Freeze(door.clock.now + 100, "launch\u202e.", "ann", 0))
        for tool, arguments in (
            ("purge_url", {"urls": [LAMP]}),
            (ALL[0], ALL[1] | {"approval": code}),
        ):
            said = await refusal(mcp, tool, **arguments)
            assert re.fullmatch(
                r"ann has frozen all changes until \S+: launch\\u\{202e\}\. Nothing was sent; "
                r"do not try again before that ends\.",
                said,
            )
        assert "ann has frozen all changes" in str(await call(mcp, "get_account"))
        assert door.purges == 0
        door.clock.now += 100
        await call(mcp, ALL[0], **ALL[1], approval=code)


async def test_a_store_that_was_moved_away_is_seen_by_who_runs(door: Door) -> None:
    async with door.open("auto") as mcp:
        await call(mcp, "purge_url", urls=[LAMP])
        (door.state / STORE).rename(door.state / "old")
        with closing(Store(door.state / STORE)) as theirs, theirs.begin() as transaction:
            transaction.freeze(Freeze(None, "", "ann", 0))
        assert "ann has frozen" in await refusal(mcp, "purge_url", urls=[LAMP])


# Elicitation


@both_eras
async def test_over_http_people_are_asked_only_if_the_operator_says_so(
    door: Door, mode: str
) -> None:
    person = Person(purge=True)
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
    person = Person(purge=True)
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
    person = Person(purge=True)
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
        Person("accept", purge=False),
        Person("accept"),
        Person("decline", purge=True),
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
        async with door.open(mode, person=Slow(purge=True)) as mcp:
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
        for person, accepted in ((Person("decline"), False), (Person(purge=True), True)):
            streams = sse_client(web.url.replace("/mcp", "/sse"), headers=headers)
            async with Client(streams, mode="legacy", elicitation_callback=person) as mcp:
                result = await mcp.call_tool(*ALL)
            assert len(person.asked) == 1
            assert result.is_error is not accepted
    del environ["FASTLY_MCP_APPROVAL_VIA"]
    with Web("--sandbox", home=tmp_path, **environ, FASTLY_MCP_STATE_DIR=str(short)) as web:
        person = Person(purge=True)
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
        yes = {"action": "accept", "content": {"purge": True}}
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


# Breadth, through a server


@both_eras
async def test_splitting_a_purge_changes_nothing(door: Door, mode: str) -> None:
    keys = [f"key-{number}" for number in range(40)]
    async with door.open(mode) as mcp:
        for key in keys[:20]:
            await call(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
        code = await waits(mcp, "purge_surrogate_key", service=SHOP, keys=keys[20:21])
        await call(mcp, "purge_surrogate_key", service=BLOG, keys=keys[:20])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys, soft=True)
        # What a person allowed takes nothing away from what nobody has to.
        await door.decide(code)
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys[20:21], approval=code)
        door.clock.now += 600
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys[:20])


@both_eras
async def test_urls_are_counted_by_service(door: Door, mode: str) -> None:
    def pages(host: str, count: int) -> list[str]:
        return [f"https://{host}/{number}" for number in range(count)]

    async with door.open(mode) as mcp:
        await call(mcp, "purge_url", urls=pages("www.larkspur.example", 50))
        await call(mcp, "purge_url", urls=pages("blog.larkspur.example", 50))
        await waits(mcp, "purge_url", urls=[LAMP])
        await waits(mcp, "purge_url", urls=[POSTS])
        await call(mcp, "purge_url", urls=pages("downloads.larkspur.example", 40))
        await waits(mcp, "purge_url", urls=pages("downloads.larkspur.example", 11))


async def test_all_hosts_of_a_service_are_counted_together(door: Door) -> None:
    async with door.open("auto") as mcp:
        for number in range(10):
            urls = [f"https://t{number}.tenants.larkspur.example/{page}" for page in range(5)]
            await call(mcp, "purge_url", urls=urls)
        await waits(mcp, "purge_url", urls=["https://t99.tenants.larkspur.example/"])


async def test_a_token_that_cannot_look_domains_up_waits_for_more(make: Make) -> None:
    door = await make(FASTLY_API_TOKEN="sandbox-purge-select")
    async with door.open("auto") as mcp:
        for key in ("www.larkspur.example", "WWW.larkspur.example", SHOP, SHOP.lower(), "all"):
            await waits(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
            door.clock.now += TO_DECIDE
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp"])
        await call(mcp, "purge_url", urls=URLS[1]["urls"][:50])
        code = await waits(mcp, "purge_url", urls=[POSTS])
        await door.decide(code)
        await call(mcp, "purge_url", urls=[POSTS], approval=code)


@pytest.mark.parametrize(
    "key", ["shop-prod", "SHOP-PROD", SHOP, SHOP.upper(), "www.larkspur.example", "Site-Wide"]
)
async def test_a_key_called_as_the_service_is_waits(door: Door, key: str) -> None:
    async with door.open("auto") as mcp:
        await waits(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp", key], soft=True)


async def test_a_key_called_as_a_wildcard_domain_is_waits(door: Door) -> None:
    async with door.open("auto") as mcp:
        keys = ["*.tenants.larkspur.example"]
        await waits(mcp, "purge_surrogate_key", service=TENANTS, keys=keys)


async def test_a_key_that_is_another_services_domain_does_not_wait(door: Door) -> None:
    async with door.open("auto") as mcp:
        await call(mcp, "purge_surrogate_key", service=BLOG, keys=["www.larkspur.example"])


@pytest.mark.parametrize(
    ("level", "waiting"),
    [
        ("never", set()),
        ("purge_all", {"purge_all"}),
        ("broad", {"purge_all"}),
        ("purges", {"purge_all", "purge_surrogate_key", "purge_url"}),
        ("all", {"purge_all", "purge_surrogate_key", "purge_url"}),
    ],
)
async def test_each_level_has_its_tools_wait(make: Make, level: str, waiting: set[str]) -> None:
    door = await make(FASTLY_MCP_APPROVAL=level)
    async with door.open("auto") as mcp:
        for tool, arguments in (
            ALL,
            ("purge_surrogate_key", {"service": SHOP, "keys": ["lamp"]}),
            ("purge_url", {"urls": [LAMP]}),
        ):
            if tool in waiting:
                await waits(mcp, tool, **arguments)
            else:
                await call(mcp, tool, **arguments)


async def test_the_operators_broad_keys_take_the_place_of_the_usual_ones(make: Make) -> None:
    door = await make(FASTLY_MCP_BROAD_KEYS="Front")
    async with door.open("auto") as mcp:
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["all"])
        await waits(mcp, "purge_surrogate_key", service=SHOP, keys=["frONt"])


# Signed approvals


@has_keygen
@pytest.mark.parametrize("mode", ["legacy", modern])
async def test_only_signed_approvals_count_where_there_are_approvers(
    make: Make, mode: str, tmp_path: Path
) -> None:
    key = make_key(tmp_path, "ann")
    approvers = tmp_path / "allowed_signers"
    approvers.write_text(f"ann@larkspur.example {public(key)}")
    door = await make(FASTLY_MCP_APPROVERS=str(approvers))
    person = Person(purge=True)
    async with door.open(mode, person=person) as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        assert not person.asked
        told = (await mcp.call_tool(*ALL)).structured_content
        assert told
        assert f"fastly-mcp approve {code} --sign KEYFILE" in told["tell_user"]
        with pytest.raises(NotPermitted, match="Only a signed approval counts"):
            await door.guard.decide(
                door.plan(code).call, code, approved=True, by="", how="elicitation"
            )
        await door.decide(code)
        said = await refusal(mcp, ALL[0], **ALL[1], approval=code)
        assert "signed by nobody who may approve here (FASTLY_MCP_APPROVERS)" in said
        assert door.purges == 0

        # A decision is not written over: the plan is asked for anew.
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code, signature=sign(door.plan(code), key))
        await call(mcp, ALL[0], **ALL[1], approval=code)
        decision = door.plan(code).decision
        assert decision
        assert (decision.by, decision.how) == ("ann@larkspur.example", "signature")


# The way for `fastly-mcp approve`


async def test_the_socket_is_this_users_alone_and_goes_with_the_server(make: Make) -> None:
    door = await make()
    path = socket_path(door.state, door.guard.approvals.process)
    async with door.open("auto") as mcp, anyio.create_task_group() as group:
        for service in (SHOP, BLOG, DOWNLOADS):
            group.start_soon(mcp.call_tool, "purge_all", {"service": service})
    assert path.stat().st_mode & 0o777 == 0o600
    await door.guard.aclose()
    assert not path.exists()


async def test_a_server_that_nobody_can_reach_waits_for_nobody(make: Make, tmp_path: Path) -> None:
    door = await make(state=tmp_path / ("long" * 30))
    async with door.open("auto") as mcp:
        said = await refusal(mcp, ALL[0], **ALL[1])
    assert "too long for a socket" in said
    assert door.purges == 0


async def test_a_damaged_store_lets_nothing_through(door: Door) -> None:
    door.state.mkdir(mode=0o700)
    (door.state / STORE).write_bytes(b"no database at all, but a text of some length" * 100)
    (door.state / STORE).chmod(0o600)
    async with door.open("auto") as mcp:
        for tool, arguments in (ALL, ("purge_url", {"urls": [POSTS]})):
            said = await refusal(mcp, tool, **arguments)
            assert "is damaged" in said
            assert said.endswith("Nothing was sent.")
    assert door.purges == 0


async def test_a_directory_that_others_can_read_lets_nothing_through(door: Door) -> None:
    async with door.open("auto") as mcp:
        await call(mcp, "purge_url", urls=[LAMP])
        door.state.chmod(0o755)
        assert "is open to others" in await refusal(mcp, "purge_url", urls=[LAMP])
    assert door.purges == 1
