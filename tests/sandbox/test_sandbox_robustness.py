"""No request, however strange, makes the sandbox fail or spoils what it holds."""

import json
import string
from random import Random
from typing import Any
from urllib.parse import urlencode

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message

from fastly_mcp.sandbox import create_app
from fastly_mcp.sandbox.app import app_of
from fastly_mcp.sandbox.routes import ENDPOINTS
from fastly_mcp.sandbox.routing import Endpoint
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.model import Seed
from tests.sandbox.any_request import (
    NOW,
    Answer,
    Request,
    ask,
    check_dump,
    filled,
    fresh,
    own_fields,
    send,
    words,
)

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
ADMITTED = (("Fastly-Key", "sandbox"), ("Sandbox-Door", "1"))
DIGEST = Request("GET", "/_sandbox/digest", "", ADMITTED)
JUNK: tuple[Any, ...] = (
    None,
    True,
    "",
    "0",
    "\0\n\x7f\u202eé💩",
    "x" * 500,
    "9999-12-31T23:59:59-23:59",
    "{}/%2e%2e/../",
    -1,
    1.5,
    1e308,
    10**400,
    [],
    [[]],
    {},
    [{}],
    [None, 1, "a", []],
    {"a": {"b": [None]}},
    {"data": {"id": 5, "type": [], "attributes": None}},
)
RAW = (
    b"",
    b"null",
    b"5",
    b"[]",
    b"[[1]]",
    b'"x"',
    b"{",
    b"\xff\xfe\0",
    b"\x1f\x8b\0",
    b'{"name": NaN, "data": {"attributes": {"name": Infinity}}}',
    b'{"name": "x", "comment": NaN, "metadata": 1e999, "value": -1e999}',
    b'{"name": "\\ud800", "\\udfff": 1}',
    b'{"name": ' + b"9" * 5_000 + b"}",
    b"[" * 100_000,
    b'{"data":' * 500 + b"1" + b"}" * 500,
    b"name=%ff&name=x&name[]=1&name|0=2&name[x]=3&items[0][op]=create&=&[]=1&%00",
    b'{"op": "create"}\n{"key": "a", "value": 5}\n\n[]\n',
)
ODD = ("", "%00", "\xff", "x" * 3_000, "{0}", "a/b", "💩", "-1", "..")
TYPES = ("application/json", "application/x-www-form-urlencoded", "application/vnd.api+json", "")
TRIED = 25
"""Requests to each endpoint."""
FITTING = {
    "name": "fitting",
    "login": "a@b.example",
    "type": "vcl",
    "ip": "192.0.2.1",
    "op": "create",
    "fqdn": "new.larkspur.example",
    "scope": "global",
    "role": "user",
    "kind": "status",
}
"""What opens the way to a handler's other fields; most of them are content with a digit."""


def encoded(fields: dict[str, Any], chance: Random) -> tuple[str, bytes]:
    """Fields in one of the forms in which Fastly's families take them."""
    attributes = {**fields, "attributes": fields, "relationships": fields}
    forms = (
        fields,
        fields,
        {"data": attributes},
        {"data": [attributes]},
        {name: [fields] for name in fields},
        dict.fromkeys(fields, fields),
        [fields],
    )
    if chance.random() < 0.2:
        return TYPES[1], urlencode(fields, errors="replace").encode()
    return TYPES[0], json.dumps(chance.choice(forms)).encode()


def content(names: tuple[str, ...], usual: dict[str, Any], chance: Random) -> tuple[str, bytes]:
    """A body: hostile as a whole, or sensible but for one field or for all."""
    kind = chance.random()
    if kind < 0.1 or not names:
        return chance.choice(TYPES), chance.choice(RAW)
    if kind < 0.2:
        return encoded(dict.fromkeys(names, chance.choice(JUNK)), chance)
    fields: dict[str, Any] = dict.fromkeys(names, "1") | FITTING | usual
    fields["name"] = f"fitting{chance.randrange(10**9)}"
    if kind > 0.5:
        fields = {name: fields[name] for name in chance.sample(sorted(fields), 2)}
    if kind < 0.9:
        fields[chance.choice([*names, *FITTING])] = chance.choice(JUNK)
    return encoded(fields, chance)


def strange(endpoint: Endpoint, chance: Random) -> Request:
    """A request to an endpoint as nobody should send it."""

    def choose(known: tuple[str, ...]) -> str:
        if not known or chance.random() < 0.05:
            return chance.choice(ODD)
        return known[0] if chance.random() < 0.7 else chance.choice(known)

    names = words(endpoint)
    asked = {"page": 2} if chance.random() < 0.1 else {}
    if names and (endpoint.method == "GET" or chance.random() < 0.2):
        asked |= {chance.choice([*names, "page[size]"]): chance.choice(JUNK)}
    usual = {name: field.default for name, field in own_fields(endpoint).items() if field.default}
    media_type, body = ("", b"") if endpoint.method == "GET" else content(names, usual, chance)
    headers = (*ADMITTED, ("Content-Type", media_type))
    return Request(endpoint.method, filled(endpoint, choose), urlencode(asked), headers, body)


def fine(answer: Answer) -> bool:
    """Whether it is one of the answers that the sandbox means."""
    return answer.status < 500 or answer.status == 501


@pytest.mark.anyio
async def test_no_field_of_any_endpoint_can_break_it() -> None:
    chance = Random(0)  # noqa: S311  # the same every time
    for endpoint in ENDPOINTS:
        sandbox = fresh()
        app = app_of(sandbox)
        # What reads has less to stumble over.
        tried = TRIED // 3 if endpoint.method == "GET" else TRIED
        for request in [strange(endpoint, chance) for _ in range(tried)]:
            assert fine(await send(app, request)), request
            sandbox.faults.waiting.clear()
        check_dump(sandbox)


def read_everything(sandbox: Sandbox) -> list[str]:
    """The paths whose reading changed the digest."""
    app, changed = app_of(sandbox), []
    before = ask(app, DIGEST).body
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET":
            path = filled(endpoint, lambda known: known[0] if known else "x")
            ask(app, Request("GET", path, "", ADMITTED))
            if ask(app, DIGEST).body != before:
                changed.append(path)
                before = ask(app, DIGEST).body
    return changed


def test_no_reading_changes_anything() -> None:
    empty = Sandbox(lambda at: make_world(at, Seed()), lambda: NOW)
    assert read_everything(empty) == []
    assert read_everything(fresh()) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_json_could_not_carry_back_is_refused(number: str) -> None:
    headers = (*ADMITTED, ("Content-Type", "application/json"))
    body = f'{{"name": "x", "items": [[{number}]]}}'.encode()
    answer = ask(app_of(fresh()), Request("POST", "/service", "", headers, body))
    assert (answer.status, json.loads(answer.body)["detail"]) == (400, "Invalid JSON")


@settings(deadline=None)
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
    request = Request(method, path, query, tuple(headers.items()), body)
    assert fine(anyio.run(send, APP, request))


def test_a_caller_without_address_has_no_ip() -> None:
    request = Request("GET", "/tokens/self", headers=ADMITTED)
    answer = anyio.run(send, create_app(), request)
    assert (answer.status, json.loads(answer.body)["ip"]) == (200, None)


@pytest.mark.anyio
async def test_a_websocket_is_turned_away() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def take(message: Message) -> None:
        sent.append(message)

    scope = Request("GET", "/service").scope
    scope["type"] = "websocket"
    await APP(scope, receive, take)
    assert [message["type"] for message in sent] == ["websocket.close"]
