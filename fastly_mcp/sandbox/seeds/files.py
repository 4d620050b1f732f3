"""Reading a seed from a file, YAML or JSON, and saying what is wrong with one."""

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fastly_mcp.sandbox.seeds.model import Seed

WRONG = 5
"""The most mistakes told at once."""
DEEPEST = 64
STRAY = (RecursionError, ValueError, LookupError, AttributeError, TypeError)
"""What PyYAML lets through of values that do not fit their tags, like `!!int ""`."""
Place = tuple[int | str, ...]
KEY = "[key]"
"""How pydantic says that it is the name in a map that is wrong."""
PLAIN = re.compile(r"[\w-]+")
SHOULD = re.compile(r"\w+ should")
ASIDE = re.compile(r", (?:unable to|got|not) .*| after validation.*")
RULES = {
    "dict_type": "must be a map",
    "extra_forbidden": "there is no such field",
    "list_type": "must be a list",
    "missing": "has to be there",
    "model_type": "must be a map",
    "string_type": "must be text",
}
"""By pydantic's types of errors, where its own words are about Python."""


class SeedError(ValueError):
    """A seed that cannot be used, and why, in words for the person who wrote it."""


def read_seed(file: Path) -> Seed:
    """Read and validate a seed. Raises SeedError."""
    return parse_seed(load(file), str(file))


def load(file: Path) -> Any:
    """What a YAML or JSON file says. Raises SeedError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise SeedError(f"{file} cannot be read: {why}") from None
    if file.suffix == ".json":
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SeedError(f"{file} is no JSON: {error}") from None
    import yaml  # noqa: PLC0415  # JSON does without

    try:
        # The safe loader, in C where PyYAML was built with it.
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe
    except (yaml.YAMLError, *STRAY) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        told = getattr(error, "problem", None) or str(error) or "it cannot be read"
        what = told.partition("\n")[0]
        raise SeedError(f"{file} is no YAML{where}: {what}") from None


def parse_seed(data: Any, source: str) -> Seed:
    """Validate what a file said. Raises SeedError with each mistake's place and rule."""
    try:
        return Seed.model_validate({} if data is None else _plain(data, source)).of(source)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{_place(each['loc'])}: {_rule(each)}" for each in mistakes[:WRONG]]
        if len(mistakes) > WRONG:
            told.append(f"and {len(mistakes) - WRONG} more")
        raise SeedError(f"{source}: " + "; ".join(told)) from None


def _plain(value: Any, source: str, place: Place = (), around: tuple[int, ...] = ()) -> Any:
    """The same as JSON would have it, which YAML knows more than. Raises SeedError."""
    if isinstance(value, date):
        # What looks like a date is nearly always meant as text.
        return value.isoformat()
    if _is_one(value):
        return value
    if isinstance(value, list | dict) and len(around) < DEEPEST and id(value) not in around:
        around = (*around, id(value))
        if isinstance(value, list):
            return [_plain(one, source, (*place, at), around) for at, one in enumerate(value)]
        named = {str(_plain(name, source, place)): one for name, one in value.items()}
        return {name: _plain(one, source, (*place, name), around) for name, one in named.items()}
    raise SeedError(f"{source}: {_place(place[:8])}: JSON could not hold this")


def _is_one(value: Any) -> bool:
    """Whether it is a text, a number or nothing, such as every reader of JSON takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() == value
    if isinstance(value, int | float):
        # YAML has infinity, and whole numbers of any length.
        return abs(value) <= sys.float_info.max
    return value is None


def _place(parts: Place) -> str:
    """`services[2].versions[0]`, as one would write it."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif PLAIN.fullmatch(part):
            text += f".{part}"
        elif part != KEY:
            text += f"[{part}]" if part.isprintable() else f"[{part!a}]"
    return text.lstrip(".") or "the seed"


def _rule(mistake: ErrorDetails) -> str:
    """What pydantic says, in the words of who writes a seed."""
    if rule := RULES.get(mistake["type"]):
        return rule
    return ASIDE.sub("", SHOULD.sub("must", mistake["msg"].removeprefix("Value error, "), count=1))
