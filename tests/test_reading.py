"""What an agent reads is cut at an item's edge, never larger than it may be, and goes on."""

import base64
import json
import random
import re
import string
import uuid
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from fastly_mcp.api.selection import Selection
from fastly_mcp.reading import BUDGET, OTHERS, Part, Read, fitted, joined
from fastly_mcp.serving.words import escaped
from fastly_mcp.tokens import tokens
from tests.sandbox.driving import Notes, touring
from tests.sandbox.tours import TOURS

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data in an old way
    import bpe_openai  # type: ignore[import-untyped]  # it carries no types

    encoding = bpe_openai.get_encoding("o200k_base")

chance = random.Random(7)  # noqa: S311  # the same values in every run


def letters(alphabet: str, length: int) -> str:
    return "".join(chance.choices(alphabet, k=length))


def characters(first: int, last: int) -> str:
    return "".join(chr(chance.randrange(first, last)) for _ in range(50))


ALPHANUMERIC = string.ascii_letters + string.digits
VALUES: dict[str, Any] = {
    "ids": lambda: letters(ALPHANUMERIC, 22),
    "objects of ids": lambda: {"id": letters(ALPHANUMERIC, 22), "on": letters(ALPHANUMERIC, 22)},
    "hex": lambda: f"{chance.getrandbits(128):032x}",
    "HEX": lambda: f"{chance.getrandbits(128):032X}",
    "UUIDs": lambda: str(uuid.UUID(int=chance.getrandbits(128))),
    "base64": lambda: base64.b64encode(chance.randbytes(300)).decode(),
    "random words": lambda: letters(string.ascii_lowercase, 5),
    "long random words": lambda: letters(string.ascii_lowercase, 200),
    "capitals": lambda: letters(string.ascii_uppercase, 40),
    "long words": lambda: "Donaudampfschifffahrtsgesellschaftskapitaen" * 3,
    "signs": lambda: letters(string.punctuation, 60),
    "quotes": lambda: letters("\"'\\", 60),
    "numbers": lambda: chance.randrange(10**9),
    "digits": lambda: chance.randrange(10),
    "fractions": chance.random,
    "addresses": lambda: ".".join(str(chance.randrange(256)) for _ in range(4)),
    "times": lambda: "2026-05-12T20:42:23Z",
    "Chinese": lambda: characters(0x4E00, 0x9FFF),
    "Japanese": lambda: "日本語のサービス名とコメント",
    "Korean": lambda: characters(0xAC00, 0xD7A3),
    "Thai": lambda: characters(0xE01, 0xE2E),
    "accents": lambda: characters(0xC0, 0xFF),
    "emoji": lambda: characters(0x1F300, 0x1F6FF),
    "hieroglyphs": lambda: characters(0x13000, 0x1342E),
    "hidden": lambda: "a\u200b\u202e\u0007b",
    "private": lambda: characters(0xE000, 0xF8FF),
    "line breaks": lambda: "\n\n\t\r\n",
    "nothing": lambda: None,
    "yes": lambda: True,
    "empty": dict,
    "nested": lambda: [[[[[]]]]],
}


def real(data: Any) -> int:
    """Tokens of what the server sends for it."""
    return len(encoding.encode(to_json(escaped(data)).decode()))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def answers() -> list[Any]:
    """Everything that the sandbox answers on its tours."""
    notes: Notes = {}
    for visit in TOURS.values():
        async with touring(notes) as tour:
            await visit(tour)
    bodies = [answer.content for several in notes.values() for answer in several]
    return list(_parsed(bodies))


def _parsed(bodies: list[bytes]) -> Iterator[Any]:
    for body in bodies:
        try:
            yield json.loads(body)
        except ValueError:
            continue


@pytest.mark.anyio
async def test_the_tokens_of_fastlys_answers_are_estimated_well(answers: list[Any]) -> None:
    ratios = [
        tokens(data) / real(data) for data in answers if isinstance(data, dict | list) and data
    ]
    assert len(ratios) > 700
    assert min(ratios) >= 0.97
    overall = sum(map(tokens, answers)) / sum(map(real, answers))
    assert 1.0 <= overall <= 1.2
    long = [tokens(data) / real(data) for data in answers if real(data) >= 60]
    assert max(long) <= 1.35


@pytest.mark.parametrize("kind", VALUES)
def test_no_text_takes_much_more_than_is_estimated(kind: str) -> None:
    data = [VALUES[kind]() for _ in range(100)]
    assert tokens(data) >= 0.96 * real(data)


@pytest.mark.anyio
async def test_no_answer_is_larger_than_the_budget(answers: list[Any]) -> None:
    large = 0
    for data in [*answers, *([data] * 99 for data in answers)]:
        fit = fitted(data, BUDGET - 120, "data[].attributes")
        told = Read(result=fit.data, total=10_000, truncated=True, then=fit.then, sandbox=True)
        assert real(told.model_dump(mode="json")) <= BUDGET
        large += bool(fit.then)
    assert large > 400


@pytest.mark.parametrize("kind", VALUES)
def test_no_list_of_anything_is_larger_than_the_budget(kind: str) -> None:
    data = [VALUES[kind]() for _ in range(4_500)]
    fit = fitted(data, BUDGET - 120)
    told = Read(result=fit.data, truncated=True, then=fit.then)
    assert fit.then
    assert fit.data == data[: len(fit.data)]
    assert real(told.model_dump(mode="json")) <= BUDGET


def test_a_long_select_that_is_told_again_is_counted() -> None:
    data = [letters(ALPHANUMERIC, 22) for _ in range(1_000)]
    select = "[?" + " || ".join(f"@ == '{letters(ALPHANUMERIC, 22)}'" for _ in range(50)) + "]"
    fit = fitted(data, BUDGET - 120, select)
    assert fit.data
    assert real(Read(result=fit.data, then=fit.then).model_dump(mode="json")) <= BUDGET


def test_what_fits_is_whole() -> None:
    for data in ([1, 2, 3], {"a": [1]}, "text", None, 0, [], {}):
        assert fitted(data, 100) == (data, tokens(data), "")


def test_a_list_is_cut_at_an_items_edge() -> None:
    data = [{"name": f"backend {number}", "port": 443} for number in range(50)]
    fit = fitted(data, 200, "[].{name: name, port: port}")
    kept = len(fit.data)
    assert 5 < kept < 50
    assert fit.data == data[:kept]
    assert fit.then == (
        f"Cut to fit: {kept} of 50 items. Select fewer fields, or for the others: select "
        f"[].{{name: name, port: port}} | [{kept}:]"
    )


def test_what_is_no_list_is_left_out_and_outlined() -> None:
    data = {"note": "x\n" * 500, "rows": [1] * 500, "inner": {"a": "b " * 99}, "id": "x1"}
    fit = fitted(data, 300)
    assert fit.data is None
    assert re.fullmatch(
        r"Too large for one answer \(\d+ tokens\): select some of: rows \(500 items, \d+\), "
        r"note \(text, see lines\(\), \d+\), inner \(object, \d+\), id \(value, \d+\)\.",
        fit.then,
    ) or re.search(r"note \(text, see lines\(\), \d+\), rows \(500 items, \d+\)", fit.then)


def test_an_outline_is_short_and_shows_nothing_hidden() -> None:
    data = {f"\u202e{number}" + "name" * 99: "x " * 50 for number in range(100)}
    fit = fitted(data, 500)
    assert "and 88 more." in fit.then
    assert "\u202e" not in fit.then
    assert real(fit.then) < 500


def test_a_large_text_is_read_by_lines() -> None:
    text = "".join(f"set req.http.X-{number} = now;\n" for number in range(200))
    fit = fitted(text, 500, "vcl")
    assert fit.data is None
    assert fit.then.endswith("it is a text of 200 lines. Select vcl | lines(@)")
    assert list(followed({"vcl": text}, "vcl | lines(@)", 500)) == text.splitlines()


def test_an_item_that_is_too_large_is_told_and_passed() -> None:
    fit = fitted(["x y " * 999, "a", "b"], 200)
    assert fit.data == []
    assert fit.then.endswith(f"it is a text of 1 lines. {OTHERS}[1:]")
    assert fitted(["x y " * 999], 200).then.endswith("it is a text of 1 lines.")


def followed(data: Any, select: str, budget: int) -> Iterator[Any]:
    """Read on by what `then` says until nothing is left."""
    for _ in range(1_000):
        fit = fitted(Selection(select).of(data), budget, select)
        yield from fit.data
        if OTHERS not in fit.then:
            return
        select = fit.then.partition(OTHERS)[2]
    raise AssertionError("it never ends")


items = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=40),
    st.dictionaries(st.text(max_size=8), st.integers()),
)


@given(data=st.lists(items, max_size=60), budget=st.integers(100, 300))
@settings(deadline=None, max_examples=150)
def test_following_then_yields_the_rest_exactly_once(data: list[Any], budget: int) -> None:
    fits = [item for item in data if tokens(item) <= budget - 70]
    for select in (
        "",
        "@",
        "[:]",
        "[0:]",
        "[2:]",
        "reverse(@)",
        "[].length(to_array(@))",
        "@ || @",
    ):
        whole = Selection(select).of(fits)
        assert list(followed(fits, select, budget)) == whole


@given(data=st.lists(st.sampled_from(["small", "large " * 200]), max_size=20))
@settings(deadline=None, max_examples=50)
def test_following_then_passes_what_never_fits(data: list[str]) -> None:
    assert list(followed(data, "", 200)) == [item for item in data if item == "small"]


def part(number: int, size: int) -> tuple[Part, bool]:
    return Part(of={"service_id": f"s{number}"}, result=["word"] * size), False


@given(sizes=st.lists(st.integers(0, 1_700), min_size=1, max_size=50))
@settings(deadline=None, max_examples=50)
def test_asking_from_there_on_gives_every_result_once(sizes: list[int]) -> None:
    parts = [part(number, size) for number, size in enumerate(sizes)]
    left, shown = parts, list[Part]()
    while left:
        read = joined(left, sandbox=True)
        assert real(read.model_dump(mode="json")) <= BUDGET
        shown += read.results
        if not read.then:
            break
        at = re.search(r"Ask again from (\{.*\}) on, or", read.then)
        assert at
        number = [each.of for each, _ in parts].index(json.loads(at[1]))
        assert read.then.startswith(f"{len(parts) - number} of {len(left)} results do not fit.")
        left = parts[number:]
    assert shown == [each for each, _ in parts]


def test_a_result_that_was_cut_is_told_where_it_is_the_first() -> None:
    cut = (Part(of={"id": "c"}, result=[], truncated=True, then="…"), True)
    assert joined([cut, part(1, 3)], sandbox=None).results == [cut[0], part(1, 3)[0]]
    read = joined([part(1, 3), cut, part(2, 3)], sandbox=None)
    assert read.results == [part(1, 3)[0]]
    assert 'from {"id":"c"} on' in read.then


def test_that_there_is_nothing_is_told() -> None:
    assert Read(result=[]).model_dump() == {"result": []}
    assert Read(result={}, results=[Part(of={"a": 1}, result="")]).model_dump() == {
        "result": {},
        "results": [{"of": {"a": 1}, "result": ""}],
    }
    assert Read(results=[Part(of={"a": 1}, error="no")]).model_dump() == {
        "results": [{"of": {"a": 1}, "error": "no"}]
    }
