"""JSON:API's form: what a type of resource is made of, and how its rows go over the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import JSON_API
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.errors import FastlyError
from fastly_mcp.sandbox.routing import Side
from fastly_mcp.sandbox.state import Row, World, stamp_with_fraction


class Relation(NamedTuple):
    """What a row names in the field of the relation's name: one id, or a list of ids."""

    type: str
    shown: str = "always"
    """Or `if included`, where `include` asks for it; or `if set`."""

    def linkage(self, held: Any) -> list[Row] | Row | None:
        if isinstance(held, list):
            return [{"id": each, "type": self.type} for each in held]
        return {"id": held, "type": self.type} if held else None


class Given(NamedTuple):
    """The resource in a request's body."""

    attributes: Row
    relationships: Row

    def names(self, *relations: str) -> list[str] | None:
        """The ids in the first of these relations that is there; None if none is."""
        for relation in relations:
            if relation in self.relationships:
                inside = self.relationships[relation]
                data = inside.get("data") if isinstance(inside, dict) else None
                each = data if isinstance(data, list) else [data]
                ids = [one.get("id") for one in each if isinstance(one, dict)]
                return [one for one in ids if isinstance(one, str) and one]
        return None

    def name(self, relation: str) -> str | None:
        """The id in a relation to one."""
        return next(iter(self.names(relation) or ()), None)

    def text(self, attribute: str) -> str:
        value = self.attributes.get(attribute)
        return value if isinstance(value, str) else ""


def bad_request(detail: str) -> FastlyError:
    """The general 400 of TLS [terraform-provider-fastly#427]."""
    return errors.json_api(400, "Bad request", detail)


def no_fields(call: Call, given: Given, old: Row | None) -> Row:
    """Of types that no body changes."""
    return {}


def nothing(call: Call, row: Row) -> None:
    """What most types do before a row goes."""


@dataclass(frozen=True, slots=True)
class Type:
    """One type. What differs from type to type without a reason is told here as recorded.

    The verbs are list, create, get, update and delete; a row is kept under the name of its type
    with an s.
    """

    name: str
    attributes: tuple[str, ...] = ()
    relations: Mapping[str, Relation] = field(default_factory=dict)
    path: str = ""
    verbs: str = "list create get update delete"
    noun: str = ""
    """Its word in errors."""
    event: str = ""
    events: Mapping[str, str] = field(default_factory=dict)
    """The event types of verbs, where they are not `event` and the verb."""
    rows: Callable[[World], Mapping[str, Row]] | None = None
    """Its rows with what follows from others, or made of others altogether."""
    read: Callable[[Call, Given, Row | None], Row] = no_fields
    """The fields that a body gives a new row, or one that is there. Raises FastlyError."""
    before_delete: Callable[[Call, Row], None] = nothing
    """What goes with a row. Raises FastlyError if it may not go."""
    stamp: Any = stamp_with_fraction
    envelope: str = "links meta"
    """What stands beside the data of a list."""
    links: str = "self first prev next last"
    includes: str = ""
    """What `include` may ask for."""
    always_includes: Mapping[str, str] = field(default_factory=dict)
    """By verb, what is included without being asked for."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """By the name in `filter[…]`, the field to compare."""
    sorts: str = "created_at"
    """What `sort` may name; the first is the order without it."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    media_types: Mapping[str, str] = field(default_factory=dict)
    null_at_first: tuple[str, ...] = ()
    """Attributes that the answer to a POST has as null."""
    side: Side = Side.NEWER
    refuse: Callable[[str], FastlyError] = bad_request
    missing: Callable[[str], FastlyError] | None = None

    def all(self, world: World) -> Mapping[str, Row]:
        """Every row by id, with what follows from others."""
        return self.rows(world) if self.rows else self.kept(world)

    def kept(self, world: World) -> dict[str, Row]:
        return world.collection(f"{self.name}s")

    def not_found(self, row_id: str) -> FastlyError:
        """The 404, as recorded of subscriptions [go-fastly tls_subscription/cleanup.yaml]."""
        if self.missing:
            return self.missing(row_id)
        return errors.json_api(404, "Not found", f"The {self.noun} you requested was not found")

    def status(self, verb: str) -> int:
        return self.statuses.get(verb, {"create": 201, "delete": 204}.get(verb, 200))

    def media_type(self, verb: str) -> str:
        return self.media_types.get(verb, JSON_API)

    def shown(self, row: Row, included: frozenset[str] = frozenset()) -> Row:
        """A row as a resource."""
        resource: Row = {"id": row["id"], "type": self.name}
        if self.attributes:
            resource["attributes"] = {name: row[name] for name in self.attributes}
        relationships = {
            name: {"data": relation.linkage(row.get(name))}
            for name, relation in self.relations.items()
            if name in included
            or relation.shown == "always"
            or (relation.shown == "if set" and row.get(name))
        }
        if relationships:
            resource["relationships"] = relationships
        return resource


def related(types: Mapping[str, Type], world: World, start: Type, row: Row, name: str) -> list[Row]:
    """The rows that a relation of a row names, as far as there are any."""
    relation = start.relations.get(name)
    if relation is None or relation.type not in types:
        return []
    rows, held = types[relation.type].all(world), row.get(name) or []
    return [rows[each] for each in (held if isinstance(held, list) else [held]) if each in rows]


def included(
    types: Mapping[str, Type], world: World, start: Type, rows: list[Row], paths: list[str]
) -> list[Row]:
    """The resources that lie on these paths from these rows, each once."""
    found: dict[tuple[str, str], Row] = {}
    for path in paths:
        kind, level = start, {row["id"]: row for row in rows}
        for name in path.split("."):
            relation = kind.relations.get(name)
            if relation is None or relation.type not in types:
                break
            level = {
                other["id"]: other
                for row in level.values()
                for other in related(types, world, kind, row, name)
            }
            kind = types[relation.type]
            for row in level.values():
                found.setdefault((kind.name, row["id"]), kind.shown(row))
    return list(found.values())
