"""A client whose answers are noted, and how it provokes those about the objects of versions."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2

from fastly_mcp.sandbox import create_app
from tests.sandbox.recorded import Answer, Entry

SERVICE = "/service/{id}"
VERSION = "/service/{id}/version/{n}"
Notes = dict[str, list[Answer]]
"""What was answered, by method, path template and status."""


class NotThereError(Exception):
    """The sandbox does not have an endpoint."""


class Tour:
    """A client that is told path templates and what stands for their `{…}`."""

    def __init__(self, client: httpx2.AsyncClient, notes: Notes) -> None:
        self.client, self.notes = client, notes

    async def __call__(self, line: str, *ids: object, **request: Any) -> Any:
        """Send a request, note the answer, return its JSON."""
        method, template = line.split(" ")
        left = iter(ids)
        path = re.sub(r"\{\w+\}", lambda _: quote(str(next(left)), safe=""), template)
        response = await self.client.request(method, path, **request)
        if response.status_code == 501:
            raise NotThereError(line)
        answer = Answer(response.headers.get("Content-Type"), response.content)
        self.notes.setdefault(f"{line} {response.status_code}", []).append(answer)
        try:
            return response.json()
        except ValueError:
            return None

    async def service(self, kind: str = "vcl") -> str:
        """The id of a new service."""
        given = {"name": f"toured {kind}", "type": kind, "comment": "for a tour"}
        return str((await self("POST /service", data=given))["id"])


Visit = Callable[[Tour], Coroutine[Any, Any, None]]


@asynccontextmanager
async def touring(notes: Notes) -> AsyncIterator[Tour]:
    """A tour through a sandbox of its own, whose clock stands still."""
    app = create_app(now=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, client=("192.0.2.7", 4711)),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox", "User-Agent": "tests"},
    ) as client:
        yield Tour(client, notes)


# The kinds of versioned objects: all alike, so what is sent follows from what was recorded.

TOLD = frozenset(
    {"created_at", "updated_at", "deleted_at", "service_id", "version", "id", "name"}
    | {"feature_revision", "feature_update_available", "format_version"}
)
"""What nobody sets, or what is set apart."""
VALUES = {
    "action": "set",
    "address": "origin.larkspur.example",
    "auth_method": "plain",
    "cache_settings/action": "pass",
    "check_interval": "1000",
    "client_key": "req.http.Fastly-Client-IP",
    "compression_codec": "gzip",
    "condition/type": "REQUEST",
    "header/type": "request",
    "headers": "X-Check: 1",
    "host": "www.larkspur.example",
    "http_methods": "GET",
    "http_version": "1.1",
    "log_processing_region": "eu",
    "logger_type": "syslog",
    "logging/cloudfiles/region": "LON",
    "message_type": "blank",
    "method": "POST",
    "placement": "none",
    "pool/type": "random",
    "rate-limiters/action": "response",
    "region": "EU",
    "request_settings/action": "pass",
    "resource_type": "kv-store",
    "rps_limit": "10",
    "snippet/type": "recv",
    "statement": 'req.url ~ "^/sale"',
    "url": "https://logs.larkspur.example/",
    "xff": "append",
}


def kinds(recorded: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """The kinds that were recorded, and what of each."""
    found: dict[str, list[Entry]] = {}
    for entry in recorded:
        under = re.fullmatch(
            rf"{re.escape(VERSION)}/((?:logging/)?[\w-]+)(?:/\{{(?:name|id)\}})?", entry.path
        )
        if under:
            found.setdefault(under[1], []).append(entry)
    for kind, those in found.items():
        if kind == "rate-limiters" or any(entry.path.endswith("}") for entry in those):
            yield kind, those


def body(kind: str, shape: dict[str, Any], *, clears: bool = False) -> dict[str, Any]:
    """A form that makes an object of a recorded type; `clears` sends what is to be empty."""
    fields: dict[str, Any] = {}
    for name, form in shape.items():
        if name in TOLD:
            continue
        match form:
            case "str":
                fields[name] = VALUES.get(f"{kind}/{name}", VALUES.get(name, "text"))
            case "int" | "numstr" | "bool":
                fields[name] = VALUES.get(name, "1")
            case 'str""' | "null" if clears:
                fields[name] = ""
            case [_]:
                fields[name] = [VALUES.get(name, "text")]
            case dict():
                fields |= {f"{name}[{key}]": value for key, value in body(kind, form).items()}
    if fields.get("compression_codec"):
        # The two exclude each other.
        fields.pop("gzip_level", None)
    if kind == "snippet":
        # What is dynamic has no content of its own.
        fields["dynamic"] = "0" if "content" in fields else "1"
    return fields


def visit_kind(kind: str, recorded: list[Entry]) -> Visit:
    """Provoke what was recorded of a kind, each in a version of its own."""
    base = f"{VERSION}/{kind}"
    shapes = {entry.line: entry.shape for entry in recorded}

    async def visit(tour: Tour) -> None:
        service_id = await tour.service()
        for entry in recorded:
            number = (await tour(f"POST {SERVICE}/version", service_id))["number"]
            at: tuple[object, ...] = (service_id, number)
            shape = entry.shape[0] if isinstance(entry.shape, list) else entry.shape
            if entry.status != 200 or entry.method in {"DELETE", "PUT"}:
                shape = shapes[f"GET {entry.path} 200"] if entry.path != base else {}
            name = "with-hyphens" if entry.line == f"POST {base} 400" else "Toured"
            given = {"name": name} | body(kind, shape)
            named = (*at, name) if entry.path != base else at
            if entry.status == 404:
                await tour(f"{entry.method} {entry.path}", *named)
                continue
            made = await tour(f"POST {base}", *at, data=given)
            if entry.path.endswith("{id}"):
                named = (*at, made["id"])
            if entry.line == f"PUT {entry.path} 200":
                changed = body(kind, entry.shape, clears=True)
                await tour(f"PUT {entry.path}", *named, data=changed)
            elif entry.method == "PUT":
                await tour(f"PUT {entry.path}", *named, data={"format_version": "two"})
            elif entry.method != "POST":
                await tour(f"{entry.method} {entry.path}", *named)

    visit.__name__ = kind
    return visit
