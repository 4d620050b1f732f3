"""One read is as many requests as it takes, and not one fewer or more."""

from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastly_mcp.api import collecting
from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.operation import Operation
from fastly_mcp.api.collecting import COMBINATIONS, PAGES, Collected, collect, combinations, named
from fastly_mcp.errors import InvalidArgument, TooLarge, Unavailable
from tests.api.reading import Recorder, connected
from tests.catalog.test_catalog_paths import plain
from tests.conftest import SHOP, Connect

pytestmark = pytest.mark.anyio

PAGED = [each for each in load() if each.method == "GET" and each.paging]
each_paged = pytest.mark.parametrize("operation", PAGED, ids=lambda each: each.id)
Rows = list[dict[str, int]]


def rows(count: int) -> Rows:
    return [{"n": number} for number in range(count)]


def nested(path: str, value: Any, into: dict[str, Any] | None = None) -> Any:
    """Put a value at a dotted path."""
    if not path:
        return value
    into = {} if into is None else into
    *before, last = path.split(".")
    inner = into
    for name in before:
        inner = inner.setdefault(name, {})
    inner[last] = value
    return into


def paged(operation: Operation, have: Rows, *, way: str = "", most: int = 10**6) -> Recorder:
    """A Fastly that has these rows, and tells of the next page in its way, or in another."""
    paging = operation.paging
    assert paging
    assert operation.items is not None
    first = 0 if paging.size == "limit" and paging.way == "page" else 1

    def answer(path: str, query: dict[str, str]) -> Any:
        size = min(int(query[paging.size]), most)
        at = query.get(paging.at)
        start = int(at or 0) if paging.way == "cursor" else (int(at or first) - first) * size
        shown, is_more = have[start : start + size], start + size < len(have)
        made: Any = nested(operation.items or "", shown)
        headers = {}
        if paging.way == "cursor":
            nested(paging.next, str(start + size) if is_more else None, made)
        elif paging.way == "jsonapi":
            made["links"] = {"next": "https://evil.example/?page=99" if is_more else None}
        elif way == "link":
            headers["Link"] = '<https://evil.example/?page=99>; rel="next"' * is_more + "<x>; rel=x"
        elif way == "total" and isinstance(made, dict):
            made["meta"] = {"limit": size, "total": len(have)}
        return httpx2.Response(200, json=made, headers=headers)

    return Recorder(answer)


def most_of(operation: Operation) -> int:
    size = {each.name: each for each in operation.parameters}[operation.paging.size]  # type: ignore[union-attr]  # it has one
    return int(size.maximum or 100)


async def read(recorder: Recorder, operation: Operation, limit: int, **params: Any) -> Collected:
    connection = connected(recorder)
    try:
        return await collect(connection, operation, plain(operation) | params, limit)
    finally:
        await connection.aclose()


def needed(count: int, limit: int, size: int, *, is_told: bool) -> int:
    """How many requests a list of `count` takes: all to the limit, and to know what follows."""
    wanted = min(count, limit)
    if is_told or count < limit:
        made = max(1, -(-wanted // size))
        # Without being told, a full last page may have another after it.
        return made + (not is_told and count > 0 and count % size == 0)
    return (
        -(-(limit + 1) // size)
        if count > limit
        else max(1, -(-count // size)) + (count % size == 0)
    )


@each_paged
@pytest.mark.parametrize("way", ["told", "untold"])
async def test_every_list_is_read_up_to_the_limit(operation: Operation, way: str) -> None:
    paging, most = operation.paging, most_of(operation)
    assert paging
    ways = {"told": ["link", "total"][bool(operation.items)], "untold": ""}
    is_told = paging.way != "page" or way == "told"
    limit = 2 * most + most // 2
    for count in (0, 1, most - 1, most, most + 1, 2 * most, limit - 1, limit, limit + 1, 4 * most):
        recorder = paged(operation, rows(count), way=ways[way])
        collected = await read(recorder, operation, limit)
        assert collected.data == rows(min(count, limit)), count
        assert bool(collected.then) == (count > limit), count
        assert len(recorder.requests) == needed(count, limit, most, is_told=is_told), count
        if count <= limit:
            assert collected.total == count


@each_paged
async def test_pages_are_asked_for_one_after_the_other(operation: Operation) -> None:
    paging, most = operation.paging, most_of(operation)
    assert paging
    recorder = paged(operation, rows(3 * most), way="total" if operation.items else "link")
    await read(recorder, operation, 3 * most)
    ats = {
        "cursor": [None, str(most), str(2 * most)],
        "page": [None, "1", "2"] if paging.size == "limit" else [None, "2", "3"],
        "jsonapi": [None, "2", "3"],
    }
    assert [query.get(paging.at) for query in recorder.queries] == ats[paging.way]
    assert {query[paging.size] for query in recorder.queries} == {str(most)}
    assert {request.url.host for request in recorder.requests} == {operation.host}


@each_paged
async def test_no_more_is_asked_for_at_once_than_is_wanted(operation: Operation) -> None:
    paging = operation.paging
    assert paging
    recorder = paged(operation, rows(50))
    collected = await read(recorder, operation, 3)
    assert collected.data == rows(3)
    (query,) = recorder.queries
    assert query[paging.size] == ("4" if paging.way == "page" else "3")


LINKED = load().operation("list_services")
NUMBERED = load().operation("csp_list_policies")
BY_CURSOR = load().operation("kv_store_list")
JSON_API = load().operation("list_events")


@pytest.mark.parametrize(
    ("operation", "then"),
    [
        (LINKED, 'There are more: raise limit, or go on with params {"page":3,"per_page":100}.'),
        (NUMBERED, "There are more: raise limit."),
        (BY_CURSOR, 'There are more: raise limit, or go on with params {"cursor":"200"}.'),
        pytest.param(
            JSON_API,
            'There are more: raise limit, or go on with params {"page[number]":3,'
            '"page[size]":100}.',
        ),
    ],
)
async def test_how_to_go_on_is_told(operation: Operation, then: str) -> None:
    recorder = paged(operation, rows(500), way="link" if operation is LINKED else "total")
    collected = await read(recorder, operation, 200)
    assert (collected.data, collected.then) == (rows(200), then)


async def test_a_cursor_goes_on_from_there() -> None:
    collected = await read(paged(BY_CURSOR, rows(500)), BY_CURSOR, 200, cursor="250")
    assert collected.data == rows(500)[250:450]
    assert 'go on with params {"cursor":"450"}' in collected.then
    collected = await read(paged(BY_CURSOR, rows(500)), BY_CURSOR, 500, cursor="450")
    assert (collected.data, collected.then) == (rows(500)[450:], "")


async def test_a_page_that_is_asked_for_is_that_page() -> None:
    for names in ({"page[number]": 2, "page[size]": 30}, {"page_number": "2", "page_size": "30"}):
        (_, asked), *_ = combinations(JSON_API, names)
        recorder = paged(JSON_API, rows(100))
        collected = await read(recorder, JSON_API, 100, **asked)
        assert len(recorder.requests) == 1
        assert collected.data == rows(100)[30:60]
        assert collected.then.startswith('There are more: go on with params {"page[number]":3,')
    collected = await read(paged(JSON_API, rows(150)), JSON_API, 5, **{"page[number]": 2})
    assert collected.data == rows(150)[100:105]
    assert collected.then == "There are more: raise limit."


async def test_a_size_that_is_given_is_kept() -> None:
    (_, asked), *_ = combinations(JSON_API, {"page_size": 7, "page_number": None})
    recorder = paged(JSON_API, rows(20))
    assert (await read(recorder, JSON_API, 100, **asked)).data == rows(20)
    assert [query["page[size]"] for query in recorder.queries] == ["7", "7", "7"]


async def test_a_full_page_is_not_taken_for_more_where_nothing_tells() -> None:
    recorder = paged(NUMBERED, rows(2_000))
    collected = await read(recorder, NUMBERED, 2_000)
    assert (collected.data, collected.then, collected.total) == (rows(2_000), "", 2_000)
    assert len(recorder.requests) == 3


async def test_fewer_than_were_asked_for_are_not_the_last_where_the_total_tells() -> None:
    recorder = paged(NUMBERED, rows(75), way="total", most=20)
    assert (await read(recorder, NUMBERED, 1000)).data == rows(75)
    assert len(recorder.requests) == 4


def the_same_page(path: str, query: dict[str, str]) -> Any:
    return {"data": rows(int(query["limit"]))}


def two_cursors(path: str, query: dict[str, str]) -> Any:
    cursor = query.get("cursor")
    return {"data": [{"n": cursor}], "meta": {"next_cursor": "b" if cursor == "a" else "a"}}


THE_SAME_CURSOR = {"data": rows(1), "meta": {"next_cursor": "a"}}


@pytest.mark.parametrize(
    ("answer", "operation", "requests"),
    [
        (the_same_page, NUMBERED, 2),
        (THE_SAME_CURSOR, BY_CURSOR, 2),
        (two_cursors, BY_CURSOR, 3),
    ],
)
async def test_a_server_that_repeats_itself_is_left(
    answer: Any, operation: Operation, requests: int
) -> None:
    recorder = Recorder(answer)
    collected = await read(recorder, operation, 9_000)
    assert len(recorder.requests) == requests
    assert collected.then == ""


async def test_a_server_that_pages_for_ever_is_left() -> None:
    count = 0

    def answer(path: str, query: dict[str, str]) -> Any:
        nonlocal count
        count += 1
        return {"data": [{"n": count}], "meta": {"next_cursor": f"c{count}"}}

    collected = await read(Recorder(answer), BY_CURSOR, 9_000)
    assert count == PAGES
    assert len(collected.data) == PAGES
    assert collected.then == f'There are more: go on with params {{"cursor":"c{PAGES}"}}.'


async def test_a_read_keeps_only_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "BYTES", 5_000)
    recorder = paged(BY_CURSOR, [{"n": 10**1_000}] * 50)
    collected = await collect(connected(recorder), BY_CURSOR, {"limit": 1}, 9_000)
    assert len(collected.data) == 5
    assert collected.then == 'There are more: go on with params {"cursor":"5"}.'


@pytest.mark.parametrize(
    "cursor", ["a b", "a\n", "\u202e", "", None, {"a": 1}, ["a"], True, "x" * 1001]
)
async def test_what_is_no_cursor_is_not_sent(cursor: object) -> None:
    recorder = Recorder({"data": rows(1), "meta": {"next_cursor": cursor}})
    assert (await read(recorder, BY_CURSOR, 10)).data == rows(1)
    assert len(recorder.requests) == 1


async def test_a_cursor_that_looks_like_an_address_is_only_a_value_of_the_query() -> None:
    at = "https://evil.example/?a=b&c=d#e"
    recorder = Recorder({"data": [], "meta": {"next_cursor": at}})
    await read(recorder, BY_CURSOR, 10)
    assert recorder.queries[1]["cursor"] == at
    assert {request.url.host for request in recorder.requests} == {"api.fastly.com"}


async def test_a_long_cursor_is_followed_and_not_told() -> None:
    cursor = "x" * 900
    recorder = Recorder({"data": rows(1), "meta": {"next_cursor": cursor}})
    collected = await read(recorder, BY_CURSOR, 1)
    assert collected.then == "There are more: raise limit."


async def test_a_list_without_pages_says_what_was_left() -> None:
    operation = load().operation("list_dashboards")
    recorder = Recorder({"data": rows(9), "meta": {"total": 9}})
    assert (await read(recorder, operation, 9))[:3] == (rows(9), "", 9)
    assert (await read(recorder, operation, 4))[:3] == (rows(4), "There are more: raise limit.", 9)
    recorder = Recorder({"data": rows(9), "meta": {"total": 12}})
    assert (await read(recorder, operation, 9)).then == "Fastly has 12 and gave these only."


async def test_an_object_is_given_whole() -> None:
    recorder = Recorder({"data": rows(9), "meta": {"total": 12}})
    operation = load().operation("get_service_detail")
    data = (await read(recorder, operation, 1)).data
    assert data == {"data": rows(9), "meta": {"total": 12}}


@pytest.mark.parametrize("data", [{"data": {}}, {"data": "x"}, [], "x", 5, {}, {"data": [1]}])
async def test_another_shape_than_a_list_is_said_to_be_one(data: object) -> None:
    recorder = Recorder(data)
    if data == {"data": [1]}:
        assert (await read(recorder, JSON_API, 5)).data == [1]
        return
    with pytest.raises(Unavailable, match="of another shape"):
        await read(recorder, JSON_API, 5)


async def test_nothing_where_a_list_should_be_is_an_empty_list() -> None:
    for operation in (JSON_API, load().operation("get_service_level_usage")):
        assert (await read(Recorder({"data": None}), operation, 5)).data == []


async def test_an_answer_over_10_mb_says_what_to_do() -> None:
    recorder = Recorder(httpx2.Response(200, content=b" " * 10_000_001))
    with pytest.raises(TooLarge) as raised:
        await read(recorder, LINKED, 100)
    assert str(raised.value) == (
        "Fastly's answer is larger than 10 MB. Ask for fewer items at once with per_page."
    )
    assert len(recorder.requests) == 1


# Several reads


BACKENDS = load().operation("list_backends")


def asked(params: dict[str, Any], operation: Operation = BACKENDS) -> list[dict[str, Any]]:
    return [told for told, _ in combinations(operation, params)]


def test_one_read_has_nothing_to_be_told_apart_by() -> None:
    params = {"service_id": SHOP, "version_id": 3}
    assert combinations(BACKENDS, params) == [({}, params)]


def test_lists_make_all_combinations_in_their_order() -> None:
    assert asked({"service_id": ["b", "a"], "version_id": [2, 1]}) == [
        {"service_id": "b", "version_id": 2},
        {"service_id": "b", "version_id": 1},
        {"service_id": "a", "version_id": 2},
        {"service_id": "a", "version_id": 1},
    ]
    assert asked({"service_id": ["a"], "version_id": 1}) == [{"service_id": "a"}]


def test_what_is_there_twice_is_asked_for_once() -> None:
    assert asked({"service_id": ["a", "b", "a"], "version_id": [1, 1]}) == [
        {"service_id": "a", "version_id": 1},
        {"service_id": "b", "version_id": 1},
    ]


def test_a_parameter_that_takes_a_list_is_not_taken_apart() -> None:
    for operation in load():
        if operation.method != "GET":
            continue
        for each in operation.parameters:
            if each.type == "[string]" and not each.enum and each.place == "query":
                params = plain(operation) | {each.name: ["a", "b"]}
                assert asked(params, operation) == [{}], operation.id


@given(counts=st.lists(st.integers(1, 12), min_size=2, max_size=2))
@settings(deadline=None)
def test_at_most_fifty(counts: list[int]) -> None:
    params = {"service_id": [f"s{n}" for n in range(counts[0])], "version_id": [*range(counts[1])]}
    count = counts[0] * counts[1]
    if count <= COMBINATIONS:
        assert len(asked(params)) == count
    else:
        with pytest.raises(InvalidArgument) as raised:
            asked(params)
        assert str(raised.value) == (
            f"These lists make {count} requests, and 50 is the most. Nothing was sent."
        )


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="A list is empty"):
        asked({"service_id": [], "version_id": [1]})


def test_what_is_wrong_in_any_of_them_is_told_before_anything_is_sent() -> None:
    with pytest.raises(InvalidArgument) as raised:
        asked({"service_id": ["shop", ".."], "version_id": [1, "two", "active"], "x": 1})
    assert str(raised.value) == (
        "list_backends: x is unknown (it takes service_id, version_id). Nothing was sent. "
        "list_backends: x is unknown (it takes service_id, version_id); version_id must be an "
        'integer or "active". Nothing was sent.'
    )


async def test_names_and_active_versions_are_looked_up(connect: Connect) -> None:
    fastly = connect()
    for reference in ("shop-prod", "www.larkspur.example", SHOP):
        params = {"service_id": reference, "version_id": "active"}
        assert await named(fastly, BACKENDS, params) == {"service_id": SHOP, "version_id": 3}
    with pytest.raises(InvalidArgument, match="No service has this id"):
        await named(fastly, BACKENDS, {"service_id": "..", "version_id": 1})


async def test_an_id_is_not_looked_up() -> None:
    recorder = Recorder()
    params = {"service_id": SHOP, "version_id": 3}
    fastly = connected(recorder)
    assert await named(fastly, BACKENDS, params) == params
    assert await named(fastly, load().operation("list_pops"), {}) == {}
    await fastly.aclose()
    assert recorder.requests == []
