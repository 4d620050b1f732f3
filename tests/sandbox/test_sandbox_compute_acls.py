"""ACLs of Compute."""

import httpx2
import pytest

pytestmark = pytest.mark.anyio

ACLS = "/resources/acls"
PARTNERS = f"{ACLS}/aC6nYt2bRvE9sHjK4wXdZi"


async def change(client: httpx2.AsyncClient, *changes: dict[str, object]) -> httpx2.Response:
    return await client.patch(f"{PARTNERS}/entries", json={"entries": list(changes)})


async def prefixes(client: httpx2.AsyncClient) -> list[str]:
    listed = (await client.get(f"{PARTNERS}/entries")).json()
    return [row["prefix"] for row in listed["entries"]]


async def test_an_acl_is_made_listed_and_deleted(client: httpx2.AsyncClient) -> None:
    made = await client.post(ACLS, json={"name": "bots"})
    assert (made.status_code, made.json().keys()) == (200, {"id", "name"})
    listed = (await client.get(ACLS)).json()
    assert listed["meta"] == {"total": 2}
    assert made.json() in listed["data"]
    path = f"{ACLS}/{made.json()['id']}"
    assert (await client.get(path)).json() == made.json()
    gone = await client.delete(path)
    assert (gone.status_code, gone.content) == (200, b"")
    assert (await client.get(path)).status_code == 404


async def test_two_acls_have_two_names(client: httpx2.AsyncClient) -> None:
    assert (await client.post(ACLS, json={"name": "partners"})).status_code == 400
    assert (await client.post(ACLS, json={})).status_code == 400


async def test_entries_are_in_the_order_of_their_addresses(client: httpx2.AsyncClient) -> None:
    changed = await change(
        client,
        {"op": "create", "prefix": "203.0.113.9/32", "action": "BLOCK"},
        {"op": "update", "prefix": "9.0.0.0/8", "action": "BLOCK"},
        {"op": "delete", "prefix": "203.0.113.128/25"},
    )
    assert (changed.status_code, changed.content) == (202, b"")
    assert await prefixes(client) == [
        "9.0.0.0/8",
        "203.0.113.0/24",
        "203.0.113.9/32",
        "2001:db8:7::/48",
    ]


async def test_entries_come_page_by_page(client: httpx2.AsyncClient) -> None:
    first = (await client.get(f"{PARTNERS}/entries", params={"limit": 2})).json()
    assert first["meta"] == {"limit": 2, "next_cursor": "2"}
    asked = {"limit": 2, "cursor": first["meta"]["next_cursor"]}
    last = (await client.get(f"{PARTNERS}/entries", params=asked)).json()
    assert last == {
        "entries": [{"prefix": "2001:db8:7::/48", "action": "ALLOW"}],
        "meta": {"limit": 2},
    }


@pytest.mark.parametrize(
    ("address", "prefix", "action"),
    [
        ("203.0.113.1", "203.0.113.0/24", "ALLOW"),
        ("203.0.113.200", "203.0.113.128/25", "BLOCK"),
        ("2001:db8:7::1", "2001:db8:7::/48", "ALLOW"),
    ],
)
async def test_the_most_specific_prefix_decides(
    client: httpx2.AsyncClient, address: str, prefix: str, action: str
) -> None:
    found = await client.get(f"{PARTNERS}/entry/{address}")
    assert found.json() == {"prefix": prefix, "action": action}


async def test_an_address_without_entry_has_no_content(client: httpx2.AsyncClient) -> None:
    nothing = await client.get(f"{PARTNERS}/entry/198.51.100.7")
    assert (nothing.status_code, nothing.content) == (204, b"")
    assert (await client.get(f"{PARTNERS}/entry/partners")).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"op": "create", "prefix": "192.0.2.0/24"},
        {"op": "create", "prefix": "192.0.2.0/24", "action": ["ALLOW"]},
        {"op": "create", "prefix": "192.0.2.0/33", "action": "ALLOW"},
        {"op": "create", "prefix": "192.0.2.0", "action": "ALLOW"},
        {"op": "create", "prefix": "fe80::1%eth0/64", "action": "ALLOW"},
        {"op": "create", "prefix": 7, "action": "ALLOW"},
        {"op": "replace", "prefix": "192.0.2.0/24", "action": "ALLOW"},
        {"prefix": "192.0.2.0/24", "action": "ALLOW"},
    ],
)
async def test_a_wrong_change_undoes_those_before_it(
    client: httpx2.AsyncClient, wrong: dict[str, object]
) -> None:
    before = await prefixes(client)
    good: dict[str, object] = {"op": "create", "prefix": "198.51.100.0/24", "action": "BLOCK"}
    assert (await change(client, good, wrong)).status_code == 400
    assert await prefixes(client) == before


async def test_a_batch_has_an_end(client: httpx2.AsyncClient) -> None:
    one: dict[str, object] = {"op": "delete", "prefix": "198.51.100.0/24"}
    assert (await change(client, *[one] * 1_000)).status_code == 202
    assert (await change(client, *[one] * 1_001)).status_code == 400
    body = {"entries": {"op": "delete"}}
    assert (await client.patch(f"{PARTNERS}/entries", json=body)).status_code == 400


async def test_the_bits_of_the_host_do_not_count(client: httpx2.AsyncClient) -> None:
    await change(client, {"op": "create", "prefix": "198.51.100.7/24", "action": "BLOCK"})
    assert "198.51.100.0/24" in await prefixes(client)
