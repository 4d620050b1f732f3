"""Values of which something beside them says what they are: a field, a line of a diff, a path."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fastly_mcp.api.secret_fields import NAMES, PAIRS, PLACES
from fastly_mcp.api.secret_values import (
    KEY,
    LONG_RANDOM,
    MARKED,
    NOTHING,
    RANDOM,
    WORDS,
    hidden,
    mark,
)

WHOLE = frozenset({"auth", "cred", "creds", "pass", "passwd", "pw", "pwd"})
"""Too short to be looked for within a word: `bypass` is none."""

WORD = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
# What follows a secret's name where there are several of it.
WHICH = re.compile(r"v?\d+|prod|production|stage|staging|dev|test|old|new|primary|secondary|\Z")
SHORTEST = 4  # characters; what is shorter is a switch
MOST_FORMS = 8  # one within the other, each of which may show what another says
LITERAL = re.compile(r'"([^"]*)')

FIELDS = "|".join(sorted({*PAIRS, *(each for beside in PAIRS.values() for each in beside)}))
FIELD = rf"(?P<item>-[ \t]+)?(?:(?P<name>{FIELDS}):[ \t]+"
# The first column says whether a line was added or taken away, so an item's dash is not there: a
# dash that could be either does not end an item.
LINE = re.compile(
    rf"^(?:(?P<hunk>@@)|(?P<before>[ +-]?[ \t]*){FIELD}(?P<value>[^\s][^\n]*))?)", re.MULTILINE
)
ESCAPED_LINE = re.compile(
    rf'(?:\\n|")(?:(?P<hunk>@@)|(?P<before>[ +-]?[ \t]*){FIELD}'
    r"(?P<value>[^\s][^\\\n]*(?:\\(?!\\{0,8}n)[^\\\n]*)*))?)"
)
# Another object begins where one has ended; what is between its own names is of the same one.
JSON_FIELD = re.compile(
    r"(?:(?P<hunk>\}(?:[\s,]|\\{1,8}[nrt]){0,9}\{)"
    rf'|"(?P<item>(?!))?(?P<name>{FIELDS})\\{{0,8}}"\s{{0,9}}:\s{{0,9}}(?P<quote>\\{{0,8}})"'
    r'(?P<value>(?:[^"\\]++|(?!(?P=quote)")\\{0,32}+[^\\])*+))'
)
NEXT_LINE = re.compile(r"\n(?P<indent>[ +-]?[ \t]*)(?P<rest>[^\n]*)")
NEXT_ESCAPED = re.compile(
    r"\\{1,8}n(?P<indent>[ +-]?[ \t]*)(?P<rest>[^\\\n]*(?:\\(?!\\{0,8}n)[^\\\n]*)*)"
)
BARE = re.compile(r"""[\s"'\\]*(.*?)[\s"'\\,}]*\Z""", re.DOTALL)


def sounds_secret(name: str) -> bool:
    """Tell whether something of this name is a credential: `db-pass`, `http.X-Api-Key`."""
    words = WORD.split(name[-200:].strip())
    while len(words) > 1 and WHICH.fullmatch(words[-1].lower()):
        words.pop()
    lower = "_".join(words).lower()
    if words[-1].lower() in WHOLE:
        return True
    return lower.endswith(WORDS) and (
        not lower.endswith("key") or lower in NAMES or bool(KEY.search(lower))
    )


class Called(NamedTuple):
    """What the names beside a value say of it."""

    secret: bool = False
    key: bool = False
    """A key of some kind, which only a random value shows to be secret."""


def called(names: Iterable[str]) -> Called:
    """Judge the names that stand beside a value."""
    secret = key = False
    for name in names:
        secret = secret or sounds_secret(name)
        key = key or name.lower() == "key"
    return Called(secret, key)


def is_secret_value(field: str, said: Called, value: str) -> bool:
    """Tell whether a field's value is a credential by the names beside it.

    `src` is VCL, in which only what is quoted is a value; all others are values.
    """
    text = MARKED.sub("", value).strip()
    if said.key and LONG_RANDOM.fullmatch(text.strip('"')):
        return True
    return said.secret and _is_value(field, text)


def _is_value(field: str, text: str) -> bool:
    if field == "src":
        strings = LITERAL.findall(text)
        return any(map(_is_long, strings)) if strings else bool(RANDOM.fullmatch(text))
    return _is_long(text)


def _is_long(text: str) -> bool:
    # A scheme before what VCL puts together ends with a space.
    is_value = len(text) >= SHORTEST and text[-1] != " "
    return is_value and text.lower() not in NOTHING and "%{" not in text


def without_called(segments: Mapping[str, str], data: Any) -> Any:
    """Hide what is sent to or answered by a path that calls it a credential.

    `data` is a text, or an object of which the fields that hold values are hidden.
    """
    if not any(name in PLACES and sounds_secret(said) for name, said in segments.items()):
        return data
    if isinstance(data, str):
        return hidden(data, "value")
    if isinstance(data, dict):
        return {
            name: hidden(each, name) if name in VALUES and isinstance(each, str) else each
            for name, each in data.items()
        }
    return data


VALUES = frozenset({*PAIRS, "body"})


def without_pairs(text: str) -> str:
    """Hide the credentials of a version's diff, or JSON, that a field beside them calls so."""
    for _ in range(MOST_FORMS):
        before = text
        for line, needed in ((LINE, ""), (ESCAPED_LINE, "\\n"), (JSON_FIELD, '"')):
            if needed in text:
                text = _without(text, line)
        if text == before:
            break
    return text


class _Item:
    """The lines of one item so far: what its names say, and where its values are."""

    def __init__(self, quote: str) -> None:
        self.quote = quote  # around every value, but not a part of it
        self.said: dict[str, list[str]] = {}
        self.values: list[tuple[str, int, int]] = []

    def secrets(self, text: str) -> Iterable[tuple[int, int, str]]:
        if not self.values:
            return
        beside = {
            field: called(each for name in names for each in self.said.get(name, ()))
            for field, names in PAIRS.items()
            if field == "value" or any(name in self.said for name in names)
        }
        for field, start, end in self.values:
            # The line that says what it is may be left out, as it is the same in both versions.
            said, value = beside.get(field, Called(secret=True)), text[start:end]
            plain = _plain(f"{self.quote}{value}{self.quote}")
            if is_secret_value(field, said, plain) and (bare := BARE.match(value)):
                yield start + bare.start(1), start + bare.end(1), field


def _without(text: str, line: re.Pattern[str]) -> str:
    found: list[tuple[int, int, str]] = []
    quote = '"' if line is JSON_FIELD else ""
    item, at = _Item(quote), 0
    while at < len(text) and (match := line.search(text, at)):
        at = max(match.end(), at + 1)
        if match["hunk"] or match["item"]:
            found += item.secrets(text)
            item = _Item(quote)
        name = match["name"]
        if not name:
            continue
        if name in PAIRS:
            end = match.end()
            if line is not JSON_FIELD:
                end = _end(text, match, NEXT_LINE if line is LINE else NEXT_ESCAPED)
            item.values.append((name, match.start("value"), end))
            at = max(at, end)
        else:
            item.said.setdefault(name, []).append(_plain(match["value"]).strip('"'))
    found += item.secrets(text)
    parts, at = [], 0
    for start, end, field in found:
        parts += [text[at:start], mark(field)]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def _end(text: str, match: re.Match[str], next_line: re.Pattern[str]) -> int:
    """Where a value ends: lines further in than its field go on with it."""
    end, inside = match.end(), len(match["before"] + (match["item"] or ""))
    while following := next_line.match(text, end):
        if following["rest"] and len(following["indent"]) <= inside:
            break
        end = following.end()
    return end


def _plain(value: str) -> str:
    """The value without what YAML or JSON puts around it."""
    value = MARKED.sub("", value).replace("\\", "").rstrip(" \t\r,}]")
    quote = value[:1]
    if quote in {'"', "'"}:
        value = value[1:].removesuffix(quote)
    return value.strip()
