"""Services: the delivery and Compute services of the account."""

from math import ceil
from typing import Annotated, Any

from pydantic import Field

from fastly_mcp.api.answers import shaped
from fastly_mcp.api.paths import meant
from fastly_mcp.api.services import PER_PAGE, Service
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Fastly, Result, ServiceRef, Toolset

toolset = Toolset("services", "List and inspect services.")

# What is shown one by one, and how many; of more, `counts` tells the number.
SHOWN = {"domains": 50, "backends": 20}
COMMENTS = 600  # characters for the comments of one page of services together


class ServiceRow(Result):
    """One service of a list."""

    id: str
    name: str
    type: str
    active_version: int | None
    updated_at: str | None
    paused: bool | None = None
    comment: str = ""


class ServiceList(Result):
    """One page of services."""

    services: list[ServiceRow]
    pages: int | None = None
    next_page: int | None = None


class VersionFacts(Result):
    """One version.

    Fastly records no time of activation; `active_since` is the active version's `updated_at`,
    which is its activation unless its comment was changed later.
    """

    number: int
    locked: bool
    comment: str = ""
    updated_at: str | None = None
    active_since: str | None = None


class Backend(Result):
    """An origin server."""

    name: str
    address: str
    port: int | None = None
    shield: str = ""
    healthcheck: str = ""


class ServiceDetails(Result):
    """One service. Domains to counts are the active version's, or the newest's if none is active;
    the newest version is left out when it is the active one.
    """  # noqa: D205  # one sentence, too long for one line

    id: str
    name: str
    type: str
    comment: str = ""
    active_version: VersionFacts | None
    newest_version: VersionFacts | None = None
    domains: list[str]
    backends: list[Backend]
    default_ttl: int | None = None
    stale_if_error: bool | None = None
    stale_if_error_ttl: int | None = None
    counts: dict[str, int] = {}


@toolset.read("List services")
async def list_services(
    fastly: Fastly,
    query: Annotated[
        str, Field(max_length=255, description="Part of a name or id, or a domain")
    ] = "",
    page: Annotated[int, Field(ge=1, le=100_000)] = 1,
    per_page: Annotated[int, Field(ge=1, le=PER_PAGE)] = PER_PAGE,
) -> ServiceList:
    """List the account's services, or those that match a query."""
    allowed = (await fastly.grant()).services
    if not query and allowed is None:
        services, pages = await fastly.services.page(page, per_page)
    else:
        found = await _matching(fastly, query)
        if allowed is not None:
            found = [service for service in found if service.id in allowed]
        services = found[(page - 1) * per_page : page * per_page]
        pages = ceil(len(found) / per_page)
    return ServiceList(
        services=[_row(service, COMMENTS // len(services)) for service in services],
        pages=pages if pages > 1 else None,
        next_page=page + 1 if page < pages else None,
    )


@toolset.read("Inspect a service")
async def get_service(fastly: Fastly, service: ServiceRef) -> ServiceDetails:
    """Inspect one service: versions, domains, backends, TTLs."""
    found = await fastly.details(service)
    with shaped():
        return _details(found)


async def _matching(fastly: Fastly, query: str) -> list[Service]:
    services = await fastly.services.all()
    part = meant(query).lower().rstrip(".")
    found = [s for s in services if part in s.name.lower() or part in s.id.lower()]
    if "." not in part:
        return found
    serving = await fastly.services.serving(part)
    return found + [service for service in serving if service not in found]


def _row(service: Service, longest: int) -> ServiceRow:
    return ServiceRow(
        id=service.id,
        name=service.name,
        type=service.type,
        active_version=service.active_version,
        updated_at=service.updated_at,
        paused=service.paused or None,
        comment=cut(_comment(service.comment), longest),
    )


def _details(row: dict[str, Any]) -> ServiceDetails:
    active = row["active_version"]
    newest = max(row["versions"], key=lambda version: version["number"], default=None)
    config = active or row["version"]
    settings = config.get("settings") or {}
    return ServiceDetails(
        id=row["id"],
        name=row["name"],
        type=row["type"],
        comment=_comment(row["comment"]),
        active_version=VersionFacts(**_version(active), active_since=active["updated_at"])
        if active
        else None,
        newest_version=VersionFacts(**_version(newest), updated_at=newest["updated_at"])
        if newest and not (active and active["number"] == newest["number"])
        else None,
        domains=[domain["name"] for domain in config["domains"][: SHOWN["domains"]]],
        backends=[
            Backend(
                name=backend["name"],
                address=backend["address"],
                port=backend.get("port"),
                shield=backend.get("shield") or "",
                healthcheck=backend.get("healthcheck") or "",
            )
            for backend in config["backends"][: SHOWN["backends"]]
        ],
        default_ttl=settings.get("general.default_ttl"),
        stale_if_error=settings.get("general.stale_if_error"),
        stale_if_error_ttl=settings.get("general.stale_if_error_ttl"),
        counts={
            kind: len(objects)
            for kind, objects in config.items()
            if isinstance(objects, list)
            and len(objects) > SHOWN.get(kind, 0)
            and kind != "environments"  # where the version runs: no object of it
        },
    )


def _version(version: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": version["number"],
        "locked": version["locked"],
        "comment": _comment(version["comment"]),
    }


def _comment(text: str | None) -> str:
    # Made visible before it is cut: one hidden character is nine visible ones.
    return cut(visible(text or ""))
