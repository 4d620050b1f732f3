"""What an agent reads of Fastly's answers: cut at an item's edge where it would be too much."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import SerializerFunctionWrapHandler, model_serializer
from pydantic_core import to_json

from fastly_mcp.text import shortened
from fastly_mcp.tokens import tokens
from fastly_mcp.toolkit import Result

BUDGET = 4_000  # tokens of one answer
ENVELOPE = 60  # what stands around the results of one
OUTLINED = 12  # parts that are told of what is too large
NAMED = 15  # fields of what a select found nothing in
NAME = 40  # characters of a name, which may be somebody's words
REST = re.compile(r"(?:^| \| )\[(\d{1,6}):\]$")  # how a select ends that goes on after a cut
LARGE = 100_000  # characters; of more, the tokens are not counted one by one

OTHERS = "Select fewer fields, or for the others: select "
LEFT_OUT = "{out} of {all} results do not fit. Ask again from {at} on, or select fewer fields."


class Part(Result):
    """What one of several reads gave, and which it was."""

    of: dict[str, Any] = {}
    result: Any = None
    error: str = ""
    total: int | None = None
    truncated: bool | None = None
    then: str = ""

    @model_serializer(mode="wrap")
    def _telling(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # That there is nothing is what was asked: an empty list is told.
        lean = self._lean(handler)
        return lean if self.result is None else lean | {"result": self.result}


class Read(Part):
    """What a read gave: of a list its items. `then` says how to get what is left out."""

    results: list[Part] = []
    sandbox: bool | None = None


class Fitted(NamedTuple):
    """What fits into a budget, what it takes of it, and how to get the rest."""

    data: Any
    tokens: int
    then: str = ""


def fitted(data: Any, budget: int, select: str = "") -> Fitted:
    """Return as much of the data as fits, whole items of a list or nothing of anything else."""
    whole = _size(data)
    if whole <= budget:
        return Fitted(data, whole)
    if not isinstance(data, list):
        return _nothing(f"Too large for one answer ({whole} tokens): {_outline(data, select)}")
    used, kept = tokens(_rest(len(data), len(data), select)), 0
    for item in data:
        cost = _size(item) + 1
        if used + cost > budget:
            break
        used += cost
        kept += 1
    if not kept:
        first = f"{select} | [0]" if select else "[0]"
        others = f" {OTHERS}{_after(1, select)}" if len(data) > 1 else ""
        return _nothing(f"The first item is too large: {_outline(data[0], first)}{others}", [])
    return Fitted(data[:kept], used, _rest(kept, len(data), select))


def joined(parts: Sequence[tuple[Part, bool]], *, sandbox: bool | None) -> Read:
    """Return several reads, each with whether it was cut, as one answer.

    It has those that fit whole, in their order; the first may be cut.
    """
    left, shown = BUDGET - ENVELOPE - most_of(part.of for part, _ in parts), list[Part]()
    for part, is_cut in parts:
        left -= tokens(part.model_dump(mode="json")) + 1
        if shown and (left < 0 or is_cut):
            break
        shown.append(part)
    out = len(parts) - len(shown)
    at = to_json(parts[len(shown)][0].of).decode() if out else ""
    return Read(
        results=shown,
        truncated=bool(out) or None,
        then=LEFT_OUT.format(out=out, all=len(parts), at=at) if out else "",
        sandbox=sandbox,
    )


def most_of(ofs: Iterable[Mapping[str, Any]]) -> int:
    """Return the tokens of the longest of what reads are told apart by."""
    return max(map(tokens, ofs), default=0)


def shape(data: Any) -> str:
    """Say in a few words what data is, by the names of its fields."""
    if isinstance(data, list):
        inner = f", the first {shape(data[0])}" if data else ""
        return f"a list of {len(data)} items{inner}"
    if isinstance(data, Mapping):
        more = ", …" if len(data) > NAMED else ""
        names = ", ".join(shortened(str(name), NAME) for name in list(data)[:NAMED])
        return f"an object of {names}{more}" if names else "an empty object"
    return "a text" if isinstance(data, str) else "a value"


def is_nothing(selected: Any) -> bool:
    """Tell whether a select found nothing, not even in one of the items or fields it made."""
    if isinstance(selected, Mapping):
        return bool(selected) and all(map(is_nothing, selected.values()))
    if isinstance(selected, list):
        return all(map(is_nothing, selected))
    return selected is None


def lean(data: Any) -> Any:
    """Return data without the empty fields of objects, which say nothing; items stay."""
    if isinstance(data, list):
        return [lean(each) for each in data]
    if not isinstance(data, Mapping):
        return data
    fields = ((name, lean(value)) for name, value in data.items())
    return {name: value for name, value in fields if value not in (None, "", [], {})}


def _nothing(then: str, data: Any = None) -> Fitted:
    return Fitted(data, tokens(then), then)


def _rest(kept: int, count: int, select: str) -> str:
    return f"Cut to fit: {kept} of {count} items. {OTHERS}{_after(kept, select)}"


def _after(kept: int, select: str) -> str:
    if before := REST.search(select):
        return f"{select[: before.start(1)]}{int(before[1]) + kept}:]"
    return f"{select} | [{kept}:]" if select else f"[{kept}:]"


def _size(data: Any) -> int:
    """Count tokens; of what is far too large for any answer only about."""
    length = len(to_json(data))
    return tokens(data) if length <= LARGE else length // 3


def _outline(data: Any, select: str) -> str:
    """Say what is in something that is too large, so that less of it can be selected."""
    if isinstance(data, str):
        lines = f"{select} | lines(@)" if select else "lines(@)"
        count = len(data.splitlines())
        return f"it is a text of {count} lines." + (f" Select {lines}" if count > 1 else "")
    if isinstance(data, Mapping):
        sizes = sorted(((_size(value), str(name)) for name, value in data.items()), reverse=True)
        parts = [
            f"{shortened(name, NAME)} ({_kind(data[name])}, {size})"
            for size, name in sizes[:OUTLINED]
        ]
        more = f" and {len(sizes) - OUTLINED} more" if len(sizes) > OUTLINED else ""
        return f"select some of: {', '.join(parts)}{more}."
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
