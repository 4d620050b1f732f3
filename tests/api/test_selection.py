"""What `select` gives of an answer, and that no expression runs for ever."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from fastly_mcp.api.selection import LARGEST, LONGEST, STEPS, Selection
from fastly_mcp.errors import InvalidArgument

ROWS = [{"name": "shop", "port": 443, "tags": ["a", "b"]}, {"name": "blog", "port": 80, "tags": []}]
TOO_MUCH = "select makes too much of the answer; make it simpler."
DOUBLE = "[@,@]"


def select(expression: str, data: Any) -> Any:
    return Selection(expression).of(data)


def complaint(expression: str, data: Any) -> str:
    """What is said of an expression that has to be refused, after a bounded number of steps."""
    try:
        selection = Selection(expression)
    except InvalidArgument as error:
        return str(error)
    with pytest.raises(InvalidArgument) as raised:
        selection.of(data)
    assert selection.spent <= STEPS + LARGEST
    return str(raised.value)


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("", ROWS),
        ("  ", ROWS),
        ("[].name", ["shop", "blog"]),
        ("[].{host: name, p: port}", [{"host": "shop", "p": 443}, {"host": "blog", "p": 80}]),
        ("[?port == `443`].name", ["shop"]),
        ("[?contains(tags, 'a')] | [0].name", "shop"),
        ("[].tags[]", ["a", "b"]),
        ("sort_by(@, &port)[].name", ["blog", "shop"]),
        ("map(&to_string(port), @) | join('-', @)", "443-80"),
        ("[1:]", [ROWS[1]]),
        ("length(@)", 2),
        ("max_by(@, &port).name", "shop"),
        ("nothing", None),
        ("[].nothing", []),
    ],
)
def test_an_expression_selects(expression: str, selected: object) -> None:
    assert select(expression, ROWS) == selected


@pytest.mark.parametrize(
    ("text", "lines"), [("a\nb\r\nc\n", ["a", "b", "c"]), ("", []), ("one", ["one"])]
)
def test_lines_takes_a_text_apart(text: str, lines: list[str]) -> None:
    assert select("lines(@)", text) == lines
    assert select("vcl | lines(@) | [1:]", {"vcl": text}) == lines[1:]
    assert select("lines(@)[?contains(@, 'b')]", text) == [line for line in lines if "b" in line]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("[", "Incomplete expression"),
        ("[?a = 1]", "Unknown token '='"),
        ("{a}", "Expecting: colon"),
        ("`1", "Unclosed ` delimiter"),
        ("(" * 999, "nested too deep"),
        ("!" * 1999, "nested too deep"),
    ],
)
def test_what_is_no_expression_is_refused_before_anything_is_sent(
    expression: str, why: str
) -> None:
    said = complaint(expression, ROWS)
    assert said.startswith("select is no JMESPath expression: ")
    assert why in said
    assert said.endswith(" Nothing was sent.")
    assert len(said) < 250


def test_a_long_expression_is_refused() -> None:
    assert complaint("a" * (LONGEST + 1), ROWS) == (
        f"select is longer than {LONGEST} characters. Nothing was sent."
    )


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("foo(@)", "select does not fit the answer: Unknown function: foo()."),
        ("length()", "Expected 1 argument for function length(), received 0."),
        ("lines(@)", "lines() takes string, and was given array."),
        ("sort_by(@, &tags)", "sort_by() takes string or number, and was given array."),
        ("&name", "select does not fit the answer."),
        ("[&name]", "select does not fit the answer."),
        ("`Infinity`", "select does not fit the answer."),
        ("to_number('1e999')", "select does not fit the answer."),
        ("avg(`[1e308, 1e308]`)", "select does not fit the answer."),
        ("to_number('nan')", "select does not fit the answer."),
        ("ceil(`Infinity`)", "select does not fit the answer."),
        ("'x' | {\"\\ud800\": @}", "select does not fit the answer."),
        ('`"\\ud800"`', "select does not fit the answer."),
        ("[" * 300 + "name" + "]" * 300, "select does not fit the answer."),
    ],
)
def test_what_does_not_fit_is_told(expression: str, why: str) -> None:
    assert complaint(expression, ROWS).endswith(why)


def test_no_value_of_the_answer_is_repeated_in_an_error() -> None:
    assert "words" not in complaint("abs(@)", "somebody's words")


@pytest.mark.parametrize(
    "expression",
    [
        "|".join([DOUBLE] * 40),
        "|".join([DOUBLE] * 40) + "|to_string(@)",
        "|".join([DOUBLE] * 40) + "|@ == @",
        "|".join([DOUBLE] * 40) + "|contains(@, @)",
        "|".join([DOUBLE] * 40) + "|[?@ == `1`]",
        "|".join([DOUBLE] * 40) + "|sort_by(@, &to_string(@))",
        "|".join([DOUBLE] * 40) + "|map(&to_string(@), @)",
        "|".join([DOUBLE] * 20) + "[]" * 20,
        "|".join(["[@,@][]"] * 40),
        "|".join(["[@,@] | map(&to_string(@), @) | join('', @)"] * 30),
        "to_string(@) | " + "|".join(["[@,@] | join(@[0], @)"] * 40),
        "|".join(["{a: @, b: @}"] * 40),
        "|".join(["merge({a: @}, {b: @})"] * 40) + "|to_string(@)",
        "|".join(["[@,@,@,@,@,@,@,@,@,@][]"] * 4)
        + "|[].to_string([@,@,@])|[?@ != 'x']|[].[@,@,@,@]",
    ],
)
def test_a_bomb_ends_after_a_bounded_number_of_steps(expression: str) -> None:
    assert complaint(expression, ROWS * 500) == TOO_MUCH


def test_so_much_is_selected_and_no_more() -> None:
    assert select("@", list(range(60_000))) == list(range(60_000))
    assert complaint("[@, @]", list(range(60_000))) == TOO_MUCH


def test_comparing_something_large_again_and_again_is_too_much() -> None:
    large = list(range(20_000))
    many = "[" + ",".join(["@"] * 60) + "]"
    assert complaint(f"{many} | [?@ == @]", large) == TOO_MUCH
    assert complaint(f"{many} | [?contains(@, 'x')]", large) == TOO_MUCH
    assert complaint(f"{many} | [].sort(@)[0]", [[*large]] * 60) == TOO_MUCH


def test_turning_a_large_text_around_again_and_again_is_too_much() -> None:
    rows = [{"text": "x" * 900_000}] * 100
    assert complaint("[].reverse(text) | [].reverse(@) | [0]", rows) == TOO_MUCH
    assert complaint("[?starts_with(text, text)] | [0].text", rows) == TOO_MUCH


def test_all_results_of_a_call_have_one_bound_together() -> None:
    rows = [{"number": number} for number in range(10_000)]
    selection = Selection("[?number == `1`]")
    done = 0
    for done in range(50):  # noqa: B007  # it is looked at afterwards
        try:
            assert selection.of(rows) == [{"number": 1}]
        except InvalidArgument as error:
            said = str(error)
            break
    assert said == TOO_MUCH
    assert 1 < done < 40


def test_ten_thousand_items_are_not_too_much() -> None:
    rows = [{"id": f"id-{n}", "name": f"name {n}", "port": n} for n in range(10_000)]
    made = select("[?port > `10`].{id: id, name: name, port: port}", rows)
    assert len(made) == 9_989


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=12,
)
steps = st.sampled_from(
    [
        *(
            "a",
            "b",
            "[*]",
            "[]",
            "[0]",
            "[-1]",
            "[::-1]",
            "*",
            "@",
            "[?a]",
            "[@, a]",
            "{x: @, y: b}",
        ),
        *(
            "length(@)",
            "keys(@)",
            "values(@)",
            "to_string(@)",
            "to_number(@)",
            "type(@)",
            "lines(@)",
        ),
        *(
            "sort(@)",
            "reverse(@)",
            "max(@)",
            "sum(@)",
            "join(',', @)",
            "not_null(@, a)",
            "to_array(@)",
        ),
        *("map(&a, @)", "sort_by(@, &a)", "min_by(@, &b)", "@ == a", "a && b", "!a", "`[1, null]`"),
    ]
)


@given(data=json_values, parts=st.lists(steps, min_size=1, max_size=6))
@settings(deadline=None, max_examples=400)
def test_whatever_is_asked_gives_json_or_says_why_not(data: Any, parts: list[str]) -> None:
    before = json.dumps(data)
    try:
        selected = select(" | ".join(parts), data)
    except InvalidArgument:
        selected = None  # that it raises nothing else is the point
    assert json.loads(to_json(selected)) == selected
    assert json.dumps(data) == before
