"""Requests to every path of the sandbox, with what may be found there and what may be read."""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import CodeType, FunctionType
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import TypeAdapter
from starlette.types import ASGIApp, Message, Scope

from fastly_mcp.sandbox.routes import ENDPOINTS
from fastly_mcp.sandbox.routing import Endpoint
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.account import builtin, make_world
from fastly_mcp.sandbox.services.fields import Field
from fastly_mcp.sandbox.services.kinds import Kind
from fastly_mcp.sandbox.services.members import Members
from fastly_mcp.sandbox.state import World

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORLD = TypeAdapter(World)
WORD = re.compile(r"[a-z][A-Za-z0-9_.\[\]-]{1,40}")


class Request(NamedTuple):
    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def scope(self) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": self.path,
            "raw_path": self.path.encode("utf-8"),
            "query_string": self.query.encode("utf-8"),
            "headers": [
                (name.lower().encode(), value.encode("utf-8")) for name, value in self.headers
            ],
            "server": None,
            "client": None,
            "root_path": "",
        }


class Answer(NamedTuple):
    status: int
    body: bytes


@cache
def start() -> bytes:
    """The built-in world with limits that no test reaches, as a state file holds it."""
    limits = builtin().limits.model_copy(update={"changes_per_hour": 10**9})
    seed = builtin().model_copy(update={"limits": limits})
    return WORLD.dump_json(make_world(NOW, seed))


def fresh() -> Sandbox:
    return Sandbox(lambda _: WORLD.validate_json(start()), lambda: NOW)


def check_dump(sandbox: Sandbox) -> None:
    """What a sandbox holds can be written down and read again, all of it."""
    assert WORLD.validate_json(WORLD.dump_json(sandbox.world)) == sandbox.world


async def send(app: ASGIApp, request: Request) -> Answer:
    """Straight into ASGI: no client that would mend the request first."""
    statuses, parts = [], []

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            parts.append(message.get("body", b""))

    await app(request.scope, receive, take)
    (status,) = statuses
    return Answer(int(status), b"".join(parts))


def ask(app: ASGIApp, request: Request) -> Answer:
    """The same for tests that are not async: one event loop serves them all."""
    return runner().run(send(app, request))


@cache
def runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def parameters() -> dict[str, tuple[str, ...]]:
    """What each parameter of a path may hold so that something is found there."""
    world = WORLD.validate_json(start())
    containers = [each for service in world.services.values() for each in service.members]
    members = [
        each
        for service in world.services.values()
        for rows in service.members.values()
        for each in rows
    ]
    names = {
        str(row[field])
        for service in world.services.values()
        for version in service.versions[-2:]
        for rows in version.objects.values()
        for row in rows
        for field in ("name", "id")
        if field in row
    }
    known: dict[str, list[str]] = {
        "service_id": list(world.services),
        "version": ["4", "3", "1"],
        "from": ["1", "3"],
        "to": ["4"],
        "container_id": containers,
        "member_id": members,
        "name": sorted(names),
        "backend": ["origin-eu", "origin-us"],
        "environment": ["staging"],
        "customer_id": [str(world.customer["id"])],
        "user_id": list(world.users),
        "token_id": [token.id for token in world.tokens.values()],
        "event_id": [str(event["id"]) for event in world.events],
        "cached_url": ["https://www.larkspur.example/"],
        "surrogate_key": ["home"],
    }
    rest = sorted(
        {
            key
            for rows in world.collections.values()
            for row in rows.values()
            for key in (str(row["id"]), str(row.get("name") or row["id"]))
        }
    )
    found = {}
    for endpoint in ENDPOINTS:
        for name in re.findall(r"\{(\w+)\}", endpoint.path):
            noun = name.removesuffix("_id").removesuffix("_name")
            own = [
                each
                for collection, rows in world.collections.items()
                if noun in collection or collection.rstrip("s") in noun
                for row in rows.values()
                for each in (row["id"], row.get("name"))
                if isinstance(each, str)
            ]
            found[name] = tuple(known.get(name) or own or rest)
    return found


def filled(endpoint: Endpoint, choose: Callable[[tuple[str, ...]], str]) -> str:
    """The endpoint's path, its parameters as they are chosen."""

    def fill(match: re.Match[str]) -> str:
        value = choose(parameters()[match[1]])
        return value if match[1] == "cached_url" else quote(value, safe="")

    return re.sub(r"\{(\w+)\}", fill, endpoint.path)


@cache
def own_fields(endpoint: Endpoint) -> dict[str, Field]:
    """The fields of the kind that an endpoint is about, if it is one of many alike."""
    handler: Any = endpoint.handler
    for each in (*getattr(handler, "args", ()), getattr(handler, "__self__", None)):
        if isinstance(each, Kind | Members):
            return each.fields
    return {}


def words(endpoint: Endpoint) -> tuple[str, ...]:
    """Names of fields and parameters that an endpoint may read.

    They are the texts in its handler's module and the fields of what that module imports, so that
    no family needs a list of its own.
    """
    handler: Any = endpoint.handler
    found = {"name", *own_fields(endpoint)}
    module = sys.modules[getattr(handler, "func", handler).__module__]
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            found |= set(_texts(value.__code__))
        elif isinstance(value, Members):
            found |= value.fields.keys()
        elif is_dataclass(value):
            found |= {each.name for each in fields(value)}
        elif isinstance(value, dict):
            found |= {str(key) for key, each in value.items() if isinstance(each, Field)}
        elif name.isupper() and isinstance(value, frozenset | tuple):
            found |= {each for each in value if isinstance(each, str)}
    return tuple(sorted(word for word in found if WORD.fullmatch(word)))


def _texts(code: CodeType) -> Iterator[str]:
    for const in code.co_consts:
        if isinstance(const, str):
            yield const
        elif isinstance(const, tuple | frozenset):
            yield from (each for each in const if isinstance(each, str))
        elif isinstance(const, CodeType):
            yield from _texts(const)
