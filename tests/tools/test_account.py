"""What `get_account` says of the account, the token, and the tools that are not there."""

from pathlib import Path

import pytest

from tests.conftest import SHOP, Session
from tests.tools.upstream import (
    BLOG,
    Upstream,
    answering,
    both_eras,
    call,
    names,
    real,
    text_of,
)

pytestmark = pytest.mark.anyio

SERVICES = ["list_services", "get_service"]
API = ["search_api", "read_api"]
READING = [*API, "check_edge", *SERVICES]
SELECTING = ["purge_url", "purge_surrogate_key"]
PURGING = [*SELECTING, "purge_all"]

GLOBAL = "The token has the scope global, which can change everything; "
FOR_EVER = "The token never expires; make one that lasts 90 days."
ALL_SERVICES = "The token reaches all services; limit it to those it is for."
OFF = "off unless the operator adds the toolset {} (FASTLY_MCP_TOOLSETS)"
PERSON = "The token belongs to a person and ends with their account; "


@both_eras
async def test_the_account_tells_customer_user_and_token(session: Session, mode: str) -> None:
    async with session(mode=mode, FASTLY_MCP_NAME="acme-prod") as mcp:
        account = await call(mcp, "get_account")
    token = account.pop("token")
    assert account == {
        "account_name": "acme-prod",
        "sandbox": True,
        "customer": {"id": "8rESQedUStPKR0CsTy4Qwb", "name": "Larkspur Outfitters"},
        "user": {"name": "Robin Ashby", "login": "robin@larkspur.example", "role": "engineer"},
        "purging": {
            "approval": "never",
            "keys_left": 20_000,
            "urls_left": 5_000,
            "edge_checks_left": 200,
        },
        "tools": {
            "available": ["get_account", *API, "check_edge", *PURGING, *SERVICES],
            "withheld": [
                {"tools": ["list_purges"], "reason": OFF.format("audit")},
                {"tools": ["write_api"], "reason": OFF.format("write")},
            ],
        },
    }
    assert (token["name"], token["scopes"], token["services"]) == ("sandbox", ["global"], "all")
    assert token["expires_at"] is None
    assert "days_left" not in token


@pytest.mark.parametrize(
    ("token", "available", "withheld"),
    [
        ("sandbox", [*API, "check_edge", *PURGING, *SERVICES], {}),
        (
            "sandbox-read",
            READING,
            {
                "the token lacks the scope purge_select (it has: global:read)": SELECTING,
                "the token lacks the scope purge_all (it has: global:read)": ["purge_all"],
            },
        ),
        (
            "sandbox-purge-select",
            SELECTING,
            {
                "the token lacks the scope purge_all (it has: purge_select)": ["purge_all"],
                "the token lacks the scope global:read (it has: purge_select)": READING,
            },
        ),
        (
            "sandbox-purge-all",
            ["purge_all"],
            {
                "the token lacks the scope purge_select (it has: purge_all)": SELECTING,
                "the token lacks the scope global:read (it has: purge_all)": READING,
            },
        ),
        (
            "sandbox-read-purge-select",
            [*API, "check_edge", *SELECTING, *SERVICES],
            {
                "the token lacks the scope purge_all (it has: global:read purge_select)": [
                    "purge_all"
                ]
            },
        ),
        ("sandbox-one-service", [*API, "check_edge", *PURGING, *SERVICES], {}),
        ("sandbox-expired", [], {"see problem": [*API, "check_edge", *PURGING, *SERVICES]}),
        ("sandbox-blind", [], {"see problem": [*API, "check_edge", *PURGING, *SERVICES]}),
        ("sandbox-unknown", [], {"see problem": [*API, "check_edge", *PURGING, *SERVICES]}),
    ],
)
async def test_every_token_is_told_which_tools_it_has_and_why_not_the_others(
    session: Session, token: str, available: list[str], withheld: dict[str, list[str]]
) -> None:
    async with session(FASTLY_API_TOKEN=token) as mcp:
        account = await call(mcp, "get_account")
        assert await names(mcp) == sorted(account["tools"]["available"])
    tools = account["tools"]
    assert tools["available"] == ["get_account", *available]
    reasons = {each["reason"]: each["tools"] for each in tools["withheld"]}
    assert reasons == withheld | {
        OFF.format("audit"): ["list_purges"],
        OFF.format("write"): ["write_api"],
    }


@pytest.mark.parametrize(
    ("token", "warnings"),
    [
        ("sandbox", [FOR_EVER, GLOBAL, ALL_SERVICES, PERSON]),
        ("sandbox-read", [ALL_SERVICES, PERSON]),
        ("sandbox-one-service", [GLOBAL, PERSON]),
        ("sandbox-expiring", ["The token expires in 2 days;", ALL_SERVICES, PERSON]),
    ],
)
async def test_the_token_is_warned_of(session: Session, token: str, warnings: list[str]) -> None:
    async with session(FASTLY_API_TOKEN=token) as mcp:
        given = (await call(mcp, "get_account"))["token"]["warnings"]
    assert len(given) == len(warnings)
    assert all(text.startswith(begins) for text, begins in zip(given, warnings, strict=True))


async def test_an_expiring_token_tells_its_days(session: Session) -> None:
    async with session(FASTLY_API_TOKEN="sandbox-expiring") as mcp:
        token = (await call(mcp, "get_account"))["token"]
    assert token["days_left"] == 2  # three days, begun when the sandbox was
    assert token["created_at"] < token["expires_at"]


async def test_a_token_for_one_service_names_it(session: Session) -> None:
    async with session(FASTLY_API_TOKEN="sandbox-one-service") as mcp:
        assert (await call(mcp, "get_account"))["token"]["services"] == [SHOP]


async def test_a_purge_only_token_is_told_why_customer_and_user_are_left_out(
    session: Session,
) -> None:
    upstream = Upstream()
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox-purge-select")) as mcp:
        account = await call(mcp, "get_account")
    assert account["left_out"] == {
        "customer, user": "the token lacks the scope global:read (it has: purge_select)"
    }
    assert not {"customer", "user", "sandbox", "problem"} & account.keys()
    assert upstream.lines == []


async def test_what_cannot_be_read_is_left_out_and_the_rest_is_told(session: Session) -> None:
    upstream = Upstream()
    upstream.instead["GET /current_customer"] = answering({"msg": "Not now"}, 503)
    upstream.instead["GET /current_user"] = answering([])
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        account = await call(mcp, "get_account")
        assert account["left_out"] == {
            "customer": "Fastly answered 503 Not now.",
            "user": "Fastly answered 200 with something of another shape than it should have.",
        }
        assert account["token"]["name"] == "sandbox"
        upstream.instead.clear()
        assert "left_out" not in await call(mcp, "get_account")


async def test_an_expired_token_is_answered_with_the_way_to_a_new_one(session: Session) -> None:
    async with session(FASTLY_API_TOKEN="sandbox-expired") as mcp:
        account = await call(mcp, "get_account")
    assert account.keys() == {"problem", "sandbox", "tools"}
    assert " expired at 20" in account["problem"]
    for word in ("Personal tokens", "global:read", "purge_select", "90 days", "FASTLY_API_TOKEN"):
        assert word in account["problem"]


async def test_a_token_that_may_not_read_itself_says_what_to_declare(session: Session) -> None:
    async with session(FASTLY_API_TOKEN="sandbox-blind") as mcp:
        assert "FASTLY_MCP_SCOPES" in (await call(mcp, "get_account"))["problem"]
    declared = {"FASTLY_API_TOKEN": "sandbox-blind", "FASTLY_MCP_SCOPES": "purge_select"}
    async with session(**declared) as mcp:
        account = await call(mcp, "get_account")
    assert account["tools"]["available"] == ["get_account", *SELECTING]
    assert account["limits"] == {"scopes": ["purge_select"]}
    assert not {"problem", "token"} & account.keys()


@both_eras
async def test_without_a_token_nothing_is_sent_and_the_answer_is_how_to_get_one(
    session: Session, mode: str
) -> None:
    upstream = Upstream()
    async with session(real(upstream), mode=mode) as mcp:
        assert await names(mcp) == ["get_account"]
        account = await call(mcp, "get_account")
    assert upstream.seen == []
    assert account["problem"].startswith("No Fastly token is set. In the Fastly control panel")
    for word in (
        "Account, API tokens, Personal tokens",
        "global:read",
        "purge_select",
        "purge_all",
        "90 days",
        "shown once and cannot be refreshed",
        "FASTLY_API_TOKEN",
    ):
        assert word in account["problem"]


async def test_wrong_settings_are_what_the_account_answers(session: Session) -> None:
    upstream = Upstream()
    connection = real(upstream, FASTLY_API_TOKEN="${FASTLY_TOKEN}", FASTLY_MCP_READ_ONLY="perhaps")
    async with session(connection) as mcp:
        assert await names(mcp) == ["get_account"]
        problem = (await call(mcp, "get_account"))["problem"]
    assert upstream.seen == []
    assert "FASTLY_API_TOKEN still holds an unexpanded variable" in problem
    assert "FASTLY_MCP_READ_ONLY must be 1 or 0." in problem
    assert "perhaps" not in problem


async def test_the_operators_limits_are_told_and_named_as_the_reason(session: Session) -> None:
    limits = {
        "FASTLY_MCP_READ_ONLY": "1",
        "FASTLY_MCP_SERVICES": f"{BLOG}, shop-prod",
        "FASTLY_MCP_DOMAINS": "www.larkspur.example",
        "FASTLY_MCP_SCOPES": "global:read",
        "FASTLY_MCP_TOOLSETS": "services",
    }
    async with session(**limits) as mcp:
        account = await call(mcp, "get_account")
    assert account["limits"] == {
        "scopes": ["global:read"],
        "read_only": True,
        "services": [BLOG, SHOP],
        "domains": ["www.larkspur.example"],
    }
    reasons = {each["reason"]: each["tools"] for each in account["tools"]["withheld"]}
    assert reasons == {
        "the operator left out the toolset purge (FASTLY_MCP_TOOLSETS)": PURGING,
        "the operator left out the toolset edge (FASTLY_MCP_TOOLSETS)": ["check_edge"],
        "the operator left out the toolset api (FASTLY_MCP_TOOLSETS)": API,
        OFF.format("audit"): ["list_purges"],
        OFF.format("write"): ["write_api"],
    }


async def test_more_than_twenty_services_are_counted(session: Session) -> None:
    services = ",".join(f"{number:022d}" for number in range(1, 24))
    limits = {"FASTLY_API_TOKEN": "sandbox-purge-select", "FASTLY_MCP_SERVICES": services}
    async with session(**limits) as mcp:
        shown = (await call(mcp, "get_account"))["limits"]["services"]
    assert (len(shown), shown[-1]) == (21, "and 3 more")


async def test_a_token_file_that_others_can_read_is_warned_of(
    session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("sandbox-read\n")
    file.chmod(0o644)
    async with session(real(Upstream(), FASTLY_API_TOKEN_FILE=str(file))) as mcp:
        warnings = (await call(mcp, "get_account"))["token"]["warnings"]
        assert any("chmod 600" in warning for warning in warnings)


async def test_hostile_names_come_out_escaped(session: Session) -> None:
    upstream = Upstream()
    upstream.instead["GET /current_customer"] = answering({"id": "1", "name": "Ev\u202eil\x1b]0;"})
    async with session(real(upstream, FASTLY_API_TOKEN="sandbox")) as mcp:
        result = await mcp.call_tool("get_account", {})
    assert r"Ev\\u{202e}il\\u{1b}]0;" in text_of(result)
