"""Services: list, find, describe, create, change, delete."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call, numbered
from fastly_mcp.sandbox.paging import classic_page
from fastly_mcp.sandbox.services.fields import defaults, made, needed, read, text
from fastly_mcp.sandbox.services.kinds import BY_PLURAL, DETAILS
from fastly_mcp.sandbox.services.objects import shown_all
from fastly_mcp.sandbox.services.rules import SETTINGS
from fastly_mcp.sandbox.state import Row, Service, Version

SORTS = {"created": "created_at", "updated": "updated_at", "name": "name", "id": "id"}
FIELDS = {"name": needed(), "comment": text()}
TYPES = frozenset({"vcl", "wasm"})


def environments(service: Service, version: Version | None) -> list[Row]:
    """Where a version is deployed."""
    if version is None:
        return []
    return [
        {"name": name, "service_id": service.id, "active_version": version.number}
        for name, is_there in (("production", version.active), ("staging", version.staging))
        if is_there
    ]


def version_row(service: Service, version: Version) -> Row:
    return {
        "number": version.number,
        "service_id": service.id,
        "active": version.active,
        "locked": version.locked,
        "deployed": False,
        "staging": version.staging,
        "testing": False,
        "comment": version.comment,
        "created_at": version.created_at,
        "updated_at": version.updated_at,
        "deleted_at": None,
        "environments": environments(service, version),
    }


def service_row(call: Call, service: Service) -> Row:
    """What every answer about a service has, all its versions included."""
    places = environments(service, service.active)
    if service.staged and service.staged is not service.active:
        places += environments(service, service.staged)
    return {
        "id": service.id,
        "name": service.name,
        "type": service.type,
        "customer_id": call.world.customer["id"],
        "comment": service.comment,
        "created_at": service.created_at,
        "updated_at": service.updated_at,
        "deleted_at": service.deleted_at,
        "environments": places,
        "versions": [version_row(service, version) for version in service.versions],
    }


def whole_row(call: Call, service: Service) -> Row:
    return service_row(call, service) | {"paused": service.paused, "publish_key": ""}


def listed_row(call: Call, service: Service) -> Row:
    """What a list of services has; `version` is the active one, even if a draft is newer."""
    number = (service.active or service.newest).number
    return service_row(call, service) | {"paused": service.paused, "version": number}


def version_detail(service: Service, version: Version) -> Row:
    row = version_row(service, version)
    for plural in DETAILS[service.type]:
        kind = BY_PLURAL.get(plural)
        row[plural] = shown_all(kind, service.id, version) if kind else []
    if service.type == "vcl":
        row["settings"] = version.settings
    return row


def within_reach(call: Call) -> list[Service]:
    """The services that are there for this token."""
    return [
        service
        for service in call.world.services.values()
        if service.deleted_at is None and call.token.covers(service.id)
    ]


def list_services(call: Call) -> Response:
    found = within_reach(call)
    field = SORTS.get(call.query.get("sort", ""), "created_at")
    found.sort(
        key=lambda service: (getattr(service, field), service.id),
        reverse=call.query.get("direction") == "descend",
    )
    page, links = classic_page(call, found, most=invented.SERVICES_PER_PAGE)
    return classic([listed_row(call, service) for service in page], headers=links)


def create_service(call: Call) -> Response:
    """A new service, with one empty version."""
    if call.token.services:
        # It would be none of those that the token is limited to; the refusal is invented.
        raise errors.not_authorized()
    given = call.given()
    with invented.fitting():
        said = made(FIELDS, given)
    name, kind = said["name"], str(given.get("type") or "vcl")
    if kind not in TYPES:
        raise invented.does_not_fit("type must be vcl or wasm")
    _not_taken(call, name)
    at = call.stamp
    version = Version(1, at, at, settings=defaults(SETTINGS))
    service = Service(call.world.new_id(), name, kind, said["comment"], at, at, [version])
    call.world.services[service.id] = service
    record(call, "service.create", service.id, name=name)
    return classic(whole_row(call, service))


def _not_taken(call: Call, name: str, owner: Service | None = None) -> None:
    """409 for another service's name, whether the token reaches that or not."""
    for service in call.world.services.values():
        if service.name == name and service is not owner and service.deleted_at is None:
            raise errors.duplicate("service", name)


def get_service(call: Call) -> Response:
    return classic(whole_row(call, call.service()))


def update_service(call: Call) -> Response:
    service = call.service()
    with invented.fitting():
        said = read(FIELDS, call.given())
    _not_taken(call, said.get("name", service.name), service)
    service.name = said.get("name", service.name)
    service.comment = said.get("comment", service.comment)
    service.updated_at = call.stamp
    record(call, "service.update", service.id, name=service.name)
    return classic(whole_row(call, service))


def delete_service(call: Call) -> Response:
    service = call.service()
    if service.active:
        raise errors.service_is_active()
    service.deleted_at = call.stamp
    record(call, "service.delete", service.id, name=service.name)
    return classic(OK)


def search_service(call: Call) -> Response:
    """One service by its exact name: an object, not a list."""
    name = call.query.get("name")
    if not name:
        raise invented.parameter_missing("name")
    for service in within_reach(call):
        if service.name == name:
            return classic(service_row(call, service))
    raise invented.no_service_named(name)


def get_details(call: Call) -> Response:
    """A service with everything in its active version and in one more.

    `version` is the one asked for or the newest, a draft too [go-fastly details_staged_filter].
    """
    service = call.service()
    asked = call.query.get("version")
    version = numbered(service, asked) if asked else service.newest
    row = service_row(call, service)
    active = service.active
    row["active_version"] = version_detail(service, active) if active else None
    row["version"] = version_detail(service, version)
    # The recordings show two oddities: without an active version nothing is left out, and
    # filter[versions.staged] is accepted and leaves nothing out either.
    if call.query.get("filter[versions.active]") == "true" and active:
        row["versions"] = [version_row(service, active)]
    return classic(row)


def list_service_domains(call: Call) -> Response:
    """The domains of the active version; without one, of the newest."""
    service = call.service()
    version = service.active or service.newest
    return classic(shown_all(BY_PLURAL["domains"], service.id, version))
