"""Writes to one service are made one at a time, over all processes on a state directory."""

import signal
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus

from fastly_mcp.guard.turns import Turns
from tests.conftest import SHOP
from tests.serving.doors import Door, Make, waits
from tests.serving.processes import Stdio, posix, until
from tests.serving.upstream import Upstream
from tests.tools.upstream import BLOG, Waiting, both_eras, call, refusal
from tests.tools.writing import EVERY, changes

pytestmark = [pytest.mark.anyio, posix]

TOOL = "write_api"


def comment(service_id: str = SHOP, text: str = "x") -> dict[str, Any]:
    return {
        "operation": "update_service",
        "params": {"service_id": service_id, "comment": text},
    }


def server(home: Path, fastly: Upstream, **environ: str) -> Stdio:
    started = Stdio(
        home=home,
        **EVERY | {"FASTLY_API_ENDPOINT": fastly.url, "FASTLY_MCP_STATE_DIR": f"{home}/state"},
        **environ,
    )
    started.initialize()
    return started


def looks(fastly: Upstream) -> int:
    """How many looked at the service, which is the last thing before a write waits for its turn."""
    return fastly.requests.count(f"GET /service/{SHOP}")


# Processes


@pytest.mark.parametrize("how", [None, signal.SIGKILL])
def test_two_processes_write_one_after_the_other_and_a_killed_one_blocks_nobody(
    home: Path, fastly: Upstream, how: signal.Signals | None
) -> None:
    fastly.requests.clear()
    with server(home, fastly) as one, server(home, fastly) as other:
        with fastly.hold("PUT"):
            one.start_call(TOOL, **comment())
            until(lambda: fastly.held)
            other.start_call(TOOL, **comment())
            until(lambda: looks(fastly) == 2)
            # A service of its own is not waited for: what this call did in vain is done by then.
            third = server(home, fastly)
            with third:
                third.start_call(TOOL, **comment(BLOG))
                until(lambda: len(fastly.held) == 2)
            assert fastly.held == [f"PUT /service/{SHOP}", f"PUT /service/{BLOG}"]
            if how:
                one.end(how)
                until(lambda: len(fastly.held) == 3)
        if not how:
            assert b'"changed":true' in one.line()
        assert b'"changed":true' in other.line()
    assert fastly.held[2:] in ([], [f"PUT /service/{SHOP}"])
    assert fastly.requests.count(f"PUT /service/{SHOP}") == 2


# One process


@both_eras
async def test_calls_at_once_are_made_one_after_the_other(make: Make, mode: str) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    held = door.upstream.instead["PUT"] = Waiting(door.upstream.sandbox)
    async with door.open(mode) as mcp, anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(_write, mcp, comment(text=f"{number}"))
        # When nothing moves any more, all others wait, or were sent with the first.
        await _settled(door)
        assert held.asked == 1
        held.may.set()
    assert held.asked == 5


async def _write(mcp: Any, arguments: dict[str, Any]) -> None:
    await call(mcp, TOOL, **arguments)


async def _settled(door: Door) -> None:
    """Let everything run that can, until a write is sent and nothing more is asked of Fastly."""
    before, quiet = -1, 0
    while quiet < 20:
        await anyio.sleep(0.005)
        quiet = quiet + 1 if door.purges and len(door.upstream.seen) == before else 0
        before = len(door.upstream.seen)


@both_eras
async def test_whoever_waits_too_long_is_told_so_and_keeps_the_approval(
    make: Make, mode: str
) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="all")
    door.guard.turns.patience = 0.05
    async with door.open(mode) as mcp:
        code = await waits(mcp, TOOL, **comment())
        await door.decide(code)
        async with Turns(door.state).of(f"the service {SHOP}"):
            said = await refusal(mcp, TOOL, **comment(), approval=code)
            assert said == (
                f"Another change of the service {SHOP} has been under way for 0.05 s, and only one "
                "is made at a time. Nothing was sent; try again in a minute."
            )
            assert door.purges == 0
            # Nobody is blocked by what waits for a person, nor by another service.
            await waits(mcp, TOOL, **comment(text="y"))
        await call(mcp, TOOL, **comment(), approval=code)
    assert changes(door.upstream) == [f"PUT /service/{SHOP}"]


async def test_what_waits_for_a_person_holds_no_turn(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="all")
    async with door.open("auto") as mcp:
        code = await waits(mcp, TOOL, **comment())
        await waits(mcp, TOOL, **comment(), approval=code)
    door.guard.turns.patience = 0.05
    async with door.guard.turns.of(f"the service {SHOP}"):
        pass


@pytest.mark.parametrize(
    "arguments",
    [
        {"operation": "create_backend", "params": {"service_id": SHOP, "version_id": 1}},
        {"operation": "update_service", "params": {"service_id": SHOP, "name": ""}},
    ],
    ids=str,
)
async def test_a_turn_ends_with_a_refusal_too(make: Make, arguments: dict[str, Any]) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    door.guard.turns.patience = 0.5
    async with door.open("auto") as mcp:
        await refusal(mcp, TOOL, **arguments)
        await call(mcp, TOOL, **comment())


async def test_what_is_on_no_service_takes_turns_of_its_own(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    door.guard.turns.patience = 0.05
    async with door.open("auto") as mcp, Turns(door.state).of("the account"):
        said = await refusal(mcp, TOOL, operation="kv_store_create", params={"name": "new"})
        assert said.startswith("Another change of the account")
        await call(mcp, TOOL, **comment())


async def test_a_cancelled_call_gives_its_turn_back(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    turns = door.guard.turns
    async with anyio.create_task_group() as tasks:
        await tasks.start(_hold, turns)
        tasks.start_soon(_hold, turns)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    turns.patience = 0.5
    async with turns.of("a place"):
        pass


async def _hold(turns: Turns, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    async with turns.of("a place"):
        task_status.started()
        await anyio.sleep_forever()


async def test_a_lock_that_is_not_this_users_alone_is_not_used(make: Make) -> None:
    door = await make(**EVERY, FASTLY_MCP_APPROVAL="never")
    async with door.open("auto") as mcp:
        await call(mcp, TOOL, **comment())
        (lock,) = door.state.glob("write-*.lock")
        assert lock.stat().st_mode & 0o777 == 0o600
        lock.unlink()
        lock.symlink_to("elsewhere")
        said = await refusal(mcp, TOOL, **comment())
        assert "is no plain file" in said
        lock.unlink()
        lock.mkdir()
        assert "is no plain file" in await refusal(mcp, TOOL, **comment())
        lock.rmdir()
    assert len(changes(door.upstream)) == 1
