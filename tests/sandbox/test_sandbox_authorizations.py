"""Service authorizations: a user's permission for one service."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

BLOG, SAM = "fJBd0Kh8oOOL8dKLzdocJ2", "3kQvW0bJtYyHn6sGd1RzPe"
SEEDED = "xKJynyOuzDVHJLj8SB5wcF"
PATH = "/service-authorizations"


def document(permission: object, service: str = BLOG, user: str = SAM) -> dict[str, Any]:
    return {
        "data": {
            "type": "service_authorization",
            "attributes": {"permission": permission},
            "relationships": {
                "service": {"data": {"type": "service", "id": service}},
                "user": {"data": {"type": "user", "id": user}},
            },
        }
    }


@pytest.mark.parametrize("permission", ["full", "read_only", "purge_select", "purge_all"])
async def test_each_permission_can_be_given(client: httpx2.AsyncClient, permission: str) -> None:
    response = await client.post(PATH, json=document(permission))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/vnd.api+json"
    data = response.json()["data"]
    assert data["attributes"]["permission"] == permission
    assert data["relationships"] == {
        "service": {"data": {"id": BLOG, "type": "service"}},
        "user": {"data": {"id": SAM, "type": "user"}},
    }
    assert (await client.get(f"{PATH}/{data['id']}")).json()["data"] == data


async def test_other_permissions_services_and_users_are_refused(
    client: httpx2.AsyncClient,
) -> None:
    for permission in ("everything", None, ["full"]):
        refused = await client.post(PATH, json=document(permission))
        assert refused.status_code == 400
        assert refused.json()["detail"].startswith("Permission must be one of")
    assert (await client.post(PATH, json=document("full", service="none"))).status_code == 404
    assert (await client.post(PATH, json=document("full", user="none"))).status_code == 404
    assert (await client.get(PATH)).json()["meta"]["record_count"] == 1


async def test_the_permission_can_be_changed_and_nothing_else(client: httpx2.AsyncClient) -> None:
    before = (await client.get(f"{PATH}/{SEEDED}")).json()["data"]
    response = await client.patch(f"{PATH}/{SEEDED}", json=document("purge_all"))
    after = response.json()["data"]
    assert after["attributes"]["permission"] == "purge_all"
    assert after["relationships"] == before["relationships"]
    assert after["attributes"]["updated_at"] > before["attributes"]["updated_at"]
    assert "Fastly-RateLimit-Remaining" in response.headers


async def test_one_that_is_gone_is_not_found_in_the_older_form(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(f"{PATH}/{SEEDED}")).status_code == 204
    again = await client.delete(f"{PATH}/{SEEDED}")
    assert again.status_code == 404
    assert again.headers["Content-Type"] == "application/json"
    assert again.json() == {
        "msg": "Record not found",
        "detail": f"Cannot find serviceauthorization '{SEEDED}'",
    }


async def test_lists_link_only_to_pages_that_are_there(client: httpx2.AsyncClient) -> None:
    await client.post(PATH, json=document("full"))
    start = f"https://api.fastly.com{PATH}?page%5Bnumber%5D="
    one = (await client.get(f"{PATH}?page[size]=10")).json()
    assert one["links"] == {"last": f"{start}1&page%5Bsize%5D=10"}
    assert one["meta"]["record_count"] == 2
    first = (await client.get(f"{PATH}?page[size]=1")).json()
    assert first["links"] == {
        "last": f"{start}2&page%5Bsize%5D=1",
        "next": f"{start}2&page%5Bsize%5D=1",
    }


async def test_reading_takes_a_token_that_reads(client: httpx2.AsyncClient) -> None:
    reading = {"Fastly-Key": "sandbox-read"}
    assert (await client.get(PATH, headers=reading)).status_code == 200
    refused = await client.post(PATH, json=document("full"), headers=reading)
    assert refused.status_code == 403
