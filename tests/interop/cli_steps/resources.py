"""What lives beside the services: domains, stores, certificates, statistics and so on."""

from tests.interop.cli_steps.step import Step

FILES: dict[str, str] = {}

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
    Step(
        "domain update --domain-id=$domain --description=Second --service-id=fJBd0Kh8oOOL8dKLzdocJ2"
    ),
    Step(
        "domain describe --domain-id=$domain --json",
        json={
            "fqdn": "www.cli.example",
            "description": "Second",
            "service_id": "fJBd0Kh8oOOL8dKLzdocJ2",
        },
    ),
    Step("domain list --fqdn=cli --json", json={"data": [{"id": "$domain"}]}),
    Step("domain delete --domain-id=$domain", says="Deleted"),
    Step("domain describe --domain-id=$domain", rc=1, says="404"),
    Step("tools domain status lamp.example --json", json={"domain": "lamp.example"}),
    Step("tools domain suggest lamp --json", json={"results": [{"domain": "lamp.test"}]}),
)

STEPS = (*DOMAINS,)
