"""The index is made of what a client's code declares, without running it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from fastly_mcp.api.catalog import build
from fastly_mcp.api.catalog.catalog import Catalog
from fastly_mcp.api.catalog.operation import Field, Paging, Parameter
from tests.catalog.a_client import API, write_client


@pytest.fixture
def index(tmp_path: Path) -> dict[str, Any]:
    return build.index_of(write_client(tmp_path))


@pytest.fixture
def catalog(index: dict[str, Any]) -> Catalog:
    return Catalog(json.loads(gzip.decompress(build.packed(index))))


def test_parameters_are_read_with_all_their_rules(catalog: Catalog) -> None:
    made = catalog.operation("list_backends")
    assert (made.group, made.method, made.host) == ("gardens", "GET", "api.example.com")
    assert made.parameters == (
        Parameter("service_id", "path", "string", required=True, pattern="^[a-z]+$"),
        Parameter("version_id", "path", "integer", required=True, minimum=1),
        Parameter("from", "query", "date-time", python_name="_from"),
        Parameter(
            "filter[kind]",
            "query",
            "string",
            python_name="kind",
            nullable=True,
            enum=("old", "new"),
        ),
        Parameter("flags", "query", "[string]", format="csv"),
    )


def test_fields_of_composed_models_are_those_of_their_parts(catalog: Catalog) -> None:
    fields = catalog.operation("create_backend").fields
    assert fields == (Field("id", "string"), *catalog.operation("list_backends").fields)
    assert fields[1:] == (
        Field("name", "string", is_required=True),
        Field("size", "string"),
        Field("beds[].plants", "[string]"),
        Field("beds[].garden", "object"),
        Field("notes", "any"),
        Field("owner", "string"),
        Field("made_at", "date-time"),
    )


def test_a_body_is_read_as_its_fields_without_those_of_answers(catalog: Catalog) -> None:
    made = catalog.operation("create_backend")
    name, size, beds, *others = [each for each in made.parameters if each.place == "body"]
    assert name == Parameter(
        "name", "body", "string", python_name="_name", required=True, max_length=9
    )
    assert size.enum == ("small", "large")
    assert (beds.type, beds.fields[0]) == ("[object]", Field("plants", "[string]"))
    assert [each.name for each in others] == ["notes", "owner"]
    assert (made.content_type, made.accept, made.host) == ("application/json", (), "rt.example.com")


def test_a_list_is_found_in_its_envelope_and_pages(catalog: Catalog) -> None:
    events, records = catalog.operation("list_events"), catalog.operation("get_log_records")
    assert (events.returns, events.items) == (records.returns, records.items) == ("list", "data")
    assert events.fields == records.fields == catalog.operation("list_backends").fields
    assert events.paging == Paging("jsonapi", "page[number]", "page[size]")
    assert records.paging == Paging("cursor", "next_cursor", "limit", "meta.next_cursor")


def test_objects_of_any_names_are_read_through(catalog: Catalog) -> None:
    fields = {each.name: each.type for each in catalog.operation("get_hist_stats").fields}
    assert fields["data.*[].name"] == "string"
    assert fields["by_year[].*.next_cursor"] == "string"
    # Of one that has plain values there is no more to tell.
    assert fields["sold"] == "object"


def test_what_the_client_does_not_know_or_has_wrong_is_known_otherwise(catalog: Catalog) -> None:
    groups, keys = catalog.operation("list_user_groups"), catalog.operation("list_access_keys")
    assert (groups.items, groups.fields) == ("data", ())
    assert groups.paging == Paging("page", "page", "per_page")
    assert (keys.items, keys.fields[0].name, keys.paging) == ("data", "name", None)


def test_answers_that_are_no_objects(catalog: Catalog) -> None:
    assert catalog.operation("list_service_stars").returns == "anything"
    assert catalog.operation("kv_store_get_item").returns == "text"
    assert catalog.operation("kv_store_upsert_item").returns == "nothing"
    assert catalog.operation("create_tls_activation").returns == "object"


def test_a_body_without_fields_is_one_parameter(catalog: Catalog) -> None:
    assert catalog.operation("kv_store_upsert_item").parameters == (
        Parameter("body", "content", "string", required=True),
    )


def test_what_a_body_names_is_named_whole(catalog: Catalog) -> None:
    data, port, either = catalog.operation("create_tls_activation").parameters
    assert data.fields == (Field("id", "string"), Field("type", "string"))
    assert (port.type, either.type) == ("string", "any")


def test_only_models_that_are_used_are_kept(index: dict[str, Any]) -> None:
    assert sorted(index["models"]) == [
        *("Garden", "GardenBed", "GardenResponse", "Gardens", "Meta", "Named", "Plots"),
    ]
    assert index["client"] == "1.2.3"


def test_the_same_client_gives_the_same_bytes(index: dict[str, Any], tmp_path: Path) -> None:
    again = build.index_of(write_client(tmp_path / "again"))
    assert build.packed(again) == build.packed(index)


def test_an_operation_without_words_for_it_stops_the_build(tmp_path: Path) -> None:
    client = write_client(tmp_path)
    new = API.replace("/backend'", "/hedge'")
    (client / "api" / "gardens_api.py").write_text(new, encoding="utf-8")
    with pytest.raises(KeyError, match="V/hedge"):
        build.index_of(client)


def test_a_client_that_tells_no_version_is_read_all_the_same(tmp_path: Path) -> None:
    client = write_client(tmp_path)
    (client / "__init__.py").write_text("", encoding="utf-8")
    assert build.index_of(client)["client"] == "unknown"


def test_the_index_is_written_next_to_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "index.json.gz"
    monkeypatch.setattr(build, "INDEX", target)
    assert build.main(["--source", str(write_client(tmp_path / "client"))]) == 0
    assert json.loads(gzip.decompress(target.read_bytes())) == build.shipped()
    assert f"{target.stat().st_size} bytes" in capsys.readouterr().out
