"""HTTP/3, which a version has or has not."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Version


def get_http3(call: Call) -> Response:
    return _http3(call, _with_http3(call.version()))


def enable_http3(call: Call) -> Response:
    version = call.draft()
    row = {
        "id": call.world.new_id(),
        "feature_revision": 1,
        "feature_update_available": False,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    version.features = version.features | {"http3": row}
    record(call, "http3.create", call.service().id)
    return _http3(call, version)


def disable_http3(call: Call) -> Response:
    version = _with_http3(call.draft())
    version.features = {name: row for name, row in version.features.items() if name != "http3"}
    record(call, "http3.delete", call.service().id)
    return classic(OK)


def _with_http3(version: Version) -> Version:
    """The version, if it has HTTP/3; if not that is a 404 [go-fastly http3/get-disabled.yaml]."""
    if "http3" not in version.features:
        raise errors.FastlyError(404, {"msg": "Not found"})
    return version


def _http3(call: Call, version: Version) -> Response:
    place = {"service_id": call.params["service_id"], "version": version.number}
    return classic(version.features["http3"] | place)
