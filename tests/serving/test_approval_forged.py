"""What must not pass for a person's word, over every way and era."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from fastly_mcp.errors import NotPermitted
from fastly_mcp.guard.approvals import socket_path
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.plans import TO_DECIDE, TO_USE, Decision, plan_adapter
from fastly_mcp.guard.signatures import sign
from tests.conftest import SHOP
from tests.guard.signing import has_keygen, make_key, public
from tests.serving.doors import ALL, KEY, URLS, Door, Make, Person, modern, only_http, waits
from tests.serving.processes import posix
from tests.tools.upstream import (
    BLOG,
    DOWNLOADS,
    LAMP,
    POSTS,
    answering,
    both_eras,
    call,
    refusal,
)

pytestmark = [pytest.mark.anyio, posix]


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
                (made.code, made.made_at, plan_adapter().dump_json(made).decode()),
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
    person = Person(allow=True)
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


@has_keygen
async def test_nobody_waits_while_a_signature_is_verified(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(tmp_path, "ann")
    approvers = tmp_path / "allowed_signers"
    approvers.write_text(f"ann@larkspur.example {public(key)}")
    door = await make(FASTLY_MCP_APPROVERS=str(approvers))
    # One that goes on only when another purge is through.
    program, reached, may = (tmp_path / name for name in ("ssh-keygen", "reached", "may"))
    program.write_text(
        f"#!/bin/sh\ntouch {reached}\nwhile [ ! -e {may} ]; do sleep 0.02; done\n"
        f'exec {shutil.which("ssh-keygen")} "$@"\n'
    )
    program.chmod(0o700)
    async with door.open("auto") as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code, signature=sign(door.plan(code), key))
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        async with anyio.create_task_group() as group:
            group.start_soon(partial(mcp.call_tool, ALL[0], {**ALL[1], "approval": code}))
            while not reached.exists():  # noqa: ASYNC110  # a program makes it
                await anyio.sleep(0.01)
            await call(mcp, "purge_url", urls=[LAMP])
            assert door.purges == 1
            may.touch()
    assert door.purges == 2


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
        said = await refusal(mcp, "purge_url", urls=[LAMP])
    assert "is open to others" in said
    assert said.endswith("Nothing was sent.")
    assert door.purges == 1
