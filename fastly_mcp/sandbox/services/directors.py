"""The backends of a director: part of its version, without fields of their own."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.services.objects import replace
from fastly_mcp.sandbox.state import Row, Version


def _director(call: Call, version: Version) -> Row:
    name = call.params["name"]
    for row in version.objects.get("directors", ()):
        if row["name"] == name:
            return row
    raise errors.no_such_object(
        "Director", name=name, service=call.service().id, version=version.number
    )


def _no_director_backend(call: Call) -> errors.FastlyError:
    return errors.no_such_object(
        "DirectorBackend",
        director=call.params["name"],
        backend=call.params["backend"],
        service=call.params["service_id"],
        version=call.params["version"],
    )


def _director_backend(call: Call, director: Row, version: Version) -> Response:
    return classic(
        {
            "backend_name": call.params["backend"],
            "director_name": director["name"],
            "service_id": call.params["service_id"],
            "version": version.number,
            "created_at": director["created_at"],
            "updated_at": director["updated_at"],
            "deleted_at": None,
        }
    )


def _with_backends(call: Call, version: Version, director: Row, backends: list[str]) -> None:
    new = director | {"backends": backends, "updated_at": call.stamp}
    replace(version, BY_PLURAL["directors"], director, new, call.stamp)


def get_director_backend(call: Call) -> Response:
    version = call.version()
    director = _director(call, version)
    if call.params["backend"] not in director["backends"]:
        raise _no_director_backend(call)
    return _director_backend(call, director, version)


def add_director_backend(call: Call) -> Response:
    version, backend = call.draft(), call.params["backend"]
    director = _director(call, version)
    if not any(row["name"] == backend for row in version.objects.get("backends", ())):
        raise errors.no_such_object(
            "Backend", name=backend, service=call.service().id, version=version.number
        )
    if backend in director["backends"]:
        raise errors.duplicate("director_backend", backend)
    _with_backends(call, version, director, [*director["backends"], backend])
    record(call, "director_backend.create", call.service().id, name=backend)
    return _director_backend(call, director, version)


def remove_director_backend(call: Call) -> Response:
    version, backend = call.draft(), call.params["backend"]
    director = _director(call, version)
    if backend not in director["backends"]:
        raise _no_director_backend(call)
    _with_backends(
        call, version, director, [each for each in director["backends"] if each != backend]
    )
    record(call, "director_backend.delete", call.service().id, name=backend)
    return classic(OK)
