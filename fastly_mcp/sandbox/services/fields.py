"""The types that fields have on the wire, which differ from kind to kind.

Fastly takes most values as text in a form and answers some of them as numbers, some as text that
holds a number. Which is which is recorded per field, and is data in `kinds` and beside it. Which
values a field may have is from the official client's models.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastly_mcp.sandbox.state import Row

Numbers = Sequence[int]
"""Those a field may have: a range or a few."""
PORTS = range(1, 65_536)
SECONDS = range(2**31)
DIGITS = 18
"""The most a number may have: a column of Fastly's is no longer."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is if nobody says, and what becomes of what somebody says.

    `read` raises ValueError for a value that does not fit. With `echoes_number`, the answer to the
    change that sets it carries a number where later answers carry text [go-fastly acl_entries:
    `negated`, blobstorages/update3: `gzip_level`]. `refers_to` is the kind, by its plural, whose
    objects the field names; `shields` are the POPs.
    """

    default: Any
    read: Callable[[Any], Any]
    echoes_number: bool = False
    refers_to: str = ""
    is_needed: bool = False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("is not text")


def _whole(value: Any) -> int:
    text = _text(value).strip()
    sign, digits = (text[:1], text[1:]) if text[:1] in {"-", "+"} else ("", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS):
        raise ValueError("is not a whole number")
    return int(sign + digits)


def _number(among: Numbers | None) -> Callable[[Any], int]:
    """What reads a whole number, one of these if they are given."""

    def read(value: Any) -> int:
        number = _whole(value)
        if among is not None and number not in among:
            few = ", ".join(map(str, among)) if len(among) < 9 else ""
            raise ValueError(
                f"is none of {few}" if few else f"is not from {among[0]} to {among[-1]}"
            )
        return number

    return read


def _flag(value: Any) -> bool:
    text = _text(value).strip().lower()
    if text not in {"0", "1", "true", "false", ""}:
        raise ValueError("is not a boolean")
    return text in {"1", "true"}


def _names(value: Any) -> list[str]:
    if isinstance(value, list):
        return [_text(each) for each in value]
    return _text(value).replace(",", " ").split()


def _or_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What is empty becomes null [go-fastly backends/update_allow_empty_values]."""
    return lambda value: None if value is None or value == "" else read(value)


def text(default: str = "", *, refers_to: str = "") -> Field:
    return Field(default, lambda value: "" if value is None else _text(value), refers_to=refers_to)


def needed() -> Field:
    """Text that no object can do without."""

    def read(value: Any) -> str:
        if value is None or not _text(value).strip():
            raise ValueError("can't be blank")
        return _text(value)

    return Field("", read, is_needed=True)


def optional(default: str | None = None, *, like: str = ".*", refers_to: str = "") -> Field:
    """Text or null."""

    def read(value: Any) -> str:
        if not re.fullmatch(like, _text(value), re.DOTALL):
            raise ValueError(f"is not like {like}")
        return _text(value)

    return Field(default, _or_null(read), refers_to=refers_to)


def whole(default: int, among: Numbers | None = None) -> Field:
    return Field(default, _number(among))


def optional_whole() -> Field:
    return Field(None, _or_null(_whole))


def digits(
    default: int | None, among: Numbers | None = None, *, echoes_number: bool = False
) -> Field:
    """A number that travels as text."""
    number = _number(among)

    def read(value: Any) -> str:
        # `substitution` of headers is a number in the recordings, and text in the documentation.
        return str(number(value))

    filled = None if default is None else str(default)
    return Field(filled, read if default is not None else _or_null(read), echoes_number)


def flag(default: bool = False) -> Field:
    return Field(default, _flag)


def flag_digit(default: int = 0, *, echoes_number: bool = False) -> Field:
    """A boolean that travels as "0" or "1"."""
    return Field(str(default), lambda value: str(int(_flag(value))), echoes_number)


def choice(default: str, *others: str) -> Field:
    """One of a few words."""
    return Field(default, _word((default, *others)))


def optional_choice(*words: str) -> Field:
    """One of a few words or null."""
    return Field(None, _or_null(_word(words)))


def _word(words: Sequence[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if _text(value) not in words:
            raise ValueError(f"is none of {', '.join(filter(None, words))}")
        return _text(value)

    return read


def names(*words: str, refers_to: str = "") -> Field:
    """A list of names, of these words if they are given."""

    def read(value: Any) -> list[str]:
        found = _names(value)
        if words and not set(found) <= set(words):
            raise ValueError(f"has others than {', '.join(words)}")
        return found

    return Field([], read, refers_to=refers_to)


def optional_flag() -> Field:
    return Field(None, _or_null(_flag))


def answer() -> Field:
    """An answer of one's own or null, sent as `response[status]=429`; its status is a number."""

    def read(value: Any) -> Row | None:
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise ValueError("is not an object")  # noqa: TRY004  # every misfit is a ValueError
        return value | ({"status": _whole(value["status"])} if "status" in value else {})

    return Field(None, read)


def defaults(fields: Mapping[str, Field]) -> Row:
    return {name: field.default for name, field in fields.items()}


def made(fields: Mapping[str, Field], given: Mapping[str, Any]) -> Row:
    """Something new: what is given over the defaults. Raises ValueError like `read`."""
    row = defaults(fields) | read(fields, given)
    lacks = [name for name, field in fields.items() if field.is_needed and name not in given]
    return row | read(fields, dict.fromkeys(lacks))


def read(fields: Mapping[str, Field], given: Mapping[str, Any]) -> Row:
    """What was given, with the types of the wire; fields that do not exist are passed over.

    Raises ValueError with the field's name and the rule.
    """
    row: Row = {}
    for name, field in fields.items():
        if name in given:
            try:
                row[name] = field.read(given[name])
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
    return row


def echoed(fields: Mapping[str, Field], given: Row) -> Row:
    """The fields that the answer to a change carries as numbers although they are kept as text."""
    return {
        name: int(value)
        for name, value in given.items()
        if fields[name].echoes_number and value is not None
    }
