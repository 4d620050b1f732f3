"""What a request carries, in lines that a person can read and that tell no secret."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from hashlib import sha256
from typing import Any

from pydantic_core import to_json

from fastly_mcp.api.catalog.checking import BODY, Request
from fastly_mcp.api.redaction import redact
from fastly_mcp.api.secret_pairs import without_called
from fastly_mcp.text import cut, one_line, shortened

LONGEST_VALUE = 70  # characters shown of one value
LONGEST_NAME = 40
MOST = 40  # values told one by one

Told = tuple[tuple[str, str], ...]


def parameters(request: Request) -> Told:
    """Return every value a request carries besides its path, by name, redacted."""
    carried = redact(without_called(request.segments, deepcopy(_carried(request))))
    lines = list(_flat("", carried)) if carried else []
    if len(lines) > MOST:
        rest = lines[MOST:]
        lines[MOST:] = [("", f"and {len(rest)} more values (sha256 {_digest(to_json(rest))})")]
    return tuple(lines)


def _carried(request: Request) -> dict[str, Any]:
    carried: dict[str, Any] = {}
    for name, value in (*request.query, *request.headers.items(), *request.form):
        carried[name] = value if name not in carried else f"{carried[name]}, {value}"
    content: Any = request.content if request.json is None else request.json
    if content is None:
        return carried
    return carried | (content if isinstance(content, dict) else {BODY: content})


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list) and value:
        for index, each in enumerate(value):
            yield from _flat(f"{name}[{index}]", each)
    else:
        yield shortened(name, LONGEST_NAME), _shown(value)


def _shown(value: Any) -> str:
    if not isinstance(value, str):
        return to_json(value).decode()
    line = one_line(value)
    if len(line) <= LONGEST_VALUE:
        return line or '""'
    size = f"{len(value)} characters, sha256 {_digest(value.encode())}"
    return f"{cut(line, LONGEST_VALUE)} ({size})"


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]
