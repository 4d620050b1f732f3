"""Looking at what a change would hit, as closely as it takes to decide and to tell a person."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from fastly_mcp.api.answers import shaped
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.paths import CachedURL, host_of
from fastly_mcp.api.services import Service
from fastly_mcp.errors import APIError
from fastly_mcp.guard.changes import Change, Hit, Kind, Write
from fastly_mcp.scopes import Scope

HOURS = 2  # of traffic that are looked at; the last one may not be counted to its end


async def look(
    fastly: Connection,
    kind: Kind,
    services: Sequence[Service],
    targets: tuple[str, ...],
    *,
    soft: bool,
    closely: bool,
    lately: frozenset[str] = frozenset(),
    write: Write | None = None,
) -> Change:
    """Return the change, with what the grant lets be known of it.

    `closely` asks for the domains and the active version as they are now, for the services URLs
    belong to, and for what the origin will feel. Of the hosts purged `lately` only the service is
    asked for.
    """
    hosts = tuple(host_of(CachedURL(url)) for url in targets) if kind == "url" else ()
    owners: dict[str, str] = {}
    feels = ""
    may_look = (await fastly.grant()).permits(Scope.GLOBAL_READ)
    hits = [_known(service, may_look=may_look) for service in services]
    # What Fastly could not tell a moment ago is not asked for again.
    if closely and may_look and not any(hit.is_lost for hit in hits):
        owners = await fastly.services.owners(lately.union(hosts)) if hosts else {}
        ids = {owners[host] for host in hosts if host in owners}
        ids |= {service.id for service in services}
        hits = [await _looked_at(fastly, service_id) for service_id in sorted(ids)]
        if kind in {"all", "key"} and not soft:
            feels = await _feels(fastly, hits[0])
    return Change(
        kind=kind,
        hits=tuple(hits),
        targets=targets,
        soft=soft,
        hosts=hosts,
        owners=owners,
        feels=feels,
        write=write,
    )


def _known(service: Service, *, may_look: bool) -> Hit:
    return Hit(
        service_id=service.id,
        service_name=service.name,
        active_version=service.active_version,
        is_lost=may_look and not service.name,
    )


async def _looked_at(fastly: Connection, service_id: str) -> Hit:
    details = await fastly.details(service_id)
    with shaped():
        active = details["active_version"] or {}
        domains = {row["name"] for row in active.get("domains") or ()}
        managed = await fastly.services.managed_by(service_id)
        domains |= set(managed or ())
        return Hit(
            service_id=details["id"],
            service_name=details["name"],
            domains=tuple(sorted(domains)),
            knows_domains=managed is not None,
            active_version=active.get("number"),
            shields=tuple(
                sorted({row.get("shield") or "" for row in active.get("backends") or ()} - {""})
            ),
            is_stale_on_error=bool((active.get("settings") or {}).get("general.stale_if_error")),
        )


async def _feels(fastly: Connection, hit: Hit) -> str:
    """Say in a line what an empty cache means for a service's origin, if it can be known."""
    since = datetime.now(UTC) - timedelta(hours=HOURS)
    try:
        data = await fastly.get(
            "/stats/service/{service_id}",
            {"from": int(since.timestamp()), "by": "minute"},
            service_id=hit.service_id,
        )
        with shaped():
            rows = data["data"]
            requests = sum(row["requests"] for row in rows)
            hits = sum(row["hits"] for row in rows)
            seconds = 60 * len(rows)
    except APIError:
        # It is only told to the person who decides, who can do so without.
        return ""
    parts = []
    if requests and seconds:
        share = hits / requests
        parts.append(f"{requests / seconds:.3g} requests/s now, {share:.0%} of them from cache")
        if share:
            parts.append(
                f"until the cache is warm the origin gets up to {1 / max(1 - share, 0.001):.0f} "
                "times as many"
            )
    shields = ", ".join(hit.shields)
    parts.append(f"behind the shield {shields}" if shields else "no shield")
    parts.append(f"stale-if-error is {'on' if hit.is_stale_on_error else 'off'}")
    return "; ".join(parts)
