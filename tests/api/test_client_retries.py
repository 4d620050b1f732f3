"""What is tried again, what is not, and what is said of a change that failed."""

import time
from collections.abc import Callable

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response

from fastly_mcp.api.client import METER, FastlyClient, Meter
from fastly_mcp.endpoint import FASTLY
from fastly_mcp.errors import (
    REPEATABLE,
    UNCHANGED,
    UNREPEATABLE,
    APIError,
    NotFound,
    NotPermitted,
    RateLimited,
    TooLarge,
    Unavailable,
    Unreached,
)
from tests.api.wire import TOKEN, answer_json, client_of, get, post

pytestmark = pytest.mark.anyio

Outcome = int | Exception


class Script:
    """Answers each request with the next outcome; the last one is repeated."""

    def __init__(self, *outcomes: Outcome, **headers: str) -> None:
        self.outcomes = list(outcomes)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return httpx2.Response(outcome, json={"status": "ok"}, headers=self.headers)

    def client(self, **options: object) -> FastlyClient:
        given: dict[str, object] = {"backoff": 0} | options
        return FastlyClient(FASTLY, transport=httpx2.MockTransport(self), **given)  # type: ignore[arg-type]  # a test's options


LOST = [
    httpx2.ReadError("reset"),
    httpx2.WriteError("reset"),
    httpx2.RemoteProtocolError("disconnected"),
    httpx2.ReadTimeout("slow"),
    httpx2.WriteTimeout("slow"),
    httpx2.DecodingError("no gzip"),
    500,
    502,
    503,
]
NEVER_SENT = [
    httpx2.ConnectError("refused"),
    httpx2.ConnectTimeout("slow"),
    httpx2.PoolTimeout("busy"),
    httpx2.ProxyError("407"),
]


@pytest.mark.parametrize("fault", LOST + NEVER_SENT, ids=repr)
async def test_a_get_is_tried_again_after_any_passing_fault(fault: Outcome) -> None:
    script = Script(fault, fault, 200)
    assert await get(script.client()) == {"status": "ok"}
    assert len(script.requests) == 3


@pytest.mark.parametrize("fault", LOST + NEVER_SENT, ids=repr)
async def test_a_repeatable_change_is_tried_again_as_a_get_is(fault: Outcome) -> None:
    script = Script(fault, 200)
    await post(script.client(), repeatable=True)
    assert len(script.requests) == 2


@pytest.mark.parametrize("fault", NEVER_SENT, ids=repr)
async def test_a_change_that_surely_never_left_is_tried_again(fault: Outcome) -> None:
    script = Script(fault, fault, 200)
    await post(script.client())
    assert len(script.requests) == 3


@pytest.mark.parametrize("fault", LOST, ids=repr)
async def test_a_purge_that_lost_its_answer_may_have_been_done(fault: Outcome) -> None:
    script = Script(fault)
    with pytest.raises(Unavailable) as caught:
        await post(script.client())
    assert len(script.requests) == 1
    assert caught.value.outcome == UNREPEATABLE
    assert "do not send it again, look first" in str(caught.value)


@pytest.mark.parametrize("fault", LOST, ids=repr)
async def test_a_repeatable_change_that_lost_its_answer_is_safe_to_send_again(
    fault: Outcome,
) -> None:
    script = Script(fault)
    with pytest.raises(Unavailable) as caught:
        await post(script.client(), repeatable=True)
    assert len(script.requests) == 4
    assert caught.value.outcome == REPEATABLE


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("fault", [*NEVER_SENT, 400, 401, 404, 405, 409, 422, 429], ids=repr)
async def test_a_change_that_was_refused_or_never_left_changed_nothing(
    fault: Outcome, repeatable: bool
) -> None:
    with pytest.raises(APIError) as caught:
        await post(Script(fault).client(), repeatable=repeatable)
    assert caught.value.outcome == UNCHANGED


async def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_changed() -> None:
    script = Script(httpx2.ReadError("reset"), 404)
    with pytest.raises(NotFound) as caught:
        await post(script.client(), repeatable=True)
    assert caught.value.outcome == REPEATABLE
    script = Script(httpx2.ConnectError("refused"), httpx2.ReadError("reset"))
    with pytest.raises(Unavailable) as unavailable:
        await post(script.client())
    assert unavailable.value.outcome == UNREPEATABLE


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 412, 422])
async def test_a_refusal_is_not_tried_again(status: int) -> None:
    script = Script(status)
    with pytest.raises(APIError) as caught:
        await get(script.client())
    assert len(script.requests) == 1
    assert caught.value.outcome == ""


async def test_attempts_end_after_the_fourth() -> None:
    script = Script(httpx2.ConnectError("refused"))
    with pytest.raises(Unreached, match=r"could not be reached \(connect error\)"):
        await get(script.client())
    assert len(script.requests) == 4


async def test_a_lost_purge_whose_answer_was_too_large_may_have_been_done() -> None:
    client = client_of(lambda _: Response(b" " * 20_000_001))
    with pytest.raises(TooLarge) as caught:
        await post(client, repeatable=True)
    assert caught.value.outcome == REPEATABLE


@pytest.mark.parametrize("call", [get, lambda client: post(client, repeatable=True)])
async def test_a_rate_limit_that_ends_at_once_is_waited_for(
    call: Callable[[FastlyClient], object],
) -> None:
    script = Script(429, 200, Fastly_RateLimit_Reset=str(int(time.time())))
    await call(script.client())  # type: ignore[misc]  # either call is a coroutine
    assert len(script.requests) == 2


async def test_a_rate_limit_is_waited_for_until_its_end() -> None:
    reset = int(time.time()) + 1
    script = Script(429, 200, Fastly_RateLimit_Reset=str(reset))
    await get(script.client())
    assert time.time() >= reset


@pytest.mark.parametrize(("seconds", "deadline"), [(30, 30), (4, 2)])
async def test_a_rate_limit_that_is_too_far_away_is_told_at_once(
    seconds: int, deadline: float
) -> None:
    script = Script(429, Fastly_RateLimit_Reset=str(int(time.time()) + seconds))
    began = time.monotonic()
    with pytest.raises(RateLimited, match="Try again after 20"):
        await get(script.client(deadline=deadline))
    assert time.monotonic() - began < 1
    assert len(script.requests) == 1


async def test_a_purge_of_everything_is_not_repeated_after_a_rate_limit() -> None:
    script = Script(429, 200, Fastly_RateLimit_Reset=str(int(time.time())))
    with pytest.raises(RateLimited) as caught:
        await post(script.client())
    assert len(script.requests) == 1
    assert caught.value.outcome == UNCHANGED


async def test_no_retry_is_begun_that_the_deadline_would_not_see() -> None:
    script = Script(503)
    with pytest.raises(Unavailable):
        await get(script.client(backoff=10, deadline=1))
    assert len(script.requests) == 1


@pytest.mark.parametrize("repeatable", [True, False])
async def test_nothing_but_reading_leaves_a_read_only_client(repeatable: bool) -> None:
    script = Script(200)
    client = script.client(read_only=True)
    with pytest.raises(NotPermitted, match="FASTLY_MCP_READ_ONLY"):
        await post(client, repeatable=repeatable)
    assert script.requests == []
    assert await get(client) == {"status": "ok"}


async def test_it_says_who_it_is_and_keeps_no_cookies() -> None:
    seen: list[Request] = []

    def handle(request: Request) -> Response:
        seen.append(request)
        return answer_json(1, Set_Cookie="session=1; Domain=fastly.com; Path=/")

    client = client_of(handle)
    await get(client)
    await client.post(TOKEN, "/x", {}, repeatable=True, headers={"Fastly-Soft-Purge": "1"}, json=[])
    assert [request.headers["user-agent"].split("/")[0] for request in seen] == ["fastly-mcp"] * 2
    assert [request.headers["fastly-key"] for request in seen] == ["sandbox"] * 2
    assert "cookie" not in seen[1].headers
    assert seen[1].headers["fastly-soft-purge"] == "1"


async def test_a_query_is_escaped_and_may_hold_anything() -> None:
    seen: list[bytes] = []

    def handle(request: Request) -> Response:
        seen.append(request.scope["query_string"])
        return answer_json(1)

    query: dict[str, str | int] = {"name": "a&page=9 ü#\ud800", "page": 2}
    await client_of(handle).get(TOKEN, "/service", query, {})
    assert seen == [b"name=a%26page%3D9+%C3%BC%23%3F&page=2"]


async def test_a_meter_counts_what_a_call_asked() -> None:
    meter = Meter()
    METER.set(meter)
    await get(Script(503, 200).client())
    assert meter.requests == 2
    assert meter.milliseconds > 0


@pytest.mark.parametrize("fault", [*LOST, *NEVER_SENT, 400, 401, 404, 429], ids=repr)
async def test_the_next_call_after_a_fault_works(fault: Outcome) -> None:
    script = Script(fault)
    client = script.client()
    for call in (get, post):
        with pytest.raises(APIError):
            await call(client)
    script.outcomes = [200]
    assert await get(client) == {"status": "ok"}


async def test_a_closed_client_opens_again() -> None:
    client = Script(200).client()
    await client.aclose()
    await get(client)
    await client.aclose()
    assert await get(client) == {"status": "ok"}
