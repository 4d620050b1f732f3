"""Log tailing, which a service has or has not."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call


def start_log_tailing(call: Call) -> Response:
    service = call.service()
    if service.log_tailing:
        raise errors.FastlyError(409, {"msg": "Managed logging is already enabled"})
    service.log_tailing = True
    return classic(OK)


def stop_log_tailing(call: Call) -> Response:
    service = call.service()
    if not service.log_tailing:
        raise errors.FastlyError(404, {"msg": "Record not found"})
    service.log_tailing = False
    return classic(OK)
