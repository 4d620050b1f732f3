"""The grant is asked for on the first need, believed for a while, and never sticks."""

import re
from pathlib import Path

import anyio
import pytest

from fastly_mcp.api.grant import Grant
from fastly_mcp.errors import APIError, ConfigError, NotAuthorized
from fastly_mcp.scopes import Scope
from tests.api.upstream import SELF, Clock, Upstream, down, never, purge
from tests.api.wire import answer_json
from tests.conftest import SHOP, Connect

pytestmark = pytest.mark.anyio

PURGES = (Scope.PURGE_SELECT, Scope.PURGE_ALL)
SHORT = {"read": Scope.GLOBAL_READ, "select": Scope.PURGE_SELECT, "all": Scope.PURGE_ALL}


def permitted(grant: Grant) -> str:
    return " ".join(word for word, scope in SHORT.items() if grant.permits(scope))


@pytest.mark.parametrize(
    ("token", "scopes"),
    [
        ("sandbox", "read select all"),
        ("sandbox-read", "read"),
        ("sandbox-purge-select", "select"),
        ("sandbox-purge-all", "all"),
        ("sandbox-read-purge-select", "read select"),
        ("sandbox-one-service", "read select all"),
        ("sandbox-expiring", "read select"),
    ],
)
async def test_the_grant_is_what_the_token_may_do(
    connect: Connect, token: str, scopes: str
) -> None:
    grant = await connect(FASTLY_API_TOKEN=token).grant()
    assert permitted(grant) == scopes
    assert grant.reason == ""
    assert grant.services == ({SHOP} if token == "sandbox-one-service" else None)
    assert grant.token is not None
    assert grant.token.name == token


async def test_nothing_is_asked_before_the_first_need() -> None:
    upstream = Upstream()
    upstream.connection()
    assert upstream.seen == []


async def test_a_grant_is_believed_for_60_s() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock)
    await connection.grant()
    clock.now += 59.9
    await connection.grant()
    assert upstream.asked() == 1
    clock.now += 0.2
    await connection.grant()
    assert upstream.asked() == 2


async def test_grants_asked_for_at_the_same_moment_are_one_request() -> None:
    upstream = Upstream()
    connection = upstream.connection()
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(connection.grant)
    assert upstream.asked() == 1


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("call", ["get", "post", "lookup"])
async def test_a_grant_is_asked_for_again_after_a_401_or_403(status: int, call: str) -> None:
    upstream = Upstream()
    connection = upstream.connection()
    await connection.grant()
    upstream.instead = {"/x": down(status), f"/service/{SHOP}": down(status)}
    if call == "get":
        with pytest.raises(NotAuthorized):
            await connection.get("/x")
    elif call == "post":
        with pytest.raises(NotAuthorized):
            await purge(connection, "/x")
    elif status == 401:
        with pytest.raises(NotAuthorized):
            await connection.services.by_id(SHOP)
    else:
        assert await connection.services.by_id(SHOP) is None
    assert upstream.asked() == 1
    await connection.grant()
    assert upstream.asked() == 2
    await connection.grant()
    assert upstream.asked() == 2


@pytest.mark.parametrize("status", [404, 429, 500])
async def test_other_errors_do_not_put_the_grant_in_doubt(status: int) -> None:
    upstream = Upstream()
    connection = upstream.connection()
    await connection.grant()
    upstream.instead = {"/x": down(status)}
    with pytest.raises(APIError):
        await connection.get("/x")
    await connection.grant()
    assert upstream.asked() == 1


async def test_the_last_known_grant_serves_for_5_minutes_and_then_reading_stays() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock)
    known = await connection.grant()
    upstream.instead = {SELF: down()}
    clock.now += 299
    assert await connection.grant() == known
    clock.now += 2
    grant = await connection.grant()
    assert permitted(grant) == "read"
    assert grant.why_not(Scope.PURGE_ALL) == (
        "Fastly could not be asked what the token may do (503 Service Unavailable); everything "
        "that changes something is withheld until it can. The next call asks again."
    )
    upstream.instead = {}
    assert permitted(await connection.grant()) == "read select all"


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_before_the_first_grant_purges_are_withheld(status: int) -> None:
    upstream = Upstream()
    upstream.instead = {SELF: down(status)}
    connection = upstream.connection()
    grant = await connection.grant()
    assert permitted(grant) == "read"
    assert str(status) in grant.reason
    upstream.instead = {}
    assert permitted(await connection.grant()) == "read select all"


@pytest.mark.parametrize("data", [[], "x", 5])
async def test_an_answer_that_is_no_token_grants_no_purge(data: object) -> None:
    upstream = Upstream()
    upstream.instead = {SELF: answer_json(data)}
    grant = await upstream.connection().grant()
    assert permitted(grant) == "read"
    assert "something that is no token" in grant.reason


async def test_a_hanging_answer_is_waited_for_no_longer_than_asked() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(clock)
    upstream.instead = {SELF: never}
    with anyio.fail_after(1):
        grant = await connection.grant(wait=0.05)
    assert permitted(grant) == "read"
    assert "did not answer within 0.05 s" in grant.reason
    upstream.instead = {}
    known = await connection.grant(wait=0.5)
    upstream.instead = {SELF: never}
    clock.now += 61
    assert await connection.grant(wait=0.05) == known


async def test_a_grant_that_was_put_in_doubt_serves_while_fastly_cannot_be_asked() -> None:
    upstream = Upstream()
    connection = upstream.connection()
    known = await connection.grant()
    upstream.instead = {"/x": down(403), SELF: down()}
    with pytest.raises(NotAuthorized):
        await connection.get("/x")
    assert await connection.grant() == known


async def test_a_token_that_may_not_read_itself_has_what_the_operator_declares(
    connect: Connect,
) -> None:
    grant = await connect(
        FASTLY_API_TOKEN="sandbox-blind", FASTLY_MCP_SCOPES="purge_select"
    ).grant()
    assert (permitted(grant), grant.reason, grant.token) == ("select", "", None)


async def test_a_token_that_may_not_read_itself_and_is_not_declared_may_nothing(
    connect: Connect,
) -> None:
    grant = await connect(FASTLY_API_TOKEN="sandbox-blind").grant()
    assert permitted(grant) == ""
    assert "declare them in FASTLY_MCP_SCOPES" in grant.why_not(Scope.PURGE_SELECT)


async def test_declared_scopes_are_narrowed_by_read_only(connect: Connect) -> None:
    grant = await connect(
        FASTLY_API_TOKEN="sandbox-blind",
        FASTLY_MCP_SCOPES="global",
        FASTLY_MCP_READ_ONLY="1",
    ).grant()
    assert permitted(grant) == "read"


async def test_no_token_says_how_to_get_one() -> None:
    upstream = Upstream()
    connection = upstream.connection(FASTLY_API_TOKEN="")
    grant = await connection.grant()
    assert permitted(grant) == ""
    for part in ("Personal tokens", "global:read", "purge_select", "90 days", "shown once"):
        assert part in grant.reason
    with pytest.raises(ConfigError, match="No Fastly token is set"):
        await connection.get("/service")
    assert upstream.seen == []


async def test_an_expired_token_says_so_and_how_to_get_another(connect: Connect) -> None:
    grant = await connect(FASTLY_API_TOKEN="sandbox-expired").grant()
    assert permitted(grant) == ""
    assert re.search(
        r"rejects the token: 401 Token \w+ expired at 20.*make a new one", grant.reason
    )
    assert "last worked" not in grant.reason
    assert "Personal tokens" in grant.reason


async def test_a_revoked_token_says_until_when_it_worked() -> None:
    upstream = Upstream()
    connection = upstream.connection()
    await connection.grant()
    upstream.instead = {"*": answer_json({"msg": "Provided credentials are invalid"}, 401)}
    with pytest.raises(NotAuthorized):
        await connection.get("/service")
    grant = await connection.grant()
    assert permitted(grant) == ""
    assert re.search(r"It last worked at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\.", grant.reason)
    upstream.instead = {SELF: down()}
    assert permitted(await connection.grant()) == "read", "a revoked grant does not come back"


async def test_a_rotated_token_is_used_at_once_and_has_a_grant_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("sandbox", encoding="utf-8")
    upstream = Upstream()
    connection = upstream.connection(FASTLY_API_TOKEN="", FASTLY_API_TOKEN_FILE=str(file))
    assert permitted(await connection.grant()) == "read select all"
    file.write_text("sandbox-read", encoding="utf-8")
    assert permitted(await connection.grant()) == "read"
    file.write_text("sandbox", encoding="utf-8")
    upstream.instead = {SELF: down()}
    assert permitted(await connection.grant()) == "read", "another token's grant does not serve"
    file.write_text("revoked", encoding="utf-8")
    upstream.instead = {}
    grant = await connection.grant()
    assert "rejects the token" in grant.reason
    assert "last worked" not in grant.reason
    file.unlink()
    assert "FASTLY_API_TOKEN_FILE cannot be read" in (await connection.grant()).reason
    file.write_text("sandbox", encoding="utf-8")
    assert permitted(await connection.grant()) == "read select all"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"FASTLY_MCP_READ_ONLY": "maybe"}, "FASTLY_MCP_READ_ONLY must be 1 or 0."),
        ({"FASTLY_API_ENDPOINT": "https://evil.test"}, "FASTLY_API_ENDPOINT must be https"),
        ({"FASTLY_API_TOKEN": "a b"}, "FASTLY_API_TOKEN holds something that is no token"),
        ({"FASTLY_API_TOKEN_FILE": "/x"}, "are both set; remove one of them."),
        ({"FASTLY_MCP_SERVICES": ""}, "FASTLY_MCP_SERVICES is set but empty"),
    ],
)
async def test_wrong_settings_send_nothing(environ: dict[str, str], said: str) -> None:
    upstream = Upstream()
    connection = upstream.connect({"FASTLY_API_TOKEN": "sandbox"} | environ)
    grant = await connection.grant()
    assert (permitted(grant), grant.reason) == ("", connection.problem)
    assert said in grant.reason
    for call in (connection.get("/service"), purge(connection)):
        with pytest.raises(ConfigError, match="FASTLY_"):
            await call
    assert upstream.seen == []


async def test_a_real_token_is_not_sent_over_plain_http() -> None:
    upstream = Upstream()
    connection = upstream.connection(
        FASTLY_API_TOKEN="real", FASTLY_API_ENDPOINT="http://127.0.0.1:8080"
    )
    grant = await connection.grant()
    assert permitted(grant) == ""
    assert "only tokens that begin with sandbox are sent" in grant.reason
    for call in (connection.get("/service"), purge(connection)):
        with pytest.raises(ConfigError, match="plain http"):
            await call
    assert upstream.seen == []
    connection = upstream.connection(FASTLY_API_ENDPOINT="http://127.0.0.1:8080")
    assert permitted(await connection.grant()) == "read select all"


async def test_only_the_sandbox_is_called_one(connect: Connect) -> None:
    assert connect().sandbox is True
    assert Upstream().connection().sandbox is None


async def test_a_get_and_a_post_return_the_body(connect: Connect) -> None:
    connection = connect()
    assert (await connection.get("/service/{service_id}", service_id=SHOP))["name"] == "shop-prod"
    answer = await connection.post(
        "/service/{service_id}/purge",
        repeatable=True,
        headers={"Fastly-Soft-Purge": "1"},
        json={"surrogate_keys": ["a"]},
        service_id=SHOP,
    )
    assert list(answer) == ["a"]
    await connection.aclose()


async def test_what_once_read_itself_is_not_blind_because_of_a_403_on_the_way() -> None:
    upstream, clock = Upstream(), Clock()
    connection = upstream.connection(
        clock, FASTLY_API_TOKEN="sandbox-read", FASTLY_MCP_SCOPES="global:read purge_select"
    )
    assert permitted(await connection.grant()) == "read"
    upstream.instead = {SELF: down(403)}
    clock.now += 61
    assert permitted(await connection.grant()) == "read"
    clock.now += 300
    grant = await connection.grant()
    assert permitted(grant) == "read"
    assert "could not be asked" in grant.reason


async def test_a_call_acts_under_one_grant() -> None:
    upstream = Upstream()
    upstream.instead = {SELF: down()}
    connection = upstream.connection()
    grant = await connection.grant()
    asked = upstream.asked()
    with connection.under(grant):
        assert await connection.grant() is grant
        assert await upstream.connection().grant() is not grant
    assert upstream.asked() > asked
