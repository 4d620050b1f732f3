"""Fastly's network: POPs, addresses, and what every POP answers for a URL."""

from datetime import UTC
from email.utils import format_datetime

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call, classic
from fastly_mcp.sandbox.edge import Address, Copy, Page, Served, address, content_hash
from fastly_mcp.sandbox.pops import POPS, Pop
from fastly_mcp.sandbox.state import Row


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
    """Request a URL at every POP and report what came back: see `edge` for what that changes."""
    url = call.query.get("url")
    if not url:
        raise invented.parameter_missing("url")
    where = address(url)
    service = call.world.service_at(where.host)
    if service is None:
        # The edge answers for every host, also for those it does not know.
        unknown = Copy(Page("", status=500, size=215), 0, call.now)
        served = [Served(pop, unknown, is_hit=False) for pop in POPS]
    else:
        served = call.world.edge.request(where, service.id, call.now)
    return classic([checked(call, where, at, each) for at, each in enumerate(served)])


def checked(call: Call, where: Address, at: int, served: Served) -> Row:
    pop, copy, is_hit = served
    return {
        "hash": content_hash(where, copy.content),
        "pop": pop.checked_as,
        "server": pop.server,
        "response_time": round(0.011 + 0.007 * at % 0.2 + (0 if is_hit else 0.38), 6),
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
            "headers": response_headers(call, where, pop, served),
            "status": copy.page.status,
        },
    }


def response_headers(call: Call, where: Address, pop: Pop, served: Served) -> dict[str, str]:
    """What the POP answered, with what Fastly adds for a request with `Fastly-Debug`."""
    copy = served.copy
    age = copy.age(call.now)
    x_cache = "HIT" if served.is_hit else "MISS"
    headers = {
        "accept-ranges": "bytes",
        "age": str(age),
        "cache-control": invented.CACHE_CONTROL,
        "content-length": str(copy.page.size),
        "content-type": copy.page.content_type,
        "date": format_datetime(call.now.astimezone(UTC), usegmt=True),
        "fastly-debug-digest": content_hash(where, 0) * 2,
        "fastly-debug-path": f"(D {pop.server} {int(call.now.timestamp())})",
        "fastly-debug-ttl": f"({x_cache[0]} {pop.server} 31536000.000 0.000 {age})",
        "via": "1.1 varnish",
        "x-cache": x_cache,
        "x-cache-hits": str(copy.hits),
        "x-served-by": pop.server,
        "x-timer": f"S{int(call.now.timestamp())}.000000,VS0,VE{1 if served.is_hit else 380}",
    }
    if copy.page.surrogate_keys:
        headers["surrogate-key"] = " ".join(copy.page.surrogate_keys)
    return headers
