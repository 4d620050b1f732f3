"""`write_api`: what it sends, what it refuses before that, and what it tells."""

import json
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]  # it carries no types
import pytest
from starlette.types import Receive, Scope, Send

from tests.conftest import SHOP, Session
from tests.test_contract import count, weight
from tests.tools.upstream import (
    BLOG,
    Failing,
    Upstream,
    answering,
    both_eras,
    call,
    names,
    real,
    refusal,
    text_of,
)
from tests.tools.writing import (
    BACKEND,
    DRAFT,
    EVERY,
    ON,
    VERSION,
    changes,
    refused,
    write,
    writing,
)

pytestmark = pytest.mark.anyio

DICTIONARY = "6oTn0bq1L5cWkE8ySdP2hJ"
ITEM = {"service_id": SHOP, "dictionary_id": DICTIONARY, "item_key": "/new", "item_value": "/"}
ITEM_LINE = f"POST /service/{SHOP}/dictionary/{DICTIONARY}/item"


# Who sees it


@both_eras
async def test_it_is_off_unless_it_is_asked_for(session: Session, mode: str) -> None:
    async with session(mode=mode) as mcp:
        assert "write_api" not in await names(mcp)
        assert "There is no such tool" in await refused(mcp, "create_backend", **BACKEND)
    async with session(mode=mode, **ON) as mcp:
        assert "write_api" in await names(mcp)


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"FASTLY_MCP_SCOPES": "global:read"}, "FASTLY_MCP_SCOPES"),
        ({"FASTLY_MCP_SCOPES": "purge_select purge_all"}, "FASTLY_MCP_SCOPES"),
        ({"FASTLY_MCP_READ_ONLY": "1"}, "FASTLY_MCP_READ_ONLY"),
        ({"FASTLY_API_TOKEN": "sandbox-read"}, "lacks the scope global"),
    ],
)
@both_eras
async def test_only_a_token_that_may_do_everything_has_it(
    session: Session, mode: str, environ: dict[str, str], why: str
) -> None:
    app = Upstream()
    async with session(writing(app, **environ), mode=mode) as mcp:
        assert "write_api" not in await names(mcp)
        assert why in await refused(mcp, "create_backend", **BACKEND)
    assert changes(app) == []


async def test_its_entry_takes_at_most_150_tokens(session: Session) -> None:
    async with session(**ON) as mcp:
        (tool,) = [each for each in (await mcp.list_tools()).tools if each.name == "write_api"]
    assert weight(tool) <= 150


# What is sent


@both_eras
async def test_a_write_is_sent_once_and_its_answer_told(session: Session, mode: str) -> None:
    app = Upstream()
    async with session(writing(app), mode=mode) as mcp:
        told = await write(mcp, "create_backend", **BACKEND, use_ssl=True)
        (tool,) = [each for each in (await mcp.list_tools()).tools if each.name == "write_api"]
    jsonschema.validate(told, tool.output_schema)
    (sent,) = app.changes
    assert sent.line == f"POST {VERSION}/{DRAFT}/backend"
    assert sent.body == b"address=second.larkspur.example&name=second&use_ssl=1"
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (told["changed"], told["operation"]) == (True, "create_backend")
    assert told["result"]["address"] == "second.larkspur.example"


async def test_params_may_come_as_json_text(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        await call(mcp, "write_api", operation="create_backend", params=json.dumps(BACKEND))
        said = await refusal(mcp, "write_api", operation="create_backend", params="{no")
    assert said.startswith("Nothing was sent: params")
    assert changes(app) == [f"POST {VERSION}/{DRAFT}/backend"]


@pytest.mark.parametrize("service", ["shop-prod", "www.larkspur.example", SHOP])
async def test_a_service_may_be_named(session: Session, service: str) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        told = await write(mcp, "create_dictionary_item", **ITEM | {"service_id": service})
    assert changes(app) == [ITEM_LINE]
    assert told["note"] == "The edge has it within about 30 seconds."


async def test_a_service_that_is_not_there_is_told_with_the_nearest(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        said = await refused(mcp, "create_dictionary_item", **ITEM | {"service_id": "shop-prd"})
    assert "Nearest: " in said
    assert "Ask the user which one" in said
    assert changes(app) == []


async def test_all_that_is_wrong_is_told_at_once_before_anything_is_asked(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        await names(mcp)
        app.seen.clear()
        said = await refused(
            mcp,
            "create_backend",
            **BACKEND | {"version_id": "active", "weigth": 3, "port": "https"},
        )
    for problem in (
        "version_id must be an integer",
        "weigth is unknown (did you mean weight?)",
        "port must be an integer",
    ):
        assert problem in said
    assert said.endswith("Nothing was sent.")
    assert app.lines == []


async def test_an_answer_that_is_long_is_cut(session: Session) -> None:
    app = Upstream()
    rows = [{"name": f"row {number}", "text": "word " * 20} for number in range(200)]
    async with session(writing(app)) as mcp:
        for body, whole in ((rows, False), ({"rows": rows}, False), (rows[:5], True)):
            app.instead["POST"] = answering(body)
            result = await mcp.call_tool(
                "write_api", {"operation": "create_backend", "params": BACKEND}
            )
            told = result.structured_content or {}
            assert told["changed"] is True
            assert count(text_of(result)) <= 1_100
            assert ("too long to be told whole" in told.get("note", "")) is not whole
            assert (told.get("result") == body) is whole


async def test_an_answer_without_a_body_is_told_as_done(session: Session) -> None:
    app = Upstream()
    app.instead["DELETE"] = answering("", 204)
    async with session(writing(app)) as mcp:
        told = await write(mcp, "kv_store_delete_item", store_id="x7d2kq9vhm4wzr0tb6ynfc", key="a")
    assert told == {
        "changed": True,
        "operation": "kv_store_delete_item",
        "note": "Other POPs may serve the old value for a while.",
    }


# What is refused before anything is sent


@both_eras
async def test_what_has_a_tool_of_its_own_is_refused_with_its_name(
    session: Session, mode: str
) -> None:
    app = Upstream()
    async with session(writing(app), mode=mode) as mcp:
        for operation, tool in (
            ("purge_all", "purge_all"),
            ("purge_tag", "purge_surrogate_key"),
            ("bulk_purge_tag", "purge_surrogate_key"),
            ("purge_single_url", "purge_url"),
            ("list_services", "read_api"),
        ):
            said = await refused(mcp, operation, service_id=SHOP)
            assert f"se {tool}" in said
        assert "Did you mean create_backend" in await refused(mcp, "create_backends")
    assert changes(app) == []


ONE_OF: dict[str, tuple[str, dict[str, Any]]] = {
    "logging": ("create_log_syslog", {"service_id": SHOP, "version_id": DRAFT, "name": "new"}),
    "tls": ("delete_tls_key", {"tls_private_key_id": "abc"}),
    "security": ("create_rate_limiter", {"service_id": SHOP, "version_id": DRAFT}),
    "people": ("delete_user", {"user_id": "abc"}),
    "config": ("create_backend", BACKEND),
    "data": ("create_dictionary_item", ITEM),
}


@pytest.mark.parametrize("kind", ONE_OF)
async def test_a_class_that_is_not_on_is_refused_with_the_setting(
    session: Session, kind: str
) -> None:
    app = Upstream()
    operation, params = ONE_OF[kind]
    others = [each for each in ONE_OF if each != kind]
    async with session(real(app, **ON, FASTLY_MCP_WRITE=",".join(others))) as mcp:
        said = await refused(mcp, operation, **params)
        assert said == (
            f"{operation} is of the class {kind}, and the operator of this server lets it write "
            f"{' '.join(sorted(others))} (FASTLY_MCP_WRITE). Nothing was sent."
        )
    assert changes(app) == []
    async with session(real(app, **ON, FASTLY_MCP_WRITE=kind)) as mcp:
        await mcp.call_tool("write_api", {"operation": operation, "params": params})
    assert len(changes(app)) == 1


async def test_configuration_and_data_are_on_by_default(session: Session) -> None:
    app = Upstream()
    async with session(real(app, **ON)) as mcp:
        for kind, (operation, params) in ONE_OF.items():
            result = await mcp.call_tool("write_api", {"operation": operation, "params": params})
            assert bool(result.is_error) is (kind not in {"config", "data"})
    assert len(changes(app)) == 2


LIMITED = {"FASTLY_MCP_SERVICES": "shop-prod"}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("create_service", {"name": "new"}),
        ("kv_store_create", {"name": "new"}),
        ("create_tls_activation", {"data": {}}),
        ("update_rate_limiter", {"rate_limiter_id": "abc", "rps_limit": 20}),
        ("delete_service", {"service_id": BLOG}),
        ("delete_service", {"service_id": "blog"}),
    ],
)
@pytest.mark.parametrize("approval", ["never", "all"])
async def test_the_operators_services_are_the_limit_and_nobody_is_asked_about_others(
    session: Session, approval: str, operation: str, params: dict[str, Any]
) -> None:
    app = Upstream()
    connection = writing(app, **LIMITED, FASTLY_MCP_APPROVAL=approval)
    async with session(connection) as mcp:
        said = await refused(mcp, operation, **params)
    assert "Nothing was sent" in said or "nothing was sent" in said or "No service" in said
    assert changes(app) == []


async def test_a_service_of_the_operators_may_be_written_to(session: Session) -> None:
    app = Upstream()
    async with session(writing(app, **LIMITED)) as mcp:
        await write(mcp, "create_backend", **BACKEND)
    assert len(changes(app)) == 1


async def test_what_was_redacted_is_not_written_back(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        for name, value in (
            ("ssl_client_key", "[redacted: ssl_client_key]"),
            ("comment", "before [redacted: private_key] after"),
        ):
            said = await refused(mcp, "create_backend", **BACKEND, **{name: value})
            assert said.startswith(f"In {name} stands [redacted: …] for a secret")
        nested = {"data": {"attributes": {"keys": ["[redacted: key]"]}}}
        assert "In data stands" in await refused(mcp, "create_tls_key", **nested)
    assert changes(app) == []


# Credentials


CREDENTIALS: dict[str, dict[str, Any]] = {
    "arc_create_virtual_key": {"name": "new"},
    "arc_rotate_virtual_key": {"key_id": "abc"},
    "client_key": {},
    "create_access_key": {"description": "new", "permission": "read-only-objects"},
    "create_automation_token": {"name": "new", "expires_at": "2030-01-01T00:00:00Z"},
    "create_token": {},
    "request_sudo_access": {"username": "somebody", "password": "a password"},
    "update_user_password": {"old_password": "a", "new_password": "b"},
}
SECRET = "k7Qp2Zx9Vb4Nw6Tr1Ys8Lm3Jd5Hf0Gc2"
ANSWER = {"id": "abc", "access_token": SECRET, "secret_key": SECRET}


@pytest.mark.parametrize("operation", CREDENTIALS)
async def test_a_credential_is_neither_made_nor_taken_unless_the_operator_says_so(
    session: Session, operation: str
) -> None:
    app = Upstream()
    app.instead["P"] = answering(ANSWER)
    async with session(writing(app)) as mcp:
        said = await refused(mcp, operation, **CREDENTIALS[operation])
    assert "FASTLY_MCP_ALLOW_SECRETS=1" in said
    assert changes(app) == []
    async with session(writing(app, FASTLY_MCP_ALLOW_SECRETS="1")) as mcp:
        told = await write(mcp, operation, **CREDENTIALS[operation])
    assert told["result"] == ANSWER
    assert len(changes(app)) == 1


async def test_the_secrets_of_all_other_answers_stay_redacted(session: Session) -> None:
    app = Upstream()
    app.instead["POST"] = answering(ANSWER)
    async with session(writing(app, FASTLY_MCP_ALLOW_SECRETS="1")) as mcp:
        told = await write(mcp, "create_backend", **BACKEND)
    assert told["result"] == {
        "id": "abc",
        "access_token": "[redacted: access_token]",
        "secret_key": "[redacted: secret_key]",
    }


async def test_an_error_and_this_servers_own_token_tell_no_secret(session: Session) -> None:
    app = Upstream()
    own = "a-real-tokens-value-0123456789"

    async def as_global(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(n, b"sandbox" if v == own.encode() else v) for n, v in scope["headers"]]
        await Upstream.__call__(app, {**scope, "headers": headers}, receive, send)

    environ = EVERY | {"FASTLY_API_TOKEN": own, "FASTLY_MCP_ALLOW_SECRETS": "1"}
    async with session(real(as_global, **environ)) as mcp:
        app.instead["POST"] = answering({"id": "abc", "access_token": own})
        told = await write(mcp, "create_token")
        assert told["result"]["access_token"] == "[redacted token]"
        app.instead["POST"] = answering({"msg": f"secret_key={SECRET} is bad"}, 400)
        assert SECRET not in await refused(mcp, "create_token")


async def test_what_reads_secret_keys_is_refused_at_the_connection(session: Session) -> None:
    app = Upstream()
    app.instead["GET /ngwaf"] = answering({"data": [{"access_key": "a", "secret_key": SECRET}]})
    arguments = {"operation": "ngwaf_list_agent_keys", "params": {"workspace_id": "abc"}}
    async with session(writing(app)) as mcp:
        said = await refusal(mcp, "read_api", **arguments)
    assert said.startswith("ngwaf_list_agent_keys tells secret keys")
    assert not [line for line in app.lines if "ngwaf" in line]
    async with session(writing(app, FASTLY_MCP_ALLOW_SECRETS="1")) as mcp:
        told = await call(mcp, "read_api", **arguments)
    assert SECRET in json.dumps(told)


# What fails


class Dropping:
    """Has the sandbox do it, and breaks the connection instead of answering."""

    def __init__(self, app: Upstream) -> None:
        self.sandbox = app.sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def nowhere(message: Any) -> None:
            pass

        await self.sandbox(scope, receive, nowhere)
        raise httpx2.ReadError("dropped")


@both_eras
@pytest.mark.parametrize("way", ["dropped", "status"])
async def test_what_may_have_been_done_is_not_sent_again_and_that_is_said(
    session: Session, mode: str, way: str
) -> None:
    app = Upstream()
    app.instead["POST"] = Dropping(app) if way == "dropped" else answering("no", 503)
    async with session(writing(app), mode=mode) as mcp:
        said = await refused(mcp, "create_backend", **BACKEND)
    assert said.endswith("It may have been done all the same: do not send it again, look first.")
    assert len(changes(app)) == 1


async def test_what_surely_was_not_sent_is_sent_again(session: Session) -> None:
    app = Upstream()
    app.instead["POST"] = Failing(httpx2.ConnectError("no"))
    async with session(writing(app)) as mcp:
        said = await refused(mcp, "create_backend", **BACKEND)
    assert said.endswith("Nothing was changed.")
    assert len(changes(app)) == 4


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429])
async def test_what_fastly_refuses_is_told_in_its_words(session: Session, status: int) -> None:
    app = Upstream()
    app.instead["POST"] = answering({"msg": "Bad request", "detail": "Name has spaces"}, status)
    async with session(writing(app)) as mcp:
        said = await refused(mcp, "create_backend", **BACKEND)
    assert f"Fastly answered {status} Bad request: Name has spaces. Nothing was changed." in said
    assert len(changes(app)) == 1


async def test_a_version_that_is_not_there_is_not_written_to(session: Session) -> None:
    app = Upstream()
    async with session(writing(app)) as mcp:
        said = await refused(
            mcp, "update_service_version", service_id=SHOP, version_id=99, comment="x"
        )
    assert said.startswith("Fastly answered 404")
    assert changes(app) == []
