"""A purge by URL that is looked at: what it tells, what it needs, and what it never claims."""

from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from fastly_mcp.api import proof
from fastly_mcp.guard.guard import Guard
from fastly_mcp.serving.server import FastlyServer
from tests.conftest import Connect, Session
from tests.test_contract import count
from tests.tools.test_purge_scale import lines
from tests.tools.upstream import (
    CATALOGUE,
    CHAIR,
    LAMP,
    Upstream,
    answering,
    both_eras,
    call,
    real,
    refusal,
    text_of,
)

pytestmark = pytest.mark.anyio

CHECK = "GET /content/edge_check"


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox purges at once, so there is nothing to wait for."""
    monkeypatch.setattr(proof, "SETTLE", 0)


def looks(upstream: Upstream) -> int:
    return sum(line == CHECK for line in upstream.lines)


@both_eras
async def test_it_looks_purges_and_looks_and_tells_how_many_pops_were_new(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    async with session(connect(upstream), mode=mode) as mcp:
        result = await mcp.call_tool("purge_url", {"urls": LAMP, "verify": True})
    told = result.structured_content or {}
    assert told["accepted"] == 1
    assert told["note"] == "Seen after the purge: new at 20 POPs, old at 0, no answer from 0."
    assert "verified" not in text_of(result).lower()
    assert count(text_of(result)) <= 80
    order = [line for line in upstream.lines if line == CHECK or line.startswith("POST")]
    assert order == [CHECK, f"POST /purge/{LAMP}", CHECK]


async def test_without_it_nothing_is_looked_at(session: Session, upstream: Upstream) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        await call(mcp, "purge_url", urls=[LAMP], verify=False)
    assert looks(upstream) == 0


async def test_it_takes_one_url(session: Session, upstream: Upstream) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_url", urls=[LAMP, CHAIR], verify=True)
    assert said == "verify looks at one URL; give one, or leave it out. Nothing was sent."
    assert upstream.lines == []


async def test_it_needs_the_right_to_read(session: Session, upstream: Upstream) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox-purge-select")) as mcp:
        said = await refusal(mcp, "purge_url", urls=[LAMP], verify=True)
        assert said.startswith("verify is withheld: ")
        assert "global:read" in said
        assert said.endswith("Without it the URL can be purged. Nothing was sent.")
        assert upstream.lines == []
        assert (await call(mcp, "purge_url", urls=[LAMP]))["accepted"] == 1


async def test_a_page_of_nobodys_is_neither_looked_at_nor_purged(
    session: Session, upstream: Upstream
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=["https://nobody.example/"], verify=True)
    assert (told["accepted"], told["failed"]) == (0, 1)
    assert told["failures"][0]["reason"].endswith("Nothing was sent.")
    assert upstream.changes == []
    assert looks(upstream) == 0


@pytest.mark.parametrize("status", [403, 404])
async def test_a_look_that_fails_first_leaves_the_page_and_blames_no_vcl(
    session: Session, upstream: Upstream, status: int
) -> None:
    upstream.instead[CHECK] = answering({"msg": "No"}, status)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=[LAMP], verify=True)
    assert told["failures"][0]["reason"] == f"{status} No. Nothing was changed."
    assert upstream.changes == []


async def test_a_purge_that_is_refused_is_told_as_without_it(
    session: Session, upstream: Upstream
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        plain = await call(mcp, "purge_url", urls=[CATALOGUE])
        assert await call(mcp, "purge_url", urls=[CATALOGUE], verify=True) == plain
    assert looks(upstream) == 1


async def test_a_look_that_fails_afterwards_leaves_an_accepted_purge(
    session: Session, upstream: Upstream
) -> None:
    app = upstream.sandbox

    class Once:
        """Lets one look through."""

        looks = 0

        async def __call__(self, *asgi: Any) -> None:
            self.looks += 1
            await (app if self.looks == 1 else answering({"msg": "No"}, 400))(*asgi)

    upstream.instead[CHECK] = Once()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await call(mcp, "purge_url", urls=[LAMP], verify=True)
    assert told["accepted"] == 1
    assert told["note"] == "The effect was not looked at: Fastly answered 400 No."
    assert await upstream.states(LAMP) == {"absent"}


def behind_a_shield(age: int) -> list[dict[str, Any]]:
    """What two POPs show that go on serving what they had."""
    headers = {"age": str(age), "x-served-by": "cache-iad-1-IAD, cache-ams-2-AMS", "x-cache": "HIT"}
    return [
        {"pop": pop, "hash": "same", "response": {"status": 200, "headers": headers}}
        for pop in ("ams-x", "iad-x")
    ]


async def test_behind_a_shield_that_lags_it_purges_twice_and_counts_it_once(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.instead[CHECK] = answering(behind_a_shield(500))
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    guard = Guard(connection.settings, state_dir=tmp_path / "state")
    with anyio.fail_after(30):
        result = await FastlyServer(connection, guard).call_tool(
            "purge_url", {"urls": [LAMP], "verify": True}
        )
    token = (await connection.grant()).token
    assert token
    with guard.begin() as transaction:
        assert transaction.spent("url", 0, token.id) == 2
    await guard.aclose()
    told = result.structured_content or {}  # type: ignore[union-attr]  # no question is asked here
    assert told["accepted"] == 1
    assert "it was purged once more" in told["note"]
    assert "old at 2" in told["note"]
    assert [seen.line for seen in upstream.changes] == [f"POST /purge/{LAMP}"] * 2
    _, outcome = lines(tmp_path / "state")
    assert (outcome["outcome"], outcome["accepted"], outcome["failed"]) == ("ok", 1, 0)
    assert len(set(outcome["purge_ids"])) == 2
    assert told["ids"] == outcome["purge_ids"]


async def test_once_more_is_counted_and_may_be_over_the_budget(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.instead[CHECK] = answering(behind_a_shield(500))
    connection = real(upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_URLS_PER_HOUR="1")
    async with Client(FastlyServer(connection)) as mcp:
        told = await call(mcp, "purge_url", urls=[LAMP], verify=True)
    assert told["accepted"] == 1
    assert "old at 2" in told["note"]
    assert "0 of 1 are left this hour" in told["note"]
    assert len(upstream.changes) == 1
