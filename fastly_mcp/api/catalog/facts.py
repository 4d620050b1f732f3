"""The facts of every operation, as the official client declares them, ready to be written down."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastly_mcp.api.catalog.catalog import READ_ONLY, REQUIRED
from fastly_mcp.api.catalog.literals import endpoints, is_nullable, type_of
from fastly_mcp.api.catalog.models import Model, Models, read_models
from fastly_mcp.api.catalog.summaries import summary_of

_RULES = {
    "inclusive_minimum": "minimum",
    "inclusive_maximum": "maximum",
    "min_length": "min_length",
    "max_length": "max_length",
    "min_items": "min_items",
    "max_items": "max_items",
}
# Where the items of an answer are that holds a list among other things.
_ITEMS = ("data", "data.details", "entries", "results")
_CURSORS = ("meta.next_cursor", "next_cursor", "data.meta.next_cursor")

# Where the client is mistaken, as recorded answers and Fastly's other clients show.
_BODIES = {"bulk_purge_tag": "#PurgeKeys"}
_LISTS = {"list_access_keys": "data", "list_automation_tokens": "data"}
_LISTS |= {"list_config_store_services": ""}
# A form cannot carry these objects; a director gets its backends one by one.
_NOT_SENT = {("create_director", "backends")}
# Fastly keeps these, and the path names the version; the forms of a few operations have them too.
_KEPT = {"created_at", "deleted_at", "updated_at"}
# As recorded and as go-fastly has them: sums by data center and a time; no envelope in a list.
_TYPES = {
    ("TlsSubscriptionsResponse", "data"): "[#TlsSubscriptionResponseData]",
    ("RealtimeEntry", "datacenter"): "{#RealtimeMeasurements}",
    ("RealtimeEntry", "recorded"): "integer",
}
# The client sends nothing but the path here, where the recordings of go-fastly have a form with
# what the other operation takes.
_TAKES = {
    "create_request_settings": "update_request_settings",
    "update_director": "create_director",
    "update_log_kafka": "create_log_kafka",
    "update_log_kinesis": "create_log_kinesis",
    "update_snippet": "create_snippet",
}
# Values that the client lists and Fastly adds to without it.
_OPEN_ENUMS = {"region"}


def facts(client: Path) -> dict[str, Any]:
    """Return the index: `operations`, each with its parameters, and the `models` they name."""
    models = read_models(client)
    for (name, wire), type_ in _TYPES.items():
        if name in models.by_name:
            models.by_name[name].types[wire] = type_
    operations = [_operation(group, declared, models) for group, declared in endpoints(client)]
    operations.sort(key=lambda each: each["id"])
    by_id = {each["id"]: each for each in operations}
    for name, other in _TAKES.items():
        if name in by_id:
            _take(by_id[name]["parameters"], by_id[other]["parameters"])
    named = [each["answer"] for each in operations]
    named += [row["type"] for each in operations for row in each["parameters"]]
    return {
        "models": {name: _properties(name, models) for name in sorted(models.reachable(named))},
        "operations": operations,
    }


def _take(own: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    names = {row["name"] for row in own}
    own += [row for row in others if row["place"] == "form" and row["name"] not in names]


def _properties(name: str, models: Models) -> list[list[Any]]:
    required, read_only = models.required(name), models.read_only(name)
    if models.properties(name).keys() == {"id", "type"}:
        # JSON:API's way to name another object, which a request has to send whole.
        read_only = set()
    return [
        [
            wire,
            models.plain(owner.types[wire]),
            REQUIRED * (wire in required) + READ_ONLY * (wire in read_only),
        ]
        for wire, owner in models.properties(name).items()
    ]


def _operation(group: str, declared: dict[str, Any], models: Models) -> dict[str, Any]:
    settings = declared["settings"]
    (server,) = settings["servers"]
    name, method, path = (settings[key] for key in ("operation_id", "http_method", "endpoint_path"))
    parameters = _parameters(declared, models)
    answer = models.plain(type_of(settings["response_type"])) if settings["response_type"] else ""
    items = _items(answer, models)
    if group.startswith("product_") and path.endswith("/services"):
        items = "services"
    if name in _LISTS:
        items, answer = _LISTS[name], f"[{answer.strip('[]')}]"
    paging = _paging({row["name"] for row in parameters if row["place"] == "query"}, answer, models)
    if paging and items is None:
        # The client knows nothing of these answers; all that page keep their items there.
        items = "data"
    return {
        "id": name,
        "group": group,
        "method": method,
        "path": path,
        "host": urlsplit(server["url"]).netloc,
        "summary": summary_of(name, method, path),
        "parameters": parameters,
        "content_type": next(iter(declared["headers_map"]["content_type"]), ""),
        "accept": declared["headers_map"]["accept"],
        "answer": answer,
        **({"items": items} if items is not None else {}),
        **({"paging": paging} if paging else {}),
    }


def _parameters(declared: dict[str, Any], models: Models) -> list[dict[str, Any]]:
    root, required = declared["root_map"], declared["params_map"]["required"]
    rows: list[dict[str, Any]] = []
    for python_name, place in root["location_map"].items():
        type_ = root["openapi_types"][python_name]
        if place == "body":
            type_ = _BODIES.get(declared["settings"]["operation_id"], type_of(type_))
            rows += _body(type_, models, {row["name"] for row in rows})
            continue
        wire = root["attribute_map"][python_name]
        taken = {row["name"] for row in rows}
        kept = _KEPT | ({"version"} if "version_id" in taken else set())
        # A form's field that is called like a place in the path has to be the same.
        if wire in taken or (place == "form" and wire in kept):
            continue
        if (declared["settings"]["operation_id"], wire) in _NOT_SENT:
            continue
        simple = models.simple(type_of(type_))
        rows.append(
            _parameter(
                wire,
                place,
                models.plain(type_of(type_)),
                python_name=python_name if python_name != wire else "",
                required=python_name in required,
                nullable=is_nullable(type_),
                enum=_enum(root["allowed_values"], python_name, simple),
                format=root["collection_format_map"].get(python_name, ""),
                **_bounds(root["validations"].get((python_name,)) or _rules(simple)),
            )
        )
    return rows


def _body(type_: str, models: Models, taken: set[str]) -> list[dict[str, Any]]:
    """Return the fields of a JSON body, each as a parameter; one that has no fields is one."""
    type_ = models.plain(type_)
    if not type_.startswith("#"):
        return [_parameter("body", "content", type_, required=type_ == "string")]
    name = type_[1:]
    required, read_only = models.required(name), models.read_only(name)
    rows = []
    for wire, owner in models.properties(name).items():
        if wire in taken or wire in read_only:
            continue
        simple = models.simple(owner.types[wire])
        rows.append(
            _parameter(
                wire,
                "body",
                models.plain(owner.types[wire]),
                python_name=owner.python_names.get(wire, ""),
                required=wire in required,
                enum=_listed(
                    owner.enums.get(wire) or (simple.enums.get("value") if simple else None)
                ),
                **_bounds(owner.rules.get(wire) or _rules(simple)),
            )
        )
    return rows


def _parameter(name: str, place: str, type_: str, **more: Any) -> dict[str, Any]:
    said = {key: value for key, value in more.items() if value not in ("", False, None)}
    if name in _OPEN_ENUMS and "enum" in said:
        said["has_more_values"] = True
    return {"name": name, "place": place, "type": type_, **said}


def _enum(allowed: dict[Any, Any], name: str, simple: Model | None) -> list[Any] | None:
    values = allowed.get((name,))
    return _listed(values.values() if values else _values(simple))


def _values(simple: Model | None) -> list[Any] | None:
    return simple.enums.get("value") if simple else None


def _listed(values: Any) -> list[Any] | None:
    return [value for value in values if value is not None] if values else None


def _rules(simple: Model | None) -> dict[str, Any]:
    return simple.rules.get("value", {}) if simple else {}


def _bounds(rules: dict[str, Any]) -> dict[str, Any]:
    bounds = {_RULES[name]: value for name, value in rules.items() if name in _RULES}
    if "regex" in rules:
        bounds["pattern"] = rules["regex"]["pattern"]
    return bounds


def _items(answer: str, models: Models) -> str | None:
    if answer.startswith("["):
        return ""
    return next((each for each in _ITEMS if _at(answer, each, models).startswith("[")), None)


def _paging(query: set[str], answer: str, models: Models) -> dict[str, str] | None:
    if "page[number]" in query:
        return {"way": "jsonapi", "at": "page[number]", "size": "page[size]"}
    if "page" in query:
        return {"way": "page", "at": "page", "size": "per_page" if "per_page" in query else "limit"}
    for at in ("cursor", "next_cursor"):
        if at in query:
            known = (each for each in _CURSORS if _at(answer, each, models))
            return {"way": "cursor", "at": at, "size": "limit", "next": next(known, _CURSORS[0])}
    return None


def _at(type_: str, path: str, models: Models) -> str:
    """Return the type at the end of a dotted path from an answer, empty where there is none."""
    for name in path.split("."):
        owner = models.properties(type_[1:]).get(name) if type_.startswith("#") else None
        type_ = models.plain(owner.types[name]) if owner else ""
    return type_
