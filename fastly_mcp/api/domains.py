"""Which service a host belongs to: the most specific domain decides."""

from collections import defaultdict


class DomainIndex:
    """Domains of all services' active versions and of domain management."""

    def __init__(self) -> None:
        self._owners: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, domain: str, service_id: str) -> None:
        """Note that a service serves a domain, which may be a wildcard (`*.example.com`)."""
        self._owners[domain.lower().rstrip(".")].add(service_id)

    def owners(self, host: str) -> set[str]:
        """Return the services whose domain is the most specific for this host.

        None: nobody serves it. More than one: it cannot be decided.
        """
        if found := self._owners.get(host):
            return set(found)
        labels = host.split(".")
        for start in range(1, len(labels)):
            if found := self._owners.get("*." + ".".join(labels[start:])):
                return set(found)
        return set()
