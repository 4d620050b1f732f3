"""From a seed to a world, and the built-in account."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fastly_mcp.sandbox.account.users import make_user
from fastly_mcp.sandbox.edge.cache import Edge, Page, address
from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.resources.collections import COLLECTIONS, make_item
from fastly_mcp.sandbox.resources.products import PRODUCTS
from fastly_mcp.sandbox.seeds.files import SeedError, read_seed
from fastly_mcp.sandbox.seeds.model import Seed, SeedService, SeedTraffic, SeedVersion
from fastly_mcp.sandbox.services import acls, dictionaries, pools
from fastly_mcp.sandbox.services.fields import defaults, read, text
from fastly_mcp.sandbox.services.kinds import BY_PLURAL, SETTINGS, Kind
from fastly_mcp.sandbox.services.objects import make_row
from fastly_mcp.sandbox.state import (
    Incident,
    Limits,
    Row,
    Service,
    Token,
    Traffic,
    Version,
    World,
    make_id,
    stamp,
)

BUILT_IN = 6
"""Services of the built-in account."""


@cache
def builtin() -> Seed:
    """Larkspur Outfitters, the invented customer."""
    return read_seed(Path(__file__).with_name("larkspur.yaml"))


def make_world(at: datetime, seed: Seed | None = None, *, services: int = 0) -> World:
    """A new world from a seed, the built-in one if none is given, with at least so many services.

    Raises SeedError for what a seed says that cannot be.
    """
    seed = seed or builtin()
    start = at.replace(microsecond=0)
    customer = seed.customer.id or make_id(f"customer {seed.customer.name}")
    _are_different("users", "login", seed.users)
    _are_different("users", "id", seed.users)
    _are_different("tokens", "value", seed.tokens)
    _are_different("tokens", "id", seed.tokens)
    _are_different("services", "name", seed.services)
    users = {
        user_id: make_user(
            customer, user_id, stamp(start - timedelta(days=user.days_ago)), user.model_dump()
        )
        | {"last_active_at": stamp(start - timedelta(hours=2))}
        | dict.fromkeys(("locked", "require_new_password"), False)
        | {"two_factor_auth_enabled": True}
        for user in seed.users
        for user_id in [user.id or make_id(f"user {user.login}")]
    }
    logins = {user["login"]: user_id for user_id, user in users.items()}
    plans = [*seed.services, *map(bulk, range(len(seed.services) + 1, services + 1))]
    made = {}
    for at_, plan in enumerate(plans):
        service = make_service(plan, start, f"services[{at_}]")
        if service.id in made:
            raise SeedError(f"services[{at_}].id {service.id} is there twice")
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
    _add_pages(world, seed, start, ids)
    _add_incidents(world, seed, start, ids)
    _add_events(world, seed, start, logins, ids)
    for name, rows in seed.collections.items():
        if name not in COLLECTIONS:
            raise SeedError(f"collections.{name} is none; there are: {', '.join(COLLECTIONS)}")
        for at_, row in enumerate(rows):
            where = f"collections.{name}[{at_}]"
            try:
                item = make_item(name, row, start, ids, logins)
            except ValueError as error:
                raise SeedError(f"{where}: {error}") from None
            if item["id"] in world.collection(name):
                raise SeedError(f"{where}.id {item['id']} is there twice")
            world.collection(name)[item["id"]] = item
    return world


def _are_different(parts: str, name: str, rows: Sequence[BaseModel]) -> None:
    seen = set()
    for at, row in enumerate(rows):
        value = getattr(row, name)
        if value and value in seen:
            raise SeedError(f"{parts}[{at}].{name} {value} is there twice")
        seen.add(value)


def bulk(number: int) -> SeedService:
    """One of the many services of a large account: some paused, some never activated."""
    host = f"svc-{number:04d}.bulk.larkspur.example"
    is_compute = number % 3 == 0
    count = 1 + number % 4
    objects: Row = {
        "domains": [{"name": host}],
        "backends": [{"name": "bulk", "address": "bulk.larkspur.example", "port": 443}],
    }
    if not is_compute:
        objects |= {"gzips": [{"name": "text"}]}
    newest = number % 700 + 1
    return SeedService(
        id=make_id(f"bulk {number}"),
        name=f"bulk-{number:04d}",
        type="wasm" if is_compute else "vcl",
        comment="Managed by Terraform" if number % 10 == 0 else "",
        active=None if number % 25 == 0 else max(1, count - (number % 4 == 3)),
        paused=number % 50 == 0,
        # A few are busy, most are not; nobody visits what was never activated.
        traffic=SeedTraffic(requests_per_second=40 / (number % 40 + 1) if number % 25 else 0),
        versions=[
            SeedVersion.model_construct(
                days_ago=newest + 30 * (count - at),
                comment="",
                settings={},
                logging={},
                _fields_set=set(),
                **(objects if at == 1 else {}),
            )
            for at in range(1, count + 1)
        ],
    )


def make_service(plan: SeedService, start: datetime, where: str) -> Service:
    """A service as a seed plans it; every version is a clone of the one before."""
    service = Service(
        plan.id or make_id(f"service {plan.name}"), plan.name, plan.type, "", "", "", []
    )
    service.comment, service.paused = plan.comment, plan.paused
    for product in plan.products:
        if product not in PRODUCTS:
            raise SeedError(f"{where}.products: there is no {product!r}")
        service.products[product] = {}
    plans = plan.versions[:-1] + [plan.versions[-1]] * (1 + plan.copies)
    if plan.active and plan.active > len(plans):
        raise SeedError(f"{where}.active is {plan.active}, but there are {len(plans)} versions")
    settings = defaults(SETTINGS)
    objects: dict[str, tuple[Row, ...]] = {}
    for number, planned in enumerate(plans, 1):
        created = start - timedelta(days=planned.days_ago)
        place = f"{where}.versions[{min(number, len(plan.versions)) - 1}]"
        if number <= len(plan.versions):
            objects = objects | _objects(service, planned, stamp(created), place)
            settings = settings | _read_settings(planned.settings, place)
        service.versions.append(
            Version(
                number=number,
                created_at=stamp(created),
                updated_at=stamp(created + timedelta(minutes=25)),
                comment=planned.comment,
                active=number == plan.active,
                locked=plan.active is not None and number <= plan.active,
                objects=objects,
                settings=settings,
            )
        )
    service.created_at = service.versions[0].created_at
    service.updated_at = service.versions[-1].updated_at
    return service


def _read_settings(given: Row, where: str) -> Row:
    unknown = given.keys() - SETTINGS.keys()
    if unknown:
        raise SeedError(f"{where}.settings has no {', '.join(sorted(unknown))}")
    try:
        return read(SETTINGS, given)
    except ValueError as error:
        raise SeedError(f"{where}.settings: {error}") from None


def _objects(
    service: Service, planned: SeedVersion, at: str, where: str
) -> dict[str, tuple[Row, ...]]:
    named = dict(planned.model_extra or {}) | {
        f"logging/{name}": rows for name, rows in planned.logging.items()
    }
    made = {}
    for plural, rows in named.items():
        kind = BY_PLURAL.get(plural)
        if kind is None:
            raise SeedError(f"{where}.{plural} is no kind of object")
        if not isinstance(rows, list):
            raise SeedError(f"{where}.{plural} is not a list")
        made[plural] = tuple(
            _object(service, kind, row, at, f"{where}.{plural}[{number}]")
            for number, row in enumerate(rows)
        )
        for name in ("name", "id") if kind.has_id else ("name",):
            if len({row[name] for row in made[plural]}) < len(made[plural]):
                raise SeedError(f"{where}.{plural}: two have the same {name}")
    return made


INSIDE = {"dictionaries": "items", "acls": "entries", "pools": "servers"}
"""What a seed writes into an object although it lives outside the versions."""


def _object(service: Service, kind: Kind, given: object, at: str, where: str) -> Row:
    row = {"name": given} if isinstance(given, str) else given
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not row["name"]:
        raise SeedError(f"{where} needs a name")
    inside = INSIDE.get(kind.plural)
    unknown = row.keys() - kind.takes - {"id", inside}
    if unknown:
        raise SeedError(f"{where} has no {', '.join(sorted(map(str, unknown)))}")
    if not isinstance(row.get("id", ""), str):
        raise SeedError(f"{where}.id must be text")
    object_id = str(row.get("id") or make_id(f"{service.id} {kind.path} {row['name']}"))
    try:
        made = make_row(kind, row, at, object_id)
        if inside and row.get(inside):
            service.members[object_id] = _members(service.id, object_id, kind, row[inside], at)
    except ValueError as error:
        raise SeedError(f"{where}: {error}") from None
    if kind.path == "snippet" and made["dynamic"] == "1":
        content = {"content": made["content"] or "", "created_at": at, "updated_at": at}
        service.members[object_id] = {"content": content}
        made["content"] = None
    return made


def _members(service_id: str, container_id: str, kind: Kind, given: Any, at: str) -> dict[str, Row]:
    if kind.plural == "dictionaries":
        if not isinstance(given, dict):
            raise SeedError("items must be a map")
        return {
            key: dictionaries.make_item(service_id, container_id, key, value, at)
            for key, value in read(dict.fromkeys(given, text()), given).items()
        }
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise SeedError(f"{INSIDE[kind.plural]} must be a list of maps")
    make = acls.make_entry if kind.plural == "acls" else pools.make_server
    rows = [
        make(service_id, container_id, make_id(f"{container_id} {number}"), each, at)
        for number, each in enumerate(given)
    ]
    return {row["id"]: row for row in rows}


def _known(name: str, ids: dict[str, str], where: str) -> str:
    try:
        return ids[name]
    except KeyError:
        raise SeedError(f"{where}: there is no {name!r}") from None


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
    for url, planned in seed.pages.items():
        where = address(url)
        world.edge.origin[str(where)] = Page(
            service_id=_known(planned.service, ids, f"pages[{url}].service"),
            surrogate_keys=tuple(planned.keys),
            status=planned.status,
            content_type=planned.content_type,
            size=planned.size,
            cache_control=planned.cache_control,
            headers={name.lower(): value for name, value in planned.headers.items()},
        )
        if planned.cached and world.edge.origin[str(where)].is_cacheable:
            world.edge.fill(where, filled, hits=9)


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
    for at, planned in enumerate(sorted(seed.events, key=lambda event: -event.hours_ago)):
        where = f"events[{at}]"
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
