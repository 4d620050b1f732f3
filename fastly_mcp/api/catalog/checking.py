"""Parameters checked against an operation, and put where they go, before anything is sent."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.catalog.values import Unfit, converted, written
from fastly_mcp.api.paths import fill
from fastly_mcp.errors import InvalidArgument
from fastly_mcp.text import shortened

BODY = "body"
_IN_HEADER = re.compile(r"[\x20-\x7e]*")
_LONGEST_LIST = 12  # names told to one who used none that is like them


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it may be sent: texts in query, headers and form, JSON or text as the body.

    `segments` fill the template `operation.path`; `path` is what they make of it.
    """

    operation: Operation
    segments: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    form: list[tuple[str, str]] = field(default_factory=list)
    json: dict[str, Any] | None = None
    content: str | None = None

    @property
    def path(self) -> str:
        """The path with every segment escaped whole."""
        return fill(self.operation.path, self.segments)

    @property
    def target(self) -> str:
        """The path with the query."""
        return self.path + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def body(self) -> dict[str, Any]:
        """The body as `json` or `content`; empty if there is none."""
        if self.form:
            return {"content": urlencode(self.form)}
        if self.json is not None:
            return {"json": self.json}
        return {} if self.content is None else {"content": self.content}

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers, with those that say what the bodies are."""
        said = {"Accept": self.accept} | self.headers
        return said | ({"Content-Type": self.operation.content_type} if self.body else {})

    @property
    def accept(self) -> str:
        """The Accept header, as the official client chooses it."""
        known = self.operation.accept
        return "application/json" if "application/json" in known else ", ".join(known)


def check(operation: Operation, params: Mapping[str, Any]) -> Request:
    """Return the request for these parameters, given by wire name or the official client's.

    The fields of a JSON body are given like the other parameters, or together as `body`. None
    leaves a parameter of the query or a header out. Raises InvalidArgument that names everything
    wrong at once, each with its rule and never with its value.
    """
    problems: list[str] = []
    given = _named(operation, _spread(operation, params, problems), problems)
    placed = Request(operation)
    body: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.name not in given:
            if parameter.required:
                problems.append(f"{parameter.name} is missing")
            continue
        try:
            _place(parameter, given[parameter.name], placed, body)
        except Unfit as error:
            problems.append(f"{parameter.name} {error}")
    if problems:
        raise InvalidArgument(f"{operation.id}: {'; '.join(problems)}. Nothing was sent.")
    content = body.pop(BODY, None) if _whole_body(operation) else None
    is_text = isinstance(content, str)
    return Request(
        operation,
        placed.segments,
        placed.query,
        placed.headers,
        placed.form,
        json=body or (None if is_text else content),
        content=content if is_text else None,
    )


def _whole_body(operation: Operation) -> bool:
    return any(each.place == "content" for each in operation.parameters)


def _spread(
    operation: Operation, params: Mapping[str, Any], problems: list[str]
) -> Iterator[tuple[str, Any]]:
    """Yield the parameters, the fields of a `body` one by one."""
    fields = {each.name for each in operation.parameters if each.place == "body"}
    for name, value in params.items():
        if name != BODY or not fields or BODY in fields:
            yield name, value
        elif isinstance(value, Mapping):
            known = {each.python_name or each.name for each in operation.parameters}
            for inner, each in value.items():
                if inner in fields or inner not in known:
                    yield inner, each
                else:
                    problems.append(f"{shortened(str(inner))} does not belong in the body")
        else:
            problems.append("body must be an object")


def _named(
    operation: Operation, params: Iterator[tuple[str, Any]], problems: list[str]
) -> dict[str, Any]:
    """Return the parameters by wire name."""
    wire = {each.python_name: each.name for each in operation.parameters if each.python_name}
    wire |= {each.name: each.name for each in operation.parameters}
    by_name = {each.name: each for each in operation.parameters}
    given: dict[str, Any] = {}
    for name, value in params:
        if name not in wire:
            problems.append(_unknown(str(name), wire))
        elif wire[name] in given:
            problems.append(f"{wire[name]} is given twice")
        elif value is not None or by_name[wire[name]].place not in {"path", "query", "header"}:
            given[wire[name]] = value
    return given


def _unknown(name: str, wire: dict[str, str]) -> str:
    similar = difflib.get_close_matches(name, wire, n=1, cutoff=0.6)
    if similar:
        return f"{shortened(name)} is unknown (did you mean {wire[similar[0]]}?)"
    names = sorted(set(wire.values()))
    more = f" and {len(names) - _LONGEST_LIST} more" if len(names) > _LONGEST_LIST else ""
    takes = f"it takes {', '.join(names[:_LONGEST_LIST])}{more}" if names else "it takes none"
    return f"{shortened(name)} is unknown ({takes})"


def _place(parameter: Parameter, value: object, request: Request, body: dict[str, Any]) -> None:
    name, place = parameter.name, parameter.place
    if value is None:
        if place == "form" and not parameter.nullable:
            raise Unfit("may not be null")
        made: Any = "" if place == "form" else None
    else:
        made = converted(parameter, value)
    match place:
        case "path":
            request.segments[name] = _segment(written(made))
        case "header":
            request.headers[name] = _header(written(made))
        case "query":
            request.query.extend((name, text) for text in _texts(parameter, made))
        case "form":
            request.form.extend((name, text) for text in _texts(parameter, made))
        case _:
            body[name] = made


def _texts(parameter: Parameter, value: Any) -> list[str]:
    in_form = parameter.place == "form"
    if not isinstance(value, list):
        return [written(value, in_form=in_form)]
    texts = [written(each, in_form=in_form) for each in value]
    return texts if parameter.format == "multi" else [",".join(texts)]


def _segment(text: str) -> str:
    try:
        fill("{it}", {"it": text})
    except InvalidArgument:
        raise Unfit("cannot be used in an address") from None
    return text


def _header(text: str) -> str:
    if not _IN_HEADER.fullmatch(text):
        raise Unfit("holds characters that a header cannot carry")
    return text
