"""What stands in for Fastly where read_api's requests are noted, and lists that have pages."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import anyio.lowlevel
import httpx2

from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.collecting import FILTERS
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from tests.catalog.test_catalog_paths import PLAIN, plain

TOKEN = "canary0TOKEN0value0canary0TOKEN12"
SELF = {"id": "tokenid00000000000000a", "scope": "global", "services": [], "name": "t"}


@dataclass
class Recorder(httpx2.AsyncBaseTransport):
    """Notes every request; answers with `answer`, or with what that makes of path and query."""

    answer: Any = field(default_factory=dict)
    scope: dict[str, Any] = field(default_factory=lambda: SELF)
    waits: bool = False
    """Whether answers take a moment, so that requests are under way together."""
    requests: list[httpx2.Request] = field(default_factory=list)
    of_token: list[httpx2.Request] = field(default_factory=list)
    """Those that ask what the token may do."""
    under_way: int = 0
    most_under_way: int = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/tokens/self":
            self.of_token.append(request)
            return httpx2.Response(200, json=self.scope)
        self.requests.append(request)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.waits:
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
        self.under_way -= 1
        query = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
        path = request.url.raw_path.decode().partition("?")[0]
        made = self.answer(path, query) if callable(self.answer) else self.answer
        if isinstance(made, httpx2.Response):
            return made
        return httpx2.Response(200, text=json.dumps(made))

    @property
    def targets(self) -> list[str]:
        """The paths with their queries, as they were sent."""
        return [request.url.raw_path.decode() for request in self.requests]

    @property
    def queries(self) -> list[dict[str, str]]:
        return [
            dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
            for request in self.requests
        ]


def connected(recorder: Recorder, **environ: str) -> Connection:
    """A connection that believes it speaks to api.fastly.com."""
    settings = Settings.read({"FASTLY_API_TOKEN": TOKEN, **environ})
    return Connection(settings, FastlyClient(settings.endpoint, transport=recorder, backoff=0))


def every_parameter(operation: Operation) -> dict[str, Any]:
    """A good value for every parameter of a GET."""
    params = plain(operation)
    for each in operation.parameters:
        if each.name in {"service_id", *FILTERS}:
            params[each.name] = "a1" * 11
        elif each.type == "integer" and each.required:
            params[each.name] = int(params[each.name])
        elif each.name not in params:
            value = _value(each)
            params[each.name] = [value] if each.type.startswith("[") else value
    return params


def _value(parameter: Parameter) -> Any:
    if parameter.enum:
        return parameter.enum[0]
    match parameter.type.strip("[]"):
        case "integer" | "number":
            return max(1, int(parameter.minimum or 0))
        case "boolean":
            return True
    return PLAIN.get(parameter.name) or PLAIN.get(parameter.type.strip("[]")) or "a1"


def answer_for(operation: Operation) -> Any:
    """The least that the operation may answer."""
    if operation.returns == "text":
        return httpx2.Response(200, text="text")
    if operation.items is None:
        return {}
    made: Any = []
    for name in reversed(operation.items.split(".") if operation.items else []):
        made = {name: made}
    return made
