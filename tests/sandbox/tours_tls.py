"""Tours through TLS."""

from base64 import b64encode
from typing import Any

from tests.sandbox.driving import Tour

KEYS = "/tls/private_keys"
CERTIFICATES = "/tls/certificates"
BULK = "/tls/bulk/certificates"
ACTIVATIONS = "/tls/activations"
CONFIGURATIONS = "/tls/configurations"
SUBSCRIPTIONS = "/tls/subscriptions"
MUTUAL = "/tls/mutual_authentications"
ONE = "{id}"


def pem(label: str, text: str) -> str:
    """A placeholder: the sandbox takes one for a certificate or a key."""
    body = b64encode(text.encode()).decode()
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


CERTIFICATE = pem("CERTIFICATE", "toured")


def given(kind: str, attributes: dict[str, Any] | None = None, **related: Any) -> dict[str, Any]:
    """A body; of what is related to it, by name, there are types and ids."""

    def data(one: tuple[str, str]) -> dict[str, str]:
        return {"type": one[0], "id": one[1]}

    relationships = {
        name: {"data": [data(one) for one in each] if isinstance(each, list) else data(each)}
        for name, each in related.items()
    }
    document = {"type": kind, "attributes": attributes or {}, "relationships": relationships}
    return {"json": {"data": document}}


async def private_keys(tour: Tour) -> None:
    key = {"key": pem("PRIVATE KEY", "toured"), "name": "toured"}
    made = (await tour(f"POST {KEYS}", **given("tls_private_key", key)))["data"]
    await tour(f"GET {KEYS}")
    await tour(f"GET {KEYS}/{ONE}", made["id"])
    await tour(f"DELETE {KEYS}/{ONE}", made["id"])


async def certificates(tour: Tour) -> None:
    certificate = {"cert_blob": CERTIFICATE, "name": "toured"}
    made = (await tour(f"POST {CERTIFICATES}", **given("tls_certificate", certificate)))["data"]
    await tour(f"GET {CERTIFICATES}", params={"filter[in_use]": "false"})
    await tour(f"GET {CERTIFICATES}/{ONE}", made["id"])
    await tour(f"PATCH {CERTIFICATES}/{ONE}", made["id"], **given("tls_certificate", certificate))
    await tour(f"DELETE {CERTIFICATES}/{ONE}", made["id"])


async def bulk_certificates(tour: Tour) -> None:
    first = (await tour(f"GET {CONFIGURATIONS}"))["data"][0]["id"]
    blobs = {"cert_blob": CERTIFICATE, "intermediates_blob": CERTIFICATE}
    body = given("tls_bulk_certificate", blobs, tls_configurations=[("tls_configuration", first)])
    made = (await tour(f"POST {BULK}", **body))["data"]
    await tour(f"GET {BULK}")
    await tour(f"GET {BULK}/{ONE}", made["id"])
    await tour(f"PATCH {BULK}/{ONE}", made["id"], **given("tls_bulk_certificate", blobs))
    await tour(f"DELETE {BULK}/{ONE}", made["id"])


async def activations(tour: Tour) -> None:
    body = given("tls_certificate", {"cert_blob": CERTIFICATE})
    certificate = (await tour(f"POST {CERTIFICATES}", **body))["data"]
    domain = certificate["relationships"]["tls_domains"]["data"][0]["id"]
    certified = ("tls_certificate", certificate["id"])
    body = given("tls_activation", tls_certificate=certified, tls_domain=("tls_domain", domain))
    made = (await tour(f"POST {ACTIVATIONS}", **body))["data"]
    await tour(f"GET {ACTIVATIONS}")
    await tour("GET /tls/domains", params={"page[size]": 1})
    await tour(f"GET {ACTIVATIONS}/{ONE}", made["id"])
    body = given("tls_activation", tls_certificate=certified)
    await tour(f"PATCH {ACTIVATIONS}/{ONE}", made["id"], **body)
    await tour(f"DELETE {ACTIVATIONS}/{ONE}", made["id"])


async def configurations(tour: Tour) -> None:
    first = (await tour(f"GET {CONFIGURATIONS}"))["data"][0]["id"]
    await tour(f"GET {CONFIGURATIONS}/{ONE}", first)
    named = given("tls_configuration", {"name": "toured"})
    await tour(f"PATCH {CONFIGURATIONS}/{ONE}", first, **named)


async def subscriptions(tour: Tour) -> None:
    domains = [("tls_domain", "www.tour.example")]
    asked = {"certificate_authority": "lets-encrypt"}
    body = given("tls_subscription", asked, tls_domains=domains)
    made = (await tour(f"POST {SUBSCRIPTIONS}", **body))["data"]
    await tour(f"GET {SUBSCRIPTIONS}")
    await tour(f"GET {SUBSCRIPTIONS}/{ONE}", made["id"])
    force = {"params": {"force": "true"}}
    await tour(f"PATCH {SUBSCRIPTIONS}/{ONE}", made["id"], **body, **force)
    await tour(f"DELETE {SUBSCRIPTIONS}/{ONE}", made["id"])
    await tour(f"DELETE {SUBSCRIPTIONS}/{ONE}", made["id"])


async def mutual_authentications(tour: Tour) -> None:
    body = given("mutual_authentication", {"cert_bundle": CERTIFICATE, "enforced": False})
    made = (await tour(f"POST {MUTUAL}", **body))["data"]
    await tour(f"GET {MUTUAL}")
    await tour(f"GET {MUTUAL}/{ONE}", made["id"])
    named = given("mutual_authentication", {"name": "toured"})
    await tour(f"PATCH {MUTUAL}/{ONE}", made["id"], **named)
    await tour(f"DELETE {MUTUAL}/{ONE}", made["id"])


TOURS = (
    private_keys,
    certificates,
    bulk_certificates,
    activations,
    configurations,
    subscriptions,
    mutual_authentications,
)
