"""What belongs to a service but to no version: it changes at once, and survives its clones."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "/service/u8jzPde0IgxLd6GncfBAep"
SHOP_ID = "u8jzPde0IgxLd6GncfBAep"
REDIRECTS = "6oTn0bq1L5cWkE8ySdP2hJ"
DICTIONARY = f"{SHOP}/dictionary/{REDIRECTS}"
ACL = f"{SHOP}/acl/4Vz2qkZ9mFh3u0AaXw7RtB"
DRAFT = f"{SHOP}/version/4"


async def items(client: httpx2.AsyncClient) -> dict[str, str]:
    rows = (await client.get(f"{DICTIONARY}/items")).json()
    return {row["item_key"]: row["item_value"] for row in rows}


async def entries(client: httpx2.AsyncClient) -> list[Any]:
    rows: list[Any] = (await client.get(f"{ACL}/entries")).json()
    return rows


async def test_an_item_is_created_read_changed_and_deleted(client: httpx2.AsyncClient) -> None:
    made = await client.post(f"{DICTIONARY}/item", data={"item_key": "a b", "item_value": "1"})
    assert made.json()["item_value"] == "1"
    path = f"{DICTIONARY}/item/a%20b"
    assert (await client.get(path)).json() == made.json()
    changed = (await client.patch(path, data={"item_value": "2"})).json()
    assert changed == made.json() | {"item_value": "2"}
    assert (await client.delete(path)).json() == {"status": "ok"}
    for method in ("GET", "PATCH", "DELETE"):
        missing = await client.request(method, path)
        assert missing.json() == {
            "msg": "Record not found",
            "detail": f"Couldn't find DictionaryItem '{{ dictionary_id => {REDIRECTS}, "
            f"item_key => a b, service_id => {SHOP_ID} }}'",
        }


async def test_a_put_item_is_made_if_there_is_none(client: httpx2.AsyncClient) -> None:
    for value in ("1", "2"):
        said = (await client.put(f"{DICTIONARY}/item/new", data={"item_value": value})).json()
        assert said == {
            "dictionary_id": REDIRECTS,
            "service_id": SHOP_ID,
            "item_key": "new",
            "item_value": value,
        }
        assert (await items(client))["new"] == value


async def test_an_item_that_is_there_is_not_created_again(client: httpx2.AsyncClient) -> None:
    again = await client.post(f"{DICTIONARY}/item", data={"item_key": "/sale", "item_value": "x"})
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "Duplicate dictionary_item: '/sale'",
    )
    assert (await client.post(f"{DICTIONARY}/item", data={})).status_code == 400


async def test_a_batch_of_items_is_done_in_its_order(client: httpx2.AsyncClient) -> None:
    changes = [
        {"op": "create", "item_key": "a", "item_value": "1"},
        {"op": "update", "item_key": "a", "item_value": "2"},
        {"op": "upsert", "item_key": "b", "item_value": "3"},
        {"op": "delete", "item_key": "/sale"},
    ]
    done = await client.patch(f"{DICTIONARY}/items", json={"items": changes})
    assert done.json() == {"status": "ok"}
    assert await items(client) == {"/jobs": "https://jobs.larkspur.example/", "a": "2", "b": "3"}


@pytest.mark.parametrize(
    ("last", "status"),
    [
        ({"op": "create", "item_key": "/sale", "item_value": "x"}, 409),
        ({"op": "update", "item_key": "none", "item_value": "x"}, 400),
        ({"op": "delete", "item_key": "none"}, 400),
        ({"op": "replace", "item_key": "/sale"}, 400),
        ({"op": ["create"], "item_key": "x"}, 400),
        ({"op": "create"}, 400),
        ("create", 400),
    ],
)
async def test_a_batch_of_items_is_done_wholly_or_not_at_all(
    client: httpx2.AsyncClient, last: Any, status: int
) -> None:
    before = await items(client)
    first = {"op": "upsert", "item_key": "first", "item_value": "1"}
    refused = await client.patch(f"{DICTIONARY}/items", json={"items": [first, last]})
    assert refused.status_code == status
    assert await items(client) == before


async def test_a_batch_counts_what_is_not_there(client: httpx2.AsyncClient) -> None:
    keys = ("/sale", "none", "no other")
    changes = [{"op": "delete", "item_key": key} for key in keys]
    refused = await client.patch(f"{DICTIONARY}/items", json={"items": changes})
    assert refused.json() == {
        "msg": "Bad request",
        "detail": "2 dictionary_item(s) for delete not found",
    }
    # What an earlier operation has deleted is not there either.
    twice = await client.patch(f"{DICTIONARY}/items", json={"items": [changes[0], changes[0]]})
    assert twice.json()["detail"] == "1 dictionary_item(s) for delete not found"


async def test_a_batch_has_a_thousand_changes_at_most(client: httpx2.AsyncClient) -> None:
    changes = [{"op": "upsert", "item_key": str(at), "item_value": ""} for at in range(1001)]
    assert (await client.patch(f"{DICTIONARY}/items", json={"items": changes})).status_code == 400
    assert (
        await client.patch(f"{DICTIONARY}/items", json={"items": changes[1:]})
    ).status_code == 200
    first = await client.get(f"{DICTIONARY}/items")
    assert len(first.json()) == 100
    assert 'rel="next"' in first.headers["link"]


async def test_a_page_has_more_items_than_entries(client: httpx2.AsyncClient) -> None:
    changes: list[Any] = [{"op": "create", "item_key": str(at)} for at in range(150)]
    await client.patch(f"{DICTIONARY}/items", json={"items": changes})
    changes = [{"op": "create", "ip": f"192.0.2.{at}"} for at in range(150)]
    await client.patch(f"{ACL}/entries", json={"entries": changes})
    for path, count in ((f"{DICTIONARY}/items", 152), (f"{ACL}/entries", 100)):
        listed = await client.get(path, params={"per_page": 1000})
        assert len(listed.json()) == count


async def test_the_items_of_a_private_dictionary_are_written_but_not_read(
    client: httpx2.AsyncClient,
) -> None:
    given = {"name": "secrets", "write_only": "1"}
    made = (await client.post(f"{DRAFT}/dictionary", data=given)).json()
    at = f"{SHOP}/dictionary/{made['id']}"
    item = {"item_key": "key", "item_value": "hush"}
    assert (await client.post(f"{at}/item", data=item)).status_code == 200
    assert (await client.put(f"{at}/item/key", data={"item_value": "2"})).status_code == 200
    assert (await client.patch(f"{at}/item/key", data={"item_value": "3"})).status_code == 200
    batch = {"items": [{"op": "upsert", "item_key": "more", "item_value": "4"}]}
    assert (await client.patch(f"{at}/items", json=batch)).status_code == 200
    for path in ("items", "item/key", "item/none"):
        refused = await client.get(f"{at}/{path}")
        assert refused.status_code == 400
        assert refused.json() == {
            "msg": "Bad request",
            "detail": "Not allowed to read contents of write_only dictionary",
        }
    info = await client.get(f"{DRAFT}/dictionary/{made['id']}/info")
    assert info.json()["item_count"] == 2
    assert (await client.delete(f"{at}/item/key")).json() == {"status": "ok"}
    assert (await client.delete(f"{at}/item/key")).status_code == 404


async def test_items_change_without_an_activation_and_whatever_is_locked(
    client: httpx2.AsyncClient,
) -> None:
    await client.put(f"{DRAFT}/activate")
    await client.put(f"{DICTIONARY}/item/now", data={"item_value": "1"})
    assert (await items(client))["now"] == "1"
    clone = (await client.put(f"{DRAFT}/clone")).json()["number"]
    (row,) = (await client.get(f"{SHOP}/version/{clone}/dictionary")).json()
    assert row["id"] == REDIRECTS


async def test_the_info_of_a_dictionary_changes_with_its_items(client: httpx2.AsyncClient) -> None:
    path = f"{DRAFT}/dictionary/{REDIRECTS}/info"
    before = (await client.get(path)).json()
    assert before["item_count"] == 2
    await client.put(f"{DICTIONARY}/item/new", data={"item_value": "1"})
    after = (await client.get(path)).json()
    assert (after["item_count"], after["last_updated"]) == (3, "2026-03-01 12:00:00")
    assert after["digest"] != before["digest"]
    await client.delete(f"{DICTIONARY}/item/new")
    assert (await client.get(path)).json()["digest"] == before["digest"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("dictionary/none/items", "Dictionary"),
        ("acl/none/entries", "ACL"),
        ("pool/none/servers", "Pool"),
        ("snippet/none", "Snippet"),
        # An ACL is no dictionary.
        ("dictionary/4Vz2qkZ9mFh3u0AaXw7RtB/items", "Dictionary"),
    ],
)
async def test_what_has_members_must_be_there(
    client: httpx2.AsyncClient, path: str, label: str
) -> None:
    missing = await client.get(f"{SHOP}/{path}")
    assert missing.status_code == 404
    assert missing.json()["detail"].startswith(f"Couldn't find {label} '{{ id => ")


async def test_an_entry_is_a_number_negated_only_where_it_is_changed(
    client: httpx2.AsyncClient,
) -> None:
    made = (await client.post(f"{ACL}/entry", json={"ip": "192.0.2.0", "subnet": 24})).json()
    assert (made["negated"], made["subnet"], made["comment"]) == (0, 24, "")
    path = f"{ACL}/entry/{made['id']}"
    assert (await client.get(path)).json() == made | {"negated": "0"}
    changed = (await client.patch(path, json={"negated": "1", "comment": "no"})).json()
    assert changed == made | {"negated": 1, "comment": "no"}
    assert (await entries(client))[-1] == changed | {"negated": "1"}
    assert (await client.delete(path)).json() == {"status": "ok"}
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"ip": ""},
        {"ip": "office"},
        {"ip": "192.0.2.0/24"},
        {"ip": ["192.0.2.1"]},
        {"ip": "192.0.2.1", "subnet": 33},
        {"ip": "192.0.2.1", "subnet": -1},
        {"ip": "192.0.2.1", "subnet": "1_0"},
        {"ip": "2001:db8::", "subnet": 129},
        {"ip": "192.0.2.1", "negated": "maybe"},
    ],
)
async def test_an_entry_that_does_not_fit_is_refused(
    client: httpx2.AsyncClient, wrong: dict[str, Any]
) -> None:
    before = await entries(client)
    alone = await client.post(f"{ACL}/entry", json=wrong)
    batch = await client.patch(f"{ACL}/entries", json={"entries": [wrong | {"op": "create"}]})
    assert (alone.status_code, batch.status_code) == (400, 400)
    assert await entries(client) == before


async def test_the_subnet_must_fit_the_address_that_is_there(client: httpx2.AsyncClient) -> None:
    made = (await client.post(f"{ACL}/entry", json={"ip": "2001:db8::", "subnet": 64})).json()
    refused = await client.patch(f"{ACL}/entry/{made['id']}", json={"ip": "192.0.2.0"})
    assert (refused.status_code, refused.json()["detail"]) == (400, "Subnet is not from 0 to 32")


async def test_a_batch_of_entries_is_done_wholly_or_not_at_all(client: httpx2.AsyncClient) -> None:
    office, guests = before = await entries(client)
    changes = [
        {"op": "create", "ip": "192.0.2.7"},
        {"op": "update", "id": office["id"], "comment": "Moved"},
        {"op": "delete", "id": guests["id"]},
    ]
    for wrong in (
        {"op": "delete", "id": "none"},
        {"op": "delete", "id": guests["id"]},
        {"op": "upsert", "ip": "192.0.2.8"},
        {"op": {}, "ip": "192.0.2.8"},
    ):
        refused = await client.patch(f"{ACL}/entries", json={"entries": [*changes, wrong]})
        assert refused.status_code == 400
        assert await entries(client) == before
    done = await client.patch(f"{ACL}/entries", json={"entries": changes})
    assert done.json() == {"status": "ok"}
    moved, new = await entries(client)
    assert moved == office | {"comment": "Moved", "updated_at": "2026-03-01T12:00:00Z"}
    assert new["ip"] == "192.0.2.7"


async def test_the_servers_of_a_pool_change_at_once_but_for_the_last(
    client: httpx2.AsyncClient,
) -> None:
    pool = (await client.post(f"{DRAFT}/pool", data={"name": "pool"})).json()
    path = f"{SHOP}/pool/{pool['id']}"
    assert (await client.get(f"{path}/servers")).json() == []
    await client.put(f"{DRAFT}/lock")
    for address in ("", None):
        refused = await client.post(f"{path}/server", json={"address": address})
        assert refused.status_code == 400
    first, second = [
        (await client.post(f"{path}/server", data={"address": address})).json()
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    assert (await client.get(f"{path}/servers")).json() == [first, second]
    changed = await client.put(f"{path}/server/{first['id']}", data={"weight": "7"})
    assert changed.json() == first | {"weight": "7"}
    emptied = await client.put(f"{path}/server/{first['id']}", data={"address": ""})
    assert emptied.status_code == 400
    assert (await client.get(f"{path}/server/{first['id']}")).json() == changed.json()
    assert (await client.delete(f"{path}/server/{first['id']}")).status_code == 200
    assert (await client.delete(f"{path}/server/{second['id']}")).status_code == 400
    missing = await client.get(f"{path}/server/{first['id']}")
    assert missing.json()["detail"].startswith(f"Couldn't find Server '{{ id => {first['id']}, ")


async def test_the_content_of_a_dynamic_snippet_changes_at_once(client: httpx2.AsyncClient) -> None:
    asked = {"name": "dyn", "dynamic": "1", "type": "recv", "content": "# one"}
    made = (await client.post(f"{DRAFT}/snippet", data=asked)).json()
    assert (made["dynamic"], made["content"]) == ("1", None)
    await client.put(f"{DRAFT}/lock")
    path = f"{SHOP}/snippet/{made['id']}"
    row = (await client.get(path)).json()
    assert (row["content"], row["snippet_id"]) == ("# one", made["id"])
    changed = (await client.put(path, data={"content": "# two"})).json()
    assert changed == row | {"content": "# two"}
    assert (await client.get(f"{DRAFT}/snippet/dyn")).json()["content"] is None


async def test_a_snippet_stays_what_it_is(client: httpx2.AsyncClient) -> None:
    dynamic = {"name": "dyn", "dynamic": "1", "content": "# one"}
    await client.post(f"{DRAFT}/snippet", data=dynamic)
    changed = await client.put(f"{DRAFT}/snippet/dyn", data={"dynamic": "0", "content": "# two"})
    assert (changed.json()["dynamic"], changed.json()["content"]) == ("1", None)
    path = f"{DRAFT}/snippet/strip%20campaign%20parameters"
    plain = (await client.put(path, data={"dynamic": "1", "content": "# two"})).json()
    assert (plain["dynamic"], plain["content"]) == ("0", "# two")
    assert (await client.get(f"{SHOP}/snippet/{plain['id']}")).status_code == 404


async def test_a_director_has_backends_of_its_version(client: httpx2.AsyncClient) -> None:
    await client.post(f"{DRAFT}/director", data={"name": "all"})
    path = f"{DRAFT}/director/all/backend"
    assert (await client.get(f"{path}/origin-eu")).status_code == 404
    added = (await client.post(f"{path}/origin-eu")).json()
    assert (added["director_name"], added["backend_name"]) == ("all", "origin-eu")
    assert (await client.get(f"{path}/origin-eu")).json() == added
    assert (await client.post(f"{path}/origin-eu")).status_code == 409
    missing = await client.post(f"{path}/none")
    assert missing.json()["detail"].startswith("Couldn't find Backend '")
    await client.post(f"{path}/origin-us")
    director = (await client.get(f"{DRAFT}/director/all")).json()
    assert director["backends"] == ["origin-eu", "origin-us"]
    assert (await client.delete(f"{path}/origin-eu")).json() == {"status": "ok"}
    gone = await client.delete(f"{path}/origin-eu")
    assert gone.json()["detail"].startswith("Couldn't find DirectorBackend '")
    await client.put(f"{DRAFT}/lock")
    assert (await client.delete(f"{path}/origin-us")).status_code == 422
