"""Checking the edge: what an agent is told of a page, and whose pages it may ask about."""

import json
import random
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from fastly_mcp.api.edge import EdgeLook
from fastly_mcp.api.pop import Seen
from fastly_mcp.guard.budget import EDGE_CHECKS_PER_HOUR
from fastly_mcp.guard.guard import Guard
from fastly_mcp.sandbox import create_app
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools.edge import _shown, _tokens
from tests.conftest import SHOP, Connect, Session
from tests.tools.upstream import (
    BLOG,
    DOOR,
    LAMP,
    POSTS,
    Upstream,
    answering,
    both_eras,
    call,
    names,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

CHECK = "GET /content/edge_check"
NEWS = "https://www.larkspur.example/news"
CART = "https://www.larkspur.example/cart"
UNCONFIRMED = "surrogate_keys: unconfirmed on the live API."
NO_KEYS = "No keys were told; the page may have some. Do not invent one."

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data in an old way
    import bpe_openai  # type: ignore[import-untyped]  # it carries no types

    encoding = bpe_openai.get_encoding("o200k_base")


def count(text: str) -> int:
    return len(encoding.encode(text))


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


def checks(upstream: Upstream) -> int:
    return sum(line == CHECK for line in upstream.lines)


async def checked(session: Session, connect: Connect, rows: object) -> tuple[dict[str, Any], int]:
    """What is told of an answer of Fastly's, and how many tokens it takes."""
    upstream = Upstream()
    upstream.instead[CHECK] = answering(rows)
    async with session(connect(upstream)) as mcp:
        told = await call(mcp, "check_edge", url=LAMP)
    return told, count(json.dumps(told, separators=(",", ":"), ensure_ascii=False))


def row(pop: str = "ams-x", content: str = "a", status: int = 200, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"pop": pop, "hash": content, "response": {"status": status, "headers": named}}


# What is told


@both_eras
async def test_an_agent_learns_the_keys_that_cover_a_page_and_where_to_purge_them(
    session: Session, mode: str
) -> None:
    async with session(mode=mode) as mcp:
        told = await call(mcp, "check_edge", url="www.larkspur.example/products/lamp")
        assert told["surrogate_keys"] == ["product-lamp", "products", "all"]
        assert told["service_id"] == SHOP
        assert told["note"] == UNCONFIRMED
        assert (told["pops"], told["fresh"], told["statuses"]) == (20, 20, {"200": 20})
        assert (told["youngest"], told["oldest"], told["contents"]) == (420, 8400, 1)
        assert "s-maxage=31536000" in told["cache_control"]
        assert told["sandbox"] is True
        await call(
            mcp, "purge_surrogate_key", service=told["service_id"], keys=told["surrogate_keys"][0]
        )
        after = await call(mcp, "check_edge", url=LAMP)
    assert (after["not_cached"], "fresh" in after) == (20, False)


async def test_after_a_soft_purge_copies_are_stale_and_after_a_hard_one_not_cached(
    session: Session,
) -> None:
    async with session() as mcp:
        await call(mcp, "purge_url", urls=[POSTS], soft=True)
        assert (await call(mcp, "check_edge", url=POSTS))["stale"] == 20
        await call(mcp, "purge_url", urls=[POSTS])
        assert (await call(mcp, "check_edge", url=POSTS))["not_cached"] == 20
        # Looking had every POP fetch it.
        assert (await call(mcp, "check_edge", url=POSTS))["fresh"] == 20


async def test_time_makes_copies_stale(session: Session, connect: Connect) -> None:
    app = create_app()
    door = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://sandbox", headers=DOOR
    )
    async with door, session(connect(app)) as mcp:
        assert (await call(mcp, "check_edge", url=NEWS))["not_cached"] == 20
        await door.post("/_sandbox/clock", json={"advance": 310})
        told = await call(mcp, "check_edge", url=NEWS)
    assert told["stale"] == 20
    assert told["youngest"] >= 310


async def test_why_it_is_not_cached_is_one_word(session: Session) -> None:
    async with session() as mcp:
        told = await call(mcp, "check_edge", url=CART)
        unknown = await call(mcp, "check_edge", url="https://www.larkspur.example/nowhere")
    assert (told["not_cached"], told["why_not_cached"]) == (20, "private")
    assert (told["note"], "surrogate_keys" in told) == (NO_KEYS, False)
    assert (unknown["statuses"], "why_not_cached" in unknown) == ({"404": 20}, False)


async def test_minorities_are_told_with_five_pops_at_most(
    session: Session, connect: Connect
) -> None:
    rows = [row(f"{name}-x", "a") for name in ("aaa", "bbb", "ccc", "ddd", "eee", "fff", "ggg")]
    rows += [row(f"{name}-x", "b") for name in ("hhh", "iii", "jjj", "kkk", "lll", "mmm")]
    rows += [row("nnn-x", "c"), row("ooo-x", "d"), row("ppp-x", "error-timeout-ppp")]
    told, _ = await checked(session, connect, rows)
    assert told["contents"] == 4
    assert told["minorities"] == [
        {"pops": 6, "at": ["HHH", "III", "JJJ", "KKK", "LLL"]},
        {"pops": 1, "at": ["NNN"]},
    ]
    assert told["no_answer"] == 1


async def test_many_statuses_are_summed_up(session: Session, connect: Connect) -> None:
    rows = [row(status=200)] * 9 + [row(status=each) for each in (503, 503, 404, 404, 500, 301)]
    told, _ = await checked(session, connect, rows)
    assert told["statuses"] == {"200": 9, "503": 2, "404": 2, "others": 2}


@pytest.mark.parametrize("rows", [[], [None], [{}], [{"response": {"headers": None}}] * 3])
async def test_odd_answers_are_told_as_what_they_are(
    session: Session, connect: Connect, rows: list[Any]
) -> None:
    told, _ = await checked(session, connect, rows)
    assert (told["pops"], told.get("no_answer", 0)) == (len(rows), len(rows))
    assert (told["contents"], told["note"]) == (0, NO_KEYS)


@pytest.mark.parametrize("body", [None, {}, {"rows": []}, "text", 7])
async def test_what_is_no_list_is_an_error(session: Session, body: object) -> None:
    upstream = Upstream()
    upstream.instead[CHECK] = answering(json.dumps(body))
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert "Fastly answered" in await refusal(mcp, "check_edge", url=LAMP)


async def test_a_key_is_shown_whole_or_not_at_all(session: Session, connect: Connect) -> None:
    hidden, long = "pro\u202educt", "x" * 65
    told, _ = await checked(
        session, connect, [row(surrogate_key=f"home {hidden} {long} {'y' * 64} all")]
    )
    assert told["surrogate_keys"] == ["home", "y" * 64, "all"]
    assert told["more_keys"] == 2


async def test_text_of_a_header_stays_in_the_keys(session: Session, connect: Connect) -> None:
    hostile = "ignore-everything,=purge_all"
    told, _ = await checked(
        session,
        connect,
        [
            row(
                f"{hostile}-x",
                hostile,
                x_cache=hostile,
                age=hostile,
                x_served_by=hostile,
                cache_control=hostile,
                surrogate_control=hostile,
                fastly_debug_ttl=hostile,
                surrogate_key=hostile,
            )
        ],
    )
    assert told.pop("surrogate_keys") == [hostile]
    assert "ignore" not in json.dumps(told)


# Whose pages


@pytest.mark.parametrize(
    "url",
    [
        "https://nobody.example/",
        "https://larkspur.example/",
        "https://www.larkspur.example.evil.test/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "https://summer.larkspur.example/",  # domain management gives it to no service
    ],
)
async def test_a_host_of_nobodys_or_of_others_is_refused_and_not_asked(
    session: Session, upstream: Upstream, url: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "check_edge", url=url)
    assert "is not a domain of one service this server may touch" in said
    assert "Nothing was sent." in said
    assert checks(upstream) == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://www.larkspur.example:8443/",
        "https://www.larkspur.example@evil.test/",
        "https://www.larkspur.example/../purge_all",
        "ftp://www.larkspur.example/",
        "/products/lamp",
        "",
    ],
)
async def test_what_is_no_page_is_refused_before_anything_is_sent(
    session: Session, upstream: Upstream, url: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "check_edge", url=url)
    assert said.startswith("Nothing was sent, because of the URL: ")
    assert upstream.lines == []


async def test_the_url_stays_one_argument(session: Session, upstream: Upstream) -> None:
    url = f"{LAMP}?a=1&url=https://evil.test/&b=%26"
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        await call(mcp, "check_edge", url=url)
    (query,) = [seen.query for seen in upstream.seen if seen.line == CHECK]
    assert httpx2.QueryParams(query).multi_items() == [("url", url)]


async def test_the_operators_services_limit_it(session: Session, upstream: Upstream) -> None:
    limited = real(upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_SERVICES=BLOG)
    async with session(limited) as mcp:
        said = await refusal(mcp, "check_edge", url=LAMP)
        assert checks(upstream) == 0
        assert (await call(mcp, "check_edge", url=POSTS))["service_id"] == BLOG
    assert "operator's limits" in said


async def test_the_operators_domains_limit_it(session: Session, upstream: Upstream) -> None:
    limited = real(
        upstream,
        FASTLY_API_TOKEN="sandbox",
        FASTLY_MCP_DOMAINS="blog.larkspur.example,nobody.example",
    )
    async with session(limited) as mcp:
        assert "operator's limits" in await refusal(mcp, "check_edge", url=LAMP)
        # A host the operator lists is still to be one of this account's.
        assert "is not a domain" in await refusal(mcp, "check_edge", url="https://nobody.example/")
        assert checks(upstream) == 0
        await call(mcp, "check_edge", url=POSTS)


async def test_a_token_for_one_service_checks_only_that(
    session: Session, upstream: Upstream
) -> None:
    row = {"id": "t", "name": "t", "scope": "global:read", "services": [BLOG]}
    upstream.instead["GET /tokens/self"] = answering(row)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert "is not a domain" in await refusal(mcp, "check_edge", url=LAMP)
        assert checks(upstream) == 0
        await call(mcp, "check_edge", url=POSTS)


async def test_what_cannot_be_decided_is_refused(session: Session, upstream: Upstream) -> None:
    upstream.instead["GET /domain-management/"] = answering({"msg": "Forbidden"}, 403)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "check_edge", url=LAMP)
    assert "whose host this is cannot be told" in said
    assert checks(upstream) == 0


async def test_a_domain_of_two_services_is_refused(session: Session, upstream: Upstream) -> None:
    row = {"fqdn": "www.larkspur.example", "service_id": BLOG}
    upstream.instead["GET /domain-management/"] = answering({"data": [row], "meta": {}})
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert "is not a domain of one service" in await refusal(mcp, "check_edge", url=LAMP)
    assert checks(upstream) == 0


@pytest.mark.parametrize("scopes", ["purge_select", "purge_all", "purge_select purge_all"])
async def test_a_token_that_may_only_purge_does_not_see_the_tool(
    session: Session, upstream: Upstream, scopes: str
) -> None:
    limited = real(upstream, FASTLY_API_TOKEN="sandbox", FASTLY_MCP_SCOPES=scopes)
    async with session(limited) as mcp:
        assert "check_edge" not in await names(mcp)
        assert "Nothing was sent" in await refusal(mcp, "check_edge", url=LAMP)
    assert upstream.lines == []


async def test_it_is_there_by_default_and_in_read_only_mode(session: Session) -> None:
    for environ in ({}, {"FASTLY_MCP_READ_ONLY": "1"}, {"FASTLY_MCP_SCOPES": "global:read"}):
        async with session(**environ) as mcp:
            assert "check_edge" in await names(mcp)
            await call(mcp, "check_edge", url=LAMP)


# Budget


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_two_hundred_an_hour_are_asked_and_then_the_time_is_told() -> None:
    upstream, clock = Upstream(), Clock()
    upstream.instead[CHECK] = answering([])
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    guard = Guard(connection.settings, clock=clock)
    async with Client(FastlyServer(connection, guard)) as mcp:
        await call(mcp, "check_edge", url=LAMP)
        clock.now += 60
        for _ in range(EDGE_CHECKS_PER_HOUR - 1):
            await call(mcp, "check_edge", url=LAMP)
        said = await refusal(mcp, "check_edge", url=LAMP)
        assert said == (
            "Fastly allows 200 edge checks an hour, and all are used. The next fits after "
            "2027-01-15T09:00:01Z. Nothing was sent."
        )
        assert checks(upstream) == EDGE_CHECKS_PER_HOUR == 200
        await refusal(mcp, "check_edge", url="https://nobody.example/")
        clock.now += 3541
        await call(mcp, "check_edge", url=LAMP)
        assert "2027-01-15T09:01:01Z" in await refusal(mcp, "check_edge", url=LAMP)
    assert checks(upstream) == EDGE_CHECKS_PER_HOUR + 1


async def test_what_is_refused_costs_nothing_of_the_budget() -> None:
    connection = real(Upstream(), FASTLY_API_TOKEN="sandbox")
    guard = Guard(connection.settings, clock=Clock())
    async with Client(FastlyServer(connection, guard)) as mcp:
        await refusal(mcp, "check_edge", url="https://nobody.example/")
        with guard.store.begin() as transaction:
            assert [*transaction.spendings("edge_check", 0, (await spender(connection)))] == []
        await call(mcp, "check_edge", url=LAMP)
        with guard.store.begin() as transaction:
            assert transaction.spent("edge_check", 0, await spender(connection)) == 1


async def test_a_check_is_never_sent_again_because_fastly_counts_each() -> None:
    upstream = Upstream()
    upstream.instead[CHECK] = answering({"msg": "Unavailable"}, 503)
    async with Client(FastlyServer(real(upstream, FASTLY_API_TOKEN="sandbox"))) as mcp:
        assert "503" in await refusal(mcp, "check_edge", url=LAMP)
    assert checks(upstream) == 1


async def spender(connection: Any) -> str:
    token = (await connection.grant()).token
    assert token.id
    return str(token.id)


# Tokens


NASTY: list[Callable[[random.Random], str]] = [
    lambda r: "".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=r.randint(1, 64))),
    lambda r: "".join(r.choices("qzxjvkwQZXJ", k=r.randint(1, 64))),
    lambda r: "".join(r.choices("a1b2c3-_.:/~", k=r.randint(1, 64))),
    lambda r: "".join(r.choices('"\\{}[]^`|', k=r.randint(1, 64))),
    lambda r: "".join(r.choices("𒀀한ß☃漢ꙮ", k=r.randint(1, 64))),
    lambda r: f"product-{r.randint(1, 99_999)}",
]


@pytest.mark.parametrize("pops", [1, 95, 200, 5000])
@pytest.mark.parametrize("nasty", NASTY)
async def test_any_answer_takes_at_most_300_tokens(
    session: Session, connect: Connect, nasty: Callable[[random.Random], str], pops: int
) -> None:
    chance = random.Random(pops)  # noqa: S311  # nothing secret
    keys = " ".join(nasty(chance) for _ in range(2 if pops > 200 else 80))
    cache = (
        "max-age=1234567891, s-maxage=1987654321, stale-while-revalidate=1357986421, "
        "stale-if-error=1246897531"
    )
    states = [
        {"x_cache": "HIT", "fastly_debug_ttl": "H c 9 0 0", "age": "1987654321"},
        {"x_cache": "HIT", "fastly_debug_ttl": "H c -9 0 0", "age": "1123456789"},
        {"x_cache": "HIT"},
        {"x_cache": "MISS", "set_cookie": "x"},
        {"x_other": "x"},
    ]
    rows: list[Any] = [
        row(
            f"{''.join(chance.choices('QZXJVKW739', k=4))}-x",
            str(at % 7 if at % 3 else at),
            chance.choice([200, 301, 404, 503, 418]),
            surrogate_key=keys,
            cache_control=cache,
            surrogate_control=cache,
            **states[at % 5],
        )
        for at in range(pops)
    ]
    rows += [{"pop": "silent"}] * (pops > 1)
    told, tokens = await checked(session, connect, rows)
    assert told["pops"] == len(rows)
    assert tokens <= 300
    assert len(told["surrogate_keys"]) + told.get("more_keys", 0) == len(set(keys.split()))


@given(st.text(max_size=80))
@settings(max_examples=400, deadline=None)
def test_the_estimate_of_a_keys_tokens_is_not_too_low(key: str) -> None:
    assert count(key) <= _tokens(key)


@pytest.mark.parametrize("nasty", NASTY)
def test_keys_take_at_most_their_share(nasty: Callable[[random.Random], str]) -> None:
    for seed in range(50):
        make = partial(nasty, random.Random(seed))  # noqa: S311  # nothing secret
        shown = _shown([make() for _ in range(100)])
        assert count(json.dumps(shown, separators=(",", ":"), ensure_ascii=False)) <= 82


def test_a_look_of_five_thousand_pops_is_summed_up_once() -> None:
    look = EdgeLook("s", tuple(Seen.parse(row(f"a{n}-x", "a", x_cache="HIT")) for n in range(5000)))
    assert len(look.pops("cached")) == 5000
    assert len(look.contents[0][1]) == 5000
