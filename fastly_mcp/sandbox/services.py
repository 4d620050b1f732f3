"""Services and their versions."""

from urllib.parse import urlencode

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call, classic, numbered
from fastly_mcp.sandbox.objects import DETAILS
from fastly_mcp.sandbox.state import Row, Service, Version

SORTS = {"created": "created_at", "updated": "updated_at", "name": "name", "id": "id"}


def environments(service: Service, version: Version | None) -> list[Row]:
    """Where a version is deployed; the sandbox knows production only."""
    if version is None or not version.active:
        return []
    return [{"name": "production", "service_id": service.id, "active_version": version.number}]


def version_row(service: Service, version: Version) -> Row:
    return {
        "number": version.number,
        "service_id": service.id,
        "active": version.active,
        "locked": version.locked,
        "deployed": False,
        "staging": False,
        "testing": False,
        "comment": version.comment,
        "created_at": version.created_at,
        "updated_at": version.updated_at,
        "deleted_at": None,
        "environments": environments(service, version),
    }


def service_row(call: Call, service: Service) -> Row:
    """What every answer about a service has, all its versions included."""
    return {
        "id": service.id,
        "name": service.name,
        "type": service.type,
        "customer_id": call.world.customer["id"],
        "comment": service.comment,
        "created_at": service.created_at,
        "updated_at": service.updated_at,
        "deleted_at": None,
        "environments": environments(service, service.active),
        "versions": [version_row(service, version) for version in service.versions],
    }


def version_detail(service: Service, version: Version) -> Row:
    row = version_row(service, version)
    row |= {kind: version.objects.get(kind, []) for kind in DETAILS[service.type]}
    if service.type == "vcl":
        row["settings"] = version.settings
    return row


def list_services(call: Call) -> Response:
    page = call.number("page", 1)
    per_page = call.number("per_page", 20, invented.PER_PAGE_LIMIT)
    found = [each for each in call.world.services.values() if call.token.covers(each.id)]
    field = SORTS.get(call.query.get("sort", ""), "created_at")
    found.sort(
        key=lambda service: (getattr(service, field), service.id),
        reverse=call.query.get("direction") == "descend",
    )
    rows = []
    for service in found[(page - 1) * per_page : page * per_page]:
        # Recorded: the active version, even if a draft is newer.
        number = (service.active or service.newest).number
        rows.append(service_row(call, service) | {"paused": service.paused, "version": number})
    last = max(1, -(-len(found) // per_page))
    return classic(rows, headers=link_header(call, page, per_page, last))


def link_header(call: Call, page: int, per_page: int, last: int) -> dict[str, str]:
    """The Link header as recorded: last, next, prev, first, and none for a single page."""
    pages: dict[str, int] = {}
    if page < last:
        pages |= {"last": last, "next": page + 1}
    if page > 1:
        pages |= {"prev": page - 1, "first": 1}
    if last == 1 or not pages:
        return {}
    links = []
    for rel, number in pages.items():
        query = {
            "direction": call.query.get("direction", "ascend"),
            "page": number,
            "per_page": per_page,
            "sort": call.query.get("sort", "created"),
        }
        links.append(f'<https://api.fastly.com/service?{urlencode(query)}>; rel="{rel}"')
    return {"Link": ", ".join(links)}


def get_service(call: Call) -> Response:
    service = call.service()
    return classic(service_row(call, service) | {"paused": service.paused, "publish_key": ""})


def search_service(call: Call) -> Response:
    """One service by its exact name: an object, not a list."""
    name = call.query.get("name")
    if not name:
        raise invented.parameter_missing("name")
    for service in call.world.services.values():
        if service.name == name and call.token.covers(service.id):
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
    return classic((service.active or service.newest).objects["domains"])


def list_versions(call: Call) -> Response:
    service = call.service()
    return classic([version_row(service, version) for version in service.versions])


def get_version(call: Call) -> Response:
    return classic(version_row(call.service(), call.version()))


def get_active_version(call: Call) -> Response:
    service = call.service()
    if service.active is None:
        raise invented.no_such_version(service.id, "active")
    return classic(version_row(service, service.active))


def list_domains(call: Call) -> Response:
    return classic(call.version().objects["domains"])


def list_backends(call: Call) -> Response:
    return classic(call.version().objects["backends"])


def get_settings(call: Call) -> Response:
    version = call.version()
    return classic(version.settings | {"service_id": call.service().id, "version": version.number})
