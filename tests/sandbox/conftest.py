"""A sandbox whose clock stands still, and a client that holds its global token."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.applications import Starlette

from fastly_mcp.sandbox import create_app
from fastly_mcp.sandbox.stats import realtime


@pytest.fixture(autouse=True)
def polls_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "WAIT", 0.0)


@pytest.fixture
def app() -> Starlette:
    return create_app(now=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, client=("192.0.2.7", 4711)),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox", "User-Agent": "tests", "Sandbox-Door": "1"},
    ) as client:
        yield client
