"""A grant is what the token may do, narrowed by what the operator allows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fastly_mcp.api.grant import Grant, OperatorLimits, TokenInfo
from fastly_mcp.errors import ConfigError
from fastly_mcp.scopes import Scope, expand, parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = frozenset(Scope)
READ, SELECT, EVERYTHING = Scope.GLOBAL_READ, Scope.PURGE_SELECT, Scope.PURGE_ALL


@pytest.mark.parametrize(
    ("scopes", "expanded"),
    [
        (set(), set()),
        ({Scope.GLOBAL}, ALL),
        ({Scope.GLOBAL, READ}, ALL),
        ({READ}, {READ}),
        ({SELECT}, {SELECT}),
        ({EVERYTHING}, {EVERYTHING}),
        ({READ, SELECT}, {READ, SELECT}),
    ],
)
def test_global_includes_every_scope_and_nothing_else_includes_any(
    scopes: set[Scope], expanded: set[Scope]
) -> None:
    assert expand(scopes) == expanded
    grant = Grant(scopes=expand(scopes))
    assert {scope for scope in Scope if grant.permits(scope)} == expanded
    assert grant.permits(None)


def test_scopes_are_read_as_an_operator_writes_them() -> None:
    assert parse(" global:read,purge_select\tpurge_all ", "X") == {READ, SELECT, EVERYTHING}
    for text in ("", " , ", "global;purge_all", "purge"):
        with pytest.raises(ConfigError, match=r"^X must hold scopes"):
            parse(text, "X")


@pytest.mark.parametrize(
    ("row", "scopes"),
    [
        ({"scope": "global:read purge_all", "scopes": ["global:read", "purge_all"]}, "read all"),
        ({"scope": "global:read purge_all"}, "read all"),
        ({"scopes": ["purge_all", "global:read"]}, "read all"),
        ({"scopes": "global:read purge_all"}, "read all"),
        ({"scope": "", "scopes": "purge_all"}, "all"),
        ({"scope": None, "scopes": None}, ""),
        ({"scope": {"a": 1}, "scopes": 5}, ""),
        ({"scopes": ["purge_all", None, 5, {"a": 1}]}, "all"),
        ({"scope": "PURGE_ALL globally root"}, ""),
        ({}, ""),
    ],
)
def test_scopes_are_found_wherever_fastly_puts_them(row: dict[str, Any], scopes: str) -> None:
    short = {"read": READ, "all": EVERYTHING}
    assert TokenInfo.parse(row).scopes == {short[word] for word in scopes.split()}


def test_a_token_is_read_whole() -> None:
    token = TokenInfo.parse(
        {
            "id": "t",
            "name": "n",
            "user_id": "u",
            "services": ["a", "b"],
            "created_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-03-05T11:00:00+00:00",
        }
    )
    assert (token.id, token.name, token.user_id) == ("t", "n", "u")
    assert token.services == frozenset({"a", "b"})
    assert token.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert token.days_left(NOW) == 3


@pytest.mark.parametrize("services", [[], None, ""])
def test_no_services_means_all(services: Any) -> None:
    assert TokenInfo.parse({"services": services}).services is None


@pytest.mark.parametrize("never", [None, "", "soon", 5, {"a": 1}])
def test_empty_times_are_none(never: Any) -> None:
    token = TokenInfo.parse({"expires_at": never, "created_at": never})
    assert (token.created_at, token.expires_at, token.days_left(NOW)) == (None, None, None)


def test_a_time_without_a_zone_is_utc() -> None:
    token = TokenInfo.parse({"expires_at": "2026-03-02T12:00:00"})
    assert token.days_left(NOW) == 1


def warnings(**changed: Any) -> str:
    """The warnings of a careful token with these fields changed."""
    good: dict[str, Any] = {
        "scopes": frozenset({READ, SELECT}),
        "services": frozenset({"a"}),
        "created_at": NOW - timedelta(days=10),
        "expires_at": NOW + timedelta(days=60),
    }
    return " ".join(TokenInfo(**(good | changed)).warnings(NOW))


def test_a_careful_token_is_not_warned_of() -> None:
    assert warnings() == ""


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"expires_at": None}, "never expires"),
        ({"expires_at": NOW + timedelta(days=13, hours=23)}, "expires in 13 days"),
        ({"expires_at": NOW - timedelta(days=1)}, "expires in 0 days"),
        ({"scopes": ALL}, "has the scope global"),
        ({"services": None}, "reaches all services"),
        ({"created_at": NOW - timedelta(days=91)}, "older than 90 days"),
        ({"user_id": "u"}, "belongs to a person"),
    ],
)
def test_a_careless_token_is_warned_of(changed: dict[str, Any], said: str) -> None:
    assert said in warnings(**changed)
    assert warnings(**changed).count("The token") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": NOW + timedelta(days=14)},
        {"created_at": NOW - timedelta(days=90)},
        {"created_at": None},
    ],
)
def test_what_is_just_good_enough_is_not_warned_of(changed: dict[str, Any]) -> None:
    assert warnings(**changed) == ""


@pytest.mark.parametrize(
    ("limits", "scopes", "left", "withheld"),
    [
        (OperatorLimits(), {Scope.GLOBAL}, ALL, {}),
        (
            OperatorLimits(read_only=True),
            {Scope.GLOBAL},
            {READ},
            dict.fromkeys(ALL - {READ}, "FASTLY_MCP_READ_ONLY"),
        ),
        (OperatorLimits(read_only=True), {READ}, {READ}, {}),
        (
            OperatorLimits(scopes=frozenset({READ, SELECT})),
            {Scope.GLOBAL},
            {READ, SELECT},
            dict.fromkeys({Scope.GLOBAL, EVERYTHING}, "FASTLY_MCP_SCOPES"),
        ),
        (OperatorLimits(scopes=frozenset({SELECT})), {READ}, set(), {READ: "FASTLY_MCP_SCOPES"}),
        (OperatorLimits(scopes=frozenset({Scope.GLOBAL})), {READ}, {READ}, {}),
        (
            OperatorLimits(scopes=frozenset({SELECT}), read_only=True),
            {SELECT, READ},
            set(),
            {SELECT: "FASTLY_MCP_READ_ONLY", READ: "FASTLY_MCP_SCOPES"},
        ),
    ],
)
def test_the_operator_takes_away_and_never_gives(
    limits: OperatorLimits, scopes: set[Scope], left: set[Scope], withheld: dict[Scope, str]
) -> None:
    assert limits.narrow(frozenset(scopes)) == (frozenset(left), withheld)


def test_a_withheld_scope_says_who_withholds_it() -> None:
    token = TokenInfo(scopes=frozenset({READ}))
    grant = Grant(scopes=frozenset({READ}), token=token)
    assert grant.why_not(SELECT) == "the token lacks the scope purge_select (it has: global:read)"
    assert "FASTLY_MCP_SCOPES" in Grant().why_not(SELECT)
    assert Grant(reason="No token.").why_not(SELECT) == "No token."
    limited = Grant(reason="No token.", limited={SELECT: "FASTLY_MCP_SCOPES"})
    assert limited.why_not(SELECT) == (
        "the operator of this server withholds it (FASTLY_MCP_SCOPES)"
    )
