"""The forms in which Fastly's services answer: bodies and the headers that come with them."""

import http
import json
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

Headers = dict[str, str]

CLASSIC = {
    "Accept-Ranges": "bytes",
    "Age": "0",
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Server": "fastly",
    "Strict-Transport-Security": "max-age=31536000",
    "Vary": "Accept-Encoding",
    "Via": "1.1 varnish, 1.1 varnish",
    "X-Cache": "MISS, MISS",
    "X-Cache-Hits": "0, 0",
    "X-Served-By": "cache-chi-klot8100099-CHI, cache-ams21040-AMS",
    "X-Timer": "S1757341340.148444,VS0,VE202",
}
STATUS = {status.value: f"{status.value} {status.phrase}" for status in http.HTTPStatus}
NEWER = {
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
}
NODE = {
    "Accept-Ranges": "bytes",
    "Via": "1.1 varnish",
    "X-Served-By": "cache-ams21040-AMS",
    "X-Varnish": "3089614571",
}
JSON = "application/json"
JSON_API = "application/vnd.api+json"
PROBLEM = "application/problem+json"
OK = {"status": "ok"}


def dumped(body: Any) -> bytes:
    """JSON as the control plane writes it: &, < and > escaped [go-fastly */cleanup.yaml]."""
    text = to_json(body)
    for sign, escape in ((b"&", b"\\u0026"), (b"<", b"\\u003c"), (b">", b"\\u003e")):
        text = text.replace(sign, escape)
    return text


def classic(
    body: Any, status: int = 200, headers: Headers | None = None, media_type: str = JSON
) -> Response:
    """The old control plane: two Varnishes on the way, the status repeated as a header."""
    return Response(
        dumped(body), status, CLASSIC | {"Status": STATUS[status]} | (headers or {}), media_type
    )


def classic_nothing(status: int = 204) -> Response:
    """The old control plane's answer without a body."""
    return Response(None, status, CLASSIC | {"Status": STATUS[status]})


def newer(
    body: Any, status: int = 200, headers: Headers | None = None, media_type: str = JSON
) -> Response:
    """The newer services: one Varnish, no Status."""
    return Response(dumped(body), status, NEWER | (headers or {}), media_type)


def newer_nothing(status: int = 204, media_type: str | None = None) -> Response:
    """A newer service's answer without a body; some name a Content-Type all the same."""
    return Response(None, status, NEWER, media_type)


def json_api(body: Any, status: int = 200) -> Response:
    """TLS and the other JSON:API families."""
    return newer(body, status, media_type=JSON_API)


def cache_node(
    text: str,
    media_type: str | None = JSON,
    headers: Headers | None = None,
    *,
    status: int = 200,
) -> Response:
    """A cache node of the edge, which answers purges by itself and names fewer headers."""
    return Response(text, status, NODE | (headers or {}), media_type)


def quoted(text: str) -> str:
    """One string as JSON."""
    return json.dumps(text)
