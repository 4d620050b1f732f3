"""The edge as visitors meet it: caches, shields, ages, and purges that can be watched."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from fastly_mcp.sandbox import Sandbox, app_of, edge_app, make_world
from fastly_mcp.sandbox.edge.cache import KEPT, Edge, address, key_mark, url_mark
from fastly_mcp.sandbox.edge.pages import Page
from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.seeds.files import parse_seed

pytestmark = pytest.mark.anyio

NEWS, HOME, POSTS = "www.larkspur.example/news", "www.larkspur.example/", "blog.larkspur.example/"
CART, STOCK = "www.larkspur.example/cart", "api.larkspur.example/v1/stock?sku=lamp"
CATALOGUE = "downloads.larkspur.example/catalogue.pdf"


class Network:
    """A sandbox from outside: its API and its edge, and a clock that moves by hand."""

    def __init__(self, seed: object = None) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        parsed = parse_seed(seed, "seed") if seed else None
        self.sandbox = Sandbox(lambda at: make_world(at, parsed), lambda: self.now)
        self.edge = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=edge_app(self.sandbox)))
        self.api = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app_of(self.sandbox)),
            base_url="https://api.fastly.com",
            headers={"Fastly-Key": "sandbox", "Sandbox-Door": "1"},
        )

    async def get(self, url: str, pop: str = "AMS", **headers: str) -> httpx2.Response:
        return await self.edge.get(f"https://{url}", headers={"Sandbox-POP": pop, **headers})

    async def purge(self, url: str, **headers: str) -> httpx2.Response:
        return await self.edge.request("PURGE", f"https://{url}", headers=headers)

    async def fetches(self, url: str) -> int:
        answer = await self.api.get("/_sandbox/edge", params={"url": url})
        return int(answer.json()["origin_fetches"])

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    made = Network()
    async with made.edge, made.api:
        yield made


def x_cache(response: httpx2.Response) -> str:
    return response.headers["x-cache"]


async def test_a_page_is_served_from_the_cache_with_its_age(network: Network) -> None:
    found = await network.get(POSTS)
    assert (found.status_code, x_cache(found), found.headers["age"]) == (200, "HIT", "420")
    assert found.headers["x-served-by"].endswith("-AMS")
    network.later(seconds=5)
    assert (await network.get(POSTS)).headers["age"] == "425"


async def test_keys_are_told_only_to_who_asks_to_debug(network: Network) -> None:
    assert "surrogate-key" not in (await network.get(POSTS)).headers
    debugged = await network.get(POSTS, **{"Fastly-Debug": "1"})
    assert debugged.headers["surrogate-key"] == "posts home"
    assert debugged.headers["fastly-debug-ttl"].startswith("(H ")


async def test_a_purge_makes_the_next_visitor_fetch_a_new_edition(network: Network) -> None:
    before, fetches = await network.get(POSTS), await network.fetches(POSTS)
    purged = await network.purge(POSTS)
    assert (purged.status_code, purged.json()["status"]) == (200, "ok")
    after = await network.get(POSTS)
    assert (x_cache(after), after.headers["age"]) == ("MISS", "0")
    assert after.content != before.content
    assert await network.fetches(POSTS) == fetches + 1
    again = await network.get(POSTS)
    assert (x_cache(again), again.content) == ("HIT", after.content)
    assert await network.fetches(POSTS) == fetches + 1


async def test_without_a_shield_every_pop_asks_the_origin(network: Network) -> None:
    await network.purge(POSTS)
    fetches = await network.fetches(POSTS)
    for pop in ("AMS", "NRT", "IAD"):
        assert x_cache(await network.get(POSTS, pop)) == "MISS"
    assert await network.fetches(POSTS) == fetches + 3


async def test_behind_a_shield_the_origin_is_asked_once(network: Network) -> None:
    await network.purge(HOME)
    fetches = await network.fetches(HOME)
    first = await network.get(HOME, "NRT")
    assert x_cache(first) == "MISS, MISS"
    shield, own = first.headers["x-served-by"].split(", ")
    assert (shield[-3:], own[-3:]) == ("AMS", "NRT")
    assert x_cache(await network.get(HOME, "IAD")) == "HIT, MISS"
    # What the shield had is told with every later answer too.
    assert x_cache(await network.get(HOME, "NRT")) == "MISS, HIT"
    assert await network.fetches(HOME) == fetches + 1


async def test_a_soft_purge_serves_the_old_copy_once_more(network: Network) -> None:
    before = await network.get(POSTS)
    await network.purge(POSTS, **{"Fastly-Soft-Purge": "1"})
    stale, fresh = await network.get(POSTS), await network.get(POSTS)
    assert (x_cache(stale), stale.content) == ("HIT", before.content)
    assert fresh.content != before.content
    assert fresh.headers["age"] == "0"


async def test_debugging_tells_how_long_a_copy_is_fresh_or_since_when_it_is_stale(
    network: Network,
) -> None:
    def left(response: httpx2.Response) -> float:
        return float(response.headers["fastly-debug-ttl"].split(" ")[2])

    await network.get(NEWS)
    network.later(seconds=100)
    assert left(await network.get(NEWS, **{"Fastly-Debug": "1"})) == 200
    await network.purge(NEWS, **{"Fastly-Soft-Purge": "1"})
    network.later(seconds=5)
    assert left(await network.get(NEWS, **{"Fastly-Debug": "1"})) == -5


async def test_a_page_expires_as_its_cache_control_says(network: Network) -> None:
    first = await network.get(NEWS)
    assert x_cache(first) == "MISS"
    network.later(seconds=299)
    assert (await network.get(NEWS)).content == first.content
    # Now it is stale, and may be served while it is fetched anew.
    network.later(seconds=30)
    assert (await network.get(NEWS)).content == first.content
    second = await network.get(NEWS)
    assert second.content != first.content
    # And after the time for that it is gone.
    network.later(seconds=361)
    assert x_cache(await network.get(NEWS)) == "MISS"


async def test_a_stale_copy_is_gone_once_it_may_not_be_served(network: Network) -> None:
    await network.get(NEWS)
    await network.purge(NEWS, **{"Fastly-Soft-Purge": "1"})
    network.later(seconds=61)
    assert x_cache(await network.get(NEWS)) == "MISS"


async def test_a_private_page_is_never_kept(network: Network) -> None:
    fetches = await network.fetches(CART)
    for _ in range(2):
        assert x_cache(await network.get(CART)) == "MISS"
    assert await network.fetches(CART) == fetches + 2


async def test_what_is_no_get_goes_to_the_origin(network: Network) -> None:
    fetches = await network.fetches(POSTS)
    posted = await network.edge.post(f"https://{POSTS}")
    assert (posted.status_code, x_cache(posted)) == (200, "MISS")
    assert await network.fetches(POSTS) == fetches + 1
    assert x_cache(await network.get(POSTS)) == "HIT"


async def test_head_is_get_without_a_body(network: Network) -> None:
    told = await network.edge.head(f"https://{POSTS}")
    assert (told.content, told.headers["content-length"]) == (b"", "18432")


async def test_a_host_nobody_serves_is_unknown_to_the_edge(network: Network) -> None:
    answer = await network.get("<b>.example.com/".replace("<b>", "nobody"))
    assert answer.status_code == 500
    assert "unknown domain: nobody.example.com" in answer.text
    answer = await network.edge.get("https://x.example/", headers={"Host": "<script>.example"})
    assert "<script>" not in answer.text


async def test_a_pop_that_is_none_is_refused(network: Network) -> None:
    answer = await network.get(POSTS, "XXX")
    assert (answer.status_code, answer.text) == (400, "There is no POP 'XXX'.\n")


async def test_a_purge_through_the_api_is_seen_at_the_edge(network: Network) -> None:
    before = await network.get(POSTS)
    await network.api.post("/service/fJBd0Kh8oOOL8dKLzdocJ2/purge/posts")
    assert (await network.get(POSTS)).content != before.content


async def test_vcl_may_refuse_purge_and_compute_does_not_hand_it_on(network: Network) -> None:
    assert (await network.purge(CATALOGUE)).status_code == 403
    assert (await network.purge(STOCK)).status_code == 405
    assert x_cache(await network.get(CATALOGUE)) == "HIT"


GUARDED = {
    "tokens": [
        {"value": "sandbox", "scopes": "global"},
        {"value": "sandbox-read", "scopes": "global:read"},
        {"value": "sandbox-old", "scopes": "global", "expires_in_days": -1},
    ],
    "services": [
        {
            "name": "guarded",
            "versions": [
                {
                    "domains": ["guarded.example"],
                    "snippets": [
                        {
                            "name": "auth",
                            "type": "recv",
                            "content": 'set req.http.Fastly-Purge-Requires-Auth = "1";',
                        }
                    ],
                }
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("", 401),
        ("sandbox-nobody", 401),
        ("sandbox-old", 401),
        ("sandbox-read", 403),
        ("sandbox", 200),
    ],
)
async def test_vcl_may_ask_for_a_token(token: str, status: int) -> None:
    network = Network(GUARDED)
    async with network.edge, network.api:
        answer = await network.purge("guarded.example/", **{"Fastly-Key": token})
    assert answer.status_code == status


async def test_purges_by_url_have_their_own_limit() -> None:
    seed = {"services": [{"name": "s", "versions": [{"domains": ["s.example"]}]}]}
    network = Network(seed | {"limits": {"purges_per_hour": 1}})
    async with network.edge, network.api:
        statuses = [(await network.purge("s.example/")).status_code for _ in range(2)]
        assert statuses == [200, 429]
        network.later(hours=1)
        assert (await network.purge("s.example/")).status_code == 200


async def test_a_shared_key_of_many_pages_is_purged_at_once() -> None:
    pages = {
        f"https://many.example/{number}": {"service": "many", "keys": ["all", f"page-{number}"]}
        for number in range(500)
    }
    network = Network(
        {
            "services": [{"name": "many", "versions": [{"domains": ["many.example"]}]}],
            "pages": pages,
        }
    )
    (service_id,) = network.sandbox.world.services
    async with network.edge, network.api:
        assert x_cache(await network.get("many.example/7")) == "HIT"
        await network.api.post(f"/service/{service_id}/purge/page-7")
        assert x_cache(await network.get("many.example/7")) == "MISS"
        assert x_cache(await network.get("many.example/8")) == "HIT"
        await network.api.post(f"/service/{service_id}/purge/all")
        found = {x_cache(await network.get(f"many.example/{number}")) for number in range(500)}
    assert found == {"MISS"}


async def test_surrogate_control_is_preferred_and_told_only_to_who_asks_to_debug() -> None:
    said = {"Surrogate-Control": "max-age=60, stale-while-revalidate=30"}
    page = {"service": "s", "cache_control": "max-age=5", "headers": said, "cached": False}
    network = Network(
        {
            "services": [{"name": "s", "versions": [{"domains": ["s.example"]}]}],
            "pages": {"s.example/": page},
        }
    )
    async with network.edge, network.api:
        first = await network.get("s.example/")
        assert "surrogate-control" not in first.headers
        network.later(seconds=59)
        held = await network.get("s.example/", **{"Fastly-Debug": "1"})
        assert (x_cache(held), held.headers["surrogate-control"]) == ("HIT", *said.values())
        network.later(seconds=20)
        assert (await network.get("s.example/")).content == first.content
        assert (await network.get("s.example/")).content != first.content


async def test_a_domain_is_found_however_it_is_written() -> None:
    network = Network({"services": [{"name": "s", "versions": [{"domains": ["S.example"]}]}]})
    async with network.edge, network.api:
        assert (await network.get("s.EXAMPLE/")).status_code == 404


def test_what_visitors_made_the_edge_remember_is_forgotten_oldest_first() -> None:
    edge, now = Edge(), 0.0
    edge.origin["s.example/"] = Page("s")
    edge.fill(address("s.example/"), {"AMS": now})
    for number in range(3 * KEPT):
        edge.visit(address(f"s.example/{number}"), "s", now, POPS[:1])
    for known in (edge.held, edge.fetches, edge.editions):
        assert len(known) <= KEPT + 1
        assert {"s.example/", f"s.example/{3 * KEPT - 1}"} <= known.keys()
        assert "s.example/0" not in known


def test_purges_of_what_is_nowhere_are_forgotten_and_the_others_are_not() -> None:
    edge, home, gone = Edge(), address("s.example/"), address("s.example/gone")
    edge.origin[str(home)] = Page("s", ("home",))
    edge.visit(home, "s", 0.0)
    edge.visit(gone, "s", 0.0)
    edge.purge(key_mark("s", "home"), 1.0, soft=False)
    edge.purge(url_mark(gone), 1.0, soft=True)
    for number in range(3 * KEPT):
        edge.purge(key_mark("s", str(number)), 2.0, soft=bool(number % 2))
    assert len(edge.hard) + len(edge.soft) < KEPT + 3
    for where in (home, gone):
        assert {state for _, state in edge.copies(where, "s", 3.0)} != {"fresh"}
