"""TLS: private keys, certificates, activations, configurations, domains, subscriptions.

The table of their types; what is odd in it is recorded so.
"""

from collections.abc import Mapping
from functools import partial

from fastly_mcp.sandbox.answers import JSON
from fastly_mcp.sandbox.resources import tls_changes, tls_rows
from fastly_mcp.sandbox.resources.json_api import Relation, Type
from fastly_mcp.sandbox.state import stamp

DOMAIN = Relation("tls_domain")
ACTIVATION = Relation("tls_activation")
CERTIFICATE = Relation("tls_certificate")
CONFIGURATION = Relation("tls_configuration")
AUTHORIZATION = Relation("tls_authorization")

TYPES: Mapping[str, Type] = {
    kind.name: kind
    for kind in (
        Type(
            "tls_private_key",
            ("key_length", "key_type", "name", "created_at", "replace", "public_key_sha1"),
            path="/tls/private_keys",
            verbs="list create get delete",
            noun="private key",
            event="tls.private_key",
            rows=tls_rows.private_keys,
            read=tls_changes.read_private_key,
            before_delete=tls_changes.keep_matched_key,
            envelope="meta",
            filters={"in_use": "in_use"},
            null_at_first=("created_at",),
        ),
        Type(
            "tls_certificate",
            (
                "created_at",
                "issued_to",
                "issuer",
                "name",
                "not_after",
                "not_before",
                "replace",
                "serial_number",
                "signature_algorithm",
                "updated_at",
            ),
            {"tls_domains": DOMAIN, "tls_activations": ACTIVATION._replace(shown="if included")},
            path="/tls/certificates",
            noun="certificate",
            event="tls.certificate",
            rows=tls_rows.certificates,
            read=tls_changes.read_certificate,
            before_delete=partial(tls_changes.keep_active, "certificate"),
            includes="tls_activations",
            filters={
                "in_use": "in_use",
                "not_after": "not_after",
                "tls_domains.id": "tls_domains",
            },
            sorts="-created_at not_before not_after tls_activations.created_at",
        ),
        Type(
            "tls_bulk_certificate",
            ("not_after", "not_before", "created_at", "updated_at", "replace"),
            {"tls_configurations": CONFIGURATION, "tls_domains": DOMAIN},
            path="/tls/bulk/certificates",
            noun="certificate",
            event="tls.bulk_certificate",
            read=tls_changes.read_bulk_certificate,
            stamp=stamp,
            envelope="",
            filters={
                "tls_domain.id": "tls_domains",
                "not_before": "not_before",
                "not_after": "not_after",
            },
            statuses={"create": 200},
            media_types={"list": JSON, "create": JSON, "get": JSON},
        ),
        Type(
            "tls_activation",
            ("created_at",),
            {
                "tls_certificate": CERTIFICATE,
                "tls_configuration": CONFIGURATION,
                "tls_domain": DOMAIN,
                "mutual_authentication": Relation("mutual_authentication", "if set"),
            },
            path="/tls/activations",
            noun="activation",
            event="tls.activation",
            events={"create": "tls.activation.enable", "delete": "tls.activation.disable"},
            read=tls_changes.read_activation,
            envelope="",
            includes="tls_certificate tls_configuration tls_domain",
            filters={
                "tls_certificate.id": "tls_certificate",
                "tls_configuration.id": "tls_configuration",
                "tls_domain.id": "tls_domain",
            },
            statuses={"create": 200, "delete": 200},
        ),
        Type(
            "tls_configuration",
            (
                "bulk",
                "created_at",
                "default",
                "http_protocols",
                "name",
                "tls_protocols",
                "updated_at",
            ),
            {"dns_records": Relation("dns_record", "if included")},
            path="/tls/configurations",
            verbs="list get update",
            noun="configuration",
            event="tls.configuration",
            rows=tls_rows.configurations,
            read=tls_changes.read_configuration,
            envelope="",
            includes="dns_records",
            always_includes={"get": "dns_records"},
            filters={"bulk": "bulk"},
        ),
        Type(
            "tls_domain",
            relations={
                "tls_activations": ACTIVATION,
                "tls_certificates": CERTIFICATE,
                "tls_subscriptions": Relation("tls_subscription"),
            },
            path="/tls/domains",
            verbs="list",
            rows=tls_rows.domains,
            includes=(
                "tls_activations tls_certificates tls_subscriptions "
                "tls_subscriptions.tls_authorizations"
            ),
            filters={
                "in_use": "in_use",
                "tls_certificates.id": "tls_certificates",
                "tls_subscriptions.id": "tls_subscriptions",
            },
            sorts="id tls_activations.created_at",
        ),
        Type(
            "tls_subscription",
            ("certificate_authority", "created_at", "state", "has_active_order", "updated_at"),
            {
                "tls_authorizations": AUTHORIZATION,
                "tls_certificates": CERTIFICATE,
                "tls_domains": DOMAIN,
                "common_name": DOMAIN,
                "tls_configuration": CONFIGURATION,
            },
            path="/tls/subscriptions",
            noun="subscription",
            event="tls.subscription",
            rows=tls_rows.subscriptions,
            read=tls_changes.read_subscription,
            before_delete=tls_changes.end_subscription,
            includes="tls_authorizations tls_certificates",
            always_includes={"create": "tls_authorizations", "update": "tls_authorizations"},
            filters={
                "state": "state",
                "tls_domains.id": "tls_domains",
                "has_active_order": "has_active_order",
                "certificate_authority": "certificate_authority",
            },
            sorts="-created_at tls_certificates.not_after",
        ),
        Type(
            "tls_authorization",
            ("challenges", "created_at", "state", "updated_at", "warnings"),
            {
                "tls_domain": DOMAIN,
                "globalsign_email_challenge": Relation("globalsign_email_challenge"),
                "self_managed_http_challenge": Relation("self_managed_http_challenge"),
            },
            rows=tls_rows.authorizations,
        ),
        Type("dns_record", ("record_type", "region"), rows=tls_rows.dns_records),
        Type(
            "mutual_authentication",
            ("created_at", "enforced", "name", "updated_at"),
            {"tls_activations": ACTIVATION},
            path="/tls/mutual_authentications",
            noun="mutual authentication",
            event="tls.mutual_authentication",
            rows=tls_rows.mutual_authentications,
            read=tls_changes.read_mutual_authentication,
            before_delete=partial(tls_changes.keep_active, "mutual authentication"),
            includes="tls_activations",
        ),
    )
}
