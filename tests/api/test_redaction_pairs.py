"""What is kept under a secret's name is hidden where only a neighbour says the name."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import Request, check
from fastly_mcp.api.redaction import redact
from fastly_mcp.api.secret_pairs import sounds_secret
from fastly_mcp.api.secret_text import hide
from fastly_mcp.api.told import parameters
from fastly_mcp.errors import NotPermitted
from tests.api.upstream import Upstream
from tests.conftest import SHOP
from tests.tools.upstream import Upstream as Sandbox
from tests.tools.writing import asking, planned, writing

pytestmark = pytest.mark.anyio

CANARY = "swordfish"  # no rule for texts takes this for a credential by itself

NAMED = (
    "password",
    "db-pass",
    "DB_PASSWD",
    "dbPass",
    "pw",
    "auth",
    "smtp.pwd",
    "stripe_secret_key",
    "api_key_prod",
    "token-2",
)
HARMLESS = ("title", "bypass", "author", "token_id", "surrogate_key", "pass-through", "x", "", "-")


def request(operation: str, **params: Any) -> Request:
    return check(load().operation(operation), params)


@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_sounds_secret_makes_the_value_beside_it_one(name: str) -> None:
    assert sounds_secret(name)
    for key, value in (("item_key", "item_value"), ("name", "value"), ("key", "value")):
        assert redact({key: name, value: CANARY})[value] == f"[redacted: {value}]"
        assert redact({key: name, value: "off"})[value] == "off"
    assert redact({"dst": f"http.{name}", "src": f'"{CANARY}"'})["src"] == '"[redacted: src]"'


@pytest.mark.parametrize("name", HARMLESS)
def test_other_names_make_none(name: str) -> None:
    assert not sounds_secret(name)
    assert redact({"item_key": name, "item_value": CANARY})["item_value"] == CANARY
    diff = f"@@ -1 +1 @@\n- - name: a\n-   dst: http.{name}\n-   src: '\"{CANARY}\"'\n"
    assert hide(diff) == diff


VALUES = (f'"\\"{CANARY}\\""', f"'\"{CANARY}\"'", f'if(x, "{CANARY}", "")', f'"{CANARY}" req.url')
PAIRS = {
    "a header": ("dst: http.X-Api-Key", "src: {}"),
    "a quoted header": ('dst: "http.X-Api-Key"', "src: {}"),
    "an item": ("item_key: db-pass", "item_value: {}"),
    "a name": ("name: password", "value: {}"),
    "a key": ("key: auth", "value: {}"),
}


@pytest.mark.parametrize("mark", ["+ ", "- ", "  ", "+", "-", " ", "", "+  ", "-  "])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_in_a_diff_is_judged_in_any_order(pair: str, mark: str) -> None:
    said, holds = PAIRS[pair]
    for value in VALUES:
        lines = [said, holds.format(value), "priority: 10"]
        for order in ((0, 1, 2), (1, 0, 2), (0, 2, 1), (1, 2, 0), (2, 1, 0)):
            for first, between in (("", ""), ("@@ -1 +2 @@\n", ""), ("", f"{mark}x: 1\n\n")):
                text = first + between.join(f"{mark}{lines[each]}\n" for each in order)
                for form in (text, text[:-1], json.dumps({"diff": text}), json.dumps(text)):
                    hidden = hide(form)
                    assert CANARY not in hidden, form
                    assert hide(hidden) == hidden
                    assert hidden.count("\n") == form.count("\n")
                    assert "priority: 10" in hidden


def test_both_sides_of_a_change_and_lines_that_go_on_are_hidden() -> None:
    diff = (
        " headers:\n - name: auth\n   dst: http.X-Api-Key\n"
        f'-  src: \'"old {CANARY}"\'\n+  src: |-\n+    if(req.url,\n\n+    "{CANARY}",\n+    "")\n'
        "+  type: request\n"
        ' - name: frames\n   dst: http.X-Frame-Options\n   src: "\\"SAMEORIGIN\\""\n'
    )
    assert hide(diff) == (
        " headers:\n - name: auth\n   dst: http.X-Api-Key\n"
        "-  src: '\"[redacted: src]\"'\n+  src: [redacted: src]\n"
        "+  type: request\n"
        ' - name: frames\n   dst: http.X-Frame-Options\n   src: "\\"SAMEORIGIN\\""\n'
    )


def test_what_a_diff_leaves_out_may_be_a_secrets_name() -> None:
    for form in (f'  src: "\\"{CANARY}\\""', f"  item_value: {CANARY}"):
        said = (
            f"- name: a\n  dst: http.X-Frame\n  item_key: title\n@@ -9 +9 @@\n   type: x\n+{form}\n"
        )
        assert CANARY not in hide(said)
    shown = "@@ -9 +9 @@\n   type: x\n+  src: req.http.X-Frame\n+  value: deny\n"
    assert hide(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        '"src: \\',
        "src: |\n",
        '+  src: "a\n+  dst: x\n',
        "\\n src: \\",
        "- ",
        " ",
        "\\",
        '"',
        "\n",
        "@@",
        "value: x\n    y\n",
        "\\nvalue: x\\n  y",
        '"src": "',
        '{"value": "a"}, ',
        '"src":\\"\\\\',
        "}, ",
    ],
)
def test_no_text_takes_time_by_its_square(text: str) -> None:
    # A hundred thousand of them would take minutes, which no test is given.
    hidden = hide(f"{text * 100_000}src:{text * 100_000}")
    assert hide(hidden) == hidden


PARTS = st.sampled_from(
    [
        *("src: ", "dst: ", "http.X-Api-Key", "item_key: ", "item_value: ", "name: ", "value: "),
        *('"src": "', '"item_key": "', '"item_value": \\"', "}, {"),
        *("auth", "password", "key", CANARY, "[redacted: src]", "|-", "@@", "]", "}", ", ", "  "),
        *("\\n", "\n", "\n+  ", "\n- ", "- ", "'", '"', '\\"', "\\"),
    ]
)


@example(["item_value: ", '"item_value": \\"', "\n", "item_key: ", "src: "])
@example(["value: ", "password", "\\n", "name: auth", "]"])
@settings(deadline=None)
@given(st.lists(PARTS, max_size=24))
def test_hiding_pairs_twice_is_hiding_them_once(parts: list[str]) -> None:
    hidden = hide("".join(parts))
    assert hide(hidden) == hidden


@pytest.mark.parametrize("end", ["password", "db-pass"])
def test_a_pair_in_json_in_a_text_is_judged(end: str) -> None:
    objects = [
        {"item_key": end, "x": {}, "item_value": f'a"{CANARY}'},
        {"value": CANARY, "key": end},
        {"dst": f"http.{end}", "src": f'"{CANARY}"'},
    ]
    harmless = {"item_key": "title", "item_value": "seahorses"}
    for each in objects:
        text = json.dumps([harmless, each, harmless])
        for form in (text, "\n".join(map(json.dumps, (harmless, each)))):
            for _ in range(3):
                hidden = hide(form)
                assert CANARY not in hidden
                assert "seahorses" in hidden
                assert hide(hidden) == hidden
                form = json.dumps(form)  # noqa: PLW2901  # in a text of a text
        assert json.loads(hide(text))[0] == harmless


# Where the path says what it is


@pytest.mark.parametrize("name", NAMED)
async def test_a_text_kept_under_a_secrets_name_is_hidden(name: str) -> None:
    upstream = Upstream()
    upstream.instead["*"] = PlainTextResponse(CANARY)
    connection = upstream.connection()
    asked = request("kv_store_get_item", store_id="s", key=name)
    assert (await connection.call(asked, repeatable=True)).data == "[redacted: value]"
    asked = request("kv_store_get_item", store_id="s", key="title")
    assert (await connection.call(asked, repeatable=True)).data == CANARY


WRITES: dict[str, dict[str, Any]] = {
    "kv_store_upsert_item": {"store_id": "s", "key": "db-pass", "body": CANARY},
    "update_dictionary_item": {
        "service_id": SHOP,
        "dictionary_id": "d",
        "dictionary_item_key": "password",
        "item_value": CANARY,
    },
    "upsert_config_store_item": {
        "config_store_id": "c",
        "config_store_item_key": "auth",
        "item_value": CANARY,
    },
    "update_header_object": {
        "service_id": SHOP,
        "version_id": 4,
        "header_name": "X-Api-Key",
        "src": f'"{CANARY}"',
    },
}


@pytest.mark.parametrize("operation", WRITES)
def test_a_plan_does_not_tell_what_is_put_under_a_secrets_name(operation: str) -> None:
    told = str(parameters(request(operation, **WRITES[operation])))
    assert CANARY not in told
    assert "[redacted: " in told
    named = {
        key: "title" if "key" in key or "name" in key else v for key, v in WRITES[operation].items()
    }
    assert CANARY in str(parameters(request(operation, **named)))


# In the sandbox


async def test_a_header_that_is_added_is_in_no_diff() -> None:
    connection = Upstream().connection()

    async def call(operation: str, **params: Any) -> Any:
        return (await connection.call(request(operation, **params), repeatable=True)).data

    draft = (await call("clone_service_version", service_id=SHOP, version_id=3))["number"]
    header = {"name": "a", "type": "request", "action": "set", "dst": "http.X-Api-Key"}
    await call(
        "create_header_object", service_id=SHOP, version_id=draft, src=f'"{CANARY}"', **header
    )
    ends = {"from_version_id": 3, "to_version_id": draft}
    diff = (await call("diff_service_versions", service_id=SHOP, **ends))["diff"]
    assert "http.X-Api-Key" in diff
    assert "[redacted: src]" in diff
    assert CANARY not in diff


async def test_a_header_that_is_added_is_in_no_plan_to_activate_it() -> None:
    app = Sandbox()
    version = {"service_id": SHOP, "version_id": 4}
    header = {"name": "a", "type": "request", "action": "set", "dst": "http.X-Api-Key"}
    added = request("create_header_object", src=f'"{CANARY}"', **header, **version)
    await writing(app).call(added, repeatable=True)
    async with asking(app) as mcp:
        plan = "\n".join(await planned(mcp, "activate_service_version", **version))
    assert "http.X-Api-Key" in plan
    assert "[redacted: src]" in plan
    assert CANARY not in plan


@pytest.mark.parametrize(
    ("operation", "more", "instead"),
    [
        ("diff_service_versions", {"format": "html"}, "format=text"),
        ("diff_service_versions", {"format": "html_simple"}, "format=text"),
        ("vcl_diff_service_versions", {"format": "html"}, "format=text"),
        ("get_custom_vcl_highlighted", {}, "get_custom_vcl"),
        ("get_custom_vcl_generated_highlighted", {}, "get_custom_vcl_generated"),
    ],
)
async def test_html_is_not_asked_for(operation: str, more: dict[str, str], instead: str) -> None:
    upstream = Upstream()
    known = {each.name for each in load().operation(operation).parameters}
    every = {
        "service_id": SHOP, "version_id": 3, "from_version_id": 1, "to_version_id": 3,
        "vcl_name": "main",
    }  # fmt: skip
    params = {name: value for name, value in every.items() if name in known} | more
    with pytest.raises(NotPermitted, match=f"^Use {instead}: .* Nothing was sent"):
        await upstream.connection().call(request(operation, **params), repeatable=True)
    assert upstream.seen == []
