"""Which service a host belongs to: the most specific domain decides."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from fastly_mcp.api.answers import Ask, shaped
from fastly_mcp.api.concurrency import gather
from fastly_mcp.errors import NotAuthorized, NotFound

AT_ONCE = 8


class DomainIndex:
    """Domains of all services' active versions and of domain management.

    It is not `complete` if the token may not read domain management: then a domain that would
    decide may be missing.
    """

    def __init__(self) -> None:
        self.complete = True
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


class Domains:
    """Reads domains through `ask`, a connection's GET."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def managed(self, host: str) -> set[str]:
        """Return the services domain management gives exactly this host to.

        None if it may not be read: the services' own lists are left to look in.
        """
        rows = await self._rows({"fqdn": host, "fqdn_match": "exact"})
        return {service_id for fqdn, service_id in rows or () if fqdn.lower() == host}

    async def managed_by(self, service_id: str) -> list[str] | None:
        """Return the domains that domain management gives to a service; None if it is closed."""
        rows = await self._rows({"service_id": service_id, "limit": 100})
        return None if rows is None else [fqdn for fqdn, _ in rows]

    async def read(self, active: Sequence[tuple[str, int]]) -> DomainIndex:
        """Read the domains of these services' versions, and domain management."""
        index = DomainIndex()
        path = "/service/{service_id}/version/{version}/domain"
        lists = await gather(
            [
                partial(self._ask, path, None, {"service_id": service_id, "version": str(number)})
                for service_id, number in active
            ],
            at_once=AT_ONCE,
        )
        with shaped():
            for (service_id, _), answer in zip(active, lists, strict=True):
                for row in answer.data:
                    index.add(row["name"], service_id)
        managed = await self._rows({"limit": 100})
        index.complete = managed is not None
        for fqdn, service_id in managed or ():
            index.add(fqdn, service_id)
        return index

    async def _rows(self, query: dict[str, str | int]) -> list[tuple[str, str]] | None:
        """Return domain management's domains that belong to a service, None if it is closed."""
        found: list[tuple[str, str]] = []
        while True:
            try:
                data = (await self._ask("/domain-management/v1/domains", query, {})).data
            except (NotFound, NotAuthorized) as error:
                if error.status == 401:
                    raise
                return None
            with shaped():
                found += [
                    (row["fqdn"], row["service_id"]) for row in data["data"] if row["service_id"]
                ]
                cursor = data["meta"].get("next_cursor") or ""
            if not cursor:
                return found
            query = query | {"cursor": cursor}
