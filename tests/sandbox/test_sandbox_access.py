"""Every token reaches what Fastly lets it reach, and nothing else."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette

from fastly_mcp.sandbox import create_app

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

READS = [
    "/service",
    "/service/search?name=shop-prod",
    f"/service/{SHOP}",
    f"/service/{SHOP}/details",
    f"/service/{SHOP}/domain",
    f"/service/{SHOP}/version/3/settings",
    "/domain-management/v1/domains",
    "/current_user",
    "/current_customer",
    "/verify",
    "/datacenters",
    "/content/edge_check?url=www.larkspur.example",
]
SELECT = [
    "/purge/https://www.larkspur.example/",
    f"/service/{SHOP}/purge/home",
    f"/service/{SHOP}/purge",
]
EVERYTHING = f"/service/{SHOP}/purge_all"


async def ask(
    client: httpx2.AsyncClient, method: str, path: str, token: str | None
) -> httpx2.Response:
    body = {"surrogate_keys": ["home"]} if path.endswith("/purge") else None
    headers = {"Fastly-Key": token or ""}
    return await client.request(method, path, headers=headers, json=body)


@pytest.mark.parametrize(
    ("token", "reads", "selects", "all_"),
    [
        ("sandbox", 200, 200, 200),
        ("sandbox-read", 200, 403, 403),
        ("sandbox-purge-select", 403, 200, 403),
        ("sandbox-purge-all", 403, 403, 200),
        ("sandbox-read-purge-select", 200, 200, 403),
        ("sandbox-one-service", 200, 200, 200),
        ("sandbox-expiring", 200, 200, 403),
        ("sandbox-expired", 401, 401, 401),
        ("sandbox-blind", 403, 200, 403),
        ("somebody-else", 401, 401, 401),
        (None, 401, 401, 401),
    ],
)
async def test_each_token_reaches_its_endpoints(
    client: httpx2.AsyncClient, token: str | None, reads: int, selects: int, all_: int
) -> None:
    for path in READS:
        assert (await ask(client, "GET", path, token)).status_code == reads, path
    for path in SELECT:
        assert (await ask(client, "POST", path, token)).status_code == selects, path
    assert (await ask(client, "POST", EVERYTHING, token)).status_code == all_


async def test_a_purge_only_token_cannot_read_a_service_but_can_read_itself(
    client: httpx2.AsyncClient,
) -> None:
    refused = await ask(client, "GET", f"/service/{SHOP}", "sandbox-purge-select")
    assert refused.status_code == 403
    assert refused.json()["msg"] == "You are not authorized to perform this action"
    itself = (await ask(client, "GET", "/tokens/self", "sandbox-purge-select")).json()
    assert (itself["scope"], itself["scopes"]) == ("purge_select", ["purge_select"])


async def test_a_read_only_token_is_told_so(client: httpx2.AsyncClient) -> None:
    for path in (*SELECT, EVERYTHING):
        response = await ask(client, "POST", path, "sandbox-read")
        assert response.json() == {
            "msg": "Read only tokens are not allowed to access this endpoint",
            "detail": "",
        }


async def test_a_wrong_token_gets_fastlys_words(client: httpx2.AsyncClient) -> None:
    response = await ask(client, "GET", "/service", "wrong")
    assert response.json() == {"msg": "Provided credentials are missing or invalid"}


async def test_an_expired_token_says_since_when(client: httpx2.AsyncClient) -> None:
    msg = (await ask(client, "GET", "/tokens/self", "sandbox-expired")).json()["msg"]
    assert msg.startswith("Token ")
    assert msg.endswith(" expired at 2026-02-27T12:00:00Z")


async def test_the_blind_token_cannot_read_itself(client: httpx2.AsyncClient) -> None:
    assert (await ask(client, "GET", "/tokens/self", "sandbox-blind")).status_code == 403


@pytest.mark.parametrize(
    ("token", "created", "expires"),
    [
        ("sandbox", 30, None),
        ("sandbox-read", 30, 60),
        ("sandbox-expiring", 90, 3),
    ],
)
async def test_tokens_have_their_age_and_expiry(
    client: httpx2.AsyncClient, token: str, created: int, expires: int | None
) -> None:
    row = (await ask(client, "GET", "/tokens/self", token)).json()
    assert row["name"] == token
    assert datetime.fromisoformat(row["created_at"]) == NOW - timedelta(days=created)
    if expires is None:
        assert row["expires_at"] is None
    else:
        assert datetime.fromisoformat(row["expires_at"]) == NOW + timedelta(days=expires)


async def test_a_token_remembers_its_use(client: httpx2.AsyncClient) -> None:
    row = (await client.get("/tokens/self")).json()
    assert (row["last_used_at"], row["ip"], row["user_agent"]) == (
        "2026-03-01T12:00:00Z",
        "192.0.2.7",
        "tests",
    )


async def test_a_token_of_several_scopes_shows_them_in_both_forms(
    client: httpx2.AsyncClient,
) -> None:
    row = (await ask(client, "GET", "/tokens/self", "sandbox-read-purge-select")).json()
    assert row["scope"] == "global:read purge_select"
    assert row["scopes"] == ["global:read", "purge_select"]


async def test_a_limited_token_sees_and_purges_one_service_only(
    client: httpx2.AsyncClient,
) -> None:
    limited = "sandbox-one-service"
    itself = (await ask(client, "GET", "/tokens/self", limited)).json()
    assert (itself["services"], itself["service_id"]) == ([SHOP], SHOP)
    rows = (await ask(client, "GET", "/service", limited)).json()
    assert [row["id"] for row in rows] == [SHOP]
    assert list((await ask(client, "GET", "/verify", limited)).json()["services"]) == [SHOP]
    search = await ask(client, "GET", "/service/search?name=blog", limited)
    assert search.status_code == 404
    for method, path in (
        ("GET", f"/service/{BLOG}"),
        ("GET", f"/service/{BLOG}/version/1"),
        ("POST", f"/service/{BLOG}/purge/posts"),
        ("POST", f"/service/{BLOG}/purge"),
        ("POST", f"/service/{BLOG}/purge_all"),
    ):
        response = await ask(client, method, path, limited)
        assert response.status_code == 403
        assert response.json() == {"msg": "You are not authorized to perform this action"}
    url = await ask(client, "POST", "/purge/https://blog.larkspur.example/", limited)
    assert url.status_code == 404
    assert url.json() == {"msg": "Record not found", "detail": "Cannot find service"}
    # Fastly limits service endpoints only.
    domains = (await ask(client, "GET", "/domain-management/v1/domains", limited)).json()
    assert domains["meta"]["total"] == 3


async def test_what_the_sandbox_does_not_cover_is_never_a_success(
    client: httpx2.AsyncClient,
) -> None:
    for method, path in (
        ("GET", "/ngwaf/v1/workspaces"),
        ("GET", "/"),
        ("GET", "/service/"),
        ("GET", "//service"),
        ("PATCH", f"/service/{SHOP}"),
        ("DELETE", "/service"),
        ("POST", "/purge/"),
        ("GET", EVERYTHING),
        ("PURGE", "/www.larkspur.example/"),
        ("POST", "/_sandbox/edge?url=x"),
    ):
        response = await client.request(method, f"https://api.fastly.com{path}")
        assert response.status_code == 501
        assert response.json() == {
            "msg": "Not covered by the sandbox",
            "detail": f"{method} {path.partition('?')[0]}",
        }


async def test_changes_are_counted_by_the_hour_and_shared_by_all_tokens() -> None:
    now = datetime(2026, 3, 1, 12, 10, tzinfo=UTC)
    app: Starlette = create_app(now=lambda: now)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://api.fastly.com") as client:
        first = await ask(client, "POST", EVERYTHING, "sandbox")
        assert first.headers["fastly-ratelimit-remaining"] == "999"
        reset = int(first.headers["fastly-ratelimit-reset"])
        assert reset == datetime(2026, 3, 1, 13, tzinfo=UTC).timestamp()
        # Refused changes count as well, unknown tokens do not, purges by key never.
        refused = await ask(client, "POST", "/service/unknown/purge_all", "sandbox-purge-all")
        assert refused.headers["fastly-ratelimit-remaining"] == "998"
        stranger = await ask(client, "POST", EVERYTHING, "stranger")
        assert "fastly-ratelimit-remaining" not in stranger.headers
        by_key = await ask(client, "POST", f"/service/{SHOP}/purge/home", "sandbox")
        assert "fastly-ratelimit-remaining" not in by_key.headers
        for _ in range(998):
            assert (await ask(client, "POST", EVERYTHING, "sandbox")).status_code == 200
        spent = await ask(client, "POST", EVERYTHING, "sandbox")
        assert (spent.status_code, spent.headers["fastly-ratelimit-remaining"]) == (429, "0")
        assert spent.json()["msg"].startswith("You have exceeded your hourly rate limit.")
        assert "retry-after" not in spent.headers
        now += timedelta(hours=1)
        assert (await ask(client, "POST", EVERYTHING, "sandbox")).status_code == 200


async def test_head_answers_as_get_without_the_body(client: httpx2.AsyncClient) -> None:
    for path in ("/service", f"/service/{SHOP}/version/99", "/nowhere"):
        told, whole = await client.head(path), await client.get(path)
        assert (told.status_code, told.content) == (whole.status_code, b"")
        assert told.headers["Content-Length"] == str(len(whole.content))


async def test_a_body_larger_than_any_limit_is_refused_in_words(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastly_mcp.sandbox.app.LARGEST", 1_000)
    for size, status in ((900, 404), (1_001, 413)):
        refused = await client.put(f"/service/{SHOP}/version/99", content=b"a=" + b"x" * size)
        assert refused.status_code == status
        assert refused.json()["msg"]
