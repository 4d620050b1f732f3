"""How much may be asked in an hour, of what, and where the answers tell."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from fastly_mcp.sandbox import create_app
from fastly_mcp.sandbox.seeds.account import builtin, make_world

pytestmark = pytest.mark.anyio

SHOP = "/service/u8jzPde0IgxLd6GncfBAep"
REMAINING, RESET = "fastly-ratelimit-remaining", "fastly-ratelimit-reset"
LIMITS = {"changes_per_hour": 3, "purges_per_hour": 4, "edge_checks_per_hour": 2}
OVER = (
    "You have exceeded your hourly rate limit. "
    "Please contact support@fastly.com if you think this is a mistake."
)


class Clock:
    now = datetime(2026, 3, 1, 12, 40, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client_of(clock: Clock, **limits: int) -> httpx2.AsyncClient:
    """A client of a sandbox whose seed sets these limits."""
    sizes = builtin().limits.model_copy(update=limits)
    seed = builtin().model_copy(update={"limits": sizes})
    app = create_app(now=clock, make=lambda at: make_world(at, seed))
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox", "Sandbox-Door": "1"},
    )


async def change(client: httpx2.AsyncClient, token: str | None = None) -> httpx2.Response:
    headers = {"Fastly-Key": token} if token else {}
    return await client.put(f"{SHOP}/version/4", headers=headers)


async def test_changes_are_limited_by_the_hour(clock: Clock) -> None:
    async with client_of(clock, **LIMITS) as client:
        told = [(await change(client)).headers[REMAINING] for _ in range(3)]
        assert told == ["2", "1", "0"]
        over = await change(client)
        assert (over.status_code, over.json()) == (429, {"msg": OVER})
        assert (over.headers[REMAINING], "retry-after" in over.headers) == ("0", False)
        assert int(over.headers[RESET]) == datetime(2026, 3, 1, 13, tzinfo=UTC).timestamp()
        clock.now += timedelta(minutes=19, seconds=59)
        assert (await change(client)).status_code == 429
        clock.now += timedelta(seconds=1)
        again = await change(client)
        assert (again.status_code, again.headers[REMAINING]) == (200, "2")
        assert int(again.headers[RESET]) == datetime(2026, 3, 1, 14, tzinfo=UTC).timestamp()


async def test_what_is_over_the_limit_is_not_done(clock: Clock) -> None:
    async with client_of(clock, changes_per_hour=0) as client:
        before = (await client.get("/_sandbox/digest")).json()
        assert (await client.post(f"{SHOP}/version")).status_code == 429
        assert (await client.get("/_sandbox/digest")).json() == before


async def test_a_users_tokens_share_one_limit_and_users_do_not(clock: Clock) -> None:
    async with client_of(clock, **LIMITS) as client:
        new = (await client.post("/tokens", data={"name": "new"})).json()["access_token"]
        assert (await change(client, new)).headers[REMAINING] == "1"
        assert (await change(client, "sandbox-one-service")).headers[REMAINING] == "0"
        assert (await change(client, new)).status_code == 429
        assert (await change(client, "sandbox-sam")).headers[REMAINING] == "2"


async def test_reading_is_not_limited_and_says_nothing_of_limits(clock: Clock) -> None:
    async with client_of(clock, changes_per_hour=0) as client:
        for path in ("/service", SHOP, f"{SHOP}/version", "/tokens/self", "/verify", "/events"):
            read = await client.get(path)
            assert (read.status_code, REMAINING in read.headers) == (200, False)


async def test_only_changes_of_the_classic_control_plane_tell_the_limit(clock: Clock) -> None:
    async with client_of(clock) as client:
        for method, path, tells in (
            ("PUT", f"{SHOP}/version/4", True),
            ("POST", "/tokens", True),
            ("POST", "/user", True),
            ("DELETE", f"{SHOP}/version/4/backend/none", True),
            ("PATCH", f"{SHOP}/dictionary/6oTn0bq1L5cWkE8ySdP2hJ/items", True),
            ("POST", f"{SHOP}/purge_all", True),
            ("POST", f"{SHOP}/purge/home", False),
            ("POST", f"{SHOP}/purge", False),
            ("POST", "/purge/https://www.larkspur.example/", False),
            ("POST", "/domain-management/v1/domains", False),
            ("POST", "/automation-tokens", False),
            ("POST", "/_sandbox/request?url=https://www.larkspur.example/", False),
        ):
            answer = await client.request(method, path)
            assert (REMAINING in answer.headers, RESET in answer.headers) == (tells, tells), path


async def test_changes_of_newer_services_count_although_they_do_not_tell(clock: Clock) -> None:
    async with client_of(clock, **LIMITS) as client:
        await client.post("/domain-management/v1/domains", json={"fqdn": "a.larkspur.example"})
        assert (await change(client)).headers[REMAINING] == "1"


async def test_refused_changes_count_but_not_those_of_strangers(clock: Clock) -> None:
    async with client_of(clock, **LIMITS) as client:
        stranger = await change(client, "sandbox-stranger")
        assert (stranger.status_code, REMAINING in stranger.headers) == (401, False)
        for path, status in ((f"{SHOP}/version/9", 404), (f"{SHOP}/version/3/settings", 422)):
            assert (await client.put(path)).status_code == status
        assert (await change(client)).headers[REMAINING] == "0"


async def test_purges_by_url_and_key_have_a_limit_of_the_customers(clock: Clock) -> None:
    async with client_of(clock, **LIMITS) as client:
        url = "/purge/https://www.larkspur.example/"
        for token in ("sandbox", "sandbox-sam"):
            headers = {"Fastly-Key": token}
            assert (await client.post(url, headers=headers)).status_code == 200
            key = await client.post(f"{SHOP}/purge/home", headers=headers)
            assert key.status_code == 200
        over = await client.post(f"{SHOP}/purge", json={"surrogate_keys": ["home"]})
        assert (over.status_code, over.json()) == (429, {"msg": OVER})
        everything = await client.post(f"{SHOP}/purge_all")
        assert (everything.status_code, everything.headers[REMAINING]) == (200, "2")
        clock.now += timedelta(hours=1)
        assert (await client.post(url)).status_code == 200


async def test_the_edge_is_checked_two_hundred_times_an_hour(clock: Clock) -> None:
    async with client_of(clock) as client:
        path = "/content/edge_check?url=https://none.larkspur.example/"
        statuses = [(await client.get(path)).status_code for _ in range(201)]
        assert statuses == [200] * 200 + [429]
        # Without a URL nothing is checked.
        assert (await client.get("/content/edge_check")).status_code == 400
        clock.now += timedelta(hours=1)
        assert (await client.get(path)).status_code == 200
    async with client_of(clock, **LIMITS) as client:
        assert [(await client.get(path)).status_code for _ in range(3)] == [200, 200, 429]


async def test_the_clock_door_moves_the_hour_on(clock: Clock) -> None:
    async with client_of(clock, changes_per_hour=1) as client:
        assert [(await change(client)).status_code for _ in range(2)] == [200, 429]
        await client.post("/_sandbox/clock", json={"advance": "20m"})
        assert (await change(client)).status_code == 200
        await client.post("/_sandbox/reset")
        assert (await change(client)).status_code == 200
