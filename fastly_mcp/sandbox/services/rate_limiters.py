"""Rate limiters: made in a version, and from then on named by their id alone."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.services.objects import change, replace, shown
from fastly_mcp.sandbox.state import Row, Service, Version

KIND = BY_PLURAL["rate_limiters"]


def _find(call: Call) -> tuple[Service, Version, Row]:
    """In the newest version that has it: clones keep its id."""
    for service in call.world.services.values():
        for version in reversed(service.versions):
            for row in version.objects.get(KIND.plural, ()):
                if row["id"] == call.params["name"] and call.token.covers(service.id):
                    return service, version, row
    raise errors.no_such_member(KIND.label, id=call.params["name"])


def _find_in_draft(call: Call) -> tuple[Service, Version, Row]:
    service, version, row = _find(call)
    if version.locked:
        raise errors.version_locked(service.id, version.number)
    return service, version, row


def get_rate_limiter(call: Call) -> Response:
    service, version, row = _find(call)
    return classic(shown(KIND, service.id, version.number, row))


def update_rate_limiter(call: Call) -> Response:
    service, version, old = _find_in_draft(call)
    new = change(KIND, version, old, call.given(), call.stamp)
    record(call, "rate_limiter.update", service.id, name=new["name"])
    return classic(shown(KIND, service.id, version.number, new))


def delete_rate_limiter(call: Call) -> Response:
    service, version, old = _find_in_draft(call)
    replace(version, KIND, old, None, call.stamp)
    record(call, "rate_limiter.delete", service.id, name=old["name"])
    return classic(OK)
