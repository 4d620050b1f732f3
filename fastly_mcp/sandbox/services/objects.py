"""The objects of a version: list, create, get, update and delete, the same for every kind."""

import ipaddress
from functools import partial
from typing import Any

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import OK, classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.routing import Endpoint, Side, family
from fastly_mcp.sandbox.services.fields import echoed, made, read
from fastly_mcp.sandbox.services.kinds import ANY, KINDS, Kind
from fastly_mcp.sandbox.services.links import linked
from fastly_mcp.sandbox.services.references import follow
from fastly_mcp.sandbox.state import Row, Version


def shown(kind: Kind, service_id: str, number: int, row: Row) -> Row:
    """A row as it goes over the wire."""
    return row | _place(kind, service_id, number)


def shown_all(kind: Kind, service_id: str, version: Version) -> list[Row]:
    place = _place(kind, service_id, version.number)
    return [row | place for row in version.objects.get(kind.plural, ())]


def _place(kind: Kind, service_id: str, number: int) -> Row:
    """Where a row stands, which is not kept in it: clones share rows."""
    version = str(number) if kind.version_is_text else number
    place: Row = {"service_id": service_id, "version": version}
    return place | {"deleted_at": None} if kind.has_deleted_at else place


def put_in(version: Version, kind: Kind, rows: tuple[Row, ...], at: str) -> None:
    """Give a version other rows of a kind; what it shares with its clones stays as it is."""
    version.objects = version.objects | {kind.plural: rows}
    version.updated_at = at


def replace(version: Version, kind: Kind, old: Row, new: Row | None, at: str) -> None:
    """Put a row in the stead of another, or none; what names the other by name may follow."""
    rows = (new if row is old else row for row in version.objects[kind.plural])
    put_in(version, kind, tuple(row for row in rows if row is not None), at)
    if new is None or new["name"] != old["name"]:
        follow(version, kind, old["name"], new["name"] if new else None)


def find(call: Call, kind: Kind, version: Version) -> Row:
    """The row that the path names."""
    name = call.params["name"]
    for row in version.objects.get(kind.plural, ()):
        if row[kind.named_by] == name:
            return row
    raise errors.no_such_object(
        kind.label, **{kind.named_by: name}, service=call.service().id, version=version.number
    )


def make_row(kind: Kind, given: Row, at: str, object_id: str) -> Row:
    """A new row: what is given over the defaults of its kind. Raises ValueError, see `read`."""
    row = {"name": _name(kind, given["name"]), **made(kind.fields, given)}
    row |= _derived(kind, row, given)
    if kind.has_id:
        row["id"] = object_id
    return row | {"created_at": at, "updated_at": at}


def list_objects(kind: Kind, call: Call) -> Response:
    return classic(shown_all(kind, call.params["service_id"], call.version()))


def create(kind: Kind, call: Call) -> Response:
    version, given = call.draft(), call.given()
    if kind.plural == "resources":
        given = linked(call.world, given)
    given["name"] = new_name(kind, version, given.get("name"))
    with invented.fitting():
        row = make_row(kind, given, call.stamp, call.world.new_id())
    # The content of a dynamic snippet lives outside the versions.
    if kind.path == "snippet" and row["dynamic"] == "1":
        call.service().members[row["id"]] = {
            "content": {
                "content": row["content"] or "",
                "created_at": call.stamp,
                "updated_at": call.stamp,
            }
        }
        row["content"] = None
    put_in(version, kind, (*version.objects.get(kind.plural, ()), row), call.stamp)
    return _changed(kind, call, version, row, given, verb="create")


def get(kind: Kind, call: Call) -> Response:
    version = call.version()
    return classic(
        shown(kind, call.params["service_id"], version.number, find(call, kind, version))
    )


def update(kind: Kind, call: Call) -> Response:
    version, given = call.draft(), call.given()
    old = find(call, kind, version)
    new = change(kind, version, old, given, call.stamp)
    return _changed(kind, call, version, new, given, verb="update", old=old, new=new)


def change(kind: Kind, version: Version, old: Row, given: Row, at: str) -> Row:
    """A row as it becomes, which takes the old one's place."""
    with invented.fitting():
        new = {**old, **read(kind.fields, given), "updated_at": at}
        new |= _derived(kind, new, given)
    if kind.path == "snippet":
        # What a snippet is it stays, and a dynamic one's content is outside the versions.
        new["dynamic"] = old["dynamic"]
        new["content"] = None if new["dynamic"] == "1" else new["content"]
    if given.get("name", old["name"]) != old["name"]:
        new["name"] = new_name(kind, version, given["name"])
    replace(version, kind, old, new, at)
    return new


def delete(kind: Kind, call: Call) -> Response:
    version = call.draft()
    old = find(call, kind, version)
    replace(version, kind, old, None, call.stamp)
    record(call, f"{kind.path.partition('/')[0]}.delete", call.service().id, name=old["name"])
    return classic(OK)


def endpoints() -> list[Endpoint]:
    """Five endpoints for each kind."""
    made: list[Endpoint] = []
    for kind in KINDS:
        path = f"/service/{{service_id}}/version/{{version}}/{kind.path}"
        made += family(
            Side.CLASSIC, path, GET=partial(list_objects, kind), POST=partial(create, kind)
        )
        # Rate limiters are made in a version, and from then on named by their id alone.
        if kind.path != "rate-limiters":
            made += family(
                Side.CLASSIC,
                f"{path}/{{name}}",
                GET=partial(get, kind),
                PUT=partial(update, kind),
                DELETE=partial(delete, kind),
            )
    return made


def _changed(
    kind: Kind, call: Call, version: Version, row: Row, given: Row, *, verb: str, **more: Row
) -> Response:
    service_id = call.params["service_id"]
    record(call, f"{kind.path.partition('/')[0]}.{verb}", service_id, name=row["name"], **more)
    asked = {name: row[name] for name in kind.fields if name in given}
    return classic(shown(kind, service_id, version.number, row) | echoed(kind.fields, asked))


def _name(kind: Kind, name: Any) -> str:
    """The name, if its kind allows it. Raises ValueError."""
    for names in (ANY, kind.names):
        if not isinstance(name, str) or not names.pattern.fullmatch(name):
            raise ValueError(f"name {names.rule}")
    return str(name)


def new_name(kind: Kind, version: Version, name: Any) -> str:
    """A name for an object that nothing of its kind has yet."""
    with invented.fitting():
        wanted = _name(kind, name)
    if any(row["name"] == wanted for row in version.objects.get(kind.plural, ())):
        raise errors.duplicate(kind.path.replace("/", "_"), wanted)
    return wanted


def _derived(kind: Kind, row: Row, given: Row) -> Row:
    """What Fastly works out of what was given."""
    return _located(kind, row, given) | _secured(kind, row, given) | _compressed(kind, given)


def _located(kind: Kind, row: Row, given: Row) -> Row:
    """Whether an address is a name or a number."""
    if not {"hostname", "ipv4"} <= kind.fields.keys() or not given.get("address"):
        return {}
    try:
        number = ipaddress.ip_address(row["address"])
        found = {f"ipv{number.version}": str(number)}
    except ValueError:
        found = {"hostname": row["address"]}
    # FTP and syslog have no field for an IPv6 address.
    return {name: found.get(name) for name in ("hostname", "ipv4", "ipv6") if name in kind.fields}


def _secured(kind: Kind, row: Row, given: Row) -> Row:
    """The ports that decide on TLS [documented]; the CLI's --use-ssl sends the port alone."""
    if kind.path != "backend" or "use_ssl" in given or "port" not in given:
        return {}
    return {"use_ssl": row["port"] == 443} if row["port"] in {80, 443} else {}


def _compressed(kind: Kind, given: Row) -> Row:
    """Of gzip_level and compression_codec there is one at most [documented]."""
    if not {"gzip_level", "compression_codec"} <= kind.fields.keys():
        return {}
    if "gzip_level" in given and "compression_codec" in given:
        if str(given["gzip_level"]) not in {"", "0"} and given["compression_codec"]:
            raise ValueError("gzip_level and compression_codec exclude each other")
    elif "gzip_level" in given:
        return {"compression_codec": None}
    elif given.get("compression_codec"):
        return {"gzip_level": kind.fields["gzip_level"].default}
    return {}
