"""One value for one parameter: is it what the API takes, and how is it written."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from fastly_mcp.api.catalog.operation import Parameter

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?")
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})
_LONGEST_ENUM = 12  # values named in a complaint


class Unfit(Exception):
    """The value breaks a rule; the reason reads on after the parameter's name."""


def converted(parameter: Parameter, value: object) -> Any:
    """Return the value as its type: numbers may be given as text, and the other way round.

    Raises Unfit with the rule that it breaks, never with the value.
    """
    if not parameter.type.startswith("["):
        return _checked(parameter, _as(parameter, parameter.type, value))
    if isinstance(value, str) and parameter.format == "csv":
        value = value.split(",")
    items = value if isinstance(value, list | tuple) else [value]
    _check_range(len(items), parameter.min_items, parameter.max_items, "have", "items")
    return [_checked(parameter, _as(parameter, parameter.type[1:-1], item)) for item in items]


def written(value: object, *, in_form: bool = False) -> str:
    """Return a plain value as text. In a form a boolean is 1 or 0, as Fastly's own clients do."""
    if isinstance(value, bool):
        return str(int(value)) if in_form else str(value).lower()
    return str(value)


def _as(parameter: Parameter, type_: str, value: object) -> Any:
    match type_:
        case "string":
            return _text(parameter, value)
        case "integer":
            return _integer(value)
        case "number":
            return _number(value)
        case "boolean":
            return _boolean(value)
        case "date-time" | "date":
            return value if _is_whole(value) else _plain(value, "must be a date or time")
        case "object":
            if not isinstance(value, Mapping):
                raise Unfit("must be an object")
            return _json(value)
        case "file":
            raise Unfit("is a file, which cannot be sent from here; use the Fastly CLI for it")
    return _json(value)


def _text(parameter: Parameter, value: object) -> str:
    if isinstance(value, bool):
        # Some of the API's strings are called true and false.
        said = written(value)
        if parameter.place != "query" and said not in parameter.enum:
            raise Unfit("must be a string")
        return said
    if _is_whole(value) or (isinstance(value, float) and math.isfinite(value)):
        return str(value)
    return _plain(value, "must be a string")


def _plain(value: object, rule: str) -> str:
    if not isinstance(value, str):
        raise Unfit(rule)
    try:
        value.encode()
    except UnicodeError:
        raise Unfit("holds half a character") from None
    return value


def _integer(value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if _is_whole(value):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise Unfit("must be an integer")


def _number(value: object) -> int | float:
    if _is_whole(value) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    raise Unfit("must be a number")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    said = str(value).lower() if isinstance(value, str | int) else ""
    if said not in _TRUE | _FALSE:
        raise Unfit("must be true or false")
    return said in _TRUE


def _json(value: Any) -> Any:
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise Unfit("cannot be written as JSON") from None
    return value


def _is_whole(value: object) -> TypeGuard[int]:
    # Longer ones are no number that the API knows, and Python refuses to write the longest.
    return type(value) is int and abs(value) < 10**19


def _checked(parameter: Parameter, value: Any) -> Any:
    if parameter.enum and not parameter.has_more_values:
        said = {written(each): each for each in parameter.enum}
        if written(value) not in said:
            names = list(said)[:_LONGEST_ENUM]
            more = " and others" if len(said) > _LONGEST_ENUM else ""
            raise Unfit(f"must be one of {', '.join(names)}{more}")
        return said[written(value)] if parameter.type != "boolean" else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_range(value, parameter.minimum, parameter.maximum, "be")
    if isinstance(value, str):
        _check_range(len(value), parameter.min_length, parameter.max_length, "have", "characters")
        if parameter.pattern and not re.fullmatch(parameter.pattern.removesuffix("$"), value):
            raise Unfit(f"must match {parameter.pattern}")
    return value


def _check_range(
    value: float, least: float | None, most: float | None, verb: str, what: str = ""
) -> None:
    if least is not None and value < least:
        raise Unfit(f"must {verb} at least {least} {what}".rstrip())
    if most is not None and value > most:
        raise Unfit(f"must {verb} at most {most} {what}".rstrip())
