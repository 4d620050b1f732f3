"""What follows from other rows in TLS: domains, authorizations, DNS records, who uses what.

Invented: the names and addresses that challenges and configurations tell; that an authorization is
`passing` once its subscription is issued. Recorded is that one is `pending` when it is new and
`blocked` when somebody looked and found nothing [go-fastly tls_subscription/compute/update.yaml].
"""

from collections.abc import Mapping
from functools import partial

from fastly_mcp.sandbox.state import Row, World, make_id

Rows = Mapping[str, Row]

DNS_RECORDS = {
    address: {"id": address, "record_type": record_type, "region": "global"}
    for address, record_type in (
        ("sandbox.sni.example", "CNAME"),
        ("192.0.2.132", "A"),
        ("198.51.100.132", "A"),
        ("2001:db8::132", "AAAA"),
    )
}


def dns_records(world: World) -> Rows:
    return DNS_RECORDS


def addresses(record_type: str) -> list[str]:
    return [row["id"] for row in DNS_RECORDS.values() if row["record_type"] == record_type]


def configurations(world: World) -> Rows:
    return {
        row["id"]: row | {"dns_records": list(DNS_RECORDS)}
        for row in world.collection("tls_configurations").values()
    }


def activated(collection: str, field: str, world: World) -> Rows:
    """Rows with the activations that name them in a field.

    That managed certificates are among the certificates is invented.
    """
    used: dict[str, list[str]] = {}
    for row in world.collection("tls_activations").values():
        if row[field]:
            used.setdefault(row[field], []).append(row["id"])
    return {
        row["id"]: row | {"tls_activations": used.get(row["id"], []), "in_use": row["id"] in used}
        for row in world.collection(collection).values()
    }


certificates = partial(activated, "tls_certificates", "tls_certificate")
mutual_authentications = partial(activated, "mutual_authentications", "mutual_authentication")


def private_keys(world: World) -> Rows:
    """A key is in use if a certificate has the same public key."""
    used = {row["public_key_sha1"] for row in world.collection("tls_certificates").values()}
    return {
        row["id"]: row | {"in_use": row["public_key_sha1"] in used}
        for row in world.collection("tls_private_keys").values()
    }


def domains(world: World) -> Rows:
    """Every name that a certificate, a subscription or an activation has."""
    found: dict[str, Row] = {}

    def name(domain: str, relation: str, row: Row) -> None:
        none: Row = {"tls_activations": [], "tls_certificates": [], "tls_subscriptions": []}
        found.setdefault(domain, {"id": domain, **none})[relation].append(row["id"])

    for relation in ("tls_certificates", "tls_subscriptions"):
        for row in world.collection(relation).values():
            for domain in row["tls_domains"]:
                name(domain, relation, row)
    for row in world.collection("tls_activations").values():
        name(row["tls_domain"], "tls_activations", row)
    for domain in found.values():
        domain["in_use"] = bool(domain["tls_activations"])
    return found


def subscriptions(world: World) -> Rows:
    return {
        row["id"]: row
        | {"tls_authorizations": [authorization_id(row, name) for name in row["tls_domains"]]}
        for row in world.collection("tls_subscriptions").values()
    }


def authorization_id(subscription: Row, domain: str) -> str:
    return make_id(f"{subscription['id']} {domain}")


def authorizations(world: World) -> Rows:
    """One for each domain of each subscription, with the ways to prove that it is one's own."""
    found = {}
    for subscription in world.collection("tls_subscriptions").values():
        is_checked = subscription["is_checked"]
        waiting = "blocked" if is_checked else "pending"
        for domain in subscription["tls_domains"]:
            row_id = authorization_id(subscription, domain)
            found[row_id] = {
                "id": row_id,
                "challenges": challenges(domain, row_id),
                "created_at": subscription["created_at"],
                "state": "passing" if subscription["state"] == "issued" else waiting,
                "updated_at": subscription["updated_at"],
                "warnings": [] if is_checked else None,
                "tls_domain": domain,
            }
    return found


def challenges(domain: str, row_id: str) -> list[Row]:
    """Of a wildcard, only DNS proves anything."""
    host = domain.removeprefix("*.")
    ways = [
        (
            "managed-dns",
            "CNAME",
            f"_acme-challenge.{host}",
            [f"{row_id.lower()[:18]}.validations.example"],
        ),
        ("managed-http-cname", "CNAME", domain, addresses("CNAME")),
        ("managed-http-a", "A", domain, addresses("A")),
    ]
    return [
        {"type": way, "record_type": record_type, "record_name": name, "values": values}
        for way, record_type, name, values in (ways[:1] if host != domain else ways)
    ]
