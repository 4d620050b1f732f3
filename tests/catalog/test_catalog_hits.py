"""What a search answers is short, and enough to call an operation."""

import json
import statistics
import warnings
from pathlib import Path
from typing import Any

import pytest

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.hits import ROOM, hit, hits
from fastly_mcp.api.catalog.search import search
from fastly_mcp.errors import InvalidArgument

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data in an old way
    import bpe_openai  # type: ignore[import-untyped]  # it carries no types

    encoding = bpe_openai.get_encoding("o200k_base")

QUESTIONS = json.loads(Path(__file__).with_name("questions.json").read_text())
FIVE = 5


def count(answer: list[dict[str, Any]]) -> int:
    text = json.dumps({"hits": answer}, separators=(",", ":"), ensure_ascii=False)
    return len(encoding.encode(text))


def told(id_: str, room: int = ROOM) -> dict[str, Any]:
    return hit(load().operation(id_), room)


def test_no_five_operations_take_more_than_400_tokens() -> None:
    every = [hit(operation, ROOM // FIVE) for operation in load()]
    longest = sorted(every, key=lambda each: count([each]), reverse=True)[:FIVE]
    assert 300 < count(longest) <= 400


def test_no_answer_to_a_question_takes_more_than_400_tokens() -> None:
    sizes = [count(hits(question["ask"])) for question in QUESTIONS]
    assert max(sizes) <= 400
    assert statistics.median(sizes) <= 350
    assert max(count(hits(each.id)) for each in load()) <= 400
    assert max(count(hits(each.id, 1)) for each in load()) <= 400


def test_a_hit_tells_the_call_and_what_comes_back() -> None:
    for each in load():
        answer = hit(each, ROOM // FIVE)
        assert (answer["operation"], answer["method"]) == (each.id, each.method)
        assert (answer["path"], answer["summary"]) == (each.path, each.summary)
        assert answer["returns"].partition(":")[0] == each.returns
        assert ("pages" in answer) == (each.paging is not None)
        named = {*answer.get("required", ()), *each.path.replace("}", "{").split("{")}
        assert {parameter.name for parameter in each.required} <= named


def test_what_is_required_is_told_with_its_type_and_short_enums() -> None:
    assert told("create_automation_token")["required"] == {
        "name": "string",
        "expires_at": "date-time",
    }
    assert told("activate_service_version_environment")["required"] == {
        "environment_name": "staging"
    }
    values = told("get_log_insights")["required"]["visualization"]
    assert values.startswith("top-url-by-bandwidth|")
    assert told("get_log_insights", ROOM // FIVE)["required"]["visualization"] == "string"
    assert told("create_dm_routing_config_rule")["required"]["action"] == "object{type, value}"
    assert told("create_dm_routing_config_rule", ROOM // FIVE)["required"]["action"] == "object"
    assert "required" not in told("list_backends")


def test_paging_is_told_once() -> None:
    services = told("list_services")
    assert services["pages"] is True
    assert services["optional"] == {"sort": "string", "direction": "ascend|descend"}


def test_names_are_cut_by_room_and_those_that_were_asked_for_come_first() -> None:
    backend = load().operation("update_backend")
    whole = hit(backend)["optional"]
    assert whole["port"] == "integer"
    assert len(whole) == len(backend.parameters) - 3
    short = hit(backend, ROOM // FIVE)["optional"]
    assert short.startswith("address, name, ")
    assert short.endswith(", …")
    asked = hit(backend, ROOM // FIVE, frozenset({"weight"}))["optional"]
    assert asked.startswith("weight, ")
    assert hit(backend, 0)["optional"] == "…"


def test_fields_of_one_object_share_its_name() -> None:
    returns = told("list_services")["returns"]
    assert returns.startswith("list: name, id, ")
    assert "versions[]{" in returns
    assert "not_after" in told("list_tls_certs", ROOM // FIVE)["returns"]
    assert told("delete_tls_cert")["returns"] == "nothing"


def test_what_is_in_an_object_is_told_where_there_is_room() -> None:
    data = told("create_tls_cert")["optional"]["data"]
    assert data.startswith("object{type, attributes{cert_blob, ")
    assert told("create_tls_cert", 60)["optional"] == {"data": "object"}


def test_what_an_answer_says_of_itself_comes_last() -> None:
    returns = told("get_usage_month", ROOM // FIVE)["returns"]
    assert returns.startswith("object: data.")
    assert "meta{" not in returns


def test_room_that_one_hit_leaves_is_for_the_others() -> None:
    found = hits("clone_service_version")
    assert [each["operation"] for each in found] == [
        each.id for each in search("clone_service_version")
    ]
    alike = [hit(load().operation(each["operation"]), ROOM // FIVE) for each in found]
    assert len(str(found)) > len(str(alike))


def test_fewer_hits_are_told_of_in_more_detail() -> None:
    assert len(str(hits("update_backend", 1)[0])) > len(str(hits("update_backend")[0]))
    assert len(hits("backend", 3)) == 3
    assert hits("x" * 40) == []
    with pytest.raises(InvalidArgument):
        hits("")
