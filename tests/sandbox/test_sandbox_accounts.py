"""Tokens are made, used and revoked; users come and go; the audit log tells what Fastly tells."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"
SAM = "3kQvW0bJtYyHn6sGd1RzPe"
NOW = "2026-03-01T12:00:00Z"
OTHER = "c9QeWJKY40uvSwMFLZDe1f"
BULK = "application/vnd.api+json; ext=bulk"


async def made(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/tokens", json={"name": "new", **fields})
    assert response.status_code == 200, response.text
    row: dict[str, Any] = response.json()
    return row


async def status(client: httpx2.AsyncClient, token: str, method: str, path: str) -> int:
    return (await client.request(method, path, headers={"Fastly-Key": token})).status_code


async def types(client: httpx2.AsyncClient) -> list[str]:
    """Of the events since the start, newest first."""
    rows = (await client.get("/events?page[size]=100")).json()["data"]
    return [
        row["attributes"]["event_type"] for row in rows if row["attributes"]["created_at"] == NOW
    ]


async def test_a_new_token_shows_its_value_once(client: httpx2.AsyncClient) -> None:
    row = await made(client, scope="global:read")
    value = row["access_token"]
    assert value.startswith("sandbox")
    assert "scopes" not in row
    for path in ("/tokens", f"/customer/{CUSTOMER}/tokens", "/events", "/_sandbox/log"):
        assert value not in (await client.get(path)).text
    listed = (await client.get("/tokens")).json()
    (again,) = [each for each in listed if each["id"] == row["id"]]
    assert (again["scopes"], again["scope"]) == (["global:read"], "global:read")
    assert (again["last_used_at"], again["ip"], again["user_agent"]) == (None, None, None)
    assert await status(client, value, "GET", "/service") == 200
    used = (await client.get("/tokens/self", headers={"Fastly-Key": value})).json()
    assert (used["id"], used["last_used_at"]) == (row["id"], "2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        (None, (200, 200, 200, 200)),
        ("global", (200, 200, 200, 200)),
        ("global:read", (200, 403, 403, 403)),
        ("purge_select", (403, 403, 200, 403)),
        ("purge_all", (403, 403, 403, 200)),
        ("purge_all purge_select global:read", (200, 403, 200, 200)),
    ],
)
async def test_a_new_token_reaches_what_its_scopes_open(
    client: httpx2.AsyncClient, scope: str | None, reached: tuple[int, ...]
) -> None:
    value, path = (await made(client, scope=scope))["access_token"], f"/service/{SHOP}"
    assert reached == (
        await status(client, value, "GET", path),
        await status(client, value, "PUT", f"{path}/version/4"),
        await status(client, value, "POST", f"{path}/purge/home"),
        await status(client, value, "POST", f"{path}/purge_all"),
    )


@pytest.mark.parametrize("scope", ["root", "global root", "global,purge_all", " ", ["global"]])
async def test_a_scope_that_is_none_is_refused(client: httpx2.AsyncClient, scope: Any) -> None:
    refused = await client.post("/tokens", json={"name": "x", "scope": scope})
    assert (refused.status_code, refused.json()) == (400, {"msg": "invalid_scope"})


@pytest.mark.parametrize(
    "body",
    [
        f"services[]={SHOP}&services[]={BLOG}",
        f"services[0]={SHOP}&services[1]={BLOG}",
        f"services={SHOP}&services={BLOG}",
    ],
)
async def test_a_new_token_may_be_limited_to_services(
    client: httpx2.AsyncClient, body: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    row = (await client.post("/tokens", content=f"name=two&{body}", headers=form)).json()
    assert (row["services"], row["service_id"]) == ([SHOP, BLOG], BLOG)
    value = row["access_token"]
    listed = (await client.get("/service", headers={"Fastly-Key": value})).json()
    assert {each["id"] for each in listed} == {SHOP, BLOG}
    for service_id, expected in ((SHOP, 200), (BLOG, 200), (OTHER, 403)):
        assert await status(client, value, "GET", f"/service/{service_id}/details") == expected
        assert await status(client, value, "POST", f"/service/{service_id}/purge_all") == expected


@pytest.mark.parametrize("services", ["none", ["none"], [SHOP, "none"], [[SHOP]], [{}], 5, True])
async def test_a_token_cannot_be_limited_to_what_is_not_there(
    client: httpx2.AsyncClient, services: Any
) -> None:
    before = (await client.get("/tokens")).json()
    refused = await client.post("/tokens", json={"name": "x", "services": services})
    assert (refused.status_code, refused.json()["msg"]) == (404, "Record not found")
    assert len((await client.get("/tokens")).json()) == len(before)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-03-01T13:00:00+01:00", None),
        ("2026-03-01T12:00:01Z", "2026-03-01T12:00:01Z"),
        ("2026-03-02T00:00:00+02:00", "2026-03-01T22:00:00Z"),
        ("2026-03-02", "2026-03-02T00:00:00Z"),
        ("2020-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("soon", None),
        (5, None),
    ],
)
async def test_a_token_expires_in_the_future_or_not_at_all(
    client: httpx2.AsyncClient, sent: Any, kept: str | None
) -> None:
    response = await client.post("/tokens", json={"name": "x", "expires_at": sent})
    if kept is None:
        assert (response.status_code, response.json()) == (422, {"msg": "Invalid expires_at"})
    else:
        assert response.json()["expires_at"] == kept


async def test_a_revoked_token_is_unknown_from_then_on(client: httpx2.AsyncClient) -> None:
    row = await made(client)
    revoked = await client.delete(f"/tokens/{row['id']}")
    assert (revoked.status_code, revoked.content) == (204, b"")
    assert await status(client, row["access_token"], "GET", "/service") == 401
    assert (await client.delete(f"/tokens/{row['id']}")).status_code == 404


async def test_a_token_may_revoke_itself_whatever_its_scope(client: httpx2.AsyncClient) -> None:
    for scope in ("global", "global:read", "purge_select"):
        value = (await made(client, scope=scope))["access_token"]
        assert await status(client, value, "DELETE", "/tokens/self") == 204
        assert await status(client, value, "GET", "/tokens/self") == 401


async def test_tokens_are_revoked_in_bulk_wholly_or_not_at_all(client: httpx2.AsyncClient) -> None:
    rows = [await made(client) for _ in range(2)]
    data = [{"type": "token", "id": row["id"]} for row in rows]

    async def revoke(data: Any, media_type: str = BULK) -> int:
        return (
            await client.request(
                "DELETE", "/tokens", json={"data": data}, headers={"Content-Type": media_type}
            )
        ).status_code

    assert await revoke([*data, {"type": "token", "id": "none"}]) == 404
    assert await revoke(data, "application/json") == 400
    assert await revoke(["x"]) == 400
    for row in rows:
        assert await status(client, row["access_token"], "GET", "/service") == 200
    assert await revoke([*data, data[0]]) == 204
    for row in rows:
        assert await status(client, row["access_token"], "GET", "/service") == 401


@pytest.mark.parametrize("name", [["a"], [[1]], {"a": 1}])
@pytest.mark.parametrize(
    ("path", "field", "rest"),
    [
        ("/tokens", "name", {}),
        ("/automation-tokens", "name", {}),
        ("/domain-management/v1/domains", "description", {"fqdn": "new.larkspur.example"}),
    ],
)
async def test_what_is_no_text_is_refused(
    client: httpx2.AsyncClient, path: str, field: str, rest: dict[str, str], name: Any
) -> None:
    refused = await client.post(path, json={**rest, field: name})
    assert refused.status_code == 400
    assert (await client.post(path, json={**rest, field: None})).status_code in {200, 201}


async def test_a_user_has_a_hundred_live_tokens_at_most(client: httpx2.AsyncClient) -> None:
    rows = (await client.get("/tokens")).json()
    live = [row for row in rows if not row["expires_at"] or row["expires_at"] > NOW]
    assert len(live) < len(rows)
    statuses = [
        (await client.post("/tokens", data={"name": str(at)})).status_code for at in range(100)
    ]
    assert statuses.count(200) == 100 - len(live)
    assert set(statuses[-len(live) :]) == {400}
    sam = await client.post("/tokens", data={"name": "x"}, headers={"Fastly-Key": "sandbox-sam"})
    assert sam.status_code == 200


async def test_automation_tokens_do_not_count(client: httpx2.AsyncClient) -> None:
    for at in range(101):
        response = await client.post("/automation-tokens", json={"name": str(at)})
        assert response.status_code == 200, response.text
    assert (await client.post("/tokens", data={"name": "x"})).status_code == 200


@pytest.mark.parametrize("path", ["/tokens", "/automation-tokens"])
async def test_a_limited_token_makes_tokens_with_its_own_limits(
    client: httpx2.AsyncClient, path: str
) -> None:
    client.headers["Fastly-Key"] = (await made(client, services=[SHOP, BLOG]))["access_token"]
    every = (await client.post(path, json={"name": "x"})).json()
    assert every["services"] == [SHOP, BLOG]
    one = (await client.post(path, json={"name": "x", "services": [BLOG]})).json()
    assert one["services"] == [BLOG]
    assert await status(client, one["access_token"], "GET", f"/service/{SHOP}") == 403
    before = await client.get(f"/customer/{CUSTOMER}/tokens")
    for services in ([OTHER], [SHOP, OTHER], OTHER):
        refused = await client.post(path, json={"name": "x", "services": services})
        assert refused.status_code == 403
    after = await client.get(f"/customer/{CUSTOMER}/tokens")
    assert len(after.json()) == len(before.json())


async def test_a_limited_token_makes_no_services(client: httpx2.AsyncClient) -> None:
    client.headers["Fastly-Key"] = (await made(client, services=[SHOP]))["access_token"]
    assert (await client.post("/service", data={"name": "more"})).status_code == 403
    assert len((await client.get("/service")).json()) == 1


@pytest.mark.parametrize("scope", ["purge_select", "purge_all purge_select global:read"])
@pytest.mark.parametrize("path", ["/tokens", "/automation-tokens", "/sudo"])
async def test_a_token_that_is_not_global_makes_no_tokens(
    client: httpx2.AsyncClient, path: str, scope: str
) -> None:
    token = (await made(client, scope=scope))["access_token"]
    body = {"name": "x", "scope": "purge_select", "username": "kit", "password": "x"}
    refused = await client.post(path, json=body, headers={"Fastly-Key": token})
    assert refused.status_code == 403


async def test_users_see_their_own_tokens_and_the_customer_has_all(
    client: httpx2.AsyncClient,
) -> None:
    (sams,) = (await client.get("/tokens", headers={"Fastly-Key": "sandbox-sam"})).json()
    own = (await client.get("/tokens")).json()
    every = (await client.get(f"/customer/{CUSTOMER}/tokens")).json()
    assert (sams["name"], sams["user_id"]) == ("Sam's laptop", SAM)
    assert [row["id"] for row in every] == [*(row["id"] for row in own), sams["id"]]
    assert (await client.get("/customer/other/tokens")).status_code == 404


async def test_an_automation_token_has_three_shapes(client: httpx2.AsyncClient) -> None:
    asked = {"name": "robot", "role": "engineer", "scope": "global:read purge_all"}
    created = (await client.post("/automation-tokens", json=asked)).json()
    assert (created["expires_at"], created["ip"], created["last_used_at"]) == ("", "", "")
    assert created["scope"] == "global:read purge_all"
    listed = (await client.get("/automation-tokens")).json()
    (row,) = [each for each in listed["data"] if each["id"] == created["id"]]
    assert (row["scopes"], row["expires_at"], row["access_token"]) == (asked["scope"], None, "")
    assert listed["meta"]["record_count"] == len(listed["data"]) == 2
    alone = (await client.get(f"/automation-tokens/{created['id']}")).json()
    assert (alone["scope"], alone["services"], alone["access_token"]) == (asked["scope"], None, "")
    value = created["access_token"]
    assert await status(client, value, "GET", "/service") == 200
    assert await status(client, value, "PUT", f"/service/{SHOP}/version/4") == 403
    assert created["id"] not in [each["id"] for each in (await client.get("/tokens")).json()]
    revoked = await client.delete(f"/automation-tokens/{created['id']}")
    assert revoked.status_code == 204
    assert await status(client, value, "GET", "/service") == 401
    assert (await client.get(f"/automation-tokens/{created['id']}")).status_code == 404


async def test_a_token_of_a_user_is_no_automation_token(client: httpx2.AsyncClient) -> None:
    row = await made(client)
    for method in ("GET", "DELETE"):
        response = await client.request(method, f"/automation-tokens/{row['id']}")
        assert response.status_code == 404


async def test_a_user_takes_their_tokens_along(client: httpx2.AsyncClient) -> None:
    assert await status(client, "sandbox-sam", "GET", "/service") == 200
    assert (await client.delete(f"/user/{SAM}")).json() == {"status": "ok"}
    assert await status(client, "sandbox-sam", "GET", "/service") == 401
    assert (await client.get(f"/user/{SAM}")).status_code == 404
    (left,) = (await client.get(f"/customer/{CUSTOMER}/users")).json()
    assert (await client.delete(f"/user/{left['id']}")).status_code == 400


async def test_a_login_is_one_users_alone(client: httpx2.AsyncClient) -> None:
    for method, path in (("POST", "/user"), ("PUT", "/user/8DwkNhFdnXsiVpzz63FfkC")):
        taken = await client.request(method, path, data={"login": "sam@larkspur.example"})
        assert (taken.status_code, taken.json()["detail"]) == (
            409,
            "Duplicate user: 'sam@larkspur.example'",
        )
        wrong = await client.request(method, path, data={"login": "sam"})
        assert wrong.status_code == 400


async def test_verify_tells_of_the_token_that_asks(client: httpx2.AsyncClient) -> None:
    row = await made(client, scope="global:read", services=[BLOG], expires_at="2026-03-02")
    said = (await client.get("/verify", headers={"Fastly-Key": row["access_token"]})).json()
    assert said["services"] == {BLOG: "blog"}
    assert said["token"] == {
        "id": row["id"],
        "name": "new",
        "created_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-02T00:00:00Z",
        "scope": "global:read",
    }
    sam = (await client.get("/verify", headers={"Fastly-Key": "sandbox-sam"})).json()
    assert (sam["user"]["login"], sam["token"]["name"]) == ("sam@larkspur.example", "Sam's laptop")


async def test_of_purges_the_log_has_only_those_of_everything(client: httpx2.AsyncClient) -> None:
    await client.post("/purge/https://www.larkspur.example/")
    await client.post(f"/service/{SHOP}/purge/home")
    await client.post(f"/service/{SHOP}/purge", json={"surrogate_keys": ["home"]})
    assert await types(client) == []
    await client.post(f"/service/{SHOP}/purge_all")
    assert await types(client) == ["service.purge_all"]
    event = (await client.get("/events")).json()["data"][0]
    attributes = event["attributes"]
    assert (attributes["service_id"], attributes["ip"]) == (SHOP, "192.0.2.7")
    token = (await client.get("/tokens/self")).json()
    assert (attributes["token_id"], attributes["user_id"]) == (token["id"], token["user_id"])
    assert (await client.get(f"/events/{event['id']}")).json() == {"data": event}


async def test_what_is_refused_leaves_no_event(client: httpx2.AsyncClient) -> None:
    await client.post(f"/service/{SHOP}/version/3/backend", data={"name": "x"})
    await client.post(f"/service/{SHOP}/version/4/backend", data={"name": "origin-eu"})
    await client.post("/service", data={"name": "shop-prod"})
    await client.post(f"/service/{SHOP}/purge_all", headers={"Fastly-Key": "sandbox-read"})
    assert await types(client) == []


async def test_changes_are_in_the_log_newest_first(client: httpx2.AsyncClient) -> None:
    await client.put(f"/service/{SHOP}/version/4/clone")
    backend = {"name": "new", "address": "origin.example"}
    await client.post(f"/service/{SHOP}/version/5/backend", data=backend)
    await client.delete(f"/service/{SHOP}/version/5/backend/new")
    await client.put(f"/service/{SHOP}/version/5/activate")
    token = await made(client)
    await client.delete(f"/tokens/{token['id']}")
    newest = await types(client)
    assert newest[:2] == ["token.destroy", "token.create"]
    assert newest[-2:] == ["backend.create", "version.clone"]
    assert {"version.activate", "backend.delete"} < {*newest}


async def test_the_log_is_filtered_and_paged(client: httpx2.AsyncClient) -> None:
    async def found(**query: str) -> list[str]:
        rows = (await client.get("/events", params=query)).json()["data"]
        return [row["attributes"]["event_type"] for row in rows]

    every = await found()
    assert every[::-1] == [
        "token.create",
        "version.activate",
        "service.purge_all",
        "version.clone",
    ]
    assert await found(**{"filter[service_id]": BLOG}) == ["service.purge_all"]
    assert await found(**{"filter[event_type]": "token.create"}) == ["token.create"]
    assert await found(**{"filter[user_id]": SAM}) == ["service.purge_all"]
    cut = "2026-02-27T10:00:00Z"
    assert await found(**{"filter[created_at][gte]": cut}) == every[:2]
    assert await found(**{"filter[created_at][lt]": cut}) == every[2:]
    first = (await client.get("/events?page[size]=3")).json()
    assert first["meta"] == {
        "current_page": 1,
        "per_page": 3,
        "record_count": 4,
        "total_pages": 2,
    }
    address = "https://api.fastly.com/events?page[number]={}&page[size]=3"
    assert first["links"] == {"last": address.format(2), "next": address.format(2)}
    second = (await client.get("/events?page[size]=3&page[number]=2")).json()
    assert [len(page["data"]) for page in (first, second)] == [3, 1]
    assert second["links"] == {"last": address.format(2), "prev": address.format(1)}


async def test_a_limited_token_sees_the_events_of_its_services(client: httpx2.AsyncClient) -> None:
    limited = {"Fastly-Key": "sandbox-one-service"}
    rows = (await client.get("/events", headers=limited)).json()["data"]
    assert {row["attributes"]["service_id"] for row in rows} == {SHOP, None}
    every = (await client.get("/events")).json()["data"]
    (purge,) = [row for row in every if row["attributes"]["service_id"] == BLOG]
    hidden = await client.get(f"/events/{purge['id']}", headers=limited)
    assert hidden.status_code == 404
    assert (await client.get(f"/events/{purge['id']}")).status_code == 200
