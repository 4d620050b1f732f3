"""A purge changes what every POP holds, as far as Fastly says and no further."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox import create_app

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
DOWNLOADS = "c9QeWJKY40uvSwMFLZDe1f"
HOME = "https://www.larkspur.example/"
LAMP = "https://www.larkspur.example/products/lamp"
CHAIR = "https://www.larkspur.example/products/chair"
POSTS = "https://blog.larkspur.example/"
CATALOGUE = "https://downloads.larkspur.example/catalogue.pdf"
STOCK = "https://api.larkspur.example/v1/stock?sku=lamp"
DOOR = {"Sandbox-Door": "1"}
PURGE_ID = r"1740093-\d+-\d+"


async def edge(client: httpx2.AsyncClient, url: str) -> dict[str, Any]:
    response = await client.get("/_sandbox/edge", params={"url": url}, headers=DOOR)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    assert len(found["pops"]) == 20
    return found


async def state(client: httpx2.AsyncClient, url: str) -> str:
    """What all POPs agree on."""
    (found,) = {pop["state"] for pop in (await edge(client, url))["pops"]}
    return str(found)


def own_x_cache(row: dict[str, Any]) -> str:
    """What the POP itself had; before it may stand what its shield had."""
    return str(row["response"]["headers"]["x-cache"]).rpartition(", ")[2]


async def check(client: httpx2.AsyncClient, url: str) -> tuple[str, str, str]:
    """Hash, what the POPs themselves say in X-Cache, and the first one's age in an edge check."""
    rows = (await client.get("/content/edge_check", params={"url": url})).json()
    (digest,) = {row["hash"] for row in rows}
    (x_cache,) = {own_x_cache(row) for row in rows}
    return digest, x_cache, rows[0]["response"]["headers"]["age"]


async def test_every_pop_holds_the_pages_at_the_start(client: httpx2.AsyncClient) -> None:
    found = await edge(client, LAMP)
    assert (found["url"], found["service_id"]) == (LAMP, SHOP)
    assert {pop["state"] for pop in found["pops"]} == {"fresh"}
    assert found["pops"][0] == {
        "pop": "ams-amsterdam-nl",
        "state": "fresh",
        "age": 420,
        "edition": 1,
        "surrogate_keys": ["product-lamp", "products", "all"],
    }


async def test_a_hard_url_purge_removes_one_url_everywhere(client: httpx2.AsyncClient) -> None:
    response = await client.post(f"/purge/{LAMP}")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert re.fullmatch(PURGE_ID, response.json()["id"])
    assert await state(client, LAMP) == "absent"
    assert await state(client, CHAIR) == "fresh"


async def test_a_soft_purge_keeps_the_copy_as_stale(client: httpx2.AsyncClient) -> None:
    # The value of the header does not matter, so "0" is soft too.
    await client.post(f"/purge/{LAMP}", headers={"Fastly-Soft-Purge": "0"})
    assert await state(client, LAMP) == "stale"


@pytest.mark.parametrize(
    "written",
    [
        "www.larkspur.example/products/lamp",
        "http://www.larkspur.example/products/lamp",
        "https://WWW.Larkspur.example:443/products/lamp",
    ],
)
async def test_a_url_may_be_written_without_scheme(
    client: httpx2.AsyncClient, written: str
) -> None:
    assert (await client.post(f"/purge/{written}")).status_code == 200
    assert await state(client, LAMP) == "absent"


async def test_the_query_is_part_of_the_url(client: httpx2.AsyncClient) -> None:
    await client.post("/purge/api.larkspur.example/v1/stock")
    await client.post("/purge/api.larkspur.example/v1/stock?sku=chair")
    assert await state(client, STOCK) == "fresh"
    await client.post("/purge/api.larkspur.example/v1/stock?sku=lamp")
    assert await state(client, STOCK) == "absent"


async def test_a_host_without_a_path_is_its_root(client: httpx2.AsyncClient) -> None:
    for written in ("www.larkspur.example", "www.larkspur.example#top"):
        assert (await edge(client, written))["url"] == HOME
    assert (await edge(client, "www.larkspur.example?a=b/c"))["url"] == f"{HOME}?a=b/c"


@pytest.mark.parametrize("path", ["a//b", "a%2Fb", "a%20b?x=%2F&y", "caf%C3%A9", "a/https://b//c"])
async def test_a_path_is_kept_byte_for_byte(client: httpx2.AsyncClient, path: str) -> None:
    url = f"{HOME}{path}"
    filled = await client.post("/_sandbox/request", params={"url": url})
    assert filled.json()["url"] == url
    assert await state(client, url) == "fresh"
    await client.post(f"/purge/{url}")
    assert await state(client, url) == "absent"


async def test_an_address_beyond_ascii_is_the_same_as_its_escapes(
    client: httpx2.AsyncClient,
) -> None:
    assert (await edge(client, f"{HOME}café"))["url"] == f"{HOME}caf%C3%A9"


async def test_a_purge_of_what_nobody_holds_is_accepted_all_the_same(
    client: httpx2.AsyncClient,
) -> None:
    for headers in ({}, {"Fastly-Soft-Purge": "1"}):
        response = await client.post("/purge/www.larkspur.example/nothing", headers=headers)
        assert response.json()["status"] == "ok"
        response = await client.post(f"/service/{SHOP}/purge/no-such-key", headers=headers)
        assert response.json()["status"] == "ok"
    assert await state(client, f"{HOME}nothing") == "absent"


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "new.larkspur.example",
        "larkspur.example",
        "user@www.larkspur.example",
        ":80",
    ],
)
async def test_a_url_of_no_active_service_is_not_found(
    client: httpx2.AsyncClient, host: str
) -> None:
    response = await client.post(f"/purge/https://{host}/")
    assert response.status_code == 404
    assert response.json() == {"msg": "Record not found", "detail": "Cannot find service"}


@pytest.mark.parametrize(
    ("host", "service_id"),
    [
        ("a.tenants.larkspur.example", "isAjIhKtJ0RlgLKOmxgJTe"),
        ("a.b.tenants.larkspur.example", "isAjIhKtJ0RlgLKOmxgJTe"),
        ("admin.tenants.larkspur.example", "KdNnFRIBXuDL7DxtpYlSXp"),
        ("api.larkspur.example", EDGE_API),
        ("status.larkspur.example", EDGE_API),
        ("new.larkspur.example", None),
        ("summer.larkspur.example", None),
        ("tenants.larkspur.example", None),
    ],
)
async def test_the_most_specific_active_domain_decides(
    client: httpx2.AsyncClient, host: str, service_id: str | None
) -> None:
    assert (await edge(client, host))["service_id"] == service_id


async def test_vcl_may_refuse_a_url_purge_but_never_a_key_purge(
    client: httpx2.AsyncClient,
) -> None:
    refused = await client.post(f"/purge/{CATALOGUE}")
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")
    assert "status" not in refused.headers
    assert await state(client, CATALOGUE) == "fresh"
    by_key = await client.post(f"/service/{DOWNLOADS}/purge/catalogue")
    assert by_key.status_code == 200
    assert await state(client, CATALOGUE) == "absent"


async def test_vcl_that_refuses_visitors_does_not_refuse_purges(client: httpx2.AsyncClient) -> None:
    url = "https://admin.tenants.larkspur.example/login"
    assert (await client.post(f"/purge/{url}")).status_code == 200
    assert await state(client, url) == "absent"


async def test_a_key_purge_stays_within_its_service(client: httpx2.AsyncClient) -> None:
    response = await client.post(f"/service/{SHOP}/purge/home")
    assert re.fullmatch(rf'{{ "status": "ok", "id": "{PURGE_ID}" }}', response.text)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["via"] == "1.1 varnish"
    assert "cache-control" not in response.headers
    states = [await state(client, url) for url in (HOME, LAMP, POSTS)]
    assert states == ["absent", "fresh", "fresh"]


async def test_a_key_in_the_path_is_percent_decoded(client: httpx2.AsyncClient) -> None:
    await client.post(f"/service/{SHOP}/purge/product%2Dlamp")
    assert await state(client, LAMP) == "absent"


@pytest.mark.parametrize("form", ["json", "header"])
async def test_a_batch_answers_an_id_per_key(client: httpx2.AsyncClient, form: str) -> None:
    url = f"/service/{SHOP}/purge"
    if form == "json":
        response = await client.post(url, json={"surrogate_keys": ["product-lamp", "home", "x"]})
    else:
        response = await client.post(url, headers={"Surrogate-Key": "product-lamp  home x"})
    assert response.status_code == 200
    one = rf'"product-lamp": "({PURGE_ID})-1", "home": "\1-2", "x": "\1-3"'
    assert re.fullmatch(rf"{{ {one} }}", response.text)
    assert "content-type" not in response.headers
    assert response.headers["fastly-surrogate-key-count"] == "3"
    states = [await state(client, each) for each in (LAMP, HOME, CHAIR)]
    assert states == ["absent", "absent", "fresh"]


async def test_a_soft_batch_marks_stale(client: httpx2.AsyncClient) -> None:
    await client.post(
        f"/service/{SHOP}/purge",
        json={"surrogate_keys": ["products"]},
        headers={"Fastly-Soft-Purge": "1"},
    )
    assert [await state(client, url) for url in (LAMP, CHAIR, HOME)] == ["stale", "stale", "fresh"]


async def test_a_batch_takes_256_keys_and_no_more(client: httpx2.AsyncClient) -> None:
    keys = [f"key-{number}" for number in range(257)]
    url = f"/service/{SHOP}/purge"
    assert (await client.post(url, json={"surrogate_keys": keys[:256]})).status_code == 200
    for response in (
        await client.post(url, json={"surrogate_keys": [*keys, "home"]}),
        await client.post(url, headers={"Surrogate-Key": " ".join([*keys, "home"])}),
    ):
        assert response.status_code == 400
        assert response.json() == {
            "status": "fail",
            "reason": "Batch surrogate key request only supports up to 256 surrogate keys",
        }
    assert await state(client, HOME) == "fresh"


async def test_a_key_named_twice_is_purged_once(client: httpx2.AsyncClient) -> None:
    url = f"/service/{SHOP}/purge"
    response = await client.post(url, json={"surrogate_keys": ["b", "a", "b"]})
    assert [*response.json()] == ["b", "a"]
    assert response.headers["Fastly-Surrogate-Key-Count"] == "2"


async def test_a_key_of_1024_bytes_is_the_longest(client: httpx2.AsyncClient) -> None:
    url = f"/service/{SHOP}/purge"
    assert (await client.post(f"{url}/{'k' * 1024}")).status_code == 200
    for response in (
        await client.post(f"{url}/{'k' * 1025}"),
        await client.post(url, json={"surrogate_keys": ["home", "é" * 513]}),
    ):
        assert (response.status_code, response.json()["status"]) == (400, "fail")
    assert await state(client, HOME) == "fresh"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"home"',
        b"null",
        b"{}",
        b'{"surrogate_keys": "home"}',
        b'{"surrogate_keys": []}',
        b'{"surrogate_keys": ["home", 1]}',
        b'{"surrogate_keys": ["home", ""]}',
        b'{"surrogate_keys": {"home": true}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_a_batch_without_a_list_of_keys_is_refused(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    response = await client.post(f"/service/{SHOP}/purge", content=body)
    assert (response.status_code, response.json()["msg"]) == (400, "Bad request")
    assert await state(client, HOME) == "fresh"


async def test_any_text_can_be_a_key(client: httpx2.AsyncClient) -> None:
    body = json.dumps({"surrogate_keys": ['a"b', "é", "\0"]}).encode()
    response = await client.post(f"/service/{SHOP}/purge", content=body)
    assert response.status_code == 200
    assert list(json.loads(response.content)) == ['a"b', "é", "\0"]


async def test_half_a_character_is_no_text(client: httpx2.AsyncClient) -> None:
    response = await client.post(
        f"/service/{SHOP}/purge", content=b'{"surrogate_keys":["\\ud800"]}'
    )
    assert (response.status_code, response.json()["msg"]) == (400, "Bad request")


async def test_purge_all_removes_everything_of_one_service_even_if_asked_softly(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.post(f"/service/{SHOP}/purge_all", headers={"Fastly-Soft-Purge": "1"})
    assert response.json() == {"status": "ok"}
    assert response.headers["status"] == "200 OK"
    states = [await state(client, url) for url in (HOME, LAMP, CHAIR, POSTS)]
    assert states == ["absent", "absent", "absent", "fresh"]


async def test_a_purge_of_staging_leaves_production_alone(client: httpx2.AsyncClient) -> None:
    staging = {"Fastly-Purge-Environment": "staging"}
    for path, headers in (
        ("purge/home", staging),
        ("purge", staging | {"Surrogate-Key": "home"}),
        ("purge_all", staging),
    ):
        response = await client.post(f"/service/{SHOP}/{path}", headers=headers)
        assert response.status_code == 200
    assert await state(client, HOME) == "fresh"


async def test_after_a_hard_purge_the_first_look_misses_and_the_next_hits(
    client: httpx2.AsyncClient,
) -> None:
    before = await check(client, LAMP)
    assert before[1:] == ("HIT", "420")
    await client.post(f"/purge/{LAMP}")
    first = await check(client, LAMP)
    second = await check(client, LAMP)
    assert (first[1:], second[1:]) == (("MISS", "0"), ("HIT", "0"))
    assert before[0] != first[0] == second[0]
    assert await state(client, LAMP) == "fresh"


async def test_after_a_soft_purge_the_first_look_still_serves_the_old_copy(
    client: httpx2.AsyncClient,
) -> None:
    before = await check(client, LAMP)
    await client.post(f"/purge/{LAMP}", headers={"Fastly-Soft-Purge": "1"})
    first = await check(client, LAMP)
    second = await check(client, LAMP)
    assert first == before
    assert second[1:] == ("HIT", "0")
    assert second[0] != before[0]


async def test_copies_grow_older_with_the_clock() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    transport = httpx2.ASGITransport(app=create_app(now=lambda: now))
    async with httpx2.AsyncClient(transport=transport, base_url="https://api.fastly.com") as client:
        ages = [(await edge(client, LAMP))["pops"][at]["age"] for at in (0, 19)]
        assert ages == [420, 8400]
        now += timedelta(minutes=1)
        assert (await edge(client, LAMP))["pops"][0]["age"] == 480


async def test_looking_fills_nothing_and_a_visitor_fills_every_pop(
    client: httpx2.AsyncClient,
) -> None:
    await client.post(f"/purge/{HOME}")
    assert [await state(client, HOME) for _ in range(2)] == ["absent", "absent"]
    response = await client.post("/_sandbox/request", params={"url": HOME})
    assert {pop["state"] for pop in response.json()["pops"]} == {"fresh"}
    assert {pop["age"] for pop in response.json()["pops"]} == {0}


async def test_what_the_origin_lacks_is_cached_as_a_404(client: httpx2.AsyncClient) -> None:
    url = f"{HOME}no-such-page"
    for x_cache in ("MISS", "HIT"):
        rows = (await client.get("/content/edge_check", params={"url": url})).json()
        assert {row["response"]["status"] for row in rows} == {404}
        assert {own_x_cache(row) for row in rows} == {x_cache}
        assert all("surrogate-key" not in row["response"]["headers"] for row in rows)
    await client.post(f"/service/{SHOP}/purge_all")
    assert await state(client, url) == "absent"


async def test_the_edge_holds_nothing_of_a_host_it_does_not_know(
    client: httpx2.AsyncClient,
) -> None:
    url = "https://elsewhere.example/"
    for _ in range(2):
        rows = (await client.get("/content/edge_check", params={"url": url})).json()
        assert {row["response"]["status"] for row in rows} == {500}
    response = await client.post("/_sandbox/request", params={"url": url})
    assert response.json()["service_id"] is None
    assert await state(client, url) == "absent"


async def test_an_edge_check_needs_a_url(client: httpx2.AsyncClient) -> None:
    for method, path in (
        ("GET", "/content/edge_check"),
        ("GET", "/_sandbox/edge"),
        ("POST", "/_sandbox/request?url="),
    ):
        assert (await client.request(method, path)).status_code == 400


async def test_starting_over_undoes_every_purge(client: httpx2.AsyncClient) -> None:
    before = await check(client, LAMP)
    await client.post(f"/service/{SHOP}/purge_all")
    response = await client.post("/_sandbox/reset", headers={"Fastly-Key": ""})
    assert response.json() == {"status": "ok"}
    assert await check(client, LAMP) == before
