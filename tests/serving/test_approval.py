"""Approval over every way and era: waiting, going on, and what is asked how often."""

import re
import shlex
from contextlib import closing
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest

from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.plans import TO_DECIDE
from fastly_mcp.guard.store import Freeze, Store
from tests.conftest import SHOP
from tests.serving.doors import ALL, URLS, Door, Make, each_tool, waits
from tests.serving.processes import posix
from tests.tools.upstream import (
    BLOG,
    DOWNLOADS,
    EDGE_API,
    LAMP,
    POSTS,
    TENANTS,
    answering,
    both_eras,
    call,
    refusal,
)

pytestmark = [pytest.mark.anyio, posix]


# Waiting, and going on


@both_eras
@each_tool
async def test_a_client_that_cannot_ask_is_told_whom_to_ask(
    door: Door, mode: str, tool: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        result = await mcp.call_tool(tool, arguments)
        (listed,) = [each for each in (await mcp.list_tools()).tools if each.name == tool]
    assert not result.is_error
    data = result.structured_content
    assert data
    jsonschema.validate(data, listed.output_schema)
    assert set(data) == {"purged", "status", "tell_user", "then", "plan"}
    assert data["purged"] is False
    assert data["status"] == "waiting_for_a_person"
    found = re.search(r"fastly-mcp approve ([A-Z0-9]{4}-[A-Z0-9]{4})", data["tell_user"])
    assert found
    assert data["then"].endswith(f"approval: {found[1]}")
    assert data["tell_user"].endswith(f" --state-dir {shlex.quote(str(door.state))}")
    assert any(
        line.startswith("service   u8jzPde0IgxLd6GncfBAep  shop-prod") for line in data["plan"]
    )
    assert any("www.larkspur.example" in line for line in data["plan"])
    assert door.purges == 0


@both_eras
@each_tool
async def test_what_a_person_approved_is_done_once(
    door: Door, mode: str, tool: str, arguments: dict[str, Any]
) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, tool, **arguments)
        assert await waits(mcp, tool, **arguments, approval=code) == code
        assert door.purges == 0
        await door.decide(code)
        assert (await call(mcp, tool, **arguments, approval=code.lower()))["accepted"]
        done = door.purges
        assert done == len(arguments.get("urls", "1"))
        said = await refusal(mcp, tool, **arguments, approval=code)
        assert said == (
            "This approval was used, or is too old to be: call again without approval to ask anew. "
            "Nothing was sent."
        )
        assert door.purges == done
        assert await waits(mcp, tool, **arguments) != code


@both_eras
async def test_what_a_person_declined_is_not_done(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code, approved=False)
        said = await refusal(mcp, ALL[0], **ALL[1], approval=code)
        assert said == "A person declined this. Do not ask again. Nothing was sent."
    assert door.purges == 0


# Asking people without end


@both_eras
async def test_after_two_declines_nobody_is_asked_for_ten_minutes(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        for key in ("all", "site"):
            code = await waits(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
            await door.decide(code, approved=False)
            door.clock.now += 60
        again = {"service": SHOP, "keys": ["everything"]}
        said = await refusal(mcp, "purge_surrogate_key", **again)
        assert said == (
            "People declined this 2 times. Do not ask again: for 9 more minutes nobody is asked. "
            "Nothing was sent."
        )
        await waits(mcp, "purge_surrogate_key", service=BLOG, keys=["all"])
        await waits(mcp, ALL[0], **ALL[1])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp"])
        door.clock.now += 600 - 121
        assert "for 1 more minutes" in await refusal(mcp, "purge_surrogate_key", **again)
        door.clock.now += 1
        await waits(mcp, "purge_surrogate_key", **again)


@both_eras
async def test_three_plans_of_a_caller_may_wait_at_once(door: Door, mode: str) -> None:
    async with door.open(mode) as mcp:
        codes = [
            await waits(mcp, "purge_all", service=service) for service in (SHOP, BLOG, DOWNLOADS)
        ]
        said = await refusal(mcp, "purge_all", service=EDGE_API)
        assert said.startswith("3 changes of this caller wait for a person already")
        assert await waits(mcp, "purge_all", service=BLOG) == codes[1]
        if door.way == "http":
            async with door.open(mode, caller="bob") as other:
                await waits(other, "purge_all", service=EDGE_API)
        await door.decide(codes[0], approved=False)
        await waits(mcp, "purge_all", service=EDGE_API)
        door.clock.now += TO_DECIDE
        for service in (BLOG, DOWNLOADS, SHOP):
            assert await waits(mcp, "purge_all", service=service) not in codes


# Freezing


@both_eras
async def test_a_freeze_holds_at_once_and_until_it_is_lifted(door: Door, mode: str) -> None:
    theirs = Store(door.state / STORE)
    async with door.open(mode) as mcp:
        code = await waits(mcp, ALL[0], **ALL[1])
        await door.decide(code)
        with closing(theirs), theirs.begin() as transaction:
            transaction.freeze(Freeze(door.clock.now + 100, "launch\u202e.", "ann", 0))
        for tool, arguments in (
            ("purge_url", {"urls": [LAMP]}),
            (ALL[0], ALL[1] | {"approval": code}),
        ):
            said = await refusal(mcp, tool, **arguments)
            assert re.fullmatch(
                r"ann has frozen all changes until \S+: launch\\u\{202e\}\. Nothing was sent; "
                r"do not try again before that ends\.",
                said,
            )
        assert "ann has frozen all changes" in str(await call(mcp, "get_account"))
        assert door.purges == 0
        door.clock.now += 100
        await call(mcp, ALL[0], **ALL[1], approval=code)


async def test_a_store_that_was_moved_away_is_seen_by_who_runs(door: Door) -> None:
    async with door.open("auto") as mcp:
        await call(mcp, "purge_url", urls=[LAMP])
        (door.state / STORE).rename(door.state / "old")
        with closing(Store(door.state / STORE)) as theirs, theirs.begin() as transaction:
            transaction.freeze(Freeze(None, "", "ann", 0))
        assert "ann has frozen" in await refusal(mcp, "purge_url", urls=[LAMP])


# Breadth, through a server


@both_eras
async def test_splitting_a_purge_changes_nothing(door: Door, mode: str) -> None:
    keys = [f"key-{number}" for number in range(40)]
    async with door.open(mode) as mcp:
        for key in keys[:20]:
            await call(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
        code = await waits(mcp, "purge_surrogate_key", service=SHOP, keys=keys[20:21])
        await call(mcp, "purge_surrogate_key", service=BLOG, keys=keys[:20])
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys, soft=True)
        # What a person allowed takes nothing away from what nobody has to.
        await door.decide(code)
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys[20:21], approval=code)
        door.clock.now += 600
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=keys[:20])


@both_eras
async def test_urls_are_counted_by_service(door: Door, mode: str) -> None:
    def pages(host: str, count: int) -> list[str]:
        return [f"https://{host}/{number}" for number in range(count)]

    async with door.open(mode) as mcp:
        await call(mcp, "purge_url", urls=pages("www.larkspur.example", 50))
        await call(mcp, "purge_url", urls=pages("blog.larkspur.example", 50))
        await waits(mcp, "purge_url", urls=[LAMP])
        await waits(mcp, "purge_url", urls=[POSTS])
        await call(mcp, "purge_url", urls=pages("downloads.larkspur.example", 40))
        await waits(mcp, "purge_url", urls=pages("downloads.larkspur.example", 11))


async def test_all_hosts_of_a_service_are_counted_together(door: Door) -> None:
    async with door.open("auto") as mcp:
        for number in range(10):
            urls = [f"https://t{number}.tenants.larkspur.example/{page}" for page in range(5)]
            await call(mcp, "purge_url", urls=urls)
        await waits(mcp, "purge_url", urls=["https://t99.tenants.larkspur.example/"])


async def test_a_token_that_cannot_look_domains_up_waits_for_more(make: Make) -> None:
    door = await make(FASTLY_API_TOKEN="sandbox-purge-select")
    async with door.open("auto") as mcp:
        for key in ("www.larkspur.example", "WWW.larkspur.example", SHOP, SHOP.lower(), "all"):
            await waits(mcp, "purge_surrogate_key", service=SHOP, keys=[key])
            door.clock.now += TO_DECIDE
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp"])
        await call(mcp, "purge_url", urls=URLS[1]["urls"][:50])
        code = await waits(mcp, "purge_url", urls=[POSTS])
        await door.decide(code)
        await call(mcp, "purge_url", urls=[POSTS], approval=code)


@pytest.mark.parametrize(
    "key", ["shop-prod", "SHOP-PROD", SHOP, SHOP.upper(), "www.larkspur.example", "Site-Wide"]
)
async def test_a_key_called_as_the_service_is_waits(door: Door, key: str) -> None:
    async with door.open("auto") as mcp:
        await waits(mcp, "purge_surrogate_key", service=SHOP, keys=["lamp", key], soft=True)


async def test_a_key_called_as_a_wildcard_domain_is_waits(door: Door) -> None:
    async with door.open("auto") as mcp:
        keys = ["*.tenants.larkspur.example"]
        await waits(mcp, "purge_surrogate_key", service=TENANTS, keys=keys)


async def test_a_key_that_is_another_services_domain_does_not_wait(door: Door) -> None:
    async with door.open("auto") as mcp:
        await call(mcp, "purge_surrogate_key", service=BLOG, keys=["www.larkspur.example"])


@pytest.mark.parametrize(
    ("level", "waiting"),
    [
        ("never", set()),
        ("purge_all", {"purge_all"}),
        ("broad", {"purge_all"}),
        ("purges", {"purge_all", "purge_surrogate_key", "purge_url"}),
        ("all", {"purge_all", "purge_surrogate_key", "purge_url"}),
    ],
)
async def test_each_level_has_its_tools_wait(make: Make, level: str, waiting: set[str]) -> None:
    door = await make(FASTLY_MCP_APPROVAL=level)
    async with door.open("auto") as mcp:
        for tool, arguments in (
            ALL,
            ("purge_surrogate_key", {"service": SHOP, "keys": ["lamp"]}),
            ("purge_url", {"urls": [LAMP]}),
        ):
            if tool in waiting:
                await waits(mcp, tool, **arguments)
            else:
                await call(mcp, tool, **arguments)


async def test_the_operators_broad_keys_take_the_place_of_the_usual_ones(make: Make) -> None:
    door = await make(FASTLY_MCP_BROAD_KEYS="Front")
    async with door.open("auto") as mcp:
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["all"])
        await waits(mcp, "purge_surrogate_key", service=SHOP, keys=["frONt"])


@both_eras
async def test_while_names_cannot_be_looked_up_a_key_may_be_one(door: Door, mode: str) -> None:
    door.upstream.instead["GET /service"] = answering({"msg": "Unavailable"}, 503)
    async with door.open(mode) as mcp:
        code = await waits(mcp, "purge_surrogate_key", service=SHOP, keys=["shop-prod"])
        await door.decide(code)
        await call(mcp, "purge_surrogate_key", service=SHOP, keys=["shop-prod"], approval=code)
        await call(mcp, "purge_url", urls=[LAMP])
    assert door.purges == 2
