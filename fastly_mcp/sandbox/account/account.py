"""Who is asking: the user, the customer, and what `fastly whoami` asks for."""

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.errors import cannot_find
from fastly_mcp.sandbox.services.services import within_reach


def get_user(call: Call) -> Response:
    return classic(call.world.users[call.token.user_id])


def get_customer(call: Call) -> Response:
    return classic(call.world.customer)


def check_customer(call: Call) -> None:
    """404 for another customer than one's own."""
    customer_id = call.params["customer_id"]
    if customer_id != call.world.customer["id"]:
        raise cannot_find("customer", customer_id)


def get_customer_by_id(call: Call) -> Response:
    check_customer(call)
    return classic(call.world.customer)


def verify(call: Call) -> Response:
    """Undocumented, but what `fastly whoami` asks."""
    user, token = call.world.users[call.token.user_id], call.token
    return classic(
        {
            "customer": {key: call.world.customer[key] for key in ("id", "name")},
            "user": {key: user[key] for key in ("id", "name", "login")},
            "services": {service.id: service.name for service in within_reach(call)},
            "token": {
                "id": token.id,
                "name": token.name,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "scope": " ".join(token.scopes),
            },
        }
    )


def get_sign_on(call: Call) -> Response:
    """Single sign-on, which no sandbox has.

    The CLI asks before most commands, at the account's host; it puts up with a 404, not with a 5xx.
    """
    raise invented.no_sign_on()
