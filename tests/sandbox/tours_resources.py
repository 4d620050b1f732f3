"""Tours through what lives beside the services: domains, stores, products, alerts and TLS."""

import base64
from functools import partial

from tests.sandbox.driving import Tour, Visit
from tests.sandbox.tours_account import SHOP

CONFIG = "/resources/stores/config"
KV = "/resources/stores/kv"
SECRET = "/resources/stores/secret"


async def managed_domains(tour: Tour) -> None:
    path = "/domain-management/v1/domains"
    asked = {"fqdn": "www.tour.example", "description": "toured"}
    made = await tour(f"POST {path}", json=asked)
    await tour(f"POST {path}", json=asked)
    await tour(f"GET {path}", params={"fqdn": asked["fqdn"]})
    await tour(f"GET {path}/{{id}}", made["id"])
    await tour(f"PATCH {path}/{{id}}", made["id"], json={"service_id": SHOP})
    await tour(f"DELETE {path}/{{id}}", made["id"])
    path = "/domain-management/v1/tools"
    await tour(f"GET {path}/status", params={"domain": "tour.example", "scope": "estimate"})
    await tour(f"GET {path}/status", params={"domain": "no domain"})
    await tour(f"GET {path}/suggest", params={"query": "tour"})


async def acls(tour: Tour) -> None:
    path = "/resources/acls"
    acl_id = (await tour(f"POST {path}", json={"name": "toured"}))["id"]
    entries = [{"op": "create", "prefix": "192.0.2.0/24", "action": "BLOCK"}]
    await tour(f"PATCH {path}/{{id}}/entries", acl_id, json={"entries": entries})
    await tour(f"GET {path}")
    await tour(f"GET {path}/{{id}}", acl_id)
    await tour(f"GET {path}/{{id}}/entries", acl_id, params={"limit": 10})
    await tour(f"GET {path}/{{id}}/entry/{{ip}}", acl_id, "192.0.2.7")
    await tour(f"GET {path}/{{id}}/entry/{{ip}}", acl_id, "198.51.100.7")
    await tour(f"DELETE {path}/{{id}}", acl_id)


async def access_keys(tour: Tour) -> None:
    path = "/resources/object-storage/access-keys"
    asked = {"description": "toured", "permission": "read-write-objects", "buckets": ["toured"]}
    made = await tour(f"POST {path}", json=asked)
    await tour(f"GET {path}")
    await tour(f"GET {path}/{{id}}", made["access_key"])
    await tour(f"DELETE {path}/{{id}}", made["access_key"])


async def config_stores(tour: Tour) -> None:
    store_id = (await tour(f"POST {CONFIG}", data={"name": "toured"}))["id"]
    item = {"item_key": "colour", "item_value": "blue"}
    await tour(f"POST {CONFIG}/{{id}}/item", store_id, data=item)
    named = f"{CONFIG}/{{id}}/item/{{key}}"
    await tour(f"GET {named}", store_id, "colour")
    await tour(f"PATCH {named}", store_id, "colour", data={"item_value": "green"})
    await tour(f"PUT {named}", store_id, "size", data={"item_value": "small"})
    await tour(f"DELETE {named}", store_id, "size")
    await tour(f"GET {CONFIG}/{{id}}/items", store_id)
    await tour(f"PATCH {CONFIG}/{{id}}/items", store_id, json={"items": [item | {"op": "upsert"}]})
    await tour(f"GET {CONFIG}", params={"name": "toured"})
    for id_ in (store_id, "DOES-NOT-EXIST"):
        await tour(f"GET {CONFIG}/{{id}}", id_)
        await tour(f"GET {CONFIG}/{{id}}/info", id_)
    await tour(f"GET {CONFIG}/{{id}}/services", store_id)
    await tour(f"PUT {CONFIG}/{{id}}", store_id, data={"name": "toured again"})
    await tour(f"DELETE {CONFIG}/{{id}}", store_id)
    await tour(f"DELETE {CONFIG}/{{id}}", store_id)


async def kv_stores(tour: Tour) -> None:
    await tour(f"GET {KV}", params={"name": "nobody's"})
    store_id = (await tour(f"POST {KV}", json={"name": "toured"}))["id"]
    await tour(f"GET {KV}/{{id}}", store_id)
    named = f"{KV}/{{id}}/keys/{{key}}"
    never = {"if-generation-match": "1"}
    await tour(f"PUT {named}", store_id, "colour", content=b"blue")
    await tour(f"PUT {named}", store_id, "colour", content=b"green", headers=never)
    await tour(f"GET {named}", store_id, "colour")
    await tour(f"GET {KV}/{{id}}/keys", store_id, params={"consistency": "eventual"})
    line = b'{"key": "size", "value": "c21hbGw="}\n'
    ndjson = {"Content-Type": "application/x-ndjson"}
    await tour(f"PUT {KV}/{{id}}/batch", store_id, content=line, headers=ndjson)
    await tour(f"DELETE {named}", store_id, "colour", headers=never)
    for key in ("colour", "size"):
        await tour(f"DELETE {named}", store_id, key)
    await tour(f"DELETE {KV}/{{id}}", store_id)


async def secret_stores(tour: Tour) -> None:
    store_id = (await tour(f"POST {SECRET}", json={"name": "toured"}))["id"]
    await tour(f"GET {SECRET}")
    await tour(f"GET {SECRET}/{{id}}", store_id)
    secret = {"name": "word", "secret": base64.b64encode(b"open sesame").decode()}
    await tour(f"POST {SECRET}/{{id}}/secrets", store_id, json=secret)
    await tour(f"PATCH {SECRET}/{{id}}/secrets", store_id, json=secret)
    await tour(f"PUT {SECRET}/{{id}}/secrets", store_id, json=secret | {"name": "another"})
    await tour(f"GET {SECRET}/{{id}}/secrets", store_id)
    await tour(f"GET {SECRET}/{{id}}/secrets/{{name}}", store_id, "word")
    for name in ("word", "another"):
        await tour(f"DELETE {SECRET}/{{id}}/secrets/{{name}}", store_id, name)
    await tour(f"DELETE {SECRET}/{{id}}", store_id)
    await tour(f"POST {SECRET}/client-key")
    await tour(f"GET {SECRET}/signing-key")


CONFIGURED = {
    "bot_management": {"contentguard": "on"},
    "ddos_protection": {"mode": "block"},
    "ngwaf": {"traffic_ramp": "50"},
}
COMPUTE = frozenset({"fanout"})
"""Products that VCL services cannot have."""


async def product(name: str, tour: Tour) -> None:
    service_id = await tour.service("wasm" if name in COMPUTE else "vcl")
    path = f"/enabled-products/v1/{name}/services/{{id}}"
    await tour(f"GET {path}", service_id)
    asked = {"workspace_id": "toured"} if name == "ngwaf" else {}
    await tour(f"PUT {path}", service_id, json=asked)
    await tour(f"GET {path}", service_id)
    if name in CONFIGURED:
        await tour(f"PATCH {path}/configuration", service_id, json=CONFIGURED[name])
        await tour(f"GET {path}/configuration", service_id)
    await tour(f"DELETE {path}", service_id)


def products() -> dict[str, Visit]:
    names = (
        "api_discovery bot_management brotli_compression ddos_protection domain_inspector fanout "
        "image_optimizer log_explorer_insights ngwaf origin_inspector websockets"
    )
    return {f"product {name}": partial(product, name) for name in names.split()}


async def alerts(tour: Tour) -> None:
    path = "/alerts/definitions"
    asked = {
        "name": "toured",
        "description": "for a tour",
        "metric": "status_5xx",
        "source": "domains",
        "service_id": SHOP,
        "dimensions": {"domains": ["www.larkspur.example"]},
        "evaluation_strategy": {"type": "above_threshold", "period": "5m", "threshold": 10},
        "integration_ids": [],
    }
    await tour(f"POST {path}/test", json=asked)
    alert_id = (await tour(f"POST {path}", json=asked))["id"]
    await tour(f"GET {path}", params={"name": "toured"})
    await tour(f"GET {path}/{{id}}", alert_id)
    await tour(f"PUT {path}/{{id}}", alert_id, json=asked | {"name": "toured again"})
    await tour("GET /alerts/history", params={"definition_id": alert_id})
    await tour(f"DELETE {path}/{{id}}", alert_id)
    await tour(f"DELETE {path}/{{id}}", alert_id)


async def notifications(tour: Tour) -> None:
    path = "/notifications/integrations"
    mail = {
        "name": "toured",
        "description": "for a tour",
        "type": "mailinglist",
        "config": {"address": "tours@larkspur.example"},
    }
    hook = mail | {"type": "webhook", "config": {"webhook": "https://hooks.larkspur.example/"}}
    await tour("GET /notifications/integration-types")
    mail_id = (await tour(f"POST {path}", json=mail))["integration_id"]
    hook_id = (await tour(f"POST {path}", json=hook))["integration_id"]
    await tour(f"GET {path}", params={"type": "mailinglist"})
    await tour(f"GET {path}/{{id}}", hook_id)
    await tour(f"PATCH {path}/{{id}}", mail_id, json={"name": "toured again"})
    await tour(f"GET {path}/{{id}}/signingKey", hook_id)
    await tour(f"POST {path}/{{id}}/rotateSigningKey", hook_id)
    address = {"email": "tours@larkspur.example"}
    await tour("POST /notifications/mailinglist-confirmations", json=address)
    await tour(f"DELETE {path}/{{id}}", mail_id)
    await tour(f"DELETE {path}/{{id}}", mail_id)


async def event_mappings(tour: Tour) -> None:
    hook = {
        "name": "toured",
        "description": "for a tour",
        "type": "webhook",
        "config": {"webhook": "https://hooks.larkspur.example/"},
    }
    made = await tour("POST /notifications/integrations", json=hook)
    path = "/notifications/v1/event-mappings"
    types = await tour(f"GET {path}/event-types", params={"scope_type": "account"})
    await tour(f"GET {path}/scope-types")
    asked = {
        "name": "toured",
        "description": "for a tour",
        "event_types": [types["data"][0]["event_type"]],
        "integration_ids": [made["integration_id"]],
        "scope_type": "account",
        "scope_ids": [],
    }
    mapping_id = (await tour(f"POST {path}", json=asked))["id"]
    await tour(f"GET {path}", params={"scope_type": "account"})
    await tour(f"GET {path}/{{id}}", mapping_id)
    await tour(f"PUT {path}/{{id}}", mapping_id, json=asked)
    await tour(f"DELETE {path}/{{id}}", mapping_id)


TOURS = (
    managed_domains,
    acls,
    access_keys,
    config_stores,
    kv_stores,
    secret_stores,
    alerts,
    notifications,
    event_mappings,
)
