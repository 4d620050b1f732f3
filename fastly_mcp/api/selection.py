"""Selection: a JMESPath over what Fastly answered, within bounds."""

import json
from typing import Any

from jmespath import exceptions, functions, visitor
from jmespath.parser import Parser

from fastly_mcp.errors import InvalidArgument
from fastly_mcp.text import cut, visible

LONGEST = 1_000  # characters of an expression
STEPS = 300_000  # nodes of it that are visited, over all items
LARGEST = 100_000  # items of a list it makes
LONGEST_TEXT = 1_000_000  # characters of a text it makes


class _TooMuch(Exception):
    """It would make more than anybody reads."""


def size(value: Any, most: int = LARGEST) -> int:
    """Count the values in a value, those that stand in it twice twice; it stops above `most`.

    A short expression can make a structure that would take for ever to walk through.
    """
    count, left = 0, [value]
    while left and count <= most:
        each = left.pop()
        count += 1
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each
    return count


class _Functions(functions.Functions):
    """The usual functions; those that make a text of many or walk through all are bounded."""

    @functions.signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        _check(subject)
        _check(search)
        return search in subject

    @functions.signature({"types": ["string"]})
    def _func_lines(self, text: str) -> list[str]:
        """Not one of JMESPath's: the lines of a text, which it has no way to take apart."""
        return text.splitlines()

    @functions.signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, parts: list[str]) -> str:
        if sum(map(len, parts)) + len(separator) * len(parts) > LONGEST_TEXT:
            raise _TooMuch
        return separator.join(parts)

    @functions.signature({"types": []})
    def _func_to_string(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        parts: list[str] = []
        length = 0
        for part in json.JSONEncoder(separators=(",", ":")).iterencode(value):
            length += len(part)
            if length > LONGEST_TEXT:
                raise _TooMuch
            parts.append(part)
        return "".join(parts)


def _check(value: Any) -> None:
    if size(value) > LARGEST:
        raise _TooMuch


class _Interpreter(visitor.TreeInterpreter):
    """Counts its steps, and the length of what is made of lists in lists."""

    def __init__(self) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions()))
        self._steps = 0

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._steps += 1
        if self._steps > STEPS:
            raise _TooMuch
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        sides = [self.visit(child, value) for child in node["children"]]
        for side in sides:
            _check(side)
        known: Any = [{"type": "literal", "value": side, "children": []} for side in sides]
        return super().visit_comparator(
            {"type": node["type"], "value": node["value"], "children": known}, value
        )

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        made: list[Any] = []
        for each in base:
            made.extend(each) if isinstance(each, list) else made.append(each)
            if len(made) > LARGEST:
                raise _TooMuch
        return made


class Selection:
    """An expression; empty, it selects everything. Raises InvalidArgument if it is none."""

    def __init__(self, expression: str) -> None:
        self.expression = expression.strip()
        if len(self.expression) > LONGEST:
            raise InvalidArgument(f"select is longer than {LONGEST} characters. Nothing was sent.")
        try:
            self._parsed = Parser().parse(self.expression).parsed if self.expression else None
        except (exceptions.JMESPathError, RecursionError) as error:
            why = cut(visible(" ".join(str(error).split())), 160)
            raise InvalidArgument(
                f"select is no JMESPath expression ({why}). Nothing was sent."
            ) from None

    def of(self, data: Any) -> Any:
        """Return what it selects. Raises InvalidArgument where it does not fit the data."""
        if self._parsed is None:
            return data
        try:
            selected = _Interpreter().visit(self._parsed, data)
            _check(selected)
        except _TooMuch:
            raise InvalidArgument("select makes too much of the answer; make it simpler.") from None
        except (exceptions.JMESPathError, RecursionError) as error:
            why = cut(visible(" ".join(str(error).split())), 160)
            raise InvalidArgument(f"select does not fit the answer: {why}") from None
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
            raise InvalidArgument("select does not fit the answer.") from None
        return selected
