"""Arguments for an operation of the official client: what it declares, filled with values."""

import inspect
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastly.model_utils import ModelSimple, OpenApiModel

from tests.interop.fastly_operations import PARAMETER, Operation
from tests.interop.fastly_values import ARGUMENTS, OMIT, VALUES, WHERE, Made, Row

SIMPLE: dict[type, Any] = {
    str: "sandbox",
    int: 1,
    float: 1.0,
    bool: True,
    datetime: datetime(2026, 3, 1, tzinfo=UTC),
    dict: {},
}


class Unknown(Exception):
    """A value that neither the tables nor the answers so far have."""


class Answers:
    """What the sandbox has answered so far, by path: it names what later paths are about."""

    def __init__(self) -> None:
        self._by_path: dict[str, Row] = {}

    def keep(self, operation: Operation, answer: Any) -> None:
        """Remember what was made, or the first of what there is."""
        shape = PARAMETER.sub("{}", operation.path)
        if isinstance(answer, dict):
            answer = answer.get("data", answer)
        if isinstance(answer, list):
            answer = answer[0] if answer else None
        if isinstance(answer, dict):
            # What was made is not forgotten for another that is listed before it.
            self._by_path.setdefault(shape, answer)

    def fill(self, value: Any) -> Any:
        """A value of the tables: what was made is looked up, a file opened."""
        if isinstance(value, Made):
            found: Any = self._by_path.get(value.path)
            try:
                for step in value.field.split("."):
                    found = found[int(step) if isinstance(found, list) else step]
            except (LookupError, TypeError):
                raise Unknown(f"{value.field} of {value.path}") from None
            return value.kind(found)
        if isinstance(value, dict):
            return {name: self.fill(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.fill(each) for each in value]
        return value() if callable(value) else value

    def named(self, parameter: str, before: str) -> Any:
        """The value for a parameter of a path: the field that its name ends with."""
        shape = PARAMETER.sub("{}", before)
        known = self._by_path.get(WHERE.get(parameter) or WHERE.get(shape, shape), {})
        words = parameter.split("_")
        for at in range(len(words)):
            if (ending := "_".join(words[at:])) in known:
                return known[ending]
        raise Unknown(f"{parameter} in {before}/…")


def arguments(operation: Operation, answers: Answers) -> Row:
    """Every argument the operation declares, but those that would only narrow what is listed."""
    declared, given = operation.declared, ARGUMENTS.get(operation.name, {})
    special = ARGUMENTS.get(operation.family, {}) | given
    before = dict(operation.path_parameters())
    made = {}
    for name, location in declared.location_map.items():
        wire = declared.attribute_map.get(name, name)
        needed = location in {"form", "body"} or name in declared.params_map["required"]
        if name in special:
            value = answers.fill(special[name])
        elif wire in VALUES and not (location == "path" and VALUES[wire] is OMIT):
            value = VALUES[wire]
        elif location == "path":
            value = answers.named(name, before[name])
        elif needed:
            allowed = declared.allowed_values.get((name,))
            value = any_value(declared.openapi_types[name], allowed)
        else:
            value = OMIT
        if value is not OMIT:
            made[name] = value
    return made


def spoken(operation: Operation, sent: Row) -> Row:
    """What was sent as a body, by the names on the wire."""
    declared, said = operation.declared, {}
    for name, value in sent.items():
        if declared.location_map[name] == "form":
            said[declared.attribute_map[name]] = value
        elif declared.location_map[name] == "body" and isinstance(value, dict):
            said |= value
    return said


def any_value(types: Any, allowed: Mapping[str, Any] | None = None) -> Any:
    """A value of the first of these types, as JSON has it."""
    kind = types[0] if isinstance(types, tuple) else types
    if isinstance(kind, list):
        return [any_value(kind[0], allowed)]
    if allowed:
        return next(value for value in allowed.values() if value is not None)
    if isinstance(kind, dict):
        return {}
    if inspect.isclass(kind) and issubclass(kind, OpenApiModel):
        return _model(kind)
    if kind not in SIMPLE:
        raise Unknown(f"a value of the type {kind}")
    return SIMPLE[kind]


def _model(kind: Any) -> Any:
    if issubclass(kind, ModelSimple):
        return any_value(kind.openapi_types["value"], kind.allowed_values.get(("value",)))
    made = {}
    for name, types in kind.openapi_types.items():
        wire = kind.attribute_map[name]
        if name not in kind.read_only_vars and VALUES.get(wire) is not OMIT:
            allowed = kind.allowed_values.get((name,))
            made[wire] = VALUES[wire] if wire in VALUES else any_value(types, allowed)
    return made
