"""The state file: a world comes back as it was, and versions share again what they shared."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fastly_mcp.sandbox.seeds.account import make_world
from fastly_mcp.sandbox.seeds.statefile import dump_world, load_world, write_file
from fastly_mcp.sandbox.state import Version, World

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return make_world(START)


def loaded(world: World, tmp_path: Path) -> World:
    file = tmp_path / "state.json"
    write_file(file, dump_world(world))
    again = load_world(file)
    assert again
    # Empty or missing, it is the same.
    assert json.loads(dump_world(again)) == json.loads(dump_world(world))
    return again


def lengthened(world: World, count: int) -> list[Version]:
    """The versions of one service, with so many clones more."""
    versions = next(iter(world.services.values())).versions
    last = versions[-1]
    versions.extend(replace(last, number=last.number + at) for at in range(1, count + 1))
    return versions


def test_a_world_comes_back_as_it_was(world: World, tmp_path: Path) -> None:
    versions = lengthened(world, 3)
    backends = versions[-1].objects["backends"]
    # Changed, emptied, and as they were again.
    versions[-3].objects = versions[-3].objects | {"backends": backends[:1], "domains": ()}
    versions[-2].settings = versions[-2].settings | {"general.default_ttl": 7}
    again = loaded(world, tmp_path)
    assert again.services.keys() == world.services.keys()
    assert again.tokens == world.tokens
    assert again.edge == world.edge


def test_what_a_version_lacks_it_does_not_have_from_the_one_before(
    world: World, tmp_path: Path
) -> None:
    service_id = next(iter(world.services))
    versions = lengthened(world, 2)
    versions[-1].objects = {"domains": versions[-1].objects["domains"]}
    versions.append(Version(versions[-1].number + 1, "", ""))
    again = loaded(world, tmp_path).services[service_id].versions
    assert [*again[-2].objects] == ["domains"]
    assert again[-1].objects == {}
    assert again[-3].objects == versions[-3].objects


def test_clones_share_what_they_hold_after_loading_too(world: World, tmp_path: Path) -> None:
    lengthened(world, 2)
    versions = next(iter(loaded(world, tmp_path).services.values())).versions
    assert versions[-1].objects["backends"] is versions[-3].objects["backends"]
    assert versions[-1].settings is versions[-3].settings


def test_a_clone_adds_little_to_the_file(world: World) -> None:
    before = len(dump_world(world))
    lengthened(world, 1_000)
    assert (len(dump_world(world)) - before) / 1_000 < 250


def test_what_an_earlier_process_left_behind_is_replaced(world: World, tmp_path: Path) -> None:
    (tmp_path / ".state.json.part").write_text("half of")
    loaded(world, tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


def test_a_link_laid_in_its_way_is_not_followed(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (tmp_path / ".state.json.part").symlink_to(other)
    loaded(world, tmp_path)
    assert other.read_text() == "mine"
