"""Other people's text is made visible and cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastly_mcp.text import HIDDEN, SHORT, cut, ends, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain, ü, 日本語, 👍🏽", "plain, ü, 日本語, 👍🏽"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[31mred\x07", r"\u{1b}[31mred\u{7}"),
        ("a\rb\x00\x7f\x9b", r"a\u{d}b\u{0}\u{7f}\u{9b}"),
        ("\u202egpj.exe\u2066", r"\u{202e}gpj.exe\u{2066}"),
        ("zero\u200bwidth\u200d\ufeff\u2060", r"zero\u{200b}width\u{200d}\u{feff}\u{2060}"),
        ("tag\U000e0041\U000e007f", r"tag\u{e0041}\u{e007f}"),
        ("\u2028\u2029", r"\u{2028}\u{2029}"),
        ("\ue000\U0010fffd", r"\u{e000}\u{10fffd}"),
        ("\ud800", r"\u{d800}"),
        ("soft\xadhyphen", r"soft\u{ad}hyphen"),
        ("no-break\xa0space", "no-break\xa0space"),
        (r"\u{41}", r"\u{41}"),
    ],
)
def test_hidden_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_nothing_hidden_is_left(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(c) for c in shown if c not in "\n\t"} & HIDDEN
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("text", "longest", "left"),
    [("", 5, ""), ("12345", 5, "12345"), ("123456", 5, "1234…"), ("x" * 301, 300, "x" * 299 + "…")],
)
def test_text_is_cut_with_an_ellipsis(text: str, longest: int, left: str) -> None:
    assert cut(text, longest) == left


def test_comments_are_cut_at_300_characters() -> None:
    assert len(cut("x" * 1000)) == 300


def test_long_texts_that_begin_alike_are_told_apart_by_their_ends() -> None:
    first, second = (f"https://www.larkspur.example/{'a/' * 50}{number}" for number in (1, 2))
    assert ends(first) != ends(second)
    assert ends(first) == "https://www.larkspur.example/…" + first[-30:]
    assert ends("short") == "short"


@given(st.text())
def test_neither_end_hides_anything_or_is_longer(text: str) -> None:
    assert len(ends(text)) <= SHORT
    assert not {unicodedata.category(character) for character in ends(text)} & HIDDEN
