"""Versions of a service: which may be written to, and what activating one would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from json import dumps
from typing import Any

from fastly_mcp.api.answers import Answer, shaped
from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.checking import Request, check
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.services import Service
from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.text import cut, visible

VERSION = "/service/{service_id}/version/{version_id}"
OBJECTS = frozenset({"/rate-limiters/{rate_limiter_id}", "/apex-redirects/{apex_redirect_id}"})
"""Where objects of a version are addressed by an id alone."""

FLAGS = ("active", "locked", "staging", "testing", "deployed")
ENVIRONMENTS = {"production": "active", "staging": "staging"}
"""Those that have a flag of their own."""

ACTIVATE = frozenset({"activate_service_version", "activate_service_version_environment"})
ANY_VERSION = ACTIVATE | {
    "clone_service_version",
    "deactivate_service_version",
    "deactivate_service_version_environment",
    "lock_service_version",
    "update_service_version",
}
"""What is meant for active and locked versions too. The comment of one may be updated."""

CHANGED = 30  # lines of a difference told one by one
WARNINGS = 5

Told = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The service a request is about, and the version it writes to if it has one."""

    request: Request
    service: Service
    version: int | None = None


async def place_of(fastly: Connection, request: Request) -> Place | None:
    """Return what of which service a request writes to, its name or domain made an id.

    None if it is on no service. Raises InvalidArgument if no service or several are meant, and
    NotPermitted for what this server may not touch.
    """
    path, segments = request.operation.path, request.segments
    if "service_id" in segments:
        service = await fastly.service(segments["service_id"], changing=True)
        request = replace(request, segments={**segments, "service_id": service.id})
        version = int(segments["version_id"]) if path.startswith(VERSION) else None
        return Place(request, service, version)
    await fastly.check_reach(request)
    if path not in OBJECTS:
        return None
    ids: dict[str, Any] = dict(segments)
    found = await fastly.get(path, **ids)
    with shaped():
        service_id, version = str(found["service_id"]), int(found["version"])
    return Place(request, await fastly.service(service_id, changing=True), version)


async def seen(fastly: Connection, place: Place) -> Told:
    """Look at the version a request writes to, and return what a person should know of it.

    Raises NotPermitted, with the next step, for one that may not be written to or activated, and
    InvalidArgument for what would activate or lock one by the way.
    """
    if place.version is None:
        return ()
    operation = place.request.operation.id
    row = await fastly.get(VERSION, service_id=place.service.id, version_id=str(place.version))
    with shaped():
        state = _state(row, place.version)
    if operation == "update_service_version" and dict(place.request.form).keys() - {"comment"}:
        raise InvalidArgument(
            "update_service_version is for the comment alone: activate_service_version activates "
            "a version, lock_service_version locks one. Nothing was sent."
        )
    if state and operation not in ANY_VERSION:
        params = {"service_id": place.service.id, "version_id": place.version}
        raise NotPermitted(
            f"Version {place.version} of this service is {state}, so it cannot be changed. Clone "
            "it and change the clone, whose number the answer tells: "
            f"write_api(operation=clone_service_version, params={dumps(params)}). Nothing was sent."
        )
    told = (("version", f"{place.version}: {state or 'a draft'}"),)
    return (*told, *await _activation(fastly, place)) if operation in ACTIVATE else told


def _state(row: Mapping[str, Any], number: int) -> str:
    """Say why a version is no draft, empty if it is one. Raises what a wrong shape raises."""
    if row["number"] != number or not {"active", "locked"} <= row.keys():
        raise ValueError
    said = [flag for flag in FLAGS if row.get(flag)]
    for each in row.get("environments") or ():
        if each.get("active_version") == number:
            name = cut(visible(str(each["name"])), 40)
            said.append(ENVIRONMENTS.get(name, f"active in {name}"))
    return " and ".join(dict.fromkeys(said))


async def _activation(fastly: Connection, place: Place) -> Told:
    """Return what activating a version means.

    Raises NotPermitted, with Fastly's words, for one that does not validate.
    """
    service_id, number = place.service.id, place.version
    environment = place.request.segments.get("environment_name", "")
    checked = await fastly.get(f"{VERSION}/validate", service_id=service_id, version_id=str(number))
    with shaped():
        status, errors = checked["status"], _texts(checked.get("errors"))
        said = str(checked.get("msg") or "") or "; ".join(errors)
        warnings = _texts(checked.get("warnings"))
    if status != "ok":
        raise NotPermitted(
            f"Version {number} does not validate, so it is not activated. Fastly says: "
            f"{cut(visible(' '.join(said.split())))}. Nothing was sent."
        )
    rows = await fastly.get("/service/{service_id}/version", service_id=service_id)
    with shaped():
        before = _active(rows, environment)
    told = [("validates", "yes"), *(("warning", each) for each in warnings[:WARNINGS])]
    if before is None:
        content = await _read(fastly, "get_service_detail", service_id=service_id, version=number)
        return (*told, ("replaces", "none: no version is active"), ("content", content.seal))
    if before == number:
        return (*told, ("replaces", "none: this version is active already"))
    answer = await _read(
        fastly,
        "diff_service_versions",
        service_id=service_id,
        from_version_id=before,
        to_version_id=number,
        format="text",
    )
    with shaped():
        text = str(answer.data["diff"])
    return (*told, ("replaces", f"version {before}"), *_difference(text, answer.seal))


async def _read(fastly: Connection, operation: str, **params: Any) -> Answer:
    return await fastly.call(check(load().operation(operation), params), repeatable=True)


def _active(rows: Sequence[Mapping[str, Any]], environment: str) -> int | None:
    """The version that is in the place of the new one: in its environment, else in production."""
    for row in rows:
        for each in row.get("environments") or ():
            if environment and each["name"] == environment and each.get("active_version"):
                return int(each["active_version"])
        if environment == "staging" and row.get("staging"):
            return int(row["number"])
    return next((int(row["number"]) for row in rows if row["active"]), None)


def _difference(text: str, seal: str) -> Told:
    lines = [line for line in text.splitlines() if line.startswith(("+", "-")) and line[1:].strip()]
    # What is not shown, or is redacted, has changed too if the seal has.
    whole = f"{len(lines)} lines differ (seal {seal})"
    more = [("", f"and {len(lines) - CHANGED} more lines")] if len(lines) > CHANGED else []
    return (("differs", whole), *(("", line) for line in lines[:CHANGED]), *more)


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
