"""What an agent reads of Fastly's answers: cut at an item's edge where it would be too much."""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

from pydantic_core import to_json

from fastly_mcp.toolkit import Result

OUTLINED = 12  # parts that are told of what is too large
# What becomes a token of o200k_base, about: words, numbers, and all else by its bytes.
PIECES = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]+")
LONGEST_WORD = 16  # letters; what is longer is no word


class Part(Result):
    """What one of several reads gave, and which it was."""

    of: dict[str, Any]
    result: Any = None
    error: str = ""
    total: int | None = None
    truncated: bool | None = None
    then: str = ""


class Read(Result):
    """What a read gave: of a list its items. `then` says how to get what is left out."""

    result: Any = None
    results: list[Part] = []
    total: int | None = None
    truncated: bool | None = None
    then: str = ""
    sandbox: bool | None = None


class Fitted(NamedTuple):
    """What fits into a budget, what it takes of it, and how to get the rest."""

    data: Any
    tokens: int
    then: str = ""


def tokens(data: Any) -> int:
    """Estimate what JSON data takes; over Fastly's answers it is up to a quarter too much."""
    return ceil(sum(map(_weight, PIECES.findall(to_json(data).decode()))))


def fitted(data: Any, budget: int, select: str = "") -> Fitted:
    """Return as much of the data as fits, whole items of a list or nothing of anything else."""
    whole = tokens(data)
    if whole <= budget:
        return Fitted(data, whole)
    if not isinstance(data, list):
        return Fitted(None, 0, f"Too large for one answer ({whole} tokens): {_outline(data)}")
    used, kept = 2, 0
    for item in data:
        cost = tokens(item) + 1
        if used + cost > budget:
            break
        used += cost
        kept += 1
    if not kept:
        return Fitted([], 2, f"The first item is too large: {_outline(data[0])}")
    rest = f"{select} | [{kept}:]" if select else f"[{kept}:]"
    return Fitted(
        data[:kept],
        used,
        f"Cut to fit: {kept} of {len(data)} items. The others: select {rest!r}; or select fewer "
        "fields.",
    )


def _outline(data: Any) -> str:
    """Say what is in something that is too large, so that less of it can be selected."""
    if isinstance(data, str):
        return f"it is a text of {len(data.splitlines())} lines; select lines(…)[0:100] of it."
    if isinstance(data, Mapping):
        sizes = sorted(((tokens(value), name) for name, value in data.items()), reverse=True)
        parts = [f"{name} ({_kind(data[name])}, {size})" for size, name in sizes[:OUTLINED]]
        more = f" and {len(sizes) - OUTLINED} more" if len(sizes) > OUTLINED else ""
        return f"select of {', '.join(parts)}{more}."
    if isinstance(data, list):
        return f"it is a list of {len(data)} items; select a part of it."
    return "it is one value."


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"{len(value)} items"
    if isinstance(value, Mapping):
        return "object"
    is_long = isinstance(value, str) and "\n" in value
    return "text, see lines()" if is_long else "value"


def _weight(piece: str) -> float:
    if not piece.isascii():
        return max(1.0, len(piece.encode()) / 3)
    if piece.isdigit():
        return ceil(len(piece) / 3)
    if piece.isalpha():
        is_word = piece[1:].islower() and len(piece) <= LONGEST_WORD
        return max(1.0, len(piece) / 5.5 if is_word else len(piece) * 0.55)
    return max(1.0, len(piece) / 3)
