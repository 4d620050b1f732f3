"""Notifications: integrations, and which events are told to them."""

import json
import re
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

MAIL = "iN2vHs6kXbD9wQzM4tGfJp"
SLACK = "iN7cRy1eLuT5aVoK8mWxPq"
MAPPING = "eM5gZd3nSfB0hYjX7lCuRk"
AT = "/notifications/integrations"
MAPPINGS = "/notifications/v1/event-mappings"
HOOK: dict[str, Any] = {
    "name": "Hook",
    "description": "Ours",
    "type": "webhook",
    "config": {"webhook": "https://hooks.larkspur.example/"},
}
GIVEN: dict[str, Any] = {
    "name": "Who signs in",
    "description": "At night above all",
    "scope_type": "account",
    "event_types": ["user.login"],
    "integration_ids": [SLACK],
}


async def make(client: httpx2.AsyncClient, **given: Any) -> str:
    response = await client.post(AT, json=HOOK | given)
    assert response.status_code == 200, response.text
    assert response.json().keys() == {"integration_id"}
    return f"{AT}/{response.json()['integration_id']}"


async def test_types_say_what_they_are_configured_with(client: httpx2.AsyncClient) -> None:
    types = {
        row["type"]: row for row in (await client.get("/notifications/integration-types")).json()
    }
    assert types["mailinglist"]["custom_fields"] == [
        {"name": "address", "display_name": "Address", "format": "email"}
    ]
    assert len(types) == 11


async def test_integrations_are_listed_without_their_secrets(client: httpx2.AsyncClient) -> None:
    body = (await client.get(AT)).json()
    assert body["meta"] == {"type": "", "total": 2, "limit": 20, "sort": "created_at"}
    mail, slack = body["data"]
    assert (mail["id"], mail["status"]) == (MAIL, "confirmed")
    assert mail["config"] == {"address": "oncall@larkspur.example"}
    assert slack["id"] == SLACK
    assert slack.keys() == {"id", "name", "description", "type", "created_at", "updated_at"}


async def test_integrations_are_filtered_sorted_and_paged(client: httpx2.AsyncClient) -> None:
    body = (await client.get(AT, params={"type": "slack", "cursor": "", "limit": 3})).json()
    assert [row["id"] for row in body["data"]] == [SLACK]
    assert body["meta"] == {"type": "slack", "total": 1, "limit": 3, "sort": "created_at"}
    body = (await client.get(AT, params={"sort": "-created_at", "limit": 1})).json()
    assert [row["id"] for row in body["data"]] == [SLACK]
    cursor = body["meta"]["next_cursor"]
    body = (await client.get(AT, params={"sort": "-created_at", "cursor": cursor})).json()
    assert [row["id"] for row in body["data"]] == [MAIL]


async def test_a_mailing_list_waits_for_its_confirmation(client: httpx2.AsyncClient) -> None:
    address = "all@larkspur.example"
    at = await make(client, type="mailinglist", config={"address": address})
    row = (await client.get(at)).json()
    assert (row["status"], row["config"]) == ("confirmation_pending", {"address": address})
    sent = await client.post("/notifications/mailinglist-confirmations", json={"Email": address})
    assert (sent.status_code, sent.content) == (204, b"")
    assert sent.headers["Content-Type"] == "application/json"
    assert (await client.get(at)).json()["status"] == "confirmation_pending"


@pytest.mark.parametrize("email", [None, "", "@", "larkspur.example", 7, ["a@b.example"]])
async def test_only_an_address_is_asked_for_confirmation(
    client: httpx2.AsyncClient, email: Any
) -> None:
    body = {"Email": email}
    response = await client.post("/notifications/mailinglist-confirmations", json=body)
    assert response.status_code == 400


async def test_names_may_be_capitalised_as_clients_do(client: httpx2.AsyncClient) -> None:
    given = {name.capitalize(): value for name, value in HOOK.items()}
    integration_id = (await client.post(AT, json=given)).json()["integration_id"]
    assert (await client.get(f"{AT}/{integration_id}")).json()["name"] == "Hook"


@pytest.mark.parametrize(
    ("called", "type_"), [("mail", "mailinglist"), ("msteams", "microsoftteams")]
)
async def test_the_names_of_the_command_line_are_understood(
    client: httpx2.AsyncClient, called: str, type_: str
) -> None:
    config = {"address": "a@larkspur.example", "webhook": "https://teams.example/"}
    at = await make(client, type=called, config=config)
    assert (await client.get(at)).json()["type"] == type_


async def test_what_is_no_secret_is_shown(client: httpx2.AsyncClient) -> None:
    config = {"apikey": "k", "site": "eu.example"}
    at = await make(client, type="datadog", config=config)
    assert (await client.get(at)).json()["config"] == {"site": "eu.example"}
    assert (
        await client.get(await make(client, type="jsm", config={"apikey": "k"}))
    ).json().keys() == {
        "id",
        "name",
        "description",
        "type",
        "created_at",
        "updated_at",
    }


async def test_an_integration_is_changed_and_deleted(client: httpx2.AsyncClient) -> None:
    at = await make(client)
    changed = await client.patch(
        at, json={"name": "Another", "Config": {"url": "https://x.example"}}
    )
    assert (changed.status_code, changed.content) == (204, b"")
    assert changed.headers["Content-Type"] == "application/json"
    row = (await client.get(at)).json()
    assert (row["name"], row["description"]) == ("Another", "Ours")
    deleted = await client.delete(at)
    assert (deleted.status_code, deleted.headers["Content-Type"]) == (204, "application/json")
    assert (await client.get(at)).status_code == 404


async def test_a_new_address_is_to_be_confirmed(client: httpx2.AsyncClient) -> None:
    await client.patch(f"{AT}/{MAIL}", json={"name": "Still on call"})
    assert (await client.get(f"{AT}/{MAIL}")).json()["status"] == "confirmed"
    await client.patch(f"{AT}/{MAIL}", json={"config": {"address": "new@larkspur.example"}})
    assert (await client.get(f"{AT}/{MAIL}")).json()["status"] == "confirmation_pending"


async def test_an_integration_that_is_not_there_is_a_problem(client: httpx2.AsyncClient) -> None:
    response = await client.delete(f"{AT}/nobody")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "status": 404,
        "title": "could not delete integration",
        "detail": "could not delete integration",
        "errors": None,
    }
    for method, at in (
        ("GET", "nobody"),
        ("PATCH", "nobody"),
        ("GET", "nobody/signingKey"),
        ("POST", "nobody/rotateSigningKey"),
    ):
        assert (await client.request(method, f"{AT}/{at}", json={})).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"type": "pigeon"},
        {"type": []},
        {"type": None},
        {"config": {}},
        {"config": None},
        {"config": "https://hooks.larkspur.example/"},
        {"config": {"webhook": 7}},
        {"type": "newrelic", "config": {"key": "k"}},
    ],
)
async def test_an_integration_that_does_not_fit_is_refused(
    client: httpx2.AsyncClient, wrong: dict[str, Any]
) -> None:
    response = await client.post(AT, json=HOOK | wrong)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (await client.get(AT)).json()["meta"]["total"] == 2


async def test_a_webhook_has_a_signing_key_that_can_be_rotated(client: httpx2.AsyncClient) -> None:
    at = await make(client)
    first = (await client.get(f"{at}/signingKey")).json()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["signingKey"])
    assert (await client.get(f"{at}/signingKey")).json() == first
    second = (await client.post(f"{at}/rotateSigningKey")).json()
    assert second != first
    assert (await client.get(f"{at}/signingKey")).json() == second
    assert (await client.get(f"{AT}/{SLACK}/signingKey")).status_code == 400


async def test_a_mapping_is_made_read_replaced_and_deleted(client: httpx2.AsyncClient) -> None:
    made = await client.post(MAPPINGS, json=GIVEN)
    assert made.status_code == 201
    row = made.json()
    at = f"{MAPPINGS}/{row['id']}"
    assert made.headers["Location"] == at
    assert row == {
        "id": row["id"],
        "customer_id": "8rESQedUStPKR0CsTy4Qwb",
        **GIVEN,
        "scope_ids": [],
        "mapping_status": "active",
        "created_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:00Z",
    }
    assert (await client.get(at)).json() == row
    less = {name: value for name, value in GIVEN.items() if name != "description"}
    replaced = await client.put(at, json=less | {"name": "Who comes in"})
    assert replaced.status_code == 200
    assert replaced.json() == row | {"name": "Who comes in", "description": ""}
    deleted = await client.delete(at)
    assert (deleted.status_code, deleted.headers["Content-Type"]) == (204, "application/json")
    assert (await client.get(at)).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, True),
        ({"scope_type": "account"}, True),
        ({"scope_type": "vcl"}, False),
        ({"mapping_status": "active"}, True),
        ({"mapping_status": "inactive"}, False),
        ({"name": "WHO COMES"}, True),
        ({"name": "nobody"}, False),
        ({"integration_id": SLACK}, True),
        ({"integration_id": MAIL}, False),
        ({"scope_id": "u8jzPde0IgxLd6GncfBAep"}, False),
    ],
)
async def test_mappings_are_listed_and_filtered(
    client: httpx2.AsyncClient, query: dict[str, str], found: bool
) -> None:
    body = (await client.get(MAPPINGS, params=query)).json()
    assert [row["id"] for row in body["data"]] == ([MAPPING] if found else [])
    assert body["meta"] == {"total": int(found), "limit": 20, "sort": "created_at"}


async def test_mappings_come_in_pages(client: httpx2.AsyncClient) -> None:
    await client.post(MAPPINGS, json=GIVEN)
    first = (await client.get(MAPPINGS, params={"limit": 1})).json()
    assert [row["id"] for row in first["data"]] == [MAPPING]
    last = (await client.get(MAPPINGS, params={"cursor": first["meta"]["next_cursor"]})).json()
    assert [row["name"] for row in last["data"]] == [GIVEN["name"]]
    assert "next_cursor" not in last["meta"]


async def test_a_mapping_without_integrations_is_inactive(client: httpx2.AsyncClient) -> None:
    await client.delete(f"{AT}/{SLACK}")
    row = (await client.get(f"{MAPPINGS}/{MAPPING}")).json()
    assert (row["integration_ids"], row["mapping_status"]) == ([], "inactive")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": None},
        {"scope_type": "world"},
        {"scope_type": None},
        {"scope_type": "ngwaf"},
        {"event_types": []},
        {"event_types": ["user.dreams"]},
        {"event_types": [["user.login"]]},
        {"integration_ids": []},
        {"integration_ids": ["nobody"]},
        {"integration_ids": 7},
        {"scope_ids": ["u8jzPde0IgxLd6GncfBAep"]},
    ],
)
async def test_a_mapping_that_does_not_fit_is_refused(
    client: httpx2.AsyncClient, wrong: dict[str, Any]
) -> None:
    response = await client.post(MAPPINGS, json=GIVEN | wrong)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (await client.get(MAPPINGS)).json()["meta"]["total"] == 1


async def test_every_scope_has_event_types(client: httpx2.AsyncClient) -> None:
    scopes = (await client.get(f"{MAPPINGS}/scope-types")).json()["data"]
    assert [row["scope_type"] for row in scopes] == ["account", "ngwaf", "vcl", "wasm"]
    for scope in scopes:
        types = (await client.get(f"{MAPPINGS}/event-types", params=scope)).json()["data"]
        assert types
        assert all(scope["scope_type"] in row["scope_types"] for row in types)


async def test_an_event_type_has_a_name_for_people(client: httpx2.AsyncClient) -> None:
    types = (await client.get(f"{MAPPINGS}/event-types")).json()["data"]
    names = {row["event_type"]: row["display_name"] for row in types}
    assert names["dns_management.tsig_key.create"] == "DNS Management: TSIG Key: Create"
    assert names["user.login_failure"] == "User: Login Failure"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"", b'{"name": "\\ud800"}', b"{"])
async def test_a_body_that_is_no_object_is_refused(client: httpx2.AsyncClient, body: bytes) -> None:
    for at in (AT, MAPPINGS, "/alerts/definitions", "/notifications/mailinglist-confirmations"):
        assert (await client.post(at, content=body)).status_code == 400


async def test_secrets_stay_inside(client: httpx2.AsyncClient) -> None:
    at = await make(client, type="slack", config={"webhook": "https://hush.example/"})
    pages = [(await client.get(AT)).json(), (await client.get(at)).json()]
    assert "hush" not in json.dumps(pages)
