"""Full-text search over the catalog, in the words that operators use."""

import re
import sqlite3
from bisect import bisect
from collections.abc import Iterable
from functools import cache
from itertools import accumulate

from fastly_mcp.api.catalog.catalog import Outline, load
from fastly_mcp.api.catalog.operation import Operation
from fastly_mcp.api.catalog.query import Query, read, singular
from fastly_mcp.api.catalog.synonyms import SYNONYMS

# What each column weighs. There are two tables, because BM25 divides by the number of words:
# beside hundreds of fields, what an operation does would weigh next to nothing.
_TABLES = {
    "said": {"id": 2.0, "path": 1.0, "summary": 2.0, "synonyms": 2.0},
    "held": {"parameters": 0.3, "fields": 0.05},
}
_UNION = " UNION ALL ".join(
    f"SELECT rowid, bm25({table}, {', '.join(map(str, columns.values()))}) AS score "  # noqa: S608  # our own text
    f"FROM {table} WHERE {table} MATCH :words"
    for table, columns in _TABLES.items()
)
_SELECT = f"SELECT rowid, sum(score) FROM ({_UNION}) GROUP BY rowid"  # noqa: S608  # our own text

# Factors of a score.
_OTHER_INTENT = 0.5  # it changes where a question was asked, or reads where a change was
_SAME_CHANGE = 1.2
_OTHER_CHANGE = 0.8
_ONE_OF_MANY = 0.9  # it needs a name or an id that a list would tell first
_NAMED = 1.5  # all words of its id were said
_AROUND = 0.6  # it is about what the thing that was asked for is in: a list, not its entries
_WITHIN = 1.2  # it is about what is in that
_UNASKED = 0.5  # it deletes, and nothing of that was said

_METHODS = {
    "create": ("POST",),
    "update": ("PUT", "PATCH"),
    "delete": ("DELETE",),
    "disable": ("DELETE",),
}
_DELETING = {"delete", "disable", "deactivate"}
# What an id ends with that is not what it names.
_NO_NOUNS = {"create", "delete", "get", "id", "list", "put", "update"}

# What the API holds something in: `dictionary` of /dictionary/{dictionary_id}/item.
_HOLDING = re.compile(r"([\w-]+)/\{\w+\}(?=/)")
_LAST = re.compile(r"([\w-]+)(?:/\{\w+\})?$")


def search(query: str, limit: int = 5) -> list[Operation]:
    """Return the operations that match best, best first; equal ones in the order of their ids.

    Whoever asks is shown what reads before what changes. Raises InvalidArgument for a query that
    has no words or is too long.
    """
    asked = read(query)
    # Each word is quoted and has no sign in it, so none is FTS5's syntax.
    match = " OR ".join(f'"{word}"' for word in asked.words)
    outlines, database = _index()
    exact, whole, some = "_".join(asked.said), _name(asked.said), _name(asked.words)
    ranked = []
    for row, score in database.execute(_SELECT, {"words": match}):
        outline = outlines[row]
        name = _name(outline.id.split("_"))
        # A noun alone is the list of it.
        place = (outline.id != exact, name - {"list"} != whole - {"list"})
        fit = _fit(outline, asked, named=name <= some)
        ranked.append((*place, score * fit, outline.id))
    return [load().operation(id_) for *_, id_ in sorted(ranked)[:limit]]


def _name(words: Iterable[str]) -> frozenset[str]:
    return frozenset(singular(word) for word in words if word != "a")


def _fit(outline: Outline, asked: Query, *, named: bool) -> float:
    reads = outline.method == "GET"
    if reads == bool(asked.change):
        return _OTHER_INTENT * (1 if reads or outline.method != "DELETE" else _UNASKED)
    fit = _NAMED if named else 1.0
    holder, held_by = _places()[outline.id]
    if holder in asked.around:
        fit = _AROUND
    elif held_by in asked.around:
        fit *= _WITHIN
    if reads:
        return fit * _ONE_OF_MANY if outline.path.endswith("}") else fit
    return fit * _change_fit(outline, asked.change)


def _change_fit(outline: Outline, change: str) -> float:
    if outline.method == "DELETE" and change not in _DELETING:
        return _OTHER_INTENT * _UNASKED
    methods = _METHODS.get(change)
    if not methods:
        return 1.0
    # An upsert is a PUT that creates, too.
    same = outline.method in methods or (change == "create" and "upsert" in outline.id)
    return _SAME_CHANGE if same else _OTHER_CHANGE


@cache
def _places() -> dict[str, tuple[str, str]]:
    """Return by id the word for what holds something: that it is about, and that it is within.

    Each is empty where there is none.
    """
    outlines = _index()[0]
    within = {each.id: _HOLDING.findall(each.path) for each in outlines}
    holding = {name for names in within.values() for name in names}
    places = {}
    for each in outlines:
        last, around = _LAST.search(each.path), within[each.id]
        holder = _noun(each.id) if last and last[1] in holding else ""
        places[each.id] = (holder, _noun(around[-1].replace("-", "_")) if around else "")
    return places


def _noun(id_: str) -> str:
    """Return what an id or a part of a path names: its last word that is not of `_NO_NOUNS`."""
    words = reversed(id_.split("_"))
    return singular(next((word for word in words if word not in _NO_NOUNS), ""))


@cache
def _index() -> tuple[list[Outline], sqlite3.Connection]:
    """Return the outlines and the database that finds them, by the place in the list."""
    outlines = list(load().outlines())
    texts = [
        {"row": row, **outline._asdict(), "synonyms": synonyms}
        for row, (outline, synonyms) in enumerate(zip(outlines, _synonyms(outlines), strict=True))
    ]
    # Only read from here on, by whichever thread.
    database = sqlite3.connect(":memory:", check_same_thread=False)
    for table, columns in _TABLES.items():
        names = ", ".join(columns)
        database.execute(
            f"CREATE VIRTUAL TABLE {table} USING fts5"
            f"({names}, content='', tokenize='porter unicode61')"
        )
        places = ", ".join(f":{name}" for name in columns)
        database.executemany(
            f"INSERT INTO {table}(rowid, {names}) VALUES (:row, {places})",  # noqa: S608  # our own
            texts,
        )
    return outlines, database


def _synonyms(outlines: list[Outline]) -> list[str]:
    """Return the synonyms of each, looked for in one text of all, which is twice as fast."""
    named = [f"{each.path} {each.id}\n" for each in outlines]
    text, ends = "".join(named), list(accumulate(map(len, named)))
    found = [""] * len(named)
    for part, words in SYNONYMS.items():
        at = text.find(part)
        while at >= 0:
            row = bisect(ends, at)
            found[row] += f" {words}"
            at = text.find(part, ends[row])
    return found
