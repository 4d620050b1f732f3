"""Same-moment identical GETs share one request, and nothing else does."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.errors import NotFound
from tests.api.wire import TOKEN, answer_json, client_of, get, post

pytestmark = pytest.mark.anyio


class Gate:
    """Counts requests and answers them once it is opened."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[str] = []
        self.opened = anyio.Event()
        self.cancelled = 0

    async def __call__(self, request: Request) -> Response:
        self.requests.append(f"{request.url.path}?{request.url.query}")
        try:
            await self.opened.wait()
        except BaseException:
            self.cancelled += 1
            raise
        return answer_json([len(self.requests)], self.status)


async def all_at_once(gate: Gate, *calls: Callable[[], Awaitable[Any]]) -> list[Any]:
    results: list[Any] = []

    async def keep(call: Callable[[], Awaitable[Any]]) -> None:
        try:
            results.append(await call())
        except NotFound as error:
            results.append(str(error))

    async with anyio.create_task_group() as group:
        for call in calls:
            group.start_soon(keep, call)
        await anyio.wait_all_tasks_blocked()
        gate.opened.set()
    return results


async def test_identical_gets_of_the_same_moment_are_sent_once() -> None:
    gate = Gate()
    client = client_of(gate)
    assert await all_at_once(gate, *[lambda: get(client)] * 5) == [[1]] * 5
    assert len(gate.requests) == 1


async def test_a_shared_failure_is_everyones() -> None:
    gate = Gate(status=404)
    client = client_of(gate)
    said = "Fastly answered 404 Not Found."
    assert await all_at_once(gate, *[lambda: get(client)] * 3) == [said] * 3
    assert len(gate.requests) == 1


async def test_a_later_get_is_sent_again() -> None:
    gate = Gate()
    gate.opened.set()
    client = client_of(gate)
    assert [await get(client), await get(client)] == [[1], [2]]


async def test_gets_with_other_tokens_paths_or_queries_are_not_shared() -> None:
    gate = Gate()
    client = client_of(gate)
    await all_at_once(
        gate,
        lambda: get(client),
        lambda: get(client, token=SecretStr("sandbox-read")),
        lambda: get(client, "/service/x"),
        lambda: client.get(TOKEN, "/service", {"page": 2}, {}),
    )
    assert len(gate.requests) == 4


async def test_changes_are_never_shared() -> None:
    gate = Gate()
    client = client_of(gate)
    await all_at_once(gate, *[lambda: post(client, repeatable=True)] * 3)
    assert len(gate.requests) == 3


async def test_the_last_waiter_that_leaves_aborts_the_request() -> None:
    gate = Gate()
    client = client_of(gate)
    async with anyio.create_task_group() as group:
        group.start_soon(get, client)
        group.start_soon(get, client)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert (len(gate.requests), gate.cancelled) == (1, 1)
    gate.opened.set()
    assert await get(client) == [2]


async def test_a_get_asked_for_after_the_others_left_is_sent_anew() -> None:
    gate = Gate()
    client = client_of(gate)

    async def leave_and_come_back(client: FastlyClient) -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(get, client)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        gate.opened.set()
        assert await get(client) == [2]

    await leave_and_come_back(client)
    assert gate.cancelled == 1
