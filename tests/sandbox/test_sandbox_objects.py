"""Every kind of versioned object is created, renamed, changed and refused as Fastly does it."""

from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from fastly_mcp.sandbox.services.fields import Field
from fastly_mcp.sandbox.services.kinds import BY_PLURAL, KINDS, Kind

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
DRAFT = f"/service/{SHOP}/version/4"
LOCKED = f"/service/{SHOP}/version/2"
NAMED = [kind for kind in KINDS if kind.named_by == "name"]
every_kind = pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.path)


def fields_that(kind: Kind, answer: Any, *given: Any, refuses: Any = ...) -> list[str]:
    """The fields of a kind that make the same of all these values."""

    def read(field: Field, value: Any) -> Any:
        try:
            return field.read(value)
        except ValueError:
            return ...

    def fits(field: Field) -> bool:
        found = [read(field, value) for value in given]
        is_as_said = all(type(each) is type(answer) and each == answer for each in found)
        return is_as_said and (refuses is ... or read(field, refuses) is ...)

    return [name for name, field in kind.fields.items() if fits(field)]


WORDS = {kind.path: fields_that(kind, "1", "1") for kind in NAMED}
NULLED = {
    kind.path: [name for name in fields_that(kind, None, "") if name in WORDS[kind.path]]
    for kind in NAMED
}
NEEDED = {"backend": {"address": "origin.example"}}
DIGITS = {kind.path: fields_that(kind, "7", "7", 7, refuses="x") for kind in NAMED}
NUMBERS = {kind.path: fields_that(kind, 7, "7", 7, refuses="x") for kind in NAMED}
FLAGS = {kind.path: fields_that(kind, True, "1", 1, "true") for kind in NAMED}


def with_fields(table: dict[str, list[str]]) -> pytest.MarkDecorator:
    cases = [(kind, table[kind.path]) for kind in NAMED if table[kind.path]]
    return pytest.mark.parametrize(("kind", "names"), cases, ids=[case[0].path for case in cases])


async def made(client: httpx2.AsyncClient, kind: Kind, **fields: Any) -> dict[str, Any]:
    given = {"name": "one", **NEEDED.get(kind.path, {}), **fields}
    response = await client.post(f"{DRAFT}/{kind.path}", json=given)
    assert response.status_code == 200, response.text
    row: dict[str, Any] = response.json()
    return row


async def test_the_tables_hold_what_these_tests_are_about() -> None:
    assert len(NAMED) > 40
    assert all(sum(map(len, table.values())) > 5 for table in (NULLED, DIGITS, NUMBERS, FLAGS))


@every_kind
async def test_what_is_created_can_be_read_alone_and_in_its_list(
    client: httpx2.AsyncClient, kind: Kind
) -> None:
    row = await made(client, kind)
    assert row["name"] == "one"
    assert (row["service_id"], row["version"]) == (SHOP, "4" if kind.version_is_text else 4)
    assert row["created_at"] == row["updated_at"] == "2026-03-01T12:00:00Z"
    assert ("id" in row) is kind.has_id
    kept = (await client.get(f"{DRAFT}/{kind.path}/one")).json()
    assert kept == row
    assert (await client.get(f"{DRAFT}/{kind.path}")).json()[-1] == row


@every_kind
async def test_a_name_that_is_taken_is_a_duplicate(client: httpx2.AsyncClient, kind: Kind) -> None:
    await made(client, kind)
    await made(client, kind, name="other")
    for method, path in (("POST", kind.path), ("PUT", f"{kind.path}/other")):
        refused = await client.request(method, f"{DRAFT}/{path}", data={"name": "one"})
        assert refused.status_code == 409
        assert refused.json() == {
            "msg": "Duplicate record",
            "detail": f"Duplicate {kind.path.replace('/', '_')}: 'one'",
        }


async def test_a_duplicate_log_endpoint_is_named_as_recorded(client: httpx2.AsyncClient) -> None:
    kind = BY_PLURAL["logging/s3"]
    await made(client, kind, name="x")
    refused = await client.post(f"{DRAFT}/logging/s3", data={"name": "x"})
    assert refused.json()["detail"] == "Duplicate logging_s3: 'x'"


@every_kind
async def test_what_is_not_there_is_told_in_fastlys_words(
    client: httpx2.AsyncClient, kind: Kind
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        missing = await client.request(method, f"{DRAFT}/{kind.path}/none")
        assert missing.status_code == 404
        assert missing.json() == {
            "msg": "Record not found",
            "detail": f"Couldn't find {kind.label} '{{ deleted => 0000-00-00 00:00:00, "
            f"name => none, service => {SHOP}, version => 4 }}'",
        }
        assert b"=\\u003e" in missing.content


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("backend", "Backend"),
        ("acl", "ACL"),
        ("cache_settings", "CacheSettings"),
        ("request_settings", "RequestSettings"),
        ("response_object", "ResponseObject"),
        ("vcl", "VCL"),
        ("logging/s3", "syslog"),
        ("logging/newrelic", "syslog"),
    ],
)
async def test_the_kinds_have_the_recorded_labels(
    client: httpx2.AsyncClient, path: str, label: str
) -> None:
    detail = (await client.get(f"{DRAFT}/{path}/none")).json()["detail"]
    assert detail.startswith(f"Couldn't find {label} '")


@every_kind
async def test_a_renamed_object_is_found_under_its_new_name_only(
    client: httpx2.AsyncClient, kind: Kind
) -> None:
    row = await made(client, kind)
    name = "two.example" if kind.path == "domain" else "Two words"
    renamed = await client.put(f"{DRAFT}/{kind.path}/one", data={"name": name})
    assert renamed.json() == row | {"name": name}
    assert (await client.get(f"{DRAFT}/{kind.path}/one")).status_code == 404
    assert (await client.get(f"{DRAFT}/{kind.path}/{quote(name)}")).json() == renamed.json()


@every_kind
async def test_its_own_name_is_no_duplicate(client: httpx2.AsyncClient, kind: Kind) -> None:
    await made(client, kind)
    same = await client.put(f"{DRAFT}/{kind.path}/one", data={"name": "one"})
    assert same.status_code == 200


@every_kind
async def test_a_deleted_object_is_gone(client: httpx2.AsyncClient, kind: Kind) -> None:
    before = (await client.get(f"{DRAFT}/{kind.path}")).json()
    await made(client, kind)
    deleted = await client.delete(f"{DRAFT}/{kind.path}/one")
    assert (deleted.status_code, deleted.json()) == (200, {"status": "ok"})
    assert (await client.get(f"{DRAFT}/{kind.path}")).json() == before
    assert (await client.delete(f"{DRAFT}/{kind.path}/one")).status_code == 404


@every_kind
async def test_a_locked_version_takes_no_change(client: httpx2.AsyncClient, kind: Kind) -> None:
    before = (await client.get(f"{LOCKED}/{kind.path}")).json()
    for method, path in (
        ("POST", kind.path),
        ("PUT", f"{kind.path}/one"),
        ("DELETE", f"{kind.path}/one"),
    ):
        refused = await client.request(method, f"{LOCKED}/{path}", data={"name": "new"})
        assert refused.status_code == 422
        assert refused.json() == {
            "msg": "Version locked",
            "detail": f"Version '2' for service '{SHOP}' is locked",
        }
    assert (await client.get(f"{LOCKED}/{kind.path}")).json() == before


@every_kind
async def test_fields_that_do_not_exist_are_passed_over(
    client: httpx2.AsyncClient, kind: Kind
) -> None:
    own = await made(client, kind)
    fields = {"nonsense": "1", "deleted_at": "now", "service_id": "x", "version": 9}
    # Those that mean something in other kinds do not either.
    others = {"gzip_level": "1", "address": "x.example", "port": "443", "item_value": [{}]}
    foreign = {name: value for name, value in others.items() if name not in kind.fields}
    row = await made(client, kind, name="two", **fields, **foreign)
    assert row.keys() == own.keys()
    changed = await client.put(f"{DRAFT}/{kind.path}/two", json=fields | foreign)
    assert changed.json() == row
    assert (row["service_id"], row.get("deleted_at")) == (SHOP, None)
    assert str(row["version"]) == "4"


@every_kind
async def test_an_object_needs_a_name(client: httpx2.AsyncClient, kind: Kind) -> None:
    for name in (None, "", "  ", 5, ["one"]):
        refused = await client.post(f"{DRAFT}/{kind.path}", json={"name": name})
        assert refused.status_code == 400, name
        assert refused.json()["msg"] == "Bad request"
    await made(client, kind)
    refused = await client.put(f"{DRAFT}/{kind.path}/one", json={"name": ""})
    assert refused.status_code == 400


@with_fields(NULLED)
async def test_what_is_emptied_is_null(
    client: httpx2.AsyncClient, kind: Kind, names: list[str]
) -> None:
    path = f"{DRAFT}/{kind.path}/one"
    await made(client, kind, **dict.fromkeys(names, "1"))
    emptied = (await client.put(path, data=dict.fromkeys(names, ""))).json()
    assert {emptied[name] for name in names} == {None}
    assert (await client.get(path)).json() == emptied


@with_fields(DIGITS)
async def test_a_number_that_travels_as_text_is_kept_as_text(
    client: httpx2.AsyncClient, kind: Kind, names: list[str]
) -> None:
    for number in (7, "7"):
        said = await made(client, kind, **dict.fromkeys(names, number))
        kept = (await client.get(f"{DRAFT}/{kind.path}/one")).json()
        assert {str(said[name]) for name in names} == {"7"}
        assert [kept[name] for name in names] == ["7"] * len(names)
        await client.delete(f"{DRAFT}/{kind.path}/one")


@pytest.mark.parametrize("path", ["logging/s3", "logging/gcs", "logging/azureblob"])
async def test_the_compression_level_is_a_number_in_the_answer_that_sets_it(
    client: httpx2.AsyncClient, path: str
) -> None:
    kind = BY_PLURAL[path]
    assert (await made(client, kind))["gzip_level"] == "0"
    changed = (await client.put(f"{DRAFT}/{path}/one", data={"gzip_level": "8"})).json()
    assert changed["gzip_level"] == 8
    assert (await client.get(f"{DRAFT}/{path}/one")).json()["gzip_level"] == "8"


@with_fields(NUMBERS)
async def test_a_number_is_one_however_it_was_sent(
    client: httpx2.AsyncClient, kind: Kind, names: list[str]
) -> None:
    await made(client, kind)
    changed = (await client.put(f"{DRAFT}/{kind.path}/one", data=dict.fromkeys(names, "7"))).json()
    assert [changed[name] for name in names] == [7] * len(names)


@with_fields(FLAGS)
async def test_a_flag_is_a_boolean(
    client: httpx2.AsyncClient, kind: Kind, names: list[str]
) -> None:
    await made(client, kind)
    for sent, kept in (("1", True), ("0", False), ("true", True)):
        changed = await client.put(f"{DRAFT}/{kind.path}/one", data=dict.fromkeys(names, sent))
        assert {changed.json()[name] for name in names} == {kept}


@every_kind
async def test_what_is_no_number_is_refused_with_the_fields_name(
    client: httpx2.AsyncClient, kind: Kind
) -> None:
    row = await made(client, kind)
    values: tuple[Any, ...] = ("seven", "1.5", [], {}, "9" * 19, "٣")
    for at, name in enumerate(DIGITS[kind.path] + NUMBERS[kind.path]):
        value = values[at % len(values)]
        refused = await client.put(f"{DRAFT}/{kind.path}/one", json={name: value})
        assert (refused.status_code, refused.json()["msg"]) == (400, "Bad request")
        assert refused.json()["detail"].lower().startswith(f"{name} is not")
    assert (await client.get(f"{DRAFT}/{kind.path}/one")).json() == row


@pytest.mark.parametrize("path", ["acl", "dictionary"])
@pytest.mark.parametrize("name", ["1st", "no-dash", "é", "_x"])
async def test_some_names_are_plain(client: httpx2.AsyncClient, path: str, name: str) -> None:
    refused = await client.post(f"{DRAFT}/{path}", data={"name": name})
    assert refused.status_code == 400
    assert refused.json() == {
        "msg": "Bad request",
        "detail": "Name must start with alphabetical and contain only alphanumeric, "
        "underscore, and whitespace",
    }
    assert (await client.post(f"{DRAFT}/header", data={"name": name})).status_code == 200


@pytest.mark.parametrize(
    ("address", "hostname", "ipv4", "ipv6"),
    [
        ("origin.example", "origin.example", None, None),
        ("192.0.2.1", None, "192.0.2.1", None),
        ("2001:DB8::1", None, None, "2001:db8::1"),
    ],
)
async def test_an_address_is_a_name_or_a_number(
    client: httpx2.AsyncClient, address: str, hostname: str, ipv4: str, ipv6: str
) -> None:
    found = {"hostname": hostname, "ipv4": ipv4, "ipv6": ipv6}
    row = await made(client, BY_PLURAL["backends"], address=address)
    assert row | found == row
    # Whatever it was before.
    for first in ("other.example", "192.0.2.2", "2001:db8::2"):
        await client.put(f"{DRAFT}/backend/one", data={"address": first})
        changed = (await client.put(f"{DRAFT}/backend/one", data={"address": address})).json()
        assert changed | found == changed
    log = await made(client, BY_PLURAL["logging/ftp"], address=address)
    assert (log["hostname"], log["ipv4"]) == (hostname, ipv4)
    assert "ipv6" not in log


async def test_compression_is_by_level_or_by_codec(client: httpx2.AsyncClient) -> None:
    kind, path = BY_PLURAL["logging/s3"], f"{DRAFT}/logging/s3/one"
    await made(client, kind, compression_codec="zstd")
    by_level = (await client.put(path, data={"gzip_level": "3"})).json()
    assert by_level["compression_codec"] is None
    by_codec = (await client.put(path, data={"compression_codec": "snappy"})).json()
    assert (by_codec["compression_codec"], by_codec["gzip_level"]) == ("snappy", "0")
    both = await client.put(path, data={"compression_codec": "zstd", "gzip_level": "3"})
    assert both.status_code == 400


async def test_a_form_and_json_say_the_same(client: httpx2.AsyncClient) -> None:
    path = f"{DRAFT}/healthcheck"
    fields = {"name": "one", "host": "a.example", "window": "9", "threshold": "2"}
    by_form = (await client.post(path, data=fields)).json()
    await client.delete(f"{path}/one")
    assert (await client.post(path, json=fields)).json() == by_form


@pytest.mark.parametrize(
    "body", ["headers|0=X-A: 1&headers|1=X-B: 2", "headers[]=X-A: 1&headers[]=X-B: 2"]
)
async def test_lists_come_in_forms_in_several_ways(client: httpx2.AsyncClient, body: str) -> None:
    row = (
        await client.post(
            f"{DRAFT}/healthcheck",
            content=f"name=one&{body}",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
    ).json()
    assert row["headers"] == ["X-A: 1", "X-B: 2"]


async def test_a_rate_limiter_is_named_by_its_id(client: httpx2.AsyncClient) -> None:
    asked = {"name": "login", "rps_limit": 20, "response": {"status": "429", "content": "slow"}}
    row = (await client.post(f"{DRAFT}/rate-limiters", json=asked)).json()
    path = f"/rate-limiters/{row['id']}"
    assert (await client.get(path)).json() == row
    assert (await client.put(path, json={"rps_limit": 30})).json() == row | {"rps_limit": 30}
    await client.put(f"{DRAFT}/lock")
    for method in ("PUT", "DELETE"):
        assert (await client.request(method, path)).status_code == 422
    clone = (await client.put(f"{DRAFT}/clone")).json()["number"]
    changed = (await client.put(path, json={"rps_limit": 40})).json()
    assert (changed["version"], changed["rps_limit"]) == (clone, 40)
    (locked,) = (await client.get(f"{DRAFT}/rate-limiters")).json()
    assert locked["rps_limit"] == 30
    assert (await client.delete(path)).json() == {"status": "ok"}
    assert (await client.get(f"/service/{SHOP}/version/{clone}/rate-limiters")).json() == []


async def test_one_vcl_is_the_main_one(client: httpx2.AsyncClient) -> None:
    await made(client, BY_PLURAL["vcls"], content="# nothing")
    chosen = (await client.put(f"{DRAFT}/vcl/one/main")).json()
    assert (chosen["name"], chosen["main"]) == ("one", True)
    rows = (await client.get(f"{DRAFT}/vcl")).json()
    assert {row["name"]: row["main"] for row in rows} == {"main": False, "one": True}
    assert (await client.get(f"{DRAFT}/vcl/one/download")).text == "# nothing"
