"""The state file: a whole world as JSON, so that a sandbox goes on where it was."""

import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.state import World

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
        return form_of_a_world().validate_python(data.get("world"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SeedError(f"{file} is spoilt at {place}: {first['msg']}") from None


def save_world(file: Path, world: World) -> None:
    """Write the file whole or not at all. Raises OSError."""
    text = b'{"form":%d,"world":%b}\n' % (FORM, form_of_a_world().dump_json(world))
    whole = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        whole.replace(file)
    finally:
        whole.unlink(missing_ok=True)
