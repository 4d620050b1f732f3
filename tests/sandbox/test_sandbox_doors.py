"""The doors of the sandbox: they open to a header only, and do what they say."""

import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import Message

from fastly_mcp.sandbox.app import EveryPath
from fastly_mcp.sandbox.doors.faults import DROP, KINDS, Dropped
from fastly_mcp.sandbox.routes import ENDPOINTS
from fastly_mcp.sandbox.routing import Side
from fastly_mcp.sandbox.state import World
from tests.sandbox.any_request import Request, send

pytestmark = pytest.mark.anyio

SHOP = "/service/u8jzPde0IgxLd6GncfBAep"
HOME = "https://www.larkspur.example/"
DOORS = [endpoint for endpoint in ENDPOINTS if endpoint.side is Side.DOOR]


async def digest(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/_sandbox/digest")).json()["digest"])


async def plan(client: httpx2.AsyncClient, kind: str, **fields: Any) -> httpx2.Response:
    return await client.post("/_sandbox/faults", json={"kind": kind, **fields})


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")
async def test_a_door_opens_to_its_header_only(client: httpx2.AsyncClient, door: Any) -> None:
    del client.headers["Sandbox-Door"]
    before = await client.put(f"{SHOP}/version/4", data={"comment": "Still here"})
    shut = await client.request(door.method, door.path, headers={"Fastly-Key": "sandbox"})
    assert (shut.status_code, shut.json()["detail"]) == (403, "Send Sandbox-Door: 1")
    after = await client.get(f"{SHOP}/version/4")
    assert after.json() == before.json()


async def test_a_door_needs_no_token(client: httpx2.AsyncClient) -> None:
    response = await client.get("/_sandbox/clock", headers={"Fastly-Key": ""})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("moved", "there"),
    [
        ({"advance": 90}, "2026-03-01T12:01:30Z"),
        ({"advance": "90"}, "2026-03-01T12:01:30Z"),
        ({"advance": "90m"}, "2026-03-01T13:30:00Z"),
        ({"advance": "2h"}, "2026-03-01T14:00:00Z"),
        ({"advance": "-7d"}, "2026-02-22T12:00:00Z"),
        ({"advance": "0.5d"}, "2026-03-02T00:00:00Z"),
        ({"now": "2027-01-01T00:00:00Z"}, "2027-01-01T00:00:00Z"),
        ({"now": "2027-01-01"}, "2027-01-01T00:00:00Z"),
    ],
)
async def test_the_clock_moves(
    client: httpx2.AsyncClient, moved: dict[str, Any], there: str
) -> None:
    assert (await client.post("/_sandbox/clock", json=moved)).json()["now"] == there
    assert (await client.get("/_sandbox/clock")).json()["now"] == there
    made = (await client.put(f"{SHOP}/version/4/clone")).json()
    assert made["created_at"] == there


@pytest.mark.parametrize(
    "moved",
    [
        {},
        {"advance": ""},
        {"advance": "soon"},
        {"advance": "nan"},
        {"advance": "inf"},
        {"advance": "11000d"},
        {"advance": []},
        {"now": "noon"},
        {"now": "0001-01-01T00:00:00Z"},
        {"now": "9999-12-31T23:59:59-23:59"},
    ],
)
async def test_the_clock_goes_nowhere_it_cannot(
    client: httpx2.AsyncClient, moved: dict[str, Any]
) -> None:
    refused = await client.post("/_sandbox/clock", json=moved)
    assert (refused.status_code, refused.json()["msg"]) == (400, "Bad request")
    assert (await client.get("/_sandbox/clock")).json()["offset"] == 0


async def test_tokens_expire_as_the_clock_moves(client: httpx2.AsyncClient) -> None:
    expiring = {"Fastly-Key": "sandbox-expiring"}
    assert (await client.get("/tokens/self", headers=expiring)).status_code == 200
    await client.post("/_sandbox/clock", json={"now": "2026-03-04T11:59:59Z"})
    assert (await client.get("/tokens/self", headers=expiring)).status_code == 200
    await client.post("/_sandbox/clock", json={"advance": 1})
    expired = await client.get("/tokens/self", headers=expiring)
    assert expired.status_code == 401
    assert expired.json()["msg"].endswith(" expired at 2026-03-04T12:00:00Z")
    await client.post("/_sandbox/clock", json={"advance": "-1s"})
    assert (await client.get("/tokens/self", headers=expiring)).status_code == 200


async def test_the_log_has_the_requests_and_the_names_of_their_tokens(
    client: httpx2.AsyncClient,
) -> None:
    await client.get("/service?page=1&per_page=2")
    value = (await client.post("/tokens", data={"name": "Kit's"})).json()["access_token"]
    await client.post(f"{SHOP}/purge_all", headers={"Fastly-Key": value})
    await client.get("/service", headers={"Fastly-Key": "a-secret"})
    await client.get("/nowhere")
    log = await client.get("/_sandbox/log")
    keys = ("method", "path", "query", "status", "token")
    assert [tuple(row[key] for key in keys) for row in log.json()["requests"]] == [
        ("GET", "/service", "page=1&per_page=2", 200, "sandbox"),
        ("POST", "/tokens", "", 200, "sandbox"),
        ("POST", f"{SHOP}/purge_all", "", 200, "Kit's"),
        ("GET", "/service", "", 401, ""),
        ("GET", "/nowhere", "", 501, ""),
    ]
    assert value not in log.text
    assert "a-secret" not in log.text
    assert log.json()["requests"][0]["at"] == "2026-03-01T12:00:00Z"


async def test_purges_are_told_as_they_were_accepted(client: httpx2.AsyncClient) -> None:
    token = (await client.get("/tokens/self")).json()["id"]
    await client.post(f"/purge/{HOME}?a=1", headers={"Fastly-Soft-Purge": "1"})
    await client.post(f"{SHOP}/purge", json={"surrogate_keys": ["a", "b"]})
    staged = {"Fastly-Purge-Environment": "staging"}
    await client.post(f"{SHOP}/purge/home", headers=staged)
    await client.post(f"{SHOP}/purge_all", headers={"Fastly-Soft-Purge": "1"})
    await client.post(f"{SHOP}/purge_all", headers={"Fastly-Key": "sandbox-read"})
    await client.post("/purge/https://none.example/")
    rows = (await client.get("/_sandbox/purges")).json()["purges"]
    assert [(row["kind"], row["targets"], row["soft"], row["staging"]) for row in rows] == [
        ("url", [f"{HOME}?a=1"], True, False),
        ("keys", ["a", "b"], False, False),
        ("key", ["home"], False, True),
        ("all", ["all"], False, False),
    ]
    assert {row["token_id"] for row in rows} == {token}


@pytest.mark.parametrize(
    "path",
    [
        "/service",
        f"{SHOP}/details",
        f"{SHOP}/version/4/backend",
        "/events",
        "/tokens/self",
        f"/content/edge_check?url={HOME}",
        f"/_sandbox/edge?url={HOME}",
        "/nowhere",
    ],
)
async def test_reading_leaves_the_digest_as_it_is(client: httpx2.AsyncClient, path: str) -> None:
    before = await digest(client)
    await client.get(path)
    assert await digest(client) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda world: setattr(world.tokens["sandbox"], "user_id", "another"),
        lambda world: setattr(world.tokens["sandbox"], "is_automation", True),
        lambda world: setattr(world.tokens["sandbox"], "may_read_itself", False),
        lambda world: setattr(world.limits, "changes_per_hour", 5),
        lambda world: setattr(world.limits, "purges_per_hour", 5),
        lambda world: setattr(world.limits, "edge_checks_per_hour", 5),
    ],
)
async def test_the_digest_is_over_tokens_and_limits(
    client: httpx2.AsyncClient, app: Starlette, change: Callable[[World], None]
) -> None:
    (route,) = app.routes
    assert isinstance(route, EveryPath)
    before = await digest(client)
    change(route.sandbox.world)
    assert await digest(client) != before


async def test_reading_what_is_empty_leaves_the_digest_as_it_is(
    client: httpx2.AsyncClient,
) -> None:
    """A place for what could be there is no change."""
    path = f"{SHOP}/version/4"
    pool = (await client.post(f"{path}/pool", data={"name": "pool"})).json()["id"]
    words = (await client.post(f"{path}/dictionary", data={"name": "words"})).json()["id"]
    before = await digest(client)
    for rest in (f"pool/{pool}/servers", f"dictionary/{words}/items", f"dictionary/{words}/item/x"):
        await client.get(f"{SHOP}/{rest}")
    await client.get("/tls/domains")
    await client.get("/resources/stores/kv")
    assert await digest(client) == before


async def test_purges_and_visits_leave_the_digest_as_it_is(client: httpx2.AsyncClient) -> None:
    before = await digest(client)
    await client.post(f"{SHOP}/purge_all")
    await client.post("/_sandbox/request", params={"url": HOME})
    await client.post("/_sandbox/clock", json={"advance": "1d"})
    assert await digest(client) == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{SHOP}/version/4", {"comment": "x"}),
        ("PUT", f"{SHOP}/version/4/settings", {"general.default_ttl": 1}),
        ("PUT", f"{SHOP}/version/4/activate", {}),
        ("POST", f"{SHOP}/version/4/domain", {"name": "x.example"}),
        ("PUT", f"{SHOP}/dictionary/6oTn0bq1L5cWkE8ySdP2hJ/item/x", {"item_value": "1"}),
        ("POST", f"{SHOP}/acl/4Vz2qkZ9mFh3u0AaXw7RtB/entry", {"ip": "192.0.2.1"}),
        ("POST", f"{SHOP}/version/4/http3", {}),
        ("POST", "/service", {"name": "new"}),
        ("POST", "/tokens", {"name": "new"}),
        ("DELETE", "/tokens/self", {}),
        ("POST", "/user", {"login": "kit@larkspur.example"}),
        ("POST", "/domain-management/v1/domains", {"fqdn": "new.larkspur.example"}),
    ],
)
async def test_every_change_changes_the_digest_until_it_starts_over(
    client: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> None:
    start = await digest(client)
    changed = await client.request(method, path, json=body)
    assert changed.status_code < 300
    assert await digest(client) != start
    await client.post("/_sandbox/reset")
    assert await digest(client) == start


async def test_starting_over_forgets_everything(client: httpx2.AsyncClient) -> None:
    value = (await client.post("/tokens", data={"name": "new"})).json()["access_token"]
    await client.post(f"{SHOP}/purge_all")
    await client.post("/_sandbox/clock", json={"advance": "9d"})
    await plan(client, "status", path="/service")
    assert (await client.post("/_sandbox/reset")).json() == {"status": "ok"}
    assert (await client.get("/_sandbox/log")).json() == {"requests": []}
    assert (await client.get("/_sandbox/purges")).json() == {"purges": []}
    assert (await client.get("/_sandbox/clock")).json()["offset"] == 0
    assert (await client.get("/_sandbox/faults")).json()["faults"] == []
    assert (await client.get("/service", headers={"Fastly-Key": value})).status_code == 401
    edge = (await client.get("/_sandbox/edge", params={"url": HOME})).json()
    assert edge["states"] == {"fresh": 20}


async def test_every_kind_of_fault_is_explained(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/_sandbox/faults")).json() == {"faults": [], "kinds": KINDS}


async def test_a_fault_happens_as_often_as_planned_where_it_was_planned(
    client: httpx2.AsyncClient,
) -> None:
    await plan(client, "status", method="GET", path="/service/*/details", count=2, status=502)
    path = f"{SHOP}/details"
    assert (await client.get(SHOP)).status_code == 200
    assert [(await client.get(path)).status_code for _ in range(3)] == [502, 502, 200]


@pytest.mark.parametrize(
    ("fields", "happens"),
    [
        ({"method": "get"}, True),
        ({"method": "PUT"}, False),
        ({"path": "/serv*"}, True),
        ({"path": "*vice"}, True),
        ({"path": "/service?"}, False),
        ({"path": "/servic[e]"}, False),
        ({"path": "/s*/none"}, False),
        ({"path": "/s*er*ice"}, True),
        ({"path": "/serv*vice"}, False),
        ({"path": "/service*"}, True),
        ({"path": "*" + "s*" * 40 + "x"}, False),
    ],
)
async def test_a_fault_is_planned_by_method_in_any_case_and_path_with_stars(
    client: httpx2.AsyncClient, fields: dict[str, Any], happens: bool
) -> None:
    await plan(client, "status", **fields)
    assert (await client.get("/service")).status_code == (503 if happens else 200)


@pytest.mark.parametrize("kind", ["status", "html"])
@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(
    client: httpx2.AsyncClient, kind: str, status: int
) -> None:
    await plan(client, kind, status=status)
    answer = await client.get("/service")
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize(
    "given", [{"advance": "1h", "now": "2026-01-01"}, {"advance": "1h", "x": 1}]
)
async def test_a_clock_that_is_told_two_things_is_refused(
    client: httpx2.AsyncClient, given: dict[str, Any]
) -> None:
    assert (await client.post("/_sandbox/clock", json=given)).status_code == 400
    assert (await client.get("/_sandbox/clock")).json()["offset"] == 0


async def test_the_header_of_a_door_says_1(client: httpx2.AsyncClient) -> None:
    for value in ("0", ""):
        shut = await client.get("/_sandbox/clock", headers={"Sandbox-Door": value})
        assert shut.status_code == 403


async def test_a_door_reads_json_as_curl_sends_it(client: httpx2.AsyncClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for door, text in (("clock", '{"advance": "2h"}'), ("faults", '{"kind": "html"}')):
        told = await client.post(f"/_sandbox/{door}", content=text, headers=form)
        assert told.status_code == 200, told.text
    assert (await client.get("/_sandbox/clock")).json()["offset"] == 7_200


async def test_faults_happen_in_the_order_they_were_planned(client: httpx2.AsyncClient) -> None:
    for status in (500, 503, 504):
        await plan(client, "status", status=status)
    faults = (await client.get("/_sandbox/faults")).json()["faults"]
    assert [fault["status"] for fault in faults] == [500, 503, 504]
    assert [(await client.get("/service")).status_code for _ in range(4)] == [500, 503, 504, 200]


async def test_faults_never_shut_a_door_and_can_be_forgotten(client: httpx2.AsyncClient) -> None:
    await plan(client, "drop", count=99)
    assert (await client.get("/_sandbox/clock")).status_code == 200
    assert (await client.delete("/_sandbox/faults")).json()["faults"] == []
    assert (await client.get("/service")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "kind: Field required"),
        ({"kind": "earthquake"}, "kind: it is one of status, html"),
        ({"kind": ["status"]}, "kind: Input should be a valid string"),
        ({"kind": "status", "when": "now"}, "A fault has no when; it has ["),
        ({"kind": "status", "count": 0}, "count: "),
        ({"kind": "status", "count": "often"}, "count: "),
        ({"kind": "status", "status": 99}, "status: "),
        ({"kind": "status", "status": 600}, "status: "),
        ({"kind": "delay", "seconds": -1}, "seconds: "),
        ({"kind": "delay", "seconds": "inf"}, "seconds: "),
        ({"kind": "delay", "seconds": 601}, "seconds: "),
        ({"kind": "huge", "size": -1}, "size: "),
        ({"kind": "huge", "size": 2**40}, "size: "),
        ({"kind": "redirect", "location": "/a\r\nX: b"}, "location: "),
        ({"kind": "redirect", "location": "/é☃"}, "location: "),
        ({"kind": "status", "path": None}, "path: "),
    ],
)
async def test_a_fault_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, fields: dict[str, Any], told: str
) -> None:
    refused = await client.post("/_sandbox/faults", json=fields)
    assert refused.status_code == 400
    assert refused.json()["detail"].startswith(told)
    assert (await client.get("/_sandbox/faults")).json()["faults"] == []


CHANGE = Request(
    "PUT",
    f"{SHOP}/version/4",
    headers=(("Fastly-Key", "sandbox"), ("Content-Type", "application/json")),
    body=b'{"comment": "Done"}',
)


async def comment(client: httpx2.AsyncClient) -> str:
    """Whether the change was done."""
    return str((await client.get(f"{SHOP}/version/4")).json()["comment"])


@pytest.mark.parametrize(
    ("fields", "status", "start"),
    [
        ({"kind": "status"}, 503, b'{"msg":"A fault of the sandbox"}'),
        ({"kind": "html", "status": 502}, 502, b"<html>"),
        ({"kind": "redirect", "location": "https://b.example/"}, 302, b""),
        ({"kind": "huge", "size": 70_000}, 200, b'"xxxxx'),
    ],
)
async def test_some_faults_answer_instead_and_nothing_is_done(
    client: httpx2.AsyncClient, app: Starlette, fields: dict[str, Any], status: int, start: bytes
) -> None:
    await plan(client, **fields)
    answer = await send(app, CHANGE)
    assert (answer.status, answer.body[: len(start)]) == (status, start)
    assert len(answer.body) == fields.get("size", len(answer.body))
    assert await comment(client) == "Try a longer TTL"


async def test_a_redirect_names_its_place(client: httpx2.AsyncClient) -> None:
    await plan(client, "redirect", location="https://b.example/?x=1")
    response = await client.get("/service", follow_redirects=False)
    assert response.headers["location"] == "https://b.example/?x=1"


async def test_a_delayed_answer_is_the_usual_one(client: httpx2.AsyncClient) -> None:
    await plan(client, "delay", seconds=0)
    usual = await client.get("/service")
    assert (usual.status_code, len(usual.json())) == (200, 6)


async def test_a_dripping_answer_comes_byte_by_byte(
    client: httpx2.AsyncClient, app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastly_mcp.sandbox.doors.faults.DRIP", 0)
    await plan(client, "drip")
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": CHANGE.body}

    async def take(message: Message) -> None:
        parts.append(message.get("body", b""))

    await app(CHANGE.scope, receive, take)
    assert json.loads(b"".join(parts))["comment"] == "Done"
    assert max(map(len, parts)) == 1


CUTS = pytest.mark.parametrize(
    ("kind", "sent", "done"),
    [("drop", 0, "Try a longer TTL"), ("drop_after", 0, "Done"), ("truncated", 2, "Done")],
)


@CUTS
async def test_some_faults_cut_the_connection(
    client: httpx2.AsyncClient, app: Starlette, kind: str, sent: int, done: str
) -> None:
    await plan(client, kind)
    messages: list[Message] = []
    cuts: list[str] = []

    async def receive() -> Message:
        return {"type": "http.disconnect" if cuts else "http.request", "body": CHANGE.body}

    async def take(message: Message) -> None:
        messages.append(message)

    scope = CHANGE.scope
    scope["extensions"] = {DROP: lambda: cuts.append("cut")}
    await app(scope, receive, take)
    assert (cuts, len(messages)) == (["cut"], sent)
    if sent:
        length = int(dict(messages[0]["headers"])[b"content-length"])
        assert len(messages[1]["body"]) == length // 2
        assert messages[1]["more_body"] is True
    assert await comment(client) == done


@CUTS
async def test_where_no_connection_can_be_cut_an_exception_tells_it(
    client: httpx2.AsyncClient, kind: str, sent: int, done: str
) -> None:
    await plan(client, kind)
    with pytest.raises(Dropped):
        await client.put(f"{SHOP}/version/4", data={"comment": "Done"})
    assert await comment(client) == done


async def test_a_hanging_answer_lasts_until_the_client_is_gone(
    client: httpx2.AsyncClient, app: Starlette
) -> None:
    await plan(client, "hang")
    asked, gone = anyio.Event(), anyio.Event()
    messages: list[Message] = []

    async def receive() -> Message:
        if asked.is_set():
            await gone.wait()
            return {"type": "http.disconnect"}
        asked.set()
        return {"type": "http.request", "body": CHANGE.body}

    async def take(message: Message) -> None:
        messages.append(message)

    scope = CHANGE.scope
    scope["extensions"] = {DROP: lambda: None}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app, scope, receive, take)
        await anyio.wait_all_tasks_blocked()
        assert asked.is_set()
        gone.set()
    assert messages == []
    assert await comment(client) == "Try a longer TTL"


async def test_the_log_tells_of_requests_that_met_a_fault(client: httpx2.AsyncClient) -> None:
    for kind in ("status", "delay"):
        await client.post("/_sandbox/faults", json={"kind": kind, "seconds": 0})
        await client.get("/service")
    told = (await client.get("/_sandbox/log")).json()["requests"]
    assert [(row["fault"], row["status"]) for row in told] == [("status", None), ("delay", 200)]
