"""What lives beside the services: domains, products, TLS, alerts, integrations and so on."""

from base64 import b64encode

from tests.interop.cli_steps.step import Step


def pem(label: str) -> str:
    """A placeholder: the sandbox reads no more of it than it has to."""
    text = b64encode(f"The Fastly CLI's {label}".encode()).decode()
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"


FILES = {"cert.pem": pem("CERTIFICATE"), "key.pem": pem("PRIVATE KEY")}
SHOP, BLOG, ADMIN = "u8jzPde0IgxLd6GncfBAep", "fJBd0Kh8oOOL8dKLzdocJ2", "KdNnFRIBXuDL7DxtpYlSXp"
SAM = "3kQvW0bJtYyHn6sGd1RzPe"
SLACK = "iN7cRy1eLuT5aVoK8mWxPq"

DOMAIN = "domain {} --domain-id=$domain"
DOMAINS = (
    Step(
        "domain list --json",
        json={"data": [{"fqdn": "api.larkspur.example", "description": "Stock and prices"}]},
    ),
    Step(
        "domain create --fqdn=www.cli.example --description=First",
        says=r"\(domain-id: (?P<domain>[\w-]+)\)",
    ),
    Step("domain create --fqdn=www.cli.example", rc=1, says="fqdn has already been taken"),
    Step("domain create --fqdn=nothing", rc=1, says="Invalid value for fqdn"),
    Step(f"{DOMAIN.format('update')} --description=Second --service-id={BLOG}"),
    Step(
        f"{DOMAIN.format('describe')} --json",
        json={"fqdn": "www.cli.example", "description": "Second", "service_id": BLOG},
    ),
    Step("domain list --fqdn=cli --json", json={"data": [{"id": "$domain"}]}),
    Step("domain list --limit=1 --json", json={"data": [{"fqdn": "api.larkspur.example"}]}),
    Step(DOMAIN.format("delete"), says="Deleted"),
    Step(DOMAIN.format("describe"), rc=1, says="404"),
    Step("tools domain status lamp.example --json", json={"domain": "lamp.example"}),
    Step("tools domain suggest lamp --json", json={"results": [{"domain": "lamp.test"}]}),
)

PRODUCTS = (
    Step(
        f"products -s {SHOP} --json",
        json={"domain_inspector": True, "image_optimizer": True, "websockets": False},
    ),
    Step(f"products -s {ADMIN} --enable=websockets", says="enabled product 'websockets'"),
    Step(f"products -s {ADMIN} --json", json={"websockets": True, "domain_inspector": False}),
    Step(f"products -s {ADMIN} --disable=websockets", says="disabled product 'websockets'"),
    Step(f"products -s {ADMIN} --json", json={"websockets": False}),
)

AUTHORIZATION = "service auth {} --id=$authorization"
AUTHORIZATIONS = (
    Step(
        f"service auth create -s {ADMIN} --user-id={SAM} --permission=purge_all",
        says=r"authorization (?P<authorization>\w+)",
    ),
    Step(f"{AUTHORIZATION.format('update')} --permission=read_only", says="Updated"),
    Step(
        f"{AUTHORIZATION.format('describe')} --json",
        json={"Permission": "read_only", "User": {"ID": SAM}, "Service": {"ID": ADMIN}},
    ),
    Step("service auth list --json", json={"Items": [{"ID": "$authorization"}]}),
    Step(AUTHORIZATION.format("delete"), says="Deleted"),
    Step(AUTHORIZATION.format("describe"), rc=1, says="404"),
)

ALERT = "service alert {} --id=$alert"
RULE = "--metric=status_5xx --source=stats --period=5m --threshold=10 --type=above_threshold"
ALERTS = (
    Step(
        f"service alert create --name=errors --description=First {RULE} --service-id={SHOP}"
        f" --integrations={SLACK} --json",
        says='"id": "(?P<alert>[^"]+)"',
        json={
            "name": "errors",
            "service_id": SHOP,
            "integration_ids": [SLACK],
            "evaluation_strategy": {"period": "5m", "threshold": 10, "type": "above_threshold"},
        },
    ),
    Step(f"service alert list --service-id={SHOP} --json", json={"data": [{"id": "$alert"}]}),
    Step(f"{ALERT.format('update')} --name=faults --description=Second {RULE}"),
    Step(f"{ALERT.format('describe')} --json", json={"name": "faults", "description": "Second"}),
    Step("service alert history --json", json={"data": [{"definition": {"source": "stats"}}]}),
    Step(ALERT.format("delete"), says="Deleted"),
    Step(ALERT.format("describe"), rc=1, says="404"),
)

MAPPING = "audit-log event-mapping {} --id=$mapping"
NOTIFICATIONS = (
    Step("integration list-types --json", json=[{"type": "slack"}, {"type": "webhook"}]),
    Step(
        "integration webhook create --name=hook --webhook=https://hook.example/ --json",
        says='"integration_id": "(?P<integration>[^"]+)"',
    ),
    Step("integration webhook update --webhook=https://hook.example/2 --name=hooks $integration"),
    Step("integration webhook get-signing-key $integration --json", says='"signingKey": "'),
    Step("integration webhook rotate-signing-key $integration --json", says='"signingKey": "'),
    Step(
        "integration describe $integration --json",
        json={"id": "$integration", "name": "hooks", "type": "webhook"},
    ),
    Step("integration list --json", json={"data": [{"id": SLACK}, {"id": "$integration"}]}),
    Step("audit-log event-mapping list-event-types", says="token.create"),
    Step("audit-log event-mapping list-scope-types", says="account\n.*vcl\nwasm"),
    Step(
        "audit-log event-mapping create --name=users --scope-type=account"
        " --event-type=user.create --integration-id=$integration --json",
        says='"id": "(?P<mapping>[^"]+)"',
        json={"event_types": ["user.create"], "integration_ids": ["$integration"]},
    ),
    Step("audit-log event-mapping list --json", json=[{"id": "$mapping", "name": "users"}]),
    Step(MAPPING.format("delete"), says="Deleted"),
    Step(MAPPING.format("describe"), rc=1, says="404"),
    Step("integration delete $integration", says="Deleted"),
    Step("integration describe $integration", rc=1, says="404"),
)

ACCESS_KEYS = (
    Step(
        "object-storage access-keys create --description=cli --permission=read-only-objects"
        " --bucket=lamps --json",
        says='"access_key": "(?P<access>[^"]+)".*"secret_key": "[^"]+"',
        json={"permission": "read-only-objects", "buckets": ["lamps"]},
    ),
    Step(
        "object-storage access-keys list --json",
        json={"data": [{"access_key": "$access", "secret_key": "", "description": "cli"}]},
    ),
    Step("object-storage access-keys delete --ak-id=$access", says="Deleted"),
    Step("object-storage access-keys get --ak-id=$access", rc=1, says="404"),
)

SUBSCRIPTION = "tls-subscription {} --id=$subscription"
TLS = (
    Step("tls-config list", says=r"NAME.*\n(?:[^\n]+?) {2,}(?P<configuration>\w+) +false +true"),
    Step(
        "tls-config describe --id=$configuration --include=dns_records --json",
        json={"Default": True, "DNSRecords": [{"RecordType": "CNAME"}, {"RecordType": "A"}]},
    ),
    Step(
        "tls-subscription create --domain=tls.cli.example --cert-auth=certainly",
        says=r"Subscription '(?P<subscription>\w+)' \(Authority: certainly, Common Name: tls.cli",
    ),
    Step(
        "tls-subscription list --include=tls_authorizations --json",
        json=[
            {
                "ID": "$subscription",
                "CertificateAuthority": "certainly",
                "Domains": [{"ID": "tls.cli.example"}],
                "Authorizations": [{"Challenges": [{"Type": "managed-dns"}]}],
            }
        ],
    ),
    Step(f"{SUBSCRIPTION.format('describe')} --json", json={"ID": "$subscription"}),
    Step(SUBSCRIPTION.format("delete"), says="Deleted"),
    Step(SUBSCRIPTION.format("describe"), rc=1, says="404"),
    Step("tls-custom private-key create --name=cli --key-path=key.pem", says="Created"),
    Step("tls-custom private-key list --json", json=[{"Name": "cli", "Replace": False}]),
    Step(
        "tls-custom certificate create --name=cli --cert-path=cert.pem",
        says=r"Certificate '(?P<certificate>\w+)'",
    ),
    Step(
        "tls-custom certificate describe --id=$certificate --json",
        json={"ID": "$certificate", "Name": "cli"},
    ),
    Step("tls-custom certificate create --cert-blob=nothing", rc=1, says="400"),
    Step("tls-custom activation list --json", json=[{"Configuration": {"ID": "$configuration"}}]),
    Step("tls-custom domain list", says="www.larkspur.example"),
    Step("tls-custom certificate delete --id=$certificate", says="Deleted"),
    Step("tls-custom certificate describe --id=$certificate", rc=1, says="404"),
    Step("tls-platform list", says="ID +REPLACE"),
)

STEPS = (
    *DOMAINS,
    *PRODUCTS,
    *AUTHORIZATIONS,
    *ALERTS,
    *NOTIFICATIONS,
    *ACCESS_KEYS,
    *TLS,
)
