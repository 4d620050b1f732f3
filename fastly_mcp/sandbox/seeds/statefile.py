"""The state file: a whole world as JSON, so that a sandbox goes on where it was."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.state import FARTHEST, Version, World

FORM = 1
"""Rises when a file of another form could no longer be read."""


@cache
def form_of_a_world() -> TypeAdapter[World]:
    """How pydantic reads and writes a world; made when first needed, for it takes a while."""
    return TypeAdapter(World)


def load_world(file: Path) -> World | None:
    """The world in a state file, None if there is none. Raises SeedError if it is spoilt."""
    try:
        data: Any = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SeedError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise SeedError(f"{file} is no state file; delete it to start anew") from None
    form = data.get("form") if isinstance(data, dict) else None
    if form != FORM:
        raise SeedError(
            f"{file} is no state file of form {FORM}; delete it to start anew, or use the "
            "version of fastly-mcp that wrote it"
        )
    try:
        world = form_of_a_world().validate_python(data.get("world"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SeedError(f"{file} is spoilt at {place}: {first['msg']}") from None
    for service in world.services.values():
        for earlier, later in pairwise(service.versions):
            both = earlier.objects | later.objects
            later.objects = {kind: rows for kind, rows in both.items() if rows}
            later.settings = later.settings or earlier.settings
    _check(world, file)
    return world


def _check(world: World, file: Path) -> None:
    """Raise SeedError for a world that no sandbox has written."""
    if not -FARTHEST <= world.clock_offset <= FARTHEST:
        raise SeedError(f"{file} is spoilt at clock_offset: it is out of range")
    if not isinstance(world.customer.get("id"), str):
        raise SeedError(f"{file} is spoilt at customer: it has no id")
    if any(token.user_id not in world.users for token in world.tokens.values()):
        raise SeedError(f"{file} is spoilt at tokens: one is of no user")


def dump_world(world: World) -> bytes:
    """A world as its state file has it: of each version what differs from the one before.

    Versions share what was not changed, here as in memory; written whole, each would be as large
    as all that its service has.
    """
    services = {
        service_id: replace(service, versions=[*_differences(service.versions)])
        for service_id, service in world.services.items()
    }
    written = form_of_a_world().dump_json(replace(world, services=services))
    return b'{"form":%d,"world":%b}\n' % (FORM, written)


def _differences(versions: list[Version]) -> Iterator[Version]:
    earlier = Version(0, "", "")
    for later in versions:
        none = dict.fromkeys(earlier.objects, ())
        objects = {
            kind: rows
            for kind, rows in (none | later.objects).items()
            if rows is not earlier.objects.get(kind, ())
        }
        same = later.settings is earlier.settings
        yield replace(later, objects=objects, settings={} if same else later.settings)
        earlier = later


def write_file(file: Path, text: bytes) -> None:
    """Write the file whole or not at all. Raises OSError."""
    part = beside(file, "part")
    # One that an earlier process left; or somebody's link, which must not be followed.
    part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def beside(file: Path, what: str) -> Path:
    """A hidden file for use with this one."""
    return file.with_name(f".{file.name}.{what}")
