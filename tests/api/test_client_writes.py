"""The last of an hour's writes are left to people and other programs."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import SecretStr

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.writes import RESERVE
from fastly_mcp.endpoint import FASTLY
from fastly_mcp.errors import APIError, NotPermitted

pytestmark = pytest.mark.anyio

MINE, OTHER = SecretStr("mine"), SecretStr("other")
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class Fastly:
    """Answers every request with the same headers, and counts them."""

    def __init__(self, remaining: object, reset: object, status: int = 200) -> None:
        self.headers = {
            b"Fastly-RateLimit-Remaining": str(remaining).encode("latin-1"),
            b"Fastly-RateLimit-Reset": str(reset).encode(),
        }
        self.status = status
        self.requests = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        return httpx2.Response(self.status, json={"status": "ok"}, headers=self.headers)

    @property
    def client(self) -> FastlyClient:
        return FastlyClient(FASTLY, transport=httpx2.MockTransport(self), backoff=0)


async def write(client: FastlyClient, token: SecretStr = MINE, *, counted: bool = True) -> None:
    await client.post(token, "/service/x/purge_all", {}, repeatable=False, counted=counted)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp()))


async def test_below_the_reserve_nothing_is_written_and_the_time_is_told() -> None:
    fastly = Fastly(RESERVE - 1, at(SOON))
    client = fastly.client
    await write(client)
    with pytest.raises(NotPermitted) as refused:
        await write(client)
    assert fastly.requests == 1
    assert str(refused.value) == (
        f"Fastly takes 99 more changes of this token's user until {SOON:%Y-%m-%dT%H:%M:%SZ}; the "
        "last 100 are left to people and other programs. Nothing was sent; try again after that."
    )
    # Purges by URL and key have a limit of their own, and another token another user's.
    await write(client, counted=False)
    await write(client, OTHER)
    assert fastly.requests == 3


@pytest.mark.parametrize(
    ("remaining", "reset"),
    [
        (RESERVE, at(SOON)),
        (9_999, at(SOON)),
        (0, at(datetime.now(UTC) - timedelta(seconds=1))),
        ("", at(SOON)),
        ("-1", at(SOON)),
        ("many", at(SOON)),
        ("\u00b2", at(SOON)),
        (0, ""),
        (0, "soon"),
    ],
    # Those of the values would be new every second.
    ids=["at", "above", "over", "empty", "negative", "word", "superscript", "no end", "no time"],
)
async def test_what_is_above_it_over_or_not_told_refuses_nothing(
    remaining: object, reset: object
) -> None:
    fastly = Fastly(remaining, reset)
    client = fastly.client
    for _ in range(2):
        await write(client)
    assert fastly.requests == 2


async def test_refused_writes_are_counted_by_fastly_and_noted_too() -> None:
    client = Fastly(0, at(SOON), 404).client
    with pytest.raises(APIError):
        await write(client)
    with pytest.raises(NotPermitted):
        await write(client)


async def test_the_newest_answer_counts() -> None:
    fastly = Fastly(RESERVE - 1, at(SOON))
    client = fastly.client
    await write(client)
    fastly.headers[b"Fastly-RateLimit-Remaining"] = b"500"
    await write(client, counted=False)
    await write(client)
    assert fastly.requests == 3
