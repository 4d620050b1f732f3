"""Parameters are checked and put in their places before anything is sent."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import Request, check
from fastly_mcp.errors import InvalidArgument

SERVICE = "SU1Z0isxPaozGVKXdv0eY"
VERSION = {"service_id": SERVICE, "version_id": 3}


def checked(id_: str, **params: Any) -> Request:
    return check(load().operation(id_), params)


def complaint(id_: str, params: dict[str, Any]) -> str:
    with pytest.raises(InvalidArgument) as raised:
        check(load().operation(id_), params)
    return str(raised.value)


def test_each_parameter_goes_where_it_belongs() -> None:
    made = checked("create_backend", **VERSION, name="www", port=443, use_ssl=True, shield=None)
    assert made.path == f"/service/{SERVICE}/version/3/backend"
    assert made.segments == {"service_id": SERVICE, "version_id": "3"}
    assert made.form == [("name", "www"), ("port", "443"), ("shield", ""), ("use_ssl", "1")]
    assert (made.query, made.headers, made.json, made.content) == ([], {}, None, None)
    assert made.accept == "application/json"


def test_names_of_the_wire_and_of_the_official_client_are_taken() -> None:
    for names in (
        {"filter_created_at_lte": "2026-01-01"},
        {"filter[created_at][lte]": "2026-01-01"},
    ):
        made = checked("list_events", **names, page_size=5)
        assert made.query == [("filter[created_at][lte]", "2026-01-01"), ("page[size]", "5")]
    assert checked("get_hist_stats", **{"from": "1 day ago"}).query == [("from", "1 day ago")]
    assert checked("get_hist_stats", _from=1_700_000_000).query == [("from", "1700000000")]


def test_a_parameter_is_not_given_twice() -> None:
    assert complaint("get_hist_stats", {"from": "a", "_from": "b"}) == (
        "get_hist_stats: from is given twice. Nothing was sent."
    )


def test_all_problems_are_named_at_once() -> None:
    said = complaint(
        "create_healthcheck",
        {"service_id": "..", "check_intervall": 5, "check_interval": 5, "threshold": "two"},
    )
    assert said == (
        "create_healthcheck: check_intervall is unknown (did you mean check_interval?); "
        "service_id cannot be used in an address; version_id is missing; "
        "check_interval must be at least 1000; threshold must be an integer. Nothing was sent."
    )


def test_unknown_names_are_answered_with_the_known() -> None:
    assert "(it takes service_id, version_id)" in complaint("list_backends", {**VERSION, "xyz": 1})
    assert "xyz is unknown (it takes none)" in complaint("list_pops", {"xyz": 1})
    assert "and 29 more" in complaint("create_backend", {**VERSION, "qqqqqq": 1})
    assert r"\u{202e}x is unknown" in complaint("list_pops", {"\u202ex": 1})


def test_a_value_is_never_repeated() -> None:
    secret = "hunter2-hunter2"
    for id_, name in (("list_services", "per_page"), ("get_hist_stats", "by")):
        assert secret not in complaint(id_, {name: secret})


@pytest.mark.parametrize(("given", "sent"), [(20, "20"), ("20", "20"), (20.0, "20")])
def test_numbers_are_taken_as_text_too(given: object, sent: str) -> None:
    assert checked("list_services", per_page=given).query == [("per_page", sent)]


@pytest.mark.parametrize(
    "given",
    [
        True,
        "2e1",
        "020",
        " 20",
        "\u0662\u0660",
        "\uff12\uff10",
        "",
        [],
        {},
        2.5,
        "9" * 5000,
        10**30,
        101,
        0,
    ],
)
def test_what_is_no_such_number_is_refused(given: object) -> None:
    assert "per_page" in complaint("list_services", {"per_page": given})


def test_fractions_and_times_are_taken_as_numbers_and_as_text() -> None:
    places = {"service_id": "s", "start": "a", "end": "b"}
    for given_, sent in ((1.5, "1.5"), ("1.5", "1.5"), ("15", "15"), (15, "15")):
        assert ("limit", sent) in checked("get_log_records", **places, limit=given_).query
    for wrong in ("1e5", float("nan"), True, [1], "1.", ""):
        assert "limit must be a number" in complaint("get_log_records", {**places, "limit": wrong})
    for time, sent in (("2026-01-01", "2026-01-01"), (1_700_000_000, "1700000000")):
        made = checked("get_domain_inspector_historical", service_id="s", start=time)
        assert made.query == [("start", sent)]
    no_times: tuple[object, ...] = ({}, True, 1.5)
    for no_time in no_times:
        said = complaint("create_automation_token", {"name": "a", "expires_at": no_time})
        assert "expires_at must be a date or time" in said


def test_what_is_no_text_or_json_is_refused() -> None:
    assert "name holds half a character" in complaint("create_service", {"name": "\ud800"})
    for wrong in ({"a": "\ud800"}, {"a": float("inf")}, {"a": object()}):
        said = complaint("create_tls_activation", {"data": wrong})
        assert "data cannot be written as JSON" in said
    assert "add must be true or false" in complaint(
        "kv_store_upsert_item", {"store_id": "s", "key": "k", "body": "v", "add": "yes"}
    )


def test_numbers_are_taken_for_text() -> None:
    made = checked("create_condition", **VERSION, name=5, priority="7", type="REQUEST")
    assert dict(made.form) == {"name": "5", "priority": "7", "type": "REQUEST"}


@pytest.mark.parametrize("given", [True, "true", "True", 1, "1"])
def test_booleans_are_true_in_a_query_and_1_in_a_form(given: object) -> None:
    made = checked("list_dm_domains", activated=given)
    assert made.query == [("activated", "true")]
    made = checked("update_backend", **VERSION, backend_name="a", use_ssl=given)
    assert made.form == [("use_ssl", "1")]
    made = checked("csp_list_pages", limit="2")
    assert made.query == [("limit", "2")]


def test_booleans_are_text_where_the_api_has_it_so() -> None:
    assert checked("list_tls_certs", filter_in_use=True).query == [("filter[in_use]", "true")]
    made = checked("set_product_ddos_protection_configuration", service_id=SERVICE, mode=False)
    assert made.json == {"mode": "false"}
    assert "name must be a string" in complaint("create_service", {"name": True})


def test_enums_are_kept_and_their_values_are_named() -> None:
    said = complaint("get_hist_stats", {"by": "second"})
    assert "by must be one of hour, minute, day. Nothing" in said
    assert checked("create_director", **VERSION, type="3").form == [("type", "3")]
    assert "type must be one of 1, 3, 4" in complaint("create_director", {**VERSION, "type": 2})
    # Fastly has more regions than its client lists.
    assert checked("get_hist_stats", region="anzac").query == [("region", "anzac")]


def test_bounds_of_texts_and_lists_are_kept() -> None:
    limiter = {**VERSION, "name": "", "rps_limit": 5}
    said = complaint("create_rate_limiter", limiter)
    assert "name must have at least 1 characters" in said
    assert "rps_limit must be at least 10" in said
    said = complaint(
        "create_network_protect_rule_set", {"default_action": "allow", "rules": [{}] * 65}
    )
    assert "rules must have at most 64 items" in said
    assert "must match" in complaint("create_backend", {**VERSION, "share_key": "a-b"})
    assert "must match" in complaint("create_backend", {**VERSION, "share_key": "ab\n"})


def test_lists_are_written_as_the_api_reads_them() -> None:
    both = ["example.com", "example.org"]
    made = checked("create_apex_redirect", **VERSION, domains=both)
    assert made.form == [("domains", "example.com,example.org")]
    assert checked("create_apex_redirect", **VERSION, domains=",".join(both)).form == made.form
    made = checked("api_security_list_operations", service_id=SERVICE, domain=both)
    assert made.query == [("domain", "example.com"), ("domain", "example.org")]
    made = checked("api_security_list_operations", service_id=SERVICE, domain="example.com")
    assert made.query == [("domain", "example.com")]


def test_fields_of_a_json_body_are_given_alone_or_together() -> None:
    body = {"name": "bot", "expires_at": "2027-01-01T00:00:00Z", "services": [SERVICE]}
    assert checked("create_automation_token", **body).json == body
    assert checked("create_automation_token", body=body).json == body
    said = complaint("create_automation_token", {"body": {"name": "bot"}, "name": "bot"})
    assert "name is given twice; expires_at is missing" in said
    assert "body must be an object" in complaint("create_automation_token", {"body": "{}"})


def test_a_place_of_the_path_is_not_filled_from_the_body() -> None:
    said = complaint("update_dm_domain", {"body": {"domain_id": "x", "description": "y"}})
    assert "domain_id does not belong in the body; domain_id is missing" in said


def test_objects_of_a_body_stay_as_they_are() -> None:
    data = {"type": "tls_activation", "relationships": {"tls_domain": {"data": {"id": "a.b"}}}}
    made = checked("create_tls_activation", data=data)
    assert made.json == {"data": data}
    assert made.accept == made.operation.content_type == "application/vnd.api+json"
    assert "data must be an object" in complaint("create_tls_activation", {"data": "x"})
    one = {"op": "create", "item_key": "a", "item_value": "b"}
    places = {"service_id": SERVICE, "dictionary_id": "d"}
    for given_ in (one, [one]):
        assert checked("bulk_update_dictionary_item", **places, items=given_).json == {
            "items": [one]
        }


def test_whole_bodies_are_text_or_json() -> None:
    item = {"store_id": "s", "key": "a/b"}
    made = checked("kv_store_upsert_item", **item, body="value", time_to_live_sec=60)
    assert (made.content, made.json) == ("value", None)
    assert made.headers == {"time_to_live_sec": "60"}
    assert made.path.endswith("/keys/a%2Fb")
    assert "body is missing" in complaint("kv_store_upsert_item", item)
    made = checked("add_user_group_members", user_group_id="g", body={"data": []})
    assert (made.content, made.json) == (None, {"data": []})


def test_files_are_refused_with_another_way() -> None:
    assert "package is a file" in complaint("put_package", {**VERSION, "package": "AGFzbQ=="})


def test_null_leaves_out_what_only_asks() -> None:
    assert checked("list_services", per_page=None).query == []
    assert "service_id is missing" in complaint("get_service", {"service_id": None})
    assert checked("update_dm_domain", domain_id="d", service_id=None).json == {"service_id": None}
    assert "port may not be null" in complaint("create_backend", {**VERSION, "port": None})


@pytest.mark.parametrize("given", ["a\r\nFastly-Key: x", "\0", "ü", "\u2028"])
def test_a_header_carries_no_other(given: str) -> None:
    said = complaint(
        "kv_store_upsert_item", {"store_id": "s", "key": "k", "body": "", "metadata": given}
    )
    assert "metadata holds characters that a header cannot carry" in said


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


IDS = [each.id for each in load()]


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_whatever_is_given_is_refused_or_can_be_sent(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(IDS).map(load().operation))
    names = [each.name for each in operation.parameters] or ["x"]
    params = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=6))
    params |= {
        each.name: each.enum[0] if each.enum else "12"
        for each in operation.parameters
        if each.place == "path" and data.draw(st.booleans())
    }
    try:
        made = check(operation, params)
    except InvalidArgument as error:
        assert str(error).startswith(f"{operation.id}: ")  # noqa: PT017  # the other outcome is below
        return
    assert made.path.count("/") == operation.path.count("/")
    for name, text in (*made.query, *made.form, *made.headers.items()):
        assert name in {each.name for each in operation.parameters}
        text.encode()
    json.dumps(made.json, ensure_ascii=False, allow_nan=False).encode()
    (made.content or "").encode()
