"""Purging by URL, by surrogate key, and of everything, down to what the edge holds after it."""

import json
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from fastly_mcp.api.paths import purge_target
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools.purge import URLS_AT_ONCE
from tests.conftest import SHOP, Connect, Session
from tests.tools.upstream import (
    BLOG,
    CATALOGUE,
    CHAIR,
    DOWNLOADS,
    EDGE_API,
    LAMP,
    NOBODY,
    POSTS,
    Failing,
    Upstream,
    Waiting,
    answering,
    both_eras,
    call,
    real,
    refusal,
)

pytestmark = pytest.mark.anyio

NOT_KNOWN = "Accepted; whether anything was cached is not known."
REFUSED_BY_VCL = (
    "403 Forbidden. The service's own VCL or ACL refuses FASTLYPURGE; purging by key does not "
    "pass through VCL."
)
NO_SERVICE = (
    "404 Record not found: Cannot find service. Fastly knows no service of this token for that "
    "host."
)
HOME = "https://www.larkspur.example/"


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


# By URL


@pytest.mark.parametrize(
    "query", ["filter={%22a%22:1}", "a^b", "a`b", "q=a|b[]{}", "x=1?y", "+%20'"]
)
async def test_the_very_url_is_purged_however_its_query_is_written(query: str) -> None:
    upstream = Upstream()
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    await connection.post("/purge/{url}", url=purge_target(f"{LAMP}?{query}"), repeatable=True)
    (seen,) = upstream.changes
    assert (seen.path, seen.query) == (f"/purge/{LAMP}", query)


async def test_after_a_cancellation_no_further_purge_is_begun() -> None:
    upstream = Upstream()
    waiting = upstream.instead["POST /purge/"] = Waiting(upstream.sandbox)
    connection = real(upstream, FASTLY_API_TOKEN="sandbox")
    urls = [f"{LAMP}?{number}" for number in range(100)]
    async with anyio.create_task_group() as group:
        group.start_soon(FastlyServer(connection).call_tool, "purge_url", {"urls": urls})
        while waiting.asked < URLS_AT_ONCE:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
        waiting.may.set()
    assert len(upstream.changes) == URLS_AT_ONCE


@both_eras
async def test_a_hard_purge_removes_one_page_and_no_other(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    async with session(connect(upstream), mode=mode) as mcp:
        receipt = await call(mcp, "purge_url", urls=[LAMP])
    (purge_id,) = receipt.pop("ids")
    assert purge_id
    assert receipt == {"accepted": 1, "note": NOT_KNOWN, "sandbox": True}
    assert await upstream.states(LAMP) == {"absent"}
    assert await upstream.states(CHAIR) == {"fresh"}
    assert [seen.line for seen in upstream.changes] == [f"POST /purge/{LAMP}"]
    assert "fastly-soft-purge" not in upstream.changes[0].headers


async def test_a_soft_purge_makes_the_page_stale_and_says_so(
    session: Session, connect: Connect, upstream: Upstream
) -> None:
    async with session(connect(upstream)) as mcp:
        assert (await call(mcp, "purge_url", urls=[LAMP], soft=True))["soft"] is True
    assert await upstream.states(LAMP) == {"stale"}


@pytest.mark.parametrize(
    "urls", [LAMP, [LAMP], json.dumps([LAMP]), "www.larkspur.example/products/lamp#reviews"]
)
async def test_one_string_is_taken_as_a_list_of_one(
    session: Session, connect: Connect, upstream: Upstream, urls: object
) -> None:
    async with session(connect(upstream)) as mcp:
        assert (await call(mcp, "purge_url", urls=urls))["accepted"] == 1
    assert await upstream.states(LAMP) == {"absent"}


async def test_the_query_is_part_of_the_url(session: Session, upstream: Upstream) -> None:
    stock = "https://api.larkspur.example/v1/stock"
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        await call(mcp, "purge_url", urls=[stock])
        assert await upstream.states(f"{stock}?sku=lamp") == {"fresh"}
        await call(mcp, "purge_url", urls=[f"{stock}?sku=lamp"])
    assert await upstream.states(f"{stock}?sku=lamp") == {"absent"}
    assert [seen.query for seen in upstream.changes] == ["", "sku=lamp"]


async def test_what_fails_is_told_with_its_reason_beside_what_was_accepted(
    session: Session, upstream: Upstream
) -> None:
    urls = [CATALOGUE, "https://nobody.example/a", HOME, "nobody.example/b"]
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        receipt = await call(mcp, "purge_url", urls=urls)
    assert (receipt["accepted"], receipt["failed"], len(receipt["ids"])) == (1, 3, 1)
    assert receipt["failures"] == [
        {"reason": REFUSED_BY_VCL, "urls": [CATALOGUE]},
        {"reason": NO_SERVICE, "urls": ["https://nobody.example/a", "https://nobody.example/b"]},
    ]
    assert receipt["note"] == NOT_KNOWN
    assert await upstream.states(CATALOGUE) == {"fresh"}


async def test_a_405_is_the_services_own_refusal_too(session: Session, upstream: Upstream) -> None:
    upstream.instead["POST /purge/"] = answering("", 405)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        (failure,) = (await call(mcp, "purge_url", urls=[HOME]))["failures"]
    assert failure["reason"].startswith("405 Method Not Allowed. The service's own VCL")


async def test_nothing_accepted_claims_nothing(session: Session) -> None:
    async with session() as mcp:
        receipt = await call(mcp, "purge_url", urls=[CATALOGUE])
    assert (receipt["accepted"], receipt["failed"]) == (0, 1)
    assert not {"note", "ids"} & receipt.keys()


async def test_many_failures_are_told_by_reason_and_position(
    session: Session, upstream: Upstream
) -> None:
    statuses = [400, 409, 410, 418, 422]
    urls = [f"https://www.larkspur.example/{status}" for status in statuses] + [HOME]
    for url, status in zip(urls, statuses, strict=False):
        upstream.instead[f"POST /purge/{url}"] = answering({"msg": f"No {status}"}, status)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        failures = (await call(mcp, "purge_url", urls=urls))["failures"]
    assert failures == [
        {"reason": "400 No 400. Nothing was changed.", "positions": "1"},
        {"reason": "409 No 409. Nothing was changed.", "positions": "2"},
        {"reason": "410 No 410. Nothing was changed.", "positions": "3"},
        {"reason": "Other reasons.", "positions": "4-5"},
    ]


BAD_URLS = {
    "https://*.example.com/": "wildcards and folders cannot be purged by URL",
    "https://example.com/images/*": "wildcards and folders cannot be purged by URL",
    "": "it is empty",
    "https://": "it has no host",
    "/products/lamp": "it has no host",
    "ftp://example.com/": "only http and https URLs are cached",
    "https://user@example.com/": "user info",
    "https://user:secret@example.com/": "user info",
    "https://example.com\\@evil.test/": "it holds a backslash",
    "https://example.com/a b": "white space or a control character",
    "https://example.com/\x00": "white space or a control character",
    "https://example.com/../purge_all": "it has . or .. segments",
    "https://example.com/%2e%2E/purge_all": "it has . or .. segments",
    "https://example.com/%252e%252e/purge_all": "it has . or .. segments",
    "https://example.com/./a": "it has . or .. segments",
    "https://example.com/100%": "percent-encoding",
    "https://example.com:port/": "it is not a URL",
    "https://exam ple.com/": "white space",
    "https://example.com/" + "x" * 8200: "it is longer than 8192 bytes",
}


@pytest.mark.parametrize(("url", "reason"), BAD_URLS.items(), ids=[u[:40] for u in BAD_URLS])
async def test_nothing_is_sent_when_one_url_is_invalid_and_it_is_named(
    session: Session, upstream: Upstream, url: str, reason: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_url", urls=[HOME, url])
    assert said.startswith("Nothing was sent, because of item 2 ('")
    assert reason in said
    assert len(said) < 300
    assert upstream.changes == []


async def test_each_bad_item_is_named_by_its_position(session: Session) -> None:
    async with session() as mcp:
        said = await refusal(mcp, "purge_url", urls=["ftp://a.example", HOME, "*"])
    assert "item 1 ('ftp://a.example'): only http" in said
    assert "; 3 ('*'): wildcards" in said
    assert HOME not in said


async def test_more_than_twenty_bad_items_are_counted(session: Session) -> None:
    async with session() as mcp:
        assert (await refusal(mcp, "purge_url", urls=["*"] * 25)).endswith("; and 5 more.")


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ([], "urls: value should have at least 1 item"),
        ([HOME] * 1001, "urls: value should have at most 1000 items"),
        ([HOME, 5], "urls.1: input should be a valid string"),
        ({"url": HOME}, "urls: input should be a valid list"),
        ("[" * 5000, "it is not a URL"),
    ],
)
async def test_what_is_no_list_of_1_to_1000_urls_is_refused(
    session: Session, upstream: Upstream, urls: object, said: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        told = await refusal(mcp, "purge_url", urls=urls)
    assert said in told
    assert told.startswith("Nothing was sent")
    assert upstream.changes == []


async def test_a_token_that_goes_away_on_the_way_is_a_reason_too(
    session: Session, upstream: Upstream, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("sandbox")
    file.chmod(0o600)

    async def last(scope: Scope, receive: Receive, send: Send) -> None:
        file.unlink(missing_ok=True)
        await upstream.sandbox(scope, receive, send)

    upstream.instead["POST /purge/"] = last
    async with session(real(upstream, FASTLY_API_TOKEN_FILE=str(file))) as mcp:
        receipt = await call(mcp, "purge_url", urls=[f"{LAMP}?{n}" for n in range(40)])
    (failure,) = receipt["failures"]
    assert failure["reason"].startswith("FASTLY_API_TOKEN_FILE cannot be read")
    assert receipt["accepted"] + receipt["failed"] == 40


# By surrogate key


@both_eras
async def test_one_key_goes_through_the_batch_endpoint_as_json(
    session: Session, connect: Connect, upstream: Upstream, mode: str
) -> None:
    async with session(connect(upstream), mode=mode) as mcp:
        receipt = await call(mcp, "purge_surrogate_key", service="shop-prod", keys="product-lamp")
    (sent,) = upstream.changes
    assert sent.line == f"POST /service/{SHOP}/purge"
    assert json.loads(sent.body) == {"surrogate_keys": ["product-lamp"]}
    assert not {"surrogate-key", "fastly-soft-purge"} & sent.headers.keys()
    assert receipt == {
        "accepted": 1,
        "service_id": SHOP,
        "service_name": "shop-prod",
        "ids": receipt["ids"],
        "note": NOT_KNOWN,
        "sandbox": True,
    }
    assert await upstream.states(LAMP) == {"absent"}
    assert await upstream.states(CHAIR) == {"fresh"}


async def test_a_soft_purge_by_key_makes_the_group_stale(
    session: Session, upstream: Upstream
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        receipt = await call(
            mcp, "purge_surrogate_key", service=SHOP, keys=["products", "nothing"], soft=True
        )
    assert (receipt["accepted"], receipt["soft"]) == (2, True)
    assert {*await upstream.states(LAMP), *await upstream.states(CHAIR)} == {"stale"}


async def test_keys_given_twice_are_sent_once(session: Session, upstream: Upstream) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        receipt = await call(mcp, "purge_surrogate_key", service=SHOP, keys=["b", "a", "b", "a"])
    assert receipt["accepted"] == 2
    assert json.loads(upstream.changes[0].body) == {"surrogate_keys": ["b", "a"]}


async def test_keys_may_be_anything_that_is_no_white_space(
    session: Session, upstream: Upstream
) -> None:
    keys = ["..", "a/b", "ключ", "a%2Fb", '"quoted"', "x" * 1024]
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        receipt = await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys)
    assert receipt["accepted"] == len(keys)
    assert json.loads(upstream.changes[0].body) == {"surrogate_keys": keys}


async def test_a_service_whose_vcl_refuses_urls_is_purged_by_key(
    session: Session, upstream: Upstream
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        await call(mcp, "purge_surrogate_key", service=DOWNLOADS, keys=["catalogue"])
    assert await upstream.states(CATALOGUE) == {"absent"}


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "it is empty"),
        ("two words", "white space or a control character"),
        ("line\nbreak", "white space or a control character"),
        ("bell\x07", "white space or a control character"),
        ("no\u00a0break", "white space or a control character"),
        ("x" * 1025, "it is longer than 1024 bytes"),
        ("é" * 513, "it is longer than 1024 bytes"),
    ],
)
async def test_nothing_is_sent_when_one_key_is_invalid_and_it_is_named(
    session: Session, upstream: Upstream, key: str, reason: str
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_surrogate_key", service=SHOP, keys=["good", key])
    assert said.startswith("Nothing was sent, because of item 2 ('")
    assert reason in said
    assert upstream.lines == []


# Everything


@pytest.mark.parametrize("service", [BLOG, "blog", "blog.larkspur.example"])
async def test_everything_of_one_service_is_purged_and_nothing_of_another(
    session: Session, connect: Connect, upstream: Upstream, service: str
) -> None:
    async with session(connect(upstream)) as mcp:
        receipt = await call(mcp, "purge_all", service=service)
    assert receipt == {
        "accepted": 1,
        "service_id": BLOG,
        "service_name": "blog",
        "note": "Accepted; it can take up to two minutes everywhere.",
        "sandbox": True,
    }
    assert await upstream.states(POSTS) == {"absent"}
    assert await upstream.states(HOME) == {"fresh"}


async def test_purging_everything_has_no_soft_form(session: Session, upstream: Upstream) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_all", service=BLOG, soft=True)
    assert (
        said == "Nothing was sent: unknown argument 'soft' (the arguments are: service, approval)."
    )
    assert upstream.lines == []


@pytest.mark.parametrize(
    "lost",
    [
        Failing(httpx2.ReadError("lost")),
        Failing(httpx2.RemoteProtocolError("lost")),
        answering("<html>", 503),
        answering({"msg": "Oh no"}, 500),
        answering("{"),
        answering(""),
        answering([]),
        answering({"status": "maybe"}),
    ],
)
async def test_a_lost_answer_to_purge_all_is_not_asked_for_again(
    session: Session, upstream: Upstream, lost: Failing
) -> None:
    upstream.instead[f"POST /service/{BLOG}/purge_all"] = lost
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_all", service=BLOG)
        assert "It may have been done all the same: do not send it again, look first." in said
        assert len(upstream.changes) == 1
        upstream.instead.clear()
        await call(mcp, "purge_all", service=BLOG)


async def test_a_purge_all_that_never_left_is_sent_again(
    session: Session, upstream: Upstream
) -> None:
    upstream.instead[f"POST /service/{BLOG}/purge_all"] = Failing(httpx2.ConnectError("refused"))
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, "purge_all", service=BLOG)
    assert said.endswith("Nothing was changed.")
    assert len(upstream.changes) == 4


@pytest.mark.parametrize(
    "nonsense",
    [
        answering("<html>"),
        answering({}),
        answering([]),
        answering({"status": "ok"}),
        answering({"status": "ok", "id": 5, "a": None}),
        answering("", 500),
    ],
)
async def test_a_lost_answer_to_a_purge_by_url_or_key_may_be_sent_again(
    session: Session, upstream: Upstream, nonsense: Failing
) -> None:
    again = "It may have been done all the same; sending it again is safe."
    upstream.instead["POST /"] = nonsense
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        assert again in await refusal(mcp, "purge_surrogate_key", service=SHOP, keys=["a"])
        (failure,) = (await call(mcp, "purge_url", urls=[HOME]))["failures"]
        assert again in failure["reason"]
        upstream.instead.clear()
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["a"])


async def test_the_same_purge_sent_twice_is_accepted_twice(session: Session) -> None:
    async with session() as mcp:
        for _ in range(2):
            assert (await call(mcp, "purge_url", urls=[LAMP]))["accepted"] == 1
            await call(mcp, "purge_surrogate_key", service=SHOP, keys=["home"])
            await call(mcp, "purge_all", service=SHOP)


# The service meant


@pytest.mark.parametrize(
    ("tool", "arguments"), [("purge_all", {}), ("purge_surrogate_key", {"keys": ["home"]})]
)
async def test_a_changing_tool_never_chooses_among_services(
    session: Session, upstream: Upstream, tool: str, arguments: dict[str, object]
) -> None:
    ask = "Ask the user which one; do not choose."
    name = "www.larkspur.example"
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        said = await refusal(mcp, tool, service="shop", **arguments)
        assert f"Nearest: {SHOP} 'shop-prod'. {ask}" in said
        twin = {"id": EDGE_API, "name": name, "versions": []}
        upstream.instead["GET /service/search"] = answering(twin)
        said = await refusal(mcp, tool, service=name, **arguments)
        assert f"{EDGE_API} '{name}'" in said
        assert f"{SHOP} 'shop-prod'" in said
        assert said.endswith(ask)
    assert upstream.changes == []


@pytest.mark.parametrize(
    ("token", "tool", "arguments"),
    [
        ("sandbox-purge-all", "purge_all", {}),
        ("sandbox-purge-select", "purge_surrogate_key", {"keys": ["home"]}),
    ],
)
async def test_a_purge_only_token_is_given_ids_and_its_receipts_carry_no_name(
    session: Session, upstream: Upstream, token: str, tool: str, arguments: dict[str, object]
) -> None:
    async with session(real(upstream, FASTLY_API_TOKEN=token)) as mcp:
        receipt = await call(mcp, tool, service=SHOP, **arguments)
        assert receipt["service_id"] == SHOP
        assert "service_name" not in receipt
        said = await refusal(mcp, tool, service="shop-prod", **arguments)
        assert "lacks global:read" in said
        assert said.endswith("give the service's id.")
        assert "Fastly answered 404" in await refusal(mcp, tool, service=NOBODY, **arguments)
    assert [line.split()[0] for line in upstream.lines] == ["POST", "POST"]


async def test_an_id_is_purged_even_while_its_name_cannot_be_looked_up(
    session: Session, upstream: Upstream
) -> None:
    upstream.instead["GET /service/"] = answering("", 503)
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        receipt = await call(mcp, "purge_all", service=BLOG)
    assert "service_name" not in receipt
    assert await upstream.states(POSTS) == {"absent"}
