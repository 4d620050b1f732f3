"""Many keys and URLs in one call: batches, what is told of the rest, progress, cancellation."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from starlette.types import ASGIApp, Receive, Scope, Send

from fastly_mcp.errors import FastlyMCPError, NotSent, Refused
from fastly_mcp.guard.changes import Change
from fastly_mcp.guard.guard import Guard
from fastly_mcp.guard.record import Record
from fastly_mcp.receipt import RANGES, SPANS, receipt
from fastly_mcp.serving import progress
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools.purge import BATCHES_AT_ONCE, URLS_AT_ONCE
from tests.conftest import SHOP, Connect, Session
from tests.tools.upstream import (
    BLOG,
    LAMP,
    Upstream,
    Waiting,
    answering,
    both_eras,
    call,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

KEYS = [f"key-{number}" for number in range(10_000)]
PURGE = f"POST /service/{SHOP}/purge"


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


class Batches:
    """Answers batches of keys through an app, and those that hold one of some keys otherwise."""

    def __init__(self, app: ASGIApp, otherwise: dict[str, ASGIApp]) -> None:
        self.app = app
        self.otherwise = otherwise
        self.running = self.most = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        keys = set(json.loads(message["body"])["surrogate_keys"])
        (app,) = [self.otherwise[key] for key in keys & self.otherwise.keys()] or [self.app]
        self.running += 1
        self.most = max(self.most, self.running)
        await anyio.lowlevel.checkpoint()

        async def again() -> Any:
            return message

        await app(scope, again, send)
        self.running -= 1


def sent_keys(upstream: Upstream) -> list[str]:
    return [key for seen in upstream.changes for key in json.loads(seen.body)["surrogate_keys"]]


# How much


@both_eras
async def test_10000_keys_go_in_40_batches_of_at_most_256_and_8_at_a_time(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    batches = upstream.instead[PURGE] = Batches(upstream.sandbox, {})
    async with session(connect(upstream), mode=mode) as mcp:
        told = await call(mcp, "purge_surrogate_key", service=SHOP, keys=KEYS)
    assert (told["accepted"], len(told["ids"])) == (10_000, 5)
    assert not {"failed", "not_sent", "failures"} & told.keys()
    assert len(upstream.changes) == 40
    assert sorted(sent_keys(upstream)) == sorted(KEYS)
    assert batches.most == BATCHES_AT_ONCE == 8


@both_eras
async def test_1000_urls_go_16_at_a_time(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    urls = [f"{LAMP}?{number}" for number in range(1_000)]
    async with session(connect(upstream), mode=mode) as mcp:
        told = await call(mcp, "purge_url", urls=urls)
    assert told["accepted"] == 1_000
    assert sorted(f"{seen.path[7:]}?{seen.query}" for seen in upstream.changes) == sorted(urls)
    assert URLS_AT_ONCE == 16


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("purge_surrogate_key", {"service": SHOP, "keys": [*KEYS, "more"]}, "at most 10000 items"),
        ("purge_url", {"urls": [LAMP] * 1_001}, "at most 1000 items"),
    ],
)
async def test_one_more_than_that_is_refused_and_nothing_is_sent(
    session: Session, upstream: Upstream, tool: str, arguments: dict[str, object], said: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert said in await refusal(mcp, tool, **arguments)
        schemas = {each.name: each.input_schema for each in (await mcp.list_tools()).tools}
    assert upstream.changes == []
    what = "keys" if "keys" in arguments else "urls"
    assert "4 MiB a call" in schemas[tool]["properties"][what]["description"]


# Fastly's hourly limit


@both_eras
async def test_the_last_of_the_hours_writes_are_left_to_people_and_no_purge_by_url_or_key_is(
    session: Session, upstream: Upstream, mode: str
) -> None:
    left = {"Fastly-RateLimit-Remaining": "99", "Fastly-RateLimit-Reset": "1999999999"}
    upstream.instead[f"POST /service/{BLOG}/purge_all"] = answering({"status": "ok"}, 200, left)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox"), mode=mode) as mcp:
        await call(mcp, "purge_all", service=BLOG)
        said = await refusal(mcp, "purge_all", service=BLOG)
        assert said.startswith("Fastly takes 99 more changes of this token's user until 2033-05-18")
        assert len(upstream.changes) == 1
        await call(mcp, "purge_url", urls=[LAMP])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["a"])


# What was not done


async def test_a_refused_batch_fails_no_other_and_is_told_by_its_positions(
    session: Session, upstream: Upstream
) -> None:
    # Duplicates are dropped, and positions count in the list as it was given.
    keys = ["key-0", *KEYS[:600], "key-1"]
    refused = answering({"msg": "Bad request"}, 400)
    upstream.instead[PURGE] = Batches(upstream.sandbox, {"key-300": refused})
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys)
        assert (told["accepted"], told["failed"]) == (344, 256)
        (failure,) = told["failures"]
        assert failure == {
            "reason": "400 Bad request. Nothing was changed.",
            "positions": "258-513",
        }
        # Called again with exactly that it is all done.
        upstream.instead.clear()
        first, last = map(int, failure["positions"].split("-"))
        again = await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys[first - 1 : last])
    assert again["accepted"] == 256
    assert set(sent_keys(upstream)) == set(keys)


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_what_refuses_all_keys_ends_the_call_and_tells_what_was_not_sent(
    session: Session, upstream: Upstream, status: int
) -> None:
    refused = answering({"msg": "No"}, status, {"Fastly-RateLimit-Reset": "1999999999"})
    upstream.instead[PURGE] = Batches(upstream.sandbox, {"key-0": refused})
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_surrogate_key", service=SHOP, keys=KEYS)
    sent = len(upstream.changes)
    assert sent < 40
    assert told["accepted"] == (sent - 1) * 256
    assert told["failed"] == 256
    assert told["not_sent"] == 10_000 - sent * 256
    refusal, rest = told["failures"]
    assert refusal["reason"].startswith(f"{status} No. Nothing was changed.")
    assert refusal["positions"] == "1-256"
    assert rest == {
        "reason": "Not sent after that; sending it is safe.",
        "positions": f"{sent * 256 + 1}-10000",
    }


@pytest.mark.parametrize("status", [401, 429])
async def test_what_refuses_all_urls_ends_the_call(
    session: Session, upstream: Upstream, status: int
) -> None:
    upstream.instead["POST /purge/"] = answering({"msg": "No"}, status)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=[f"{LAMP}?{n}" for n in range(1_000)])
    sent = len({seen.query for seen in upstream.changes})
    assert (told["failed"], told["not_sent"]) == (sent, 1_000 - sent)
    assert sent <= URLS_AT_ONCE


async def test_a_vcl_that_refuses_some_urls_does_not_end_the_others(
    session: Session, upstream: Upstream
) -> None:
    upstream.instead[f"POST /purge/{LAMP}"] = answering({"msg": "No"}, 403)
    urls = [LAMP] * 20 + [f"https://www.larkspur.example/?{n}" for n in range(20)]
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=urls)
    assert (told["accepted"], told["failed"]) == (20, 20)
    assert told["failures"][0]["positions"] == "1-20"


async def test_no_more_is_begun_than_can_end_before_the_call_has_to(upstream: Upstream) -> None:
    connection = real(upstream, 1, FASTLY_API_TOKEN="sandbox")
    async with Client(FastlyServer(connection, deadline=1)) as mcp:
        told = await call(mcp, "purge_url", urls=[f"{LAMP}?{n}" for n in range(100)])
    assert (told["accepted"], told["not_sent"], len(upstream.changes)) == (16, 84, 16)
    assert told["failures"] == [
        {"reason": "Not sent for lack of time; sending it is safe.", "positions": "17-100"}
    ]


async def test_a_long_url_that_is_cut_is_told_by_its_position_too(
    session: Session, upstream: Upstream
) -> None:
    urls = [f"https://nobody.example/{'x' * 100}{number}" for number in range(2)]
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=urls)
    assert told["failures"][0]["positions"] == "1-2"


def told_of(failing: dict[int, FastlyMCPError], count: int, connect: Connect) -> dict[str, Any]:
    record = Record(Change(kind="key", targets=("x",) * count), "", accepted=count - len(failing))
    errors = [failing.get(position) for position in range(1, count + 1)]
    given = receipt(connect(), record, errors=errors, positions=range(1, count + 1))
    told: dict[str, Any] = given.model_dump(mode="json")
    return told


def positions_of(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(", "):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("step", [2, 3, 477])
async def test_up_to_20_places_are_told_exactly_whatever_lies_between(
    connect: Connect, step: int
) -> None:
    failing: dict[int, FastlyMCPError] = {
        1 + number * step: Refused(400 + number % 3, "No") for number in range(RANGES)
    }
    told = told_of(failing, 10_000, connect)
    found = [positions_of(failure["positions"]) for failure in told["failures"]]
    assert set.union(*found) == failing.keys()
    assert sum(map(len, found)) == RANGES
    assert "not_accepted" not in told


async def test_more_places_are_told_as_the_narrowest_stretches_that_hold_them(
    connect: Connect,
) -> None:
    far = range(100, 2_000, 100)
    failing: dict[int, FastlyMCPError] = {
        position: NotSent("Not sent.") for place in far for position in (place, place + 2)
    }
    failing[5] = Refused(400, "No")
    told = told_of(failing, 10_000, connect)
    assert told["note"] == SPANS
    assert [failure["count"] for failure in told["failures"]] == [1, len(failing) - 1]
    found = positions_of(told["not_accepted"])
    assert found == {5, *(position for place in far for position in range(place, place + 3))}


# Progress


@both_eras
async def test_progress_is_told_with_done_and_total_and_only_grows(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    refused = answering({"msg": "Bad request"}, 400)
    upstream.instead[PURGE] = Batches(upstream.sandbox, {"key-300": refused})
    seen: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    async with session(connect(upstream), mode=mode) as mcp:
        arguments = {"service": SHOP, "keys": KEYS}
        await mcp.call_tool("purge_surrogate_key", arguments, progress_callback=note)
        assert seen[-1] == (10_000, 10_000)
        assert len(seen) >= 2
        assert seen == sorted(set(seen))
        seen.clear()
        await mcp.call_tool("purge_all", {"service": BLOG}, progress_callback=note)
        assert seen == [(1, 1)]


async def test_a_client_that_breaks_at_progress_breaks_no_purge(
    session: Session, connect: Connect, upstream: Upstream
) -> None:
    async def breaks(progress: float, total: float | None, message: str | None) -> None:
        raise RuntimeError

    async with session(connect(upstream)) as mcp:
        result = await mcp.call_tool(
            "purge_surrogate_key", {"service": SHOP, "keys": KEYS}, progress_callback=breaks
        )
    assert (result.structured_content or {})["accepted"] == 10_000


async def test_a_client_that_reads_no_progress_delays_no_purge(
    session: Session, connect: Connect, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LAST", 0)
    upstream.instead[PURGE] = Batches(upstream.sandbox, {})

    async def hangs(progress: float, total: float | None, message: str | None) -> None:
        await anyio.sleep_forever()

    with anyio.fail_after(100):
        async with session(connect(upstream)) as mcp:
            result = await mcp.call_tool(
                "purge_surrogate_key", {"service": SHOP, "keys": KEYS}, progress_callback=hangs
            )
    assert (result.structured_content or {})["accepted"] == 10_000


# Cancelling


def lines(directory: Path) -> list[dict[str, Any]]:
    text = (directory / "audit.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("tool", "arguments", "at_once", "each"),
    [
        ("purge_surrogate_key", {"service": SHOP, "keys": KEYS}, 8, 256),
        ("purge_url", {"urls": [f"{LAMP}?{number}" for number in range(100)]}, 16, 1),
    ],
)
async def test_a_cancelled_call_finishes_what_is_on_its_way_and_the_audit_tells_what_was_done(
    tmp_path: Path, tool: str, arguments: dict[str, object], at_once: int, each: int
) -> None:
    upstream = Upstream()
    waiting = upstream.instead["POST /"] = Waiting(upstream.sandbox)
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    directory = tmp_path / "state"
    server = FastlyServer(connection, Guard(connection.settings, state_dir=directory))
    begin: Callable[[], Any] = partial(server.call_tool, tool, arguments)
    async with anyio.create_task_group() as group:
        group.start_soon(begin)
        while waiting.asked < at_once:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
        waiting.may.set()
    await server.guard.aclose()
    assert len(upstream.changes) == at_once
    intent, outcome = lines(directory)
    assert (intent["line"], outcome["line"]) == ("intent", "outcome")
    assert (outcome["outcome"], outcome["accepted"]) == ("cancelled", at_once * each)


@pytest.mark.parametrize(("status", "came"), [(200, "ok"), (429, "partly")])
async def test_the_audit_tells_a_call_that_was_ended_from_one_that_was_done(
    tmp_path: Path, upstream: Upstream, status: int, came: str
) -> None:
    if status != 200:
        refused = answering({"msg": "No"}, status)
        upstream.instead[PURGE] = Batches(upstream.sandbox, {"key-0": refused})
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    directory = tmp_path / "state"
    server = FastlyServer(connection, Guard(connection.settings, state_dir=directory))
    async with Client(server) as mcp:
        told = await call(mcp, "purge_surrogate_key", service=SHOP, keys=KEYS)
    await server.guard.aclose()
    _, outcome = lines(directory)
    assert (outcome["outcome"], outcome["accepted"]) == (came, told["accepted"])
    assert outcome["failed"] == told.get("failed", 0)
    assert outcome["status"] == status


async def test_what_could_not_be_begun_in_time_leaves_a_partly_done_call(
    tmp_path: Path, upstream: Upstream
) -> None:
    connection = real(upstream, 1, FASTLY_API_TOKEN="sandbox")
    directory = tmp_path / "state"
    guard = Guard(connection.settings, state_dir=directory)
    async with Client(FastlyServer(connection, guard, deadline=1)) as mcp:
        await call(mcp, "purge_url", urls=[f"{LAMP}?{n}" for n in range(100)])
    await guard.aclose()
    _, outcome = lines(directory)
    assert (outcome["outcome"], outcome["accepted"], outcome["failed"]) == ("partly", 16, 0)
