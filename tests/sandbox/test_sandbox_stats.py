"""The families that report traffic: /stats, real time and the inspectors."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx2
import pytest

from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.stats import chronic, realtime
from fastly_mcp.sandbox.stats.names import ALWAYS, KNOWN
from fastly_mcp.sandbox.stats.sending import Parts

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRESENT = int(NOW.timestamp())
ONE_SERVICE = {"Fastly-Key": "sandbox-one-service"}
REGIONS = sorted(
    {pop.stats_region for pop in POPS} | {"asia_southkorea", "latam", "mexico", "saudi_arabia"}
)
EUROPE = [pop.code for pop in POPS if pop.stats_region == "europe"]
Json = Any
Query = dict[str, str | int]


async def ask(client: httpx2.AsyncClient, path: str, **query: str | int) -> Json:
    """The answer, which has to be a good one."""
    params = {name.rstrip("_"): value for name, value in query.items()}
    response = await client.get(path, params=params)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


async def later(client: httpx2.AsyncClient, seconds: int) -> None:
    """Set the clock so many seconds after NOW."""
    moment = (NOW + timedelta(seconds=seconds)).isoformat()
    response = await client.post("/_sandbox/clock", json={"now": moment})
    assert response.status_code == 200, response.text


async def test_a_service_by_day(client: httpx2.AsyncClient) -> None:
    body = await ask(client, f"/stats/service/{SHOP}")
    assert body["status"] == "success"
    assert body["msg"] is None
    assert body["meta"] == {
        "from": "2026-02-01 12:00:00 UTC",
        "to": "2026-03-01 12:00:00 UTC",
        "by": "day",
        "region": "all",
    }
    # Only days that lie wholly in the window.
    starts = [row["start_time"] for row in body["data"]]
    assert starts == list(range(1769990400, 1772323200, 86400))
    for row in body["data"]:
        assert row["service_id"] == SHOP
        assert set(row) - {"service_id", "start_time"} <= KNOWN
        assert set(row) >= ALWAYS
        assert row["requests"] > 1_000_000
        assert isinstance(row["hit_ratio"], float)
        assert isinstance(row["miss_time"], float)
        assert isinstance(row["bandwidth"], int)


async def test_traffic_of_compute_leaves_requests_at_0(client: httpx2.AsyncClient) -> None:
    for row in (await ask(client, f"/stats/service/{EDGE_API}"))["data"]:
        assert row["requests"] == row["hits"] == row["status_2xx"] == 0
        assert row["compute_requests"] > row["compute_resp_status_2xx"] > 0


@pytest.mark.parametrize(
    ("by", "rows", "first"),
    [
        # What is counted only some time after its end is not there yet.
        ("minute", 28, PRESENT - 1800),
        ("hour", 23, PRESENT - 86_400),
        ("day", 27, 1769990400),
    ],
)
async def test_where_a_window_starts_and_ends_by_itself(
    client: httpx2.AsyncClient, by: str, rows: int, first: int
) -> None:
    data = (await ask(client, f"/stats/service/{SHOP}", by=by))["data"]
    assert len(data) == rows
    assert data[0]["start_time"] == first


async def test_a_day_is_counted_two_hours_after_its_end(client: httpx2.AsyncClient) -> None:
    query = {"from": "2026-03-01 00:00", "to": "2026-03-02 00:00"}
    assert (await ask(client, f"/stats/service/{SHOP}", **query))["data"] == []
    await later(client, 14 * 3600 - 1)
    assert (await ask(client, f"/stats/service/{SHOP}", **query))["data"] == []
    await later(client, 14 * 3600)
    assert len((await ask(client, f"/stats/service/{SHOP}", **query))["data"]) == 1


async def test_a_relative_day_holds_no_whole_one(client: httpx2.AsyncClient) -> None:
    assert (await ask(client, f"/stats/service/{SHOP}", from_="1 day ago"))["data"] == []
    assert len((await ask(client, f"/stats/service/{SHOP}", from_="7 days ago"))["data"]) == 6


async def test_minutes_are_kept_35_days(client: httpx2.AsyncClient) -> None:
    oldest = PRESENT - 35 * 86_400
    query: Query = {"by": "minute", "from": oldest - 600, "to": oldest + 600}
    data = (await ask(client, f"/stats/service/{SHOP}", **query))["data"]
    assert [row["start_time"] for row in data] == list(range(oldest, oldest + 600, 60))


async def test_hours_add_up_to_days_and_services_to_the_aggregate(
    client: httpx2.AsyncClient,
) -> None:
    window = {"from": 1772150400, "to": 1772236800}
    by_service = (await ask(client, "/stats", **window))["data"]
    (whole,) = (await ask(client, "/stats/aggregate", **window))["data"]
    hours = (await ask(client, "/stats/aggregate", by="hour", **window))["data"]
    assert len(by_service) == 6
    for field in ("requests", "bandwidth", "compute_requests", "status_404"):
        assert sum(rows[0][field] for rows in by_service.values()) == whole[field]
        assert sum(row[field] for row in hours) == whole[field]
    assert "service_id" not in whole


async def test_regions_and_datacenters_add_up_to_the_whole(client: httpx2.AsyncClient) -> None:
    path = f"/stats/service/{SHOP}/field/requests"
    window: Query = {"by": "hour", "from": "3 hours ago", "to": "1 hour ago"}

    async def requests(**more: str) -> int:
        return sum(row["requests"] for row in (await ask(client, path, **window, **more))["data"])

    whole = await requests()
    by_region = {region: await requests(region=region) for region in REGIONS}
    assert sum(by_region.values()) == whole
    assert by_region["mexico"] == 0
    assert by_region["europe"] > by_region["usa"] > 0
    assert await requests(datacenter=",".join(EUROPE)) == by_region["europe"]
    assert sum([await requests(datacenter=pop) for pop in EUROPE]) == by_region["europe"]


async def test_a_region_overrides_datacenters(client: httpx2.AsyncClient) -> None:
    path = f"/stats/service/{SHOP}/field/hits"
    told = await ask(client, path, datacenter="AMS,NRT")
    assert told["meta"]["datacenter"] == "AMS,NRT"
    both = await ask(client, path, datacenter="AMS,NRT", region="usa")
    assert "datacenter" not in both["meta"]
    assert both["data"] == (await ask(client, path, region="usa"))["data"] != told["data"]


async def test_one_field_of_one_service_and_of_all(client: httpx2.AsyncClient) -> None:
    rows = (await ask(client, f"/stats/service/{SHOP}"))["data"]
    for field in ("bandwidth", "hit_ratio", "origin_offload", "miss_time", "pci"):
        told = (await ask(client, f"/stats/service/{SHOP}/field/{field}"))["data"]
        assert told == [
            {field: row[field], "service_id": SHOP, "start_time": row["start_time"]} for row in rows
        ]
        assert (await ask(client, f"/stats/field/{field}"))["data"][SHOP] == told


async def test_services_narrow_the_list_of_all(client: httpx2.AsyncClient) -> None:
    data = (await ask(client, "/stats", services=f"{BLOG},{EDGE_API},nothing"))["data"]
    assert set(data) == {BLOG, EDGE_API}


async def test_a_service_without_traffic_is_left_out(client: httpx2.AsyncClient) -> None:
    new = (await client.post("/service", data={"name": "quiet"})).json()["id"]
    assert (await ask(client, f"/stats/service/{new}"))["data"] == []
    assert new not in (await ask(client, "/stats"))["data"]


@pytest.mark.parametrize(
    ("path", "query", "msg"),
    [
        (f"/stats/service/{SHOP}/field/nope", {}, "Unknown field: nope"),
        ("/stats/field/miss_histogram", {}, "Unknown field: miss_histogram"),
        ("/stats", {"from": "once upon a time"}, "invalid from"),
        ("/stats/aggregate", {"to": "99999 fortnights"}, "invalid to"),
        ("/stats/usage", {"by": "month"}, "invalid by"),
        ("/stats", {"region": "US-East"}, "invalid region"),
        ("/stats", {"datacenter": "ams"}, "invalid datacenter"),
        ("/stats", {"by": "minute", "from": "30 days ago"}, "query is too large"),
        ("/stats/usage_by_month", {"month": "13"}, "invalid month"),
        (f"/service/{SHOP}/stats/summary", {"end_time": "1772300000"}, "invalid start_time"),
        (
            f"/service/{SHOP}/stats/summary",
            {"start_time": "2026-02-01T00:00:00Z", "end_time": "1772300000"},
            "invalid start_time",
        ),
        (
            f"/service/{SHOP}/stats/summary",
            {"start_time": str(PRESENT - 35 * 86_400 - 1), "end_time": str(PRESENT)},
            "invalid start_time",
        ),
    ],
)
async def test_what_stats_refuse(
    client: httpx2.AsyncClient, path: str, query: dict[str, str], msg: str
) -> None:
    response = await client.get(path, params=query)
    assert response.status_code == 400
    assert response.json() == {"status": "error", "msg": msg}


@pytest.mark.parametrize(
    "path",
    [
        "/stats",
        f"/stats/service/{SHOP}?by=hour",
        "/stats/aggregate",
        "/stats/usage_by_service",
        "/metrics/v2/platform/aggregate/daily",
        f"/metrics/domains/services/{SHOP}",
    ],
)
async def test_meanwhile_others_are_answered(client: httpx2.AsyncClient, path: str) -> None:
    answered = []

    async def ask_for(path: str) -> None:
        answered.append((await client.get(path)).url.path)

    async with anyio.create_task_group() as group:
        group.start_soon(ask_for, path)
        group.start_soon(ask_for, "/current_customer")
    assert answered == ["/current_customer", path.partition("?")[0]]


async def test_the_head_of_rows_has_no_body(client: httpx2.AsyncClient) -> None:
    response = await client.head("/stats")
    assert response.status_code == 200
    assert response.content == b""


async def test_a_sandbox_may_start_over_meanwhile(client: httpx2.AsyncClient) -> None:
    path = "/stats/usage_by_month?month=2"
    before, answers = await ask(client, path), []

    async def ask_again() -> None:
        answers.append(await ask(client, path))

    async with anyio.create_task_group() as group:
        group.start_soon(ask_again)
        group.start_soon(client.post, "/_sandbox/reset")
    assert answers == [before]


def test_the_parts_of_an_answer_are_a_body_too() -> None:
    response = Parts(iter([b"a", b"b"]))
    assert response.body == b"ab"
    assert response.body == b"ab"
    assert list(response.parts) == [b"ab"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/stats", {"by": "hour", "from": "240 days ago"}),
        ("/stats/aggregate", {"by": "hour", "from": "90 days ago", "datacenter": "AMS"}),
        (f"/stats/service/{SHOP}", {"by": "minute", "from": "23 days ago"}),
        (
            "/metrics/v2/platform/aggregate/hourly",
            {"from": "2026-02-01T00:00:00Z", "group_by": "datacenter"},
        ),
    ],
)
async def test_what_would_take_too_long_is_refused(
    client: httpx2.AsyncClient, path: str, query: dict[str, str]
) -> None:
    response = await client.get(path, params=query)
    assert response.status_code == 400
    assert response.json()["msg"] == "query is too large"


async def test_a_token_for_one_service_sees_that_one(client: httpx2.AsyncClient) -> None:
    data = (await client.get("/stats", headers=ONE_SERVICE)).json()["data"]
    assert set(data) == {SHOP}
    fields = (await client.get("/stats/field/hits", headers=ONE_SERVICE)).json()["data"]
    assert set(fields) == {SHOP}
    aggregate = (await client.get("/stats/aggregate", headers=ONE_SERVICE)).json()["data"]
    assert aggregate[0]["requests"] == data[SHOP][0]["requests"]
    for path in (
        f"/stats/service/{BLOG}",
        "/stats/usage",
        "/stats/usage_by_service",
        "/stats/usage_by_month",
        f"/metrics/domains/services/{BLOG}",
        f"/v1/channel/{BLOG}/ts/h",
    ):
        assert (await client.get(path, headers=ONE_SERVICE)).status_code == 403, path


async def test_usage_by_region_and_by_service(client: httpx2.AsyncClient) -> None:
    usage = await ask(client, "/stats/usage", region="europe")
    # A region is told, but changes nothing.
    assert usage["meta"]["region"] == "europe"
    assert sorted(usage["data"]) == REGIONS
    by_service = (await ask(client, "/stats/usage_by_service"))["data"]
    assert sorted(by_service) == REGIONS
    assert by_service["mexico"] == {}
    for region, used in usage["data"].items():
        assert set(used) == {"bandwidth", "requests", "compute_requests"}
        for name, number in used.items():
            assert number == sum(each[name] for each in by_service[region].values())
    rows = (await ask(client, f"/stats/service/{SHOP}"))["data"]
    used = sum(each[SHOP]["bandwidth"] for each in by_service.values() if each)
    assert used == sum(row["bandwidth"] for row in rows)
    assert by_service["usa"][EDGE_API]["requests"] == 0
    assert by_service["usa"][EDGE_API]["compute_requests"] > 0


async def test_usage_of_a_month_in_plain_and_in_billable_units(client: httpx2.AsyncClient) -> None:
    plain = await ask(client, "/stats/usage_by_month", year=2026, month="02")
    assert plain["meta"]["from"] == "2026-02-01 00:00:00 UTC"
    assert plain["meta"]["to"] == "2026-03-01 00:00:00 UTC"
    data = plain["data"]
    assert set(data) == {"customer_id", "services", "total"}
    assert data["services"]["europe"][SHOP]["name"] == "shop-prod"
    window = {"from": "2026-02-01 00:00", "to": "2026-03-01 00:00"}
    assert data["total"] == (await ask(client, "/stats/usage", **window))["data"]
    query = {"year": "2026", "month": "02", "billable_units": "true"}
    billed = (await ask(client, "/stats/usage_by_month", **query))["data"]["total"]["europe"]
    assert billed["bandwidth"] == data["total"]["europe"]["bandwidth"] / 1e9
    assert billed["requests"] == data["total"]["europe"]["requests"] / 1e4
    # Without a month it is this one, of which no day is over.
    present = (await ask(client, "/stats/usage_by_month"))["data"]["total"]["europe"]
    assert present == {"bandwidth": 0, "requests": 0, "compute_requests": 0}


async def test_regions(client: httpx2.AsyncClient) -> None:
    body = await ask(client, "/stats/regions")
    assert body["data"] == REGIONS
    assert body["meta"]["region"] == "all"


async def test_the_summary_is_by_pop(client: httpx2.AsyncClient) -> None:
    start, end = PRESENT - 90_000, PRESENT - 7_200
    body = await ask(client, f"/service/{SHOP}/stats/summary", start_time=start, end_time=end)
    assert set(body) == {"stats"}
    assert len(body["stats"]) == 20
    query: Query = {"by": "hour", "from": start, "to": end}
    rows = (await ask(client, f"/stats/service/{SHOP}/field/requests", **query))["data"]
    assert sum(pop["requests"] for pop in body["stats"].values()) == sum(
        row["requests"] for row in rows
    )


async def test_a_purge_shows_in_the_minutes_after_it(client: httpx2.AsyncClient) -> None:
    await client.post(f"/service/{SHOP}/purge_all")
    await later(client, 1800)
    query: Query = {"by": "minute", "from": PRESENT - 300, "to": PRESENT + 1500}
    rows = (await ask(client, f"/stats/service/{SHOP}", **query))["data"]
    ratios = [row["hit_ratio"] for row in rows]
    assert len(ratios) == 30
    assert min(ratios[:5]) > 0.9
    assert ratios[5] < 0.35
    assert ratios[-1] > 0.9


async def test_the_seeds_incident_shows(client: httpx2.AsyncClient) -> None:
    query: Query = {"by": "hour", "from": "36 hours ago", "to": "20 hours ago"}
    rows = (await ask(client, f"/stats/service/{BLOG}", **query))["data"]
    shares = {row["start_time"]: row["status_5xx"] / row["requests"] for row in rows}
    worst = max(shares, key=lambda start: shares[start])
    assert worst == PRESENT - 30 * 3600
    assert shares.pop(worst) > 20 * max(shares.values())


async def test_real_time_tells_the_last_whole_second(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"/v1/channel/{SHOP}/ts/0")
    assert response.headers["Cache-Control"] == "max-age=1"
    body = response.json()
    assert set(body) == {"Data", "Timestamp", "AggregateDelay"}
    (entry,) = body["Data"]
    assert entry["recorded"] == PRESENT - body["AggregateDelay"]
    assert body["Timestamp"] == entry["recorded"] + 1
    whole = entry["aggregated"]
    assert "bandwidth" not in whole
    for field in ("requests", "hits", "body_size", "status_2xx"):
        assert whole[field] == sum(pop.get(field, 0) for pop in entry["datacenter"].values())
    assert sum(whole["miss_histogram"].values()) == whole.get("miss", 0)


@pytest.mark.parametrize(
    ("when", "waits"),
    [("ts/0", False), ("ts/h", False), (f"ts/{PRESENT}", True), (f"ts/{PRESENT}/limit/3", True)],
)
async def test_a_poll_waits_for_data(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, when: str, waits: bool
) -> None:
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    monkeypatch.setattr(realtime, "WAIT", 1.0)
    body = await ask(client, f"/v1/channel/{SHOP}/{when}")
    assert bool(body["Data"]) is not waits
    assert waited == [1.0] * waits


async def test_a_browser_may_ask_real_time(client: httpx2.AsyncClient) -> None:
    del client.headers["Fastly-Key"]
    asked = {"Origin": "https://console.example", "Access-Control-Request-Method": "GET"}
    response = await client.options(f"/v1/channel/{SHOP}/ts/0", headers=asked)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Fastly-Key" in response.headers["Access-Control-Allow-Headers"]
    assert "GET" in response.headers["Access-Control-Allow-Methods"]


async def test_real_time_goes_on_where_it_was(client: httpx2.AsyncClient) -> None:
    since = (await ask(client, f"/v1/channel/{SHOP}/ts/0"))["Timestamp"]
    waiting = await ask(client, f"/v1/channel/{SHOP}/ts/{since}")
    assert waiting == {
        "Data": [],
        "Timestamp": since,
        "AggregateDelay": 9,
        "Error": "No data available, please retry",
    }
    await later(client, 3)
    body = await ask(client, f"/v1/channel/{SHOP}/ts/{since}")
    assert [entry["recorded"] for entry in body["Data"]] == [since, since + 1, since + 2]
    assert body["Timestamp"] == since + 3


@pytest.mark.parametrize(
    ("when", "entries"),
    [("h", 120), ("h/limit/7", 7), ("h/limit/500", 120), ("0/limit/3", 3), ("1", 120)],
)
async def test_how_many_seconds_real_time_tells(
    client: httpx2.AsyncClient, when: str, entries: int
) -> None:
    data = (await ask(client, f"/v1/channel/{SHOP}/ts/{when}"))["Data"]
    newest = PRESENT - 9
    assert [entry["recorded"] for entry in data] == list(range(newest - entries + 1, newest + 1))


async def test_real_time_adds_up_to_the_minute(client: httpx2.AsyncClient) -> None:
    seconds = (await ask(client, f"/v1/channel/{SHOP}/ts/h"))["Data"]
    await later(client, 3600)
    start = PRESENT - 120
    query: Query = {"by": "minute", "from": start, "to": start + 60}
    (row,) = (await ask(client, f"/stats/service/{SHOP}", **query))["data"]
    inside = [each["aggregated"] for each in seconds if start <= each["recorded"] < start + 60]
    assert len(inside) == 60
    assert sum(each["requests"] for each in inside) == row["requests"]


@pytest.mark.parametrize("when", ["x", "-1", "9999999999999", "0/limit/x", "h/limit/-2"])
async def test_real_time_needs_numbers(client: httpx2.AsyncClient, when: str) -> None:
    assert (await client.get(f"/v1/channel/{SHOP}/ts/{when}")).status_code == 400


async def test_real_time_by_domain_and_by_origin(client: httpx2.AsyncClient) -> None:
    (channel,) = (await ask(client, f"/v1/channel/{SHOP}/ts/0"))["Data"]
    (entry,) = (await ask(client, f"/v1/domains/{SHOP}/ts/0"))["Data"]
    assert set(entry["aggregated"]) == {"www.larkspur.example", "shop.larkspur.example"}
    requests = channel["aggregated"]["requests"]
    assert sum(each["requests"] for each in entry["aggregated"].values()) == requests
    in_pops = [each for pop in entry["datacenter"].values() for each in pop.values()]
    assert sum(each["requests"] for each in in_pops) == requests
    data = (await ask(client, f"/v1/origins/{SHOP}/ts/h"))["Data"]
    hosts = {host for entry in data for host in entry["aggregated"]}
    assert hosts == {"eu.origin.larkspur.example", "us.origin.larkspur.example"}


@pytest.mark.parametrize("family", ["domains", "origins"])
async def test_without_the_product_real_time_has_no_data(
    client: httpx2.AsyncClient, family: str
) -> None:
    body = await ask(client, f"/v1/{family}/{BLOG}/ts/h")
    assert body["Data"] == []
    assert body["Error"] == "No data available, please retry"


async def test_domains_add_up_to_the_service(client: httpx2.AsyncClient) -> None:
    body = await ask(
        client,
        f"/metrics/domains/services/{SHOP}",
        start="2026-02-27T00:00:00Z",
        end="2026-02-28T00:00:00Z",
        downsample="hour",
        metric="edge_requests,status_2xx,edge_hit_ratio",
        group_by="domain",
    )
    assert body["status"] == "success"
    assert body["meta"] == {
        "start": "2026-02-27T00:00:00Z",
        "end": "2026-02-28T00:00:00Z",
        "downsample": "hour",
        "metric": "edge_requests,status_2xx,edge_hit_ratio",
        "limit": 100,
        "next_cursor": "",
        "sort": "domain",
        "group_by": "domain",
        "filters": {},
    }
    names = [each["dimensions"]["domain"] for each in body["data"]]
    assert names == ["shop.larkspur.example", "www.larkspur.example"]
    query: Query = {"by": "hour", "from": "2026-02-27T00:00:00Z", "to": "2026-02-28T00:00:00Z"}
    rows = (await ask(client, f"/stats/service/{SHOP}", **query))["data"]
    for at, row in enumerate(rows):
        values = [each["values"][at] for each in body["data"]]
        assert {value["timestamp"] for value in values} == {row["start_time"]}
        assert sum(value["edge_requests"] for value in values) == row["requests"]
        assert sum(value["status_2xx"] for value in values) == row["status_2xx"]


async def test_origins_answer_what_the_edge_fetches(client: httpx2.AsyncClient) -> None:
    window = {"start": 1772150400, "end": 1772236800}
    latencies = ",".join(
        f"all_latency_{each}ms"
        for each in ("50_to_100", "100_to_250", "250_to_500", "1000_to_5000")
    )
    body = await ask(
        client,
        f"/metrics/origins/services/{SHOP}",
        downsample="day",
        metric=f"responses,all_responses,{latencies}",
        **window,
    )
    values = {each["dimensions"]["host"]: each["values"][0] for each in body["data"]}
    field = f"/stats/service/{SHOP}/field/origin_fetches"
    (row,) = (await ask(client, field, from_=window["start"], to=window["end"]))["data"]
    assert sum(each["responses"] for each in values.values()) == row["origin_fetches"]
    # By weight: 100 and 50.
    eu, us = values["eu.origin.larkspur.example"], values["us.origin.larkspur.example"]
    assert eu["responses"] == pytest.approx(2 * us["responses"], rel=0.01)
    for each in (eu, us):
        told = sum(number for name, number in each.items() if "latency" in name)
        assert told == each["responses"] == each["all_responses"]


async def test_inspectors_filter_group_and_page(client: httpx2.AsyncClient) -> None:
    path = f"/metrics/domains/services/{SHOP}"
    query: Query = {
        "downsample": "day",
        "group_by": "region,datacenter",
        "region": "europe,usa",
        "domain": "www.larkspur.example",
        "limit": 5,
    }
    seen: list[Json] = []
    cursor = ""
    while True:
        body = await ask(client, path, cursor=cursor, **query)
        seen += body["data"]
        cursor = body["meta"]["next_cursor"]
        if not cursor:
            break
        assert len(body["data"]) == 5
    assert body["meta"]["filters"] == {"domains": "www.larkspur.example", "regions": "europe,usa"}
    assert [list(each["dimensions"]) for each in seen] == [["region", "datacenter"]] * 14
    assert {each["dimensions"]["region"] for each in seen} == {"europe", "usa"}
    assert len({each["dimensions"]["datacenter"] for each in seen}) == 14
    (whole,) = (await ask(client, path, group_by="none", datacenter="AMS"))["data"]
    assert whole["dimensions"] == {}


async def test_zeros_are_left_out(client: httpx2.AsyncClient) -> None:
    body = await ask(client, f"/metrics/domains/services/{SHOP}", metric="edge_requests,status_500")
    for each in body["data"]:
        assert all(set(value) == {"edge_requests", "timestamp"} for value in each["values"])
    nothing = await ask(client, f"/metrics/domains/services/{SHOP}", metric="status_500")
    assert nothing["data"] == []


@pytest.mark.parametrize(
    ("family", "metric"), [("domains", "edge_requests"), ("origins", "responses")]
)
async def test_without_the_product_an_inspector_answers_with_nothing(
    client: httpx2.AsyncClient, family: str, metric: str
) -> None:
    body = await ask(client, f"/metrics/{family}/services/{BLOG}")
    assert (body["status"], body["data"]) == ("success", [])
    assert body["meta"]["metric"] == metric


@pytest.mark.parametrize(
    ("query", "properties", "reason"),
    [
        ({"start": "1 day ago"}, ["start"], "failed to parse 'start' time"),
        ({"end": "now"}, ["end"], "failed to parse 'end' time"),
        ({"metric": "hits,nope"}, ["metric"], "Unrecognized metric names: 'hits, nope'"),
        ({"group_by": "host"}, ["group_by"], "Unrecognized values of 'group_by': 'host'"),
        ({"region": "US-East"}, ["region"], "Unrecognized values of 'region': 'US-East'"),
        ({"downsample": "week"}, ["downsample"], "Unrecognized values of 'downsample': 'week'"),
        ({"limit": "201"}, ["limit"], "'limit' must be a number of at most 200"),
        ({"cursor": "x"}, ["cursor"], "'cursor' must be a number of at most 999999999"),
        (
            {"start": "2026-02-01", "downsample": "minute"},
            ["start"],
            "time range is too large for 'downsample'",
        ),
        ({"start": "x", "metric": "y"}, ["metric", "start"], "Unrecognized metric names: 'y'"),
    ],
)
async def test_what_inspectors_refuse(
    client: httpx2.AsyncClient, query: dict[str, str], properties: list[str], reason: str
) -> None:
    # Also where the product is off.
    for service_id in (SHOP, BLOG):
        response = await client.get(f"/metrics/domains/services/{service_id}", params=query)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/json"
        body = response.json()
        assert body["type"] == "https://fastly.help/metrics/validation-error"
        assert body["title"] == "Request parameters were invalid."
        assert body["status"] == 400
        assert [each["property"] for each in body["errors"]] == properties
        assert body["errors"][0]["reason"] == reason
        assert re.fullmatch(r"Parameters with invalid values: '\w+'(, '\w+')*", body["detail"])


async def test_platform_metrics_agree_with_stats(client: httpx2.AsyncClient) -> None:
    window: Query = {"from": 1772150400, "to": 1772236800}
    path = "/metrics/v2/platform/aggregate/daily"
    body = await ask(client, path, metric="requests,compute_requests,imgvideo", **window)
    (whole,) = (await ask(client, "/stats/aggregate", **window))["data"]
    assert body["data"] == [
        {
            "timestamp": "2026-02-27T00:00:00Z",
            "requests": whole["requests"],
            "compute_requests": whole["compute_requests"],
        }
    ]
    assert body["meta"] == {
        "from": "2026-02-27T00:00:00Z",
        "to": "2026-02-28T00:00:00Z",
        "group_by": "",
        "limit": 1000,
        "next_cursor": "",
    }
    path = f"/metrics/v2/platform/entities/{SHOP}/hourly"
    query: Query = {"metric_set": "delivery_errors", "group_by": "datacenter", "limit": 7}
    body = await ask(client, path, region="europe", **query, **window)
    assert [row["datacenter"] for row in body["data"]] == sorted(EUROPE)
    assert body["meta"]["next_cursor"] == "7"
    assert all(row["errors"] == row["status_5xx"] for row in body["data"])
    by_region = await ask(client, path, metric="requests", group_by="region", **window)
    by_pop = await ask(client, path, metric="requests", datacenter="AMS,NRT", **window)
    (row, *_) = (await ask(client, f"/stats/service/{SHOP}", by="hour", **window))["data"]
    first = [each for each in by_region["data"] if each["timestamp"] == "2026-02-27T00:00:00Z"]
    assert sum(each["requests"] for each in first) == row["requests"]
    query = {"by": "hour", "datacenter": "AMS,NRT"}
    (row, *_) = (await ask(client, f"/stats/service/{SHOP}", **query, **window))["data"]
    assert by_pop["data"][0]["requests"] == row["requests"]


async def test_what_platform_metrics_refuse(client: httpx2.AsyncClient) -> None:
    path = "/metrics/v2/platform/aggregate/weekly"
    response = await client.get(path, params={"from": "x", "metric_set": "y", "group_by": "z"})
    assert response.status_code == 400
    wrong = [each["property"] for each in response.json()["errors"]]
    assert wrong == ["granularity", "from", "metric_set", "group_by"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-03-01T12:00:00"),
        ("today", "2026-03-01T12:00:00"),
        ("yesterday", "2026-02-28T12:00:00"),
        ("Yesterday at 4:30pm", "2026-02-28T16:30:00"),
        ("tomorrow midnight", "2026-03-02T00:00:00"),
        ("10 days ago", "2026-02-19T12:00:00"),
        ("two weeks ago", "2026-02-15T12:00:00"),
        ("an hour ago", "2026-03-01T11:00:00"),
        ("5 minutes from now", "2026-03-01T12:05:00"),
        ("1 month ago", "2026-02-01T12:00:00"),
        ("12 months ago", "2025-03-01T12:00:00"),
        ("last week", "2026-02-25T12:00:00"),
        ("last month", "2026-02-15T00:00:00"),
        ("this year", "2026-07-02T12:00:00"),
        ("last hour", "2026-03-01T11:30:00"),
        ("last monday", "2026-02-23T12:00:00"),
        ("monday", "2026-03-02T12:00:00"),
        ("1772366400", "2026-03-01T12:00:00"),
        ("2026-02-03", "2026-02-03T12:00:00"),
        ("2026-02-03 08:00", "2026-02-03T08:00:00"),
        ("2026-02-03T08:00:00.000Z", "2026-02-03T08:00:00"),
        ("2026-02-03T08:00:00+02:00", "2026-02-03T06:00:00"),
        ("2026-02-03 08:00:01 UTC", "2026-02-03T08:00:01"),
    ],
)
async def test_moments_are_read_as_people_write_them(text: str, moment: str) -> None:
    assert chronic.read(text, NOW) == datetime.fromisoformat(f"{moment}+00:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whenever",
        "many days ago",
        "last resort",
        "last monday of the year",
        "yesterday at 25:00",
        "yesterday at sunset",
        "2026-02-30",
        "999999999999",
        "999999999 years ago",
        "999999999 weeks from now",
        "ten parsecs ago",
    ],
)
async def test_what_nobody_can_read_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        chronic.read(text, NOW)


async def test_the_end_of_a_month_has_no_day_too_many() -> None:
    end = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert chronic.read("1 month ago", end) == end - timedelta(days=31)
    assert chronic.read("2026-02-01", end).hour == 12
    assert chronic.instant("2026-02-01").hour == 0
