"""Writing for a person."""

import io
import sys

import pytest

from fastly_mcp.cli.terminal import write


def test_a_console_without_a_character_shows_another(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(console, encoding="ascii"))
    write("Zürich… 東京")
    sys.stdout.flush()
    assert console.getvalue().splitlines() == [b"Z?rich? ??"]


def test_what_hides_in_a_text_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    write("a\x1b[31mb\u202ec", "failure")
    assert capsys.readouterr().out == "a\\u{1b}[31mb\\u{202e}c\n"
