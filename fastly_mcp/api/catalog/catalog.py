"""All operations by id, read from the index on first use."""

import json
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fastly_mcp.api.catalog.operation import Field, Operation, Paging, Parameter, Returns
from fastly_mcp.errors import InvalidArgument
from fastly_mcp.text import shortened

INDEX = Path(__file__).with_name("index.json.gz")
# Levels of objects within an object that are told of; an envelope is none.
NESTED_OUT, NESTED_IN = 1, 2
_ENVELOPES = {"data", "Data"}
_GZIP = 31  # for zlib; the module gzip takes longer to import than to use
REQUIRED, READ_ONLY = 1, 2  # bits of a property
_AROUND = "[]{}"  # a list of, an object of any names to

_RETURNS: dict[str, Returns] = {"": "nothing", "string": "text", "any": "anything"}


class Outline(NamedTuple):
    """What an operation can be found by, without making it; the last two are names."""

    id: str
    method: str
    path: str
    summary: str
    parameters: str
    fields: str


class Catalog:
    """The operations in the order of their ids. Each is made when it is first asked for."""

    def __init__(self, index: dict[str, Any]) -> None:
        self._models: dict[str, list[tuple[str, str, int]]] = index["models"]
        self._rows = {row["id"]: row for row in index["operations"]}
        self._made: dict[str, Operation] = {}
        self._walked: dict[tuple[str, int, bool], tuple[Field, ...]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Operation]:
        return (self.operation(id_) for id_ in self._rows)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    def operation(self, id_: str) -> Operation:
        """Return the operation. Raises InvalidArgument with similar ids when there is none."""
        made = self._made.get(id_)
        if made is None:
            if id_ not in self._rows:
                raise InvalidArgument(self._unknown(id_))
            made = self._made[id_] = self._make(self._rows[id_])
        return made

    def outlines(self) -> Iterator[Outline]:
        """Yield every operation's outline."""
        named: dict[str, str] = {}
        for row in self._rows.values():
            type_ = self._item_type(row)
            if type_ not in named:
                named[type_] = " ".join(self._names(type_, NESTED_OUT))
            parameters = [each["name"] for each in row["parameters"] if each["place"] != "path"]
            yield Outline(
                row["id"],
                row["method"],
                row["path"],
                row["summary"],
                " ".join(parameters),
                named[type_],
            )

    def all_fields(self, operation: Operation) -> tuple[Field, ...]:
        """Return every field of the answer at any depth, for a list those of one item."""
        row = self._rows[operation.id]
        return self._walk(self._item_type(row), depth=8, writable=False)

    def _make(self, row: dict[str, Any]) -> Operation:
        known = {key: row[key] for key in ("id", "group", "method", "path", "host", "summary")}
        answer, items = row["answer"], row.get("items")
        return Operation(
            **known,
            parameters=tuple(map(self._parameter, row["parameters"])),
            content_type=row["content_type"],
            accept=tuple(row["accept"]),
            returns="list" if items is not None else _RETURNS.get(answer, "object"),
            items=items,
            fields=self._walk(self._item_type(row), NESTED_OUT, writable=False),
            paging=Paging(**row["paging"]) if "paging" in row else None,
        )

    def _parameter(self, row: dict[str, Any]) -> Parameter:
        type_ = row["type"]
        return Parameter(
            **{
                **row,
                "type": _word(type_),
                "enum": tuple(row.get("enum", ())),
                "fields": self._walk(type_.strip("[]"), NESTED_IN, writable=True),
            }
        )

    def _item_type(self, row: dict[str, Any]) -> str:
        type_: str = row["answer"]
        for name in filter(None, row.get("items", "").split(".")):
            if type_.startswith("#"):
                type_ = next((t for n, t, _ in self._models[type_[1:]] if n == name), "any")
        return type_.strip("[]")

    def _names(self, type_: str, depth: int) -> dict[str, None]:
        """Return the distinct names of the fields that `_walk` would return, and on their way."""
        names: dict[str, None] = {}
        if type_.startswith("#") and depth >= 0:
            for name, inner, _ in self._models[type_[1:]]:
                names[name] = None
                names |= self._names(inner.strip(_AROUND), _below(name, depth))
        return names

    def _walk(self, type_: str, depth: int, *, writable: bool) -> tuple[Field, ...]:
        """Return the fields of a model and, so many levels down, of the models in it."""
        if not type_.startswith("#") or depth < 0:
            return ()
        walked = self._walked.get((type_, depth, writable))
        if walked is None:
            walked = self._walked[type_, depth, writable] = tuple(
                self._fields(type_[1:], depth, writable=writable)
            )
        return walked

    def _fields(self, model: str, depth: int, *, writable: bool) -> Iterator[Field]:
        for name, type_, bits in self._models[model]:
            if writable and bits & READ_ONLY:
                continue
            below = self._walk(type_.strip(_AROUND), _below(name, depth), writable=writable)
            if not below:
                yield Field(name, _word(type_), bool(bits & REQUIRED))
            # A list within a list is flattened twice, as JMESPath writes it.
            around = type_.partition("#")[0]
            prefix = name + around.replace("[", "[]").replace("{", ".*")
            for field in below:
                yield Field(f"{prefix}.{field.name}", field.type, field.is_required)

    def _unknown(self, id_: str) -> str:
        import difflib  # noqa: PLC0415  # only for a mistake, and slow to import

        similar = difflib.get_close_matches(id_, self._rows, n=3, cutoff=0.6)
        hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
        return f"There is no operation {shortened(id_)}.{hint}"


@cache
def load() -> Catalog:
    """Return the catalog; it is read once."""
    return Catalog(json.loads(zlib.decompress(INDEX.read_bytes(), _GZIP)))


def _below(name: str, depth: int) -> int:
    return depth if name in _ENVELOPES else depth - 1


def _word(type_: str) -> str:
    """Return a type in one word: every model is an object."""
    if type_.startswith("["):
        return f"[{_word(type_[1:-1])}]"
    return "object" if type_.startswith(("#", "{")) else type_
