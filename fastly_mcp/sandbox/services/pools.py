"""Servers of pools: they change at once, without an activation."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import made, read
from fastly_mcp.sandbox.services.members import container, members
from fastly_mcp.sandbox.services.origins import SERVER
from fastly_mcp.sandbox.state import Row, Service


def list_servers(call: Call) -> Response:
    service, pool_id = container(call, "pools")
    return classic(list(members(service, pool_id).values()))


def make_server(service_id: str, pool_id: str, server_id: str, given: Row, at: str) -> Row:
    """A new server. Raises ValueError for what does not fit."""
    return {
        **made(SERVER, given),
        "id": server_id,
        "pool_id": pool_id,
        "service_id": service_id,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
    }


def create_server(call: Call) -> Response:
    service, pool_id = container(call, "pools")
    with invented.fitting():
        row = make_server(service.id, pool_id, call.world.new_id(), call.given(), call.stamp)
    members(service, pool_id)[row["id"]] = row
    record(call, "server.create", service.id, name=row["address"])
    return classic(row)


def find_server(call: Call) -> tuple[Service, dict[str, Row], Row]:
    service, pool_id = container(call, "pools")
    held, wanted = members(service, pool_id), call.params["server_id"]
    if wanted not in held:
        raise errors.no_such_member("Server", id=wanted, pool_id=pool_id, service_id=service.id)
    return service, held, held[wanted]


def get_server(call: Call) -> Response:
    return classic(find_server(call)[2])


def update_server(call: Call) -> Response:
    service, held, row = find_server(call)
    with invented.fitting():
        held[row["id"]] = row | read(SERVER, call.given()) | {"updated_at": call.stamp}
    record(call, "server.update", service.id, name=row["address"])
    return classic(held[row["id"]])


def delete_server(call: Call) -> Response:
    """The last server of a pool stays [go-fastly servers/cleanup.yaml answers 400]."""
    service, held, row = find_server(call)
    if len(held) == 1:
        raise invented.last_server(row["pool_id"])
    del held[row["id"]]
    record(call, "server.delete", service.id, name=row["address"])
    return classic(OK)
