"""The users of the account."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.account import check_customer
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import defaults, flag, optional_flag, read, text
from fastly_mcp.sandbox.state import ROLES, Row, World

FIELDS = {
    "name": text(),
    "login": text(),
    "role": text("user"),
    "limit_services": flag(),
    "locked": optional_flag(),
    "require_new_password": optional_flag(),
    "two_factor_auth_enabled": optional_flag(),
}


def make_user(customer_id: str, user_id: str, at: str, given: Row) -> Row:
    """A user as Fastly shows one; null where nobody said anything [go-fastly users/create]."""
    return {
        **defaults(FIELDS),
        **read(FIELDS, given),
        "id": user_id,
        "customer_id": customer_id,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
        "last_active_at": None,
    }


def list_users(call: Call) -> Response:
    check_customer(call)
    return classic(list(call.world.users.values()))


def create_user(call: Call) -> Response:
    given = {"login": "", **_given(call)}
    _check_login(call, given["login"])
    user = make_user(call.world.customer["id"], call.world.new_id(), call.stamp, given)
    call.world.users[user["id"]] = user
    record(call, "user.create", name=user["login"])
    return classic(user)


def _check_login(call: Call, login: str) -> None:
    if "@" not in login:
        raise invented.does_not_fit("login must be an e-mail address")
    if any(user["login"] == login for user in call.world.users.values()):
        raise errors.duplicate("user", login)


def _given(call: Call) -> Row:
    with invented.fitting():
        given = read(FIELDS, call.given())
    if given.get("role", "user") not in ROLES:
        raise invented.does_not_fit("role is unknown")
    return given


def find(world: World, user_id: str) -> Row:
    user = world.users.get(user_id)
    if user is None:
        raise errors.cannot_find("user", user_id)
    return user


def get_user(call: Call) -> Response:
    return classic(find(call.world, call.params["user_id"]))


def update_user(call: Call) -> Response:
    user, given = find(call.world, call.params["user_id"]), _given(call)
    if given.get("login", user["login"]) != user["login"]:
        _check_login(call, given["login"])
    call.world.users[user["id"]] = user | given | {"updated_at": call.stamp}
    record(call, "user.update", name=user["login"])
    return classic(call.world.users[user["id"]])


def delete_user(call: Call) -> Response:
    """The user's tokens go with them; nobody deletes themselves."""
    user = find(call.world, call.params["user_id"])
    if user["id"] == call.token.user_id:
        raise invented.does_not_fit("you cannot delete yourself")
    del call.world.users[user["id"]]
    for value, token in list(call.world.tokens.items()):
        if token.user_id == user["id"]:
            del call.world.tokens[value]
    record(call, "user.destroy", name=user["login"])
    return classic(OK)


def request_password_reset(call: Call) -> Response:
    """Mails nobody, and tells nobody whether there is such a user, which is invented."""
    return classic(OK)
