"""What an object of a version may not be, and what a version may not refer to."""

from typing import Any

import httpx2
import pytest

from fastly_mcp.sandbox.services.kinds import KINDS

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
DRAFT = f"/service/{SHOP}/version/4"
BACKEND = {"address": "origin.example"}


async def new_version(client: httpx2.AsyncClient, *objects: tuple[str, dict[str, Any]]) -> str:
    """The path of an empty version with these objects."""
    number = (await client.post(f"/service/{SHOP}/version")).json()["number"]
    at = f"/service/{SHOP}/version/{number}"
    for path, fields in objects:
        made = await client.post(f"{at}/{path}", json={"name": "one"} | fields)
        assert made.status_code == 200, made.text
    return at


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "a b", "a..b", ".a", "a.", "-a.example", "a-.example", "é.example"),
        *("*a.example", "a.*.example", "https://a.example", "a.example/x", "a.example:80"),
        *(f"{'a' * 64}.example", f"{'a.' * 127}aa"),
    ],
)
async def test_a_domain_has_the_name_of_a_host(client: httpx2.AsyncClient, name: str) -> None:
    await client.post(f"{DRAFT}/domain", data={"name": "there.example"})
    for method, path in (("POST", "domain"), ("PUT", "domain/there.example")):
        refused = await client.request(method, f"{DRAFT}/{path}", data={"name": name})
        assert (refused.status_code, refused.json()["msg"]) == (400, "Bad request")


@pytest.mark.parametrize(
    "name", ["a.example", "*.a.example", "A-1.example", "_dns.a.example", "xn--9ca.example"]
)
async def test_a_domain_may_be_a_wildcard(client: httpx2.AsyncClient, name: str) -> None:
    made = await client.post(f"{DRAFT}/domain", data={"name": name})
    assert (made.status_code, made.json()["name"]) == (200, name)


@pytest.mark.parametrize("given", [{}, {"address": ""}, {"address": "  "}, {"address": None}])
async def test_a_backend_needs_an_address(
    client: httpx2.AsyncClient, given: dict[str, Any]
) -> None:
    refused = await client.post(f"{DRAFT}/backend", json={"name": "new"} | given)
    assert refused.json() == {"msg": "Bad request", "detail": "Address can't be blank"}
    await client.post(f"{DRAFT}/backend", json={"name": "new"} | BACKEND)
    changed = await client.put(f"{DRAFT}/backend/new", json=given)
    assert changed.status_code == (400 if given else 200)
    assert (await client.get(f"{DRAFT}/backend/new")).json()["address"] == "origin.example"


@pytest.mark.parametrize(
    ("path", "given", "why"),
    [
        ("backend", {"port": 99999}, "Port is not from 1 to 65535"),
        ("backend", {"port": 0}, "Port is not from 1 to 65535"),
        ("backend", {"port": "-1"}, "Port is not from 1 to 65535"),
        ("backend", {"port": "x"}, "Port is not a whole number"),
        ("backend", {"share_key": "a b"}, "Share_key is not like [A-Za-z0-9]+"),
        ("director", {"type": 9}, "Type is none of 1, 3, 4"),
        ("director", {"quorum": 101}, "Quorum is not from 0 to 100"),
        ("condition", {"type": "request"}, "Type is none of REQUEST, CACHE, RESPONSE, PREFETCH"),
        ("snippet", {"type": "vcl_recv"}, "Type is none of none, init, recv, "),
        ("header", {"action": "add"}, "Action is none of set, append, delete, regex, "),
        ("header", {"type": ""}, "Type is none of response, request, cache, fetch"),
        ("cache_settings", {"action": "deliver"}, "Action is none of pass, cache, restart"),
        ("request_settings", {"action": "restart"}, "Action is none of lookup, pass"),
        ("request_settings", {"xff": "keep"}, "Xff is none of append, append_all, "),
        ("pool", {"type": "round"}, "Type is none of random, hash, client"),
        ("healthcheck", {"check_interval": 999}, "Check_interval is not from 1000 to 3600000"),
        ("resource", {"resource_type": "acl"}, "Resource_type is none of secret-store, "),
        ("rate-limiters", {"window_size": 5}, "Window_size is none of 1, 10, 60"),
        ("rate-limiters", {"rps_limit": 9}, "Rps_limit is not from 10 to 10000"),
        ("rate-limiters", {"http_methods": "GET,EAT"}, "Http_methods has others than HEAD, "),
        ("rate-limiters", {"logger_type": "paper"}, "Logger_type is none of azureblob, "),
        ("logging/syslog", {"port": 65536}, "Port is not from 1 to 65535"),
        ("logging/syslog", {"format_version": 3}, "Format_version is none of 1, 2"),
        ("logging/s3", {"placement": "top"}, "Placement is none of none, "),
        ("logging/s3", {"compression_codec": "lz4"}, "Compression_codec is none of zstd, "),
        ("logging/kafka", {"required_acks": 2}, "Required_acks is none of 1, 0, -1"),
        ("logging/https", {"json_format": 3}, "Json_format is none of 0, 1, 2"),
    ],
)
async def test_a_value_that_a_field_cannot_have_is_refused(
    client: httpx2.AsyncClient, path: str, given: dict[str, Any], why: str
) -> None:
    new = {"name": "new"} | (BACKEND if path == "backend" else {})
    before = (await client.get(f"{DRAFT}/{path}")).json()
    refused = await client.post(f"{DRAFT}/{path}", json=new | given)
    assert (refused.status_code, refused.json()["msg"]) == (400, "Bad request")
    assert refused.json()["detail"].startswith(why)
    assert (await client.get(f"{DRAFT}/{path}")).json() == before
    # Nor can it be changed to that.
    made = (await client.post(f"{DRAFT}/{path}", json=new)).json()
    at = {"resource": f"{DRAFT}/resource", "rate-limiters": "/rate-limiters"}.get(path)
    named = f"{at}/{made['id']}" if at else f"{DRAFT}/{path}/new"
    assert (await client.put(named, json=given)).json() == refused.json()


async def test_the_defaults_of_every_kind_are_values_it_may_have() -> None:
    for kind in KINDS:
        for name, field in kind.fields.items():
            if not field.is_needed and field.default is not None:
                assert field.read(field.default) == field.default, (kind.path, name)


async def test_all_services_that_come_with_the_sandbox_are_valid(
    client: httpx2.AsyncClient,
) -> None:
    for service in (await client.get("/service")).json():
        for version in service["versions"]:
            at = f"/service/{service['id']}/version/{version['number']}"
            said = (await client.get(f"{at}/validate")).json()
            assert (said["status"], said["errors"]) == ("ok", [])


@pytest.mark.parametrize(
    ("path", "fields", "why"),
    [
        ("header", {"request_condition": "cart"}, "Header 'one': request_condition 'cart'"),
        ("gzip", {"cache_condition": "big"}, "Gzip 'one': cache_condition 'big'"),
        ("backend", BACKEND | {"healthcheck": "up"}, "Backend 'one': healthcheck 'up'"),
        ("backend", BACKEND | {"shield": "moon"}, "Backend 'one': shield 'moon'"),
        ("backend", BACKEND | {"shield": "warsaw-pl"}, "Backend 'one': shield 'warsaw-pl'"),
        ("director", {"backends": ["gone"]}, "Director 'one': backends 'gone'"),
        ("pool", {"healthcheck": "up"}, "Pool 'one': healthcheck 'up'"),
        ("logging/s3", {"response_condition": "x"}, "syslog 'one': response_condition 'x'"),
        (
            "rate-limiters",
            {"response_object_name": "slow"},
            "RateLimiter 'one': response_object_name 'slow'",
        ),
    ],
)
async def test_what_an_object_names_must_be_there_before_activation(
    client: httpx2.AsyncClient, path: str, fields: dict[str, Any], why: str
) -> None:
    at = await new_version(client, (path, fields))
    said = (await client.get(f"{at}/validate")).json()
    why += " does not exist"
    assert (said["status"], said["msg"], said["errors"]) == ("error", why, [why])
    refused = await client.put(f"{at}/activate")
    assert refused.status_code == 400
    assert refused.json()["detail"].endswith(why)


async def test_what_is_named_and_there_is_valid(client: httpx2.AsyncClient) -> None:
    at = await new_version(
        client,
        ("condition", {}),
        ("healthcheck", {}),
        ("backend", BACKEND | {"healthcheck": "one", "shield": "amsterdam-nl"}),
        ("director", {"backends": ["one"]}),
        ("header", {"request_condition": "one"}),
    )
    assert (await client.get(f"{at}/validate")).json()["status"] == "ok"
    await client.delete(f"{at}/condition/one")
    assert (await client.get(f"{at}/validate")).json()["status"] == "error"


async def test_a_director_keeps_a_backend_that_is_renamed_and_loses_one_that_is_deleted(
    client: httpx2.AsyncClient,
) -> None:
    at = await new_version(
        client,
        ("backend", BACKEND),
        ("backend", BACKEND | {"name": "two"}),
        ("director", {"backends": ["one", "two"]}),
    )
    clone = (await client.put(f"{at}/clone")).json()["number"]
    await client.put(f"{at}/backend/one", data={"name": "first"})
    assert (await client.get(f"{at}/director/one")).json()["backends"] == ["first", "two"]
    assert (await client.get(f"{at}/director/one/backend/first")).status_code == 200
    await client.delete(f"{at}/backend/two")
    assert (await client.get(f"{at}/director/one")).json()["backends"] == ["first"]
    assert (await client.get(f"{at}/validate")).json()["status"] == "ok"
    # A clone shares its rows, and keeps them.
    kept = await client.get(f"/service/{SHOP}/version/{clone}/director/one")
    assert kept.json()["backends"] == ["one", "two"]


async def test_the_many_parts_of_a_form_are_read_in_one_go(client: httpx2.AsyncClient) -> None:
    parts = "&".join(f"response[part{at}]=x" for at in range(50_000))
    sent = "name=login&response[status]=429&response[content]=Slowly!"
    for body, more in ((sent, 0), (f"{parts}&{sent}", 50_000)):
        at = await new_version(client)
        made = await client.post(
            f"{at}/rate-limiters",
            content=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        row = made.json()
        assert (row["name"], row["response"]["status"]) == ("login", 429)
        assert len(row["response"]) == 2 + more


@pytest.mark.parametrize("wrong", [{"a": 1}, ["a"]])
async def test_names_comments_and_contents_are_text(client: httpx2.AsyncClient, wrong: Any) -> None:
    snippet = {"name": "dyn", "dynamic": "1", "type": "recv", "content": "# one"}
    snippet_id = (await client.post(f"{DRAFT}/snippet", data=snippet)).json()["id"]
    for method, path, field in (
        ("POST", "/service", "name"),
        ("PUT", f"/service/{SHOP}", "name"),
        ("PUT", f"/service/{SHOP}", "comment"),
        ("POST", f"/service/{SHOP}/version", "comment"),
        ("PUT", DRAFT, "comment"),
        ("PUT", f"/service/{SHOP}/snippet/{snippet_id}", "content"),
    ):
        refused = await client.request(method, path, json={field: wrong})
        assert (refused.status_code, refused.json()["msg"]) == (400, "Bad request"), path
        assert refused.json()["detail"] == f"{field.capitalize()} is not text"


async def test_a_comment_and_a_content_of_null_are_empty_and_a_name_is_never(
    client: httpx2.AsyncClient,
) -> None:
    snippet = {"name": "dyn", "dynamic": "1", "type": "recv", "content": "# one"}
    snippet_id = (await client.post(f"{DRAFT}/snippet", data=snippet)).json()["id"]
    for path, field in (
        (f"/service/{SHOP}", "comment"),
        (DRAFT, "comment"),
        (f"/service/{SHOP}/snippet/{snippet_id}", "content"),
    ):
        assert (await client.put(path, json={field: "text"})).json()[field] == "text"
        assert (await client.put(path, json={})).json()[field] == "text"
        assert (await client.put(path, json={field: None})).json()[field] == ""
    for method, path in (("POST", "/service"), ("PUT", f"/service/{SHOP}")):
        refused = await client.request(method, path, json={"name": None})
        assert refused.json()["detail"] == "Name can't be blank"


@pytest.mark.parametrize("field", ["default_ttl", "stale_if_error_ttl"])
async def test_settings_have_no_seconds_below_zero(client: httpx2.AsyncClient, field: str) -> None:
    for given, status in (("-5", 400), ("0", 200), ("31536000", 200)):
        answer = await client.put(f"{DRAFT}/settings", data={f"general.{field}": given})
        assert answer.status_code == status
