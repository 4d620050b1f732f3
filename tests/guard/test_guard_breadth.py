"""Breadth: which changes wait for a person."""

from collections import Counter
from dataclasses import replace

import pytest

from fastly_mcp.config import BROAD_KEYS, Level, Settings
from fastly_mcp.guard.breadth import why_it_waits
from fastly_mcp.guard.changes import Change, Hit
from tests.guard.planned import BLOG, SHOP, keys, many, urls

BROAD = frozenset(BROAD_KEYS.split())
EVERYTHING = Change(kind="all", hits=(SHOP,))
PAGE = urls("www.larkspur.example")
LAMP = keys("lamp")


def waits(
    change: Change,
    level: Level = Level.BROAD,
    broad: frozenset[str] = BROAD,
    **before: int,
) -> bool:
    return bool(why_it_waits(change, level, broad, Counter(before)))


def after(change: Change, before: dict[str, int]) -> bool:
    return bool(why_it_waits(change, Level.BROAD, BROAD, Counter(before)))


@pytest.mark.parametrize(
    ("level", "waiting"),
    [
        ("never", ()),
        ("purge_all", (EVERYTHING,)),
        ("broad", (EVERYTHING, keys("all"))),
        ("purges", (EVERYTHING, keys("all"), LAMP, PAGE, keys("lamp", soft=True))),
        ("all", (EVERYTHING, keys("all"), LAMP, PAGE, keys("lamp", soft=True))),
    ],
)
def test_each_level_waits_for_more(level: str, waiting: tuple[Change, ...]) -> None:
    every = (EVERYTHING, keys("all"), LAMP, PAGE, keys("lamp", soft=True))
    assert tuple(change for change in every if waits(change, Level(level))) == waiting


def test_the_default_is_broad() -> None:
    settings = Settings.read({})
    assert settings.approval is Level.BROAD
    assert settings.broad_keys == BROAD


@pytest.mark.parametrize("level", ["", "none", "off", "broad,all", "${LEVEL}"])
def test_a_level_that_does_not_exist_is_a_problem(level: str) -> None:
    assert Settings.read({"FASTLY_MCP_APPROVAL": level}).problems


@pytest.mark.parametrize("key", BROAD_KEYS.split())
@pytest.mark.parametrize("soft", [False, True])
def test_every_key_of_the_broad_list_waits_in_any_case(key: str, *, soft: bool) -> None:
    for written in (key, key.upper(), key.title()):
        assert waits(keys("lamp", written, soft=soft))
    assert not waits(keys(f"{key}-1"))


def test_the_operators_list_takes_the_place_of_the_usual_one() -> None:
    settings = Settings.read({"FASTLY_MCP_BROAD_KEYS": "Front  catalogue"})
    assert waits(keys("front"), broad=settings.broad_keys)
    assert waits(keys("CATALOGUE"), broad=settings.broad_keys)
    assert not waits(keys("all"), broad=settings.broad_keys)


@pytest.mark.parametrize(
    "key",
    ["shop-prod", SHOP.service_id, "www.larkspur.example", "*.shop.larkspur.example"],
)
def test_a_key_called_as_the_service_is_waits_in_any_case(key: str) -> None:
    for written in (key, key.upper(), key.swapcase()):
        assert waits(keys(written))
    assert not waits(keys(f"{key}/page"))
    assert not waits(keys(key, hit=BLOG))


@pytest.mark.parametrize("key", ["www.larkspur.example", "*.shop.larkspur.example", "a_b.example"])
def test_a_host_waits_where_the_domains_are_not_known(key: str) -> None:
    unknown = replace(SHOP, domains=(), knows_domains=False)
    assert waits(keys(key, hit=unknown))
    assert waits(keys(key.upper(), hit=unknown))
    assert not waits(keys("lamp", "a/b.html", hit=unknown))


@pytest.mark.parametrize(("most", "soft"), [(20, False), (500, True)])
def test_many_keys_wait(most: int, *, soft: bool) -> None:
    assert not waits(many(most, soft=soft))
    assert waits(many(most + 1, soft=soft))


@pytest.mark.parametrize(("most", "soft"), [(50, False), (500, True)])
def test_many_urls_wait(most: int, *, soft: bool) -> None:
    assert not waits(urls(*["a.example"] * most, soft=soft))
    assert waits(urls(*["a.example"] * (most + 1), soft=soft))


def test_keys_purged_before_are_counted_with_those_of_their_service() -> None:
    assert not after(many(8), {SHOP.service_id: 12})
    assert after(many(9), {SHOP.service_id: 12})
    assert after(keys("lamp"), {SHOP.service_id: 20})
    assert not after(many(20), {BLOG.service_id: 500})


def test_urls_purged_before_are_counted_by_the_service_they_belong_to() -> None:
    owners = {"a.example": "one", "b.example": "one", "c.example": "two"}
    for host in ("a.example", "b.example"):
        assert not after(urls("a.example", owners=owners), {host: 49})
        assert after(urls("a.example", owners=owners), {host: 50})
    assert not after(urls("a.example", owners=owners), {"c.example": 500})


def test_urls_of_a_host_that_belongs_to_nobody_known_may_be_any_services() -> None:
    owners = {"a.example": "one"}
    assert after(urls("a.example", owners=owners), {"nobody.example": 50})
    assert after(urls("nobody.example", owners=owners), {"a.example": 50})
    assert after(urls("a.example"), {"b.example": 50})
    assert not after(urls("a.example"), {"b.example": 49})


def test_it_says_why() -> None:
    said = why_it_waits(many(9), Level.BROAD, BROAD, Counter({SHOP.service_id: 12}))
    assert said == "with those of the last 10 minutes it is 21 purged keys, over 20"
    assert why_it_waits(LAMP, Level.PURGES, BROAD, Counter()) == (
        "every purge waits here (FASTLY_MCP_APPROVAL=purges)"
    )


def test_what_is_broad_is_told_of_where_every_purge_waits_too() -> None:
    hidden = keys(*(f"key-{number}" for number in range(15)), "all")
    for level in (Level.BROAD, Level.PURGES, Level.ALL):
        said = why_it_waits(hidden, level, BROAD, Counter())
        assert said == "the key all tags every page on many sites"


def test_a_service_whose_name_is_lost_may_be_called_like_any_key() -> None:
    lost = Hit(service_id=SHOP.service_id, is_lost=True)
    assert "cannot be looked up now" in why_it_waits(
        keys("lamp", hit=lost), Level.BROAD, BROAD, Counter()
    )
    # A token that may not look it up knows no name either, and purges all the same.
    assert not waits(keys("lamp", hit=replace(lost, is_lost=False)))
