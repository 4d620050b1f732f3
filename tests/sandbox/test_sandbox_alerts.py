"""Alerts: definitions, and when they fired."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
OF_THE_SHOP = "aL9pWk4xEvN2qTsB6rHyMc"
OF_THE_BLOG = "aL1jFo8uGzA5dIwV3bXnKe"
GIVEN: dict[str, Any] = {
    "name": "Many errors",
    "description": "Look at the origin first",
    "service_id": SHOP,
    "source": "domains",
    "metric": "status_5xx_rate",
    "dimensions": {"domains": ["www.larkspur.example"]},
    "evaluation_strategy": {"type": "above_threshold", "period": "5m", "threshold": 10},
    "integration_ids": [],
}
AT = "/alerts/definitions"


async def test_a_definition_is_made_read_changed_and_deleted(client: httpx2.AsyncClient) -> None:
    made = await client.post(AT, json=GIVEN)
    assert made.status_code == 201
    stamps = dict.fromkeys(("created_at", "updated_at"), "2026-03-01T12:00:00Z")
    row = {"id": made.json()["id"], "object": "definition", **GIVEN, **stamps}
    assert made.json() == row
    at = f"{AT}/{row['id']}"
    assert (await client.get(at)).json() == row
    changed = await client.put(at, json={**GIVEN, "name": "Too many errors"})
    assert (changed.status_code, changed.json()) == (200, row | {"name": "Too many errors"})
    deleted = await client.delete(at)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "Content-Type" not in deleted.headers
    assert (await client.get(at)).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_definition_that_is_not_there_is_a_problem(
    client: httpx2.AsyncClient, method: str
) -> None:
    response = await client.request(method, f"{AT}/nobody", json=GIVEN)
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "https://fastly.help/alerts/not-found",
        "title": "The content you requested could not be found",
        "status": 404,
        "errors": None,
        "detail": "",
    }


async def test_definitions_are_listed_by_name_and_filtered(client: httpx2.AsyncClient) -> None:
    response = await client.get(AT)
    body = response.json()
    assert [row["id"] for row in body["data"]] == [OF_THE_SHOP, OF_THE_BLOG]
    assert body["meta"] == {"next_cursor": "", "limit": 20, "sort": "name", "total": 2}
    for query in ({"service_id": BLOG}, {"name": "wordpress"}):
        found = (await client.get(AT, params=query)).json()
        assert [row["id"] for row in found["data"]] == [OF_THE_BLOG]


async def test_definitions_come_in_pages(client: httpx2.AsyncClient) -> None:
    first = (await client.get(AT, params={"limit": 1, "sort": "-name", "cursor": ""})).json()
    assert [row["id"] for row in first["data"]] == [OF_THE_BLOG]
    assert first["meta"]["sort"] == "-name"
    cursor = first["meta"]["next_cursor"]
    last = (await client.get(AT, params={"limit": 1, "sort": "-name", "cursor": cursor})).json()
    assert [row["id"] for row in last["data"]] == [OF_THE_SHOP]
    assert last["meta"]["next_cursor"] == ""


async def test_an_order_that_does_not_exist_is_the_usual_one(client: httpx2.AsyncClient) -> None:
    body = (await client.get(AT, params={"sort": "dimensions"})).json()
    assert body["meta"]["sort"] == "name"


async def test_a_definition_can_be_tried(client: httpx2.AsyncClient) -> None:
    tried = await client.post(f"{AT}/test", json=GIVEN)
    assert (tried.status_code, tried.content) == (202, b"")
    assert "Content-Type" not in tried.headers
    assert (await client.get(AT)).json()["meta"]["total"] == 2
    assert (await client.post(f"{AT}/test", json=GIVEN | {"name": ""})).status_code == 400


async def test_a_period_may_be_written_as_go_writes_it(client: httpx2.AsyncClient) -> None:
    strategy = GIVEN["evaluation_strategy"] | {"period": "5m0s", "ignore_below": 5}
    made = await client.post(AT, json=GIVEN | {"evaluation_strategy": strategy})
    assert made.json()["evaluation_strategy"] == strategy | {"period": "5m"}


async def test_dimensions_of_nothing_are_none(client: httpx2.AsyncClient) -> None:
    made = await client.post(AT, json=GIVEN | {"dimensions": {"domains": None}})
    assert made.json()["dimensions"] == {}


async def test_the_account_has_definitions_of_its_own(client: httpx2.AsyncClient) -> None:
    given = GIVEN | {"service_id": None, "source": "stats", "dimensions": {}}
    made = await client.post(AT, json=given)
    assert (made.status_code, made.json()["service_id"]) == (201, "")


STRATEGY = GIVEN["evaluation_strategy"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "n" * 256},
        {"name": {"not": "text"}},
        {"description": "d" * 4097},
        {"metric": ""},
        {"source": "guesses"},
        {"source": []},
        {"service_id": "nobody"},
        {"service_id": ""},
        {"dimensions": ["www.larkspur.example"]},
        {"dimensions": {"moods": []}},
        {"integration_ids": {"a": 1}},
        {"evaluation_strategy": None},
        {"evaluation_strategy": "above"},
        {"evaluation_strategy": {}},
        {"evaluation_strategy": STRATEGY | {"type": "sideways"}},
        {"evaluation_strategy": STRATEGY | {"period": "4m"}},
        {"evaluation_strategy": STRATEGY | {"period": 5}},
        {"evaluation_strategy": STRATEGY | {"threshold": "10"}},
        {"evaluation_strategy": STRATEGY | {"threshold": True}},
        {"evaluation_strategy": STRATEGY | {"threshold": 10**400}},
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_made(
    client: httpx2.AsyncClient, wrong: dict[str, Any]
) -> None:
    response = await client.post(AT, json=GIVEN | wrong)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["errors"] is None
    assert (await client.get(AT)).json()["meta"]["total"] == 2


async def test_a_token_sees_the_definitions_of_its_services(client: httpx2.AsyncClient) -> None:
    limited = {"Fastly-Key": "sandbox-one-service"}
    body = (await client.get(AT, headers=limited)).json()
    assert [row["service_id"] for row in body["data"]] == [SHOP]
    assert (await client.get(f"{AT}/{OF_THE_BLOG}", headers=limited)).status_code == 404
    refused = await client.post(AT, json=GIVEN | {"service_id": BLOG}, headers=limited)
    assert refused.status_code == 400


async def test_changes_are_in_the_audit_log(client: httpx2.AsyncClient) -> None:
    made = (await client.post(AT, json=GIVEN)).json()
    await client.delete(f"{AT}/{made['id']}")
    events = (await client.get("/events")).json()["data"]
    assert [event["attributes"]["event_type"] for event in events[:2]] == [
        "alerts.definition.delete",
        "alerts.definition.create",
    ]


async def test_an_incident_set_off_the_alert_of_its_service(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/alerts/history")).json()
    assert body["meta"] == {"next_cursor": "", "limit": 20, "sort": "-start", "total": 1}
    (fired,) = body["data"]
    assert fired["definition_id"] == fired["definition"]["id"] == OF_THE_BLOG
    assert fired["status"] == "resolved"
    assert (fired["start"], fired["end"]) == ("2026-02-28T06:00:00Z", "2026-02-28T06:45:00Z")


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"definition_id": OF_THE_BLOG}, 1),
        ({"definition_id": OF_THE_SHOP}, 0),
        ({"service_id": BLOG, "status": "", "cursor": ""}, 1),
        ({"service_id": SHOP}, 0),
        ({"status": "active"}, 0),
        ({"status": "resolved"}, 1),
        ({"after": "2026-02-28T06:30:00Z"}, 1),
        ({"after": "2026-02-28T07:00:00Z"}, 0),
        ({"before": "2026-02-28T06:10:00Z"}, 1),
        ({"before": "2026-02-28T05:00:00Z"}, 0),
    ],
)
async def test_the_history_is_filtered(
    client: httpx2.AsyncClient, query: dict[str, str], total: int
) -> None:
    body = (await client.get("/alerts/history", params=query)).json()
    assert (body["meta"]["total"], len(body["data"])) == (total, total)


async def test_what_goes_on_is_active_and_has_no_end(client: httpx2.AsyncClient) -> None:
    await client.post("/_sandbox/clock", json={"now": "2026-02-28T06:20:00Z"})
    (fired,) = (await client.get("/alerts/history")).json()["data"]
    assert (fired["status"], fired["end"]) == ("active", None)
