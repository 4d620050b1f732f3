"""Fastly's network: POPs, addresses, and what every POP answers for a URL."""

from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.edge.cache import Address, Hop, Served, address, content_hash
from fastly_mcp.sandbox.edge.pages import BODILESS, Page
from fastly_mcp.sandbox.edge.pops import POPS, Pop
from fastly_mcp.sandbox.state import Row, Service


def list_datacenters(call: Call) -> Response:
    """All POPs; `shield` is absent, not null, where a POP is no shield."""
    rows = []
    for pop in POPS:
        row: Row = {
            "code": pop.code,
            "name": pop.name,
            "group": pop.group,
            "region": pop.region,
            "stats_region": pop.stats_region,
            "billing_region": pop.billing_region,
            "coordinates": {
                "x": 0,
                "y": 0,
                "latitude": pop.latitude,
                "longitude": pop.longitude,
            },
        }
        if pop.is_shield:
            row["shield"] = pop.label
        rows.append(row)
    return classic(rows)


def list_addresses(call: Call) -> Response:
    """The networks Fastly fetches from; here the blocks set aside for documentation."""
    return classic(
        {
            "addresses": ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
            "ipv6_addresses": ["2001:db8:1::/48", "2001:db8:2::/48"],
        }
    )


def edge_check(call: Call) -> Response:
    """Request a URL at every POP and report what came back: see `cache` for what that changes."""
    url = call.query.get("url")
    if not url:
        raise invented.parameter_missing("url")
    # Reading as it is, it counts against a limit and fills caches.
    call.sandbox.changes += 1
    if not call.world.limits.edge_checks().spend(call.now):
        raise errors.over_the_limit()
    where = address(url)
    service = call.world.service_at(where.host)
    if service is None:
        # The edge answers for every host, also for those it does not know.
        unknown = Page("", (), 500, size=215)
        served = [
            Served(pop, unknown, 0, 0, (Hop(pop.server, is_hit=False, hits=0),), unknown.ttl)
            for pop in POPS
        ]
    else:
        served = call.world.edge.visit(
            where, service.id, call.now.timestamp(), shield=shield_of(service)
        )
    return classic([_checked(call, where, at, each) for at, each in enumerate(served)])


def shield_of(service: Service) -> Pop | None:
    """The POP that the active version's first shielded backend is fetched through."""
    for row in service.rows("backends"):
        for pop in POPS:
            if row["shield"] == pop.label:
                return pop
    return None


def _checked(call: Call, where: Address, at: int, served: Served) -> Row:
    pop = served.pop
    return {
        "hash": content_hash(where, served.edition),
        "pop": pop.checked_as,
        "server": pop.server,
        "response_time": round(0.011 + 0.007 * at % 0.2 + (0 if served.is_hit else 0.38), 6),
        "request": {
            "headers": {
                "Expect": "",
                "Fastly-Debug": 1,
                "Host": where.host,
                "User-Agent": "Fastly/cache-check",
            },
            "method": None,
            "url": None,
        },
        "response": {
            "headers": response_headers(call.now, where, served, is_debugged=True),
            "status": served.page.status,
        },
    }


def response_headers(
    now: datetime, where: Address, served: Served, *, is_debugged: bool
) -> dict[str, str]:
    """What the edge answers a visitor; with `Fastly-Debug`, the keys and a little more."""
    page, pop, own = served.page, served.pop, served.hops[-1]
    # HTTP has no length for what never has a body.
    length = {} if page.status in BODILESS else {"content-length": str(page.size)}
    letter, epoch = "H" if own.is_hit else "M", int(now.timestamp())
    headers = {
        "accept-ranges": "bytes",
        "age": str(served.age),
        "cache-control": page.cache_control,
        **length,
        "content-type": page.content_type,
        "date": format_datetime(now.astimezone(UTC), usegmt=True),
        "via": ", ".join(["1.1 varnish"] * len(served.hops)),
        "x-cache": ", ".join("HIT" if hop.is_hit else "MISS" for hop in served.hops),
        "x-cache-hits": ", ".join(str(hop.hits) for hop in served.hops),
        "x-served-by": ", ".join(hop.server for hop in served.hops),
        "x-timer": f"S{epoch}.000000,VS0,VE{1 if own.is_hit else 380}",
    } | page.headers
    if is_debugged:
        headers |= {
            "fastly-debug-digest": content_hash(where, 0) * 2,
            "fastly-debug-path": f"(D {pop.server} {epoch})",
            "fastly-debug-ttl": f"({letter} {pop.server} {served.ttl:.3f} "
            f"{page.stale_while_revalidate}.000 {served.age})",
        }
        # The edge takes the keys off unless the request asks to be debugged.
        if page.surrogate_keys:
            headers["surrogate-key"] = " ".join(page.surrogate_keys)
    else:
        # Taken off too [community.fastly.com, 685]; that debugging shows it is invented.
        headers.pop("surrogate-control", None)
    return headers
