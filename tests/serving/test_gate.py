"""The gate: what a grant does not permit is neither shown nor run, whoever asks and however."""

import time
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.message import SessionMessage
from mcp.shared.subscriptions import ToolsListChanged
from mcp_types import JSONRPCNotification, JSONRPCRequest, ToolListChangedNotification

from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.server import FastlyServer
from tests.conftest import SHOP, Connect, Session
from tests.tools.upstream import (
    BLOG,
    CATALOGUE,
    DOWNLOADS,
    LAMP,
    POSTS,
    Hanging,
    Upstream,
    answering,
    both_eras,
    call,
    names,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

ACCOUNT = {"get_account"}
SERVICES = {"list_services", "get_service"}
API = {"search_api", "read_api"}
READING = SERVICES | API | {"check_edge"}
SELECTING = {"purge_url", "purge_surrogate_key"}
PURGE_ALL = {"purge_all"}
PURGING = SELECTING | PURGE_ALL
EVERY = ACCOUNT | READING | PURGING

NEEDS = {
    "check_edge": "global:read",
    "search_api": "global:read",
    "read_api": "global:read",
    "list_services": "global:read",
    "get_service": "global:read",
    "purge_url": "purge_select",
    "purge_surrogate_key": "purge_select",
    "purge_all": "purge_all",
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "get_account": {},
    "check_edge": {"url": LAMP},
    "list_purges": {},
    "search_api": {"query": "domains of a service"},
    "read_api": {"operation": "get_service", "params": {"service_id": SHOP}},
    "write_api": {"operation": "update_service", "params": {"service_id": SHOP, "comment": "x"}},
    "list_services": {},
    "get_service": {"service": SHOP},
    "purge_url": {"urls": [LAMP]},
    "purge_surrogate_key": {"service": SHOP, "keys": ["all"]},
    "purge_all": {"service": SHOP},
}

TOKENS = {
    "sandbox": EVERY,
    "sandbox-read": ACCOUNT | READING,
    "sandbox-purge-select": ACCOUNT | SELECTING,
    "sandbox-purge-all": ACCOUNT | PURGE_ALL,
    "sandbox-read-purge-select": ACCOUNT | READING | SELECTING,
    "sandbox-one-service": EVERY,
    "sandbox-expiring": ACCOUNT | READING | SELECTING,
    "sandbox-expired": ACCOUNT,
    "sandbox-blind": ACCOUNT,
    "sandbox-of-nobody": ACCOUNT,
}


async def check_both_doors(mcp: Client, upstream: Upstream, permitted: set[str]) -> None:
    """Nothing else is shown, nothing else runs, and nothing of it reaches Fastly."""
    assert set(await names(mcp)) == permitted
    for name in (EVERY | {"write_api"}) - permitted:
        said = await refusal(mcp, name, **ARGUMENTS[name])
        assert said.startswith((f"{name} is withheld: ", "There is no such tool."))
        assert ".." not in said
    assert upstream.changes == []
    assert not {"GET /service", f"GET /service/{SHOP}/details"} & set(upstream.lines)
    for name in permitted:
        await call(mcp, name, **ARGUMENTS[name])


@both_eras
@pytest.mark.parametrize(("token", "permitted"), TOKENS.items())
async def test_every_token_has_its_tools_and_no_others(
    session: Session, token: str, permitted: set[str], mode: str
) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN=token), mode=mode) as mcp:
        await check_both_doors(mcp, upstream, permitted)


@pytest.mark.parametrize("name", NEEDS)
async def test_a_withheld_tool_names_the_scope_that_is_missing(session: Session, name: str) -> None:
    other = "sandbox-read" if name.startswith("purge_") else "sandbox-purge-select"
    has = "global:read" if name.startswith("purge_") else "purge_select"
    async with session(FASTLY_API_TOKEN=other) as mcp:
        assert await refusal(mcp, name, **ARGUMENTS[name]) == (
            f"{name} is withheld: the token lacks the scope {NEEDS[name]} (it has: {has}). "
            "Nothing was sent."
        )


@both_eras
@pytest.mark.parametrize(
    ("environ", "permitted"),
    [
        ({"SCOPES": "global"}, EVERY),
        ({"SCOPES": "global:read"}, ACCOUNT | READING),
        ({"SCOPES": "purge_select"}, ACCOUNT | SELECTING),
        ({"SCOPES": "purge_all"}, ACCOUNT | PURGE_ALL),
        ({"SCOPES": "global:read purge_select"}, ACCOUNT | READING | SELECTING),
        ({"READ_ONLY": "1"}, ACCOUNT | READING),
        ({"READ_ONLY": "0"}, EVERY),
        ({"READ_ONLY": "1", "SCOPES": "global"}, ACCOUNT | READING),
        ({"READ_ONLY": "1", "SCOPES": "purge_select"}, ACCOUNT),
        ({"TOOLSETS": "all"}, EVERY | {"list_purges", "write_api"}),
        ({"TOOLSETS": "write"}, ACCOUNT | {"write_api"}),
        ({"TOOLSETS": "write", "SCOPES": "global:read purge_all"}, ACCOUNT),
        ({"TOOLSETS": "write", "READ_ONLY": "1"}, ACCOUNT),
        ({"TOOLSETS": "api"}, ACCOUNT | API),
        ({"TOOLSETS": "default"}, EVERY),
        ({"TOOLSETS": "services"}, ACCOUNT | SERVICES),
        ({"TOOLSETS": "purge"}, ACCOUNT | PURGING),
        ({"TOOLSETS": "account"}, ACCOUNT),
        (
            {"TOOLSETS": "purge, services", "SCOPES": "purge_all global:read"},
            ACCOUNT | SERVICES | PURGE_ALL,
        ),
        ({"TOOLSETS": "purge", "READ_ONLY": "1"}, ACCOUNT),
        ({"SERVICES": "shop-prod"}, EVERY),
        ({"SERVICES": "no-such-service"}, ACCOUNT),
        ({"DOMAINS": "www.larkspur.example"}, EVERY),
    ],
    # A set's text is another one in every process.
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
async def test_the_operator_withholds_at_both_doors(
    session: Session, environ: dict[str, str], permitted: set[str], mode: str
) -> None:
    upstream = Upstream()
    limits = {f"FASTLY_MCP_{name}": value for name, value in environ.items()}
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox", **limits), mode=mode) as mcp:
        await check_both_doors(mcp, upstream, permitted)


async def test_the_operators_scopes_never_widen_a_tokens(session: Session) -> None:
    environ = {"FASTLY_API_TOKEN": "sandbox-read", "FASTLY_MCP_SCOPES": "global"}
    async with session(**environ) as mcp:
        assert set(await names(mcp)) == ACCOUNT | READING


@pytest.mark.parametrize(
    ("setting", "value"), [("FASTLY_MCP_READ_ONLY", "1"), ("FASTLY_MCP_SCOPES", "global:read")]
)
async def test_what_the_operator_withholds_names_the_setting(
    session: Session, setting: str, value: str
) -> None:
    async with session(**{setting: value}) as mcp:
        assert await refusal(mcp, "purge_url", urls=[LAMP]) == (
            f"purge_url is withheld: the operator of this server withholds it ({setting}). "
            "Nothing was sent."
        )


async def test_a_token_that_may_not_read_itself_has_what_the_operator_declares(
    session: Session,
) -> None:
    environ = {"FASTLY_API_TOKEN": "sandbox-blind", "FASTLY_MCP_SCOPES": "purge_select"}
    upstream = Upstream()
    async with session(real(upstream, **environ)) as mcp:
        await check_both_doors(mcp, upstream, ACCOUNT | SELECTING)


async def test_an_unknown_toolset_is_refused_with_those_that_exist(connect: Connect) -> None:
    with pytest.raises(
        ConfigError,
        match="there are: default, all, account, api, audit, edge, purge, services, write",
    ):
        FastlyServer(connect(FASTLY_MCP_TOOLSETS="default,dns"))


# Limits to services and domains


@pytest.mark.parametrize("services", [SHOP, "shop-prod", f"{SHOP},shop-prod"])
async def test_a_limit_to_services_holds_for_every_tool(session: Session, services: str) -> None:
    upstream = Upstream()
    connection = real(upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_SERVICES=services)
    async with session(connection) as mcp:
        listed = (await call(mcp, "list_services"))["services"]
        assert [service["id"] for service in listed] == [SHOP]
        assert (await call(mcp, "list_services", query="blog"))["services"] == []
        for reference in (BLOG, "blog", "blog.larkspur.example"):
            await refusal(mcp, "get_service", service=reference)
            await refusal(mcp, "purge_all", service=reference)
            await refusal(mcp, "purge_surrogate_key", service=reference, keys=["posts"])
        said = await refusal(mcp, "purge_url", urls=[LAMP, POSTS])
        assert "do not let this server purge URLs of blog.larkspur.example;" in said
        assert upstream.changes == []
        await call(mcp, "get_service", service="shop-prod")
        await call(mcp, "purge_url", urls=[LAMP])
        await call(mcp, "purge_all", service="www.larkspur.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://admin.tenants.larkspur.example/login",
        "https://ADMIN.tenants.larkspur.example.:443/login",
        "https://nobody.example/",
        "https://new.larkspur.example/",
        "https://tenants.larkspur.example/",
    ],
)
async def test_the_most_specific_domain_decides_whose_url_it_is(session: Session, url: str) -> None:
    upstream = Upstream()
    connection = real(upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_SERVICES="tenants,shop-prod")
    async with session(connection) as mcp:
        await refusal(mcp, "purge_url", urls=[url])
        assert upstream.changes == []
        await call(mcp, "purge_url", urls=["https://a.tenants.larkspur.example/"])


async def test_a_limit_to_services_needs_domains_where_services_cannot_be_read(
    session: Session,
) -> None:
    limits = {"FASTLY_API_TOKEN": "sandbox-purge-select", "FASTLY_MCP_SERVICES": SHOP}
    async with session(**limits) as mcp:
        assert "FASTLY_MCP_DOMAINS" in await refusal(mcp, "purge_url", urls=[LAMP])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["all"])
        await refusal(mcp, "purge_surrogate_key", service=BLOG, keys=["all"])
    async with session(**limits, FASTLY_MCP_DOMAINS="www.larkspur.example") as mcp:
        await call(mcp, "purge_url", urls=[LAMP])
        await refusal(mcp, "purge_url", urls=[POSTS])


async def test_a_limit_to_domains_is_exact(session: Session) -> None:
    upstream = Upstream()
    connection = real(
        upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_DOMAINS="www.larkspur.example"
    )
    async with session(connection) as mcp:
        for url in (POSTS, CATALOGUE, "https://evil.www.larkspur.example/"):
            await refusal(mcp, "purge_url", urls=[LAMP, url])
        assert upstream.changes == []
        await call(mcp, "purge_url", urls=["WWW.Larkspur.example.:443/products/lamp"])


async def test_a_token_for_one_service_purges_no_other(session: Session) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox-one-service")) as mcp:
        assert "outside what this server may touch" in await refusal(
            mcp, "purge_all", service=DOWNLOADS
        )
        assert upstream.changes == []
        await call(mcp, "purge_all", service=SHOP)


# While the grant is unknown


@both_eras
async def test_while_fastly_cannot_be_asked_changing_tools_are_withheld_and_nothing_sticks(
    session: Session, mode: str
) -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = answering({"msg": "Down"}, 500)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox"), mode=mode) as mcp:
        await check_both_doors(mcp, upstream, ACCOUNT | READING)
        said = await refusal(mcp, "purge_all", service=SHOP)
        assert said == (
            "purge_all is withheld: Fastly could not be asked what the token may do (500 Down); "
            "everything that changes something is withheld until it can. The next call asks again. "
            "Nothing was sent."
        )
        assert "could not be asked" in (await call(mcp, "get_account"))["problem"]
        upstream.instead.clear()
        await call(mcp, "purge_url", urls=[LAMP])
        assert set(await names(mcp)) == EVERY


async def test_a_hang_of_fastly_holds_the_list_up_for_two_seconds_at_most(
    session: Session,
) -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = Hanging()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        began = time.monotonic()
        assert set(await names(mcp)) == ACCOUNT | READING
        assert time.monotonic() - began < 3
        upstream.instead.clear()
        assert set(await names(mcp)) == EVERY


@both_eras
async def test_opening_a_session_asks_fastly_nothing(session: Session, mode: str) -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = Hanging()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox"), mode=mode):
        assert upstream.seen == []


async def test_the_grant_is_asked_once_for_many_calls_and_again_after_a_refusal(
    session: Session,
) -> None:
    upstream = Upstream()

    def asked() -> int:
        return sum(seen.path == "/tokens/self" for seen in upstream.seen)

    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        for _ in range(3):
            await names(mcp)
            await call(mcp, "get_service", service=SHOP)
        assert asked() == 1
        upstream.instead["POST /service/"] = answering({"msg": "No longer"}, 403)
        assert "403 No longer" in await refusal(mcp, "purge_all", service=SHOP)
        upstream.instead["GET /tokens/self"] = answering({"scope": "global:read"})
        assert set(await names(mcp)) == ACCOUNT | READING
        assert asked() == 2


# Telling the clients


async def test_a_client_of_the_older_protocol_is_told_when_the_list_changes() -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = answering("", 500)
    told: list[object] = []
    heard = anyio.Event()

    async def hear(message: object) -> None:
        told.append(message)
        heard.set()

    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode="legacy", message_handler=hear) as mcp:
        assert mcp.server_capabilities.tools is not None
        assert mcp.server_capabilities.tools.list_changed is True
        await names(mcp)
        await names(mcp)
        assert told == []
        upstream.instead.clear()
        await call(mcp, "list_services")
        with anyio.fail_after(5):
            await heard.wait()
        await call(mcp, "list_services")
        assert set(await names(mcp)) == EVERY
    (message,) = told
    assert isinstance(message, ToolListChangedNotification)


async def test_a_client_of_the_newer_protocol_that_listens_is_told_when_the_list_changes() -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = answering("", 500)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server) as mcp, mcp.listen(tools_list_changed=True) as subscription:
        await names(mcp)
        upstream.instead.clear()
        await call(mcp, "list_services")
        with anyio.fail_after(5):
            assert isinstance(await anext(aiter(subscription)), ToolsListChanged)
        assert set(await names(mcp)) == EVERY


async def test_a_client_that_has_gone_holds_nobody_up() -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = answering("", 500)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    async with Client(server, mode="legacy") as mcp:
        async with Client(server, mode="legacy") as other:
            await names(other)
        upstream.instead.clear()
        assert set(await names(mcp)) == EVERY


async def test_a_client_that_does_not_listen_is_given_up_after_a_second() -> None:
    upstream = Upstream()
    upstream.instead["GET /tokens/self"] = answering("", 500)
    server = FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))
    low = server._lowlevel_server
    to_server, reading = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    writing, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    greeting = {"protocolVersion": "2025-06-18", "capabilities": {}}
    greeting |= {"clientInfo": {"name": "deaf", "version": "1"}}
    with to_server, from_server:
        async with anyio.create_task_group() as group:
            options = low.create_initialization_options()
            group.start_soon(low.run, reading, writing, options)
            hello = JSONRPCRequest(jsonrpc="2.0", id=1, method="initialize", params=greeting)
            await to_server.send(SessionMessage(hello))
            await from_server.receive()
            ready = JSONRPCNotification(jsonrpc="2.0", method="notifications/initialized")
            await to_server.send(SessionMessage(ready))
            async with Client(server) as mcp:
                await names(mcp)
                upstream.instead.clear()
                began = time.monotonic()
                assert set(await names(mcp)) == EVERY
                assert 0.9 < time.monotonic() - began < 3
            group.cancel_scope.cancel()
