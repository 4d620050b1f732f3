"""The edge as an HTTP server: it serves the services' domains, and takes PURGE.

Which POP a visitor reaches is Amsterdam unless the header `Sandbox-POP` names another one.
"""

import json
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import cache_node, classic
from fastly_mcp.sandbox.edge.cache import Address, Served, address
from fastly_mcp.sandbox.edge.network import response_headers, shield_of
from fastly_mcp.sandbox.edge.pages import BODILESS
from fastly_mcp.sandbox.edge.pops import POPS, Pop
from fastly_mcp.sandbox.edge.purges import purge_address
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.services import vcl
from fastly_mcp.sandbox.state import Service, stamp

POP_HEADER = "Sandbox-POP"


def edge_app(sandbox: Sandbox) -> ASGIApp:
    """Make the ASGI app of the edge."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        query = scope["query_string"].decode("latin-1")
        # `OPTIONS *` is about the whole host.
        path = "/" if scope["raw_path"] == b"*" else scope["raw_path"].decode("latin-1")
        headers = Headers(scope=scope)
        where = address(f"{headers.get('Host', '')}{path}{'?' * bool(query)}{query}")
        sandbox.changes += 1
        try:
            response = _answer(sandbox, scope["method"], headers, where)
        except errors.FastlyError as error:
            response = classic(error.body, error.status)
        sandbox.note(scope["method"], f"//{where.host}{path}", query, status=response.status_code)
        await response(scope, receive, send)

    return app


def _answer(sandbox: Sandbox, method: str, headers: Headers, where: Address) -> Response:
    if len(where.host) > invented.HOST_LENGTH:
        return Response(invented.HOST_IS_TOO_LONG, 400, media_type="text/plain")
    service = sandbox.world.service_at(where.host)
    if service is None:
        return Response(invented.unknown_domain(where.host), 500, media_type="text/html")
    if method == "PURGE":
        return _purge(sandbox, service, headers, where)
    pop = _pop(headers)
    if pop is None:
        return Response(f"There is no POP {headers[POP_HEADER]!r}.\n", 400)
    now = sandbox.now()
    edge, shield = sandbox.world.edge, shield_of(service)
    if method in {"GET", "HEAD"}:
        served, *_ = edge.visit(where, service.id, now.timestamp(), [pop], shield)
    else:
        served = edge.passed(where, service.id, pop)
    told = response_headers(now, where, served, is_debugged="Fastly-Debug" in headers)
    bare = method == "HEAD" or served.page.status in BODILESS
    return Response(None if bare else content(where.url, served), served.page.status, told)


def _pop(headers: Headers) -> Pop | None:
    code = headers.get(POP_HEADER, POPS[0].code).upper()
    return next((pop for pop in POPS if pop.code == code), None)


def _purge(sandbox: Sandbox, service: Service, headers: Headers, where: Address) -> Response:
    """PURGE needs no token unless the service's VCL asks for one.

    [guides, authenticating-api-purge-requests.]
    """
    token_id, guard = "", vcl.guard(service)
    if guard.needs_token:
        token = sandbox.world.tokens.get(headers.get("Fastly-Key", ""))
        now = stamp(sandbox.now())
        if token is None or (token.expires_at and token.expires_at <= now):
            raise errors.bad_credentials()
        if not token.covers(service.id) or not {"global", "purge_select"} & {*token.scopes}:
            raise errors.not_authorized()
        token_id = token.id
    elif service.type == "wasm":
        # A Compute program has to hand PURGE on itself; this one does not.
        return cache_node(json.dumps({"msg": HTTPStatus.METHOD_NOT_ALLOWED.phrase}), status=405)
    if not sandbox.world.limits.purges().spend(sandbox.now()):
        raise errors.over_the_limit()
    is_soft = "Fastly-Soft-Purge" in headers
    return purge_address(sandbox, service, where, token_id, guard.refusal, soft=is_soft)


def content(url: str, served: Served) -> bytes:
    """What the origin has: as many bytes as the page says, the same for the same edition."""
    page = served.page
    if "json" in page.content_type:
        head = json.dumps({"url": url, "edition": served.edition, "text": ""})[:-2]
        line, tail = "Nothing is as bright as a lamp in a window. ", '"}\n'
    elif page.content_type.startswith("text/html"):
        head = f"<!doctype html>\n<title>{page.status}</title>\n<p>Edition {served.edition}</p>\n"
        line, tail = "<p>Nothing is as bright as a lamp in a window.</p>\n", ""
    else:
        head, tail = f"/* edition {served.edition}\n", "*/\n"
        line = "Nothing is as bright as a lamp in a window.\n"
    room = max(0, page.size - len(head) - len(tail))
    filling = (line * (room // len(line) + 1))[:room]
    return f"{head}{filling}{tail}"[: page.size].encode()
