"""No request, however strange, makes the sandbox fail."""

import string

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.types import Message, Scope

from fastly_mcp.sandbox import create_app

APP = create_app()
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PURGE", "get", ""]
TOKENS = ["sandbox", "sandbox-read", "sandbox-blind", "sandbox-one-service", "", "é"]
SEGMENTS = [
    "service",
    "search",
    "u8jzPde0IgxLd6GncfBAep",
    "c9QeWJKY40uvSwMFLZDe1f",
    "version",
    "active",
    "details",
    "domain",
    "backend",
    "settings",
    "purge",
    "purge_all",
    "https:",
    "www.larkspur.example",
    "a.tenants.larkspur.example",
    "tokens",
    "self",
    "customer",
    "content",
    "edge_check",
    "_sandbox",
    "edge",
    "request",
    "domain-management",
    "v1",
    "domains",
    "%2e%2e",
    "%ff",
    "3",
    "",
]
KEYS = [
    "page",
    "per_page",
    "sort",
    "direction",
    "name",
    "url",
    "version",
    "cursor",
    "limit",
    "fqdn",
]
VALUES = st.one_of(
    st.sampled_from(["1", "-1", "0", "9" * 5000, "www.larkspur.example", "//", ":", "%ff", "::1]"]),
    st.text(string.printable, max_size=8),
)
PATHS = st.lists(
    st.one_of(st.sampled_from(SEGMENTS), st.text(string.punctuation + "aé\0 ", max_size=4)),
    max_size=7,
).map(lambda segments: "/" + "/".join(segments))
QUERIES = st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=3).map(
    lambda pairs: "&".join(f"{key}={value}" for key, value in pairs)
)


async def status_of(app: Starlette, scope: Scope, body: bytes) -> int:
    """Straight into ASGI: no client that would mend the request first."""
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    (status,) = statuses
    return int(status)


def scope_of(method: str, path: str, query: str, headers: dict[str, str]) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode("utf-8"),
        "query_string": query.encode("utf-8"),
        "headers": [
            (name.lower().encode(), value.encode("utf-8")) for name, value in headers.items()
        ],
        "server": None,
        "client": None,
        "root_path": "",
    }


@given(
    method=st.sampled_from(METHODS),
    path=PATHS,
    query=QUERIES,
    token=st.sampled_from(TOKENS),
    keys=st.one_of(st.none(), st.text(string.printable, max_size=8)),
    body=st.binary(max_size=16),
)
def test_no_request_is_answered_500(
    *, method: str, path: str, query: str, token: str, keys: str | None, body: bytes
) -> None:
    headers = {"Fastly-Key": token} | ({} if keys is None else {"Surrogate-Key": keys})
    status = anyio.run(status_of, APP, scope_of(method, path, query, headers), body)
    assert status in {200, 400, 401, 403, 404, 429, 501}


def test_a_caller_without_address_has_no_ip() -> None:
    scope = scope_of("GET", "/tokens/self", "", {"Fastly-Key": "sandbox"})
    assert anyio.run(status_of, create_app(), scope, b"") == 200


@pytest.mark.anyio
async def test_a_websocket_is_turned_away() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = scope_of("GET", "/service", "", {})
    scope["type"] = "websocket"
    await APP(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]
