"""Users, tokens and the audit log, where clients are particular."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SERVICE = "/service/u8jzPde0IgxLd6GncfBAep"


async def test_only_documented_events_are_recorded(client: httpx2.AsyncClient) -> None:
    newest = (await client.get("/events")).json()["data"][0]["id"]
    await client.put(f"{SERVICE}/version/4/settings", json={"general.default_ttl": 60})
    await client.put(f"{SERVICE}/version/4/backend/origin-eu", data={"weight": "10"})
    events = (await client.get("/events")).json()["data"]
    assert events[0]["attributes"]["event_type"] == "backend.update"
    assert events[1]["id"] == newest


async def test_a_user_has_what_was_said(client: httpx2.AsyncClient) -> None:
    said = {"login": "kit@larkspur.example", "name": "Kit", "role": "billing", "locked": "true"}
    made = (await client.post("/user", data=said)).json()
    assert made | said | {"locked": True} == made
    assert made["require_new_password"] is None
    changed = await client.put(f"/user/{made['id']}", data={"limit_services": "1", "name": "K"})
    assert changed.json() == made | {"limit_services": True, "name": "K"}


@pytest.mark.parametrize("wrong", [{"role": []}, {"role": "king"}, {"name": {}}, {"login": "kit"}])
async def test_a_user_that_does_not_fit_is_refused(
    client: httpx2.AsyncClient, wrong: dict[str, object]
) -> None:
    refused = await client.post("/user", json={"login": "kit@larkspur.example"} | wrong)
    assert refused.status_code == 400


async def test_a_revoked_automation_token_leaves_an_empty_answer(
    client: httpx2.AsyncClient,
) -> None:
    token = (await client.get("/automation-tokens")).json()["data"][0]
    revoked = await client.delete(f"/automation-tokens/{token['id']}")
    assert (revoked.status_code, revoked.content) == (204, b"")


async def test_the_services_of_an_automation_token_are_ids(client: httpx2.AsyncClient) -> None:
    asked = {"name": "one", "scope": "global:read", "services": [SERVICE.rpartition("/")[2]]}
    made = (await client.post("/automation-tokens", json=asked)).json()
    services = (await client.get(f"/automation-tokens/{made['id']}/services")).json()
    assert services["data"] == asked["services"]


async def test_a_new_kafka_endpoint_tells_its_format_version_as_a_number_once(
    client: httpx2.AsyncClient,
) -> None:
    path = f"{SERVICE}/version/4/logging/kafka"
    made = (await client.post(path, data={"name": "log", "format_version": "2"})).json()
    assert made["format_version"] == 2
    assert (await client.get(f"{path}/log")).json()["format_version"] == "2"
