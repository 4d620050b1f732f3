"""What the catalog says of some operations, against what is known of them otherwise."""

import pytest

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.operation import Operation, Paging, Parameter


def operation(id_: str) -> Operation:
    return load().operation(id_)


def parameter(id_: str, name: str) -> Parameter:
    return next(each for each in operation(id_).parameters if each.name == name)


def fields(id_: str) -> dict[str, str]:
    return {each.name: each.type for each in operation(id_).fields}


def test_an_operation_of_a_version_is_a_form_with_places() -> None:
    made = operation("create_backend")
    assert (made.method, made.path, made.host) == (
        "POST",
        "/service/{service_id}/version/{version_id}/backend",
        "api.fastly.com",
    )
    assert [each.name for each in made.required] == ["service_id", "version_id"]
    assert made.content_type == "application/x-www-form-urlencoded"
    assert (made.returns, made.items, made.paging) == ("object", None, None)
    key = parameter("create_backend", "share_key")
    assert (key.place, key.type, key.nullable, key.pattern) == (
        "form",
        "string",
        True,
        "^[A-Za-z0-9]+$",
    )
    assert fields("create_backend")["locked"] == "boolean"
    assert fields("create_backend")["connect_timeout"] == "integer"


def test_wire_names_differ_from_the_names_in_python() -> None:
    since = parameter("get_hist_stats", "from")
    assert (since.python_name, since.place) == ("_from", "query")
    until = parameter("list_events", "filter[created_at][lte]")
    assert (until.python_name, until.required) == ("filter_created_at_lte", False)
    domain = parameter("list_tls_subs", "filter[tls_domains.id]")
    assert domain.python_name == "filter_tls_domains_id"
    default = parameter("update_service_settings", "general.default_ttl")
    assert (default.python_name, default.type) == ("general_default_ttl", "integer")


def test_names_are_unique_in_each_operation() -> None:
    for each in load():
        names = [parameter.name for parameter in each.parameters]
        names += [parameter.python_name for parameter in each.parameters if parameter.python_name]
        assert len(names) == len(set(names)), each.id


def test_real_time_has_a_host_of_its_own() -> None:
    elsewhere = {each.id for each in load() if each.host != "api.fastly.com"}
    assert len(elsewhere) == 9
    assert {operation(id_).host for id_ in elsewhere} == {"rt.fastly.com"}
    assert "get_stats_last_second" in elsewhere
    assert fields("get_stats_last_second")["Data[].recorded"] == "integer"


def test_enums_and_bounds_are_kept() -> None:
    assert parameter("get_hist_stats", "by").enum == ("hour", "minute", "day")
    assert parameter("get_hist_stats", "region").has_more_values
    assert parameter("create_director", "type").enum == (1, 3, 4)
    interval = parameter("create_healthcheck", "check_interval")
    assert (interval.minimum, interval.maximum) == (1000, 3_600_000)
    name = parameter("create_rate_limiter", "name")
    assert (name.min_length, name.max_length) == (1, 255)
    rules = parameter("create_network_protect_rule_set", "rules")
    assert (rules.type, rules.max_items) == ("[object]", 64)
    # The values of a schema that is only an enum.
    region = parameter("create_log_kinesis", "region")
    assert region.type == "string"
    assert "eu-west-1" in region.enum
    assert region.has_more_values


@pytest.mark.parametrize(
    ("id_", "items", "paging"),
    [
        ("list_services", "", Paging("page", "page", "per_page")),
        ("list_backends", "", None),
        ("list_domains", "", None),
        ("list_tls_certs", "data", Paging("jsonapi", "page[number]", "page[size]")),
        ("kv_store_list", "data", Paging("cursor", "cursor", "limit", "meta.next_cursor")),
        ("iam_v1_roles_list", "data", Paging("cursor", "cursor", "limit", "next_cursor")),
        ("get_log_records", "data", Paging("cursor", "next_cursor", "limit", "meta.next_cursor")),
        (
            "get_service_level_usage",
            "data.details",
            Paging("cursor", "cursor", "limit", "data.meta.next_cursor"),
        ),
        ("api_security_list_operations", "data", Paging("page", "page", "limit")),
        ("list_user_groups", "data", Paging("page", "page", "per_page")),
        (
            "compute_acl_list_acl_entries",
            "entries",
            Paging("cursor", "cursor", "limit", "meta.next_cursor"),
        ),
        ("get_services_product_ngwaf", "services", None),
        # The client declares these otherwise than they are recorded.
        ("list_access_keys", "data", None),
        ("list_automation_tokens", "data", Paging("page", "page", "per_page")),
        ("list_config_store_services", "", None),
    ],
)
def test_where_the_items_of_a_list_are_and_how_it_pages(
    id_: str, items: str, paging: Paging | None
) -> None:
    assert operation(id_).returns == "list"
    assert (operation(id_).items, operation(id_).paging) == (items, paging)


def test_only_lists_page() -> None:
    for each in load():
        assert each.paging is None or (each.returns == "list" and each.method == "GET"), each.id


def test_fields_of_lists_are_those_of_an_item() -> None:
    assert fields("list_backends").keys() >= {"name", "address", "ssl_client_key", "locked"}
    assert fields("list_tls_certs")["attributes.not_after"] == "date-time"
    assert fields("list_services")["versions[].active"] == "boolean"
    assert fields("kv_store_list").keys() >= {"id", "name"}


def test_fields_reach_into_the_envelope_of_json_api() -> None:
    assert fields("get_tls_cert")["data.attributes.issuer"] == "string"
    assert fields("get_event")["data.attributes.event_type"] == "string"
    assert fields("get_service_detail")["active_version.number"] == "integer"


def test_objects_of_any_names_are_reached_through() -> None:
    assert fields("get_hist_stats_field")["data.*[].hit_ratio"] == "number"
    assert fields("get_usage_service")["data.*.*.bandwidth"] == "number"
    assert fields("get_stats_last_second")["Data[].aggregated.requests"] == "integer"
    # By data center, although the client has it flat.
    assert fields("get_stats_last_second")["Data[].datacenter.*.requests"] == "integer"
    # Where nothing is known of what is in it, it stays an object.
    assert fields("get_event")["data.attributes.metadata"] == "object"


def test_fields_at_any_depth_can_be_asked_for() -> None:
    detail = operation("get_service_detail")
    deep = {each.name for each in load().all_fields(detail)}
    assert "active_version.backends[].ssl_client_key" in deep
    assert {each.name for each in detail.fields} & deep


def test_forms_that_the_client_leaves_out_are_known_from_another_operation() -> None:
    for id_, other in (
        ("create_request_settings", "update_request_settings"),
        ("update_director", "create_director"),
        ("update_log_kafka", "create_log_kafka"),
        ("update_log_kinesis", "create_log_kinesis"),
        ("update_snippet", "create_snippet"),
    ):
        forms = [
            {each.name: each for each in operation(name).parameters if each.place == "form"}
            for name in (id_, other)
        ]
        # A snippet is named by its path, and cannot be renamed.
        forms[1].pop("name" if id_ == "update_snippet" else "", None)
        assert len(forms[0]) >= 4
        assert forms[0] == forms[1]
        assert operation(id_).content_type == "application/x-www-form-urlencoded"


def test_a_form_does_not_have_what_fastly_keeps_or_the_path_says() -> None:
    for each in load():
        forms = {parameter.name for parameter in each.parameters if parameter.place == "form"}
        assert not forms & {"created_at", "deleted_at", "updated_at"}, each.id
        assert "version" not in forms or "{version_id}" not in each.path, each.id
    assert "version" in {each.name for each in operation("update_apex_redirect").parameters}


def test_json_bodies_are_told_field_by_field() -> None:
    name = parameter("create_access_key", "permission")
    assert (name.place, name.required) == ("body", True)
    data = parameter("create_tls_activation", "data")
    assert (data.place, data.type) == ("body", "object")
    assert "relationships.tls_certificate.data.id" in {each.name for each in data.fields}
    items = parameter("bulk_update_dictionary_item", "items")
    assert [each.name for each in items.fields] == ["item_key", "item_value", "op"]
    rules = parameter("create_network_protect_rule_set", "rules")
    assert {"source_ports", "destination_ports"} <= {each.name for each in rules.fields}
    # The client declares the answer's model here.
    assert parameter("bulk_purge_tag", "surrogate_keys").type == "[string]"


def test_other_bodies_are_told_as_a_whole() -> None:
    value = parameter("kv_store_upsert_item", "body")
    assert (value.place, value.type, value.required) == ("content", "string", True)
    assert operation("kv_store_upsert_item").content_type == "application/octet-stream"
    assert parameter("put_package", "package").type == "file"
    assert parameter("add_user_group_members", "body").type == "object"


def test_what_is_answered_is_told() -> None:
    assert operation("delete_tls_cert").returns == "nothing"
    assert operation("kv_store_get_item").returns == "text"
    assert operation("get_custom_vcl_raw").accept == ("text/plain",)
    assert sum(each.returns == "nothing" for each in load()) == 63


def test_an_operation_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        operation("get_service").path = "/"  # type: ignore[misc]  # that is the test


def test_an_operation_is_made_once() -> None:
    assert load() is load()
    assert operation("get_service") is operation("get_service")
    assert "get_service" in load()
    assert "get_services" not in load()
