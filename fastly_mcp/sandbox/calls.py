"""One request to the sandbox."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.state import Row, Service, Token, Version, World, stamp

DEEPEST = 64
"""How deep a body may nest."""
LONGEST_TEXT = 8 * 2**20
"""Bytes of a form or of JSON; files are longer."""
MOST_FIELDS = 100_000
PART = re.compile(r"(?P<name>[^|\[]+)(?:\|(?P<at>\d+)|\[(?P<key>[^\]]*)\])?")
"""A form's name: `headers|0` [go-fastly], `headers[]`, `response[status]`."""


@dataclass(slots=True, frozen=True)
class Call:
    sandbox: Sandbox
    token: Token
    method: str
    path: str
    """As it was sent, without the query."""
    params: dict[str, str]
    """What the path's `{…}` hold, percent-decoded but for `cached_url`."""
    query: QueryParams
    headers: Headers
    body: bytes

    @property
    def world(self) -> World:
        return self.sandbox.world

    @property
    def now(self) -> datetime:
        return self.sandbox.now()

    @property
    def stamp(self) -> str:
        """Now, as Fastly writes it."""
        return stamp(self.now)

    def service(self) -> Service:
        """The service in the path, if there is one and the token covers it."""
        service_id = self.params["service_id"]
        service = self.world.services.get(service_id)
        if service is None:
            raise invented.no_such_service(service_id)
        if not self.token.covers(service_id):
            raise errors.not_authorized()
        if service.deleted_at:
            raise errors.service_deleted(service_id)
        return service

    def version(self) -> Version:
        """The version in the path."""
        return numbered(self.service(), self.params["version"])

    def draft(self) -> Version:
        """The version in the path, if it may still be changed."""
        version = self.version()
        if version.locked:
            raise errors.version_locked(self.params["service_id"], version.number)
        return version

    def number(self, name: str, default: int, limit: int | None = None) -> int:
        """A positive number from the query; anything else is the default."""
        text = self.query.get(name, "")
        if not (text.isascii() and text.isdigit() and 0 < len(text) < 10) or int(text) < 1:
            return default
        return int(text) if limit is None else min(int(text), limit)

    def given(self) -> Row:
        """The fields of the body, a form or a JSON object: Fastly reads both."""
        self._check_length()
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not self.body.strip():
            return {}
        if kind.endswith("json"):
            return self.json_object()
        return form(self.body.decode("utf-8", "replace"))

    def json(self) -> Any:
        """The body as JSON; 400 if it is none."""
        self._check_length()
        return read_json(self.body)

    def _check_length(self) -> None:
        if len(self.body) > LONGEST_TEXT:
            raise invented.too_large(LONGEST_TEXT)

    def json_object(self) -> Row:
        body = self.json()
        if not isinstance(body, dict):
            raise errors.bad_request("Expected an object")
        return body


Handler = Callable[[Call], Response]


def _finite(text: str) -> float:
    """A number that JSON can carry back: Python reads NaN and 1e999 as well."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def read_json(text: bytes) -> Any:
    """JSON from outside; 400 if it is none."""
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        # Half a surrogate pair is valid in JSON, but cannot be sent back.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise errors.bad_request("Invalid JSON") from None
    if depth(value) > DEEPEST:
        raise errors.bad_request("Nested too deep")
    return value


def depth(value: Any) -> int:
    """How deep lists and objects nest."""
    level, deep = [value], 0
    while level:
        deep += 1
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if deep > DEEPEST:
            break
    return deep


def form(text: str) -> Row:
    """Read a form, with the ways in which clients write lists and objects into one."""
    fields: Row = {}
    try:
        parts = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise errors.bad_request("Too many fields") from None
    for raw, value in parts:
        found = PART.fullmatch(raw)
        if found is None:
            fields[raw] = value
        elif found["at"] is not None or found["key"] == "":
            _listed(fields, found["name"]).append(value)
        elif found["key"] is not None:
            inner = fields.get(found["name"])
            if not isinstance(inner, dict):
                inner = fields[found["name"]] = {}
            inner[found["key"]] = value
        elif raw in fields:
            _listed(fields, raw).append(value)
        else:
            fields[raw] = value
    return fields


def _listed(fields: Row, name: str) -> list[Any]:
    there = fields.get(name, [])
    if not isinstance(there, list):
        there = [there]
    fields[name] = there
    return there


def numbered(service: Service, number: str) -> Version:
    """One version of a service by its number."""
    if number.isascii() and number.isdigit() and len(number) < 10:
        # Versions are numbered from 1 without gaps: none is ever removed.
        found = service.versions[int(number) - 1 : int(number)]
        if found and str(found[0].number) == number:
            return found[0]
    raise invented.no_such_version(service.id, number)
