"""What the domains of a version have beside the rest of the objects: staging and checks."""

from starlette.responses import Response

from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.services.objects import find, shown, shown_all
from fastly_mcp.sandbox.state import Row, Version

KIND = BY_PLURAL["domains"]


def list_domains(call: Call) -> Response:
    """The domains of a version, with the address of their staging if that is asked for."""
    rows = shown_all(KIND, call.service().id, call.version())
    if call.query.get("include") == "staging_ips":
        rows = [row | {"staging_ip": "192.0.2.54"} for row in rows]
    return classic(rows)


def check_domain(call: Call) -> Response:
    version = call.version()
    return classic(_checked(call, version, find(call, KIND, version)))


def check_domains(call: Call) -> Response:
    version = call.version()
    rows = version.objects.get(KIND.plural, ())
    return classic([_checked(call, version, row) for row in rows])


def _checked(call: Call, version: Version, row: Row) -> list[object]:
    """A domain, what its CNAME is, and whether that is Fastly: here it always is."""
    shown_row = shown(KIND, call.service().id, version.number, row)
    return [shown_row, "dualstack.sandbox.map.fastly.example.", True]
