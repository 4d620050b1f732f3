"""What belongs to a service but to no version: items of dictionaries, entries of ACLs and so on."""

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.kinds import BY_PLURAL
from fastly_mcp.sandbox.state import Row, Service

BATCH = 1_000
"""Operations in one batch [documented for both kinds]."""


def container(call: Call, plural: str) -> tuple[Service, str]:
    """The service and the id of the dictionary, ACL, pool or snippet in the path."""
    service, wanted = call.service(), call.params["container_id"]
    for version in reversed(service.versions):
        for row in version.objects.get(plural, ()):
            if row["id"] == wanted:
                return service, wanted
    raise errors.no_such_member(BY_PLURAL[plural].label, id=wanted, service_id=service.id)


def members(service: Service, container_id: str) -> dict[str, Row]:
    return service.members.setdefault(container_id, {})


def batch(call: Call, name: str) -> list[Row]:
    """The operations of a batch."""
    changes = call.json_object().get(name)
    if not isinstance(changes, list) or not all(isinstance(each, dict) for each in changes):
        raise invented.does_not_fit(f"{name} must be a list of objects")
    if len(changes) > BATCH:
        raise invented.does_not_fit(f"{name} may hold at most {BATCH}")
    return changes
