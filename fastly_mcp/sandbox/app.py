"""The sandbox as an ASGI application: its route table, and how a request finds its way."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from fastly_mcp.sandbox import account, domains, doors, errors, invented, network, purges, services
from fastly_mcp.sandbox.calls import Call, Handler, classic
from fastly_mcp.sandbox.seed import make_world
from fastly_mcp.sandbox.state import Sandbox, Token, stamp


class Access(Enum):
    """Who may call an endpoint: the scopes that open it."""

    ANYONE = frozenset[str]()
    ANY_TOKEN = frozenset({"global", "global:read", "purge_select", "purge_all"})
    READ = frozenset({"global", "global:read"})
    PURGE_SELECT = frozenset({"global", "purge_select"})
    PURGE_ALL = frozenset({"global", "purge_all"})


class Endpoint(NamedTuple):
    method: str
    path: str
    access: Access
    handler: Handler

    @property
    def is_limited(self) -> bool:
        """Whether it counts against the hourly limit, which purges by key and URL do not."""
        return self.access is Access.PURGE_ALL


READ, PURGE_SELECT, PURGE_ALL = Access.READ, Access.PURGE_SELECT, Access.PURGE_ALL

# The first match wins. A path is matched raw, because a purged URL keeps its slashes.
ENDPOINTS = [
    Endpoint(*row)
    for row in (
        ("GET", "/service", READ, services.list_services),
        ("GET", "/service/search", READ, services.search_service),
        ("GET", "/service/{service_id}", READ, services.get_service),
        ("GET", "/service/{service_id}/details", READ, services.get_details),
        ("GET", "/service/{service_id}/domain", READ, services.list_service_domains),
        ("GET", "/service/{service_id}/version", READ, services.list_versions),
        ("GET", "/service/{service_id}/version/active", READ, services.get_active_version),
        ("GET", "/service/{service_id}/version/{version}", READ, services.get_version),
        ("GET", "/service/{service_id}/version/{version}/domain", READ, services.list_domains),
        ("GET", "/service/{service_id}/version/{version}/backend", READ, services.list_backends),
        ("GET", "/service/{service_id}/version/{version}/settings", READ, services.get_settings),
        ("GET", "/domain-management/v1/domains", READ, domains.list_domains),
        ("POST", "/purge/{cached_url}", PURGE_SELECT, purges.purge_url),
        ("POST", "/service/{service_id}/purge", PURGE_SELECT, purges.purge_keys),
        ("POST", "/service/{service_id}/purge/{surrogate_key}", PURGE_SELECT, purges.purge_key),
        ("POST", "/service/{service_id}/purge_all", PURGE_ALL, purges.purge_all),
        ("GET", "/tokens/self", Access.ANY_TOKEN, account.get_token),
        ("GET", "/current_user", READ, account.get_user),
        ("GET", "/current_customer", READ, account.get_customer),
        ("GET", "/customer/{customer_id}", READ, account.get_customer_by_id),
        ("GET", "/verify", READ, account.verify),
        ("GET", "/content/edge_check", READ, network.edge_check),
        ("GET", "/datacenters", READ, network.list_datacenters),
        ("GET", "/public-ip-list", Access.ANYONE, network.list_addresses),
        ("GET", "/_sandbox/edge", Access.ANYONE, doors.look_at_edge),
        ("POST", "/_sandbox/request", Access.ANYONE, doors.request_url),
        ("POST", "/_sandbox/reset", Access.ANYONE, doors.reset),
    )
]


def pattern(path: str) -> re.Pattern[str]:
    """The regular expression of a path: `{name}` is one segment, `{cached_url}` all the rest."""
    parts = re.split(r"\{(\w+)\}", path)
    for at in range(1, len(parts), 2):
        parts[at] = f"(?P<{parts[at]}>{'.+' if parts[at] == 'cached_url' else '[^/]+'})"
    return re.compile("".join(parts), re.DOTALL)


ROUTES = [(endpoint, pattern(endpoint.path)) for endpoint in ENDPOINTS]


def raw_path(request: Request) -> str:
    """The path as it was sent: `scope["path"]` is decoded, and %2F in it a slash."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1")


NOBODY = Token("", "", (), datetime.min.replace(tzinfo=UTC))


class EveryPath(BaseRoute):
    """The one route Starlette sees: it matches decoded paths, and this table needs raw ones."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        endpoint, params = self._find(request)
        try:
            if endpoint is None:
                raise invented.outside_the_sandbox(request.method, raw_path(request))
            token = self._admit(request, endpoint)
            response = endpoint.handler(
                Call(self.sandbox, token, params, request.query_params, request.headers, body)
            )
        except errors.FastlyError as error:
            response = classic(error.body, error.status)
        # Refused changes count too; only a caller without a good token has no limit to tell of.
        if endpoint and endpoint.is_limited and response.status_code != 401:
            response.headers["Fastly-RateLimit-Remaining"] = str(self.sandbox.world.limit.remaining)
            response.headers["Fastly-RateLimit-Reset"] = str(self.sandbox.world.limit.reset)
        response.headers["Date"] = format_datetime(
            self.sandbox.world.now().astimezone(UTC), usegmt=True
        )
        await response(scope, receive, send)

    def _find(self, request: Request) -> tuple[Endpoint | None, dict[str, str]]:
        for endpoint, route in ROUTES:
            found = route.fullmatch(raw_path(request))
            if found and endpoint.method == request.method:
                params = {name: unquote(value) for name, value in found.groupdict().items()}
                if "cached_url" in params:
                    # The URL to purge is the rest of the request line, as it stands.
                    query = request.scope["query_string"].decode("latin-1")
                    params["cached_url"] = found["cached_url"] + (f"?{query}" if query else "")
                return endpoint, params
        return None, {}

    def _admit(self, request: Request, endpoint: Endpoint) -> Token:
        """The token of a request, if it is good and its scopes open the endpoint."""
        if endpoint.access is Access.ANYONE:
            return NOBODY
        token = self.sandbox.world.tokens.get(request.headers.get("Fastly-Key", ""))
        if token is None:
            raise errors.bad_credentials()
        now = self.sandbox.world.now()
        if token.expires_at and token.expires_at <= now:
            raise errors.expired(token.id, stamp(token.expires_at))
        token.last_used_at = now
        token.ip = request.client.host if request.client else None
        token.user_agent = request.headers.get("User-Agent")
        if endpoint.is_limited and not self.sandbox.world.limit.spend(now):
            raise errors.over_the_limit()
        if endpoint.access.value.isdisjoint(token.scopes):
            if token.scopes == ("global:read",):
                raise errors.read_only()
            raise errors.not_authorized()
        return token


def create_app(*, services: int = 6, now: Callable[[], datetime] | None = None) -> Starlette:
    """Make a Fastly of its own: at least the six seeded services, more if asked for.

    Serve it in process through `httpx2.ASGITransport(app=…)`, or with uvicorn (turn its own Date
    and Server headers off: the sandbox sends Fastly's).
    """
    clock = now or (lambda: datetime.now(UTC))
    sandbox = Sandbox(lambda: make_world(services=services, now=clock))
    return Starlette(routes=[EveryPath(sandbox)])
