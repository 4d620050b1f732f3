"""Selection: a JMESPath over what Fastly answered, within bounds."""

import json
from collections.abc import Iterable
from typing import Any

from jmespath import exceptions, functions, visitor
from jmespath.parser import Parser
from pydantic_core import from_json, to_json

from fastly_mcp.errors import InvalidArgument
from fastly_mcp.text import cut, visible

LONGEST = 2_000  # characters of an expression
STEPS = 500_000  # nodes visited and values walked through, over all results of a call
LARGEST = 100_000  # values in what it selects
LONGEST_TEXT = 1_000_000  # characters of a text it makes
A_STEP = 100  # characters of a text that cost as much as a node


class _TooMuch(Exception):
    """It would make more than anybody reads."""


class _Steps:
    """How much may still be done."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooMuch

    def walk(self, *values: Any) -> None:
        """Spend what walking through values takes, those that stand in them twice twice.

        A short expression can make a structure that would take for ever to walk through.
        """
        left, count = list(values), 0
        while left:
            each = left.pop()
            count += 1
            self.spend(1 + len(each) // A_STEP if isinstance(each, str) else 1)
            if isinstance(each, dict):
                left += each.values()
            elif isinstance(each, list):
                left += each
            if count > LARGEST:
                raise _TooMuch


class _Functions(functions.Functions):
    """The usual functions, whose work is counted, and `lines`."""

    def __init__(self, steps: _Steps) -> None:
        self._steps = steps

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        arguments = list(resolved_args)
        for value in arguments:
            # One level down: only these look deeper.
            deep = function_name in {"contains", "to_string"}
            self._steps.walk(value) if deep else self._steps.spend(_width(value))
        return super().call_function(function_name, arguments)

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
        return json.dumps(value, separators=(",", ":"))


def _width(value: Any) -> int:
    if isinstance(value, str):
        return 1 + len(value) // A_STEP
    if isinstance(value, list):
        return 1 + sum(1 + len(each) // A_STEP if isinstance(each, str) else 1 for each in value)
    return 1 + len(value) if isinstance(value, dict) else 1


class _Interpreter(visitor.TreeInterpreter):
    """Counts its steps, and what is walked through within them."""

    def __init__(self, steps: _Steps) -> None:
        super().__init__(visitor.Options(custom_functions=_Functions(steps)))
        self._steps = steps

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._steps.spend()
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        sides = [self.visit(child, value) for child in node["children"]]
        self._steps.walk(*sides)
        known: Any = [{"type": "literal", "value": side, "children": []} for side in sides]
        return super().visit_comparator(
            {"type": node["type"], "value": node["value"], "children": known}, value
        )

    def visit_slice(self, node: Any, value: Any) -> Any:
        self._steps.spend(len(value) // A_STEP if isinstance(value, list) else 0)
        return super().visit_slice(node, value)

    def visit_projection(self, node: Any, value: Any) -> Any:
        # JMESPath's projections drop nulls; items that are read part by part keep their places.
        base, then = node["children"]
        is_slice = base["type"] == "index_expression" and base["children"][-1]["type"] == "slice"
        if is_slice and then["type"] == "identity":
            return self.visit(base, value)
        return super().visit_projection(node, value)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        made: list[Any] = []
        for each in base:
            self._steps.spend(len(each) if isinstance(each, list) else 1)
            made.extend(each) if isinstance(each, list) else made.append(each)
        return made


class Selection:
    """An expression; empty, it selects everything. Raises InvalidArgument if it is none.

    One is made for a tool call: what all its results cost together is bounded.
    """

    def __init__(self, expression: str) -> None:
        self.expression = expression.strip()
        self._steps = _Steps(STEPS)
        if len(self.expression) > LONGEST:
            raise InvalidArgument(f"select is longer than {LONGEST} characters. Nothing was sent.")
        try:
            self._parsed = Parser().parse(self.expression).parsed if self.expression else None
        except (exceptions.JMESPathError, RecursionError) as error:
            raise InvalidArgument(
                f"select is no JMESPath expression: {_why(error)} Nothing was sent."
            ) from None

    @property
    def spent(self) -> int:
        """How many of STEPS it has made."""
        return STEPS - self._steps.left

    def of(self, data: Any) -> Any:
        """Return what it selects, as JSON has it. Raises InvalidArgument where it does not fit."""
        if self._parsed is None:
            return data
        try:
            selected = _Interpreter(self._steps).visit(self._parsed, data)
            self._steps.walk(selected)
            # Infinity, half a character and a bare &expression are no JSON, nor is what is nested
            # too deep to be written.
            return from_json(to_json(selected), allow_inf_nan=False)
        except _TooMuch:
            raise InvalidArgument("select makes too much of the answer; make it simpler.") from None
        except (exceptions.JMESPathError, RecursionError) as error:
            raise InvalidArgument(f"select does not fit the answer: {_why(error)}") from None
        except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError):
            raise InvalidArgument("select does not fit the answer.") from None


def _why(error: Exception) -> str:
    if isinstance(error, exceptions.JMESPathTypeError):
        # Its message repeats the value, which may be large and is somebody else's words.
        expected = " or ".join(error.expected_types)
        return f"{error.function_name}() takes {expected}, and was given {error.actual_type}."
    if isinstance(error, RecursionError):
        return "it is nested too deep."
    return cut(visible(" ".join(str(error).split())), 160).rstrip(".") + "."
