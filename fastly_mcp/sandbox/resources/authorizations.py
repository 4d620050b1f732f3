"""Service authorizations: what a user whose services are limited may do with one of them.

Nothing follows from them here: every user may do everything that their token's scopes say.
"""

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.json_api import Given, Relation, Type
from fastly_mcp.sandbox.routing import Side
from fastly_mcp.sandbox.state import Row, stamp

PERMISSIONS = ("full", "read_only", "purge_select", "purge_all")


def read(call: Call, given: Given, old: Row | None) -> Row:
    """Documented: an update changes the permission."""
    permission = given.attributes.get("permission", old["permission"] if old else PERMISSIONS[0])
    if permission not in PERMISSIONS:
        raise invented.does_not_fit(f"permission must be one of {', '.join(PERMISSIONS)}")
    if old:
        return {"permission": permission}
    service_id, user_id = given.name("service") or "", given.name("user") or ""
    service = call.world.services.get(service_id)
    if service is None or service.deleted_at:
        raise invented.no_such_service(service_id)
    if user_id not in call.world.users:
        raise errors.cannot_find("user", user_id)
    return {
        "service": service_id,
        "user": user_id,
        "permission": permission,
        "deleted_at": None,
    }


TYPES = {
    "service_authorization": Type(
        "service_authorization",
        ("created_at", "updated_at", "deleted_at", "permission"),
        {"service": Relation("service"), "user": Relation("user")},
        path="/service-authorizations",
        event="service_authorization",
        read=read,
        stamp=stamp,
        links="last next prev",
        statuses={"create": 200},
        side=Side.CLASSIC,
        refuse=errors.bad_request,
        missing=lambda row_id: errors.cannot_find("serviceauthorization", row_id),
    ),
}
