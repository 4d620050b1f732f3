"""read_api against the official Python client: `python -m tests.interop.read_api`.

Given the same arguments both have to send the same request, for every GET that the client knows.
Nothing is sent: what each would send is taken from where it leaves for the network. It needs the
packages of `.[clients]`.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import fastly

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.collecting import FILTERS
from fastly_mcp.tools.api import INSTEAD, read_api
from tests.api.reading import TOKEN, Recorder, answer_for, connected, every_parameter
from tests.interop.fastly_operations import declared_operations

COMPARED = ("accept", "fastly-key")
ODD = "a b/c+d&e=f?g#h%2Fü:@;,'(x)~!*$[]"


class Sent(NamedTuple):
    """One request: what is compared of it."""

    method: str
    host: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]


DIFFERENCES: dict[str, tuple[str, Callable[[str], str], str]] = {
    "booleans": (
        "boolean",
        str.lower,
        "The client writes Python's True; the API's own examples have true.",
    ),
    "times": (
        "date-time",
        lambda value: value.replace("+00:00", "Z"),
        "The client reads a time and writes it anew; read_api sends it as it was given.",
    ),
    "numbers": (
        "number",
        lambda value: value.removesuffix(".0"),
        "The client makes a fraction of a whole number.",
    ),
}
"""What the client writes otherwise: the type of the parameter, how it becomes what read_api writes,
and why they differ."""


def official() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Every GET of the client, and the list that what it would send is put in."""
    sent: list[Any] = []

    def request(method: str, url: str, *, fields: Any, headers: Any, **_: Any) -> Any:
        query = urlencode(fields) if fields else ""
        sent.append(made(method, f"{url}?{query}", headers))
        return SimpleNamespace(status=200)

    client = fastly.ApiClient(fastly.Configuration())
    client.configuration.api_token = TOKEN
    client.rest_client.pool_manager.request = request
    for _, _, call, declared in declared_operations(client):
        if declared.settings["http_method"] == "GET":
            yield declared.settings["operation_id"], call, sent


def made(method: str, url: str, headers: Any) -> Sent:
    """Take apart what is sent."""
    parts, names = urlsplit(url), {name.lower(): str(value) for name, value in headers.items()}
    return Sent(
        method,
        parts.netloc,
        parts.path,
        sorted(parse_qsl(parts.query, keep_blank_values=True)),
        {name: value for name, value in names.items() if name in COMPARED or "fastly" in name},
    )


def arguments(operation: Operation) -> Iterator[dict[str, Any]]:
    """What is needed, everything there is, and texts that have to be escaped."""
    every = every_parameter(operation)
    # The size of a page is always said by read_api.
    size = operation.paging.size if operation.paging else ""
    yield {
        each.name: every[each.name]
        for each in operation.parameters
        if each.required or each.name == size
    }
    yield every
    yield {each.name: odd(each, every[each.name]) for each in operation.parameters}


def odd(parameter: Parameter, value: Any) -> Any:
    is_free = parameter.type in {"string", "[string]"} and not parameter.enum
    if (
        not is_free
        or parameter.pattern
        or parameter.max_length
        or parameter.name in {"service_id", *FILTERS}
    ):
        return value
    if parameter.place == "header":
        return "a b"
    # Commas part the values of a list.
    text = ODD.replace(",", "") if parameter.type.startswith("[") else ODD
    return [text, "two"] if parameter.type.startswith("[") else text


async def ours(operation: Operation, params: dict[str, Any]) -> Sent:
    """What read_api sends."""
    recorder = Recorder(answer_for(operation))
    connection = connected(recorder, FASTLY_MCP_ALLOW_SECRETS="1")
    try:
        await read_api(connection, operation.id, params)
    finally:
        await connection.aclose()
    (sent,) = recorder.requests or recorder.of_token[-1:]
    return made(sent.method, str(sent.url), sent.headers)


def differences(operation: Operation, call: Callable[..., Any], sent: list[Any]) -> Iterator[str]:
    """What read_api sends otherwise, but for what is known."""
    names = {each.name: each.python_name or each.name for each in operation.parameters}
    for params in arguments(operation):
        mine = asyncio.run(ours(operation, params))
        sent.clear()
        named = {names[name]: value for name, value in params.items()}
        try:
            call(**named, _preload_content=False)
        except fastly.OpenApiException as error:
            yield f"{type(error).__name__}: {error}"
            continue
        (its,) = sent
        types = {each.name: each.type for each in operation.parameters}
        for name, (type_, same, _) in DIFFERENCES.items():
            query = [(n, same(value) if types[n] == type_ else value) for n, value in its.query]
            if query != its.query:
                yield name
                its = its._replace(query=query)
        for name in Sent._fields:
            if getattr(mine, name) != getattr(its, name):
                yield f"{name}: {getattr(mine, name)!r}, the client {getattr(its, name)!r}"


def main() -> int:
    wrong: dict[str, str] = {}
    known: Counter[str] = Counter()
    operations = {operation_id: (call, sent) for operation_id, call, sent in official()}
    expected = {each.id for each in load() if each.method == "GET"}
    for name in sorted(expected ^ operations.keys()):
        wrong[name] = "is only known to one of them"
    for name in sorted(expected & operations.keys() - INSTEAD.keys()):
        for difference in differences(load().operation(name), *operations[name]):
            if difference in DIFFERENCES:
                known[difference] += 1
            else:
                wrong[name] = difference
    for name in DIFFERENCES.keys() - known.keys():
        wrong[name] = "the client has no such difference"
    for name, why in wrong.items():
        print(f"FAILED  {name}: {why}")
    for name, count in known.items():
        print(f"        {count} requests differ in {name}: {DIFFERENCES[name][2]}")
    compared = len(expected) - len(INSTEAD)
    print(f"{'FAILED ' if wrong else 'ok     '} {compared} reads, three ways each")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
