"""Writes over every way and era: nothing without a person, and exactly what was shown."""

import json
import logging
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fastly_mcp.guard.audit import Audit
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.store import Freeze
from tests.conftest import SHOP
from tests.serving.doors import Door, Make, Person, answer, question, waits
from tests.serving.processes import posix
from tests.tools.test_tools_write import Dropping
from tests.tools.upstream import ADMIN, BLOG, TENANTS, answering, both_eras, call, refusal
from tests.tools.writing import BACKEND, DRAFT, EVERY, VERSION, changes

pytestmark = [pytest.mark.anyio, posix]

TOOL = "write_api"
CANARY = "canary0Zx9Vb4Nw6Tr1"
NUMBER = {"service_id": SHOP, "version_id": DRAFT}
CREATE: dict[str, Any] = {"operation": "create_backend", "params": BACKEND}
ACTIVATE: dict[str, Any] = {"operation": "activate_service_version", "params": NUMBER}
STORE_WRITE: dict[str, Any] = {"operation": "kv_store_create", "params": {"name": "new"}}
each_write = pytest.mark.parametrize("arguments", [CREATE, ACTIVATE, STORE_WRITE], ids=str)


@pytest.fixture
async def door(make: Make) -> Door:
    return await make(**EVERY)


async def edit(door: Door, method: str, path: str, **form: str) -> None:
    """Somebody else changes something at Fastly meanwhile."""
    transport = httpx2.ASGITransport(app=door.upstream.sandbox)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        sent = await client.request(method, path, data=form, headers={"Fastly-Key": "sandbox"})
    assert sent.is_success


# Waiting, and going on


@both_eras
@each_write
async def test_nothing_is_written_without_a_person(
    door: Door, mode: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        result = await mcp.call_tool(TOOL, arguments)
    data = result.structured_content or {}
    assert set(data) == {"changed", "status", "tell_user", "then", "plan"}
    assert (data["changed"], data["status"]) == (False, "waiting_for_a_person")
    assert data["tell_user"].startswith("Nothing is changed yet: a person decides on every write.")
    assert door.purges == 0
    assert list(Audit(door.state).records()) == []


@both_eras
@each_write
async def test_what_a_person_approved_is_done_once(
    door: Door, mode: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **arguments)
        assert await waits(mcp, TOOL, **arguments, approval=code) == code
        assert door.purges == 0
        await door.decide(code)
        told = await call(mcp, TOOL, **arguments, approval=code)
        assert (told["changed"], told["operation"]) == (True, arguments["operation"])
        assert door.purges == 1
        said = await refusal(mcp, TOOL, **arguments, approval=code)
        assert said.endswith("Nothing was sent.")
    assert door.purges == 1
    (record,) = Audit(door.state).records()
    assert record.outcome
    assert (record.intent.plan, record.intent.approved_how) == (code, "terminal")
    assert (record.outcome.outcome, record.outcome.accepted) == ("ok", 1)


@both_eras
async def test_what_a_person_declined_is_not_done(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        for _ in range(2):
            code = await waits(mcp, TOOL, **CREATE)
            await door.decide(code, approved=False)
            said = await refusal(mcp, TOOL, **CREATE, approval=code)
            assert said == "A person declined this. Do not ask again. Nothing was sent."
        assert "People declined this 2 times" in await refusal(mcp, TOOL, **ACTIVATE)
        await waits(mcp, TOOL, **STORE_WRITE)
    assert door.purges == 0


CHANGED: list[dict[str, Any]] = [
    {"operation": "create_backend", "params": BACKEND | {"address": "evil.example"}},
    {"operation": "create_backend", "params": BACKEND | {"version_id": 5}},
    {"operation": "create_backend", "params": BACKEND | {"comment": None}},
    {"operation": "delete_backend", "params": NUMBER | {"backend_name": "second"}},
    STORE_WRITE,
]


@both_eras
async def test_an_approval_is_for_exactly_these_arguments(door: Door, mode: str) -> None:
    await edit(door, "PUT", f"{VERSION}/{DRAFT}/clone")
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **CREATE)
        await door.decide(code)
        for arguments in CHANGED:
            said = await refusal(mcp, TOOL, **arguments, approval=code)
            assert "This approval is for another call" in said
        assert door.purges == 0
        await call(mcp, TOOL, **CREATE, approval=code)
    assert door.purges == 1


@both_eras
@pytest.mark.parametrize("allows", [True, False])
async def test_a_client_that_can_ask_shows_the_plan(make: Make, mode: str, allows: bool) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL_VIA="elicitation")
    person = Person(allow=allows)
    async with door.open(mode, person=person) as mcp:
        # Over HTTP, where there are no sessions, that era has nowhere to ask.
        if door.way == "http" and mode == "legacy":
            await waits(mcp, TOOL, **CREATE)
            return
        result = await mcp.call_tool(TOOL, CREATE)
    assert bool(result.is_error) is not allows
    assert door.purges == int(allows)
    (asked,) = person.asked
    assert f"request   POST {VERSION}/{DRAFT}/backend" in asked
    assert "address   second.larkspur.example" in asked


async def test_an_answer_to_another_question_writes_nothing(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL_VIA="elicitation")
    async with door.open("2026-07-28", person=Person(allow=True)) as mcp:
        state = await question(mcp, TOOL, **CREATE)
        other = CREATE | {"params": BACKEND | {"address": "evil.example"}}
        said = await answer(mcp, state, TOOL, **other)
        assert not said.startswith('{"changed":true')
        assert door.purges == 0
        assert (await answer(mcp, state, TOOL, **CREATE)).startswith('{"changed":true')


@both_eras
async def test_frozen_writes_nothing_and_asks_nobody(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **CREATE)
        await door.decide(code)
        with door.guard.begin() as transaction:
            transaction.freeze(Freeze(None, "launch", "somebody", door.clock.now))
        for approval in ({}, {"approval": code}):
            said = await refusal(mcp, TOOL, **CREATE, **approval)
            assert said.startswith("somebody has frozen all changes: launch.")
    assert door.purges == 0


# What was shown has to be so still


@both_eras
async def test_a_draft_that_was_changed_meanwhile_is_not_activated(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **ACTIVATE)
        await door.decide(code)
        await edit(door, "PUT", f"{VERSION}/{DRAFT}/settings", **{"general.default_ttl": "5"})
        said = await refusal(mcp, TOOL, **ACTIVATE, approval=code)
        assert said == (
            "What the person was shown, or the service's active version or domains, changed since "
            "this was approved: call again without approval to ask anew. Nothing was sent."
        )
        assert door.purges == 0
        again = await waits(mcp, TOOL, **ACTIVATE)
        assert again != code
        await door.decide(again)
        await call(mcp, TOOL, **ACTIVATE, approval=again)
    assert changes(door.upstream) == [f"PUT {VERSION}/{DRAFT}/activate"]


@both_eras
async def test_a_difference_of_which_no_shown_line_changed_is_another(
    door: Door, mode: str
) -> None:
    diff = "".join(f"+line {number}\n" for number in range(100))
    async with door.open(mode) as mcp:
        for change in ("+line 99\n", "-x\n"):
            door.upstream.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": diff})
            code = await waits(mcp, TOOL, **ACTIVATE)
            await door.decide(code)
            other = diff.replace("+line 99\n", change + "+ \n")
            door.upstream.instead[f"GET /service/{SHOP}/diff"] = answering({"diff": other})
            said = await refusal(mcp, TOOL, **ACTIVATE, approval=code)
            assert "changed since this was approved" in said
    assert door.purges == 0


@both_eras
async def test_a_credential_that_changed_in_the_draft_voids_the_plan_too(
    door: Door, mode: str
) -> None:
    place = f"{VERSION}/{DRAFT}/logging/https"
    await edit(door, "POST", place, name="logs", url="https://x.example", header_value="one")
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **ACTIVATE)
        await door.decide(code)
        # What is shown of it is the same.
        await edit(door, "PUT", f"{place}/logs", header_value="two")
        said = await refusal(mcp, TOOL, **ACTIVATE, approval=code)
        assert "changed since this was approved" in said
        again = await waits(mcp, TOOL, **ACTIVATE)
        plan = "\n".join(door.plan(again).lines())
        assert "two" not in plan
        await door.decide(again)
        await call(mcp, TOOL, **ACTIVATE, approval=again)
    assert changes(door.upstream) == [f"PUT {VERSION}/{DRAFT}/activate"]


@both_eras
async def test_another_version_that_became_active_meanwhile_voids_the_plan(
    door: Door, mode: str
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **ACTIVATE)
        await door.decide(code)
        await edit(door, "PUT", f"{VERSION}/2/activate")
        said = await refusal(mcp, TOOL, **ACTIVATE, approval=code)
        assert "changed since this was approved" in said
    assert door.purges == 0


@both_eras
async def test_a_draft_that_was_activated_meanwhile_is_not_written_to(
    door: Door, mode: str
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **CREATE)
        await door.decide(code)
        await edit(door, "PUT", f"{VERSION}/{DRAFT}/activate")
        said = await refusal(mcp, TOOL, **CREATE, approval=code)
        assert said.startswith(f"Version {DRAFT} of this service is active and locked")
    assert door.purges == 0


# Told before and after


@both_eras
async def test_the_audit_tells_the_request_line_and_no_value(
    make: Make, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    door = await make(**EVERY)
    params = BACKEND | {"ssl_client_key": CANARY, "comment": "an ordinary value"}
    arguments = CREATE | {"params": params}
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **arguments)
        await door.decide(code)
        told = await call(mcp, TOOL, **arguments, approval=code)
        assert told["result"]["ssl_client_key"] == "[redacted: ssl_client_key]"
        query = {"store_id": "x7d2kq9vhm4wzr0tb6ynfc", "key": "a", "body": CANARY, "add": True}
        put = {"operation": "kv_store_upsert_item", "params": query}
        code = await waits(mcp, TOOL, **put)
        await door.decide(code)
        await call(mcp, TOOL, **put, approval=code)
    second, first = Audit(door.state).records()
    assert first.intent.targets == (f"POST {VERSION}/{DRAFT}/backend",)
    assert (first.intent.operation, second.intent.operation) == (
        "create_backend",
        "kv_store_upsert_item",
    )
    assert second.intent.targets == ("PUT /resources/stores/kv/x7d2kq9vhm4wzr0tb6ynfc/keys/a",)
    assert [each.id for each in first.intent.services] == [SHOP]
    assert len(first.intent.digest) == 64
    audit = (door.state / "audit.jsonl").read_text()
    assert CANARY not in audit
    assert "an ordinary value" not in audit
    # At its finest level the SDK logs whole messages, which no command of ours turns on.
    logged = [each for each in caplog.records if each.levelno >= logging.INFO]
    assert [each for each in logged if each.name == "fastly_mcp.calls"]
    assert CANARY not in " ".join(each.getMessage() for each in logged)


async def test_a_secret_parameter_is_not_kept_in_the_store(door: Door) -> None:
    arguments = CREATE | {"params": BACKEND | {"ssl_client_key": CANARY}}
    async with door.open("auto") as mcp:
        await waits(mcp, TOOL, **arguments)
    kept = b"".join(path.read_bytes() for path in _files(door.state))
    assert b"second.larkspur.example" in kept
    assert CANARY.encode() not in kept


def _files(state: Path) -> list[Path]:
    found = [path for path in state.iterdir() if path.is_file()]
    assert state / STORE in found
    return found


@both_eras
@pytest.mark.parametrize("way_of", ["dropped", "refused"])
async def test_the_audit_tells_what_came_of_it(make: Make, mode: str, way_of: str) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    refusing = answering({"msg": "Bad request"}, 400)
    door.upstream.instead["POST"] = Dropping(door.upstream) if way_of == "dropped" else refusing
    async with door.open(mode) as mcp:
        said = await refusal(mcp, TOOL, **CREATE)
    (record,) = Audit(door.state).records()
    assert record.outcome
    if way_of == "dropped":
        assert said.endswith("do not send it again, look first.")
        assert (record.outcome.outcome, record.outcome.status) == ("unknown", 0)
        assert record.came(door.clock.now) == "unknown: may have been sent"
    else:
        assert (record.outcome.outcome, record.outcome.status) == ("failed", 400)
    assert len(changes(door.upstream)) == 1


async def test_a_write_is_sent_only_after_its_line_is_on_disk(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    seen: list[str] = []

    async def look(scope: Any, receive: Any, send: Any) -> None:
        seen.append((door.state / "audit.jsonl").read_text())
        await answering({"status": "ok"})(scope, receive, send)

    door.upstream.instead["POST"] = look
    async with door.open("auto") as mcp:
        await call(mcp, TOOL, **CREATE)
        (line,) = [json.loads(each) for each in seen[0].splitlines()]
        assert (line["line"], line["targets"]) == ("intent", [f"POST {VERSION}/{DRAFT}/backend"])
        (door.state / "audit.jsonl").chmod(0o644)
        said = await refusal(mcp, TOOL, **CREATE)
    assert said.endswith("Nothing was sent.")
    assert len(changes(door.upstream)) == 1


async def test_services_are_declined_and_counted_apart(door: Door) -> None:
    async with door.open("auto") as mcp:
        for service in (BLOG, TENANTS, ADMIN):
            update = {"service_id": service, "comment": "x"}
            await waits(mcp, TOOL, operation="update_service", params=update)
        said = await refusal(mcp, TOOL, **STORE_WRITE)
    assert said.startswith("3 changes of this caller wait for a person already")
