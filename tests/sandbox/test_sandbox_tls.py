"""TLS: certificates and keys in PEM, what is in use, what is managed, and JSON:API's lists."""

from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

CONFIGURATION = "rDiePsJjdvJLYjJIQ4NxtM"
SHOP = "7hBIHXKtfVnsWxQjXL8pKw"
ISSUED, PENDING = "ttoWgnxH9wfD3UwAX98dA8", "fld76Luj86RKQEkprsl3N9"
# Made for these tests: a key on P-256, a certificate for events.larkspur.example and all below it,
# and one for the same key that has no name but its common one.
KEY = """\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0xr7nXBVgJwPZuLY
kKJD6IcjjXnsj5gRrsCftM4WxS+hRANCAARxMGJ4kD2cAI/EVB9hQzYnFbZwZ+bZ
Nm8mrckxMww/ilJ8e873VbGgO6HunC50oQzYUTBrzI79n/9NSfYYSyuB"""
CERTIFICATE = """\
MIICBDCCAaqgAwIBAgICEmcwCgYIKoZIzj0EAwIwQDEcMBoGA1UECgwTTGFya3Nw
dXIgT3V0Zml0dGVyczEgMB4GA1UEAwwXZXZlbnRzLmxhcmtzcHVyLmV4YW1wbGUw
HhcNMjYxMTI1MDQzMzQ3WhcNMzYxMTIyMDQzMzQ3WjBAMRwwGgYDVQQKDBNMYXJr
c3B1ciBPdXRmaXR0ZXJzMSAwHgYDVQQDDBdldmVudHMubGFya3NwdXIuZXhhbXBs
ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHEwYniQPZwAj8RUH2FDNicVtnBn
5tk2byatyTEzDD+KUnx7zvdVsaA7oe6cLnShDNhRMGvMjv2f/01J9hhLK4GjgZMw
gZAwHQYDVR0OBBYEFBoLUjEEkbv9OsDhuvo65J+lNr2/MB8GA1UdIwQYMBaAFBoL
UjEEkbv9OsDhuvo65J+lNr2/MA8GA1UdEwEB/wQFMAMBAf8wPQYDVR0RBDYwNIIX
ZXZlbnRzLmxhcmtzcHVyLmV4YW1wbGWCGSouZXZlbnRzLmxhcmtzcHVyLmV4YW1w
bGUwCgYIKoZIzj0EAwIDSAAwRQIgIA1Y5JyZx9XpdNTaZP0j6KdyWsKFLsME31yP
wtqtVDgCIQCs8C9puQ/bA4uNNJQnL2hj4LfmKLlMzMV1i3Q6WlnprQ=="""
NAMELESS = """\
MIIBijCCATCgAwIBAgIBDDAKBggqhkjOPQQDAjAkMSIwIAYDVQQDDBluYW1lbGVz
cy5sYXJrc3B1ci5leGFtcGxlMB4XDTI2MTEyNTA0MzM0N1oXDTM2MTEyMjA0MzM0
N1owJDEiMCAGA1UEAwwZbmFtZWxlc3MubGFya3NwdXIuZXhhbXBsZTBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABHEwYniQPZwAj8RUH2FDNicVtnBn5tk2byatyTEz
DD+KUnx7zvdVsaA7oe6cLnShDNhRMGvMjv2f/01J9hhLK4GjUzBRMB0GA1UdDgQW
BBQaC1IxBJG7/TrA4br6OuSfpTa9vzAfBgNVHSMEGDAWgBQaC1IxBJG7/TrA4br6
OuSfpTa9vzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQCpRhp5
38KJe4rAYFv0R238sumUkD3W7iuOY0LRvvRnwgIgbN+/xDnA8E0Qnc7l0Z09AZ/J
w4kKUuF7mPgNnlfZrDg="""


def pem(text: str, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"


def body(attributes: dict[str, Any] | None = None, **relationships: Any) -> dict[str, Any]:
    """A document whose relations name one id or a list of ids."""
    related = {
        name: {"data": [{"id": each} for each in ids] if isinstance(ids, list) else {"id": ids}}
        for name, ids in relationships.items()
    }
    return {"data": {"attributes": attributes or {}, "relationships": related}}


async def made(client: httpx2.AsyncClient, path: str, document: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(path, json=document)
    assert response.status_code in {200, 201}, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


async def ids(client: httpx2.AsyncClient, path: str) -> list[str]:
    return [each["id"] for each in (await client.get(path)).json()["data"]]


def names(resource: dict[str, Any], relation: str) -> list[str]:
    return [each["id"] for each in resource["relationships"][relation]["data"]]


def error(response: httpx2.Response) -> tuple[int, str, str]:
    assert response.headers["Content-Type"] == "application/vnd.api+json"
    (only,) = response.json()["errors"]
    return response.status_code, only["title"], only["detail"]


async def test_a_real_certificate_is_read(client: httpx2.AsyncClient) -> None:
    data = await made(client, "/tls/certificates", body({"cert_blob": pem(CERTIFICATE)}))
    assert data["attributes"] == {
        "created_at": "2026-03-01T12:00:00.000Z",
        "issued_to": "events.larkspur.example",
        "issuer": "events.larkspur.example",
        "name": "events.larkspur.example",
        "not_after": "2036-11-22T04:33:47.000Z",
        "not_before": "2026-11-25T04:33:47.000Z",
        "replace": False,
        "serial_number": "4711",
        "signature_algorithm": "ECDSA-SHA256",
        "updated_at": "2026-03-01T12:00:00.000Z",
    }
    assert names(data, "tls_domains") == ["events.larkspur.example", "*.events.larkspur.example"]


async def test_a_placeholder_in_pem_stands_for_a_certificate(client: httpx2.AsyncClient) -> None:
    data = await made(client, "/tls/certificates", body({"cert_blob": pem("bm9uZQ==")}))
    again = await made(client, "/tls/certificates", body({"cert_blob": pem("bm9uZQ==")}))
    assert data["attributes"]["not_after"] == "2026-05-30T12:00:00.000Z"
    assert data["attributes"]["serial_number"] == again["attributes"]["serial_number"]
    assert data["id"] != again["id"]


@pytest.mark.parametrize(
    "blob", ["hello", pem(""), pem("not base64!"), pem(CERTIFICATE, "PUBLIC KEY")]
)
async def test_what_is_no_pem_is_refused(client: httpx2.AsyncClient, blob: str) -> None:
    response = await client.post("/tls/certificates", json=body({"cert_blob": blob}))
    assert error(response) == (
        400,
        "Can't create certificate",
        "not a PEM-formatted certificate",
    )


async def test_a_certificate_needs_a_dns_name(client: httpx2.AsyncClient) -> None:
    response = await client.post("/tls/certificates", json=body({"cert_blob": pem(NAMELESS)}))
    assert error(response)[1:] == (
        "Can't create certificate",
        "need at least one DNS name, got none",
    )


async def test_a_replacement_keeps_the_names_and_the_id(client: httpx2.AsyncClient) -> None:
    lacking = await client.patch(
        f"/tls/certificates/{SHOP}", json=body({"cert_blob": pem(CERTIFICATE)})
    )
    assert error(lacking)[1] == "Can't update certificate"
    renamed = await client.patch(f"/tls/certificates/{SHOP}", json=body({"name": "the shop"}))
    assert renamed.json()["data"]["id"] == SHOP
    attributes = renamed.json()["data"]["attributes"]
    assert attributes["name"] == "the shop"
    assert attributes["issued_to"] == "www.larkspur.example"


async def test_a_key_belongs_to_the_certificate_with_its_public_key(
    client: httpx2.AsyncClient,
) -> None:
    key = await made(client, "/tls/private_keys", body({"key": pem(KEY, "PRIVATE KEY")}))
    assert key["attributes"]["created_at"] is None
    assert key["attributes"]["key_type"] == "ECDSA"
    assert key["attributes"]["key_length"] == 256
    assert await ids(client, "/tls/private_keys?filter[in_use]=false") == [key["id"]]
    certificate = await made(client, "/tls/certificates", body({"cert_blob": pem(CERTIFICATE)}))
    assert await ids(client, "/tls/private_keys?filter[in_use]=false") == []
    refused = await client.delete(f"/tls/private_keys/{key['id']}")
    assert error(refused)[:2] == (400, "Can't delete private key")
    assert (await client.delete(f"/tls/certificates/{certificate['id']}")).status_code == 204
    assert (await client.delete(f"/tls/private_keys/{key['id']}")).status_code == 204
    assert (await client.get(f"/tls/private_keys/{key['id']}")).status_code == 404


async def test_an_activation_enables_a_name_of_its_certificate(client: httpx2.AsyncClient) -> None:
    certificate = await made(client, "/tls/certificates", body({"cert_blob": pem(CERTIFICATE)}))
    path, known = f"/tls/certificates/{certificate['id']}", {"tls_certificate": certificate["id"]}
    elsewhere = body(tls_domain="www.larkspur.example", **known)
    assert error(await client.post("/tls/activations", json=elsewhere))[:2] == (400, "Bad request")
    document = body(tls_domain="a.events.larkspur.example", **known)
    created = await client.post("/tls/activations", json=document)
    assert created.status_code == 200
    activation = created.json()["data"]
    assert activation["relationships"]["tls_configuration"]["data"]["id"] == CONFIGURATION
    assert error(await client.post("/tls/activations", json=document))[0] == 400
    assert error(await client.delete(path))[:2] == (400, "Can't delete certificate")
    gone = await client.delete(f"/tls/activations/{activation['id']}")
    assert (gone.status_code, gone.json()) == (200, {})
    assert (await client.delete(path)).status_code == 204


async def test_an_activation_without_a_certificate_says_what_is_missing(
    client: httpx2.AsyncClient,
) -> None:
    response = await client.post("/tls/activations", json=body(tls_domain="www.larkspur.example"))
    assert error(response) == (
        400,
        "Missing required attribute",
        "param is missing or the value is empty: tls_certificate_id",
    )


async def test_domains_follow_from_certificates_subscriptions_and_activations(
    client: httpx2.AsyncClient,
) -> None:
    rows = {row["id"]: row for row in (await client.get("/tls/domains")).json()["data"]}
    assert list(rows) == [
        "api.larkspur.example",
        "downloads.larkspur.example",
        "shop.larkspur.example",
        "summer.larkspur.example",
        "www.larkspur.example",
    ]
    assert names(rows["api.larkspur.example"], "tls_subscriptions") == [ISSUED]
    assert names(rows["www.larkspur.example"], "tls_certificates") == [SHOP]
    assert await ids(client, "/tls/domains?filter[in_use]=false") == ["summer.larkspur.example"]
    shop = f"/tls/domains?filter[tls_certificates.id]={SHOP}&sort=-id"
    assert await ids(client, shop) == ["www.larkspur.example", "shop.larkspur.example"]


async def test_pages_link_to_each_other_and_keep_the_rest_of_the_query(
    client: httpx2.AsyncClient,
) -> None:
    query = "?page[size]=2&page[number]=2&filter[in_use]=true"
    page = (await client.get(f"/tls/domains{query}")).json()
    start = "https://api.fastly.com/tls/domains?filter%5Bin_use%5D=true&page%5Bnumber%5D="
    assert page["links"] == {
        "self": f"{start}2&page%5Bsize%5D=2",
        "first": f"{start}1&page%5Bsize%5D=2",
        "prev": f"{start}1&page%5Bsize%5D=2",
        "next": None,
        "last": f"{start}2&page%5Bsize%5D=2",
    }
    assert page["meta"] == {
        "current_page": 2,
        "per_page": 2,
        "record_count": 4,
        "total_pages": 2,
    }
    assert len(page["data"]) == 2


async def test_a_certificate_that_expires_soon_is_found_by_date(client: httpx2.AsyncClient) -> None:
    soon = "FADmcA3o30bg5QnV9fJPrs"
    row = (await client.get(f"/tls/certificates/{soon}")).json()["data"]
    assert row["attributes"]["not_after"] == "2026-03-10T12:00:00.000Z"
    assert await ids(client, "/tls/certificates?filter[not_after]=2026-03-11") == [soon]
    assert await ids(client, "/tls/certificates?filter[not_after][lte]=2026-03-10") == []
    assert (await ids(client, "/tls/certificates?sort=not_after"))[0] == soon
    assert (await ids(client, "/tls/certificates?sort=-not_after"))[0] == SHOP


async def test_related_rows_come_along_only_when_asked_for(client: httpx2.AsyncClient) -> None:
    plain = (await client.get(f"/tls/certificates/{SHOP}")).json()
    assert "included" not in plain
    assert list(plain["data"]["relationships"]) == ["tls_domains"]
    rich = (await client.get(f"/tls/certificates/{SHOP}?include=tls_activations,nonsense")).json()
    assert {each["type"] for each in rich["included"]} == {"tls_activation"}
    assert [each["id"] for each in rich["included"]] == names(rich["data"], "tls_activations")
    deep = (
        await client.get("/tls/domains?include=tls_subscriptions.tls_authorizations&page[size]=1")
    ).json()
    assert [each["type"] for each in deep["included"]] == [
        "tls_subscription",
        "tls_authorization",
    ]


async def test_a_new_subscription_is_pending_and_tells_its_challenges(
    client: httpx2.AsyncClient,
) -> None:
    document = body(tls_domain=["spring.larkspur.example", "*.spring.larkspur.example"])
    response = (await client.post("/tls/subscriptions", json=document)).json()
    data = response["data"]
    assert data["attributes"]["state"] == "pending"
    assert data["attributes"]["certificate_authority"] == "certainly"
    assert data["relationships"]["common_name"]["data"]["id"] == "spring.larkspur.example"
    assert names(data, "tls_certificates") == []
    first, wildcard = response["included"]
    assert [first["id"], wildcard["id"]] == names(data, "tls_authorizations")
    assert first["attributes"]["warnings"] is None
    ways = [each["type"] for each in first["attributes"]["challenges"]]
    assert ways == ["managed-dns", "managed-http-cname", "managed-http-a"]
    assert [each["type"] for each in wildcard["attributes"]["challenges"]] == ["managed-dns"]
    assert (await ids(client, "/tls/subscriptions"))[:2] == [data["id"], PENDING]
    assert await ids(client, "/tls/subscriptions?filter[state][not]=pending") == [ISSUED]


async def test_other_domains_start_a_subscription_anew(client: httpx2.AsyncClient) -> None:
    path = f"/tls/subscriptions/{PENDING}"
    domains = ["winter.larkspur.example", "summer.larkspur.example"]
    answer = (await client.patch(path, json=body(tls_domains=domains))).json()
    assert names(answer["data"], "tls_domains") == domains
    assert answer["included"][0]["attributes"]["state"] == "blocked"
    outside = body(common_name="autumn.larkspur.example")
    assert error(await client.patch(path, json=outside))[0] == 400
    assert error(await client.patch(path, json=body(tls_domains=["no name"])))[0] == 400
    assert error(await client.patch(path, json=body(tls_domains=[])))[1] == (
        "Missing required attribute"
    )


async def test_a_subscription_with_active_domains_goes_only_by_force(
    client: httpx2.AsyncClient,
) -> None:
    path = f"/tls/subscriptions/{ISSUED}"
    refused = await client.delete(path)
    assert error(refused) == (
        400,
        "Can't delete subscription",
        "Subscription has active domains",
    )
    other = await client.patch(path, json=body(tls_domains=["v2.larkspur.example"]))
    assert error(other)[1] == "Can't update subscription"
    assert (await client.delete(f"{path}?force=true")).status_code == 204
    assert error(await client.get(path)) == (
        404,
        "Not found",
        "The subscription you requested was not found",
    )
    assert "api.larkspur.example" not in await ids(client, "/tls/domains")


async def test_a_mutual_authentication_is_put_on_activations(client: httpx2.AsyncClient) -> None:
    activation = (await ids(client, f"/tls/activations?filter[tls_certificate.id]={SHOP}"))[0]
    path = "/tls/mutual_authentications"
    document = body({"cert_bundle": pem(CERTIFICATE)}, tls_activations=[activation])
    data = await made(client, path, document)
    assert data["attributes"]["enforced"] is True
    assert names(data, "tls_activations") == [activation]
    shown = (await client.get(f"/tls/activations/{activation}")).json()["data"]
    assert shown["relationships"]["mutual_authentication"]["data"]["id"] == data["id"]
    assert error(await client.delete(f"{path}/{data['id']}"))[0] == 400
    none = {"data": {"relationships": {"mutual_authentication": {"data": None}}}}
    await client.patch(f"/tls/activations/{activation}", json=none)
    assert (await client.delete(f"{path}/{data['id']}")).status_code == 204
    assert error(await client.post(path, json=body()))[1] == "Missing required attribute"


async def test_a_bulk_certificate_answers_as_plain_json(client: httpx2.AsyncClient) -> None:
    document = body({"cert_blob": pem(CERTIFICATE), "intermediates_blob": pem(NAMELESS)})
    created = await client.post("/tls/bulk/certificates", json=document)
    assert created.status_code == 200
    assert created.headers["Content-Type"] == "application/json"
    data = created.json()["data"]
    assert data["attributes"]["not_after"] == "2036-11-22T04:33:47Z"
    assert names(data, "tls_configurations") == [CONFIGURATION]
    listed = "/tls/bulk/certificates?filter[tls_domain.id]=events.larkspur.example"
    assert await ids(client, listed) == [data["id"]]
    changed = await client.patch(f"/tls/bulk/certificates/{data['id']}", json=document)
    assert changed.headers["Content-Type"] == "application/vnd.api+json"


async def test_a_configuration_tells_its_dns_records_and_can_be_renamed(
    client: httpx2.AsyncClient,
) -> None:
    path = f"/tls/configurations/{CONFIGURATION}"
    answer = (await client.get(path)).json()
    assert [each["id"] for each in answer["included"]] == names(answer["data"], "dns_records")
    renamed = await client.patch(path, json=body({"name": "modern"}))
    assert renamed.json()["data"]["attributes"]["name"] == "modern"
    assert (await client.delete(path)).status_code == 501


async def test_changes_are_noted_under_fastlys_event_types(client: httpx2.AsyncClient) -> None:
    (activation, *_) = await ids(client, "/tls/activations")
    await client.delete(f"/tls/activations/{activation}")
    event = (await client.get("/events")).json()["data"][0]["attributes"]
    assert event["event_type"] == "tls.activation.disable"


async def test_a_body_that_is_no_document_is_refused_in_jsonapis_form(
    client: httpx2.AsyncClient,
) -> None:
    for content in ("{", "[]", '{"data": []}'):
        response = await client.post("/tls/subscriptions", content=content)
        assert error(response)[:2] == (400, "Bad request")


async def test_a_domain_outlives_its_subscription_only(client: httpx2.AsyncClient) -> None:
    domains = "/domain-management/v1/domains"
    domain = (await client.post(domains, json={"fqdn": "new.larkspur.example"})).json()
    document = body(tls_domains=["new.larkspur.example"])
    subscription = (await made(client, "/tls/subscriptions", document))["id"]
    refused = await client.delete(f"{domains}/{domain['id']}")
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/json")
    assert refused.json()["errors"] == [
        {
            "title": "Invalid value for subscriptions",
            "detail": "This domain is linked to the following Fastly-managed TLS subscription(s): "
            f"{subscription}. Remove the subscription(s) before deleting this domain.",
        }
    ]
    assert (await client.get(f"{domains}/{domain['id']}")).status_code == 200
    assert (await client.delete(f"/tls/subscriptions/{subscription}")).status_code == 204
    assert (await client.delete(f"{domains}/{domain['id']}")).status_code == 204
