"""What a tool is: a toolset's decorators, what is injected, and shared parameter types."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from inspect import cleandoc, signature
from typing import Annotated, Any, TypeVar, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
)
from pydantic_core import from_json

from fastly_mcp.api.connection import Connection
from fastly_mcp.guard.guard import Guard
from fastly_mcp.scopes import Scope

Fastly = Connection
"""The caller's connection; a tool's parameter `fastly` of this type is injected, never in its
schema."""

INJECTED = {"fastly": Connection, "guard": Guard}
"""What a tool's parameters of these names are given; a tool that changes something needs both."""

Approval = Annotated[
    str,
    Field(max_length=20, description="Only after a person approved: the code you were told"),
]
"""The argument that every tool that changes something has besides its own."""

Function = TypeVar("Function", bound=Callable[..., Awaitable["Result"]])


class Result(BaseModel):
    """What a tool returns: an agent reads only what is there.

    A field with a default is left out when it is empty or null; one without is always told,
    so `active_version: int | None` says null when null is the information.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            name: value
            for name, value in handler(self).items()
            if fields[name].is_required() or value not in (None, "", [], {})
        }


class Outcome(Result):
    """What a tool that changes something returns: what came of it, or that it waits for a person.

    `then` says how to go on, and `plan` what the person reads.
    """

    purged: bool | None = None
    changed: bool | None = None
    status: str = ""
    tell_user: str = ""
    then: str = ""
    plan: list[str] = []


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool, with everything that is declared about it where it is defined."""

    run: Callable[..., Awaitable[Result]]
    title: str
    toolset: str
    scope: Scope | None
    changes: bool
    destroys: bool
    repeatable: bool

    @property
    def name(self) -> str:
        """The function's name is the tool's."""
        return self.run.__name__

    @property
    def description(self) -> str:
        """The docstring is what an agent chooses by."""
        return " ".join(cleandoc(self.run.__doc__ or "").split())

    @cached_property
    def injected(self) -> frozenset[str]:
        """Which of INJECTED the function takes."""
        return frozenset(signature(self.run).parameters) & INJECTED.keys()

    # Built on the first need: they are what a start would take longest for.

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model of the arguments; unknown ones are refused."""
        parameters = signature(self.run, eval_str=True).parameters
        fields: dict[str, Any] = {
            name: (given.annotation, ... if given.default is given.empty else given.default)
            for name, given in parameters.items()
            if name not in INJECTED
        }
        if self.changes:
            fields["approval"] = (Approval, "")
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return cast("dict[str, Any]", _lean(self.arguments.model_json_schema()))

    @cached_property
    def output_schema(self) -> dict[str, Any]:
        """The JSON schema of the result."""
        result: type[Result] = signature(self.run, eval_str=True).return_annotation
        return cast("dict[str, Any]", _lean(result.model_json_schema()))


@dataclass
class Toolset:
    """The tools over one Fastly resource. `default` says whether it is on by default."""

    name: str
    description: str
    default: bool = True
    tools: list[Tool] = field(default_factory=list)

    def read(
        self, title: str, *, scope: Scope | None = Scope.GLOBAL_READ
    ) -> Callable[[Function], Function]:
        """Declare a tool that changes nothing."""
        return self._declare(title, scope=scope, changes=False, destroys=False, repeatable=True)

    def change(
        self, title: str, *, scope: Scope, destroys: bool, repeatable: bool
    ) -> Callable[[Function], Function]:
        """Declare a tool that changes something.

        `destroys` says that what it takes away does not come back by itself or at no cost,
        `repeatable` that doing it twice is the same as once.
        """
        return self._declare(
            title, scope=scope, changes=True, destroys=destroys, repeatable=repeatable
        )

    def _declare(self, title: str, **declared: Any) -> Callable[[Function], Function]:
        def add(function: Function) -> Function:
            self.tools.append(Tool(run=function, title=title, toolset=self.name, **declared))
            return function

        return add


def _lean(schema: Any) -> Any:
    """Leave out the titles pydantic makes of names, which say nothing; a property may be one."""
    if isinstance(schema, list):
        return [_lean(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    lean = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            lean[key] = {name: _lean(part) for name, part in value.items()}
        elif key != "title":
            lean[key] = _lean(value)
    return lean


def _as_list(value: object) -> object:
    """Take a single string as a list of one, and a list that came as JSON text as a list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            parsed = from_json(value)
        except ValueError:
            return [value]
        return parsed if isinstance(parsed, list) else [value]
    return [value]


def _as_object(value: object) -> object:
    """Take an object that came as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return from_json(value)
        except ValueError:
            return value
    return value


ListOfOne = BeforeValidator(_as_list)
ObjectAsText = BeforeValidator(_as_object)

ServiceRef = Annotated[
    str, Field(min_length=1, max_length=255, description="Id, exact name or domain")
]

Soft = Annotated[
    bool,
    Field(
        description="true: visitors may still get the old copy while it refreshes; false: gone at "
        "once; use false to remove wrong or private content"
    ),
]
