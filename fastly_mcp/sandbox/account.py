"""Who is asking: token, user and customer."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.calls import Call, classic
from fastly_mcp.sandbox.state import stamp


def get_token(call: Call) -> Response:
    """The token that asks; `scope` and `scopes` say the same, `service_id` is legacy."""
    token = call.token
    if not token.may_read_itself:
        raise errors.not_authorized()
    return classic(
        {
            "id": token.id,
            "user_id": call.world.user["id"],
            "customer_id": call.world.customer["id"],
            "name": token.name,
            "last_used_at": token.last_used_at and stamp(token.last_used_at),
            "created_at": stamp(token.created_at),
            "expires_at": token.expires_at and stamp(token.expires_at),
            "ip": token.ip,
            "user_agent": token.user_agent,
            "sudo_expires_at": None,
            "scopes": token.scopes,
            "scope": " ".join(token.scopes),
            "services": token.services,
            "service_id": token.services[-1] if token.services else None,
        }
    )


def get_user(call: Call) -> Response:
    return classic(call.world.user)


def get_customer(call: Call) -> Response:
    return classic(call.world.customer)


def get_customer_by_id(call: Call) -> Response:
    customer_id = call.params["customer_id"]
    if customer_id != call.world.customer["id"]:
        raise invented.no_such_customer(customer_id)
    return classic(call.world.customer)


def verify(call: Call) -> Response:
    """Undocumented, but what `fastly whoami` asks."""
    user, token = call.world.user, call.token
    return classic(
        {
            "customer": {key: call.world.customer[key] for key in ("id", "name")},
            "user": {key: user[key] for key in ("id", "name", "login")},
            "services": {
                service.id: service.name
                for service in call.world.services.values()
                if token.covers(service.id)
            },
            "token": {
                "id": token.id,
                "name": token.name,
                "created_at": stamp(token.created_at),
                "expires_at": token.expires_at and stamp(token.expires_at),
                "scope": " ".join(token.scopes),
            },
        }
    )
