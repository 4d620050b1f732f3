"""Tours through the account, the network and the figures."""

from tests.sandbox.driving import Tour

CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"
SHOP = "u8jzPde0IgxLd6GncfBAep"
BULK = "application/vnd.api+json; ext=bulk"


async def users(tour: Tour) -> None:
    user = {"login": "toured@larkspur.example", "name": "Toured", "role": "engineer"}
    user_id = (await tour("POST /user", data=user))["id"]
    await tour("GET /user/{id}", user_id)
    await tour("PUT /user/{id}", user_id, data={"name": "Toured Again"})
    await tour("GET /customer/{id}/users", CUSTOMER)
    await tour("POST /user/{login}/password/request_reset", user["login"])
    await tour("DELETE /user/{id}", user_id)
    await tour("GET /current_user")


async def tokens(tour: Tour) -> None:
    asked = {"name": "toured", "services": [SHOP]}
    made = [await tour("POST /tokens", json=asked) for _ in range(3)]
    its_own = {"Fastly-Key": made[0]["access_token"]}
    await tour("GET /tokens/self", headers=its_own)
    await tour("POST /sudo", data={"username": "robin@larkspur.example", "password": "any"})
    await tour("GET /tokens")
    await tour("GET /customer/{id}/tokens", CUSTOMER)
    await tour("DELETE /tokens/self", headers=its_own)
    await tour("DELETE /tokens/{id}", made[1]["id"])
    await tour(
        "DELETE /tokens",
        headers={"Content-Type": BULK},
        content=f'{{"data": [{{"type": "token", "id": "{made[2]["id"]}"}}]}}',
    )


async def automation_tokens(tour: Tour) -> None:
    asked = {"name": "toured", "role": "engineer", "scope": "global:read"}
    made = await tour("POST /automation-tokens", json=asked | {"services": [SHOP]})
    await tour("GET /automation-tokens/{id}", made["id"])
    everywhere = await tour("POST /automation-tokens", json=asked)
    await tour("GET /service", headers={"Fastly-Key": everywhere["access_token"]})
    await tour("GET /automation-tokens")


async def events(tour: Tour) -> None:
    service_id = await tour.service()
    path = "/service/{id}/version/{n}/logging/loggly"
    await tour(f"POST {path}", service_id, 1, data={"name": "one", "token": "x"})
    await tour(f"PUT {path}/{{name}}", service_id, 1, "one", data={"token": "y"})
    told = await tour("GET /events", params={"page[size]": 2, "page[number]": 1})
    await tour("GET /events/{id}", told["data"][0]["id"])


async def service_authorizations(tour: Tour) -> None:
    user = {"login": "toured@larkspur.example", "name": "Toured"}
    user_id = (await tour("POST /user", data=user))["id"]
    path = "/service-authorizations"
    given = {
        "type": "service_authorization",
        "attributes": {"permission": "purge_all"},
        "relationships": {
            "service": {"data": {"type": "service", "id": SHOP}},
            "user": {"data": {"type": "user", "id": user_id}},
        },
    }
    made = (await tour(f"POST {path}", json={"data": given}))["data"]
    await tour(f"GET {path}", params={"page[size]": 10})
    await tour(f"GET {path}/{{id}}", made["id"])
    changed = {"type": "service_authorization", "attributes": {"permission": "full"}}
    await tour(f"PATCH {path}/{{id}}", made["id"], json={"data": changed | {"id": made["id"]}})
    await tour(f"DELETE {path}/{{id}}", made["id"])
    await tour(f"DELETE {path}/{{id}}", made["id"])


async def network(tour: Tour) -> None:
    await tour("GET /datacenters")
    await tour("GET /public-ip-list")
    await tour("GET /content/edge_check", params={"url": "https://www.larkspur.example/"})


async def stats(tour: Tour) -> None:
    of = {"from": "1772280000", "to": "1772366400", "by": "hour"}
    quiet = await tour.service()
    await tour("GET /stats/aggregate", params=of)
    await tour("GET /stats/field/bandwidth", params={"from": "1000000000", "to": "1000086400"})
    await tour("GET /stats/regions")
    await tour("GET /stats/service/{id}", quiet, params=of)
    await tour("GET /stats/service/{id}/field/bandwidth", SHOP, params=of)
    await tour("GET /stats/usage", params=of)
    await tour("GET /stats/usage_by_service", params=of)


async def inspectors(tour: Tour) -> None:
    asked = {
        "start": "2026-02-28T12:00:00Z",
        "end": "2026-03-01T12:00:00Z",
        "downsample": "hour",
        "region": "usa",
        "datacenter": "IAD",
    }
    domains = asked | {"group_by": "domain", "domain": "www.larkspur.example"}
    await tour("PUT /enabled-products/v1/domain_inspector/services/{id}", SHOP)
    await tour("GET /metrics/domains/services/{id}", SHOP, params=domains)
    quiet = await tour.service()
    origins = asked | {"group_by": "host", "host": "origin.larkspur.example"}
    await tour("GET /metrics/origins/services/{id}", quiet, params=origins)


async def real_time(tour: Tour) -> None:
    quiet = await tour.service()
    await tour("GET /v1/channel/{id}/ts/{ts}/limit/{n}", quiet, 0, 3)


TOURS = (
    users,
    tokens,
    automation_tokens,
    events,
    service_authorizations,
    network,
    stats,
    inspectors,
    real_time,
)
