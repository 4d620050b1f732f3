"""Domain management: domains that live beside the versions' own lists."""

import re

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import JSON, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page
from fastly_mcp.sandbox.state import Row, stamp_with_fraction

FQDN = re.compile(r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{1,62}")


def fill(row: Row, _: object) -> Row:
    """A domain as a seed gives it. Raises ValueError for one that is no name."""
    fqdn = row["fqdn"].lower()
    if not FQDN.fullmatch(fqdn):
        raise ValueError("fqdn must be a domain's name")
    return row | {"fqdn": fqdn}


def invalid(field: str, detail: str) -> errors.FastlyError:
    """JSON:API's errors, but sent as application/json [go-fastly domainmanagement/]."""
    return errors.json_api(400, f"Invalid value for {field}", detail, media_type=JSON)


def list_domains(call: Call) -> Response:
    """Domains by cursor; `fqdn` is looked for inside the name unless `fqdn_match` is exact.

    It is no service endpoint, so a token that is limited to services sees all of them.
    """
    fqdn = call.query.get("fqdn", "").lower()
    is_exact = call.query.get("fqdn_match") == "exact"
    rows = [
        row
        for row in call.world.collection("domains").values()
        if (row["fqdn"] == fqdn if is_exact else fqdn in row["fqdn"])
        and call.query.get("service_id") in {None, row["service_id"]}
        and call.query.get("activated") in {None, str(row["activated"]).lower()}
        and call.query.get("verified") in {None, str(row["verified"]).lower()}
    ]
    rows.sort(key=lambda row: str(row["fqdn"]), reverse=call.query.get("sort") == "-fqdn")
    page, limit, cursor = cursor_page(call, rows)
    meta: Row = {"limit": limit, "total": len(rows)}
    if cursor:
        meta["next_cursor"] = cursor
    return newer({"data": page, "meta": meta})


def create_domain(call: Call) -> Response:
    given = call.given()
    fqdn = str(given.get("fqdn") or "").lower()
    if not FQDN.fullmatch(fqdn):
        raise invalid("fqdn", "fqdn is no domain name")
    rows = call.world.collection("domains")
    if any(row["fqdn"] == fqdn for row in rows.values()):
        raise invalid("fqdn", "fqdn has already been taken")
    service_id = _service_id(call, given)
    at = stamp_with_fraction(call.now)
    row: Row = {
        "id": call.world.new_id(),
        "fqdn": fqdn,
        "service_id": service_id,
        "activated": service_id is not None,
        "verified": False,
        "description": _description(given),
        "created_at": at,
        "updated_at": at,
    }
    rows[row["id"]] = row
    return newer(row, 201)


def _service_id(call: Call, given: Row) -> str | None:
    service_id = given.get("service_id")
    if service_id is None:
        return None
    service = call.world.services.get(str(service_id))
    if service is None or service.deleted_at:
        raise invalid("service_id", "service_id names no service")
    return service.id


def _description(given: Row) -> str:
    description = given.get("description") or ""
    if not isinstance(description, str):
        raise invalid("description", "description is no text")
    return description


def _find(call: Call) -> Row:
    row = call.world.collection("domains").get(call.params["domain_id"])
    if row is None:
        raise errors.json_api(404, "Domain not found", media_type=JSON)
    return row


def get_domain(call: Call) -> Response:
    return newer(_find(call))


def update_domain(call: Call) -> Response:
    """The service and the description can be changed, the name cannot."""
    row, given = _find(call), call.json_object()
    changed: Row = {"updated_at": stamp_with_fraction(call.now)}
    if "service_id" in given:
        service_id = _service_id(call, given)
        changed |= {"service_id": service_id, "activated": service_id is not None}
    if "description" in given:
        changed["description"] = _description(given)
    call.world.collection("domains")[row["id"]] = row | changed
    return newer(row | changed)


def delete_domain(call: Call) -> Response:
    """Not while a subscription has its name [terraform-provider-fastly#1141]."""
    row = _find(call)
    linked = [
        str(each["id"])
        for each in call.world.collection("tls_subscriptions").values()
        if row["fqdn"] in each["tls_domains"]
    ]
    if linked:
        raise invalid(
            "subscriptions",
            "This domain is linked to the following Fastly-managed TLS subscription(s): "
            f"{', '.join(linked)}. Remove the subscription(s) before deleting this domain.",
        )
    del call.world.collection("domains")[row["id"]]
    return newer_nothing()


def get_status(call: Call) -> Response:
    """Whether a name could be bought: here every name under example is taken."""
    domain = call.query.get("domain", "").lower()
    if not FQDN.fullmatch(domain):
        raise errors.problem(400, "Domain not found", domain)
    zone = domain.rpartition(".")[2]
    taken = zone == "example"
    return newer(
        {
            "domain": domain,
            "zone": zone,
            "status": "active" if taken else "undelegated inactive",
            "tags": "generic",
            "scope": call.query.get("scope", "precise"),
            "offers": [{"vendor": "registrar.example", "currency": "USD", "price": "12.00"}],
        },
        media_type="application/json; charset=utf-8",
    )


def suggest(call: Call) -> Response:
    """Names like the one asked for."""
    word = re.sub(r"[^a-z0-9-]", "", call.query.get("query", "").lower()) or "sandbox"
    return newer(
        {
            "results": [
                {"domain": f"{word}.{zone}", "subdomain": f"{word}.", "zone": zone}
                for zone in ("example", "test")
            ]
        },
        media_type="application/json; charset=utf-8",
    )
