"""API tokens of users, and what they have in common with automation tokens."""

from datetime import UTC, datetime, timedelta
from itertools import count

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.account import check_customer
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic, classic_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import optional, read
from fastly_mcp.sandbox.state import SCOPES, Row, Token, World, make_id, stamp

ACTIVE = 100
"""Tokens a user may have [agent toolkit, account-management.md]."""
SUDO = timedelta(minutes=5)
BULK = "application/vnd.api+json"


def token_row(world: World, token: Token) -> Row:
    """`scope` and `scopes` say the same; `service_id` is legacy, and names the last of several."""
    return {
        "id": token.id,
        "user_id": token.user_id,
        "customer_id": world.customer["id"],
        "name": token.name,
        "last_used_at": token.last_used_at,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "ip": token.ip,
        "user_agent": token.user_agent,
        "sudo_expires_at": token.sudo_expires_at,
        "scopes": token.scopes,
        "scope": " ".join(token.scopes),
        "services": token.services,
        "service_id": token.services[-1] if token.services else None,
    }


def get_token(call: Call) -> Response:
    if not call.token.may_read_itself:
        raise errors.not_authorized()
    return classic(token_row(call.world, call.token))


def list_tokens(call: Call) -> Response:
    """The tokens of the user who asks."""
    found = [
        token_row(call.world, token)
        for token in call.world.tokens.values()
        if token.user_id == call.token.user_id and not token.is_automation
    ]
    return classic(found)


def list_customer_tokens(call: Call) -> Response:
    check_customer(call)
    tokens = [token for token in call.world.tokens.values() if not token.is_automation]
    return classic([token_row(call.world, token) for token in tokens])


def create_token(call: Call) -> Response:
    """A new token of the user who asks. The answer alone holds its value, and has no `scopes`."""
    live = [
        token
        for token in call.world.tokens.values()
        if token.user_id == call.token.user_id
        and not token.is_automation
        and not (token.expires_at and token.expires_at <= call.stamp)
    ]
    if len(live) >= ACTIVE:
        raise invented.does_not_fit(f"a user may have {ACTIVE} tokens")
    token = make(call, call.given())
    value = keep(call, token)
    return classic(
        {
            "id": token.id,
            "name": token.name,
            "user_id": token.user_id,
            "customer_id": call.world.customer["id"],
            "service_id": token.services[-1] if token.services else None,
            "services": token.services,
            "scope": " ".join(token.scopes),
            "created_at": token.created_at,
            "updated_at": token.created_at,
            "expires_at": token.expires_at,
            "access_token": value,
        }
    )


def keep(call: Call, token: Token) -> str:
    """Keep a new token; its value begins so that it is sent over plain http."""
    for serial in count(len(call.world.tokens)):
        value = f"sandbox-{make_id(f'{token.id} {serial}', 24)}"
        if value not in call.world.tokens:
            break
    call.world.tokens[value] = token
    record(call, "token.create", name=token.name)
    return value


def make(call: Call, given: Row) -> Token:
    """A new token, which may do no more than the one that asks for it."""
    scopes = tuple(str(given.get("scope") or "global").split())
    if not scopes or not SCOPES.issuperset(scopes):
        # Documented as an error of its own [agent toolkit, account-management.md].
        raise errors.FastlyError(400, {"msg": "invalid_scope"})
    services = _services(call, given.get("services") or given.get("service_id") or [])
    with invented.fitting():
        named = read({"name": optional()}, given)
    return Token(
        id=call.world.new_id(),
        name=named.get("name") or "unnamed",
        scopes=scopes,
        user_id=call.token.user_id,
        created_at=call.stamp,
        expires_at=_expiry(call, given.get("expires_at")),
        services=services,
    )


def _services(call: Call, given: object) -> tuple[str, ...]:
    """The services that a token is limited to: one id, or several in a list or as `services[0]`.

    Invented: those of the token that asks if none are named, and no others than those.
    """
    if isinstance(given, dict):
        given = list(given.values())
    services = tuple(map(str, given if isinstance(given, list) else [given]))
    for service_id in services:
        if service_id not in call.world.services:
            raise invented.no_such_service(service_id)
        if not call.token.covers(service_id):
            raise errors.not_authorized()
    return services or call.token.services


def _expiry(call: Call, given: object) -> str | None:
    """A time in the future; 422 for any other."""
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(str(given))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=call.now.tzinfo)
        told = stamp(moment)
    except (ValueError, OverflowError):
        raise invented.bad_expiry() from None
    if moment <= call.now:
        raise invented.bad_expiry()
    return told


def enter_sudo(call: Call) -> Response:
    """Five minutes of more rights, told with an offset where all else has Z [go-fastly tokens/].

    The sandbox knows no passwords, so it takes any.
    """
    end = call.now + SUDO
    call.token.sudo_expires_at = stamp(end)
    return classic({"expiry_time": end.astimezone(UTC).isoformat(timespec="seconds")})


def revoke_itself(call: Call) -> Response:
    revoke(call, call.token.id)
    return classic_nothing()


def revoke_token(call: Call) -> Response:
    revoke(call, call.params["token_id"])
    return classic_nothing()


def revoke_tokens(call: Call) -> Response:
    """In bulk: all of them or none."""
    if not call.headers.get("Content-Type", "").startswith(BULK):
        raise invented.does_not_fit(f"the content type must be {BULK}; ext=bulk")
    data = call.json_object().get("data")
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise invented.does_not_fit("data must be a list of tokens")
    wanted = [str(each.get("id")) for each in data]
    known = {token.id for token in call.world.tokens.values()}
    for token_id in wanted:
        if token_id not in known:
            raise errors.cannot_find("token", token_id)
    for token_id in dict.fromkeys(wanted):
        revoke(call, token_id)
    return classic_nothing()


def revoke(call: Call, token_id: str) -> None:
    for value, token in call.world.tokens.items():
        if token.id == token_id:
            del call.world.tokens[value]
            record(call, "token.destroy", name=token.name)
            return
    raise errors.cannot_find("token", token_id)
