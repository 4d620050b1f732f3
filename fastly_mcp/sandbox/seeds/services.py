"""From what a seed says of a service to the service, its versions and all they hold."""

from datetime import datetime, timedelta
from typing import Any

from fastly_mcp.sandbox.resources.collections import ID
from fastly_mcp.sandbox.resources.products import PRODUCTS
from fastly_mcp.sandbox.seeds.files import SeedError
from fastly_mcp.sandbox.seeds.model import SeedService, SeedTraffic, SeedVersion
from fastly_mcp.sandbox.services import acls, dictionaries, pools
from fastly_mcp.sandbox.services.fields import defaults, read, text
from fastly_mcp.sandbox.services.kinds import BY_PLURAL, DETAILS, Kind
from fastly_mcp.sandbox.services.objects import make_row
from fastly_mcp.sandbox.services.references import SHIELDS
from fastly_mcp.sandbox.services.rules import SETTINGS
from fastly_mcp.sandbox.state import Row, Service, Version, make_id, stamp


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
        if rows and service.type == "wasm" and plural in VCL_ONLY:
            raise SeedError(f"{where}.{plural}: a wasm service has none, as it runs no VCL")
        made[plural] = tuple(
            _object(service, kind, row, at, f"{where}.{plural}[{number}]")
            for number, row in enumerate(rows)
        )
        for name in ("name", "id") if kind.has_id else ("name",):
            if len({row[name] for row in made[plural]}) < len(made[plural]):
                raise SeedError(f"{where}.{plural}: two have the same {name}")
    return made


VCL_ONLY = {*DETAILS["vcl"]} - {*DETAILS["wasm"], "acls", "dictionaries"}
"""The kinds that become VCL."""
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
    if row.get("shield") and row["shield"] not in SHIELDS:
        raise SeedError(f"{where}.shield is none; there are: {', '.join(SHIELDS)}")
    if not isinstance(row.get("id", ""), str):
        raise SeedError(f"{where}.id must be text")
    if not ID.fullmatch(row.get("id", "")):
        raise SeedError(f"{where}.id must be letters, digits and -._")
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
        values = read(dict.fromkeys(given, text()), given)
        given = [{"item_key": key, "item_value": value} for key, value in values.items()]
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise SeedError(f"{INSIDE[kind.plural]} must be a list of maps")
    members = {each.plural: each for each in (dictionaries.ITEMS, acls.ENTRIES, pools.SERVERS)}
    make, named_by = members[kind.plural].make, members[kind.plural].named_by
    rows = [
        make(service_id, container_id, make_id(f"{container_id} {number}"), each, at)
        for number, each in enumerate(given)
    ]
    return {row[named_by]: row for row in rows}
