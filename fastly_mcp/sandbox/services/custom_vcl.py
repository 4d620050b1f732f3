"""What VCL files have beside the rest of the objects: one is the main one, all are text."""

from starlette.responses import Response

from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.services.objects import find, put_in, shown

KIND = BY_PLURAL["vcls"]


def choose_main_vcl(call: Call) -> Response:
    """One file of a version is the main one."""
    version = call.draft()
    chosen = find(call, KIND, version)
    rows = tuple(
        row if row["main"] == (row is chosen) else row | {"main": row is chosen}
        for row in version.objects[KIND.plural]
    )
    put_in(version, KIND, rows, call.stamp)
    record(call, "vcl.main", call.service().id, name=chosen["name"])
    return classic(shown(KIND, call.service().id, version.number, chosen | {"main": True}))


def download_vcl(call: Call) -> Response:
    row = find(call, KIND, call.version())
    return Response(row["content"], media_type="text/plain")
