"""A purge that is looked at before and after, over the sandbox's edge and odder ones."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx2
import pytest

from fastly_mcp.api import edge, proof
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.edge import EdgeLook, page
from fastly_mcp.api.pop import Seen
from fastly_mcp.api.proof import Proof, looked_after
from fastly_mcp.config import Settings
from fastly_mcp.errors import UNCHANGED, NotPermitted, RateLimited, Unavailable
from fastly_mcp.sandbox import create_app

pytestmark = pytest.mark.anyio

HOME = "https://www.larkspur.example/"
POSTS = "https://blog.larkspur.example/"
POPS = 20


class Network:
    """The sandbox, with one clock for it and for who looks."""

    def __init__(self, token: str) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        app = create_app(now=lambda: self.now)
        client = FastlyClient(
            "https://api.fastly.com", transport=httpx2.ASGITransport(app=app), backoff=0
        )
        self.fastly = Connection(Settings.read({"FASTLY_API_TOKEN": token}), client)
        self.looks = self.purges = 0

    async def prove(self, url: str, *, soft: bool = False) -> Proof:
        target = page(url)
        headers = {"Fastly-Soft-Purge": "1"} if soft else {}

        async def spend() -> None:
            self.looks += 1

        async def purge() -> str:
            self.purges += 1
            receipt = await self.fastly.post(
                "/purge/{url}", url=target, headers=headers, repeatable=True
            )
            return str(receipt["id"])

        return await looked_after(
            lambda: edge.look(self.fastly, target, spend=spend),
            purge,
            soft=soft,
            sleep=self.sleep,
            clock=self.clock,
        )

    def clock(self) -> float:
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    made = Network("sandbox")
    yield made
    await made.fastly.aclose()


async def test_after_a_hard_purge_every_pop_has_a_new_copy(network: Network) -> None:
    for url in (HOME, POSTS):
        seen = await network.prove(url)
        assert (len(seen.new), seen.old, seen.no_answer) == (POPS, (), ())
        assert (seen.looks, seen.purged_again) == (1, False)
        assert seen.sentence == (
            f"Seen after the purge: new at {POPS} POPs, old at 0, no answer from 0."
        )
    assert (network.looks, network.purges) == (4, 2)


async def test_after_a_soft_purge_the_second_look_finds_the_new_copy(network: Network) -> None:
    seen = await network.prove(POSTS, soft=True)
    assert (len(seen.new), seen.old, seen.looks) == (POPS, (), 2)
    assert (network.looks, network.purges) == (3, 1)


async def test_stale_copies_after_a_soft_purge_are_no_reason_to_purge_again(
    network: Network,
) -> None:
    seen = await network.prove(HOME, soft=True)
    assert (len(seen.new), seen.purged_again) == (POPS, False)
    assert (network.looks, network.purges) == (3, 1)


async def test_a_token_that_may_not_read_neither_looks_nor_purges() -> None:
    network = Network("sandbox-purge-select")
    with pytest.raises(NotPermitted, match=r"lacks the scope global:read .* Nothing was sent\."):
        await network.prove(HOME)
    assert (network.looks, network.purges) == (0, 0)
    await network.fastly.aclose()


# Edges that do not behave


class Edge:
    """A few POPs that answer as a test says, look by look, and time that passes by hand."""

    def __init__(self, *looks: EdgeLook | Exception) -> None:
        self.coming = list(looks)
        self.now = 0.0
        self.slept: list[float] = []
        self.purges = 0
        self.refusing: dict[int, Exception] = {}

    async def look(self) -> EdgeLook:
        seen = self.coming.pop(0)
        if isinstance(seen, Exception):
            raise seen
        return seen

    async def purge(self) -> str:
        self.purges += 1
        if error := self.refusing.get(self.purges):
            raise error
        return f"id-{self.purges}"

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def prove(self, *, soft: bool = False) -> Proof:
        return await looked_after(
            self.look, self.purge, soft=soft, sleep=self.sleep, clock=lambda: self.now
        )


def pop(
    name: str, content: str, cache: str, age: int | None, by: str = "", *, ttl: str = "9.0"
) -> dict[str, Any]:
    headers: dict[str, Any] = {"x-cache": cache, "age": None if age is None else str(age)}
    headers["fastly-debug-ttl"] = f"({cache[-4:].strip()[0]} cache-{name} {ttl} 0.0 0)"
    if by:
        headers["x-served-by"] = by
    return {"pop": name, "hash": content, "response": {"status": 200, "headers": headers}}


def pops(*rows: object) -> EdgeLook:
    return EdgeLook("service", tuple(Seen.parse(each) for each in rows))


THROUGH_AMS = "cache-ams1-AMS, cache-nrt1-NRT"
SILENT = {"pop": "syd", "hash": "error-timeout-syd", "response": None}
HELD = pops(pop("ams", "a", "HIT", 50), pop("nrt", "a", "HIT", 60), SILENT)
KEPT = pops(pop("ams", "a", "HIT", 52), pop("nrt", "a", "MISS", 0), SILENT)
KEPT_ON = pops(pop("ams", "a", "HIT", 54), pop("nrt", "a", "HIT", 2), SILENT)
RENEWED = pops(pop("ams", "b", "MISS", 0), pop("nrt", "b", "HIT", 1), SILENT)
SHIELDED = pops(
    pop("ams", "a", "HIT", 50, "cache-ams1-AMS"), pop("nrt", "a", "MISS, HIT", 50, THROUGH_AMS)
)
# The purge reached Tokyo before the shield, which Tokyo then asked.
LAGGING = pops(
    pop("ams", "b", "MISS", 0, "cache-ams1-AMS"), pop("nrt", "a", "HIT, MISS", 52, THROUGH_AMS)
)
LAGGING_ON = pops(
    pop("ams", "b", "HIT", 2, "cache-ams1-AMS"), pop("nrt", "a", "HIT, MISS", 54, THROUGH_AMS)
)
BOTH_NEW = pops(
    pop("ams", "b", "HIT", 1, "cache-ams1-AMS"), pop("nrt", "b", "HIT, MISS", 1, THROUGH_AMS)
)


async def test_pops_are_counted_new_old_and_without_answer() -> None:
    edge = Edge(HELD, KEPT, KEPT_ON)
    seen = await edge.prove()
    assert (seen.new, seen.old, seen.no_answer) == (("NRT",), ("AMS",), ("SYD",))
    assert (seen.looks, edge.purges, seen.purged_again) == (2, 1, False)
    assert edge.slept == [2, 2]
    assert seen.sentence == "Seen after the purge: new at 1 POPs, old at 1, no answer from 1."


async def test_one_look_is_enough_when_nothing_is_old() -> None:
    edge = Edge(HELD, RENEWED)
    assert (await edge.prove()).looks == 1
    assert edge.slept == [2]


async def test_a_shielded_service_that_lags_is_purged_once_more_and_that_is_said() -> None:
    edge = Edge(SHIELDED, LAGGING, BOTH_NEW)
    seen = await edge.prove()
    assert (len(seen.new), seen.old, seen.ids) == (2, (), ("id-1", "id-2"))
    assert seen.sentence.endswith(
        "The service is shielded and still showed old content after 2 s, so it was purged once "
        "more."
    )


async def test_it_is_purged_twice_at_most_and_what_stays_old_is_told() -> None:
    edge = Edge(SHIELDED, LAGGING, LAGGING_ON)
    seen = await edge.prove()
    assert (seen.old, edge.purges, seen.looks, edge.coming) == (("NRT",), 2, 2, [])


async def test_after_a_soft_purge_only_what_is_old_and_not_stale_is_a_shield_that_lags() -> None:
    stale = pops(pop("nrt", "a", "MISS, HIT", 52, THROUGH_AMS, ttl="-2.0"))
    edge = Edge(SHIELDED, stale, BOTH_NEW)
    assert not (await edge.prove(soft=True)).purged_again
    edge = Edge(SHIELDED, LAGGING, BOTH_NEW)
    assert (await edge.prove(soft=True)).purged_again
    edge = Edge(SHIELDED, stale, BOTH_NEW)
    assert (await edge.prove(soft=False)).purged_again


@pytest.mark.parametrize(
    ("after", "is_old"),
    [
        (pop("nrt", "b", "HIT", 500), False),  # content that was nowhere before
        (pop("nrt", "a", "HIT", 62), True),
        (pop("nrt", "a", "HIT", 61), False),  # the same content, fetched since
        (pop("nrt", "a", "MISS", 500), False),  # from the origin, which tells an age of its own
        (pop("nrt", "a", "HITPASS", 500), False),  # from the origin too
        (pop("nrt", "a", "HIT", None), True),  # nothing tells it from what was there
        (pop("nrt", "warning-too-large-nrt", "HIT", 62), True),
        (pop("nrt", "warning-too-large-nrt", "HIT", 1), False),
        (pop("gru", "a", "HIT", 2), True),  # was not asked before
        (pop("gru", "a", "HIT", 1), False),
    ],
)
async def test_a_copy_is_old_if_it_was_there_before(after: dict[str, Any], is_old: bool) -> None:
    # Only the first look after it counts here.
    seen = await Edge(HELD, pops(after), RateLimited("Enough")).prove()
    assert bool(seen.old) == is_old
    assert bool(seen.new) != is_old


async def test_what_a_pop_may_have_from_its_shield_is_old_by_the_shields_age() -> None:
    before = pops(
        pop("ams", "a", "HIT", 5, "cache-ams1-AMS"), pop("nrt", "a", "MISS, HIT", 90, THROUGH_AMS)
    )
    after = pops(pop("nrt", "a", "HIT, MISS", 7, THROUGH_AMS))
    assert (await Edge(before, after, BOTH_NEW).prove()).purged_again


# What goes wrong


async def test_nothing_is_purged_when_the_look_before_fails() -> None:
    edge = Edge(RateLimited("You have exceeded your hourly rate limit"))
    with pytest.raises(RateLimited) as raised:
        await edge.prove()
    assert UNCHANGED in str(raised.value)
    assert edge.purges == 0


async def test_a_budget_that_is_used_up_is_told_as_it_is() -> None:
    edge = Edge(NotPermitted("All are used. Nothing was sent."))
    with pytest.raises(NotPermitted, match=r"^All are used\. Nothing was sent\.$"):
        await edge.prove()
    assert edge.purges == 0


async def test_a_purge_that_fails_is_an_error_and_is_not_looked_at() -> None:
    edge = Edge(HELD, KEPT)
    edge.refusing[1] = Unavailable(503, "Down")
    with pytest.raises(Unavailable):
        await edge.prove()
    assert len(edge.coming) == 1


async def test_a_purge_that_cannot_be_looked_at_is_told_with_its_id() -> None:
    seen = await Edge(HELD, Unavailable(503, "Down")).prove()
    assert (seen.ids, seen.looks, seen.new) == (("id-1",), 0, ())
    assert seen.sentence == "The effect was not looked at: Fastly answered 503 Down."


async def test_what_was_seen_is_told_when_the_second_look_or_purge_fails() -> None:
    seen = await Edge(SHIELDED, LAGGING, Unavailable(503, "Down")).prove()
    assert (seen.old, seen.looks, seen.purged_again) == (("NRT",), 1, True)
    edge = Edge(SHIELDED, LAGGING, BOTH_NEW)
    edge.refusing[2] = Unavailable(503, "Down")
    seen = await edge.prove()
    assert (seen.old, seen.looks, seen.purged_again) == (("NRT",), 1, False)
    assert seen.sentence.endswith("The rest was not looked at: Fastly answered 503 Down.")


async def test_a_look_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "DEADLINE", 0.0)
    edge = Edge()
    edge.look = anyio.sleep_forever  # type: ignore[assignment,method-assign]  # never answers
    with pytest.raises(Unavailable, match="did not answer in time"):
        await edge.prove()
    assert edge.purges == 0


@pytest.mark.parametrize(
    "looks", [(RENEWED,), (KEPT, KEPT_ON), (LAGGING, BOTH_NEW), (Unavailable(0, "x"),)]
)
async def test_it_is_never_called_verified(looks: tuple[Any, ...]) -> None:
    assert "verif" not in (await Edge(SHIELDED, *looks).prove()).sentence.lower()


def every(make: Callable[[int], dict[str, Any]], count: int) -> EdgeLook:
    return pops(*(make(number) for number in range(count)))


async def test_five_thousand_pops_are_compared() -> None:
    before = every(lambda n: pop(f"p{n}", "a", "HIT", 50), 5000)
    after = every(lambda n: pop(f"p{n}", "b", "HIT", 1), 5000)
    assert len((await Edge(before, after).prove()).new) == 5000
