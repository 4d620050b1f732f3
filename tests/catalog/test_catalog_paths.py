"""No parameter of any operation can leave its place in the path."""

import re
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import check
from fastly_mcp.api.catalog.operation import Operation
from fastly_mcp.errors import InvalidArgument

PIECES = (
    *(".", "..", "/", "\\", "%2e", "%2E", "%2F", "%2f", "%5c", "%252e", ";", "#", "?", "@"),
    *("\n", "\r", "\r\n", "\0", "\x7f", "\x85", "\u2028", "\uff0e", "\u3002", "\uff0f", "\ud800"),
    *("%", ":", "//", "../", "&", "=", "+", " ", "ü", "a", "Z9", "1", "staging", "tax", "hourly"),
)
hostile = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)
PLAIN = {
    "environment_name": "staging",
    "granularity": "hourly",
    "type": "tax",
    "start_month": "2026-01",
    "end_month": "2026-02",
    "integer": "12",
    "date-time": "2026-01-01T00:00:00Z",
    "object": {"id": "a1"},
    "[object]": [{"id": "a1"}],
}


def plain(operation: Operation) -> dict[str, Any]:
    """Every required parameter with a value that is good."""
    return {
        each.name: each.enum[0]
        if each.enum
        else PLAIN.get(each.name) or PLAIN.get(each.type) or "a1" * 10
        for each in operation.parameters
        if each.required
    }


def stays(operation: Operation, params: dict[str, Any]) -> bool:
    """Tell whether it is accepted; fails if it is and the path is another one."""
    try:
        request = check(operation, params)
    except InvalidArgument:
        return False
    target = request.path
    sent = httpx2.Request("GET", f"https://{operation.host}{target}").url
    assert (sent.host, sent.raw_path) == (operation.host, target.encode())
    template, filled = operation.path.split("/"), target.split("/")
    assert len(filled) == len(template)
    for expected, segment in zip(template, filled, strict=True):
        name = re.fullmatch(r"\{(\w+)\}", expected)
        assert unquote(segment) == (str(params[name[1]]) if name else expected)
        assert not re.search(r"[?#\\;@]", segment)
        assert unquote(segment) not in {".", ".."}
    return True


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_hostile_segments_are_refused_or_stay_in_their_place(data: st.DataObject) -> None:
    # Every operation in every example: a sample would meet the rare ones too seldom.
    value, other = data.draw(hostile), data.draw(hostile)
    for operation in load():
        params = plain(operation)
        places = [each.name for each in operation.parameters if each.place == "path"]
        for name in places:
            stays(operation, {**params, name: value})
        stays(operation, params | dict.fromkeys(places, value) | dict.fromkeys(places[:1], other))


@pytest.mark.parametrize("value", [".", "..", "%2e%2E", "a/../..", "..%2f", "a\\b", "\n", "\0", ""])
def test_what_would_be_another_path_is_refused_everywhere(value: str) -> None:
    for operation in load():
        for each in operation.parameters:
            if each.place == "path":
                assert not stays(operation, {**plain(operation), each.name: value}), operation.id


def test_good_segments_are_accepted_everywhere() -> None:
    for operation in load():
        assert stays(operation, plain(operation)), operation.id


def test_a_name_with_a_slash_stays_one_segment() -> None:
    operation = load().operation("get_backend")
    params = {"service_id": "a1" * 10, "version_id": 3, "backend_name": "eu/west #1?"}
    assert check(operation, params).path.endswith("/version/3/backend/eu%2Fwest%20%231%3F")
