"""Listing, finding and inspecting services as Fastly lets one."""

import re
import time
from datetime import UTC, datetime

import httpx2
import pytest

from fastly_mcp.sandbox import create_app

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
TENANTS = "isAjIhKtJ0RlgLKOmxgJTe"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
DOMAINS = "/domain-management/v1/domains"


def client_of(services: int) -> httpx2.AsyncClient:
    app = create_app(services=services, now=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox", "Sandbox-Door": "1"},
    )


async def names(client: httpx2.AsyncClient, query: str) -> list[str]:
    return [row["name"] for row in (await client.get(f"/service?{query}")).json()]


async def test_the_six_services_have_their_ids_and_active_versions(
    client: httpx2.AsyncClient,
) -> None:
    rows = {row["name"]: row for row in (await client.get("/service")).json()}
    assert {name: (row["id"], row["type"], row["version"]) for name, row in rows.items()} == {
        "shop-prod": (SHOP, "vcl", 3),
        "blog": ("fJBd0Kh8oOOL8dKLzdocJ2", "vcl", 2),
        "tenants": (TENANTS, "vcl", 1),
        "admin": ("KdNnFRIBXuDL7DxtpYlSXp", "vcl", 5),
        "edge-api": (EDGE_API, "wasm", 7),
        "legacy-downloads": ("c9QeWJKY40uvSwMFLZDe1f", "vcl", 2),
    }
    assert not any(row["paused"] for row in rows.values())


async def test_the_default_order_is_by_creation_and_can_be_turned(
    client: httpx2.AsyncClient,
) -> None:
    oldest_first = await names(client, "")
    assert oldest_first[0] == "legacy-downloads"
    assert await names(client, "sort=created&direction=descend") == oldest_first[::-1]
    assert await names(client, "sort=name") == sorted(oldest_first)
    assert await names(client, "sort=nonsense") == oldest_first


async def test_one_page_has_no_link_header(client: httpx2.AsyncClient) -> None:
    assert "link" not in (await client.get("/service?per_page=6")).headers


@pytest.mark.parametrize(
    ("page", "links"),
    [
        (1, [("last", 3), ("next", 2)]),
        (2, [("last", 3), ("next", 3), ("prev", 1), ("first", 1)]),
        (3, [("prev", 2), ("first", 1)]),
    ],
)
async def test_links_come_in_the_recorded_order(
    client: httpx2.AsyncClient, page: int, links: list[tuple[str, int]]
) -> None:
    response = await client.get(f"/service?direction=descend&page={page}&per_page=2&sort=created")
    assert len(response.json()) == 2
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers["link"])
    address = "https://api.fastly.com/service?direction=descend&page={}&per_page=2&sort=created"
    assert found == [(address.format(number), rel) for rel, number in links]


async def test_a_page_beyond_the_last_is_empty(client: httpx2.AsyncClient) -> None:
    response = await client.get("/service?page=9&per_page=6")
    assert response.json() == []
    assert "link" not in response.headers


async def test_from_a_page_beyond_the_last_the_way_back_is_to_the_last(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.get("/service?page=9&per_page=2")
    found = re.findall(r'[?&]page=(\d+)[^>]*>; rel="(\w+)"', response.headers["link"])
    assert found == [("3", "prev"), ("1", "first")]
    beyond = (await client.get("/events?page[number]=99&page[size]=5")).json()
    last = re.search(r"page\[number\]=(\d+)", beyond["links"]["last"])
    assert last
    assert f"page[number]={last[1]}&" in beyond["links"]["prev"]


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=-1", "per_page=0", "per_page="])
async def test_a_senseless_page_is_the_default_one(client: httpx2.AsyncClient, query: str) -> None:
    assert len(await names(client, query)) == 6


async def test_what_a_link_echoes_cannot_break_the_header(client: httpx2.AsyncClient) -> None:
    response = await client.get("/service", params={"per_page": 1, "sort": "\r\nX-Bad: 1, ☃"})
    assert response.status_code == 200
    assert "%0D%0AX-Bad" in response.headers["link"]


async def test_a_thousand_services_are_made_quickly_and_differ() -> None:
    started = time.perf_counter()
    client = client_of(1000)
    assert time.perf_counter() - started < 5
    async with client:
        # So many were recorded on one page.
        first = await client.get("/service?per_page=200")
        assert len(first.json()) == 200
        assert "page=5&per_page=200&" in first.headers["link"]
        rows = [
            row
            for page in range(1, 11)
            for row in (await client.get(f"/service?per_page=100&page={page}")).json()
        ]
        assert len({row["id"] for row in rows}) == len({row["name"] for row in rows}) == 1000
        bulk = [row for row in rows if row["name"].startswith("bulk-")]
        assert {row["type"] for row in bulk} == {"vcl", "wasm"}
        assert sum(row["paused"] for row in bulk) == 20
        assert {len(row["versions"]) for row in bulk} == {1, 2, 3, 4}
        idle = next(row for row in bulk if not any(each["active"] for each in row["versions"]))
        assert idle["version"] == len(idle["versions"])
        assert (await client.get(f"/service/{idle['id']}/details")).json()["active_version"] is None
        assert (await client.get(f"/service/{idle['id']}/version/active")).status_code == 404
        (domain,) = (await client.get(f"/service/{idle['id']}/domain")).json()
        assert domain["name"] == f"svc-{idle['name'][-4:]}.bulk.larkspur.example"
        purge = await client.post(f"/purge/{domain['name']}/")
        assert purge.status_code == 404
        everything = await client.get(
            f"/service/{idle['id']}/details", params={"filter[versions.active]": "true"}
        )
        assert len(everything.json()["versions"]) == len(idle["versions"])


async def test_the_same_number_makes_the_same_world() -> None:
    async with client_of(40) as one, client_of(40) as other:
        assert (await one.get("/service?per_page=100")).content == (
            await other.get("/service?per_page=100")
        ).content


async def test_two_sandboxes_share_nothing() -> None:
    async with client_of(6) as one, client_of(6) as other:
        await one.post(f"/service/{SHOP}/purge_all")
        looks = [
            (await each.get("/_sandbox/edge?url=www.larkspur.example/")).json()["pops"][0]["state"]
            for each in (one, other)
        ]
        assert looks == ["absent", "fresh"]


async def test_an_unknown_service_is_a_record_not_found(client: httpx2.AsyncClient) -> None:
    for rest in ("", "/details", "/domain", "/version", "/version/1", "/version/1/backend"):
        response = await client.get(f"/service/0123456789012345678901{rest}")
        assert response.status_code == 404
        assert response.headers["status"] == "404 Not Found"
        assert response.json()["msg"] == "Record not found"


@pytest.mark.parametrize("number", ["5", "0", "-1", "latest", "03", "%F0%9F%92%A9"])
async def test_an_unknown_version_is_a_record_not_found(
    client: httpx2.AsyncClient, number: str
) -> None:
    for path in (f"/version/{number}", f"/version/{number}/domain", f"/details?version={number}"):
        response = await client.get(f"/service/{SHOP}{path}")
        assert response.status_code == 404
        assert "Couldn't find Version" in response.json()["detail"]


async def test_versions_lock_when_they_have_been_active(client: httpx2.AsyncClient) -> None:
    rows = (await client.get(f"/service/{SHOP}/version")).json()
    assert [(row["number"], row["locked"], row["active"]) for row in rows] == [
        (1, True, False),
        (2, True, False),
        (3, True, True),
        (4, False, False),
    ]
    assert rows[3]["comment"] == "Try a longer TTL"
    assert (await client.get(f"/service/{SHOP}/version/active")).json() == rows[2]
    assert (await client.get(f"/service/{SHOP}/version/3")).json() == rows[2]


async def test_details_show_the_active_version_and_the_newest_even_if_it_is_a_draft(
    client: httpx2.AsyncClient,
) -> None:
    details = (await client.get(f"/service/{SHOP}/details")).json()
    assert (details["active_version"]["number"], details["version"]["number"]) == (3, 4)
    domains = [
        [row["name"] for row in details[which]["domains"]]
        for which in ("active_version", "version")
    ]
    active = ["www.larkspur.example", "shop.larkspur.example"]
    assert domains == [active, [*active, "new.larkspur.example"]]
    shielded = details["active_version"]["backends"][0]
    assert (shielded["shield"], shielded["healthcheck"]) == ("amsterdam-nl", "origin-eu-up")


async def test_details_of_an_asked_version(client: httpx2.AsyncClient) -> None:
    details = (await client.get(f"/service/{SHOP}/details?version=1")).json()
    assert (details["active_version"]["number"], details["version"]["number"]) == (3, 1)


async def test_only_the_filter_for_active_versions_leaves_versions_out(
    client: httpx2.AsyncClient,
) -> None:
    async def numbers(key: str) -> list[int]:
        response = await client.get(f"/service/{SHOP}/details", params={key: "true"})
        return [row["number"] for row in response.json()["versions"]]

    assert await numbers("filter[versions.active]") == [3]
    assert await numbers("filter[versions.staged]") == [1, 2, 3, 4]


async def test_the_domains_of_a_service_are_those_of_its_active_version(
    client: httpx2.AsyncClient,
) -> None:
    rows = (await client.get(f"/service/{SHOP}/domain")).json()
    assert [row["name"] for row in rows] == ["www.larkspur.example", "shop.larkspur.example"]
    assert (await client.get(f"/service/{TENANTS}/domain")).json()[0]["name"] == (
        "*.tenants.larkspur.example"
    )


async def test_a_search_is_for_the_exact_name(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/service/search?name=shop-prod")).json()["id"] == SHOP
    for name in ("shop", "SHOP-PROD"):
        response = await client.get(f"/service/search?name={name}")
        assert response.status_code == 404
        assert response.json()["msg"] == "Record not found"
    assert (await client.get("/service/search")).status_code == 400


async def test_another_customer_cannot_be_read(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/customer/someone-else")).status_code == 404


async def managed(client: httpx2.AsyncClient, **query: str) -> list[str]:
    response = await client.get(DOMAINS, params=query)
    return [row["fqdn"] for row in response.json()["data"]]


async def test_domain_management_looks_inside_names_unless_told_to_match_exactly(
    client: httpx2.AsyncClient,
) -> None:
    every = ["api.larkspur.example", "status.larkspur.example", "summer.larkspur.example"]
    assert await managed(client) == every
    assert await managed(client, sort="-fqdn") == every[::-1]
    assert await managed(client, fqdn="larkspur.example") == every
    assert await managed(client, fqdn="larkspur.example", fqdn_match="exact") == []
    assert await managed(client, fqdn="API.larkspur.example", fqdn_match="exact") == every[:1]


async def test_domain_management_filters(client: httpx2.AsyncClient) -> None:
    assert len(await managed(client, service_id=EDGE_API)) == 2
    assert await managed(client, service_id=SHOP) == []
    assert await managed(client, activated="false") == ["summer.larkspur.example"]
    assert await managed(client, verified="false") == ["summer.larkspur.example"]
    assert len(await managed(client, activated="true", verified="true")) == 2


async def test_domain_management_pages_by_cursor(client: httpx2.AsyncClient) -> None:
    first = (await client.get(f"{DOMAINS}?limit=1")).json()
    assert first["meta"] == {"limit": 1, "total": 3, "next_cursor": "1"}
    second = (await client.get(f"{DOMAINS}?limit=2&cursor=1")).json()
    assert second["data"][0]["fqdn"] == "status.larkspur.example"
    assert second["data"][1]["service_id"] is None
    assert "next_cursor" not in second["meta"]


@pytest.mark.parametrize("cursor", ["-1", "x", "٣", "9" * 5000])
async def test_a_made_up_cursor_is_refused(client: httpx2.AsyncClient, cursor: str) -> None:
    response = await client.get(DOMAINS, params={"cursor": cursor})
    assert response.status_code == 400
    assert response.json()["errors"][0]["title"] == "Invalid value for cursor"
