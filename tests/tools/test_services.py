"""Listing and inspecting services."""

import pytest

from fastly_mcp.sandbox import create_app
from tests.conftest import SHOP, Connect, Session
from tests.tools.upstream import (
    ADMIN,
    BLOG,
    DOWNLOADS,
    EDGE_API,
    NOBODY,
    TENANTS,
    Upstream,
    answering,
    both_eras,
    call,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

HIDDEN = "a\u202eb\u200bc\U000e0041d\x1b[31me"
SHOWN = r"a\u{202e}b\u{200b}c\u{e0041}d\u{1b}[31me"


def row(service_id: str, name: str, **more: object) -> dict[str, object]:
    """One service as `GET /service` lists it."""
    return {"id": service_id, "name": name, "type": "vcl", "versions": [], **more}


# list_services


@both_eras
async def test_services_are_listed_without_their_versions(session: Session, mode: str) -> None:
    async with session(mode=mode) as mcp:
        listed = await call(mcp, "list_services")
    assert listed.keys() == {"services"}
    services = {service["name"]: service for service in listed["services"]}
    assert len(services) == 6
    assert services["shop-prod"] == {
        "id": SHOP,
        "name": "shop-prod",
        "type": "vcl",
        "active_version": 3,
        "updated_at": services["shop-prod"]["updated_at"],
        "comment": "The shop. Ask Robin before changing anything.",
    }
    assert services["edge-api"]["type"] == "wasm"
    assert "comment" not in services["blog"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("SHOP", {SHOP}),
        ("fJBd0", {BLOG}),
        (EDGE_API, {EDGE_API}),
        ("blog.larkspur.example", {BLOG}),
        ("Status.Larkspur.example.", {EDGE_API}),
        ("admin.tenants.larkspur.example", {ADMIN}),
        ("b.tenants.larkspur.example", {TENANTS}),
        ("*.tenants.larkspur.example", {TENANTS}),
        ("summer.larkspur.example", set()),
        ("new.larkspur.example", set()),
        ("nothing like it", set()),
    ],
)
async def test_a_query_finds_by_part_of_a_name_or_id_and_by_domain(
    session: Session, query: str, found: set[str]
) -> None:
    async with session() as mcp:
        listed = await call(mcp, "list_services", query=query)
    assert {service["id"] for service in listed["services"]} == found


async def test_a_query_that_is_name_and_domain_finds_a_service_once(session: Session) -> None:
    upstream = Upstream()
    name = "www.larkspur.example"
    upstream.instead["GET /service"] = answering([row(SHOP, name, versions=[]), row(BLOG, "blog")])
    domain = {"fqdn": name, "service_id": SHOP}
    upstream.instead["GET /domain-management"] = answering({"data": [domain], "meta": {}})
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        listed = await call(mcp, "list_services", query=name)
    assert [service["id"] for service in listed["services"]] == [SHOP]


async def test_a_thousand_services_come_in_pages_of_fifty(
    session: Session, connect: Connect
) -> None:
    async with session(connect(create_app(services=1000))) as mcp:
        ids: list[str] = []
        page = 1
        while page:
            listed = await call(mcp, "list_services", page=page)
            assert listed["pages"] == 20
            ids += [service["id"] for service in listed["services"]]
            page = listed.get("next_page", 0)
    assert len(ids) == len(set(ids)) == 1000


async def test_a_page_past_the_end_is_empty(session: Session) -> None:
    async with session() as mcp:
        assert await call(mcp, "list_services", page=2) == {"services": []}
        assert await call(mcp, "list_services", page=9, query="larkspur") == {"services": []}


async def test_a_query_looks_through_all_pages_and_pages_what_it_finds(
    session: Session, connect: Connect
) -> None:
    upstream = Upstream(create_app(services=1000))
    async with session(connect(upstream)) as mcp:
        second = await call(mcp, "list_services", query="bulk-09", page=2, per_page=40)
        last = await call(mcp, "list_services", query="bulk-09", page=3, per_page=40)
        past = await call(mcp, "list_services", query="bulk-09", page=4, per_page=40)
    assert (len(second["services"]), second["pages"], second["next_page"]) == (40, 3, 3)
    assert (len(last["services"]), last["pages"], last.get("next_page")) == (20, 3, None)
    assert past == {"services": [], "pages": 3}
    assert upstream.lines.count("GET /service") == 3 * 20


async def test_only_a_paused_service_says_whether_it_is(session: Session, connect: Connect) -> None:
    async with session(connect(create_app(services=50))) as mcp:
        listed = await call(mcp, "list_services", query="bulk-00")
    assert [s["name"] for s in listed["services"] if "paused" in s] == ["bulk-0050"]
    assert all(service.get("paused", True) for service in listed["services"])


async def test_other_peoples_text_is_cut_and_made_visible(session: Session) -> None:
    upstream = Upstream()
    rows = [
        row(SHOP, HIDDEN, comment="x" * 400),
        row(BLOG, "blog", comment="\U000e0041" * 400),
    ]
    upstream.instead["GET /service"] = answering(rows)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        shop, blog = (await call(mcp, "list_services"))["services"]
    assert shop["name"] == SHOWN
    assert shop["comment"] == "x" * 299 + "…"
    assert len(blog["comment"]) == 300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"page": 0}, "page: input should be greater than or equal to 1"),
        ({"per_page": 51}, "per_page: input should be less than or equal to 50"),
        ({"query": "x" * 256}, "query: string should have at most 255 characters"),
    ],
)
async def test_a_page_or_query_out_of_bounds_is_refused(
    session: Session, arguments: dict[str, object], said: str
) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert await refusal(mcp, "list_services", **arguments) == f"Nothing was sent: {said}."
    assert upstream.lines == []


# get_service


@both_eras
async def test_a_service_is_inspected_by_id_with_one_request(session: Session, mode: str) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox"), mode=mode) as mcp:
        shop = await call(mcp, "get_service", service=SHOP)
    assert upstream.lines == [f"GET /service/{SHOP}/details"]
    assert (shop["id"], shop["name"], shop["type"]) == (SHOP, "shop-prod", "vcl")
    assert shop["comment"] == "The shop. Ask Robin before changing anything."
    active, newest = shop["active_version"], shop["newest_version"]
    assert (active["number"], active["locked"], active["comment"]) == (
        3,
        True,
        "Shield in Amsterdam",
    )
    assert (newest["number"], newest["locked"], newest["comment"]) == (
        4,
        False,
        "Try a longer TTL",
    )
    assert active["active_since"] < newest["updated_at"]
    assert shop["domains"] == ["www.larkspur.example", "shop.larkspur.example"]
    assert shop["backends"] == [
        {
            "name": "origin-eu",
            "address": "eu.origin.larkspur.example",
            "port": 443,
            "shield": "amsterdam-nl",
            "healthcheck": "origin-eu-up",
        },
        {"name": "origin-us", "address": "us.origin.larkspur.example", "port": 443},
    ]
    assert (shop["default_ttl"], shop["stale_if_error"], shop["stale_if_error_ttl"]) == (
        3600,
        False,
        43200,
    )
    assert shop["counts"] == {
        "acls": 1,
        "cache_settings": 2,
        "conditions": 2,
        "dictionaries": 1,
        "gzips": 1,
        "headers": 2,
        "healthchecks": 1,
        "request_settings": 1,
        "response_objects": 1,
        "snippets": 1,
        "vcls": 1,
    }


@pytest.mark.parametrize(
    ("reference", "service_id"),
    [
        ("shop-prod", SHOP),
        ("www.larkspur.example", SHOP),
        ("Blog.Larkspur.Example", BLOG),
        ("status.larkspur.example", EDGE_API),
        ("admin.tenants.larkspur.example", ADMIN),
        ("other.tenants.larkspur.example", TENANTS),
    ],
)
async def test_a_service_is_found_by_its_exact_name_and_by_a_domain_it_serves(
    session: Session, reference: str, service_id: str
) -> None:
    async with session() as mcp:
        assert (await call(mcp, "get_service", service=reference))["id"] == service_id


async def test_a_compute_service_has_no_cache_settings(session: Session) -> None:
    async with session() as mcp:
        api = await call(mcp, "get_service", service="edge-api")
    assert (api["type"], api["active_version"]["number"]) == ("wasm", 7)
    assert api["counts"] == {"healthchecks": 1}
    assert not {"default_ttl", "newest_version"} & api.keys()


async def test_a_service_with_only_a_draft_shows_what_the_draft_has(
    session: Session, connect: Connect
) -> None:
    async with session(connect(create_app(services=25))) as mcp:
        draft = await call(mcp, "get_service", service="bulk-0025")
    assert draft["active_version"] is None
    assert (draft["newest_version"]["number"], draft["newest_version"]["locked"]) == (2, False)
    assert draft["domains"] == ["svc-0025.bulk.larkspur.example"]


async def test_version_and_service_comments_are_cut_and_made_visible(session: Session) -> None:
    upstream = Upstream()
    version = {"number": 1, "locked": True, "updated_at": "2026-01-01T00:00:00Z"}
    config = {"domains": [{"name": HIDDEN}], "backends": [], "comment": "y" * 400, **version}
    upstream.instead[f"GET /service/{SHOP}/details"] = answering(
        row(SHOP, HIDDEN, comment=None, active_version=config, version=config, versions=[config])
    )
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        shop = await call(mcp, "get_service", service=SHOP)
    assert (shop["name"], shop["domains"]) == (SHOWN, [SHOWN])
    assert shop["active_version"]["comment"] == "y" * 299 + "…"
    assert not {"comment", "newest_version", "counts"} & shop.keys()


async def test_an_unknown_service_is_answered_with_the_nearest_names(session: Session) -> None:
    async with session() as mcp:
        said = await refusal(mcp, "get_service", service="shop-pord")
        assert f"Nearest: {SHOP} 'shop-prod'" in said
        assert "do not choose" not in said
        assert "Nothing like it exists; list_services shows what does." in await refusal(
            mcp, "get_service", service=NOBODY
        )


async def test_two_services_that_match_are_both_named_and_none_is_chosen(
    session: Session,
) -> None:
    upstream = Upstream()
    name = "www.larkspur.example"
    upstream.instead["GET /service/search"] = answering(row(BLOG, name))
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "get_service", service=name)
    assert said.startswith("Several services match: ")
    assert f"{BLOG} '{name}'" in said
    assert f"{SHOP} 'shop-prod'" in said
    assert said.endswith("Say which one by its id.")


async def test_a_token_for_one_service_sees_that_one_only(session: Session) -> None:
    async with session(FASTLY_API_TOKEN="sandbox-one-service") as mcp:
        listed = await call(mcp, "list_services")
        assert [service["id"] for service in listed["services"]] == [SHOP]
        assert "outside what this server may touch" in await refusal(
            mcp, "get_service", service=DOWNLOADS
        )
        assert DOWNLOADS not in await refusal(mcp, "get_service", service="legacy-downloads")


@pytest.mark.parametrize("answer", [{}, [], "null", {"id": SHOP, "active_version": 3}])
async def test_details_that_make_no_sense_are_an_error_not_a_crash(
    session: Session, answer: object
) -> None:
    upstream = Upstream()
    upstream.instead["GET /service/"] = answering(answer)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "get_service", service=SHOP)
        assert said.startswith("Fastly answered 200 with something")
        upstream.instead.clear()
        await call(mcp, "get_service", service=SHOP)


async def test_comments_share_what_a_page_has_for_them(session: Session) -> None:
    upstream = Upstream()
    rows = [
        row(f"{number:022}", f"service-{number}", comment="word " * 100) for number in range(50)
    ]
    for count in (1, 10, 50):
        upstream.instead["GET /service"] = answering(rows[:count])
        async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
            listed = (await call(mcp, "list_services"))["services"]
        assert len(listed) == count
        assert {len(service["comment"]) for service in listed} == {min(300, 600 // count)}


async def test_of_many_domains_and_backends_some_are_shown_and_the_number_told(
    session: Session,
) -> None:
    upstream = Upstream()
    version = {
        "number": 1,
        "locked": False,
        "comment": "",
        "updated_at": "2026-01-01T00:00:00Z",
        "domains": [{"name": f"{number}.example"} for number in range(51)],
        "backends": [{"name": f"b{number}", "address": "a.example"} for number in range(20)],
    }
    details = {"comment": None, "active_version": None, "version": version, "versions": [version]}
    upstream.instead[f"GET /service/{SHOP}/details"] = answering(row(SHOP, "shop") | details)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        shown = await call(mcp, "get_service", service=SHOP)
    assert (len(shown["domains"]), len(shown["backends"])) == (50, 20)
    assert shown["counts"] == {"domains": 51}
