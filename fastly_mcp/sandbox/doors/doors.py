"""The doors: look behind the edge, move the clock, plan a fault, start over."""

from collections import Counter
from dataclasses import asdict, fields
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse, Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.doors.faults import KINDS, Fault
from fastly_mcp.sandbox.edge.cache import Address, address
from fastly_mcp.sandbox.edge.network import shield_of
from fastly_mcp.sandbox.errors import bad_request
from fastly_mcp.sandbox.state import FARTHEST, Row, Service, stamp

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
OF_USE = frozenset({"last_used_at", "ip", "user_agent", "sudo_expires_at"})
"""What a token keeps of its use."""


def asked_address(call: Call) -> Address:
    url = call.query.get("url")
    if not url:
        raise invented.parameter_missing("url")
    return address(url)


def look_at_edge(call: Call) -> Response:
    """What each POP holds of a URL, and how often its origin was asked; looking changes nothing."""
    where = asked_address(call)
    service = call.world.service_at(where.host)
    edge, now = call.world.edge, call.now.timestamp()
    page = edge.page(where, service.id if service else "")
    held, pops = edge.held.get(str(where), {}), []
    for pop, state in edge.copies(where, page.service_id, now):
        copy = held.get(pop.code) if state != "absent" else None
        pops.append(
            {
                "pop": pop.checked_as,
                "state": state,
                "age": max(0, int(now - copy.filled_at)) if copy else None,
                "edition": copy.edition if copy else None,
                "surrogate_keys": list(page.surrogate_keys) if copy else [],
            }
        )
    return JSONResponse(
        {
            "url": where.url,
            "service_id": service.id if service else None,
            "origin_fetches": edge.fetches.get(str(where), 0),
            "states": dict(Counter(row["state"] for row in pops)),
            "pops": pops,
        }
    )


def request_url(call: Call) -> Response:
    """A visitor at every POP asks for a URL, which fills them all."""
    where = asked_address(call)
    service = call.world.service_at(where.host)
    if service:
        call.world.edge.visit(where, service.id, call.now.timestamp(), shield=shield_of(service))
    return look_at_edge(call)


def reset(call: Call) -> Response:
    """Start over: every change undone, the clock set right, faults forgotten."""
    call.sandbox.start_over()
    return JSONResponse({"status": "ok"})


def get_clock(call: Call) -> Response:
    return JSONResponse({"now": stamp(call.now), "offset": call.world.clock_offset})


def set_clock(call: Call) -> Response:
    """Move time by `advance` (seconds, or "90m", "2h", "7d"), or set it to `now`."""
    given = call.json_object()
    if len(given) != 1:
        raise bad_request('Give either "advance" or "now"')
    try:
        if "now" in given:
            there = datetime.fromisoformat(str(given["now"]))
            there = there if there.tzinfo else there.replace(tzinfo=UTC)
            moved = (there - call.now).total_seconds()
        else:
            moved = _seconds(str(given["advance"]))
    except (KeyError, ValueError, OverflowError):
        raise bad_request('Give "advance" as 90, "90m", "2h" or "7d", or "now" as a time') from None
    offset = call.world.clock_offset + moved
    if not -FARTHEST <= offset <= FARTHEST:
        raise bad_request("The clock can be moved by at most ten years")
    call.world.clock_offset = offset
    return get_clock(call)


def _seconds(text: str) -> float:
    unit = UNITS.get(text[-1:])
    return float(text[:-1]) * unit if unit else float(text)


def get_log(call: Call) -> Response:
    """The requests seen, oldest first; of tokens their names, never their values."""
    return JSONResponse({"requests": list(call.sandbox.log)})


def get_purges(call: Call) -> Response:
    """The purges that were accepted, oldest first."""
    return JSONResponse({"purges": [asdict(purge) for purge in call.world.purges]})


def get_digest(call: Call) -> Response:
    """A hash over all configuration: the same before and after means that nothing was changed.

    It leaves out what reading changes too: caches, counters, and when a token was last used.
    """
    world = call.world
    configuration = {
        "customer": world.customer,
        "users": world.users,
        "tokens": [
            {name: value for name, value in asdict(token).items() if name not in OF_USE}
            for token in world.tokens.values()
        ],
        "limits": {name: value for name, value in asdict(world.limits).items() if name != "counts"},
        "services": {service_id: _told(each) for service_id, each in world.services.items()},
        "collections": {name: rows for name, rows in world.collections.items() if rows},
    }
    return JSONResponse({"digest": invented.digest(configuration)})


def _told(service: Service) -> Row:
    """A service without empty places: they only tell that something was there once."""
    told = asdict(service)
    told["members"] = {each: rows for each, rows in service.members.items() if rows}
    for version in told["versions"]:
        version["objects"] = {kind: rows for kind, rows in version["objects"].items() if rows}
    return told


def get_faults(call: Call) -> Response:
    waiting = [asdict(fault) for fault in call.sandbox.faults.waiting]
    return JSONResponse({"faults": waiting, "kinds": KINDS})


def plan_fault(call: Call) -> Response:
    """Plan a fault: `kind`, and where: `method`, `path` (a pattern), `count`."""
    given = call.json_object()
    known = {field.name for field in fields(Fault)}
    if unknown := given.keys() - known:
        raise bad_request(f"A fault has no {', '.join(sorted(unknown))}; it has {sorted(known)}")
    try:
        fault = TypeAdapter(Fault).validate_python(given)
    except ValidationError as error:
        first: Row = dict(error.errors(include_url=False, include_input=False)[0])
        why = str(first["msg"]).removeprefix("Value error, ")
        raise bad_request(f"{first['loc'][0]}: {why}") from None
    call.sandbox.faults.waiting.append(fault)
    return get_faults(call)


def forget_faults(call: Call) -> Response:
    call.sandbox.faults.waiting.clear()
    return get_faults(call)
