"""The world a sandbox starts with: fixed but for its timestamps, which count back from now."""

import random
import string
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from fastly_mcp.sandbox.edge import Copy, Edge, address
from fastly_mcp.sandbox.larkspur import (
    EDGE_API,
    PAGES,
    PLANS,
    SHOP,
    PlannedService,
    PlannedVersion,
    compute,
    plain_vcl,
)
from fastly_mcp.sandbox.objects import DETAILS, SETTINGS, make_row
from fastly_mcp.sandbox.pops import POPS
from fastly_mcp.sandbox.state import ManagedDomain, Row, Service, Token, Version, World, stamp

CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"
USER = "8DwkNhFdnXsiVpzz63FfkC"
BASE62 = string.digits + string.ascii_letters

SCOPES = {
    "sandbox": "global",
    "sandbox-read": "global:read",
    "sandbox-purge-select": "purge_select",
    "sandbox-purge-all": "purge_all",
    "sandbox-read-purge-select": "global:read purge_select",
    "sandbox-one-service": "global",
    "sandbox-expiring": "global:read purge_select",
    "sandbox-expired": "global",
    "sandbox-blind": "purge_select",
}
"""The tokens: the value is also the name."""

DAYS_LEFT = {"sandbox": None, "sandbox-expiring": 3, "sandbox-expired": -2}
"""Where it is not 60; None never expires."""


def make_world(*, services: int, now: Callable[[], datetime]) -> World:
    """A new world with at least the six seeded services."""
    start = now().replace(microsecond=0)
    ids = random_ids()
    plans = [*PLANS, *(bulk_plan(number, next(ids)) for number in range(7, services + 1))]
    return World(
        now=now,
        customer=make_customer(start),
        user=make_user(start),
        tokens=make_tokens(start),
        services={plan.id: make_service(plan, start) for plan in plans},
        domains=make_managed_domains(start),
        edge=make_edge(start),
    )


def random_ids() -> Iterator[str]:
    """Ids that look like Fastly's, the same every time."""
    source = random.Random("larkspur")
    while True:
        yield "".join(source.choices(BASE62, k=22))


def bulk_plan(number: int, service_id: str) -> PlannedService:
    """One of the many services of a large account: some paused, some never activated."""
    host = f"svc-{number:04d}.bulk.larkspur.example"
    is_compute = number % 3 == 0
    objects = compute(host) if is_compute else plain_vcl(host, "bulk")
    count = 1 + number % 4
    newest_days_ago = number % 700 + 1
    active = None if number % 25 == 0 else max(1, count - (number % 4 == 3))
    return PlannedService(
        service_id,
        f"bulk-{number:04d}",
        "wasm" if is_compute else "vcl",
        "Managed by Terraform" if number % 10 == 0 else "",
        active,
        [
            PlannedVersion(objects, newest_days_ago + 30 * (count - at))
            for at in range(1, count + 1)
        ],
        is_paused=number % 50 == 0,
    )


def make_service(plan: PlannedService, start: datetime) -> Service:
    versions = [
        make_version(plan, number, planned, start)
        for number, planned in enumerate(plan.versions, 1)
    ]
    return Service(
        id=plan.id,
        name=plan.name,
        type=plan.type,
        comment=plan.comment,
        created_at=versions[0].created_at,
        updated_at=versions[-1].updated_at,
        versions=versions,
        paused=plan.is_paused,
    )


def make_version(
    service: PlannedService, number: int, planned: PlannedVersion, start: datetime
) -> Version:
    """A version; all up to the active one are locked, later ones are drafts."""
    created = start - timedelta(days=planned.days_ago)
    created_at = stamp(created)
    return Version(
        number=number,
        created_at=created_at,
        updated_at=stamp(created + timedelta(minutes=25)),
        comment=planned.comment,
        active=number == service.active,
        locked=service.active is not None and number <= service.active,
        objects={
            kind: [
                make_row(kind, service.id, number, created_at, given)
                for given in planned.objects.get(kind, ())
            ]
            for kind in DETAILS[service.type]
        },
        settings=SETTINGS | planned.settings,
    )


def make_tokens(start: datetime) -> dict[str, Token]:
    ids = random_ids()
    tokens = {}
    for value, scopes in SCOPES.items():
        days_left = DAYS_LEFT.get(value, 60)
        created = 90 if value in {"sandbox-expiring", "sandbox-expired"} else 30
        tokens[value] = Token(
            id=next(ids)[::-1],
            name=value,
            scopes=tuple(scopes.split()),
            created_at=start - timedelta(days=created),
            expires_at=None if days_left is None else start + timedelta(days=days_left),
            services=(SHOP,) if value == "sandbox-one-service" else (),
            may_read_itself=value != "sandbox-blind",
        )
    return tokens


def make_managed_domains(start: datetime) -> list[ManagedDomain]:
    """One that a version lists too, one that none lists, and one that serves nothing yet."""
    at = (start - timedelta(days=80)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return [
        ManagedDomain(
            id=domain_id,
            fqdn=fqdn,
            service_id=service_id,
            activated=service_id is not None,
            verified=service_id is not None,
            description=description,
            created_at=at,
            updated_at=at,
        )
        for domain_id, fqdn, service_id, description in (
            ("dT5wQzN0yXbK7mGvR2cLfa", "api.larkspur.example", EDGE_API, "Stock and prices"),
            ("dP9uJh3sEoV6iZqB1nWkxt", "status.larkspur.example", EDGE_API, ""),
            ("dM4yAg8rHwC1tFlS0jUpze", "summer.larkspur.example", None, "For the sale in June"),
        )
    ]


def make_edge(start: datetime) -> Edge:
    """Every POP holds every page, each for a little longer than the one before."""
    origin = {address(url): page for url, page in PAGES.items()}
    edge = Edge(origin)
    edge.fetched.update(list(origin))
    for number, pop in enumerate(POPS, 1):
        filled_at = start - timedelta(minutes=7 * number)
        edge.held[pop.code] = {
            where: Copy(page, 1, filled_at, hits=3 * number) for where, page in origin.items()
        }
    return edge


def make_user(start: datetime) -> Row:
    return {
        "id": USER,
        "name": "Robin Ashby",
        "login": "robin@larkspur.example",
        "role": "engineer",
        "customer_id": CUSTOMER,
        "created_at": stamp(start - timedelta(days=420)),
        "updated_at": stamp(start - timedelta(days=12)),
        "deleted_at": None,
        "last_active_at": stamp(start - timedelta(hours=2)),
        "limit_services": False,
        "locked": False,
        "require_new_password": False,
        "two_factor_auth_enabled": True,
    }


def make_customer(start: datetime) -> Row:
    """After the documented fields: no recording of a customer exists."""
    return {
        "id": CUSTOMER,
        "name": "Larkspur Outfitters",
        "owner_id": USER,
        "billing_contact_id": None,
        "billing_network_type": "public",
        "billing_ref": None,
        "can_configure_wordpress": None,
        "can_reset_passwords": True,
        "can_upload_vcl": True,
        "force_2fa": False,
        "force_sso": False,
        "has_account_panel": True,
        "has_improved_events": True,
        "has_improved_ssl_config": False,
        "has_openstack_logging": False,
        "has_pci": False,
        "has_pci_passwords": False,
        "ip_whitelist": "0.0.0.0/0",
        "legal_contact_id": None,
        "phone_number": "+44 20 7946 0000",
        "postal_address": None,
        "pricing_plan": "customer",
        "pricing_plan_id": "customer",
        "security_contact_id": None,
        "technical_contact_id": None,
        "created_at": stamp(start - timedelta(days=420)),
        "updated_at": stamp(start - timedelta(days=40)),
        "deleted_at": None,
    }
