"""One request to the sandbox, and the forms in which Fastly answers."""

import http
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.state import Sandbox, Service, Token, Version, World


@dataclass(slots=True, frozen=True)
class Call:
    sandbox: Sandbox
    token: Token
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
        return self.world.now()

    def service(self) -> Service:
        """The service in the path, if there is one and the token covers it."""
        service_id = self.params["service_id"]
        service = self.world.services.get(service_id)
        if service is None:
            raise invented.no_such_service(service_id)
        if not self.token.covers(service_id):
            raise errors.not_authorized()
        return service

    def version(self) -> Version:
        """The version in the path."""
        return numbered(self.service(), self.params["version"])

    def number(self, name: str, default: int, limit: int | None = None) -> int:
        """A positive number from the query; anything else is the default."""
        try:
            number = int(self.query[name])
        except (KeyError, ValueError):
            return default
        if number < 1:
            return default
        return number if limit is None else min(number, limit)


Handler = Callable[[Call], Response]


def numbered(service: Service, number: str) -> Version:
    """One version of a service by its number."""
    for version in service.versions:
        if str(version.number) == number:
            return version
    raise invented.no_such_version(service.id, number)


def classic(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The old control plane: two Varnishes on the way, the status repeated as a header."""
    return Response(
        json.dumps(body, separators=(",", ":")),
        status,
        {
            "Accept-Ranges": "bytes",
            "Age": "0",
            "Cache-Control": "no-store",
            "Pragma": "no-cache",
            "Server": "fastly",
            "Status": f"{status} {http.HTTPStatus(status).phrase}",
            "Strict-Transport-Security": "max-age=31536000",
            "Vary": "Accept-Encoding",
            "Via": "1.1 varnish, 1.1 varnish",
            "X-Cache": "MISS, MISS",
            "X-Cache-Hits": "0, 0",
            "X-Served-By": "cache-chi-klot8100099-CHI, cache-ams21040-AMS",
            "X-Timer": "S1757341340.148444,VS0,VE202",
        }
        | (headers or {}),
        "application/json",
    )


def resource(body: Any) -> Response:
    """The newer services: one Varnish, no Status."""
    return Response(
        json.dumps(body, separators=(",", ":")),
        200,
        {
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "Pragma": "no-cache",
            "Server": "fastly control-gateway",
            "Strict-Transport-Security": "max-age=31536000",
            "Via": "1.1 varnish",
            "X-Cache": "MISS",
            "X-Cache-Hits": "0",
            "X-Content-Type-Options": "nosniff",
            "X-Served-By": "cache-ams21040-AMS",
            "X-Timer": "S1754072329.195334,VS0,VE80",
        },
        "application/json",
    )


def cache_node(
    text: str,
    media_type: str | None = "application/json",
    headers: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    """A cache node of the edge, which answers purges by itself and names fewer headers."""
    return Response(
        text,
        status,
        {
            "Accept-Ranges": "bytes",
            "Via": "1.1 varnish",
            "X-Served-By": "cache-ams21040-AMS",
            "X-Varnish": "3089614571",
        }
        | (headers or {}),
        media_type,
    )
