"""Bad input, bugs, late and too many calls: a plain answer to each, and the session goes on."""

from typing import Annotated, Any

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from pydantic import Field

from fastly_mcp.serving.server import CALLS_AT_ONCE, FastlyServer
from fastly_mcp.toolkit import Fastly, Result, Toolset
from tests.conftest import SHOP, Session
from tests.tools.upstream import (
    BLOG,
    LAMP,
    POSTS,
    Failing,
    Hanging,
    Upstream,
    Waiting,
    answering,
    both_eras,
    call,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

SECRET = "hunter2-https://value.example/"  # a value no error may repeat


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the log of calls says."""
    return [record.__dict__ for record in caplog.records if record.name == "fastly_mcp.calls"]


# Arguments


@both_eras
@pytest.mark.parametrize("name", ["nothing_like_it", "", "purge_al\u202el", "x" * 5000])
async def test_an_unknown_tool_is_answered_with_those_that_exist(
    session: Session, name: str, mode: str
) -> None:
    async with session(mode=mode, FASTLY_API_TOKEN="sandbox-read") as mcp:
        assert await refusal(mcp, name) == (
            "There is no such tool. The tools are: check_edge, get_account, get_service, "
            "list_services, read_api, search_api; get_account says why others are missing."
        )


@both_eras
@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_service", {}, "service is required"),
        ("get_service", {"service": ""}, "service: string should have at least 1 character"),
        ("get_service", {"service": None}, "service: input should be a valid string"),
        (
            "get_service",
            {"service": SHOP, "id": SECRET},
            "unknown argument 'id' (the arguments are: service)",
        ),
        ("get_account", {"x": SECRET}, "unknown argument 'x' (the arguments are: none)"),
        (
            "purge_surrogate_key",
            {"servic": SECRET},
            "service is required; keys is required; unknown argument 'servic' (the arguments are: ",
        ),
        ("purge_url", {"urls": [LAMP], "soft": SECRET}, "soft: input should be a valid boolean"),
        ("purge_url", {"urls": {SECRET: 1}}, "urls: input should be a valid list"),
        (
            "list_services",
            {"page": SECRET},
            "page: input should be a valid integer, unable to parse string as an integer",
        ),
        ("list_services", {"query": {"a": SECRET}}, "query: input should be a valid string"),
    ],
)
async def test_wrong_arguments_are_named_with_their_rule_and_never_repeated(
    upstream: Upstream, tool: str, arguments: dict[str, Any], said: str, mode: str
) -> None:
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode=mode) as mcp:
        answer = await refusal(mcp, tool, **arguments)
        assert answer.startswith(f"Nothing was sent: {said}")
        for word in ("hunter2", "http", "pydantic", "Traceback", "validation error"):
            assert word not in answer
        assert upstream.lines == []
        await call(mcp, "get_service", service=SHOP)


async def test_the_name_of_an_unknown_argument_is_cut_and_made_visible(session: Session) -> None:
    async with session() as mcp:
        said = await refusal(mcp, "get_account", **{"a\u202eb": 1, "x" * 500: 1})
        assert r"unknown argument 'a\u{202e}b'" in said.replace("\\\\", "\\")
        assert len(said) < 200
        many = await refusal(mcp, "get_account", **{f"a{number}": 1 for number in range(500)})
        assert many.count("unknown argument") == 10


async def test_a_property_called_title_stays_in_a_schema() -> None:
    toolset = Toolset("trial", "For this test.")

    @toolset.read("Trial")
    async def get_trial(
        fastly: Fastly, title: Annotated[str, Field(description="A title")] = ""
    ) -> Result:
        return Result()

    assert toolset.tools[0].input_schema["properties"] == {
        "title": {"default": "", "description": "A title", "type": "string"}
    }


# Faults of our own


@both_eras
@pytest.mark.parametrize(
    ("tool", "outcome"),
    [
        ("get_service", "Nothing was changed."),
        ("purge_surrogate_key", "It may have been done all the same; sending it again is safe."),
        ("purge_all", "It may have been done all the same: do not send it again, look first."),
    ],
)
async def test_a_bug_is_answered_in_general_words_and_told_to_the_log_alone(
    upstream: Upstream, caplog: pytest.LogCaptureFixture, tool: str, outcome: str, mode: str
) -> None:
    arguments = {"service": SHOP} | ({"keys": ["all"]} if "key" in tool else {})
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode=mode) as mcp:
        await call(mcp, "list_services")
        bug = Failing(RuntimeError("the details"))
        upstream.instead = {"POST /": bug, f"GET /service/{SHOP}/details": bug}
        said = await refusal(mcp, tool, **arguments)
        assert said == f"Internal error; its details are in the server's log. {outcome}"
        assert any(record.exc_info for record in caplog.records)
        upstream.instead.clear()
        await call(mcp, tool, **arguments)


async def test_every_call_is_one_line_in_the_log(
    session: Session, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    upstream.instead["POST /"] = Failing(RuntimeError("a bug"))
    caplog.set_level("INFO", "fastly_mcp.calls")
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        await call(mcp, "list_services")
        await refusal(mcp, "get_service", service="nothing like it")
        await refusal(mcp, "a\u202eb" + "x" * 100)
        await refusal(mcp, "purge_all", service=SHOP)
    assert [(line["tool"], line["outcome"]) for line in told(caplog)] == [
        ("list_services", "ok"),
        ("get_service", "InvalidArgument"),
        (r"a\u{202e}b" + "x" * 53 + "…", "InvalidArgument"),
        ("purge_all", "Bug"),
    ]
    first = told(caplog)[0]
    assert first["upstream_requests"] == 2
    assert 0 < first["upstream_ms"] <= first["ms"]
    assert first["answer_tokens"] > 100


# Time and number of calls


@both_eras
async def test_a_read_that_takes_too_long_is_given_up(upstream: Upstream, mode: str) -> None:
    hanging = upstream.instead[f"GET /service/{SHOP}"] = Hanging()
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"), deadline=0.05)
    async with Client(server, mode=mode) as mcp:
        assert await refusal(mcp, "get_service", service=SHOP) == (
            "The call took longer than 0.05 s. Nothing was changed."
        )
        assert hanging.given_up.is_set()
        upstream.instead.clear()
        await call(mcp, "get_service", service=SHOP)


async def test_a_purge_that_takes_too_long_may_have_been_done(upstream: Upstream) -> None:
    connection = real(upstream, 0.1, FASTLY_API_TOKEN="sandbox")
    async with Client(FastlyServer(connection, deadline=0.05)) as mcp:
        await call(mcp, "get_service", service=SHOP)
        upstream.instead["POST /"] = Hanging()
        assert await refusal(mcp, "purge_url", urls=[LAMP]) == (
            "The call took longer than 0.05 s. It may have been done all the same; sending it "
            "again is safe."
        )
        assert (await refusal(mcp, "purge_all", service=SHOP)).endswith(
            "It may have been done all the same: do not send it again, look first."
        )
        upstream.instead.clear()
        await call(mcp, "purge_url", urls=[LAMP])


@both_eras
async def test_a_cancelled_read_is_aborted_at_fastly_within_100_ms(
    upstream: Upstream, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    caplog.set_level("INFO", "fastly_mcp.calls")
    hanging = upstream.instead[f"GET /service/{SHOP}"] = Hanging()
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode=mode) as mcp:
        async with anyio.create_task_group() as group:
            group.start_soon(mcp.call_tool, "get_service", {"service": SHOP})
            await hanging.asked.wait()
            group.cancel_scope.cancel()
        with anyio.fail_after(0.1):
            await hanging.given_up.wait()
        upstream.instead.clear()
        await call(mcp, "get_service", service=SHOP)
    assert [line["outcome"] for line in told(caplog)] == ["Cancelled", "ok"]


@both_eras
async def test_a_cancelled_purge_that_is_on_its_way_is_finished(
    upstream: Upstream, mode: str
) -> None:
    waiting = upstream.instead["POST /purge/"] = Waiting(upstream.sandbox)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode=mode) as mcp:
        async with anyio.create_task_group() as group:
            group.start_soon(mcp.call_tool, "purge_url", {"urls": [POSTS]})
            while not waiting.asked:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
            waiting.may.set()
        with anyio.fail_after(5):
            while await upstream.states(POSTS) != {"absent"}:
                await anyio.lowlevel.checkpoint()


@both_eras
async def test_the_65th_call_at_once_is_told_to_come_back(upstream: Upstream, mode: str) -> None:
    waiting = upstream.instead["POST /purge/"] = Waiting(upstream.sandbox)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    accepted = []

    async def purge(mcp: Client, number: int) -> None:
        receipt = await call(mcp, "purge_url", urls=[f"{LAMP}?{number}"])
        accepted.append(receipt["accepted"])

    async with Client(server, mode=mode) as mcp:
        async with anyio.create_task_group() as group:
            for number in range(CALLS_AT_ONCE):
                group.start_soon(purge, mcp, number)
            while waiting.asked < CALLS_AT_ONCE:
                await anyio.lowlevel.checkpoint()
            assert await refusal(mcp, "get_account") == (
                "Busy: 64 calls are running. Try again in a few seconds."
            )
            waiting.may.set()
        assert accepted == [1] * CALLS_AT_ONCE
        await call(mcp, "get_account")


async def test_calls_that_failed_or_were_given_up_leave_their_place(upstream: Upstream) -> None:
    upstream.instead[f"GET /service/{SHOP}"] = Hanging()
    upstream.instead[f"GET /service/{BLOG}"] = answering({"msg": "no"}, 404)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"), deadline=0.01)
    async with Client(server) as mcp:
        async with anyio.create_task_group() as group:
            for number in range(CALLS_AT_ONCE):
                service = SHOP if number % 2 else BLOG
                group.start_soon(mcp.call_tool, "get_service", {"service": service})
        assert "Busy" not in await refusal(mcp, "get_service", service=SHOP)
