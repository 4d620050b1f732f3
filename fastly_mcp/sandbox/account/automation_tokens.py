"""Automation tokens, which answer in three different shapes.

The list says `scopes` and means text, one alone says `scope` and has no services, and a new one has
"" where the others have null [go-fastly automation_tokens/].
"""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.tokens import keep, make, revoke, token_row
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import numbered_page
from fastly_mcp.sandbox.state import ROLES, Row, Token, World


def _find(call: Call) -> Token:
    for token in call.world.tokens.values():
        if token.is_automation and token.id == call.params["token_id"]:
            return token
    raise errors.cannot_find("token", call.params["token_id"])


def _listed(world: World, token: Token) -> Row:
    row = token_row(world, token)
    del row["user_id"], row["scope"]
    return row | {
        "access_token": "",
        "creator_id": token.user_id,
        "role": token.role,
        "scopes": " ".join(token.scopes),
        "tls_access": False,
    }


def list_tokens(call: Call) -> Response:
    found = [token for token in call.world.tokens.values() if token.is_automation]
    page, meta = numbered_page(call, found)
    return newer({"data": [_listed(call.world, token) for token in page], "meta": meta})


def create_token(call: Call) -> Response:
    given = call.given()
    role = str(given.get("role") or "engineer")
    if role not in ROLES:
        raise invented.does_not_fit("role is unknown")
    token = make(call, given)
    token.is_automation, token.role = True, role
    value = keep(call, token)
    return newer(
        {
            "id": token.id,
            "name": token.name,
            "customer_id": call.world.customer["id"],
            "role": role,
            "scope": " ".join(token.scopes),
            "services": token.services,
            "created_at": token.created_at,
            "expires_at": token.expires_at or "",
            "ip": "",
            "last_used_at": "",
            "user_agent": "",
            "tls_access": False,
            "access_token": value,
        }
    )


def get_token(call: Call) -> Response:
    token = _find(call)
    return newer(
        {
            "id": token.id,
            "name": token.name,
            "role": token.role,
            "scope": " ".join(token.scopes),
            "services": None,
            "created_at": token.created_at,
            "expires_at": token.expires_at,
            "ip": token.ip,
            "last_used_at": token.last_used_at,
            "user_agent": token.user_agent,
            "access_token": "",
        }
    )


def list_services(call: Call) -> Response:
    token = _find(call)
    data = [each for each in token.services if each in call.world.services]
    page, meta = numbered_page(call, data)
    return newer({"data": page, "meta": meta})


def revoke_token(call: Call) -> Response:
    revoke(call, _find(call).id)
    return newer_nothing()
