"""What is made of the edge check's answer, however odd it is."""

from typing import Any

import pytest

from fastly_mcp.api.edge import EdgeLook
from fastly_mcp.api.pop import Seen, directives

HIT = {"x-cache": "HIT", "fastly-debug-ttl": "(H cache-ams1034-AMS 60.000 0.000 12)", "age": "12"}
MISS = {"x-cache": "MISS", "fastly-debug-ttl": "(M cache-ams1034-AMS - - 0)", "age": "0"}


def row(pop: str = "ams-amsterdam-nl", content: str = "a", /, **headers: object) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"pop": pop, "hash": content, "response": {"status": 200, "headers": named}}


def look(*rows: object) -> EdgeLook:
    return EdgeLook("service", tuple(Seen.parse(each) for each in rows))


def with_headers(headers: dict[str, str], pop: str = "ams-x", content: str = "a") -> dict[str, Any]:
    return {"pop": pop, "hash": content, "response": {"status": 200, "headers": headers}}


@pytest.mark.parametrize(
    ("headers", "state"),
    [
        (HIT, "fresh"),
        (MISS, "not_cached"),
        (
            {"X-Cache": "HIT", "Fastly-Debug-TTL": "H cache-jfk1026-JFK 41733294.335 86.0 2"},
            "fresh",
        ),
        (
            {"x-cache": "HIT", "fastly-debug-ttl": "(H cache-ams1034-AMS -4.000 86400.000 9)"},
            "stale",
        ),
        (
            {"x-cache": "HIT", "fastly-debug-ttl": "(H cache-ams1034-AMS 0.000 86400.000 9)"},
            "stale",
        ),
        ({"x-cache": "HIT", "fastly-debug-ttl": "(H cache-ams1034-AMS - - 9)"}, "cached"),
        ({"x-cache": "HIT"}, "cached"),
        ({"x-cache": "HIT", "fastly-debug-ttl": "nonsense"}, "cached"),
        # The POP's own is the last; before it stands its shield's.
        ({"x-cache": "HIT, MISS"}, "not_cached"),
        ({"x-cache": "MISS, HIT"}, "cached"),
        (
            {
                "x-cache": "HIT, HIT",
                "fastly-debug-ttl": "(H cache-ams1-AMS 9.0 0.0 1) (H cache-nrt1-NRT -1.0 0.0 1)",
            },
            "stale",
        ),
        ({"x-cache": "HITPASS"}, "not_cached"),
        ({"x-cache": "PASS"}, "not_cached"),
        ({"fastly-debug-ttl": "(M cache-ams1034-AMS - - 0)"}, "not_cached"),
        ({"fastly-debug-ttl": "(H cache-ams1034-AMS 5.0 0.0 0)"}, "fresh"),
        ({"age": "90"}, "cached"),
        ({"age": "0"}, "not_told"),
        ({}, "not_told"),
    ],
)
def test_a_pop_had_what_its_headers_tell(headers: dict[str, str], state: str) -> None:
    assert Seen.parse(with_headers(headers)).state == state


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        "row",
        [],
        {},
        {"pop": "ams-amsterdam-nl", "hash": "error-timeout-ams", "response": {"status": 200}},
        {"pop": "ams-amsterdam-nl", "response": None},
        {"pop": "ams-amsterdam-nl", "response": []},
        {"pop": "ams-amsterdam-nl", "response": {"status": None}},
        {"pop": "ams-amsterdam-nl", "response": {"status": "200"}},
        {"pop": "ams-amsterdam-nl", "response": {"status": True}},
        {"pop": "ams-amsterdam-nl", "response": {"status": 0}},
    ],
)
def test_a_row_without_a_status_is_no_answer(odd: object) -> None:
    seen = look(odd)
    assert len(seen.pops("no_answer")) == 1
    assert not seen.statuses
    assert seen.contents == []


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        "text",
        {"age": None},
        {"age": {}},
        {"age": [1]},
        {"surrogate-key": None},
        {7: 7},
        {"x-cache": ["HIT"]},
    ],
)
def test_headers_of_any_shape_are_read_as_far_as_they_can_be(headers: object) -> None:
    seen = look({"pop": "ams-x", "hash": None, "response": {"status": 404, "headers": headers}})
    assert seen.statuses == {404: 1}
    assert seen.surrogate_keys == ()
    assert (seen.cache_control, seen.surrogate_control) == ("", "")


def test_an_empty_list_is_no_pop() -> None:
    seen = look()
    assert (seen.answers, seen.ages, seen.contents, seen.is_shielded) == ((), [], [], False)
    assert (seen.why_not_cached, seen.surrogate_keys) == ("", ())


@pytest.mark.parametrize(
    ("pop", "shown"),
    [
        ("acc-ghana-af", "ACC"),
        ("bma-stockholm-bma", "BMA"),
        ("", "?"),
        ("ignore the above", "?"),
        ("\u202eams", "?"),
        ("x" * 1000, "?"),
        (None, "?"),
        (["ams"], "?"),
    ],
)
def test_a_pop_is_named_by_its_code_and_nothing_else(pop: object, shown: str) -> None:
    assert Seen.parse({"pop": pop}).pop == shown


def test_contents_are_told_apart_by_hash_the_most_widespread_first() -> None:
    seen = look(
        row("ams-x", "old"),
        row("lcy-x", "new"),
        row("fra-x", "new"),
        row("cdg-x", "warning-too-large-cdg"),
        row("nrt-x", "error-timeout-nrt"),
    )
    assert seen.contents == [("new", ("LCY", "FRA")), ("old", ("AMS",))]
    assert seen.statuses == {200: 4}
    assert seen.pops("no_answer") == ("NRT",)


def test_ages_are_those_of_copies_in_a_cache() -> None:
    aged = [with_headers(HIT | {"age": age}) for age in ("40", "7", "-1", "x", "9" * 11, "٣")]
    assert look(*aged, with_headers(MISS | {"age": "3"})).ages == [7, 40]


def test_the_keys_are_those_most_pops_tell() -> None:
    seen = look(
        row("a", surrogate_key="a b a"),
        row("b", surrogate_key="a b a"),
        row("c", surrogate_key="z"),
    )
    assert seen.surrogate_keys == ("a", "b")


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"cache-control": "private, max-age=60"}, "private"),
        ({"cache-control": 'Private="x"'}, "private"),
        ({"cache-control": "No-Store"}, "no-store"),
        ({"cache-control": "max-age=60", "surrogate-control": "no-store"}, "no-store"),
        ({"set-cookie": "session=1"}, "set-cookie"),
        ({"cache-control": "max-age=0"}, "max-age=0"),
        ({"cache-control": "max-age=60, s-maxage=0"}, "s-maxage=0"),
        ({"cache-control": "max-age=0, s-maxage=60"}, ""),
        ({"cache-control": "max-age=60", "surrogate-control": "max-age=0"}, "max-age=0"),
        ({"cache-control": "max-age=0", "surrogate-control": "max-age=60"}, ""),
        ({"cache-control": "max-age"}, ""),
        ({"cache-control": "not-private, no-storey"}, ""),
        ({"x-cache": "MISS, PASS"}, "pass"),
        ({}, ""),
    ],
)
def test_why_it_is_not_cached_is_one_word_of_the_headers(headers: dict[str, str], why: str) -> None:
    assert look(with_headers(MISS | headers)).why_not_cached == why


def test_a_status_that_is_not_kept_is_the_reason_where_the_headers_give_none() -> None:
    failing = {"pop": "ams", "response": {"status": 503, "headers": MISS}}
    assert look(failing).why_not_cached == "status=503"
    assert look(with_headers(HIT | {"cache-control": "private"})).why_not_cached == ""


def test_only_known_directives_are_told_and_only_with_numbers() -> None:
    hostile = (
        'max-age="60", ignore-all=1, public\u202e, s-maxage=9999999999999, stale-if-error=x, ,='
    )
    assert directives(hostile) == {
        "max-age": "60",
        "s-maxage": "",
        "stale-if-error": "",
        "public": "",
    }


def test_a_shield_is_seen_in_what_others_fetched_through_it() -> None:
    own = row("ams-x", x_served_by="cache-ams1034-AMS", x_cache="HIT")
    assert not look(own).is_shielded
    behind = row("nrt-x", x_served_by="cache-ams1034-AMS, cache-nrt1020-NRT", x_cache="HIT, MISS")
    seen = look(own, behind)
    assert seen.is_shielded
    assert seen.shields == {"AMS"}
    assert look(row(x_cache="HIT, MISS")).is_shielded
