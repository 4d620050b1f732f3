"""Services and their versions: made, cloned, locked, activated, staged, compared, deleted."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "/service/u8jzPde0IgxLd6GncfBAep"
EDGE_API = "/service/fKtHF4vUCsMehGAkWvj7FA"


async def numbers(client: httpx2.AsyncClient, flag: str, service: str = SHOP) -> list[int]:
    """The versions that have a flag."""
    rows = (await client.get(f"{service}/version")).json()
    return [row["number"] for row in rows if row[flag]]


async def new_service(client: httpx2.AsyncClient, **fields: str) -> dict[str, Any]:
    response = await client.post("/service", data={"name": "new", **fields})
    assert response.status_code == 200, response.text
    row: dict[str, Any] = response.json()
    return row


async def test_a_new_service_has_one_empty_version(client: httpx2.AsyncClient) -> None:
    row = await new_service(client, comment="A test", type="wasm")
    assert (row["type"], row["comment"], row["publish_key"]) == ("wasm", "A test", "")
    (version,) = row["versions"]
    assert (version["number"], version["active"], version["locked"]) == (1, False, False)
    assert (await client.get(f"/service/{row['id']}")).json() == row
    assert row["name"] in [each["name"] for each in (await client.get("/service")).json()]


async def test_a_service_is_vcl_unless_it_is_said(client: httpx2.AsyncClient) -> None:
    assert (await new_service(client))["type"] == "vcl"
    for wrong in ({"name": "x", "type": "php"}, {"name": " "}, {}):
        assert (await client.post("/service", data=wrong)).status_code == 400


async def test_the_name_of_a_service_is_its_own(client: httpx2.AsyncClient) -> None:
    row = await new_service(client)
    for method, path in (("POST", "/service"), ("PUT", f"/service/{row['id']}")):
        refused = await client.request(method, path, data={"name": "shop-prod"})
        assert refused.status_code == 409
        assert refused.json()["detail"] == "Duplicate service: 'shop-prod'"
    # Also where a token does not reach the other one.
    limited = await client.put(
        SHOP, data={"name": "blog"}, headers={"Fastly-Key": "sandbox-one-service"}
    )
    assert limited.status_code == 409


async def test_a_service_can_be_renamed(client: httpx2.AsyncClient) -> None:
    await client.put(SHOP, data={"name": "shop", "comment": "Renamed"})
    row = (await client.get("/service/search?name=shop")).json()
    assert (f"/service/{row['id']}", row["comment"]) == (SHOP, "Renamed")
    assert (await client.get("/service/search?name=shop-prod")).status_code == 404


async def test_only_a_service_without_an_active_version_can_be_deleted(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.delete(SHOP)).status_code == 400
    await client.put(f"{SHOP}/version/3/deactivate")
    deleted = await client.delete(SHOP)
    assert (deleted.status_code, deleted.json()) == (200, {"status": "ok"})


async def test_a_deleted_service_says_so_everywhere(client: httpx2.AsyncClient) -> None:
    row = await new_service(client)
    path = f"/service/{row['id']}"
    await client.delete(path)
    for method, rest in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/details"),
        ("GET", "/version/1/backend"),
        ("POST", "/version"),
        ("POST", "/purge_all"),
        ("POST", "/purge/key"),
    ):
        gone = await client.request(method, path + rest)
        assert gone.status_code == 400
        assert gone.json() == {
            "msg": "Bad request",
            "detail": f"Service '{row['id']}' is deleted",
        }
    assert len((await client.get("/service")).json()) == 6
    assert (await client.get("/service/search?name=new")).status_code == 404
    # Its name is free again.
    await new_service(client)


async def test_a_new_version_tells_its_number_and_little_else(client: httpx2.AsyncClient) -> None:
    service_id = SHOP.rpartition("/")[2]
    plain = (await client.post(f"{SHOP}/version")).json()
    assert plain == {"number": 5, "service_id": service_id}
    commented = (await client.post(f"{SHOP}/version", data={"comment": "Why"})).json()
    assert commented == {"number": 6, "service_id": service_id, "comment": "Why"}
    assert (await client.get(f"{SHOP}/version/6/domain")).json() == []


async def test_a_clone_is_a_draft_that_changes_alone(client: httpx2.AsyncClient) -> None:
    clone = (await client.put(f"{SHOP}/version/3/clone")).json()
    assert (clone["number"], clone["locked"], clone["active"]) == (5, False, False)
    assert clone["comment"] == "Shield in Amsterdam"
    origin = (await client.get(f"{SHOP}/version/3/backend")).json()
    rows = (await client.get(f"{SHOP}/version/5/backend")).json()
    assert rows == [row | {"version": 5} for row in origin]
    await client.put(f"{SHOP}/version/5/backend/origin-eu", data={"weight": "1"})
    await client.delete(f"{SHOP}/version/5/domain/shop.larkspur.example")
    await client.put(f"{SHOP}/version/5/settings", data={"general.default_ttl": "5"})
    assert (await client.get(f"{SHOP}/version/3/backend")).json() == origin
    assert len((await client.get(f"{SHOP}/version/3/domain")).json()) == 2
    assert (await client.get(f"{SHOP}/version/3/settings")).json()["general.default_ttl"] == 3600


async def test_activating_locks_a_version_and_puts_it_in_place_of_the_active_one(
    client: httpx2.AsyncClient,
) -> None:
    row = (await client.put(f"{SHOP}/version/4/activate")).json()
    assert (row["number"], row["active"], row["locked"], row["msg"]) == (4, True, True, None)
    assert await numbers(client, "active") == [4]
    assert await numbers(client, "locked") == [1, 2, 3, 4]
    assert (await client.get(f"{SHOP}/version/active")).json()["number"] == 4
    domains = (await client.get(f"{SHOP}/domain")).json()
    assert domains[-1]["name"] == "new.larkspur.example"
    refused = await client.post(f"{SHOP}/version/4/domain", data={"name": "more.example"})
    assert refused.status_code == 422


async def test_an_older_version_can_be_activated_again(client: httpx2.AsyncClient) -> None:
    again = await client.put(f"{SHOP}/version/1/activate")
    assert (again.status_code, again.json()["active"]) == (200, True)
    assert await numbers(client, "active") == [1]
    assert await numbers(client, "locked") == [1, 2, 3]


async def test_warnings_come_with_the_activation(client: httpx2.AsyncClient) -> None:
    row = await new_service(client)
    path = f"/service/{row['id']}/version/1"
    warning = "Warning: No default director found\nat: (default Line 1 Pos 1)"
    checked = (await client.get(f"{path}/validate")).json()
    assert (checked["status"], checked["warnings"], checked["errors"]) == ("ok", [warning], [])
    activated = await client.put(f"{path}/activate")
    assert (activated.status_code, activated.json()["msg"]) == (200, warning)


@pytest.mark.parametrize(
    ("content", "is_fine"),
    [
        ("sub vcl_recv { return(lookup); }", True),
        ("sub vcl_recv { return(lookup); ", False),
        ('sub vcl_recv { set req.http.X = "}"; }', True),
        ('sub vcl_recv { set req.http.X = {"}}"}; }', True),
        ('sub vcl_recv { set req.http.X = "{"; set req.http.Y = {"}"}; }', True),
        ("# } \n// }\n/* } */\nsub vcl_recv { }", True),
        ("/* sub vcl_recv {", True),
    ],
)
async def test_what_does_not_compile_cannot_be_activated(
    client: httpx2.AsyncClient, content: str, is_fine: bool
) -> None:
    await client.put(f"{SHOP}/version/4/vcl/main", data={"content": content})
    checked = await client.get(f"{SHOP}/version/4/validate")
    said = checked.json()
    assert (checked.status_code, said["status"]) == (200, "ok" if is_fine else "error")
    assert (said["msg"] is None) is is_fine
    activated = await client.put(f"{SHOP}/version/4/activate")
    assert activated.status_code == (200 if is_fine else 400)
    assert await numbers(client, "active") == [4 if is_fine else 3]
    assert await numbers(client, "locked") == [1, 2, 3, 4][: 4 if is_fine else 3]


async def test_many_openings_are_read_in_one_go(client: httpx2.AsyncClient) -> None:
    for opening in ("/*", '{"', '"'):
        content = "sub vcl_recv { } " + opening * 200_000
        changed = await client.put(f"{SHOP}/version/4/vcl/main", json={"content": content})
        assert changed.status_code == 200
        assert (await client.get(f"{SHOP}/version/4/validate")).json()["status"] == "ok"


async def test_vcl_files_need_a_main_one(client: httpx2.AsyncClient) -> None:
    await client.put(f"{SHOP}/version/4/vcl/main", data={"main": "0"})
    checked = (await client.get(f"{SHOP}/version/4/validate")).json()
    assert (checked["status"], checked["msg"]) == ("error", "No main VCL was chosen")


async def test_a_deactivated_version_stays_locked(client: httpx2.AsyncClient) -> None:
    row = (await client.put(f"{SHOP}/version/3/deactivate")).json()
    assert (row["active"], row["locked"], row["environments"]) == (False, True, [])
    assert await numbers(client, "active") == []
    assert (await client.get(f"{SHOP}/version/active")).status_code == 404
    assert (await client.put(f"{SHOP}/version/3/deactivate")).status_code == 400


async def test_staging_is_an_environment_beside_production(client: httpx2.AsyncClient) -> None:
    staged = (await client.put(f"{SHOP}/version/4/activate/staging")).json()
    assert (staged["staging"], staged["active"], staged["locked"]) == (True, False, True)
    assert await numbers(client, "staging") == [4]
    assert await numbers(client, "active") == [3]
    service_id = SHOP.rpartition("/")[2]
    assert (await client.get(SHOP)).json()["environments"] == [
        {"name": "production", "service_id": service_id, "active_version": 3},
        {"name": "staging", "service_id": service_id, "active_version": 4},
    ]
    await client.put(f"{SHOP}/version/2/activate/staging")
    assert await numbers(client, "staging") == [2]
    assert (await client.put(f"{SHOP}/version/4/deactivate/staging")).status_code == 400
    left = (await client.put(f"{SHOP}/version/2/deactivate/staging")).json()
    assert (left["staging"], left["locked"]) == (False, True)
    assert await numbers(client, "active") == [3]


async def test_there_are_no_other_environments(client: httpx2.AsyncClient) -> None:
    for verb in ("activate", "deactivate"):
        assert (await client.put(f"{SHOP}/version/4/{verb}/moon")).status_code == 404
    row = (await client.put(f"{SHOP}/version/4/activate/production")).json()
    assert row["active"] is True


async def test_a_staging_address_is_told_if_asked_for(client: httpx2.AsyncClient) -> None:
    plain = (await client.get(f"{SHOP}/version/4/domain")).json()
    staged = (await client.get(f"{SHOP}/version/4/domain?include=staging_ips")).json()
    assert all("staging_ip" not in row for row in plain)
    assert [
        row | {"staging_ip": each["staging_ip"]} for row, each in zip(plain, staged, strict=True)
    ] == staged


async def test_a_version_can_be_locked_without_activation(client: httpx2.AsyncClient) -> None:
    row = (await client.put(f"{SHOP}/version/4/lock")).json()
    assert (row["locked"], row["active"]) == (True, False)
    assert (await client.put(f"{SHOP}/version/4/settings", data={})).status_code == 422
    commented = await client.put(f"{SHOP}/version/4", data={"comment": "Kept"})
    assert commented.json()["comment"] == "Kept"


async def test_settings_keep_their_types(client: httpx2.AsyncClient) -> None:
    before = (await client.get(f"{SHOP}/version/4/settings")).json()
    sent = {"general.default_ttl": "60", "general.stale_if_error": "1", "nonsense": "1"}
    after = (await client.put(f"{SHOP}/version/4/settings", data=sent)).json()
    assert after == before | {"general.default_ttl": 60, "general.stale_if_error": True}
    assert (await client.get(f"{SHOP}/version/4/settings")).json() == after
    wrong = await client.put(f"{SHOP}/version/4/settings", data={"general.default_ttl": "soon"})
    assert wrong.status_code == 400


async def test_a_difference_is_told_as_text_between_numbers_as_text(
    client: httpx2.AsyncClient,
) -> None:
    said = (await client.get(f"{SHOP}/diff/from/3/to/4")).json()
    assert (said["from"], said["to"], said["format"]) == ("3", "4", "text")
    lines = said["diff"].splitlines()
    assert "+- name: new.larkspur.example" in lines
    assert "-  general.default_ttl: 3600" in lines
    assert "+  general.default_ttl: 86400" in lines
    assert not any(line.startswith(("---", "+++")) for line in lines)
    back = (await client.get(f"{SHOP}/diff/from/4/to/3")).json()["diff"].splitlines()
    assert "-- name: new.larkspur.example" in back
    assert (await client.get(f"{SHOP}/diff/from/4/to/4")).json()["diff"] == ""
    assert (await client.get(f"{SHOP}/diff/from/4/to/9")).status_code == 404


async def test_generated_vcl_has_the_shape_of_a_file(client: httpx2.AsyncClient) -> None:
    row = (await client.get(f"{SHOP}/version/4/generated_vcl")).json()
    assert (row["main"], row["version"]) == (True, 4)
    assert "backend F_origin_eu {" in row["content"]
    assert '.host = "eu.origin.larkspur.example";' in row["content"]
    assert "sub vcl_recv {" in row["content"]
    assert (await client.get(f"{EDGE_API}/version/1/generated_vcl")).status_code == 400


async def test_generated_vcl_without_a_file_has_the_snippets(client: httpx2.AsyncClient) -> None:
    await client.delete(f"{SHOP}/version/4/vcl/main")
    content = (await client.get(f"{SHOP}/version/4/generated_vcl")).json()["content"]
    assert 'querystring.regfilter(req.url, "^utm_")' in content
    assert "#--FASTLY RECV BEGIN" in content


async def test_http3_is_on_or_not_found(client: httpx2.AsyncClient) -> None:
    path = f"{SHOP}/version/4/http3"
    off = await client.get(path)
    assert (off.status_code, off.json()) == (404, {"msg": "Not found"})
    row = (await client.post(path)).json()
    assert (await client.get(path)).json() == row
    clone = (await client.put(f"{SHOP}/version/4/clone")).json()["number"]
    assert (await client.get(f"{SHOP}/version/{clone}/http3")).json()["id"] == row["id"]
    await client.delete(path)
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"{SHOP}/version/{clone}/http3")).status_code == 200
    assert (await client.post(f"{SHOP}/version/3/http3")).status_code == 422


async def test_image_settings_are_the_defaults_until_they_are_set(
    client: httpx2.AsyncClient,
) -> None:
    path = f"{SHOP}/version/4/image_optimizer_default_settings"
    before = (await client.get(path)).json()
    assert before["jpeg_quality"] == 85
    after = (await client.patch(path, json={"jpeg_quality": 40, "webp": True})).json()
    assert after == before | {"jpeg_quality": 40, "webp": True}
    wrong: dict[str, Any]
    for wrong in ({"jpeg_quality": 0}, {"resize_filter": "blur"}, {"jpeg_type": []}, {"webp": 2}):
        assert (await client.patch(path, json=wrong)).status_code == 400
    assert (await client.get(path)).json() == after


async def test_a_domain_is_checked_alone_and_with_the_rest(client: httpx2.AsyncClient) -> None:
    path = f"{SHOP}/version/4/domain"
    row, name, is_fastly = (await client.get(f"{path}/www.larkspur.example/check")).json()
    assert row["name"] == "www.larkspur.example"
    assert (type(name), is_fastly) == (str, True)
    every = (await client.get(f"{path}/check_all")).json()
    assert [each[0] for each in every] == (await client.get(path)).json()


async def test_log_tailing_is_started_and_stopped(client: httpx2.AsyncClient) -> None:
    path = f"{EDGE_API}/log_stream/managed/instance_output"
    statuses = [
        (await client.request(method, path)).status_code
        for method in ("DELETE", "POST", "POST", "DELETE", "DELETE")
    ]
    assert statuses == [404, 200, 409, 200, 404]
