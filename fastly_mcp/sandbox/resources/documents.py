"""JSON:API's documents: list, create, get, update and delete, the same for every type.

Invented: an `include`, a `filter` or a `sort` that a type does not know is passed over; a date in a
filter stands for its midnight; resources that were made in the same second are listed newest first
where the order is by time and downwards.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial

from starlette.responses import Response

from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic, classic_nothing, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.errors import FastlyError
from fastly_mcp.sandbox.paging import json_api_page
from fastly_mcp.sandbox.resources.json_api import Given, Type, included, related
from fastly_mcp.sandbox.routing import Endpoint, Side, family
from fastly_mcp.sandbox.state import Row

FILTER = re.compile(r"filter\[([\w.]+)\](?:\[(\w+)\])?")
"""`filter[state]`, `filter[tls_domains.id]`, `filter[not_after][lte]`."""

Types = Mapping[str, Type]


def list_all(types: Types, kind: Type, call: Call) -> Response:
    rows = [
        row
        for row in kind.all(call.world).values()
        if all(_passes(kind, row, name, value) for name, value in call.query.multi_items())
    ]
    _sort(types, kind, rows, call)
    page, links, meta = json_api_page(call, rows, is_escaped=True)
    body = _document(types, kind, call, "list", page)
    if "links" in kind.envelope:
        body["links"] = {
            name: links[name]
            for name in kind.links.split()
            if links[name] or kind.side is Side.NEWER
        }
    if "meta" in kind.envelope:
        body["meta"] = meta
    return _answer(kind, "list", body)


def create(types: Types, kind: Type, call: Call) -> Response:
    at = kind.stamp(call.now)
    new = {"created_at": at, "updated_at": at} | kind.read(call, _given(kind, call), None)
    new.setdefault("id", call.world.new_id())
    kind.kept(call.world)[new["id"]] = new
    return _changed(types, kind, call, "create", new)


def get(types: Types, kind: Type, call: Call) -> Response:
    return _answer(kind, "get", _document(types, kind, call, "get", _find(kind, call)))


def update(types: Types, kind: Type, call: Call) -> Response:
    old = _find(kind, call)
    new = kind.kept(call.world)[old["id"]] | kind.read(call, _given(kind, call), old)
    new["updated_at"] = kind.stamp(call.now)
    kind.kept(call.world)[old["id"]] = new
    return _changed(types, kind, call, "update", new)


def delete(types: Types, kind: Type, call: Call) -> Response:
    row = _find(kind, call)
    kind.before_delete(call, row)
    del kind.kept(call.world)[row["id"]]
    _record(kind, call, "delete", row)
    if kind.status("delete") == 200:
        return _answer(kind, "delete", {})
    return classic_nothing() if kind.side is Side.CLASSIC else newer_nothing()


METHODS: dict[str, tuple[str, Callable[[Types, Type, Call], Response]]] = {
    "list": ("GET", list_all),
    "create": ("POST", create),
    "get": ("GET", get),
    "update": ("PATCH", update),
    "delete": ("DELETE", delete),
}


def endpoints(types: Types) -> list[Endpoint]:
    """The endpoints of each type that has a path."""
    made: list[Endpoint] = []
    for kind in types.values():
        for verb in kind.verbs.split() if kind.path else ():
            method, handler = METHODS[verb]
            path = kind.path if verb in {"list", "create"} else f"{kind.path}/{{id}}"
            made += family(kind.side, path, None, **{method: partial(handler, types, kind)})
    return made


def _find(kind: Type, call: Call) -> Row:
    row = kind.all(call.world).get(call.params["id"])
    if row is None:
        raise kind.not_found(call.params["id"])
    return row


def _given(kind: Type, call: Call) -> Given:
    """The resource in the body.

    Its `type` is not looked at: it may be empty [go-fastly custom_tls/create-key.yaml]. Attributes
    may stand beside it [go-fastly platform_tls/update.yaml].
    """
    try:
        data = call.json_object().get("data")
    except FastlyError as error:
        raise kind.refuse(error.body["detail"]) from None
    if not isinstance(data, dict):
        raise kind.refuse("param is missing or the value is empty: data")
    attributes, relationships = data.get("attributes"), data.get("relationships")
    return Given(
        data | attributes if isinstance(attributes, dict) else data,
        relationships if isinstance(relationships, dict) else {},
    )


def _document(types: Types, kind: Type, call: Call, verb: str, data: Row | list[Row]) -> Row:
    known = kind.includes.split()
    asked = [path for path in call.query.get("include", "").split(",") if path in known]
    paths = kind.always_includes.get(verb, "").split() + (asked if call.method == "GET" else [])
    names = frozenset(path.partition(".")[0] for path in paths)
    rows = data if isinstance(data, list) else [data]
    shown = [kind.shown(row, names) for row in rows]
    body: Row = {"data": shown if isinstance(data, list) else shown[0]}
    along = included(types, call.world, kind, rows, paths)
    return body | {"included": along} if along else body


def _answer(kind: Type, verb: str, body: Row) -> Response:
    send = classic if kind.side is Side.CLASSIC else newer
    return send(body, kind.status(verb), media_type=kind.media_type(verb))


def _changed(types: Types, kind: Type, call: Call, verb: str, row: Row) -> Response:
    _record(kind, call, verb, row)
    body = _document(types, kind, call, verb, kind.all(call.world)[row["id"]])
    if verb == "create":
        body["data"].get("attributes", {}).update(dict.fromkeys(kind.null_at_first))
    return _answer(kind, verb, body)


def _record(kind: Type, call: Call, verb: str, row: Row) -> None:
    event = kind.events.get(verb, f"{kind.event}.{verb}")
    record(call, event, row.get("service"), name=row.get("name") or row["id"])


def _passes(kind: Type, row: Row, parameter: str, value: str) -> bool:
    """Whether a parameter of the query lets a row through."""
    found = FILTER.fullmatch(parameter)
    name = kind.filters.get(found[1]) if found else None
    if found is None or name is None:
        return True
    held = row.get(name)
    if isinstance(held, list):
        return value in held
    text = str(held).lower() if isinstance(held, bool) else str(held)
    # Documented: `filter[not_after]` alone means before that date.
    match found[2] or ("lt" if name == "not_after" else ""):
        case "not":
            return text != value
        case "lt":
            return text < value
        case "lte":
            return text <= value
        case "gt":
            return text > value
        case "gte":
            return text >= value
    return text == value


def _sort(types: Types, kind: Type, rows: list[Row], call: Call) -> None:
    known = kind.sorts.split()
    asked = call.query.get("sort", "")
    order = asked if asked.removeprefix("-") in {each.removeprefix("-") for each in known} else ""
    order = order or known[0]
    name, _, inner = order.removeprefix("-").partition(".")

    def key(row: Row) -> str:
        if not inner:
            return str(row.get(name) or "")
        others = related(types, call.world, kind, row, name)
        return max((str(other[inner]) for other in others), default="")

    rows.sort(key=key)
    if order.startswith("-"):
        rows.reverse()
