"""The operator's limits: services by id and name, hosts, and what cannot be decided."""

import re

import anyio
import pytest
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from fastly_mcp.api.paths import purge_target
from fastly_mcp.errors import (
    FastlyMCPError,
    InvalidArgument,
    NotAuthorized,
    NotPermitted,
    Unavailable,
)
from fastly_mcp.scopes import Scope
from tests.api.upstream import SELF, Clock, Upstream, down, purge
from tests.api.wire import answer_json
from tests.conftest import BLOG, SHOP, Connect

TENANTS = "isAjIhKtJ0RlgLKOmxgJTe"
ADMIN = "KdNnFRIBXuDL7DxtpYlSXp"

pytestmark = pytest.mark.anyio

SEARCH = "/service/search"


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (SHOP, frozenset({SHOP})),
        ("shop-prod", frozenset({SHOP})),
        (f"shop-prod, {BLOG},{SHOP}", frozenset({SHOP, BLOG})),
        ("tenants,admin", frozenset({TENANTS, ADMIN})),
    ],
)
async def test_services_are_given_by_id_or_by_name(
    connect: Connect, given: str, ids: frozenset[str]
) -> None:
    grant = await connect(FASTLY_MCP_SERVICES=given).grant()
    assert (grant.services, grant.reason) == (ids, "")


async def test_the_tokens_own_services_stay_a_limit_too(connect: Connect) -> None:
    grant = await connect(
        FASTLY_API_TOKEN="sandbox-one-service", FASTLY_MCP_SERVICES="shop-prod"
    ).grant()
    assert grant.services == frozenset({SHOP})


async def test_what_the_operator_allows_beyond_the_token_is_not_granted() -> None:
    upstream = Upstream()
    upstream.instead = {SELF: answer_json({"scope": "purge_select", "services": [SHOP]})}
    grant = await upstream.connection(FASTLY_MCP_SERVICES=f"{SHOP},{BLOG}").grant()
    assert grant.services == frozenset({SHOP})


@pytest.mark.parametrize("token", ["sandbox", "sandbox-one-service"])
@pytest.mark.parametrize("given", ["shop-prod,no such", "shop-prod, 0000000000000000000000"])
async def test_an_entry_that_names_no_service_is_told_by_its_position(
    connect: Connect, given: str, token: str
) -> None:
    grant = await connect(FASTLY_API_TOKEN=token, FASTLY_MCP_SERVICES=given).grant()
    assert grant.scopes == frozenset()
    assert grant.reason == "Entry 2 of FASTLY_MCP_SERVICES names no service of this token."


async def test_a_service_the_token_does_not_reach_is_none_of_its(connect: Connect) -> None:
    grant = await connect(
        FASTLY_API_TOKEN="sandbox-one-service", FASTLY_MCP_SERVICES=f"{SHOP},{BLOG}"
    ).grant()
    assert grant.reason == "Entry 2 of FASTLY_MCP_SERVICES names no service of this token."


@pytest.mark.parametrize("token", ["sandbox-purge-select", "sandbox-blind"])
async def test_a_token_that_cannot_read_is_given_ids(connect: Connect, token: str) -> None:
    scopes = {"FASTLY_API_TOKEN": token, "FASTLY_MCP_SCOPES": "purge_select"}
    grant = await connect(**scopes, FASTLY_MCP_SERVICES=SHOP).grant()
    assert (grant.services, grant.permits(Scope.PURGE_SELECT)) == (frozenset({SHOP}), True)
    grant = await connect(**scopes, FASTLY_MCP_SERVICES=f"{SHOP},blog").grant()
    assert grant.scopes == frozenset()
    assert grant.reason == (
        "Entry 2 of FASTLY_MCP_SERVICES is a name, which this token cannot look up; "
        "give the service's id."
    )


async def test_a_later_rename_changes_nothing() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock, FASTLY_MCP_SERVICES="shop-prod")
    await connection.grant()
    upstream.instead = {SEARCH: answer_json({"id": BLOG, "name": "shop-prod"})}
    clock.now += 3600
    assert (await connection.grant()).services == frozenset({SHOP})
    assert upstream.asked(SEARCH) == 1


async def test_a_search_that_finds_something_else_is_no_match() -> None:
    upstream = Upstream()
    upstream.instead = {SEARCH: answer_json({"id": BLOG, "name": "shop-prod-2"})}
    grant = await upstream.connection(FASTLY_MCP_SERVICES="shop-prod").grant()
    assert "Entry 1 of FASTLY_MCP_SERVICES names no service" in grant.reason


@pytest.mark.parametrize(
    ("given", "ids"), [(f"{SHOP},blog", frozenset({SHOP})), ("blog", frozenset())]
)
async def test_an_unresolved_limit_holds_while_fastly_cannot_be_asked(
    given: str, ids: frozenset[str]
) -> None:
    upstream = Upstream()
    connection = upstream.connection(FASTLY_MCP_SERVICES=given)
    upstream.instead = {SELF: down()}
    grant = await connection.grant()
    assert (grant.services, grant.scopes) == (ids, frozenset({Scope.GLOBAL_READ}))
    with pytest.raises(NotPermitted):
        await connection.get("/service/{service_id}", service_id=TENANTS)
    upstream.instead = {SEARCH: down()}
    assert (await connection.grant()).services == ids
    upstream.instead = {}
    assert (await connection.grant()).services == ids | {BLOG}


async def test_a_resolved_limit_holds_while_fastly_cannot_be_asked() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock, FASTLY_MCP_SERVICES="blog")
    await connection.grant()
    upstream.instead = {"*": down()}
    clock.now += 1000
    assert (await connection.grant()).services == frozenset({BLOG})


async def test_a_service_outside_the_grant_is_refused_before_anything_is_sent() -> None:
    upstream = Upstream()
    connection = upstream.connection(FASTLY_MCP_SERVICES=SHOP)
    await connection.grant()
    upstream.seen.clear()
    calls = (
        connection.get("/service/{service_id}", service_id=BLOG),
        connection.post("/service/{service_id}/purge_all", repeatable=False, service_id=BLOG),
        connection.service(BLOG),
        connection.service(BLOG, changing=True),
        connection.details(BLOG),
    )
    for call in calls:
        with pytest.raises(NotPermitted, match="outside what this server may touch"):
            await call
    assert upstream.seen == []


async def test_a_purge_only_token_is_held_to_the_limit_as_well(connect: Connect) -> None:
    connection = connect(FASTLY_API_TOKEN="sandbox-purge-select", FASTLY_MCP_SERVICES=SHOP)
    assert (await connection.service(SHOP, changing=True)).id == SHOP
    with pytest.raises(NotPermitted):
        await connection.service(BLOG, changing=True)


async def test_services_outside_the_grant_are_not_named(connect: Connect) -> None:
    connection = connect(FASTLY_MCP_SERVICES=SHOP)
    for reference in ("blog", "blog.larkspur.example", "blogg"):
        with pytest.raises(InvalidArgument) as caught:
            await connection.service(reference)
        assert BLOG not in str(caught.value)


async def test_read_only_sends_nothing_but_reading() -> None:
    upstream = Upstream()
    connection = upstream.connection(FASTLY_MCP_READ_ONLY="1")
    with pytest.raises(NotPermitted, match="FASTLY_MCP_READ_ONLY"):
        await purge(connection)
    await connection.get("/service")
    assert {line.split()[0] for line in upstream.seen} == {"GET"}


async def may_purge(connect: Connect, *urls: str, **environ: str) -> str:
    """Return why these URLs may not be purged, nothing if they may."""
    try:
        await connect(**environ).check_hosts([purge_target(url) for url in urls])
    except FastlyMCPError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("service", "url"),
    [
        ("shop-prod", "https://www.larkspur.example/"),
        ("shop-prod", "HTTPS://WWW.Larkspur.EXAMPLE.:8443/a?b#c"),
        ("shop-prod", "http://shop.larkspur.example:80/"),
        ("tenants", "https://a.tenants.larkspur.example/"),
        ("admin", "https://admin.tenants.larkspur.example/"),
        ("edge-api", "https://api.larkspur.example/"),
        ("edge-api", "https://status.larkspur.example/"),
        ("shop-prod,blog", "https://blog.larkspur.example/"),
    ],
)
async def test_a_url_of_an_allowed_service_may_be_purged(
    connect: Connect, service: str, url: str
) -> None:
    assert await may_purge(connect, url, FASTLY_MCP_SERVICES=service) == ""


@pytest.mark.parametrize(
    ("service", "url", "host"),
    [
        ("shop-prod", "https://blog.larkspur.example/", "blog.larkspur.example"),
        ("tenants", "https://admin.tenants.larkspur.example/", "admin.tenants.larkspur.example"),
        ("tenants", "https://ADMIN.tenants.larkspur.example.:1/", "admin.tenants.larkspur.example"),
        ("admin", "https://a.tenants.larkspur.example/", "a.tenants.larkspur.example"),
        ("tenants", "https://tenants.larkspur.example/", "tenants.larkspur.example"),
        ("shop-prod", "https://new.larkspur.example/", "new.larkspur.example"),
        ("edge-api", "https://summer.larkspur.example/", "summer.larkspur.example"),
        ("shop-prod", "https://evil.test/", "evil.test"),
        ("shop-prod", "https://www.larkspur.example.evil.test/", "larkspur.example.evil.test"),
    ],
)
async def test_a_url_of_another_service_or_of_none_is_refused(
    connect: Connect, service: str, url: str, host: str
) -> None:
    said = await may_purge(connect, url, FASTLY_MCP_SERVICES=service)
    assert "do not let this server purge URLs of" in said
    assert host in said
    assert "nothing was sent" in said


async def test_one_url_outside_refuses_them_all_and_names_the_first_five(connect: Connect) -> None:
    good = "https://www.larkspur.example/"
    bad = [f"https://{n}.evil.test/" for n in range(9)]
    said = await may_purge(connect, good, *bad, FASTLY_MCP_SERVICES="shop-prod")
    assert re.findall(r"\d\.evil\.test", said) == [f"{n}.evil.test" for n in range(5)]
    assert "www.larkspur.example" not in said
    assert "and others" in said


async def test_without_a_limit_no_host_is_looked_up() -> None:
    upstream = Upstream()
    await upstream.connection().check_hosts([purge_target("https://evil.test/")])
    assert upstream.seen == []


@pytest.mark.parametrize("service", ["shop-prod", "blog"])
async def test_two_services_for_one_host_cannot_be_decided(service: str) -> None:
    upstream = Upstream()
    upstream.instead = {
        f"/service/{BLOG}/version/2/domain": answer_json([{"name": "www.larkspur.example"}])
    }
    connection = upstream.connection(FASTLY_MCP_SERVICES=service)
    with pytest.raises(NotPermitted, match=r"URLs of www\.larkspur\.example"):
        await connection.check_hosts([purge_target("https://www.larkspur.example/")])


@pytest.mark.parametrize(
    "path", ["/service", f"/service/{BLOG}/version/2/domain", "/domain-management/v1/domains"]
)
@pytest.mark.parametrize("answer", [down(), answer_json({"a": 1}), answer_json([5])])
async def test_domains_that_cannot_be_read_refuse(path: str, answer: object) -> None:
    upstream = Upstream()
    connection = upstream.connection(FASTLY_MCP_SERVICES=SHOP)
    await connection.grant()
    upstream.instead = {path: answer}  # type: ignore[dict-item]  # a Starlette response is an app
    with pytest.raises(Unavailable):
        await connection.check_hosts([purge_target("https://www.larkspur.example/")])


@pytest.mark.parametrize(
    "environ",
    [
        {"FASTLY_API_TOKEN": "sandbox-purge-select"},
        {"FASTLY_API_TOKEN": "sandbox-blind", "FASTLY_MCP_SCOPES": "purge_select"},
        {"FASTLY_MCP_SCOPES": "purge_select"},
        {"FASTLY_API_TOKEN": "wrong"},
    ],
)
async def test_hosts_that_cannot_be_looked_up_are_refused(environ: dict[str, str]) -> None:
    given = {"FASTLY_API_TOKEN": "sandbox", "FASTLY_MCP_SERVICES": SHOP} | environ
    connection = Upstream().connect(given)
    with pytest.raises(NotPermitted, match="list exact hosts in FASTLY_MCP_DOMAINS"):
        await connection.check_hosts([purge_target("https://www.larkspur.example/")])


async def test_exact_hosts_serve_tokens_that_cannot_read() -> None:
    upstream = Upstream()
    connection = upstream.connection(
        FASTLY_API_TOKEN="sandbox-purge-select",
        FASTLY_MCP_DOMAINS="WWW.larkspur.example., blog.larkspur.example",
    )
    for url in ("https://www.Larkspur.example.:8443/a", "http://blog.larkspur.example"):
        await connection.check_hosts([purge_target(url)])
    for url in ("https://a.www.larkspur.example", "larkspur.example", "https://evil.test"):
        with pytest.raises(NotPermitted):
            await connection.check_hosts([purge_target(url)])
    assert upstream.seen == []


async def test_of_two_limits_both_must_hold(connect: Connect) -> None:
    limits = {
        "FASTLY_MCP_DOMAINS": "www.larkspur.example,blog.larkspur.example",
        "FASTLY_MCP_SERVICES": "shop-prod",
    }
    assert await may_purge(connect, "https://www.larkspur.example/", **limits) == ""
    assert await may_purge(connect, "https://shop.larkspur.example/", **limits) != ""
    assert await may_purge(connect, "https://blog.larkspur.example/", **limits) != ""


async def test_listed_hosts_are_the_limit_where_services_cannot_be_read(connect: Connect) -> None:
    limits = {
        "FASTLY_API_TOKEN": "sandbox-purge-select",
        "FASTLY_MCP_DOMAINS": "www.larkspur.example",
        "FASTLY_MCP_SERVICES": SHOP,
    }
    assert await may_purge(connect, "https://www.larkspur.example/", **limits) == ""
    assert await may_purge(connect, "https://shop.larkspur.example/", **limits) != ""


async def test_the_most_specific_domain_is_read_again_after_60_s() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock, FASTLY_MCP_SERVICES="tenants")
    url = [purge_target("https://b.tenants.larkspur.example/")]
    await connection.check_hosts(url)
    moved = answer_json([{"name": "b.tenants.larkspur.example"}])
    upstream.instead = {f"/service/{BLOG}/version/2/domain": moved}
    clock.now += 59
    await connection.check_hosts(url)
    clock.now += 2
    with pytest.raises(NotPermitted):
        await connection.check_hosts(url)


async def test_a_search_that_is_refused_does_not_mean_a_bad_token() -> None:
    upstream = Upstream()
    upstream.instead = {SEARCH: answer_json({"msg": "You do not have access"}, 403)}
    grant = await upstream.connection(FASTLY_MCP_SERVICES="shop-prod").grant()
    assert "could not be asked" in grant.reason
    assert "rejects" not in grant.reason
    assert grant.services == frozenset()


async def test_names_are_looked_up_side_by_side_and_kept_when_time_runs_out() -> None:
    upstream, waiting = Upstream(), anyio.Event()

    async def slow(scope: ASGIScope, receive: Receive, send: Send) -> None:
        if b"blog" in scope["query_string"]:
            await waiting.wait()
        await upstream.app(scope, receive, send)

    upstream.instead = {SEARCH: slow}
    connection = upstream.connection(FASTLY_MCP_SERVICES="blog,shop-prod,tenants,admin")
    assert (await connection.grant(wait=0.2)).scopes == frozenset({Scope.GLOBAL_READ})
    assert upstream.asked(SEARCH) == 4
    waiting.set()
    assert (await connection.grant()).services == frozenset({BLOG, SHOP, TENANTS, ADMIN})
    assert upstream.asked(SEARCH) == 5


async def test_without_domain_management_urls_are_undecided_unless_hosts_are_listed() -> None:
    upstream = Upstream()
    upstream.instead = {"/domain-management/v1/domains": answer_json({"msg": "no"}, 403)}
    url = [purge_target("https://www.larkspur.example/")]
    with pytest.raises(NotPermitted, match="FASTLY_MCP_DOMAINS"):
        await upstream.connection(FASTLY_MCP_SERVICES="shop-prod").check_hosts(url)
    connection = upstream.connection(
        FASTLY_MCP_SERVICES="shop-prod", FASTLY_MCP_DOMAINS="www.larkspur.example"
    )
    await connection.check_hosts(url)


async def test_without_domain_management_services_are_found_by_their_own_domains() -> None:
    upstream = Upstream()
    upstream.instead = {"/domain-management/v1/domains": answer_json({"msg": "no"}, 403)}
    assert (await upstream.connection().service("www.larkspur.example")).id == SHOP


async def test_a_rejected_token_stops_the_look_at_domain_management() -> None:
    upstream = Upstream()
    upstream.instead = {"/domain-management/v1/domains": answer_json({"msg": "no"}, 401)}
    with pytest.raises(NotAuthorized):
        await upstream.connection().service("www.larkspur.example")


@pytest.mark.parametrize(
    "pasted", [" shop-prod ", f" {SHOP}\n", "https://www.larkspur.example/products?x=1"]
)
async def test_a_pasted_url_or_name_means_what_it_names(connect: Connect, pasted: str) -> None:
    assert (await connect().service(pasted)).id == SHOP
    assert (await connect().details(pasted))["id"] == SHOP


@pytest.mark.parametrize("pasted", ["https://", "https://[", "x://"])
async def test_a_pasted_nothing_names_nothing(connect: Connect, pasted: str) -> None:
    with pytest.raises(InvalidArgument, match="No service"):
        await connect().service(pasted)
