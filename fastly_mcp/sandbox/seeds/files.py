"""Reading a seed from a file, YAML or JSON, and saying what is wrong with one."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fastly_mcp.sandbox.seeds.model import Seed

WRONG = 5
"""The most mistakes told at once."""


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
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it cannot be read"
        raise SeedError(f"{file} is no YAML{where}: {what}") from None


def parse_seed(data: Any, source: str) -> Seed:
    """Validate what a file said. Raises SeedError with each mistake's place and rule."""
    try:
        return Seed.model_validate(data or {})
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{_place(each['loc'])}: {each['msg']}" for each in mistakes[:WRONG]]
        if len(mistakes) > WRONG:
            told.append(f"and {len(mistakes) - WRONG} more")
        raise SeedError(f"{source}: " + "; ".join(told)) from None


def _place(parts: tuple[int | str, ...]) -> str:
    """`services[2].versions[0]`, as one would write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.lstrip(".") or "the seed"
