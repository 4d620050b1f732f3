"""Whatever Fastly or the network does: a clear answer, no token in it, and the session goes on."""

import gzip
import logging
from collections.abc import Callable

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.conftest import SHOP, Session
from tests.tools.upstream import (
    LAMP,
    Failing,
    Hanging,
    Upstream,
    answering,
    both_eras,
    call,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

CANARY = "kQ7canaryZx93Lw-2TtR"  # stands for a real token: nothing may ever repeat it

BOMB = gzip.compress(bytes(21_000_000), compresslevel=1)
PACKED = {"Content-Encoding": "gzip"}
ELSEWHERE = {"Location": f"https://evil.example/{CANARY}"}
RESET = {"Fastly-RateLimit-Reset": "1999999999"}
WAIT = "You have exceeded your hourly rate limit"

FAULTS: dict[str, tuple[ASGIApp, str]] = {
    "401": (answering({"msg": f"{CANARY} is no good"}, 401), "401 [redacted token] is no good"),
    "403": (answering({"msg": "Read only tokens"}, 403), "403 Read only tokens"),
    "404": (answering({"msg": "Record not found"}, 404), "No service has this id"),
    "400": (answering({"msg": "Bad request", "detail": CANARY}, 400), "400 Bad request: [redacted"),
    "429": (answering({"msg": WAIT}, 429), "run by the hour, so try again later"),
    "429 with reset": (answering({"msg": WAIT}, 429, RESET), "after 2033-05-18T03:33:19Z"),
    "500": (answering({"msg": "Oh"}, 500), "500 Oh"),
    "503": (answering(f"<html>{CANARY}</html>", 503), "503 Service Unavailable"),
    "HTML": (answering(f"<html>{CANARY}</html>"), "something that is not JSON"),
    "empty": (answering(""), "something that is not JSON"),
    "truncated": (answering('{"id": "u8'), "something that is not JSON"),
    "another shape": (answering({CANARY: [CANARY]}), "another shape than it should have"),
    "redirect": (answering("", 302, ELSEWHERE), "redirect to another address"),
    "bomb": (Response(BOMB, 200, PACKED), "larger than 10 MB"),
    "not packed": (Response(b"{}", 200, PACKED), "not compressed as it says"),
    "refused": (Failing(httpx2.ConnectError(CANARY)), "could not be reached (connect error)"),
    "dropped": (Failing(httpx2.ReadError(CANARY)), "connection to Fastly broke (read error)"),
    "cut off": (Failing(httpx2.RemoteProtocolError(CANARY)), "connection to Fastly broke"),
    "hidden": (answering({"msg": "a\u202eb\x1b[2J"}, 400), r"400 a\u{202e}b\u{1b}[2J"),
}


class Known(Upstream):
    """The sandbox, which takes the canary for its own token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (name, b"sandbox" if value == CANARY.encode() else value)
            for name, value in scope["headers"]
        ]
        await super().__call__(dict(scope, headers=headers), receive, send)


@pytest.fixture
def written(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """Everything that was logged, down to debugging, and written."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + "".join(capfd.readouterr())


@both_eras
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_gets_a_clear_answer_and_the_next_call_works(
    session: Session, written: Callable[[], str], fault: str, mode: str
) -> None:
    upstream = Known()
    app, said = FAULTS[fault]
    async with session(real(upstream, FASTLY_API_TOKEN=CANARY), mode=mode) as mcp:
        await call(mcp, "get_account")
        upstream.instead[f"GET /service/{SHOP}"] = app
        told = await refusal(mcp, "get_service", service=SHOP)
        assert said in told
        upstream.instead = {"POST /": app}
        receipt = await call(mcp, "purge_url", urls=[LAMP])
        assert receipt["accepted"] == 0
        keys = await refusal(mcp, "purge_surrogate_key", service=SHOP, keys=["home"])
        everything = await refusal(mcp, "purge_all", service=SHOP)
        upstream.instead.clear()
        account = await call(mcp, "get_account")
        await call(mcp, "get_service", service=SHOP)
        await call(mcp, "purge_all", service=SHOP)
    told += f"{receipt}{keys}{everything}{account}{written()}"
    assert CANARY not in told
    assert "evil.example" not in told
    assert "Traceback" not in told


async def test_a_hang_of_fastly_ends_at_its_deadline(
    session: Session, written: Callable[[], str]
) -> None:
    upstream = Known()
    connection = real(upstream, 0.05, FASTLY_API_TOKEN=CANARY)
    async with session(connection) as mcp:
        await call(mcp, "get_service", service=SHOP)
        upstream.instead["GET /service"] = hanging = Hanging()
        said = await refusal(mcp, "get_service", service=SHOP)
        assert said.startswith("Fastly did not answer")
        assert hanging.given_up.is_set()
        upstream.instead.clear()
        await call(mcp, "get_service", service=SHOP)
    assert CANARY not in written()


async def test_a_link_to_another_host_is_not_followed(session: Session) -> None:
    upstream = Known()
    links = {"Link": f'<https://evil.example/service?page=2&key={CANARY}>; rel="last"'}
    row = {"id": SHOP, "name": "shop", "versions": []}
    upstream.instead["GET /service"] = answering([row], headers=links)
    async with session(real(upstream, FASTLY_API_TOKEN=CANARY)) as mcp:
        listed = await call(mcp, "list_services")
        assert (listed["pages"], listed["next_page"]) == (2, 2)
        await call(mcp, "list_services", page=2)
    assert upstream.lines == ["GET /service"] * 2
    assert {seen.headers["host"] for seen in upstream.seen} == {"api.fastly.com"}


async def test_a_rejected_token_is_explained_until_it_works_again(
    session: Session, written: Callable[[], str]
) -> None:
    upstream = Known()
    upstream.instead["GET /tokens/self"] = answering({"msg": f"{CANARY} was revoked"}, 401)
    async with session(real(upstream, FASTLY_API_TOKEN=CANARY)) as mcp:
        said = await refusal(mcp, "purge_all", service=SHOP)
        assert said.startswith("purge_all is withheld: Fastly rejects the token: 401 [redacted")
        assert upstream.changes == []
        upstream.instead.clear()
        await call(mcp, "purge_all", service=SHOP)
    assert CANARY not in said + written()


async def test_one_page_too_large_to_read_is_read_in_parts(session: Session) -> None:
    upstream = Known()

    async def heavy(scope: Scope, receive: Receive, send: Send) -> None:
        wide = b"per_page=50" in scope["query_string"]
        app = Response(BOMB, 200, PACKED) if wide else upstream.sandbox
        await app(scope, receive, send)

    upstream.instead["GET /service"] = heavy
    async with session(real(upstream, FASTLY_API_TOKEN=CANARY)) as mcp:
        assert len((await call(mcp, "list_services"))["services"]) == 6
