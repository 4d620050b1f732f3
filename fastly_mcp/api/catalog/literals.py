"""The literals of Fastly's official Python client, read without importing or running it."""

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ANYTHING = "any"
# How the generated client writes a schema that allows everything.
_EVERY_TYPE = {"bool", "date", "datetime", "dict", "float", "int", "list", "str", "none_type"}
_PLAIN = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "date-time",
    "date": "date",
    "dict": "object",
    "list": "[any]",
    "file_type": "file",
}


class Name(str):
    """A name in the client's code: a type of Python's, or one of its models."""

    __slots__ = ()


def find_client() -> Path | None:
    """Return where the official client is installed, None when it is not."""
    found = importlib.util.find_spec("fastly")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) if places else None


def version_of(client: Path) -> str:
    """Return the version of the client that lies in this directory."""
    for line in (client / "__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return str(ast.literal_eval(line.partition("=")[2].strip()))
    return "unknown"


def endpoints(client: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every `_Endpoint(…)`: the API class's module, and the literals by argument name."""
    for module in sorted((client / "api").glob("*_api.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) == "_Endpoint":
                maps = {each.arg: each.value for each in node.keywords if each.arg}
                del maps["api_client"]
                yield (
                    module.stem.removesuffix("_api"),
                    {name: literal(node) for name, node in maps.items()},
                )


def model_classes(client: Path) -> Iterator[ast.ClassDef]:
    """Yield the class of every model."""
    for module in sorted((client / "model").glob("*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node


def literal(node: ast.expr) -> Any:
    """Return the value of a literal; names in it stay names."""
    match node:
        case ast.Dict():
            keys = [literal(key) for key in node.keys if key]
            return dict(zip(keys, map(literal, node.values), strict=True))
        case ast.Tuple() | ast.Set():
            return tuple(map(literal, node.elts))
        case ast.List():
            return list(map(literal, node.elts))
        case ast.Name():
            return Name(node.id)
    return ast.literal_eval(node)


def is_nullable(declared: Any) -> bool:
    """Tell whether a declared type, like `(str, none_type)`, allows null."""
    return isinstance(declared, tuple) and "none_type" in declared


def type_of(declared: Any) -> str:
    """Return one word for a declared type.

    `string`, `[integer]` for a list, `{integer}` for an object of any names, `#Model`.
    """
    if isinstance(declared, list):
        return f"[{type_of(tuple(declared))}]"
    if isinstance(declared, dict):
        (value,) = declared.values()
        return f"{{{type_of(value)}}}"
    if isinstance(declared, Name):
        return _PLAIN.get(declared, f"#{declared}")
    if {each for each in declared if isinstance(each, Name)} >= _EVERY_TYPE:
        return ANYTHING
    known = [type_of(each) for each in declared if each != "none_type"]
    return known[0] if len(known) == 1 else ANYTHING


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""
