"""Config, KV and secret stores, and the access keys of object storage."""

import base64
import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import TypeAdapter

from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.seeds.model import Seed
from fastly_mcp.sandbox.state import World

pytestmark = pytest.mark.anyio

CONFIG = "/resources/stores/config"
PRICES = f"{CONFIG}/sC3mWq7oVzX0aKfT9uLbNe"
KV = "/resources/stores/kv"
COPY = f"{KV}/x7d2kq9vhm4wzr0tb6ynfc"
SECRET = "/resources/stores/secret"
CREDENTIALS = f"{SECRET}/sS8rGh1yJdP5cUeI2tMwQo"
KEYS = "/resources/object-storage/access-keys"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


# Config stores


async def test_config_stores_are_a_bare_list_that_a_name_narrows(
    client: httpx2.AsyncClient,
) -> None:
    await client.post(CONFIG, data={"name": "flags"})
    assert [row["name"] for row in (await client.get(CONFIG)).json()] == ["prices", "flags"]
    named = (await client.get(CONFIG, params={"name": "flags"})).json()
    assert [row["name"] for row in named] == ["flags"]
    assert (await client.get(CONFIG, params={"name": "fla"})).json() == []


async def test_the_old_control_plane_answers_for_config_stores(client: httpx2.AsyncClient) -> None:
    made = await client.post(CONFIG, data={"name": "flags"})
    assert made.headers["Status"] == "200 OK"
    assert "Fastly-RateLimit-Remaining" in made.headers
    assert "Fastly-RateLimit-Remaining" not in (await client.post(KV, json={"name": "a"})).headers


async def test_a_config_store_is_renamed_and_deleted(client: httpx2.AsyncClient) -> None:
    assert (await client.put(PRICES, data={"name": "tariffs"})).json()["name"] == "tariffs"
    assert (await client.get(PRICES)).json()["name"] == "tariffs"
    assert (await client.put(PRICES, data={"name": "tariffs"})).status_code == 200
    assert (await client.delete(PRICES)).json() == {"status": "ok"}
    gone = await client.get(PRICES)
    assert (gone.status_code, gone.json()) == (404, {"msg": "Record not found"})


async def test_two_config_stores_have_two_names(client: httpx2.AsyncClient) -> None:
    again = await client.post(CONFIG, data={"name": "prices"})
    assert (again.status_code, again.json()["msg"]) == (409, "Duplicate record")
    assert (await client.post(CONFIG, data={"name": ""})).status_code == 400
    assert (await client.post(CONFIG, json={"name": ["a"]})).status_code == 400


async def test_config_items_are_created_once_and_upserted_as_often_as_wanted(
    client: httpx2.AsyncClient,
) -> None:
    asked = {"item_key": "a/b", "item_value": ""}
    assert (await client.post(f"{PRICES}/item", data=asked)).json()["item_value"] == ""
    assert (await client.post(f"{PRICES}/item", data=asked)).status_code == 409
    changed = await client.put(f"{PRICES}/item/a%2Fb", data={"item_value": "two"})
    assert changed.json()["item_value"] == "two"
    changed = await client.patch(f"{PRICES}/item/a%2Fb", data={"item_value": "three"})
    assert changed.json()["item_value"] == "three"
    assert (await client.get(f"{PRICES}/item/a%2Fb")).json()["item_value"] == "three"
    assert (await client.patch(f"{PRICES}/item/none", data=asked)).status_code == 404
    assert (await client.get(f"{PRICES}/info")).json() == {"item_count": 5}


async def test_config_items_have_lengths(client: httpx2.AsyncClient) -> None:
    async def status(key: str, value: str) -> int:
        asked = {"item_key": key, "item_value": value}
        return (await client.post(f"{PRICES}/item", data=asked)).status_code

    assert await status("k" * 256, "v" * 8_000) == 200
    assert await status("k" * 257, "v") == 400
    assert await status("k", "v" * 8_001) == 400
    assert (await client.put(f"{PRICES}/item/{'k' * 257}", data={})).status_code == 400


async def test_a_changed_config_item_keeps_when_it_was_made(client: httpx2.AsyncClient) -> None:
    before = (await client.get(f"{PRICES}/item/sale")).json()
    after = (await client.put(f"{PRICES}/item/sale", data={"item_value": "on"})).json()
    assert after["created_at"] == before["created_at"] == "2026-01-28T12:00:00Z"
    assert after["updated_at"] == "2026-03-01T12:00:00Z"


async def test_a_batch_of_config_items_is_done_as_a_whole_or_not_at_all(
    client: httpx2.AsyncClient,
) -> None:
    async def change(*changes: tuple[str, str]) -> int:
        items = [{"op": op, "item_key": key, "item_value": "new"} for op, key in changes]
        return (await client.patch(f"{PRICES}/items", json={"items": items})).status_code

    async def keys() -> list[str]:
        return [row["item_key"] for row in (await client.get(f"{PRICES}/items")).json()]

    before = await keys()
    assert await change(("create", "first"), ("create", "sale")) == 409
    assert await change(("create", "first"), ("update", "none")) == 404
    assert await change(("create", "first"), ("delete", "none")) == 404
    assert await change(("create", "first"), ("move", "sale")) == 400
    assert await keys() == before
    asked = ("create", "first"), ("update", "first"), ("upsert", "second"), ("delete", "sale")
    assert await change(*asked) == 200
    assert await keys() == ["currency", "vat_percent", "free_delivery_from", "first", "second"]


async def test_a_config_item_is_deleted(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(f"{PRICES}/item/sale")).json() == {"status": "ok"}
    assert (await client.delete(f"{PRICES}/item/sale")).status_code == 404


async def test_a_config_store_tells_which_services_use_it(client: httpx2.AsyncClient) -> None:
    (service,) = (await client.get(f"{PRICES}/services")).json()
    assert (service["id"], service["name"], service["version"]) == (EDGE_API, "edge-api", 7)
    limited = {"Fastly-Key": "sandbox-one-service"}
    assert (await client.get(f"{PRICES}/services", headers=limited)).json() == []


async def test_a_link_counts_from_its_activation_on(client: httpx2.AsyncClient) -> None:
    store = (await client.post(CONFIG, data={"name": "flags"})).json()["id"]
    number = (await client.put(f"/service/{EDGE_API}/version/7/clone")).json()["number"]
    version = f"/service/{EDGE_API}/version/{number}"
    link = {"name": "flags", "resource_id": store, "resource_type": "config"}
    assert (await client.post(f"{version}/resource", data=link)).status_code == 200
    assert (await client.get(f"{CONFIG}/{store}/services")).json() == []
    await client.put(f"{version}/activate")
    linked = (await client.get(f"{CONFIG}/{store}/services")).json()
    assert [service["id"] for service in linked] == [EDGE_API]


# KV stores


async def test_kv_stores_are_listed_by_cursor_or_by_name(client: httpx2.AsyncClient) -> None:
    made = await client.post(KV, params={"location": "EU"}, json={"name": "sessions"})
    assert (made.status_code, made.json()["created_at"]) == (201, "2026-03-01 12:00:00")
    assert made.json()["id"] == made.json()["id"].lower()
    page = (await client.get(KV, params={"limit": 1})).json()
    assert page["meta"] == {"limit": 1, "next_cursor": "1", "total": 2}
    rest = (await client.get(KV, params={"limit": 1, "cursor": "1"})).json()
    assert [row["name"] for row in rest["data"]] == ["sessions"]
    assert "next_cursor" not in rest["meta"]
    named = (await client.get(KV, params={"name": "sessions"})).json()
    assert named["data"] == [made.json()]


async def test_a_kv_store_has_a_name_of_its_own(client: httpx2.AsyncClient) -> None:
    taken = await client.post(KV, json={"name": "product-copy"})
    assert (taken.status_code, taken.json()["detail"]) == (400, "duplicate: name")
    assert taken.headers["Content-Type"] == "application/problem+json"
    assert (await client.post(KV, json={"name": 7})).status_code == 400
    elsewhere = await client.post(KV, params={"location": "MARS"}, json={"name": "a"})
    assert elsewhere.status_code == 400
    assert (await client.put(COPY, json={"name": "copy"})).content == b""
    assert (await client.get(COPY)).json()["name"] == "copy"


async def test_a_kv_store_is_emptied_before_it_is_deleted(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(COPY)).status_code == 409
    for key in (await client.get(f"{COPY}/keys")).json()["data"]:
        assert (await client.delete(f"{COPY}/keys/{key.replace('/', '%2F')}")).status_code == 204
    assert (await client.delete(COPY)).status_code == 204
    assert (await client.get(COPY)).status_code == 404


async def test_a_kv_value_is_bytes(client: httpx2.AsyncClient) -> None:
    value = bytes(range(256))
    put = await client.put(f"{COPY}/keys/raw", content=value, headers={"metadata": "a b"})
    assert (put.status_code, put.content) == (200, b"")
    assert "Content-Type" not in put.headers
    got = await client.get(f"{COPY}/keys/raw")
    assert got.content == value
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Metadata"] == "a b"
    assert got.headers["Stored-Content-Length"] == "256"
    assert got.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert got.headers["Generation"].isdigit()


async def test_metadata_outside_of_ascii_comes_back(client: httpx2.AsyncClient) -> None:
    sent = {b"metadata": "à€à".encode()}
    await client.put(f"{COPY}/keys/a", content=b"", headers=sent)
    raw = dict((await client.get(f"{COPY}/keys/a")).headers.raw)
    assert raw[b"metadata"] == "à€à".encode()


async def test_kv_values_grow_at_both_ends_and_lose_their_metadata(
    client: httpx2.AsyncClient,
) -> None:
    path = f"{COPY}/keys/list"
    await client.put(path, content=b"b", params={"append": "true"}, headers={"metadata": "m"})
    await client.put(path, content=b"c", params={"append": "true"})
    await client.put(path, content=b"a", params={"prepend": "true"})
    got = await client.get(path)
    assert (got.content, got.headers["Metadata"]) == (b"abc", "")


async def test_adding_needs_a_free_key(client: httpx2.AsyncClient) -> None:
    path = f"{COPY}/keys/robots"
    taken = await client.put(path, content=b"new", params={"add": "true"})
    assert (taken.status_code, taken.content) == (412, b"")
    assert "Content-Type" not in taken.headers
    assert (await client.put(path, content=b"2", params={"add": "false"})).status_code == 200
    free = await client.put(f"{COPY}/keys/free", content=b"1", params={"add": "true"})
    assert free.status_code == 200


async def test_a_generation_guards_a_key(client: httpx2.AsyncClient) -> None:
    path = f"{COPY}/keys/robots"
    first = (await client.get(path)).headers["Generation"]
    right, wrong = {"if-generation-match": first}, {"if-generation-match": "1"}
    assert (await client.put(path, content=b"1", headers=wrong)).status_code == 412
    assert (await client.put(path, content=b"1", headers=right)).status_code == 200
    # The clock stands still, and yet it is another generation.
    assert (await client.put(path, content=b"2", headers=right)).status_code == 412
    assert (await client.delete(path, headers=right)).status_code == 412
    assert (await client.get(path)).content == b"1"
    none = {"if-generation-match": "0"}
    assert (await client.put(path, content=b"3", headers=none)).status_code == 412
    assert (await client.put(f"{COPY}/keys/new", content=b"3", headers=none)).status_code == 200


async def test_deleting_nothing_is_an_error_unless_forced(client: httpx2.AsyncClient) -> None:
    assert (await client.delete(f"{COPY}/keys/none")).status_code == 404
    forced = await client.delete(f"{COPY}/keys/none", params={"force": "true"})
    assert forced.status_code == 204
    assert (await client.get(f"{COPY}/keys/none")).status_code == 404


async def test_kv_keys_are_listed_in_order_with_a_prefix(client: httpx2.AsyncClient) -> None:
    every = (await client.get(f"{COPY}/keys", params={"consistency": "strong"})).json()
    assert every == {
        "data": ["products/chair", "products/lamp", "robots"],
        "meta": {"limit": 1000},
    }
    asked = {"consistency": "eventual", "prefix": "products/"}
    some = (await client.get(f"{COPY}/keys", params=asked)).json()
    assert some["data"] == ["products/chair", "products/lamp"]
    assert some["meta"] == {"limit": 1000, "prefix": "products/", "consistency": "eventual"}
    assert (await client.get(f"{COPY}/keys", params={"consistency": "lax"})).status_code == 400


async def test_deleting_page_after_page_skips_no_key(client: httpx2.AsyncClient) -> None:
    cursor, pages = "", []
    while True:
        asked = {"limit": "2", "cursor": cursor}
        page = (await client.get(f"{COPY}/keys", params=asked)).json()
        pages.append(page["data"])
        for key in page["data"]:
            await client.delete(f"{COPY}/keys/{key.replace('/', '%2F')}")
        if not (cursor := page["meta"].get("next_cursor", "")):
            break
    assert pages == [["products/chair", "products/lamp"], ["robots"]]
    assert (await client.get(f"{COPY}/keys", params={"cursor": "?"})).status_code == 400


async def test_a_kv_item_ends_with_its_time(client: httpx2.AsyncClient) -> None:
    path = f"{COPY}/keys/brief"
    await client.put(path, content=b"1", headers={"time_to_live_sec": "60"})
    assert (await client.get(path)).status_code == 200
    moved = await client.post("/_sandbox/clock", json={"advance": 61})
    assert moved.status_code == 200
    assert (await client.get(path)).status_code == 404
    assert "brief" not in (await client.get(f"{COPY}/keys")).json()["data"]
    assert (await client.put(path, content=b"2", params={"add": "true"})).status_code == 200


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "9" * 5_000, "1.5"])
async def test_a_time_to_live_is_a_number_of_seconds(
    client: httpx2.AsyncClient, seconds: str
) -> None:
    sent = {"time_to_live_sec": seconds}
    put = await client.put(f"{COPY}/keys/a", content=b"1", headers=sent)
    assert put.status_code == 400


@pytest.mark.parametrize("key", ["a%0Ab", "a%23b", "a%3Bb", "%2E%2E", "k" * 1_025])
async def test_some_names_are_no_keys(client: httpx2.AsyncClient, key: str) -> None:
    assert (await client.put(f"{COPY}/keys/{key}", content=b"1")).status_code == 400
    assert (await client.put(f"{COPY}/keys/.well-known", content=b"1")).status_code == 200


async def test_a_batch_is_lines_of_json(client: httpx2.AsyncClient) -> None:
    lines = [
        json.dumps({"key": "batch-1", "value": encoded("one"), "metadata": " é "}),
        "",
        "    " + json.dumps({"key": "batch-2", "value": encoded("two"), "time_to_live_sec": 60}),
    ]
    put = await client.put(f"{COPY}/batch", content="\n".join(lines))
    assert put.json() == {"type": "", "title": "success", "errors": []}
    got = await client.get(f"{COPY}/keys/batch-1")
    assert (got.content, dict(got.headers.raw)[b"metadata"]) == (b"one", "é".encode())
    asked = {"prefix": "batch-"}
    listed = await client.get(f"{COPY}/keys", params=asked)
    assert listed.json()["data"] == ["batch-1", "batch-2"]


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "{}",
        '{"key": 7, "value": ""}',
        '{"key": "a", "value": "!"}',
        '{"key": "a", "value": 7}',
        '{"key": "a", "value": "é"}',
        '{"key": "a", "value": "", "metadata": "a\\r\\nb: c"}',
        '{"key": "a", "value": "", "metadata": 7}',
        '{"key": "\\ud800", "value": ""}',
        '{"key": "a", "value": "", "time_to_live_sec": true}',
        json.dumps({"key": "a", "value": "", "metadata": "é" * 1_001}),
    ],
)
async def test_a_wrong_line_of_a_batch_is_told_and_the_rest_is_done(
    client: httpx2.AsyncClient, line: str
) -> None:
    good = json.dumps({"key": "good", "value": ""})
    put = await client.put(f"{COPY}/batch", content=f"{line}\n{good}\n".encode())
    (wrong,) = put.json()["errors"]
    assert (put.status_code, wrong["index"], wrong["code"]) == (400, 0, "400")
    assert wrong["key"] in {"", "a"}
    assert wrong["reason"]
    assert (await client.get(f"{COPY}/keys/good")).status_code == 200
    assert (await client.get(f"{COPY}/keys/a")).status_code == 404


async def test_a_value_cannot_grow_without_end(client: httpx2.AsyncClient) -> None:
    path, half = f"{COPY}/keys/large", b"x" * 13 * 2**20
    assert (await client.put(path, content=half)).status_code == 200
    grown = await client.put(path, content=half, params={"append": "true"})
    assert grown.status_code == 400


# Secret stores


async def test_secret_stores_are_listed_by_id_or_by_name(client: httpx2.AsyncClient) -> None:
    made = [(await client.post(SECRET, json={"name": name})) for name in ("a", "b", "c")]
    assert {each.status_code for each in made} == {201}
    listed = (await client.get(SECRET)).json()
    ids = [row["id"] for row in listed["data"]]
    assert ids == sorted(ids)
    assert len(ids) == 4
    assert listed["meta"] == {"limit": 100}
    named = (await client.get(SECRET, params={"name": "b"})).json()
    assert named["data"] == [made[1].json()]
    assert (await client.get(f"{SECRET}/{made[1].json()['id']}")).json() == made[1].json()
    assert (await client.post(SECRET, json={"name": "a b"})).status_code == 400
    assert (await client.post(SECRET, json={"name": "a"})).status_code == 400


async def test_a_secret_is_made_once_and_made_anew_on_demand(client: httpx2.AsyncClient) -> None:
    path, asked = f"{CREDENTIALS}/secrets", {"name": "word", "secret": encoded("open sesame")}
    assert (await client.patch(path, json=asked)).status_code == 404
    made = (await client.post(path, json=asked)).json()
    assert made.keys() == {"name", "digest", "created_at"}
    assert len(base64.b64decode(made["digest"])) == 32
    again = await client.post(path, json=asked)
    assert (again.status_code, again.json()["detail"]) == (400, "duplicate: name")
    anew = (await client.patch(path, json=asked)).json()
    assert anew["recreated"] is True
    assert anew["digest"] != made["digest"]
    assert (await client.put(path, json=asked)).json()["recreated"] is True
    assert "recreated" not in (await client.put(path, json=asked | {"name": "other"})).json()
    assert "recreated" not in (await client.get(f"{path}/word")).json()


async def test_the_world_does_not_keep_a_secret() -> None:
    secrets = {"key": "correct horse"}
    planned = {"secret_stores": [{"name": "a", "secrets": secrets}]}
    world = make_world(datetime(2026, 3, 1, tzinfo=UTC), Seed(collections=planned))
    kept = TypeAdapter(World).dump_json(world)
    assert b'"key"' in kept
    assert b"correct horse" not in kept
    assert encoded("correct horse").encode() not in kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "not base64"},
        {"secret": ""},
        {"secret": 7},
        {"secret": encoded("x" * (64 * 2**10 + 1))},
        {"name": "a/b"},
        {"name": ["word"]},
        {"secret": None},
        {"client_key": encoded("another")},
        {"client_key": {}},
    ],
)
async def test_some_secrets_are_none(client: httpx2.AsyncClient, wrong: dict[str, object]) -> None:
    asked = {"name": "word", "secret": encoded("open sesame")} | wrong
    assert (await client.post(f"{CREDENTIALS}/secrets", json=asked)).status_code == 400


async def test_a_sealed_secret_may_be_larger_by_its_seal(client: httpx2.AsyncClient) -> None:
    key = (await client.post(f"{SECRET}/client-key")).json()
    assert key["expires_at"] == "2026-03-01T12:10:00.000Z"
    asked = {
        "name": "sealed",
        "secret": encoded("x" * (64 * 2**10 + 48)),
        "client_key": key["public_key"],
    }
    made = await client.post(f"{CREDENTIALS}/secrets", json=asked)
    assert made.status_code == 200


async def test_the_keys_for_sealing_have_their_lengths(client: httpx2.AsyncClient) -> None:
    key = (await client.post(f"{SECRET}/client-key")).json()
    signing = (await client.get(f"{SECRET}/signing-key")).json()["signing_key"]
    lengths = [
        len(base64.b64decode(text)) for text in (key["public_key"], key["signature"], signing)
    ]
    assert lengths == [32, 64, 32]


async def test_secrets_are_listed_and_deleted(client: httpx2.AsyncClient) -> None:
    path = f"{CREDENTIALS}/secrets"
    page = (await client.get(path, params={"limit": 1})).json()
    assert page["meta"] == {"limit": 1, "next_cursor": "1"}
    assert [row["name"] for row in page["data"]] == ["stock-api-key"]
    assert (await client.delete(f"{path}/stock-api-key")).status_code == 204
    assert (await client.delete(f"{path}/stock-api-key")).status_code == 404
    assert (await client.delete(CREDENTIALS)).status_code == 204
    assert (await client.get(path)).status_code == 404


# Object storage


async def test_a_secret_key_is_told_once(client: httpx2.AsyncClient) -> None:
    asked = {"description": "backups", "permission": "read-only-objects", "buckets": ["a"]}
    made = await client.post(KEYS, json=asked)
    key = made.json()
    assert (made.status_code, len(key.pop("secret_key"))) == (201, 64)
    assert (await client.get(f"{KEYS}/{key['access_key']}")).json() == key
    assert key in (await client.get(KEYS)).json()["data"]
    assert (await client.delete(f"{KEYS}/{key['access_key']}")).status_code == 204
    assert (await client.get(f"{KEYS}/{key['access_key']}")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"permission": "all"},
        {"permission": []},
        {"buckets": "a"},
        {"buckets": [1]},
        {"description": 1},
    ],
)
async def test_some_access_keys_are_none(
    client: httpx2.AsyncClient, wrong: dict[str, object]
) -> None:
    asked = {"description": "backups", "permission": "read-only-objects"} | wrong
    assert (await client.post(KEYS, json=asked)).status_code == 400


# All of them


@pytest.mark.parametrize("path", [CONFIG, KV, SECRET, KEYS])
async def test_what_only_reads_changes_no_store(client: httpx2.AsyncClient, path: str) -> None:
    reading = {"Fastly-Key": "sandbox-read"}
    assert (await client.get(path, headers=reading)).status_code == 200
    assert (await client.post(path, json={"name": "a"}, headers=reading)).status_code == 403


@pytest.mark.parametrize(
    ("collection", "row"),
    [
        ("config_stores", {"name": "a", "items": {"vat": 21}}),
        ("kv_stores", {"name": "a", "items": {"..": "up"}}),
        ("kv_stores", {"name": "", "items": {}}),
        ("secret_stores", {"name": "a", "secrets": {"a b": "c"}}),
        ("compute_acls", {"name": "a", "entries": {"192.0.2.0/24": "DENY"}}),
        ("compute_acls", {"name": "a", "entries": {"192.0.2.0/33": "ALLOW"}}),
        ("access_keys", {"description": "a", "permission": "all"}),
    ],
)
def test_a_seed_cannot_say_what_no_request_could(collection: str, row: dict[str, object]) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with pytest.raises(SeedError, match=rf"collections\.{collection}\[0\]"):
        make_world(at, Seed(collections={collection: [row]}))


def test_a_seed_tells_how_old_a_store_is() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    planned = {"kv_stores": [{"name": "a", "days_ago": 2, "items": {"b": "c"}}]}
    world = make_world(at, Seed(collections=planned))
    (store,) = world.collection("kv_stores").values()
    assert store["created_at"] == "2026-02-27 00:00:00"
    made = int((at - timedelta(days=2)).timestamp()) * 1_000_000
    assert int(store["items"]["b"]["generation"]) < made
