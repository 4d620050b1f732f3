"""From a seed to a world, and the built-in account."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from fastly_mcp.sandbox.account.events import DOCUMENTED
from fastly_mcp.sandbox.account.users import make_user
from fastly_mcp.sandbox.edge.cache import Edge, address
from fastly_mcp.sandbox.edge.pages import Page
from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.invented import names_that_match
from fastly_mcp.sandbox.resources.collections import COLLECTIONS, make_item
from fastly_mcp.sandbox.seeds.files import SeedError, read_seed
from fastly_mcp.sandbox.seeds.model import Seed
from fastly_mcp.sandbox.seeds.services import bulk, make_service
from fastly_mcp.sandbox.state import (
    Incident,
    Limits,
    Row,
    Service,
    Token,
    Traffic,
    World,
    make_id,
    picked,
    stamp,
)


@cache
def builtin() -> Seed:
    """Larkspur Outfitters, the invented customer."""
    return read_seed(Path(__file__).with_name("larkspur.yaml"))


def make_world(at: datetime, seed: Seed | None = None, *, services: int = 0) -> World:
    """A new world from a seed, the built-in one if none is given, with at least so many services.

    Raises SeedError for what a seed says that cannot be.
    """
    seed = seed or builtin()
    try:
        return _make_world(at, seed, services)
    except SeedError as error:
        # What is wrong between the parts shows only here, where the file is no longer at hand.
        raise SeedError(f"{seed.source}: {error}" if seed.source else str(error)) from None


def _make_world(at: datetime, seed: Seed, services: int) -> World:
    start = at.replace(microsecond=0)
    customer = seed.customer.id or make_id(f"customer {seed.customer.name}")
    _are_different("users", "login", seed.users)
    _are_different("users", "id", seed.users)
    _are_different("tokens", "value", seed.tokens)
    _are_different("tokens", "id", seed.tokens)
    _are_different("services", "name", seed.services)
    users = _users(seed, customer, start)
    logins = {user["login"]: user_id for user_id, user in users.items()}
    plans = [*seed.services, *map(bulk, range(len(seed.services) + 1, services + 1))]
    made = {}
    for number, plan in enumerate(plans):
        service = make_service(plan, start, f"services[{number}]")
        if service.id in made:
            raise SeedError(f"services[{number}].id {service.id} is there twice")
        made[service.id] = service
    ids = {service.name: service.id for service in made.values()}
    world = World(
        customer=make_customer(
            customer, seed.customer.name, next(iter(users)), start, seed.customer.days_ago
        ),
        users=users,
        tokens={},
        services=made,
        edge=Edge(),
        traffic={ids[plan.name]: Traffic(**plan.traffic.model_dump()) for plan in plans},
        limits=Limits(**seed.limits.model_dump()),
    )
    _add_tokens(world, seed, start, logins, ids)
    _add_incidents(world, seed, start, ids)
    _add_events(world, seed, start, logins, ids)
    _add_collections(world, seed, start, logins, ids)
    _add_pages(world, seed, start, ids)
    return world


def _are_different(parts: str, name: str, rows: Sequence[BaseModel]) -> None:
    seen = set()
    for at, row in enumerate(rows):
        value = getattr(row, name)
        if value and value in seen:
            raise SeedError(f"{parts}[{at}].{name} {value} is there twice")
        seen.add(value)


def _known(name: str, ids: dict[str, str], where: str) -> str:
    try:
        return ids[name]
    except KeyError:
        raise SeedError(f"{where}: there is no {name!r}") from None


def _users(seed: Seed, customer_id: str, start: datetime) -> dict[str, Row]:
    """The users by id, each of whom was here two hours ago."""
    here = {
        "last_active_at": stamp(start - timedelta(hours=2)),
        "locked": False,
        "require_new_password": False,
        "two_factor_auth_enabled": True,
    }
    users = {}
    for planned in seed.users:
        user_id = planned.id or make_id(f"user {planned.login}")
        at = stamp(start - timedelta(days=planned.days_ago))
        users[user_id] = make_user(customer_id, user_id, at, planned.model_dump()) | here
    return users


def _add_tokens(
    world: World, seed: Seed, start: datetime, logins: dict[str, str], ids: dict[str, str]
) -> None:
    for at, planned in enumerate(seed.tokens):
        where = f"tokens[{at}]"
        left = planned.expires_in_days
        world.tokens[planned.value] = Token(
            id=planned.id or make_id(f"token {planned.value}"),
            name=planned.name or planned.value,
            scopes=tuple(planned.scopes),
            user_id=_known(planned.user or seed.users[0].login, logins, f"{where}.user"),
            created_at=stamp(start - timedelta(days=planned.days_ago)),
            expires_at=None if left is None else stamp(start + timedelta(days=left)),
            services=tuple(_known(name, ids, f"{where}.services") for name in planned.services),
            may_read_itself=planned.may_read_itself,
            is_automation=planned.automation,
            role="engineer" if planned.automation else "",
        )


def _add_pages(world: World, seed: Seed, start: datetime, ids: dict[str, str]) -> None:
    """Every POP holds every page, each for a little longer than the one before."""
    filled = {pop.code: start.timestamp() - 420 * at for at, pop in enumerate(POPS, 1)}
    serving = world.serving()
    names = cache(lambda service_id: _names(world.services[service_id]))
    for url, planned in seed.pages.items():
        where, place = address(url), f"pages[{url}]"
        service_id = _known(planned.service, ids, f"{place}.service")
        if str(where) in world.edge.origin:
            raise SeedError(f"{place}: {where} is there twice")
        served_by = picked(where.host, serving)
        if served_by and served_by.id != service_id:
            raise SeedError(f"{place}: {where.host} is served by {served_by.name!r}")
        if not served_by and names(service_id).isdisjoint(names_that_match(where.host)):
            raise SeedError(f"{place}: {planned.service!r} has no domain for {where.host!r}")
        world.edge.origin[str(where)] = Page(
            service_id=service_id,
            surrogate_keys=tuple(planned.keys),
            status=planned.status,
            content_type=planned.content_type,
            size=planned.size,
            cache_control=planned.cache_control,
            headers={name.lower(): value for name, value in planned.headers.items()},
        )
        if planned.cached and world.edge.origin[str(where)].is_cacheable:
            world.edge.fill(where, filled, hits=9)


def _names(service: Service) -> set[str]:
    """The domains of all versions: what only a draft names may have pages too."""
    # Versions share what was not changed, so each list is looked at once.
    lists = {id(rows): rows for each in service.versions if (rows := each.objects.get("domains"))}
    return {row["name"].lower() for rows in lists.values() for row in rows}


def _add_incidents(world: World, seed: Seed, start: datetime, ids: dict[str, str]) -> None:
    for at, planned in enumerate(seed.incidents):
        began = start - timedelta(hours=planned.hours_ago)
        world.incidents.append(
            Incident(
                _known(planned.service, ids, f"incidents[{at}].service"),
                stamp(began),
                stamp(began + timedelta(minutes=planned.minutes)),
                planned.errors,
                planned.note,
            )
        )


def _add_events(
    world: World, seed: Seed, start: datetime, logins: dict[str, str], ids: dict[str, str]
) -> None:
    tokens = {token.user_id: token.id for token in reversed(world.tokens.values())}
    for at, planned in sorted(enumerate(seed.events), key=lambda each: -each[1].hours_ago):
        where = f"events[{at}]"
        if planned.type not in DOCUMENTED:
            raise SeedError(
                f"{where}.type: there is no event {planned.type!r}; version.activate is one"
            )
        user_id = _known(planned.user or seed.users[0].login, logins, f"{where}.user")
        world.events.append(
            {
                "id": world.new_id(),
                "admin": False,
                "created_at": stamp(start - timedelta(hours=planned.hours_ago)),
                "customer_id": world.customer["id"],
                "description": planned.description or planned.type,
                "event_type": planned.type,
                "ip": "198.51.100.7",
                "metadata": planned.metadata,
                "service_id": _known(planned.service, ids, f"{where}.service")
                if planned.service
                else None,
                "user_id": user_id,
                "token_id": tokens.get(user_id),
            }
        )


def _add_collections(
    world: World, seed: Seed, start: datetime, logins: dict[str, str], ids: dict[str, str]
) -> None:
    for name, rows in seed.collections.items():
        if name not in COLLECTIONS:
            raise SeedError(f"collections.{name} is none; there are: {', '.join(COLLECTIONS)}")
        for at, row in enumerate(rows):
            where = f"collections.{name}[{at}]"
            try:
                item = make_item(name, row, start, ids, logins)
            except ValueError as error:
                raise SeedError(f"{where}: {error}") from None
            if item["id"] in world.collection(name):
                raise SeedError(f"{where}.id {item['id']} is there twice")
            world.collection(name)[item["id"]] = item


def make_customer(
    customer_id: str, name: str, owner_id: str, start: datetime, days_ago: float
) -> Row:
    """After the documented fields: no recording of a customer exists."""
    nulls: Iterable[str] = (
        "billing_contact_id",
        "billing_ref",
        "can_configure_wordpress",
        "legal_contact_id",
        "postal_address",
        "security_contact_id",
        "technical_contact_id",
        "deleted_at",
    )
    return {
        **dict.fromkeys(nulls),
        "id": customer_id,
        "name": name,
        "owner_id": owner_id,
        "billing_network_type": "public",
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
        "phone_number": "+44 20 7946 0000",
        "pricing_plan": "customer",
        "pricing_plan_id": "customer",
        "created_at": stamp(start - timedelta(days=days_ago)),
        "updated_at": stamp(start - timedelta(days=min(40, days_ago))),
    }
