"""The schemas of the client: what each holds, and which only wrap a plain type."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastly_mcp.api.catalog.literals import ANYTHING, literal, model_classes, type_of


@dataclass
class Model:
    """One schema as it is declared: properties by wire name, in order."""

    name: str
    kind: str
    types: dict[str, str] = field(default_factory=dict)
    python_names: dict[str, str] = field(default_factory=dict)
    read_only: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    enums: dict[str, list[Any]] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra: str = ""
    parts: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Models:
    """All schemas by name."""

    by_name: dict[str, Model]

    def plain(self, type_: str) -> str:
        """Return the type with every model that only wraps another type taken out of it."""
        if type_.startswith("["):
            return f"[{self.plain(type_[1:-1])}]"
        if type_.startswith("{"):
            value = self.plain(type_[1:-1])
            return f"{{{value}}}" if "#" in value else "object"
        model = self.by_name.get(type_.removeprefix("#")) if type_.startswith("#") else None
        if model is None:
            return type_ if not type_.startswith("#") else "object"
        if model.kind == "ModelSimple":
            return self.plain(model.types["value"])
        if self.properties(model.name):
            return type_
        of_parts = {self.plain(f"#{part}") for part in self._parts(model, every=True)}
        if len(of_parts) == 1:
            return of_parts.pop()
        if of_parts:
            return ANYTHING
        # A schema of which the client knows nothing more is an id or a name.
        return "object" if model.extra and not model.name.endswith("Id") else "string"

    def simple(self, type_: str) -> Model | None:
        """Return the model of a plain value with rules of its own, like an enum."""
        model = self.by_name.get(type_.removeprefix("#"))
        return model if model and model.kind == "ModelSimple" else None

    def properties(self, name: str) -> dict[str, Model]:
        """Return the properties by wire name, each with the model that says most of it."""
        model = self.by_name[name]
        found = dict.fromkeys(model.types, model)
        for part in self._parts(model, every=True):
            # A part that is a plain value has no properties.
            if part in self.by_name and self.by_name[part].kind != "ModelSimple":
                for wire, owner in self.properties(part).items():
                    found.setdefault(wire, owner)
        return found

    def required(self, name: str) -> set[str]:
        """Return the names of the properties that may not be missing."""
        model = self.by_name[name]
        parts = (self.required(part) for part in self._parts(model) if part in self.by_name)
        return model.required.union(*parts)

    def read_only(self, name: str) -> set[str]:
        """Return the names of the properties that only answers have."""
        model = self.by_name[name]
        parts = (self.read_only(p) for p in self._parts(model, every=True) if p in self.by_name)
        return model.read_only.union(*parts)

    def reachable(self, types: Iterable[str]) -> Iterator[str]:
        """Yield the names of the models that these types lead to."""
        seen: set[str] = set()
        waiting = list(types)
        while waiting:
            name = self.plain(waiting.pop()).strip("[]{}")
            if name.startswith("#") and name not in seen:
                seen.add(name)
                yield name[1:]
                properties = self.properties(name[1:])
                waiting += [owner.types[wire] for wire, owner in properties.items()]

    @staticmethod
    def _parts(model: Model, *, every: bool = False) -> Iterator[str]:
        for kind in ("allOf", "anyOf", "oneOf") if every else ("allOf",):
            yield from model.parts.get(kind, ())


def read_models(client: Path) -> Models:
    """Read every model of the client in this directory."""
    return Models({node.name: _model(node) for node in model_classes(client)})


def _model(node: ast.ClassDef) -> Model:
    model = Model(node.name, getattr(node.bases[0], "id", ""))
    said: dict[str, Any] = {}
    for each in node.body:
        match each:
            case ast.Assign(targets=[ast.Name(id=name)]) if name in {
                "allowed_values",
                "validations",
                "attribute_map",
                "read_only_vars",
            }:
                said[name] = literal(each.value)
            case ast.FunctionDef(name=name) if name in {
                "openapi_types",
                "_composed_schemas",
                "additional_properties_type",
            }:
                said[name] = _returned(each)
            case ast.FunctionDef(name="__init__"):
                said["__init__"] = [argument.arg for argument in each.args.args[1:]]
    wire = {name: said["attribute_map"].get(name, name) for name in said["openapi_types"]}
    model.types = {wire[name]: type_of(type_) for name, type_ in said["openapi_types"].items()}
    model.python_names = {at: name for name, at in wire.items() if name != at}
    model.read_only = {wire[name] for name in said["read_only_vars"] if name in wire}
    model.required = {wire[name] for name in said["__init__"] if name in wire}
    model.enums = {
        wire.get(name, name): list(values.values())
        for (name, *_), values in said["allowed_values"].items()
    }
    model.rules = {wire.get(name, name): rules for (name, *_), rules in said["validations"].items()}
    model.extra = (
        type_of(said["additional_properties_type"] or ())
        if said.get("additional_properties_type")
        else ""
    )
    model.parts = {
        kind: [part for part in parts if part[0].isupper()]
        for kind, parts in (said.get("_composed_schemas") or {}).items()
    }
    return model


def _returned(function: ast.FunctionDef) -> Any:
    returns = [each.value for each in ast.walk(function) if isinstance(each, ast.Return)]
    return literal(returns[-1]) if returns and returns[-1] else None
