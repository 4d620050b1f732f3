"""read_api and search_api, entered through an MCP session: what is sent, refused and told."""

import hashlib
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx2
import pytest
from hypothesis import Phase, given, settings
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import check
from fastly_mcp.api.catalog.operation import Operation
from fastly_mcp.api.paths import looks_like_id
from fastly_mcp.errors import APIError, FastlyMCPError, NotPermitted
from fastly_mcp.reading import BUDGET
from fastly_mcp.serving.callers import Callers
from fastly_mcp.serving.http import http_app
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools.api import INSTEAD, read_api
from tests.api.reading import SELF, TOKEN, Recorder, answer_for, connected, every_parameter
from tests.catalog.test_catalog_paths import hostile, plain
from tests.conftest import SHOP, Connect, Session
from tests.test_contract import count, weight
from tests.tools.upstream import (
    BLOG,
    DOWNLOADS,
    TENANTS,
    Upstream,
    both_eras,
    call,
    names,
    real,
    refusal,
    text_of,
)

pytestmark = pytest.mark.anyio

READING = {"search_api", "read_api"}
GETS = [each for each in load() if each.method == "GET"]
PASSES = Path(__file__).with_name("passes_with_services.txt")


async def test_every_read_sends_the_right_request(session: Session) -> None:
    recorder = Recorder()
    connection = connected(recorder, FASTLY_MCP_ALLOW_SECRETS="1")
    async with session(connection) as mcp:
        for operation in GETS:
            if operation.id in INSTEAD:
                continue
            recorder.answer, recorder.requests = answer_for(operation), []
            asks_for_token = operation.path == "/tokens/self"
            params = every_parameter(operation)
            read = await call(mcp, "read_api", operation=operation.id, params=params)
            assert asks_for_token or read.keys() <= {"result"}, operation.id
            (sent,) = recorder.of_token[-1:] if asks_for_token else recorder.requests
            assert sent.method == "GET"
            assert (sent.url.scheme, sent.url.host) == ("https", operation.host)
            path, _, query = sent.url.raw_path.decode().partition("?")
            expected = [
                str(params[segment[1:-1]]) if segment.startswith("{") else segment
                for segment in operation.path.split("/")
            ]
            assert [unquote(segment) for segment in path.split("/")] == expected, operation.id
            given = dict(parse_qsl(query, keep_blank_values=True))
            places = {each.name: each for each in operation.parameters}
            assert given.keys() == {n for n, each in places.items() if each.place == "query"}
            for name, value in given.items():
                (wanted,) = params[name] if isinstance(params[name], list) else [params[name]]
                assert value == str(wanted).replace("True", "true"), operation.id
            assert sent.headers["Fastly-Key"] == TOKEN
            accept = operation.accept
            if "application/json" in accept:
                accept = ("application/json",)
            assert sent.headers["Accept"] == ", ".join(accept), operation.id
            for name in (n for n, each in places.items() if each.place == "header"):
                assert sent.headers[name] == str(params[name])
            assert not {"Content-Type", "Content-Length", "Cookie"} & {*sent.headers}


async def test_what_has_a_tool_of_its_own_or_changes_something_is_not_read(
    session: Session,
) -> None:
    recorder = Recorder()
    async with session(connected(recorder)) as mcp:
        assert await refusal(mcp, "read_api", operation="content_check") == (
            "Use check_edge for this. Nothing was sent."
        )
        for operation in load():
            if operation.method != "GET":
                said = await refusal(
                    mcp, "read_api", operation=operation.id, params=plain(operation)
                )
                assert said.startswith(
                    f"{operation.id} changes something ({operation.method}), and read_api only "
                    "reads. write_api does it, "
                )
                assert said.endswith("Nothing was sent.")
    assert recorder.requests == []


# Paths


# Without the phase that nothing here needs: CPython 3.11 can fail to parse what it imports so late.
@given(value=hostile)
@settings(deadline=None, max_examples=25, phases=[*{*Phase} - {Phase.target}])
async def test_nothing_leaves_its_place_in_a_path(value: str) -> None:
    # Every operation in every example: a sample would meet the rare ones too seldom.
    recorder = Recorder()
    fastly = connected(recorder)
    for operation in load():
        recorder.requests = []
        params = plain(operation)
        params |= {each.name: value for each in operation.parameters if each.place == "path"}
        with suppress(FastlyMCPError):  # what is sent is the point
            if operation.method == "GET" and operation.id not in INSTEAD:
                await read_api(fastly, operation.id, params)
            else:
                await fastly.call(check(operation, params), repeatable=True)
        for sent in recorder.requests:
            assert sent.url.host in {operation.host, "api.fastly.com"}
            if not is_look_up(sent, value):
                stays(operation, sent, params)
    await fastly.aclose()


def is_look_up(sent: httpx2.Request, service: str) -> bool:
    """Tell whether a service is looked up, by this id or name, or among all of them."""
    known = {"/service", "/service/search", "/domain-management/v1/domains"}
    if looks_like_id(service.strip()):
        known.add(f"/service/{service.strip()}")
    return sent.url.path in known


def stays(operation: Operation, sent: httpx2.Request, params: dict[str, Any]) -> None:
    path = sent.url.raw_path.decode().partition("?")[0]
    template, filled = operation.path.split("/"), path.split("/")
    assert len(filled) == len(template), operation.id
    for expected, segment in zip(template, filled, strict=True):
        if expected.startswith("{"):
            assert unquote(segment) == str(params[expected[1:-1]])
            assert unquote(segment) not in {"", ".", ".."}
            assert not re.search(r"[\\#;@\x00-\x20]", segment)
        else:
            assert segment == expected


@pytest.mark.parametrize(
    "value", [".", "..", "%2e%2e", "a/../../b", "..%2f..", "a\\..", "x\r\ny", "\0", ""]
)
async def test_what_would_be_another_path_is_refused(session: Session, value: str) -> None:
    recorder = Recorder()
    params = {"service_id": SHOP, "version_id": 3, "backend_name": value}
    async with session(connected(recorder)) as mcp:
        result = await mcp.call_tool("read_api", {"operation": "get_backend", "params": params})
        assert text_of(result) == (
            "get_backend: backend_name cannot be used in an address. Nothing was sent."
        )
    assert recorder.requests == []


async def test_dots_that_only_look_like_dots_stay_what_they_are(session: Session) -> None:
    recorder = Recorder()
    params = {"service_id": SHOP, "version_id": 3, "backend_name": "\uff0e\uff0e/"}
    async with session(connected(recorder)) as mcp:
        await mcp.call_tool("read_api", {"operation": "get_backend", "params": params})
    assert recorder.targets == [f"/service/{SHOP}/version/3/backend/%EF%BC%8E%EF%BC%8E%2F"]


# Several reads


async def test_lists_are_read_eight_at_a_time_in_their_order(session: Session) -> None:
    recorder = Recorder(lambda path, _: [{"path": path}], waits=True)
    ids = [f"{number:022}" for number in range(25)]
    async with session(connected(recorder)) as mcp:
        params = {"service_id": [*ids, ids[3]], "version_id": [2, 1]}
        read = await call(
            mcp, "read_api", operation="list_backends", params=params, select="[0].path"
        )
    assert len(recorder.requests) == 50
    assert recorder.most_under_way == 8
    assert read == {
        "results": [
            {
                "of": {"service_id": each, "version_id": version},
                "result": f"/service/{each}/version/{version}/backend",
            }
            for each in ids
            for version in (2, 1)
        ][: len(read["results"])],
    } | {name: read[name] for name in ("truncated", "then") if name in read}
    assert len(read["results"]) > 40


@both_eras
async def test_progress_is_told(session: Session, mode: str) -> None:
    recorder = Recorder([], waits=True)
    told: list[tuple[float, float | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))

    params = {"service_id": [f"{number:022}" for number in range(30)], "version_id": 1}
    async with session(connected(recorder), mode=mode) as mcp:
        await mcp.call_tool(
            "read_api", {"operation": "list_backends", "params": params}, progress_callback=note
        )
    assert told[-1] == (30, 30)
    assert told == sorted(told)


async def test_an_error_of_one_does_not_hide_the_others(session: Session) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        read = await call(
            mcp,
            "read_api",
            operation="list_backends",
            params={"service_id": ["nobody", "blog", "0" * 22, SHOP], "version_id": "active"},
            select="[].name",
        )
    nobody, blog, zero, shop = read["results"]
    assert nobody["of"] == {"service_id": "nobody"}
    assert nobody["error"].startswith("No service has this id, name or domain.")
    assert blog == {"of": {"service_id": "blog"}, "result": ["wordpress"]}
    assert "error" in zero
    assert "result" in shop


async def test_a_select_that_fits_one_answer_only_is_told_of_the_others(session: Session) -> None:
    recorder = Recorder(lambda path, _: [{"n": 1}] if "000/" in path else {"n": 1})
    async with session(connected(recorder)) as mcp:
        read = await call(
            mcp,
            "read_api",
            operation="get_service",
            params={"service_id": ["0" * 22, "1" * 22]},
            select="length(keys(@))",
        )
    assert read["results"][0]["result"] == 1
    assert read["results"][1]["result"] == 1


@both_eras
async def test_a_service_is_given_by_name_or_domain_and_its_active_version(
    session: Session, mode: str
) -> None:
    async with session(mode=mode) as mcp:
        for service in ("shop-prod", "www.larkspur.example", SHOP):
            read = await call(
                mcp,
                "read_api",
                operation="list_domains",
                params={"service_id": service, "version_id": "active"},
                select="[].name | [0]",
            )
            assert read["result"].endswith("larkspur.example")
            assert read["sandbox"] is True


# What is told


async def test_then_is_followed_to_the_end(session: Session) -> None:
    rows = [{"id": f"{number:022}", "note": "some words " * 9} for number in range(500)]
    recorder = Recorder(lambda *_: rows)
    got: list[Any] = []
    arguments: dict[str, Any] = {"operation": "list_backends", "limit": 1_000}
    arguments["params"] = {"service_id": SHOP, "version_id": 3}
    async with session(connected(recorder)) as mcp:
        while True:
            result = await mcp.call_tool("read_api", arguments)
            assert count(text_of(result)) <= BUDGET
            read: Any = result.structured_content
            got += read["result"]
            if "then" not in read:
                break
            assert read["truncated"] is True
            assert read["total"] == 500
            arguments["select"] = read["then"].partition("for the others: select ")[2]
    assert got == rows
    assert len(recorder.requests) > 3


async def test_results_that_do_not_fit_are_asked_for_again_from_there_on(
    session: Session,
) -> None:
    recorder = Recorder(lambda path, _: [{"path": path, "note": "words " * 900}])
    left = [f"{number:022}" for number in range(20)]
    got: list[str] = []
    async with session(connected(recorder)) as mcp:
        while left:
            params = {"service_id": left, "version_id": 3}
            result = await mcp.call_tool(
                "read_api", {"operation": "list_backends", "params": params}
            )
            assert count(text_of(result)) <= BUDGET
            read: Any = result.structured_content
            if len(left) == 1:
                got += left
                break
            got += [each["of"]["service_id"] for each in read["results"]]
            if "then" not in read:
                break
            left = left[len(read["results"]) :]
            assert f'Ask again from {{"service_id":"{left[0]}"}} on' in read["then"]
    assert got == [f"{number:022}" for number in range(20)]


async def test_every_read_of_the_sandbox_is_within_the_budget(session: Session) -> None:
    large = 0
    async with session() as mcp:
        for operation in GETS:
            if operation.id in INSTEAD:
                continue
            params = {
                name: {"service_id": SHOP, "version_id": 3}.get(name, value)
                for name, value in plain(operation).items()
            }
            result = await mcp.call_tool(
                "read_api", {"operation": operation.id, "params": params, "limit": 10_000}
            )
            assert count(text_of(result)) <= BUDGET, operation.id
            large += not result.is_error and "truncated" in text_of(result)
    assert large > 2


SECRET = "AKIAcanary0SECRET0canary"


@pytest.mark.parametrize(
    "select",
    [
        "",
        "[].secret_key",
        "[0].secret_key | reverse(@)",
        "join('-', [].secret_key)",
        "[].join('', ['x', secret_key, 'y'])",
        "to_string(@)",
        "[].values(@)[]",
        "[].{name: secret_key}",
        "[].{a: to_string({b: secret_key})}",
        "[?contains(secret_key, 'AKIA')]",
        "[?starts_with(secret_key, 'A')]",
        "map(&secret_key, @)",
        "sort_by(@, &secret_key)",
        "[].merge(@, {plain: secret_key})",
        "lines([0].secret_key)",
        "[].to_array(secret_key)[]",
        "[0].secret_key == '" + SECRET + "'",
    ],
)
async def test_a_select_sees_only_what_was_redacted(session: Session, select: str) -> None:
    recorder = Recorder(lambda *_: [{"name": "s3", "secret_key": SECRET, "bucket_name": "logs"}])
    async with session(connected(recorder)) as mcp:
        result = await mcp.call_tool(
            "read_api",
            {
                "operation": "list_log_aws_s3",
                "params": {"service_id": SHOP, "version_id": 3},
                "select": select,
            },
        )
    assert SECRET not in text_of(result).replace("select", "")
    assert SECRET[::-1] not in text_of(result)
    if "==" in select or "contains" in select or "starts_with" in select:
        assert "s3" not in text_of(result)
    assert recorder.requests


async def test_what_a_select_finds_nothing_in_is_told(session: Session) -> None:
    recorder = Recorder(lambda *_: [{"name": "a", "address": "b"}] * 3)
    params = {"service_id": SHOP, "version_id": 3}
    async with session(connected(recorder)) as mcp:
        for select in ("name", "[].nmae"):
            read = await call(
                mcp, "read_api", operation="list_backends", params=params, select=select
            )
            assert read["then"] == (
                "select found nothing in a list of 3 items, the first an object of name, address."
            )
        recorder.answer = lambda *_: []
        read = await call(mcp, "read_api", operation="list_backends", params=params, select="[].x")
        assert read == {"result": []}


async def test_hidden_characters_are_shown_and_counted(session: Session) -> None:
    recorder = Recorder(lambda *_: [{"comment": "\u202e\u200b" * 300}] * 40)
    params = {"service_id": SHOP, "version_id": 3}
    async with session(connected(recorder)) as mcp:
        result = await mcp.call_tool("read_api", {"operation": "list_backends", "params": params})
    assert "\\u{202e}" in text_of(result)
    assert count(text_of(result)) <= BUDGET


# Errors


async def test_an_unknown_operation_is_answered_with_similar_ones(session: Session) -> None:
    async with session() as mcp:
        said = await refusal(mcp, "read_api", operation="list_backend")
        assert said.startswith("There is no operation list_backend. Did you mean list_backends or")


async def test_all_that_is_wrong_with_the_params_is_told_at_once(session: Session) -> None:
    recorder = Recorder()
    async with session(connected(recorder)) as mcp:
        said = await refusal(
            mcp,
            "read_api",
            operation="list_events",
            params={"filter_service": "x", "page_size": 1000, "page_number": "two"},
        )
        assert said == (
            "list_events: filter_service is unknown (did you mean filter[service_id]?); "
            "page[number] must be an integer; page[size] must be at most 100. Nothing was sent."
        )
        said = await refusal(mcp, "read_api", operation="get_backend", params={})
        assert said == (
            "get_backend: service_id is missing; version_id is missing; backend_name is missing. "
            "Nothing was sent."
        )
        assert (await refusal(mcp, "read_api", operation="list_pops", select="[")).startswith(
            "select is no JMESPath expression"
        )
    assert recorder.requests == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx2.Response(403, json={"msg": "You are not authorized", "detail": "no"}),
            "Fastly answered 403 You are not authorized: no.",
        ),
        (
            httpx2.Response(404, json={"msg": "Record not found", "detail": "Couldn't find it"}),
            "Fastly answered 404 Record not found: Couldn't find it.",
        ),
        (
            httpx2.Response(429, json={"msg": "Too many requests"}),
            "Fastly answered 429 Too many requests. Fastly did not say until when; its limits",
        ),
        (
            httpx2.Response(
                429, json={"msg": "Slow"}, headers={"Fastly-RateLimit-Reset": "1893456000"}
            ),
            "Fastly answered 429 Slow. Try again after 2030-01-01T00:00:00Z.",
        ),
        (httpx2.Response(503, text="<html>"), "Fastly answered 503 Service Unavailable."),
        (httpx2.Response(200, text="<html>"), "Fastly answered 200 with something that is not"),
        (httpx2.Response(302), "Fastly answered 302 with a redirect to another address, which"),
        (httpx2.Response(200, content=b"[" * 10_000_001), "Fastly's answer is larger than 10 MB."),
        (httpx2.Response(200, json={"a": 1}), "Fastly answered 200 with something of another"),
    ],
)
async def test_what_fastly_refuses_is_told_in_its_words(
    session: Session, answer: httpx2.Response, said: str
) -> None:
    async with session(connected(Recorder(lambda *_: answer))) as mcp:
        assert (await refusal(mcp, "read_api", operation="list_pops")).startswith(said)


async def test_params_may_come_as_text(session: Session) -> None:
    recorder = Recorder(lambda *_: [])
    async with session(connected(recorder)) as mcp:
        good = f'{{"service_id": "{SHOP}", "version_id": "3"}}'
        for params in (good, " { }", "{", "[]", 5):
            arguments = {"operation": "list_backends", "params": params}
            result = await mcp.call_tool("read_api", arguments)
            assert result.is_error == (params != good)
            assert "Internal" not in text_of(result)
    assert recorder.targets == [f"/service/{SHOP}/version/3/backend"]


# The gate


@both_eras
@pytest.mark.parametrize(
    ("token", "environ", "sees"),
    [
        ("sandbox", {}, True),
        ("sandbox-read", {}, True),
        ("sandbox-one-service", {}, True),
        ("sandbox-purge-select", {}, False),
        ("sandbox-purge-all", {}, False),
        ("sandbox-expired", {}, False),
        ("sandbox-blind", {}, False),
        ("sandbox", {"FASTLY_MCP_READ_ONLY": "1"}, True),
        ("sandbox", {"FASTLY_MCP_SCOPES": "purge_select"}, False),
        ("sandbox", {"FASTLY_MCP_SERVICES": SHOP}, True),
    ],
)
async def test_reading_takes_a_token_that_may_read(
    session: Session, token: str, environ: dict[str, str], mode: str, *, sees: bool
) -> None:
    upstream = Upstream()
    connection = real(upstream, FASTLY_API_TOKEN=token, **environ)
    params = {"service_id": SHOP, "version_id": 3}
    async with session(connection, mode=mode) as mcp:
        assert (READING & {*await names(mcp)}) == (READING if sees else set())
        if sees:
            await call(mcp, "search_api", query="backends")
            await call(mcp, "read_api", operation="list_backends", params=params)
            assert upstream.lines[-1] == f"GET /service/{SHOP}/version/3/backend"
        else:
            for name, arguments in (
                ("search_api", {"query": "backends"}),
                ("read_api", {"operation": "list_backends", "params": params}),
            ):
                said = await refusal(mcp, name, **arguments)
                assert said.startswith(f"{name} is withheld: ")
            assert not any("backend" in line for line in upstream.lines)


@both_eras
async def test_over_http_it_is_the_same(connect: Connect, mode: str) -> None:
    callers = Callers({"alice": hashlib.sha256(b"a-secret-of-alice").hexdigest()})
    params = {"service_id": ["shop-prod", "blog"], "version_id": "active"}
    for token, sees in (("sandbox-read", READING), ("sandbox-purge-select", set())):
        server = FastlyServer(connect(FASTLY_API_TOKEN=token))
        app = http_app(server, callers=callers, allowed_hosts=["fastly.test"])
        transport = httpx2.ASGITransport(app=app)
        headers = {"Authorization": "Bearer a-secret-of-alice"}
        async with (
            server.session_manager.run(),
            httpx2.AsyncClient(transport=transport, headers=headers) as http,
            Client(
                streamable_http_client("http://fastly.test/mcp", http_client=http), mode=mode
            ) as mcp,
        ):
            assert READING & {*await names(mcp)} == sees
            if sees:
                read = await call(
                    mcp, "read_api", operation="list_backends", params=params, select="[].name"
                )
                assert [each["of"]["service_id"] for each in read["results"]] == [
                    "shop-prod",
                    "blog",
                ]
            else:
                said = await refusal(mcp, "read_api", operation="list_backends", params=params)
                assert said.startswith("read_api is withheld: ")


# Limited to some services


async def tried(mcp: Client, recorder: Recorder, service_id: str) -> tuple[list[str], list[str]]:
    """Call every GET, and return the ids that were sent and those that were refused."""
    sent, refused = [], []
    for operation in GETS:
        if operation.id in INSTEAD:
            continue
        recorder.answer, recorder.requests = answer_for(operation), []
        params = {
            name: service_id if name == "service_id" else value
            for name, value in plain(operation).items()
        }
        result = await mcp.call_tool("read_api", {"operation": operation.id, "params": params})
        if result.is_error:
            assert recorder.requests == [], operation.id
            assert "nothing was sent." in text_of(result).lower()
            refused.append(operation.id)
        else:
            sent.append(operation.id)
    return sent, refused


async def test_under_services_only_what_is_on_an_allowed_one_passes(session: Session) -> None:
    recorder = Recorder()
    connection = connected(recorder, FASTLY_MCP_SERVICES=SHOP)
    recorder.answer = {"id": SHOP, "name": "shop", "versions": []}
    async with session(connection) as mcp:
        await mcp.list_tools()
        sent, refused = await tried(mcp, recorder, SHOP)
        assert sent == PASSES.read_text().split()
        assert {*sent} | {*refused} | {*INSTEAD} == {each.id for each in GETS}
        others, _ = await tried(mcp, recorder, BLOG)
        assert others == []


async def test_every_operation_that_passes_has_the_service_in_its_path() -> None:
    recorder = Recorder({"id": SHOP, "name": "shop", "versions": []})
    fastly = connected(recorder, FASTLY_MCP_SERVICES=SHOP)
    await fastly.grant()
    for operation in load():
        recorder.answer, recorder.requests = {}, []
        for service_id in (SHOP, BLOG):
            params = plain(operation) | {"service_id": service_id}
            known = {each.name for each in operation.parameters}
            params = {name: value for name, value in params.items() if name in known}
            request = check(operation, params)
            with suppress(NotPermitted, APIError):
                await fastly.call(request, repeatable=True)
            for sent in recorder.requests:
                assert f"/{SHOP}" in sent.url.path, operation.id
                assert service_id == SHOP
            recorder.requests = []
    await fastly.aclose()


async def test_a_token_for_one_service_reads_no_other(session: Session) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox-one-service")) as mcp:
        limited = {"service_id": [SHOP, BLOG, DOWNLOADS, TENANTS], "version_id": 1}
        read = await call(mcp, "read_api", operation="list_backends", params=limited)
    allowed = [each["of"]["service_id"] for each in read["results"] if "error" not in each]
    assert len(allowed) == 1
    for each in read["results"]:
        if each["of"]["service_id"] not in allowed:
            assert "outside what this server may touch" in each["error"]
    asked = {line for line in upstream.lines if "/backend" in line}
    assert asked == {f"GET /service/{allowed[0]}/version/1/backend"}


async def test_a_token_limited_to_services_may_be_refused_by_fastly_for_the_rest() -> None:
    recorder = Recorder([], scope=SELF | {"services": [SHOP]})
    fastly = connected(recorder)
    with pytest.raises(NotPermitted):
        await read_api(fastly, "list_backends", {"service_id": BLOG, "version_id": 1})
    assert recorder.requests == []
    await read_api(fastly, "list_backends", {"service_id": SHOP, "version_id": 1})
    await fastly.aclose()
    assert len(recorder.requests) == 1


# What it costs


async def test_both_tools_take_at_most_300_tokens(session: Session) -> None:
    async with session() as mcp:
        listed = {tool.name: weight(tool) for tool in (await mcp.list_tools()).tools}
    assert listed["search_api"] + listed["read_api"] <= 300


async def test_the_example_of_the_schema_works(session: Session) -> None:
    async with session() as mcp:
        (tool,) = (tool for tool in (await mcp.list_tools()).tools if tool.name == "read_api")
        said = tool.input_schema["properties"]["select"]["description"]
        for select in re.findall(r"\[.*?(?=;)", said):
            read = await call(
                mcp,
                "read_api",
                operation="list_backends",
                params={"service_id": ["shop-prod", "blog"], "version_id": "active"},
                select=select,
            )
            assert all("error" not in each for each in read["results"])
    assert "[].{name: name, host: address}" in said


async def test_a_task_over_eight_services_is_two_calls_and_1500_tokens(session: Session) -> None:
    async with session() as mcp:
        found = await mcp.call_tool("search_api", {"query": "list the backends of a service"})
        operation = found.structured_content["operations"][0]["operation"]
        assert operation == "list_backends"
        services = await call(mcp, "read_api", operation="list_services", select="[].id")
        read = await mcp.call_tool(
            "read_api",
            {
                "operation": operation,
                "params": {"service_id": services["result"][:8], "version_id": "active"},
                "select": "[].{name: name, address: address}",
            },
        )
    assert count(text_of(found)) + count(text_of(read)) <= 1_500


async def test_a_services_name_in_a_filter_is_not_silently_nobodys(session: Session) -> None:
    async with session() as mcp:
        by_id = await call(
            mcp, "read_api", operation="list_events", params={"filter[service_id]": SHOP}
        )
        by_name = await call(
            mcp, "read_api", operation="list_events", params={"filter[service_id]": "shop-prod"}
        )
        assert by_name == by_id
        assert by_id["result"]
        said = await refusal(
            mcp, "read_api", operation="list_events", params={"filter[service_id]": "nobody"}
        )
    assert "No service has this id, name or domain" in said


async def test_a_misspelt_field_is_told_from_an_empty_one(session: Session) -> None:
    params = {"service_id": SHOP, "version_id": "active"}
    async with session() as mcp:
        for select in ("[].{n: nme}", "[].nme", "[].[nme, prt]", "nme"):
            told = await call(
                mcp, "read_api", operation="list_backends", params=params, select=select
            )
            assert told["then"].startswith("select found nothing in a list of 2 items"), select


async def test_empty_fields_are_left_out_unless_they_are_selected(session: Session) -> None:
    params = {"service_id": SHOP, "version_id": "active"}
    async with session() as mcp:
        whole = await call(mcp, "read_api", operation="list_backends", params=params)
        assert all(
            value not in (None, "", [], {}) for row in whole["result"] for value in row.values()
        )
        some = await call(
            mcp,
            "read_api",
            operation="list_backends",
            params=params,
            select="[].{name: name, comment: comment, deleted: deleted_at}",
        )
    assert some["result"][0].keys() == {"name", "comment", "deleted"}
