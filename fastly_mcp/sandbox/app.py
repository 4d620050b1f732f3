"""The sandbox as an ASGI application: how a request is let in, limited, answered and noted."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import classic, newer
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.routes import ROOT
from fastly_mcp.sandbox.routing import Access, Endpoint, Side, find
from fastly_mcp.sandbox.sandbox import Sandbox
from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.state import Limit, Token, World, stamp

DOOR_HEADER = "Sandbox-Door"
"""What the sandbox's own doors need: a header that no web form can send."""
DOORS = "/_sandbox/"
LARGEST = 100 * 2**20
"""Bytes of a body: packages and values of KV stores have smaller limits of their own."""
READS = {"GET", "HEAD", "OPTIONS"}
NOBODY = Token("", "", (), "", "")


class EveryPath(BaseRoute):
    """The one route Starlette sees: it matches decoded paths, and this tree needs raw ones."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        # `scope["path"]` is decoded, and %2F in it a slash.
        path = scope["raw_path"].decode("latin-1")
        try:
            body = await read_body(receive)
        except ClientDisconnect:
            return
        if body is None:
            refused = invented.too_large(LARGEST)
            await classic(refused.body, refused.status)(scope, receive, send)
            return

        method, query = scope["method"], scope["query_string"].decode("latin-1")
        fault = None if path.startswith(DOORS) else self.sandbox.faults.take(method, path)

        def answer() -> Response:
            response, token = self._answer(scope, path, query, body)
            self.sandbox.changes += method not in READS
            if not path.startswith(DOORS):
                self.sandbox.note(
                    method,
                    path,
                    query,
                    status=response.status_code,
                    token=token.name,
                    fault=fault,
                )
            return response

        if fault is None:
            await answer()(scope, receive, send)
            return
        if not fault.answers:
            self.sandbox.note(method, path, query, status=None, fault=fault)
        await fault.play(answer, scope, receive, send)

    def _answer(self, scope: Scope, path: str, query: str, body: bytes) -> tuple[Response, Token]:
        """What Fastly answers, and to whose token."""
        is_head, headers = scope["method"] == "HEAD", Headers(scope=scope)
        method = "GET" if is_head else scope["method"]
        endpoint, params = find(ROOT, method, path)
        if "cached_url" in params and query:
            # The URL to purge is the rest of the request line, as it stands.
            params["cached_url"] += f"?{query}"
        token, limit = NOBODY, None
        try:
            if endpoint is None:
                raise invented.outside_the_sandbox(method, path)
            token = self._admit(headers, endpoint)
            limit = self._limit(endpoint, token)
            if limit and not limit.spend(self.sandbox.now()):
                raise errors.over_the_limit()
            self._allow(endpoint, token)
            if token is not NOBODY:
                token.last_used_at = stamp(self.sandbox.now())
                token.ip = scope["client"][0] if scope.get("client") else None
                token.user_agent = headers.get("User-Agent")
            response = endpoint.handler(
                Call(self.sandbox, token, method, path, params, QueryParams(query), headers, body)
            )
        except errors.FastlyError as error:
            send = newer if endpoint and endpoint.side is Side.NEWER else classic
            response = send(error.body, error.status, media_type=error.media_type)
        now = self.sandbox.now()
        if limit and endpoint and endpoint.side is Side.CLASSIC:
            # Refused changes count too.
            response.headers["Fastly-RateLimit-Remaining"] = str(limit.remaining)
            response.headers["Fastly-RateLimit-Reset"] = str(limit.reset)
        if is_head:
            # The headers tell of the body that GET would have.
            response.body = b""
        response.headers["Date"] = format_datetime(now.astimezone(UTC), usegmt=True)
        return response, token

    def _admit(self, headers: Headers, endpoint: Endpoint) -> Token:
        """The token of a request, if it is good."""
        if endpoint.side is Side.DOOR:
            if headers.get(DOOR_HEADER) != "1":
                raise invented.door_is_shut(DOOR_HEADER)
            return NOBODY
        token = self.sandbox.world.tokens.get(headers.get("Fastly-Key", ""))
        if endpoint.access is Access.ANYONE:
            return NOBODY
        if token is None:
            raise errors.bad_credentials()
        if token.expires_at and token.expires_at <= stamp(self.sandbox.now()):
            raise errors.expired(token.id, token.expires_at)
        return token

    def _limit(self, endpoint: Endpoint, token: Token) -> Limit | None:
        """What a change counts against."""
        limits = self.sandbox.world.limits
        if endpoint.access is Access.PURGE_SELECT:
            return limits.purges()
        if endpoint.method not in READS and endpoint.side is not Side.DOOR:
            return limits.changes(token.user_id)
        return None

    def _allow(self, endpoint: Endpoint, token: Token) -> None:
        """Refuse a token whose scopes do not open the endpoint."""
        if endpoint.access is Access.ANYONE or not endpoint.access.value.isdisjoint(token.scopes):
            return
        raise errors.read_only() if token.scopes == ("global:read",) else errors.not_authorized()


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, None if it is too large. Raises ClientDisconnect if not all of it comes."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def app_of(sandbox: Sandbox) -> Starlette:
    """Make the ASGI app of one sandbox's API."""
    return Starlette(routes=[EveryPath(sandbox)])


def create_app(
    *,
    services: int = 6,
    now: Callable[[], datetime] | None = None,
    make: Callable[[datetime], World] | None = None,
) -> Starlette:
    """Make a Fastly of its own: at least the six built-in services, more if asked for.

    `make` gives another world to start from than the built-in one. Serve it in process through
    `httpx2.ASGITransport(app=…)`, or by itself with `fastly-mcp sandbox`.
    """
    clock = now or (lambda: datetime.now(UTC))
    return app_of(Sandbox(make or (lambda at: make_world(at, services=services)), clock))
