"""What a search answers: each operation short enough to be read, and enough to be called."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.catalog.query import WORD, read, singular
from fastly_mcp.api.catalog.search import search

ROOM, LEAST = 430, 46
"""Tokens of all hits together, and what is kept of them for what each hit has to tell."""

_MORE = "…"
_PIECE = re.compile(r"[ _/.]?[A-Za-z]+|\d{1,3}|[^\sA-Za-z\d]{1,3}")
_NAME = re.compile(r"\w+")
_LONGEST = 60  # characters of an enum, or of the fields of an object, where there is little room
# Nearly every object has these, so they tell little of one.
_EVERYWHERE = {"created_at", "updated_at", "deleted_at", "service_id", "customer_id", "version"}
_NAMED_BY_ALL = {"service", "version"}  # and nearly every question has these words
_BESIDE = ("meta.", "links.")  # fields about the answer
_FIRST = frozenset({"id", "name"})


class _Wanted(NamedTuple):
    """What comes first: names with these words, then these names."""

    words: frozenset[str]
    names: frozenset[str]


def hits(query: str, limit: int = 5) -> list[dict[str, Any]]:
    """Return the operations that match best, as `hit` tells of them: the fewer, the more.

    Raises InvalidArgument like `search`.
    """
    found = search(query, limit)
    said = frozenset(map(singular, read(query).words)) - _NAMED_BY_ALL
    least = {each.id: max(LEAST, _tokens(hit(each, 0))) for each in found}
    left = ROOM - sum(least.values())
    told: list[dict[str, Any]] = []
    # From the last, so that the room that one leaves is for those that match better.
    for operation in reversed(found):
        room = least[operation.id] + left // (len(found) - len(told))
        told.append(hit(operation, room, said))
        left -= max(0, _tokens(told[-1]) - least[operation.id])
    return told[::-1]


def hit(
    operation: Operation, room: int = ROOM, said: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Tell of an operation in about so many tokens.

    Always `operation`, `method`, `path` and `summary`; where there are any, `required`: the type
    or the values of each parameter that the path does not name, and `pages`: true. As far as the
    room goes `returns`: list, object, text, anything or nothing, and the fields of an object or of
    one item; and `optional`: names, or the types by name where all fit. Names that were `said` come
    first, … stands for more of them, and `a{b, c}` for a.b and a.c.
    """
    told: dict[str, Any] = {
        "operation": operation.id,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
    }
    required = [each for each in operation.required if not _is_in_path(each)]
    if required:
        for longest in (room * 4, _LONGEST, 0):
            told["required"] = {each.name: _type(each, longest) for each in required}
            if _tokens(told) <= room:
                break
    if operation.paging:
        told["pages"] = True
    left = room - max(LEAST, _tokens(told))
    wanted = _Wanted(said, _FIRST.union(_NAME.findall(operation.summary)))
    # Who reads has to know what comes back, and who writes what can be said.
    shares = [(_returns, left // 2), (_optional, left)]
    if operation.method != "GET":
        shares = [(_optional, left), (_returns, left)]
    for part, share in shares:
        name = part.__name__.strip("_")
        more = part(operation, min(share, left) - _tokens({name: ""}), wanted)
        if more:
            told[name] = more
            left -= _tokens({name: more})
    return told


def _returns(operation: Operation, room: int, wanted: _Wanted) -> str:
    names = [each.name for each in operation.fields]
    fields = _cut(names, room - 2, wanted, _grouped)
    return f"{operation.returns}: {fields}" if fields else operation.returns


def _optional(operation: Operation, room: int, wanted: _Wanted) -> dict[str, str] | str:
    paging = operation.paging
    known = (paging.at, paging.size) if paging else ()
    optional = [each for each in operation.parameters if not each.required]
    optional = [each for each in optional if each.name not in known]
    for longest in (room * 4, _LONGEST):
        types = {each.name: _type(each, longest) for each in optional}
        if _tokens(types) <= room:
            return types
    return _cut(list(types), room, wanted, ", ".join) or _MORE


def _is_in_path(parameter: Parameter) -> bool:
    return parameter.place == "path" and not parameter.enum


def _type(parameter: Parameter, longest: int = _LONGEST) -> str:
    values = "|".join(map(str, parameter.enum))
    if values and len(values) <= longest:
        return values
    fields = _grouped(each.name for each in parameter.fields)
    if fields and len(fields) <= longest:
        return parameter.type.replace("object", f"object{{{fields}}}")
    return parameter.type


def _cut(names: list[str], room: int, wanted: _Wanted, join: Callable[[Iterable[str]], str]) -> str:
    """Return as many of the names as there is room for, those that tell most first.

    A name whose words were all said comes before those that always tell, and half said like them.
    """
    # In JSON:API every object has a type, the same for all.
    dull = _EVERYWHERE | ({"type"} if any("attributes." in name for name in names) else set())

    def place(name: str) -> tuple[bool, float]:
        last = name.rpartition(".")[2]
        words = set(map(singular, WORD.findall(last.lower())))
        said = len(words & wanted.words) / len(words)
        is_dull = last in dull or name.startswith(_BESIDE)
        return is_dull, -2 * said - (last in wanted.names)

    ordered = sorted(names, key=place)
    text = ""
    for number in range(1, len(ordered) + 1):
        more = join(ordered[:number]) + (f", {_MORE}" if number < len(ordered) else "")
        if _tokens(more) > room:
            break
        text = more
    return text


def _grouped(names: Iterable[str]) -> str:
    """Return the names with those within one object in braces after it: `a, b{c, d}`."""
    groups: dict[str, list[str]] = {}
    for name in names:
        within, _, last = name.rpartition(".")
        groups.setdefault(within, []).append(last)
    return ", ".join(
        f"{within}{{{', '.join(group)}}}" if within else ", ".join(group)
        for within, group in groups.items()
    )


def _tokens(value: object) -> int:
    """Return a little more than the tokens of the value as JSON: pieces of up to 6 letters."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return sum(-(-len(piece) // 6) for piece in _PIECE.findall(text))
