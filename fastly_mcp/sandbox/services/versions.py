"""Versions: drafts are made, changed and validated; active ones are locked for good."""

import difflib

from pydantic_core import to_json
from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call, numbered
from fastly_mcp.sandbox.services import vcl
from fastly_mcp.sandbox.services.fields import defaults, read, text
from fastly_mcp.sandbox.services.kinds import KINDS
from fastly_mcp.sandbox.services.references import dangling
from fastly_mcp.sandbox.services.rules import SETTINGS
from fastly_mcp.sandbox.services.services import version_row
from fastly_mcp.sandbox.state import Row, Service, Version


def list_versions(call: Call) -> Response:
    service = call.service()
    return classic([version_row(service, version) for version in service.versions])


def create_version(call: Call) -> Response:
    """An empty draft. The answer names its number and nothing else [go-fastly versions/]."""
    service, comment, at = call.service(), _comment(call) or "", call.stamp
    version = Version(
        service.newest.number + 1, at, at, comment=comment, settings=defaults(SETTINGS)
    )
    service.versions.append(version)
    record(call, "version.create", service.id, number=version.number)
    said = {"service_id": service.id, "number": version.number}
    return classic(said | ({"comment": comment} if comment else {}))


def _comment(call: Call) -> str | None:
    """The comment that is given, None if none is."""
    with invented.fitting():
        return read({"comment": text()}, call.given()).get("comment")


def get_version(call: Call) -> Response:
    return classic(version_row(call.service(), call.version()))


def get_active_version(call: Call) -> Response:
    service = call.service()
    if service.active is None:
        raise invented.no_such_version(service.id, "active")
    return classic(version_row(service, service.active))


def update_version(call: Call) -> Response:
    """The comment is all that can be changed, and of a locked version too."""
    version = call.version()
    comment = _comment(call)
    version.comment = version.comment if comment is None else comment
    version.updated_at = call.stamp
    return _answer(call, version, "update")


def clone_version(call: Call) -> Response:
    """A new draft that shares everything with its origin until it is changed."""
    service, origin, at = call.service(), call.version(), call.stamp
    version = Version(
        service.newest.number + 1,
        at,
        at,
        origin.comment,
        objects=origin.objects,
        settings=origin.settings,
        features=origin.features,
    )
    service.versions.append(version)
    return _answer(call, version, "clone")


def lock_version(call: Call) -> Response:
    version = call.version()
    version.locked = True
    version.updated_at = call.stamp
    return _answer(call, version, "lock")


def activate_version(call: Call) -> Response:
    """Lock a version and put it in place of the active one, or onto staging.

    Warnings come in `msg`; the environment comes later [go-fastly
    tls_subscription/activate_version.yaml].
    """
    service, version = call.service(), call.version()
    found = check(service, version)
    if found.errors:
        raise invented.cannot_be_activated("; ".join(found.errors))
    if _is_staging(call):
        for each in service.versions:
            each.staging = each is version
    else:
        for each in service.versions:
            each.active = each is version
    version.locked = True
    version.updated_at = service.updated_at = call.stamp
    told: Row = {"msg": "\n".join(found.warnings) or None, "environments": []}
    return _answer(call, version, "activate", told)


def deactivate_version(call: Call) -> Response:
    service, version = call.service(), call.version()
    if _is_staging(call):
        if not version.staging:
            raise invented.not_active(version.number)
        version.staging = False
    else:
        if not version.active:
            raise invented.not_active(version.number)
        version.active = False
    version.updated_at = service.updated_at = call.stamp
    return _answer(call, version, "deactivate")


def check(service: Service, version: Version) -> vcl.Findings:
    """What is to be said of a version before it is activated."""
    found = vcl.check(service, version)
    return vcl.Findings((*found.errors, *dangling(version)), found.warnings)


def validate_version(call: Call) -> Response:
    """Always 200; `status` tells whether the version could be activated."""
    found = check(call.service(), call.version())
    messages = [*found.errors, *found.warnings]
    return classic(
        {
            "status": "error" if found.errors else "ok",
            "msg": "\n".join(found.errors) or None,
            "errors": list(found.errors),
            "warnings": list(found.warnings),
            "messages": messages,
        }
    )


def get_settings(call: Call) -> Response:
    return classic(_settings(call, call.version()))


def update_settings(call: Call) -> Response:
    version = call.draft()
    with invented.fitting():
        version.settings = version.settings | read(SETTINGS, call.given())
    version.updated_at = call.stamp
    record(call, "settings.update", call.service().id, number=version.number)
    return classic(_settings(call, version))


def diff_versions(call: Call) -> Response:
    """The difference of two versions as text; their numbers come as text too."""
    service = call.service()
    before, after = (
        _as_text(numbered(service, call.params[end])).splitlines(keepends=True)
        for end in ("from", "to")
    )
    lines = difflib.unified_diff(before, after)
    wanted = call.query.get("format", "text")
    return classic(
        {
            "from": call.params["from"],
            "to": call.params["to"],
            "format": wanted,
            "diff": "".join(list(lines)[2:]),
        }
    )


def get_generated_vcl(call: Call) -> Response:
    """The VCL that Fastly makes of a version, in the shape of a VCL file."""
    service, version = call.service(), call.version()
    if service.type != "vcl":
        raise invented.no_vcl(service.id)
    return classic(
        {
            "name": "generated",
            "main": True,
            "content": vcl.generated(service, version),
            "service_id": service.id,
            "version": version.number,
            "created_at": version.created_at,
            "updated_at": version.updated_at,
            "deleted_at": None,
        }
    )


def _is_staging(call: Call) -> bool:
    environment = call.params.get("environment")
    if environment not in {None, "staging", "production"}:
        raise errors.cannot_find("environment", environment)
    return environment == "staging"


def _answer(call: Call, version: Version, verb: str, more: Row | None = None) -> Response:
    service = call.service()
    # Only production has traffic, which begins and ends with these events.
    where = {"environment": "staging"} if call.params.get("environment") == "staging" else {}
    record(call, f"version.{verb}", service.id, number=version.number, **where)
    return classic(version_row(service, version) | (more or {}))


def _settings(call: Call, version: Version) -> Row:
    return version.settings | {"service_id": call.service().id, "version": version.number}


def _as_text(version: Version) -> str:
    """A version as the lines that a diff compares: YAML, or nearly."""
    lines = []
    for kind in KINDS:
        rows = version.objects.get(kind.plural, ())
        if rows:
            lines.append(f"{kind.plural}:")
        for row in sorted(rows, key=lambda row: str(row["name"])):
            lines.append(f"- name: {row['name']}")
            lines += [
                f"  {name}: {to_json(row[name]).decode()}"
                for name in sorted(kind.fields)
                if row[name] not in (None, "", [])
            ]
    lines.append("settings:")
    lines += [f"  {name}: {to_json(value).decode()}" for name, value in version.settings.items()]
    return "\n".join([*lines, ""])
