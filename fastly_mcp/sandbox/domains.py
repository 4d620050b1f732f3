"""Domain management: domains that live beside the versions' own lists."""

from dataclasses import asdict

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.calls import Call, resource


def list_domains(call: Call) -> Response:
    """Domains by cursor; `fqdn` is looked for inside the name unless `fqdn_match` is exact.

    It is no service endpoint, so a token that is limited to services sees all of them.
    """
    limit = call.number("limit", 20, 100)
    cursor = call.query.get("cursor") or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise errors.invalid_value("cursor")
    fqdn = call.query.get("fqdn", "").lower()
    is_exact = call.query.get("fqdn_match") == "exact"
    rows = [
        asdict(domain)
        for domain in call.world.domains
        if (domain.fqdn == fqdn if is_exact else fqdn in domain.fqdn)
        and call.query.get("service_id") in {None, domain.service_id}
        and call.query.get("activated") in {None, str(domain.activated).lower()}
        and call.query.get("verified") in {None, str(domain.verified).lower()}
    ]
    rows.sort(key=lambda row: str(row["fqdn"]), reverse=call.query.get("sort") == "-fqdn")
    start, end = int(cursor), int(cursor) + limit
    meta: dict[str, int | str] = {"limit": limit, "total": len(rows)}
    if end < len(rows):
        meta["next_cursor"] = str(end)
    return resource({"data": rows[start:end], "meta": meta})
