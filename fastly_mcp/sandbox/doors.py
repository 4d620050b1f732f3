"""Doors that Fastly does not have, for showing and testing: all under `/_sandbox/`."""

from starlette.responses import JSONResponse, Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.edge import Address, address
from fastly_mcp.sandbox.state import Row


def asked_address(call: Call) -> Address:
    url = call.query.get("url")
    if not url:
        raise invented.parameter_missing("url")
    return address(url)


def look_at_edge(call: Call) -> Response:
    """What each POP holds of a URL; looking changes nothing."""
    where = asked_address(call)
    service = call.world.service_at(where.host)
    pops = []
    for pop, copy in call.world.edge.copies(where):
        row: Row = {"pop": pop.checked_as, "state": "absent", "age": None, "surrogate_keys": []}
        if copy:
            row["state"] = "stale" if copy.stale else "fresh"
            row["age"] = copy.age(call.now)
            row["surrogate_keys"] = copy.page.surrogate_keys
        pops.append(row)
    return JSONResponse(
        {"url": where.url, "service_id": service.id if service else None, "pops": pops}
    )


def request_url(call: Call) -> Response:
    """A visitor at every POP asks for a URL, which fills them all."""
    where = asked_address(call)
    service = call.world.service_at(where.host)
    if service:
        call.world.edge.request(where, service.id, call.now)
    return look_at_edge(call)


def reset(call: Call) -> Response:
    """Start over: every purge undone, every token unused."""
    call.sandbox.start_over()
    return JSONResponse({"status": "ok"})
