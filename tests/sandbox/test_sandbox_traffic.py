"""The traffic that the sandbox invents is believable, adds up, and is never rewritten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.model import SeedTraffic
from fastly_mcp.sandbox.state import Incident, Purge, Traffic, World, stamp
from fastly_mcp.sandbox.stats.days import DAY
from fastly_mcp.sandbox.stats.fields import finished, measures
from fastly_mcp.sandbox.stats.lanes import packed, unpacked
from fastly_mcp.sandbox.stats.traffic import Flow, apportion, flows
from fastly_mcp.sandbox.stats.visitors import KINDS, REGION_OF, REGIONS, Counts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TODAY = int(NOW.timestamp()) // DAY * DAY
YESTERDAY = TODAY - DAY
MONDAY = TODAY - 6 * DAY
SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"


@pytest.fixture
def world() -> World:
    return make_world(NOW)


def flow_of(world: World, service_id: str = SHOP, now: datetime = NOW) -> Flow:
    (flow,) = flows(world, [world.services[service_id]], now)
    return flow


def spans(start: int, end: int, size: int) -> list[tuple[int, int]]:
    return [(at, at + size) for at in range(start, end, size)]


def together(flow: Flow, start: int, end: int) -> Counts:
    (by_region,) = flow.series([(start, end)])
    return sum(by_region)


def many(counts: Counts) -> int:
    return sum(unpacked(counts, len(KINDS)))


def of(counts: Counts, outcome: str) -> int:
    by_kind = zip(KINDS, unpacked(counts, len(KINDS)), strict=True)
    return sum(count for kind, count in by_kind if kind.outcome == outcome)


def hit_ratio(flow: Flow, start: int, end: int) -> float:
    counts = together(flow, start, end)
    return of(counts, "hits") / (of(counts, "hits") + of(counts, "miss"))


def purge(at: int, kind: str = "all", targets: int = 1, **more: bool) -> Purge:
    fields = {"soft": False, "staging": False} | more
    return Purge(
        stamp(datetime.fromtimestamp(at, UTC)),
        "token",
        SHOP,
        kind,
        tuple(map(str, range(targets))),
        id="1-1-1",
        **fields,
    )


@pytest.mark.parametrize("service_id", [SHOP, BLOG, EDGE_API])
def test_seconds_add_up_to_minutes_to_hours_to_days(world: World, service_id: str) -> None:
    flow = flow_of(world, service_id)
    day = together(flow, YESTERDAY, TODAY)
    assert many(day) > 10_000
    hours = list(flow.series(spans(YESTERDAY, TODAY, 3600)))
    assert sum(map(sum, hours)) == day
    minutes = list(flow.series(spans(YESTERDAY, YESTERDAY + 3600, 60)))
    assert [sum(each) for each in zip(*minutes, strict=True)] == hours[0]
    seconds = list(flow.series(spans(YESTERDAY, YESTERDAY + 60, 1)))
    assert [sum(each) for each in zip(*seconds, strict=True)] == minutes[0]


def test_pops_add_up_to_their_region_and_are_never_negative(world: World) -> None:
    world.purges.append(purge(YESTERDAY + 605))
    flow = flow_of(world)
    for start in range(YESTERDAY + 540, YESTERDAY + 720, 20):
        (by_region,) = flow.series([(start, start + 20)])
        by_pop = flow.by_pop(start, start + 20)
        for region, counts in zip(REGIONS, by_region, strict=True):
            pops = [by_pop[code][0] for code in REGIONS[region].pops]
            assert sum(pops) == counts
        assert min(parts[0] for parts in by_pop.values()) >= 0
    hour = flow.by_pop(YESTERDAY, YESTERDAY + 3600)
    minutes = [flow.by_pop(*span) for span in spans(YESTERDAY, YESTERDAY + 3600, 60)]
    for code in REGION_OF:
        assert sum(minute[code][0] for minute in minutes) == hour[code][0]


def test_parts_of_a_pop_add_up_to_it(world: World) -> None:
    flow = flow_of(world)
    whole = flow.by_pop(YESTERDAY, TODAY)
    parts = flow.by_pop(YESTERDAY, TODAY, (60, 30, 20))
    assert {code: [sum(each)] for code, each in parts.items()} == whole
    shares = [many(part) for part in parts["AMS"]]
    assert shares[0] == pytest.approx(2 * shares[1], rel=0.01)


def test_shares_never_shrink_when_the_count_grows() -> None:
    weights = (60, 30, 20, 15, 12, 10, 8)
    before = apportion(0, weights)
    for count in range(1, 500):
        after = apportion(count, weights)
        assert sum(after) == count
        assert all(a >= b for a, b in zip(after, before, strict=True))
        before = after


def test_numbers_lie_side_by_side() -> None:
    numbers, more = (5, 0, 2**64 - 1, 2**100), (1, 2, 3, 4)
    assert unpacked(packed(numbers), 4) == numbers
    assert unpacked(packed(numbers) + packed(more), 4) == (6, 2, 2**64 + 2, 2**100 + 4)
    assert unpacked(1000 * packed(more) - packed(more), 4) == (999, 1998, 2997, 3996)


def test_the_largest_traffic_is_told_as_well(world: World) -> None:
    largest = SeedTraffic(
        requests_per_second=1e7, bytes_per_request=10**12, origin_ms=10**12
    ).model_dump()
    world.traffic[SHOP] = Traffic(**largest)
    flow = flow_of(world)
    row = finished(measures(flow)(together(flow, YESTERDAY, TODAY)))
    assert row["requests"] == sum(row[name] for name in ("hits", "miss", "pass", "synth", "errors"))
    assert row["body_size"] > 10**23
    with pytest.raises(ValidationError):
        SeedTraffic(bytes_per_request=10**13)


def test_the_order_of_purges_changes_nothing(world: World) -> None:
    world.purges += [purge(YESTERDAY + 60), purge(YESTERDAY + 1200), purge(YESTERDAY + 3000)]
    before = list(flow_of(world).series(spans(YESTERDAY, YESTERDAY + 3600, 60)))
    world.purges.reverse()
    assert list(flow_of(world).series(spans(YESTERDAY, YESTERDAY + 3600, 60))) == before


def test_a_week_has_the_rate_of_the_seed(world: World) -> None:
    flow = flow_of(world)
    week = sum(many(together(flow, at, at + DAY)) for at in range(MONDAY - 7 * DAY, MONDAY, DAY))
    assert week / (7 * DAY) == pytest.approx(140, rel=0.05)


def test_weekends_are_quieter_and_evenings_busier(world: World) -> None:
    flow = flow_of(world)
    by_day = [many(together(flow, MONDAY + n * DAY, MONDAY + (n + 1) * DAY)) for n in range(6)]
    assert by_day[5] < 0.96 * min(by_day[:5])
    europe = list(REGIONS).index("europe")
    usa = list(REGIONS).index("usa")
    hours = list(flow.series(spans(YESTERDAY, TODAY, 3600)))
    assert 17 <= max(range(24), key=lambda hour: many(hours[hour][europe])) <= 21
    assert max(range(24), key=lambda hour: many(hours[hour][usa])) in {23, 0, 1, 2, 3, 4}
    evening, night = many(hours[19][europe]), many(hours[4][europe])
    assert evening > 2 * night


def test_days_hours_and_minutes_differ_a_little(world: World) -> None:
    flow = flow_of(world)
    minutes = [many(sum(each)) for each in flow.series(spans(YESTERDAY, YESTERDAY + 3600, 60))]
    mean = sum(minutes) / 60
    assert len(set(minutes)) > 30
    assert all(0.7 * mean < minute < 1.3 * mean for minute in minutes)


def test_the_hit_ratio_is_the_seeds(world: World) -> None:
    assert hit_ratio(flow_of(world), YESTERDAY, TODAY) == pytest.approx(0.94, abs=0.01)


def test_a_purge_of_everything_empties_the_cache_for_some_minutes(world: World) -> None:
    at = YESTERDAY + 10 * 3600
    calm = [hit_ratio(flow_of(world), *span) for span in spans(at - 600, at + 1800, 60)]
    world.purges.append(purge(at))
    stirred = [hit_ratio(flow_of(world), *span) for span in spans(at - 600, at + 1800, 60)]
    assert stirred[:10] == calm[:10]
    assert stirred[10] < 0.35
    assert stirred[10] < stirred[12] < stirred[15] < stirred[20]
    assert stirred[-1] == pytest.approx(calm[-1], abs=0.005)
    # Visitors do not care.
    flow = flow_of(world)
    assert many(together(flow, at, at + 60)) == pytest.approx(
        many(together(flow_of(make_world(NOW)), at, at + 60)), abs=20
    )


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (purge(YESTERDAY, "url"), purge(YESTERDAY, "key")),
        (purge(YESTERDAY, "key"), purge(YESTERDAY, "keys", 20)),
        (purge(YESTERDAY, "keys", 20), purge(YESTERDAY, "all")),
        (purge(YESTERDAY, "keys", 20, soft=True), purge(YESTERDAY, "keys", 20)),
        (purge(YESTERDAY, staging=True), purge(YESTERDAY, "url")),
    ],
)
def test_how_much_a_purge_costs(world: World, less: Purge, more: Purge) -> None:
    ratios = []
    for each in (more, less):
        world.purges[:] = [each]
        ratios.append(hit_ratio(flow_of(world), YESTERDAY, YESTERDAY + 60))
    assert ratios[0] < ratios[1]


def test_a_purge_for_staging_changes_nothing(world: World) -> None:
    before = together(flow_of(world), YESTERDAY, TODAY)
    world.purges.append(purge(YESTERDAY + 60, staging=True))
    assert together(flow_of(world), YESTERDAY, TODAY) == before


def test_the_cache_is_still_cold_after_midnight(world: World) -> None:
    world.purges.append(purge(YESTERDAY - 60))
    assert hit_ratio(flow_of(world), YESTERDAY, YESTERDAY + 60) < 0.5


def test_what_was_before_a_purge_stays_as_it_was_told(world: World) -> None:
    at = YESTERDAY + 36_030  # in the middle of a minute
    seconds = spans(at - 30, at, 1)
    before = list(flow_of(world).series(seconds))
    world.purges.append(purge(at))
    assert list(flow_of(world).series(seconds)) == before
    assert hit_ratio(flow_of(world), at, at + 20) < 0.35


def test_an_incident_makes_errors_and_a_slow_origin(world: World) -> None:
    start, end = YESTERDAY + 3600, YESTERDAY + 7200
    bounds = [stamp(datetime.fromtimestamp(at, UTC)) for at in (start, end)]
    world.incidents = [Incident(SHOP, bounds[0], bounds[1], 0.5)]
    flow = flow_of(world)
    rows = [
        finished(measures(flow)(sum(hour)))
        for hour in flow.series(spans(start - 3600, end + 3600, 3600))
    ]
    errors = [row["errors"] / row["requests"] for row in rows]
    assert errors[1] > 20 * max(errors[0], errors[2])
    assert rows[1]["status_5xx"] == rows[1]["status_503"] == rows[1]["errors"]
    waits = [row["miss_time"] / row["miss"] for row in rows]
    assert waits[1] > 3 * max(waits[0], waits[2])


def test_there_is_nothing_before_the_service_and_nothing_after_now(world: World) -> None:
    created = int(datetime.fromisoformat(world.services[EDGE_API].created_at).timestamp())
    flow = flow_of(world, EDGE_API)
    assert many(together(flow, created - 60, created)) == 0
    assert many(together(flow, created, created + 60)) > 0
    present = int(NOW.timestamp())
    assert many(together(flow, present, present + 60)) == 0


def test_the_answer_is_the_same_at_any_later_time(world: World) -> None:
    before = together(flow_of(world), YESTERDAY, TODAY)
    later = NOW + timedelta(days=30)
    world.purges.append(purge(TODAY + 3600))
    assert together(flow_of(world, now=later), YESTERDAY, TODAY) == before


def test_what_was_never_active_has_no_traffic(world: World) -> None:
    service = world.services[SHOP]
    draft = replace(service, versions=[replace(service.versions[0], locked=False, active=False)])
    assert flows(world, [draft], NOW) == []
    del world.traffic[SHOP]
    assert flows(world, [service], NOW) == []


def test_a_service_that_is_switched_off_has_no_traffic_until_it_is_on_again(world: World) -> None:
    def note(kind: str, at: int, **metadata: str) -> None:
        moment = stamp(datetime.fromtimestamp(at, UTC))
        event = {"event_type": f"version.{kind}", "service_id": SHOP, "metadata": metadata}
        world.events.append(event | {"created_at": moment})

    before = together(flow_of(world), YESTERDAY, YESTERDAY + 3600)
    note("deactivate", YESTERDAY + 1800, environment="staging")
    assert together(flow_of(world), YESTERDAY, YESTERDAY + 3600) == before
    note("deactivate", YESTERDAY + 3600)
    note("activate", YESTERDAY + 7200)
    flow = flow_of(world)
    assert together(flow, YESTERDAY, YESTERDAY + 3600) == before
    assert many(together(flow, YESTERDAY + 3600, YESTERDAY + 7200)) == 0
    assert many(together(flow, YESTERDAY + 7200, YESTERDAY + 7260)) > 0


def test_fields_agree_with_each_other(world: World) -> None:
    flow = flow_of(world)
    row = finished(measures(flow)(together(flow, YESTERDAY, TODAY)))
    assert row["requests"] == sum(row[name] for name in ("hits", "miss", "pass", "synth", "errors"))
    assert row["requests"] == sum(row[f"status_{n}xx"] for n in range(2, 6))
    assert row["requests"] == row["tls_v12"] + row["tls_v13"] + row["synth"]
    assert row["requests"] == sum(
        value for name, value in row.items() if name.startswith("object_size_")
    )
    assert row["bandwidth"] == row["body_size"] + row["header_size"] + row["bereq_header_bytes"]
    assert row["hit_ratio"] == row["hits"] / (row["hits"] + row["miss"])
    assert 0 < row["origin_offload"] < 1


def test_traffic_of_compute_is_in_fields_of_its_own(world: World) -> None:
    flow = flow_of(world, EDGE_API)
    row = finished(measures(flow)(together(flow, YESTERDAY, TODAY)))
    assert "requests" not in row
    assert "status_200" not in row
    assert row["compute_requests"] == sum(row[f"all_status_{n}xx"] for n in range(2, 6))
    assert row["compute_bereqs"] < row["compute_requests"]
