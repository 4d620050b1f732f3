"""What Fastly's own clients rely on without saying so."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"


@pytest.fixture
async def draft(client: httpx2.AsyncClient) -> str:
    """The path of a version that may be changed."""
    number = (await client.put(f"/service/{SHOP}/version/3/clone")).json()["number"]
    return f"/service/{SHOP}/version/{number}"


@pytest.mark.parametrize(
    ("given", "use_ssl"),
    [
        ({}, False),
        ({"port": "80"}, False),
        ({"port": "443"}, True),
        ({"port": 443}, True),
        ({"port": "8443"}, False),
        ({"port": "443", "use_ssl": "0"}, False),
        ({"port": "80", "use_ssl": "1"}, True),
    ],
)
async def test_port_443_means_tls_unless_use_ssl_is_given(
    client: httpx2.AsyncClient, draft: str, given: dict[str, str], use_ssl: bool
) -> None:
    new = {"name": "new", "address": "192.0.2.1"}
    made = (await client.post(f"{draft}/backend", data=new | given)).json()
    assert made["use_ssl"] is use_ssl


async def test_a_change_of_port_changes_tls_and_other_changes_do_not(
    client: httpx2.AsyncClient, draft: str
) -> None:
    backend = f"{draft}/backend/origin-eu"
    assert (await client.put(backend, data={"port": "80"})).json()["use_ssl"] is False
    assert (await client.put(backend, data={"port": "443"})).json()["use_ssl"] is True
    assert (await client.put(backend, data={"port": "8443"})).json()["use_ssl"] is True
    assert (await client.put(backend, data={"weight": "1"})).json()["use_ssl"] is True


async def test_a_rate_limiter_can_be_renamed_but_not_to_a_name_that_is_taken(
    client: httpx2.AsyncClient, draft: str
) -> None:
    made = [
        (await client.post(f"{draft}/rate-limiters", data={"name": name})).json()
        for name in ("login", "search")
    ]
    path = f"/rate-limiters/{made[0]['id']}"
    assert (await client.put(path, data={"name": "search"})).status_code == 409
    assert (await client.put(path, data={"name": "sign in"})).json()["name"] == "sign in"
    assert (await client.put(path, data={"name": "sign in"})).status_code == 200
    assert (await client.get(path)).json()["name"] == "sign in"


async def test_the_cli_is_told_that_there_is_no_sign_on(client: httpx2.AsyncClient) -> None:
    """It asks without a token before most commands, and gives up on a 5xx."""
    path = "/realms/fastly/.well-known/openid-configuration"
    answer = await client.get(path, headers={"Fastly-Key": ""})
    assert (answer.status_code, answer.json()) == (404, {"error": "Realm does not exist"})


@pytest.mark.parametrize(
    ("path", "resource_type"),
    [("config", "config"), ("kv", "kv-store"), ("secret", "secret-store")],
)
async def test_a_link_takes_over_the_name_and_the_type_of_its_store(
    client: httpx2.AsyncClient, draft: str, path: str, resource_type: str
) -> None:
    """The CLI sends an empty name unless it is given one."""
    store = (await client.post(f"/resources/stores/{path}", json={"name": "lamps"})).json()
    new = {"name": "", "resource_id": store["id"]}
    link = (await client.post(f"{draft}/resource", data=new)).json()
    assert (link["name"], link["resource_type"]) == ("lamps", resource_type)
    again = (await client.post(f"{draft}/resource", data=new | {"name": "shades"})).json()
    assert (again["name"], again["resource_id"]) == ("shades", store["id"])
