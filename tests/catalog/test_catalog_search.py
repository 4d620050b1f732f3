"""The right operation is found by what operators ask; whatever is asked, no syntax is run."""

import json
from pathlib import Path

import pytest

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.query import LONGEST
from fastly_mcp.api.catalog.search import search
from fastly_mcp.api.catalog.synonyms import SYNONYMS
from fastly_mcp.errors import InvalidArgument

QUESTIONS = json.loads(Path(__file__).with_name("questions.json").read_text())


def ids(query: str, limit: int = 5) -> list[str]:
    return [operation.id for operation in search(query, limit)]


def test_what_operators_ask_for_is_found() -> None:
    """At least 80 % first and 97 % among five; every miss is printed."""
    first = among_five = 0
    for question in QUESTIONS:
        found = ids(question["ask"])
        right = [each in question["operations"] for each in found]
        first += right[0]
        among_five += any(right)
        if not right[0]:
            place = f"{right.index(True) + 1}." if any(right) else "missed"
            print(f"{place} {question['ask']!r}: {', '.join(found)}")  # noqa: T201  # for people
    print(f"first {first}, among five {among_five}, of {len(QUESTIONS)}")  # noqa: T201  # likewise
    assert len(QUESTIONS) >= 80
    assert first / len(QUESTIONS) >= 0.80
    assert among_five / len(QUESTIONS) >= 0.97


def test_every_operation_is_found_by_its_id_and_its_summary() -> None:
    missed = []
    for each in load():
        assert ids(each.id, 1) == ids(each.id.replace("_", " "), 1) == [each.id]
        if each.id not in ids(each.summary):
            missed.append(each.id)
    assert missed == []


def test_reads_come_before_writes_unless_a_change_is_asked_for() -> None:
    assert search("backend", 1)[0].method == "GET"
    assert search("who can delete a backend?", 1)[0].method == "GET"
    assert search("is compression turned on?", 1)[0].method == "GET"
    assert ids("add a backend", 1) == ids("please set up a backend", 1) == ["create_backend"]
    assert ids("how do I delete a dictionary?", 1) == ["delete_dictionary"]
    assert ids("turn on websockets for a service", 1) == ["enable_product_websockets"]
    assert ids("turn off websockets for a service", 1) == ["disable_product_websockets"]


def test_a_deletion_waits_to_be_asked_for() -> None:
    methods = {
        query: [operation.method for operation in search(query)]
        for query in ("restore an old version of a service", "add a header", "put a domain back")
    }
    assert [query for query, found in methods.items() if "DELETE" in found] == []
    assert search("remove a header", 1)[0].method == "DELETE"
    assert search("detach a backend from a director", 1)[0].id == "delete_director_backend"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("write a value to the kv store", "kv_store_upsert_item"),
        ("store an object in a KV store", "kv_store_upsert_item"),
        ("put a secret in the secret store", "create_secret"),
        ("upload VCL", "create_custom_vcl"),
        ("bring back an old version", "activate_service_version"),
        ("revert to version 41", "activate_service_version"),
        ("rename a service", "update_service"),
        ("rename the config store", "update_config_store"),
        ("get a free managed certificate for www.example.com", "create_tls_sub"),
        ("empty the whole cache", "purge_all"),
    ],
)
def test_changes_are_found_by_everyday_verbs(query: str, first: str) -> None:
    assert ids(query, 1) == [first]


def test_a_verb_that_is_a_noun_too_needs_an_object() -> None:
    assert {operation.method for operation in search("store")} == {"GET"}
    assert ids("store a secret", 1) == ["create_secret"]


def test_what_is_in_something_is_told_from_what_holds_it() -> None:
    assert ids("block an IP address in an ACL", 1) == ["create_acl_entry"]
    assert ids("remove 192.0.2.7 from the ACL", 1) == ["delete_acl_entry"]
    assert ids("add a key to the dictionary", 1) == ["create_dictionary_item"]
    assert ids("add a server to the pool", 1) == ["create_pool_server"]
    assert ids("put user in a group", 1) == ["add_user_group_members"]
    assert ids("create a user group", 1) == ["create_a_user_group"]
    assert ids("what's in the acl", 1) == ["list_acl_entries"]
    assert ids("ACLs in version 4", 1) == ["list_acls"]


def test_log_endpoints_in_general_are_the_lists_of_each_kind() -> None:
    for query in ("which log endpoints send where", "where do our logs go", "log destinations"):
        assert [each for each in ids(query) if not each.startswith("list_log_")] == []


def test_what_hands_out_secrets_is_not_offered_for_other_questions() -> None:
    assert "ngwaf_list_agent_keys" not in ids("what does the WAF block")
    assert ids("agent keys of the WAF", 1) == ["ngwaf_list_agent_keys"]


def test_a_noun_alone_is_the_list_of_it() -> None:
    assert ids("services", 1) == ["list_services"]
    assert ids("Backend", 1) == ["list_backends"]
    assert ids("dictionaries", 1) == ["list_dictionaries"]


def test_fields_and_parameters_are_found() -> None:
    assert "update_backend" in ids("change between_bytes_timeout")
    assert "list_users" in ids("two_factor_auth_enabled")


def test_host_names_and_addresses_are_what_they_name() -> None:
    assert ids("which certificate has api.example.com?") == ids("which certificate has a hostname?")
    assert "list_acl_entries" in ids("is 192.0.2.7 blocked?")
    assert "list_response_objects" in ids("robots.txt")


def test_every_synonym_is_of_an_operation() -> None:
    named = [f"{each.path} {each.id}" for each in load()]
    assert [part for part in SYNONYMS if not any(part in each for each in named)] == []
    assert len(SYNONYMS) < 125


def test_inflected_words_are_found() -> None:
    assert ids("healthchecks") == ids("healthcheck")
    assert ids("TLS CERTIFICATES") == ids("tls certificate")


@pytest.mark.parametrize(
    "query",
    [
        'backend" OR "x',
        "backend NOT service",
        "id : backend",
        "{id path} : backend",
        "backend*",
        "^backend",
        "NEAR(backend service, 2)",
        "- backend",
        "backend AND",
        "(backend",
        "backend + ",
        "'; DROP TABLE said; --backend",
        "backend\0service",
        "backend \ud800",
        "backend 🦄",
        "бэкенд backend 后端",
    ],
)
def test_a_query_is_words_and_never_syntax(query: str) -> None:
    assert any("backend" in each for each in ids(query))


@pytest.mark.parametrize("query", ["", " \n\t", "?!", '"""', "\0", "🦄🦄", "_", "\ud800"])
def test_a_query_without_words_is_refused(query: str) -> None:
    with pytest.raises(InvalidArgument, match="needs words"):
        search(query)


def test_a_query_that_is_too_long_is_refused() -> None:
    assert search("backend " * (LONGEST // 8))
    assert search("x" * LONGEST) == []
    with pytest.raises(InvalidArgument, match="at most 500 characters"):
        search("a" * 10_000)


def test_common_words_alone_are_looked_for_all_the_same() -> None:
    assert ids("what is this") != []


def test_the_order_is_always_the_same_and_a_longer_answer_begins_alike() -> None:
    assert ids("service", 20) == ids("service", 20)
    assert ids("service", 20)[:5] == ids("service")
    assert len(ids("service", 3)) == 3
