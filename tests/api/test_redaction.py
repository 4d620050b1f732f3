"""What looks like a credential is hidden in any text, and nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from fastly_mcp.api import secret_text
from fastly_mcp.api.redaction import redact
from fastly_mcp.api.secret_fields import NAMES, WITHIN
from fastly_mcp.api.secret_text import hide
from tests.api.secrets_in_text import CANARY, HIDDEN, SHOWN


@pytest.mark.parametrize("case", HIDDEN)
def test_a_credential_is_hidden_wherever_it_stands(case: str) -> None:
    text, secret = HIDDEN[case]
    assert secret in text
    for around in (text, f"before;\n{text}", f"{{}}\n{text} after\n"):
        hidden = hide(around)
        assert secret not in hidden
        assert "[redacted: " in hidden
        assert hide(hidden) == hidden
        assert hidden.startswith(around[:2]) or around == text


@pytest.mark.parametrize("text", SHOWN)
def test_what_only_looks_like_one_is_shown(text: str) -> None:
    assert hide(text) == text


def test_only_the_credential_is_replaced() -> None:
    assert hide(f'set bereq.http.X-Api-Key = "{CANARY}"; # ours') == (
        'set bereq.http.X-Api-Key = "[redacted: key]"; # ours'
    )
    assert hide(f"https://user:{CANARY}@logs.example.com/x?y") == (
        "https://user:[redacted: password]@logs.example.com/x?y"
    )
    certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    key = certificate.replace("CERTIFICATE", "EC PRIVATE KEY")
    assert hide(f"{certificate}{key}{certificate}") == (
        f"{certificate}[redacted: private_key]\n{certificate}"
    )
    # A key that is cut reaches no further than its letters, and not into what follows.
    assert hide(f"{key[:40]}{certificate}") == f"[redacted: private_key]{certificate}"
    assert hide(f'x = "{key[:40]}"; return') == 'x = "[redacted: private_key]"; return'


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_secret_field_is_hidden_unless_it_is_empty(name: str) -> None:
    for value in ("x", "a b", CANARY, "https://x.example/", '{"a": 1}'):
        assert redact({name: value}) == {name: f"[redacted: {name}]"}
        assert redact([{"a": {name: [value, ""]}}]) == [{"a": {name: [f"[redacted: {name}]", ""]}}]
    keeps: list[Any] = ["", None, 7, True, [], {}, {"id": "x"}]
    for kept in keeps:
        assert redact({name: kept}) == {name: kept}


def test_some_names_are_secret_only_in_their_place() -> None:
    for name, parents in WITHIN.items():
        assert redact({name: "x"}) == {name: "x"}
        assert redact({"other": {name: "x"}}) == {"other": {name: "x"}}
        for parent in parents:
            assert redact({parent: {name: "x"}}) == {parent: {name: f"[redacted: {name}]"}}


def test_a_value_is_hidden_that_the_field_beside_it_calls_secret() -> None:
    for name, value in (("item_key", "item_value"), ("name", "value"), ("key", "value")):
        assert redact({name: "stripe_secret_key", value: CANARY}) == {
            name: "stripe_secret_key",
            value: f"[redacted: {value}]",
        }
        for said in ("title", "token_id", "surrogate_key"):
            assert redact({name: said, value: CANARY}) == {name: said, value: CANARY}
        assert redact({name: "token", value: "off"}) == {name: "token", value: "off"}
        assert redact({name: 1, value: CANARY}) == {name: 1, value: CANARY}
        assert redact({value: f"Bearer {CANARY}"}) == {value: "Bearer [redacted: authorization]"}
    assert redact({"dst": "http.X-Api-Key", "src": f'"{CANARY}"'}) == {
        "dst": "http.X-Api-Key",
        "src": '"[redacted: src]"',
    }
    passed_on = {"dst": "http.X-Api-Key", "src": "req.http.X-Api-Key-2"}
    assert redact(dict(passed_on)) == passed_on


def test_what_is_redacted_keeps_its_place_and_its_neighbours() -> None:
    answer = {"token": "x", "token_id": "x", "n": [1, 2.5, True, None, {"password": "x", "b": {}}]}
    assert redact(answer) == {
        "token": "[redacted: token]",
        "token_id": "x",
        "n": [1, 2.5, True, None, {"password": "[redacted: password]", "b": {}}],
    }
    assert redact(f"Bearer {CANARY}") == "Bearer [redacted: authorization]"
    assert redact(5) == 5
    assert redact(None) is None


def test_names_stay_as_they_are_whatever_they_say() -> None:
    hostile = {f"Bearer {CANARY}": 1, "": {"\u202e": "x"}, "__class__": ["x"], "token\x00": "x"}
    assert redact(dict(hostile)) == hostile


def test_depth_does_not_matter() -> None:
    deep: object = {"token": CANARY}
    for _ in range(100_000):
        deep = {"a": [deep]}
    node = redact(deep)
    while "a" in node:
        node = node["a"][0]
    assert node == {"token": "[redacted: token]"}


FRAGMENTS = st.sampled_from(
    [text for text, _ in HIDDEN.values()]
    + list(SHOWN)
    + [*NAMES, *secret_text.HINTS, *"=:\"'\\ \n{}[]@/.;,-_~!<>", "[redacted: x]", "=> ", CANARY]
)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=8), max_size=8).map("".join)
PLAIN = st.text("abcdefghij XYZ 0123456789.,()\n-\u00e9\u202e", max_size=60)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
FIELDS = st.sampled_from([*NAMES, *WITHIN, "config", "attributes", "item_key", "value"])


def json_of(text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    return st.recursive(
        LEAVES | text,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(FIELDS | st.text(max_size=6), inner, max_size=4)
        ),
        max_leaves=12,
    )


def shape(data: object) -> object:
    """The data with nothing for each text."""
    if isinstance(data, dict):
        return {name: shape(value) for name, value in data.items()}
    if isinstance(data, list):
        return [shape(value) for value in data]
    return "" if isinstance(data, str) else data


@example(f"AIza{CANARY * 2}"[:39] + f"xoxb-123456789012-{CANARY}")
@example(f'xoxb-123456789012-{CANARY}key = "{CANARY}"')
@example(f"AIza{CANARY * 2}"[:39] + 'digest.hmac_sha256("canary", req.url)')
@example(f"x.com/receiver/v1/http/{CANARY}==xoxb-123456789012-{CANARY}https://x:80/a@b")
@example('digest.hmac_sha256("canary", req.url)password=first:canary=x y"0')
@example("Authorization:Scheme digest.base64(")
@settings(deadline=None)
@given(TEXTS)
def test_hiding_twice_is_hiding_once(text: str) -> None:
    hidden = hide(text)
    assert hide(hidden) == hidden


@settings(deadline=None)
@given(TEXTS)
def test_no_rule_has_more_to_say_than_its_hints(text: str) -> None:
    assert hide(text) == secret_text._hide(text, text.lower())


@settings(deadline=None)
@given(json_of(TEXTS))
def test_redaction_changes_nothing_but_texts(data: object) -> None:
    copy = from_json(json.dumps(data))
    hidden = redact(copy)
    assert shape(hidden) == shape(data)
    assert redact(from_json(json.dumps(hidden))) == hidden


@pytest.mark.parametrize(
    "text",
    [
        *("digest.hmac_a(", 'crypto.encrypt_a("', 'digest.secure_is_equal("', "urlencode("),
        *("set x-token = ", "set x-token = (", 'set token = "a,', 'urlencode("abcdefg"'),
        *('"\\', "\\", "a.b", "token !~ ", '{"'),
    ],
)
def test_no_text_takes_time_by_its_square(text: str) -> None:
    # A hundred thousand of them would take minutes, which no test is given.
    hidden = hide(f"set digest.hmac_x(token = {text * 100_000}")
    assert hide(hidden) == hidden


@settings(deadline=None)
@given(PLAIN)
def test_plain_text_comes_back_as_it_is(text: str) -> None:
    assert hide(text) is text


def test_an_object_storage_keys_id_is_no_secret_and_its_secret_is() -> None:
    key = {"access_key": "A1B2C3", "secret_key": "s3cr3t", "buckets": []}
    assert redact(dict(key)) == key | {"secret_key": "[redacted: secret_key]"}
    assert redact({"access_key": "A1B2C3"}) == {"access_key": "[redacted: access_key]"}
