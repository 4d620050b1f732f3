"""What the sandbox sends has the fields and the types of the recorded answers."""

from types import NoneType
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"

VERSION = {
    "active": bool,
    "comment": str,
    "created_at": str,
    "deleted_at": NoneType,
    "deployed": bool,
    "environments": list,
    "locked": bool,
    "number": int,
    "service_id": str,
    "staging": bool,
    "testing": bool,
    "updated_at": str,
}
SERVICE = {
    "comment": str,
    "created_at": str,
    "customer_id": str,
    "deleted_at": NoneType,
    "environments": list,
    "id": str,
    "name": str,
    "type": str,
    "updated_at": str,
    "versions": list,
}
SETTINGS = {
    "general.default_host": str,
    "general.default_pci": int,
    "general.default_ttl": int,
    "general.stale_if_error": bool,
    "general.stale_if_error_ttl": int,
}
STAMPS = {"created_at": str, "updated_at": str, "deleted_at": NoneType, "service_id": str}
WITH_NUMBER = STAMPS | {"version": int, "name": str}
WITH_TEXT = STAMPS | {"version": str, "name": str}
OPTIONAL_TEXT = (str, NoneType)
OBJECTS: dict[str, dict[str, Any]] = {
    "acls": WITH_TEXT | {"id": str},
    "backends": WITH_NUMBER
    | dict.fromkeys(
        (
            "client_cert",
            "ipv4",
            "ipv6",
            "keepalive_time",
            "max_tls_version",
            "min_tls_version",
            "share_key",
            "ssl_ca_cert",
            "ssl_client_cert",
            "ssl_client_key",
            "ssl_hostname",
            "tcp_keepalive_enable",
            "tcp_keepalive_interval",
            "tcp_keepalive_probes",
            "tcp_keepalive_time",
        ),
        NoneType,
    )
    | dict.fromkeys(
        (
            "healthcheck",
            "hostname",
            "override_host",
            "shield",
            "ssl_cert_hostname",
            "ssl_ciphers",
            "ssl_sni_hostname",
        ),
        OPTIONAL_TEXT,
    )
    | dict.fromkeys(
        (
            "between_bytes_timeout",
            "connect_timeout",
            "error_threshold",
            "first_byte_timeout",
            "max_conn",
            "max_lifetime",
            "max_use",
            "port",
            "weight",
        ),
        int,
    )
    | dict.fromkeys(("auto_loadbalance", "prefer_ipv6", "ssl_check_cert", "use_ssl"), bool)
    | dict.fromkeys(("address", "comment", "request_condition"), str),
    "cache_settings": WITH_TEXT
    | {"action": OPTIONAL_TEXT, "cache_condition": str, "stale_ttl": str, "ttl": str},
    "conditions": WITH_TEXT | {"comment": str, "priority": str, "statement": str, "type": str},
    "dictionaries": WITH_NUMBER | {"id": str, "write_only": bool},
    "domains": WITH_NUMBER | {"comment": str},
    "gzips": WITH_TEXT | {"cache_condition": str, "content_types": str, "extensions": str},
    "headers": WITH_TEXT
    | dict.fromkeys(("cache_condition", "request_condition", "response_condition"), NoneType)
    | dict.fromkeys(
        ("action", "dst", "ignore_if_set", "priority", "regex", "src", "substitution", "type"), str
    ),
    "healthchecks": WITH_NUMBER
    | dict.fromkeys(("comment", "host", "http_version", "method", "path"), str)
    | dict.fromkeys(
        ("check_interval", "expected_response", "initial", "threshold", "timeout", "window"), int
    )
    | {"headers": list},
    "request_settings": WITH_TEXT
    | dict.fromkeys(("action", "default_host", "hash_keys"), OPTIONAL_TEXT)
    | dict.fromkeys(
        (
            "bypass_busy_wait",
            "force_miss",
            "force_ssl",
            "geo_headers",
            "max_stale_age",
            "request_condition",
            "timer_support",
            "xff",
        ),
        str,
    ),
    "response_objects": WITH_TEXT
    | dict.fromkeys(
        ("cache_condition", "content", "content_type", "request_condition", "response", "status"),
        str,
    ),
    "snippets": WITH_TEXT
    | {"content": OPTIONAL_TEXT, "dynamic": str, "id": str, "priority": str, "type": str},
    "vcls": WITH_NUMBER | {"content": str, "main": bool},
}


def has_types(row: dict[str, Any], types: dict[str, Any]) -> None:
    """Exactly these keys, each of exactly this type: a bool is no int here."""
    assert set(row) == set(types)
    for key, kinds in types.items():
        wanted = kinds if isinstance(kinds, tuple) else (kinds,)
        assert type(row[key]) in wanted, key


async def read(client: httpx2.AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()


async def test_a_listed_service_embeds_its_versions_and_has_no_publish_key(
    client: httpx2.AsyncClient,
) -> None:
    for row in await read(client, "/service"):
        has_types(row, SERVICE | {"paused": bool, "version": int})
        for version in row["versions"]:
            has_types(version, VERSION)


async def test_a_service_has_a_publish_key_and_no_version(client: httpx2.AsyncClient) -> None:
    row = await read(client, f"/service/{SHOP}")
    has_types(row, SERVICE | {"paused": bool, "publish_key": str})
    assert row["publish_key"] == ""


async def test_a_search_answers_one_object_without_paused(client: httpx2.AsyncClient) -> None:
    has_types(await read(client, "/service/search?name=blog"), SERVICE)


async def test_the_details_of_a_vcl_service_carry_all_its_objects(
    client: httpx2.AsyncClient,
) -> None:
    row = await read(client, f"/service/{SHOP}/details")
    has_types(row, SERVICE | {"active_version": dict, "version": dict})
    empty = {"directors", "wordpress"}
    for version in (row["active_version"], row["version"]):
        has_types(version, VERSION | dict.fromkeys({*OBJECTS, *empty}, list) | {"settings": dict})
        has_types(version["settings"], SETTINGS)
        for kind, types in OBJECTS.items():
            assert version[kind], kind
            for each in version[kind]:
                has_types(each, types)


async def test_the_details_of_a_compute_service_carry_three_kinds(
    client: httpx2.AsyncClient,
) -> None:
    row = await read(client, f"/service/{EDGE_API}/details")
    has_types(row["version"], VERSION | {"backends": list, "domains": list, "healthchecks": list})


async def test_an_active_version_names_its_environment(client: httpx2.AsyncClient) -> None:
    production = [{"name": "production", "service_id": SHOP, "active_version": 3}]
    row = await read(client, f"/service/{SHOP}")
    assert row["environments"] == production
    assert [each["environments"] for each in row["versions"]] == [[], [], production, []]


@pytest.mark.parametrize("kind", ["domain", "backend"])
async def test_a_version_lists_the_same_rows_as_its_details(
    client: httpx2.AsyncClient, kind: str
) -> None:
    rows = await read(client, f"/service/{SHOP}/version/4/{kind}")
    details = await read(client, f"/service/{SHOP}/details?version=4")
    assert rows == details["version"][f"{kind}s"]
    assert {row["version"] for row in rows} == {4}


async def test_settings_keep_their_dotted_keys(client: httpx2.AsyncClient) -> None:
    row = await read(client, f"/service/{SHOP}/version/4/settings")
    has_types(row, SETTINGS | {"service_id": str, "version": int})
    assert (row["general.default_ttl"], row["version"]) == (86400, 4)


async def test_a_token_has_its_fourteen_fields(client: httpx2.AsyncClient) -> None:
    text = dict.fromkeys(
        ("created_at", "customer_id", "id", "ip", "last_used_at", "name"), str
    ) | dict.fromkeys(("scope", "user_agent", "user_id"), str)
    has_types(
        await read(client, "/tokens/self"),
        text
        | dict.fromkeys(("expires_at", "service_id", "sudo_expires_at"), NoneType)
        | dict.fromkeys(("scopes", "services"), list),
    )


async def test_the_user_has_its_recorded_fields(client: httpx2.AsyncClient) -> None:
    text = ("created_at", "customer_id", "id", "last_active_at", "login", "name", "role")
    row = await read(client, "/current_user")
    has_types(
        row,
        dict.fromkeys((*text, "updated_at"), str)
        | dict.fromkeys(("limit_services", "locked", "require_new_password"), bool)
        | {"deleted_at": NoneType, "two_factor_auth_enabled": bool},
    )
    assert (row["name"], row["login"]) == ("Robin Ashby", "robin@larkspur.example")


async def test_the_customer_is_the_same_by_both_ways(client: httpx2.AsyncClient) -> None:
    row = await read(client, "/current_customer")
    assert (row["id"], row["name"]) == ("8rESQedUStPKR0CsTy4Qwb", "Larkspur Outfitters")
    assert row == await read(client, f"/customer/{row['id']}")
    assert len(row) == 28


async def test_verify_names_customer_user_services_and_token(client: httpx2.AsyncClient) -> None:
    row = await read(client, "/verify")
    has_types(row, {"customer": dict, "services": dict, "token": dict, "user": dict})
    has_types(row["customer"], {"id": str, "name": str})
    has_types(row["user"], {"id": str, "login": str, "name": str})
    has_types(
        row["token"],
        {"created_at": str, "expires_at": NoneType, "id": str, "name": str, "scope": str},
    )
    assert row["services"][SHOP] == "shop-prod"


async def test_a_managed_domain_has_its_recorded_fields(client: httpx2.AsyncClient) -> None:
    answer = await read(client, "/domain-management/v1/domains?fqdn=api.larkspur.example")
    has_types(answer, {"data": list, "meta": dict})
    has_types(answer["meta"], {"limit": int, "total": int})
    (row,) = answer["data"]
    has_types(
        row,
        dict.fromkeys(("created_at", "description", "fqdn", "id", "service_id"), str)
        | {"updated_at": str, "activated": bool, "verified": bool},
    )
    assert row["created_at"].endswith(".000Z")


async def test_the_edge_check_reports_every_pop(client: httpx2.AsyncClient) -> None:
    rows = await read(client, "/content/edge_check?url=https://www.larkspur.example/")
    assert len({row["pop"] for row in rows}) == 20
    for row in rows:
        has_types(
            row,
            {
                "hash": str,
                "pop": str,
                "request": dict,
                "response": dict,
                "response_time": float,
                "server": str,
            },
        )
        has_types(row["request"], {"headers": dict, "method": NoneType, "url": NoneType})
        has_types(row["response"], {"headers": dict, "status": int})
        headers = row["response"]["headers"]
        assert {type(value) for value in headers.values()} == {str}
        assert headers["surrogate-key"] == "home all"
        assert (headers["x-cache"], headers["content-length"]) == ("HIT", "18432")


async def test_a_pop_that_is_no_shield_has_no_shield_key(client: httpx2.AsyncClient) -> None:
    rows = await read(client, "/datacenters")
    text = dict.fromkeys(("billing_region", "code", "group", "name", "region", "stats_region"), str)
    for row in rows:
        has_types(row, text | {"coordinates": dict} | ({"shield": str} if "shield" in row else {}))
        has_types(row["coordinates"], {"latitude": float, "longitude": float, "x": int, "y": int})
    assert 0 < sum("shield" in row for row in rows) < len(rows) == 20


async def test_the_address_list_needs_no_token(client: httpx2.AsyncClient) -> None:
    response = await client.get("/public-ip-list", headers={"Fastly-Key": ""})
    has_types(response.json(), {"addresses": list, "ipv6_addresses": list})


async def test_a_classic_answer_has_the_classic_headers(client: httpx2.AsyncClient) -> None:
    headers = (await client.get("/service")).headers
    assert headers["date"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert headers["status"] == "200 OK"
    assert headers["via"] == "1.1 varnish, 1.1 varnish"
    assert headers["cache-control"] == "no-store"
    assert "fastly-ratelimit-remaining" not in headers


async def test_domain_management_answers_without_a_status_header(
    client: httpx2.AsyncClient,
) -> None:
    headers = (await client.get("/domain-management/v1/domains")).headers
    assert "status" not in headers
    assert headers["via"] == "1.1 varnish"
    assert headers["x-content-type-options"] == "nosniff"
