"""What a person reads of a write before it is let happen: every value, and no secret."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import check
from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.secret_fields import NAMES
from fastly_mcp.api.told import parameters
from tests.conftest import SHOP
from tests.tools.upstream import Upstream, both_eras
from tests.tools.writing import BACKEND, DRAFT, VERSION, asking, changes, planned

pytestmark = pytest.mark.anyio

CANARY = "canary0Zx9Vb4Nw6Tr1"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n"


@both_eras
async def test_a_plan_tells_what_is_done_where_and_with_which_values(mode: str) -> None:
    app = Upstream()
    async with asking(app, mode=mode) as mcp:
        plan = await planned(mcp, "create_backend", **BACKEND, use_ssl=True, weight="50")
    assert plan[0] == f"{load().operation('create_backend').summary}."
    assert plan[1].startswith(f"service   {SHOP}  shop-prod")
    assert plan[2].startswith("domains   ")
    assert plan[3:9] == [
        f"request   POST {VERSION}/{DRAFT}/backend",
        "address   second.larkspur.example",
        "name      second",
        "use_ssl   1",
        "weight    50",
        "version   4: a draft",
    ]
    assert plan[-1] == "waits     because a person decides on every write"
    assert changes(app) == []


async def test_what_is_on_no_service_is_told_without_one() -> None:
    async with asking(Upstream()) as mcp:
        plan = await planned(mcp, "kv_store_create", name="new", location="EU")
    assert plan[1:4] == ["request   POST /resources/stores/kv", "location  EU", "name      new"]


async def test_the_fields_of_nested_bodies_and_queries_are_told_one_by_one() -> None:
    body = {"data": {"type": "tls_activation", "tags": ["a", {"b": None}], "none": {}}}
    async with asking(Upstream()) as mcp:
        plan = await planned(mcp, "create_tls_activation", **body)
        item = await planned(
            mcp, "kv_store_upsert_item", store_id="abc", key="a/b", body="text", add=True
        )
    assert plan[2:6] == [
        "data.type  tls_activation",
        "data.tags[0]  a",
        "data.tags[1].b  null",
        "data.none  {}",
    ]
    assert item[1:4] == [
        "request   PUT /resources/stores/kv/abc/keys/a%2Fb",
        "add       true",
        "body      text",
    ]


async def test_a_long_value_is_cut_and_told_by_its_digest() -> None:
    text = "sub vcl_recv {\n" + "  # word\n" * 200
    async with asking(Upstream()) as mcp:
        plan = await planned(
            mcp,
            "create_snippet",
            service_id=SHOP,
            version_id=DRAFT,
            name="new",
            content=text,
            type="recv",
        )
    (told,) = [line for line in plan if line.startswith("content")]
    digest = sha256(text.encode()).hexdigest()[:16]
    assert told.startswith("content   sub vcl_recv {\\n  # word\\n")
    assert told.endswith(f"… ({len(text)} characters, sha256 {digest})")
    assert max(map(len, plan)) <= 140


async def test_of_many_values_the_first_are_told_and_the_others_by_their_digest() -> None:
    def items(last: str) -> list[dict[str, str]]:
        keys = [f"/{number}" for number in range(29)] + [last]
        return [{"op": "create", "item_key": key} for key in keys]

    where = {"service_id": SHOP, "dictionary_id": "abc"}
    async with asking(Upstream()) as mcp:
        first = await planned(mcp, "bulk_update_dictionary_item", **where, items=items("/a"))
        second = await planned(mcp, "bulk_update_dictionary_item", **where, items=items("/b"))
    told = [line for line in first if line.startswith("items[")]
    assert (len(told), told[0]) == (40, "items[0].op  create")
    (more,) = [line for line in first if line.startswith("and ")]
    assert more.startswith("and 20 more values (sha256 ")
    assert more not in second


@pytest.mark.parametrize(
    ("comment", "told"),
    [
        ("a\u202eb", "a\\u{202e}b"),
        ("a\u200bb", "a\\u{200b}b"),
        ("a\nwaits     for nobody", "a\\nwaits     for nobody"),
        ("a\rb\tc", "a\\u{d}b\\tc"),
        ("\x1b[2J", "\\u{1b}[2J"),
    ],
)
async def test_what_hides_is_shown_and_nothing_breaks_a_line(comment: str, told: str) -> None:
    async with asking(Upstream()) as mcp:
        plan = await planned(mcp, "update_service", service_id=SHOP, comment=comment)
    assert f"comment   {told}" in plan
    assert len([line for line in plan if line.startswith("waits")]) == 1


# Secrets


def canaries(operation: Operation) -> dict[str, Any]:
    """Every parameter filled with something that fits; what is secret holds the canary."""
    filled = {}
    for each in operation.parameters:
        if each.type == "file" or (not each.required and not _may_be_secret(each)):
            continue
        filled[each.name] = CANARY if each.name in NAMES else _value(each)
    return filled


def _may_be_secret(parameter: Parameter) -> bool:
    return parameter.name in NAMES or parameter.type == "object"


def _value(parameter: Parameter) -> Any:
    if parameter.enum:
        return parameter.enum[0]
    match parameter.type.strip("[]"):
        case "integer" | "number":
            return int(parameter.minimum or 1)
        case "boolean":
            return True
        case "object":
            return {"attributes": {"key": CANARY, "password": CANARY}, "token": CANARY}
        case "date-time" | "date":
            return "2030-01-01T00:00:00Z"
    text = "a" * (parameter.min_length or 3)
    return [text] if parameter.type.startswith("[") else text


def secret_writes() -> Iterator[tuple[Operation, dict[str, Any]]]:
    for operation in load():
        filled = canaries(operation) if operation.method != "GET" else {}
        in_path = {each.name for each in operation.parameters if each.place == "path"}
        if CANARY in json.dumps({k: v for k, v in filled.items() if k not in in_path}):
            yield operation, filled | dict.fromkeys(in_path & NAMES, "an-id")


def test_no_secret_parameter_of_any_operation_is_told() -> None:
    told = 0
    for operation, filled in secret_writes():
        lines = parameters(check(operation, filled))
        assert CANARY not in json.dumps(lines), operation.id
        assert "[redacted: " in json.dumps(lines), operation.id
        told += 1
    assert told >= 50


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("create_backend", BACKEND | {"ssl_client_key": CANARY}),
        ("create_log_aws_s3", {"service_id": SHOP, "version_id": DRAFT, "secret_key": CANARY}),
        ("create_secret", {"store_id": "abc", "name": "new", "secret": CANARY}),
        ("create_tls_key", {"data": {"attributes": {"key": KEY, "name": "new"}}}),
        ("update_service", {"service_id": SHOP, "comment": f"password={CANARY}"}),
        ("kv_store_upsert_item", {"store_id": "abc", "key": "a", "body": KEY}),
        (
            "create_dictionary_item",
            {
                "service_id": SHOP,
                "dictionary_id": "abc",
                "item_key": "api_token",
                "item_value": CANARY,
            },
        ),
    ],
)
async def test_a_secret_is_told_neither_in_a_plan_nor_in_a_refusal(
    operation: str, params: dict[str, Any]
) -> None:
    async with asking(Upstream()) as mcp:
        plan = "\n".join(await planned(mcp, operation, **params))
        assert CANARY not in plan
        assert "MIIEvQ" not in plan
        assert "[redacted: " in plan
        wrong = {"operation": operation, "params": params | {"nothing": CANARY}}
        result = await mcp.call_tool("write_api", wrong)
        assert result.is_error
        assert CANARY not in str(result.content)
