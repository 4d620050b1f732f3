"""The types of answers that no recording shows, some that only the seed gives, and the headers."""

from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox.services.kinds import BY_PLURAL, VCL_DETAILS, WASM_DETAILS
from tests.sandbox.recorded import differences, entries, parse

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
RECORDED = entries()


async def read(client: httpx2.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()


async def test_the_details_of_a_vcl_service_carry_all_its_objects(
    client: httpx2.AsyncClient,
) -> None:
    row = await read(client, f"/service/{SHOP}/details")
    shape = RECORDED["GET /service/{id}/details 200"].shape["version"]
    shape |= {plural: [...] for plural in VCL_DETAILS} | {"environments": [...]}
    for version in (row["active_version"], row["version"]):
        assert differences(shape, version, is_kin=True) == []
        for plural in set(VCL_DETAILS) - {"directors", "wordpress"}:
            made = f"POST /service/{{id}}/version/{{n}}/{BY_PLURAL[plural].path} 200"
            assert version[plural], plural
            assert differences([RECORDED[made].shape], version[plural], is_kin=True) == []


async def test_the_details_of_a_compute_service_carry_three_kinds(
    client: httpx2.AsyncClient,
) -> None:
    version = (await read(client, f"/service/{EDGE_API}/details"))["version"]
    assert version.keys().isdisjoint({*VCL_DETAILS, "settings"} - {*WASM_DETAILS})
    assert version.keys() >= {*WASM_DETAILS}


async def test_an_active_version_names_its_environment(client: httpx2.AsyncClient) -> None:
    production = [{"name": "production", "service_id": SHOP, "active_version": 3}]
    row = await read(client, f"/service/{SHOP}")
    assert row["environments"] == production
    assert [each["environments"] for each in row["versions"]] == [[], [], production, []]


@pytest.mark.parametrize("kind", ["domain", "backend"])
async def test_a_version_lists_the_same_rows_as_its_details(
    client: httpx2.AsyncClient, kind: str
) -> None:
    rows = await read(client, f"/service/{SHOP}/version/4/{kind}")
    details = await read(client, f"/service/{SHOP}/details?version=4")
    assert rows == details["version"][f"{kind}s"]
    assert {row["version"] for row in rows} == {4}


async def test_the_customer_is_the_same_by_both_ways(client: httpx2.AsyncClient) -> None:
    row = await read(client, "/current_customer")
    assert (row["id"], row["name"]) == ("8rESQedUStPKR0CsTy4Qwb", "Larkspur Outfitters")
    assert row == await read(client, f"/customer/{row['id']}")
    assert len(row) == 28


async def test_verify_names_customer_user_services_and_token(client: httpx2.AsyncClient) -> None:
    row = await read(client, "/verify")
    shape = parse(
        "{customer:{id:str,name:str},user:{id:str,login:str,name:str},services:{{service}:str},"
        "token:{created_at:ts,expires_at:null,id:str,name:str,scope:str}}"
    )
    assert differences(shape, row) == []
    assert (row["user"]["name"], row["services"][SHOP]) == ("Robin Ashby", "shop-prod")


async def test_sudo_ends_at_a_time_with_an_offset(client: httpx2.AsyncClient) -> None:
    asked = {"username": "robin@larkspur.example", "password": "any"}
    answer = (await client.post("/sudo", data=asked)).json()
    assert answer == {"expiry_time": "2026-03-01T12:05:00+00:00"}


async def test_the_edge_check_reports_every_pop(client: httpx2.AsyncClient) -> None:
    rows = await read(client, "/content/edge_check?url=https://www.larkspur.example/")
    assert len({row["pop"] for row in rows}) == 20
    for row in rows:
        headers = row["response"]["headers"]
        assert {type(value) for value in headers.values()} == {str}
        assert headers["surrogate-key"] == "home all"
        assert (headers["x-cache"], headers["content-length"]) == ("HIT", "18432")


async def test_a_pop_that_is_no_shield_has_no_shield_key(client: httpx2.AsyncClient) -> None:
    rows = await read(client, "/datacenters")
    for row in rows:
        more = parse("{billing_region:str,region:str,stats_region:str,..}")
        assert differences(more, row) == []
    assert 0 < sum("shield" in row for row in rows) < len(rows) == 20


async def test_the_address_list_needs_no_token(client: httpx2.AsyncClient) -> None:
    response = await client.get("/public-ip-list", headers={"Fastly-Key": ""})
    assert response.status_code == 200


async def test_a_classic_answer_has_the_classic_headers(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/service")).headers
    assert headers["date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert headers["status"] == "200 OK"
    assert headers["via"] == "1.1 varnish, 1.1 varnish"
    assert headers["cache-control"] == "no-store"
    assert "fastly-ratelimit-remaining" not in headers


async def test_domain_management_answers_without_a_status_header(
    client: httpx2.AsyncClient,
) -> None:
    headers = (await client.get("/domain-management/v1/domains")).headers
    assert "status" not in headers
    assert headers["via"] == "1.1 varnish"
    assert headers["x-content-type-options"] == "nosniff"
