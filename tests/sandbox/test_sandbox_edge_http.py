"""The edge as HTTP: whatever a seed says of a page and a visitor asks for can be sent."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import h11
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from fastly_mcp.sandbox import Sandbox, SeedError, edge_app, make_world
from fastly_mcp.sandbox.edge.cache import address
from fastly_mcp.sandbox.seeds.files import parse_seed

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Answer = tuple[int, dict[str, str], bytes]


def sandbox_of(url: str, **page: Any) -> Sandbox:
    """A sandbox with one page, whose host its service serves."""
    seed = {
        "services": [{"name": "s", "versions": [{"domains": [address(url).host or "-"]}]}],
        "pages": {url: {"service": "s", **page}},
    }
    parsed = parse_seed(seed, "seed")
    return Sandbox(lambda at: make_world(at, parsed), lambda: NOW)


async def ask(
    sandbox: Sandbox, url: str, method: str = "GET", target: str = "", **headers: str
) -> Answer:
    """What goes over the wire, as an HTTP/1.1 server checks it before it sends it."""
    host, path = address(url)
    wire = h11.Connection(h11.SERVER)
    wire.receive_data(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    while type(wire.next_event()) is not h11.EndOfMessage:
        pass
    path, _, query = (target or path).partition("?")
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"Host": host, **headers}.items()
        ],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await edge_app(sandbox)(scope, receive, send)
    start, *rest = sent
    body = b"".join(message["body"] for message in rest)
    wire.send(h11.Response(status_code=start["status"], headers=start["headers"]))
    wire.send(h11.Data(data=b"" if method == "HEAD" else body))
    wire.send(h11.EndOfMessage())
    told = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return start["status"], told, body


PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=12)
TEXT = (
    PLAIN
    | st.sampled_from(["text/html", "application/json", "max-age=60", "private", "a\r\nb: c"])
    | st.text(max_size=12)
)
NAMES = TEXT | st.sampled_from(["X-Note", "Content-Length", "Transfer-Encoding", "Set-Cookie"])
PAGES = st.fixed_dictionaries(
    {},
    optional={
        "keys": PLAIN | st.lists(TEXT, max_size=3),
        "status": st.sampled_from([204, 205, 304, 404]) | st.integers(99, 700),
        "content_type": TEXT,
        "size": st.integers(0, 400),
        "cache_control": TEXT,
        "headers": st.dictionaries(NAMES, TEXT, max_size=3),
        "cached": st.booleans(),
    },
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(url="a.example/", page={"headers": {"Surrogate-Control": "max-age=5"}})
@given(url=TEXT.map(lambda text: f"https://a.example/{text}"), page=PAGES)
async def test_a_page_that_a_seed_may_have_can_be_sent(url: str, page: dict[str, Any]) -> None:
    with suppress(SeedError):
        sandbox = sandbox_of(url, **page)
        for method in ("GET", "GET", "HEAD", "POST", "PURGE"):
            for asked in (url, "a.example/nothing", "nobody.example/"):
                await ask(sandbox, asked, method)
                await ask(sandbox, asked, method, **{"Fastly-Debug": "1", "Sandbox-POP": "NRT"})


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_a_status_without_a_body_has_none(status: int) -> None:
    sandbox = sandbox_of("a.example/", status=status)
    found, headers, body = await ask(sandbox, "a.example/")
    assert (found, body) == (status, b"")
    assert headers.get("content-length", "0") == "0"


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "text/css"])
async def test_a_page_is_text_to_its_size(content_type: str) -> None:
    sandbox = sandbox_of("a.example/", content_type=content_type, size=1_000)
    _, headers, body = await ask(sandbox, "a.example/")
    assert headers["content-length"] == str(len(body)) == "1000"
    assert b"  " not in body
    assert body.count(b"lamp") > 10
    if content_type == "application/json":
        assert json.loads(body)["edition"] == 1


async def test_a_host_longer_than_any_name_is_refused() -> None:
    sandbox = sandbox_of("a.example/")
    status, _, body = await ask(sandbox, "a" * 60_000 + ".example/")
    assert (status, len(body) < 100) == (400, True)


async def test_what_is_asked_of_a_whole_host_is_asked_of_that_host() -> None:
    sandbox = sandbox_of("a.example/")
    assert (await ask(sandbox, "a.example", "OPTIONS", "*"))[0] == 200
    assert sandbox.log[-1]["path"] == "//a.example/"


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        ("https://A.example:8080/x", "a.example", "/x"),
        ("a.example", "a.example", "/"),
        ("a.example?u=https://c.example/", "a.example", "/?u=https://c.example/"),
        ("a.example/x://y", "a.example", "/x://y"),
        ("http://a.example?u=https://c.example/#z", "a.example", "/?u=https://c.example/"),
    ],
)
def test_a_url_has_a_scheme_only_at_its_beginning(url: str, host: str, path: str) -> None:
    assert address(url) == (host, path)
