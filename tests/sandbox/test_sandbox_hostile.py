"""The hostile account: hostile everywhere, and still an account that works."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox import create_app, hostile, make_world
from fastly_mcp.sandbox.seeds.files import parse_seed
from fastly_mcp.sandbox.seeds.hostile import TEXTS

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(
        now=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        make=lambda at: make_world(at, hostile()),
    )
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox"},
    ) as client:
        yield client


async def read(client: httpx2.AsyncClient, path: str) -> Any:
    return (await client.get(path)).raise_for_status().json()


async def test_every_hostile_text_is_somewhere(client: httpx2.AsyncClient) -> None:
    services = await read(client, "/service")
    seen = [await read(client, f"/service/{row['id']}/details") for row in services]
    seen += [services, await read(client, "/current_user"), await read(client, "/events")]
    texts = json.dumps(seen, ensure_ascii=False)
    for text in TEXTS:
        assert json.dumps(text, ensure_ascii=False)[1:-1] in texts


async def test_what_worked_before_can_still_be_asked_for(client: httpx2.AsyncClient) -> None:
    row = await read(client, f"/service/{SHOP}/details")
    assert row["name"] == "shop-prod"
    assert [each["name"] for each in row["active_version"]["domains"]] == [
        "www.larkspur.example",
        "shop.larkspur.example",
    ]
    answer = await client.post("/purge/https://www.larkspur.example/")
    assert answer.json()["status"] == "ok"


async def test_markup_leaves_the_api_escaped(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/service")).content
    assert b"<script>" not in body
    assert b"\\u003cb\\u003ehostile" in body


async def test_any_seed_can_be_made_hostile() -> None:
    seed = parse_seed(
        {"services": [{"name": "mine", "versions": [{"domains": ["mine.example"]}]}]}, "seed"
    )
    world = make_world(datetime(2026, 3, 1, tzinfo=UTC), hostile(seed))
    (mine, worst) = world.services.values()
    assert (mine.name, mine.comment in TEXTS) == ("mine", True)
    assert "<b>hostile</b>" in worst.name
