"""The recorded types of Fastly's answers: read from `recorded_shapes.txt`, and compared."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

Shape = Any
"""A dict, a list or the name of a form; `...` stands for anything."""
EMPTY, BYTES = "(empty)", "(bytes)"
WORD = re.compile(r"\{\w+\}:|[{}\[\],]|[^:,{}\[\]]+:?")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(Z|\+00:00)")


class Entry(NamedTuple):
    times: int
    method: str
    path: str
    status: int
    media_type: str | None
    shape: Shape

    @property
    def line(self) -> str:
        return f"{self.method} {self.path} {self.status}"


class Answer(NamedTuple):
    """What the sandbox answered."""

    media_type: str | None
    content: bytes


def entries() -> dict[str, Entry]:
    """What was recorded, by method, path and status."""
    found = {}
    for line in (Path(__file__).parent / "recorded_shapes.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        times, method, path, status, media_type, shape = line.split(" ")
        entry = Entry(
            int(times),
            method,
            path,
            int(status),
            None if media_type == "-" else media_type.replace(";", "; "),
            shape if shape in {EMPTY, BYTES} else parse(shape),
        )
        found[entry.line] = entry
    return found


def parse(text: str) -> Shape:
    """`{id:str,tags:[str],..}` as a dict, in which `..` is a key."""
    words = WORD.findall(text)
    words.reverse()

    def shape() -> Shape:
        word = words.pop()
        if word == "..":
            return ...
        if word == "[":
            listed = []
            while words[-1] != "]":
                listed.append(shape())
                if words[-1] == ",":
                    words.pop()
            words.pop()
            return listed
        if word == "{":
            named: dict[Any, Shape] = {}
            while words[-1] != "}":
                key = words.pop()
                if key == "..":
                    named[...] = ...
                else:
                    named[key[:-1]] = shape()
                if words[-1] == ",":
                    words.pop()
            words.pop()
            return named
        return word

    return shape()


def form(value: Any) -> str:
    """The form of a value out of JSON."""
    if not isinstance(value, str):
        name = type(value).__name__
        return {"NoneType": "null", "dict": "an object", "list": "a list"}.get(name, name)
    if stamp := STAMP.fullmatch(value):
        return "ts.frac" if stamp["fraction"] else "ts"
    return "numstr" if value.isascii() and value.isdigit() else "str" if value else 'str""'


TEXTS = frozenset({"str", 'str""', "numstr", "ts", "ts.frac"})


def differences(
    shape: Shape, value: Any, more: Collection[str] = (), at: str = "", *, is_kin: bool = False
) -> list[str]:
    """Where a value is of another type than the recorded one; `more` are keys it may have too.

    With `is_kin` null may stand for anything and anything for null, and a text may be empty or not.
    """
    if shape is ...:
        return []
    if isinstance(shape, dict) and isinstance(value, dict):
        return list(_in_object(shape, value, more, at, is_kin=is_kin))
    if isinstance(shape, list) and isinstance(value, list):
        return _in_list(shape, value, more, at, is_kin=is_kin)
    found, recorded = form(value), shape if isinstance(shape, str) else form(shape)
    both = {found, recorded}
    if found == recorded or (is_kin and ("null" in both or both <= TEXTS)):
        return []
    return [f"{at or 'the body'} is {found}, not {recorded}"]


def _in_object(
    shape: Shape, value: dict[str, Any], more: Collection[str], at: str, *, is_kin: bool
) -> Iterator[str]:
    named = {key: each for key, each in shape.items() if key is not ... and key[0] != "{"}
    others = [each for key, each in shape.items() if key is ... or key[0] == "{"]
    for key in named.keys() - value.keys():
        yield f"{at}.{key} is missing"
    if others and others[0] is not ... and not value.keys() - named.keys():
        yield f"{at or 'the body'} is empty"
    for key, each in value.items():
        inside = f"{at}.{key}"
        if key in named or others:
            wanted = named[key] if key in named else others[0]
            yield from differences(wanted, each, more, inside, is_kin=is_kin)
        elif key not in more:
            yield f"{inside} is new"


def _in_list(
    shape: Shape, value: list[Any], more: Collection[str], at: str, *, is_kin: bool
) -> list[str]:
    """One element must be of the recorded type; the others may have null or "" here and there."""
    if shape == [...]:
        return []
    if not shape or not value:
        is_other = bool(shape) != bool(value) and not is_kin
        return [f"{at or 'the body'} is {'filled' if value else 'empty'}"] if is_other else []
    if shape[-1] is ...:
        value = value[:1]
    inside = [
        differences(shape[0], each, more, f"{at}[{index}]", is_kin=is_kin)
        for index, each in enumerate(value)
    ]
    best = min(inside, key=len)
    if best:
        return best
    for index, each in enumerate(value):
        best += differences(shape[0], each, more, f"{at}[{index}]", is_kin=True)
    return best


def check(entry: Entry, answer: Answer, more: Collection[str] = ()) -> list[str]:
    """Where an answer differs from the recorded one."""
    found = []
    if answer.media_type != entry.media_type:
        found.append(f"Content-Type is {answer.media_type}, not {entry.media_type}")
    if entry.shape == EMPTY:
        return [*found, *(["there is a body"] if answer.content else [])]
    if entry.shape == BYTES:
        return found
    try:
        body = json.loads(answer.content)
    except ValueError:
        return [*found, "the body is no JSON"]
    return found + differences(entry.shape, body, more)
