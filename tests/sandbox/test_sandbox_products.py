"""What a service has switched on."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.seeds.model import Seed, SeedService

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"


def path(product: str, service_id: str = SHOP) -> str:
    return f"/enabled-products/v1/{product}/services/{service_id}"


async def test_a_product_of_the_seed_is_enabled(client: httpx2.AsyncClient) -> None:
    response = await client.get(path("brotli_compression"))
    assert response.status_code == 200
    assert response.json() == {
        "product": {"id": "brotli_compression", "object": "product"},
        "service": {"id": SHOP, "object": "service"},
        "_links": {"self": path("brotli_compression")},
    }


async def test_a_product_that_is_off_is_a_problem_sent_as_plain_json(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.get(path("websockets"))
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == {
        "type": "",
        "title": "no product on service",
        "status": 400,
        "errors": None,
        "detail": "",
    }


async def test_a_product_is_enabled_and_disabled(client: httpx2.AsyncClient) -> None:
    enabled = await client.put(path("websockets"), json={})
    assert enabled.json()["product"]["id"] == "websockets"
    assert (await client.get(path("websockets"))).json() == enabled.json()
    disabled = await client.delete(path("websockets"))
    assert (disabled.status_code, disabled.content) == (204, b"")
    assert disabled.headers["Content-Type"] == "application/json"
    assert (await client.get(path("websockets"))).status_code == 400


async def test_what_is_off_can_be_disabled_again(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(path("api_discovery"))).status_code == 204


@pytest.mark.parametrize(
    ("product", "default", "change"),
    [
        ("bot_management", {"contentguard": "off"}, {"contentguard": "on"}),
        ("ddos_protection", {"mode": "log"}, {"mode": "block"}),
    ],
)
async def test_a_configuration_starts_with_defaults_and_changes(
    client: httpx2.AsyncClient, product: str, default: dict[str, str], change: dict[str, str]
) -> None:
    await client.put(path(product))
    first = await client.get(path(product) + "/configuration")
    assert first.json()["configuration"] == default
    assert first.json()["_links"] == {"self": path(product) + "/configuration"}
    changed = await client.patch(path(product) + "/configuration", json=change)
    assert changed.json()["configuration"] == change
    again = await client.get(path(product) + "/configuration")
    assert again.json()["configuration"] == change


async def test_a_configuration_may_come_with_enabling(client: httpx2.AsyncClient) -> None:
    await client.put(path("ddos_protection"), json={"mode": "block"})
    response = await client.get(path("ddos_protection") + "/configuration")
    assert response.json()["configuration"] == {"mode": "block"}


async def test_the_waf_needs_a_workspace_and_answers_only_what_changed(
    client: httpx2.AsyncClient,
) -> None:
    refused = await client.put(path("ngwaf"), json={})
    assert (refused.status_code, refused.json()["title"]) == (400, "workspace_id is required")
    await client.put(path("ngwaf"), json={"workspace_id": "Wd3"})
    changed = await client.patch(path("ngwaf") + "/configuration", json={"traffic_ramp": "45"})
    assert changed.json()["configuration"] == {"traffic_ramp": "45"}
    whole = await client.get(path("ngwaf") + "/configuration")
    assert whole.json()["configuration"] == {"workspace_id": "Wd3", "traffic_ramp": "45"}


async def test_enabling_again_keeps_the_configuration(client: httpx2.AsyncClient) -> None:
    await client.put(path("ngwaf"), json={"workspace_id": "Wd3", "traffic_ramp": "10"})
    assert (await client.put(path("ngwaf"), json={})).status_code == 200
    whole = await client.get(path("ngwaf") + "/configuration")
    assert whole.json()["configuration"] == {"workspace_id": "Wd3", "traffic_ramp": "10"}


@pytest.mark.parametrize("ramp", ["101", "-1", "", "much", None, [], {}])
async def test_a_value_that_does_not_fit_is_refused(client: httpx2.AsyncClient, ramp: Any) -> None:
    await client.put(path("ngwaf"), json={"workspace_id": "Wd3"})
    given = {"traffic_ramp": ramp}
    response = await client.patch(path("ngwaf") + "/configuration", json=given)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"


async def test_a_configuration_cannot_be_read_or_changed_while_the_product_is_off(
    client: httpx2.AsyncClient,
) -> None:
    at = path("bot_management") + "/configuration"
    assert (await client.get(at)).json()["title"] == "no product on service"
    changed = await client.patch(at, json={"contentguard": "on"})
    assert (changed.status_code, changed.json()["title"]) == (400, "no product on service")


@pytest.mark.parametrize(
    ("product", "service_id"),
    [("fanout", SHOP), ("brotli_compression", EDGE_API), ("image_optimizer", EDGE_API)],
)
async def test_some_products_are_for_one_type_of_service(
    client: httpx2.AsyncClient, product: str, service_id: str
) -> None:
    response = await client.put(path(product, service_id), json={})
    assert response.status_code == 400
    assert "is not available" in response.json()["title"]


async def test_fanout_is_for_compute(client: httpx2.AsyncClient) -> None:
    assert (await client.put(path("fanout", EDGE_API), json={})).status_code == 200


async def test_the_services_of_a_product_are_listed_as_far_as_the_token_reaches(
    client: httpx2.AsyncClient,
) -> None:
    await client.put(path("origin_inspector", EDGE_API), json={})
    at = "/enabled-products/v1/origin_inspector/services"
    assert (await client.get(at)).json() == {
        "product": {"id": "origin_inspector", "object": "product"},
        "customer": {"id": CUSTOMER, "object": "customer"},
        "services": [SHOP, EDGE_API],
        "_links": {"self": at},
    }
    limited = await client.get(at, headers={"Fastly-Key": "sandbox-one-service"})
    assert limited.json()["services"] == [SHOP]


async def test_a_product_of_the_account_has_no_service(client: httpx2.AsyncClient) -> None:
    at = "/enabled-products/v1/kv_store"
    assert (await client.get(at)).status_code == 400
    enabled = await client.put(at, json={})
    assert enabled.json()["customer"] == {"id": CUSTOMER, "object": "customer"}
    assert (await client.get(at)).json() == enabled.json()
    assert (await client.delete(at)).status_code == 204
    assert (await client.get(at)).status_code == 400


@pytest.mark.parametrize(
    "at",
    [
        path("teleportation"),
        path("websockets") + "/configuration",
        "/enabled-products/v1/websockets",
        "/enabled-products/v1/teleportation/services",
    ],
)
async def test_what_is_no_product_is_not_covered(client: httpx2.AsyncClient, at: str) -> None:
    assert (await client.get(at)).status_code == 501


async def test_products_are_out_of_reach_for_other_tokens(client: httpx2.AsyncClient) -> None:
    limited = {"Fastly-Key": "sandbox-one-service"}
    assert (await client.get(path("fanout", EDGE_API), headers=limited)).status_code == 403
    reads = {"Fastly-Key": "sandbox-read"}
    assert (await client.put(path("websockets"), headers=reads)).status_code == 403
    assert (await client.get(path("fanout", "nobody"))).status_code == 404


async def test_log_tailing_is_no_product(client: httpx2.AsyncClient) -> None:
    tail = f"/service/{SHOP}/log_stream/managed/instance_output"
    assert (await client.post(tail)).status_code == 200
    assert (await client.post(tail)).status_code == 409
    assert (await client.delete(tail)).status_code == 200
    assert (await client.delete(tail)).status_code == 404


async def test_a_seed_cannot_enable_what_is_no_product() -> None:
    seed = Seed(services=[SeedService(name="shop", products=["websockets", "teleportation"])])
    with pytest.raises(SeedError, match=r"services\[0\]\.products: there is no 'teleportation'"):
        make_world(datetime(2026, 3, 1, 12, 0, tzinfo=UTC), seed)
