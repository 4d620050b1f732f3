"""Servers of pools."""

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.members import Members
from fastly_mcp.sandbox.services.origins import SERVER

SERVERS = Members("pools", "pool_id", "Server", "server", SERVER, told_by="address")


def delete_server(call: Call) -> Response:
    """The last server of a pool stays [go-fastly servers/cleanup.yaml answers 400]."""
    if [*SERVERS.held(call)] == [call.params["member_id"]]:
        raise invented.last_server(call.params["container_id"])
    return SERVERS.delete(call)
