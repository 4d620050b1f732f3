"""No canary comes out of an answer or an error, whatever Fastly puts it in."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.operation import Field, Operation
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.secret_fields import IDS, NAMES, WITHIN
from fastly_mcp.errors import APIError
from fastly_mcp.sandbox import create_app
from tests.api.secrets_in_text import CANARY, HIDDEN
from tests.api.upstream import Upstream
from tests.api.wire import answer_json, app_of, client_of, get, post, sends, wire
from tests.conftest import SHOP

pytestmark = pytest.mark.anyio

HARMLESS = "u8jzPde0IgxLd6GncfBAep"


def filled(fields: tuple[Field, ...]) -> dict[str, Any]:
    """An object of these fields, canaries in those that are secret."""
    made: dict[str, Any] = {}
    for field in fields:
        node, *names = made, *field.name.replace("[]", "[].").replace("..", ".").split(".")
        path = [name for name in names if name]
        parent = ""
        for name in path[:-1]:
            plain = name.removesuffix("[]")
            inner: dict[str, Any] = {}
            if name.endswith("[]"):
                node = node.setdefault(plain, [inner])[0]
            else:
                node = node.setdefault(plain, inner)
            parent = plain
        name = path[-1]
        is_secret = name in NAMES or (name in WITHIN and parent in WITHIN[name])
        node[name] = CANARY if is_secret else HARMLESS
        for id_, beside in IDS.items():
            if id_ in node and beside in node:
                node[id_] = HARMLESS
    return made


def with_secrets() -> Iterator[Operation]:
    return (each for each in load() if CANARY in json.dumps(filled(load().all_fields(each))))


def leaves(data: Any) -> Iterator[tuple[str, Any]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in pairs:
        if isinstance(value, dict | list):
            yield from leaves(value)
        else:
            yield str(name), value


async def test_no_operation_lets_a_secret_field_out() -> None:
    answers = {each.id: filled(load().all_fields(each)) for each in with_secrets()}
    assert len(answers) > 80
    assert {"get_log_aws_s3", "create_token", "list_backends", "get_service_detail"} <= {*answers}

    def handle(request: Request) -> Response:
        answer = answers[request.url.path.strip("/")]
        return answer_json([answer, answer] if request.method == "GET" else answer)

    client = client_of(handle)
    for id_, answer in answers.items():
        got = [*await get(client, f"/{id_}"), (await post(client, f"/{id_}")).data]
        for each in got:
            assert CANARY not in json.dumps(each)
            for (name, before), (_, after) in zip(leaves(answer), leaves(each), strict=True):
                assert after == (before if before == HARMLESS else f"[redacted: {name}]"), id_


TEXTS: dict[str, Callable[[str], Any]] = {
    "VCL": lambda text: {"name": "main", "main": True, "content": f"sub vcl_recv {{\n{text}\n}}"},
    "a snippet in details": lambda text: {"active_version": {"snippets": [{"content": text}]}},
    "a diff": lambda text: {"from": "1", "to": "2", "format": "text", "diff": f"@@\n{text}"},
    "an event": lambda text: {"attributes": {"metadata": {"old": {"x": text}, "new": {"x": ""}}}},
    "an event of texts": lambda text: {"metadata": {"new": json.dumps({"content": text})}},
    "a comment": lambda text: [{"comment": text}],
    "an item": lambda text: [{"item_key": "greeting", "item_value": text}],
    "a list": lambda text: [["a", text]],
    "a bare text": lambda text: text,
}


@pytest.mark.parametrize("where", TEXTS)
async def test_no_answer_lets_a_credential_out_in_a_text(where: str) -> None:
    bodies = iter([TEXTS[where](text) for text, _ in HIDDEN.values() for _ in range(2)])
    client = client_of(lambda _: answer_json(next(bodies)))
    for text, secret in HIDDEN.values():
        for said in (await get(client), (await post(client)).data):
            assert secret not in json.dumps(said, ensure_ascii=False), text
            assert "[redacted: " in json.dumps(said)


ERRORS: dict[str, Callable[[str], Any]] = {
    "msg": lambda text: {"msg": text},
    "detail": lambda text: {"msg": "Bad request", "detail": text},
    "JSON:API": lambda text: {"errors": [{"title": "No", "detail": text}]},
    "problem": lambda text: {"title": text, "status": 400, "detail": text},
    "purge": lambda text: {"status": "fail", "reason": text},
    "no object": lambda text: {"errors": [text]},
}


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("shape", ERRORS)
async def test_no_error_lets_a_credential_out(shape: str, status: int) -> None:
    texts = iter(HIDDEN.values())
    now = next(texts)
    client = client_of(lambda _: answer_json(ERRORS[shape](now[0]), status))
    for now in texts:
        for call in (get(client), post(client)):
            with pytest.raises(APIError) as caught:
                await call
            said = f"{caught.value} {vars(caught.value)}"
            assert now[1] not in said
            assert "[redacted: " in said


async def test_escapes_and_compression_hide_nothing_from_the_redactor() -> None:
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in f"Bearer {CANARY}")
    body = f'{{"\\u0074oken": "x{CANARY}", "comment": "{escaped}"}}'.encode()
    packed = gzip.compress(body)
    plain, zipped = sends(body), sends(packed, head="Content-Encoding: gzip\r\n")
    for reply in (plain, zipped):
        async with wire(reply) as server:
            client = FastlyClient(server.endpoint)
            assert await get(client) == {
                "token": "[redacted: token]",
                "comment": "Bearer [redacted: authorization]",
            }
            await client.aclose()


async def test_a_connection_shows_none_of_what_the_account_has() -> None:
    upstream = Upstream()
    answer = {"data": [{"name": CANARY, "token": CANARY, "content": f"key = '{CANARY}'"}]}
    upstream.instead["/service/x/purge"] = app_of(lambda _: answer_json(answer))
    upstream.instead["/resources/stores"] = app_of(lambda _: answer_json(answer))
    connection = upstream.connection()
    for got in (
        await connection.get("/resources/stores"),
        await connection.post("/service/x/purge", repeatable=False),
    ):
        assert got["data"] == [
            {"name": CANARY, "token": "[redacted: token]", "content": "key = '[redacted: key]'"}
        ]


ORDINARY = (
    "/service",
    f"/service/{SHOP}",
    f"/service/{SHOP}/details",
    f"/service/{SHOP}/diff/from/1/to/2",
    f"/service/{SHOP}/version/2/generated_vcl",
    f"/service/{SHOP}/version/2/backend",
    f"/service/{SHOP}/version/2/dictionary",
    "/current_user",
    "/tokens",
    "/tokens/self",
    "/events",
    "/tls/certificates",
    "/datacenters",
    "/public-ip-list",
    "/stats/aggregate",
    "/domain-management/v1/domains",
    "/resources/stores/secret",
)


@pytest.mark.parametrize("path", ORDINARY)
async def test_ordinary_answers_come_as_they_are(path: str) -> None:
    raw: list[bytes] = []
    sandbox = create_app()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            raw.append(message.get("body", b""))
            await send(message)

        await sandbox(scope, receive, note)

    got = await Upstream(watched).connection().get(path)
    assert got == json.loads(b"".join(raw))
