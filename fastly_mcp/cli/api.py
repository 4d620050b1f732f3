"""Look into the catalog of the Fastly API: what an agent finds by search_api."""

import argparse
import json
from collections.abc import Iterable
from textwrap import wrap

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.operation import Operation, Parameter
from fastly_mcp.api.catalog.search import search
from fastly_mcp.cli import process
from fastly_mcp.cli.terminal import write

WIDTH = 80
INDENT = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what api needs."""
    whats = parser.add_subparsers(dest="what", required=True, metavar="search | describe")
    searching = whats.add_parser("search", help="find operations by what they are for")
    searching.add_argument("words", nargs="+", metavar="WORDS", help="for example: origin servers")
    searching.add_argument("--limit", type=int, default=5, metavar="N", help="default: 5")
    searching.add_argument("--json", action="store_true", help="print what an agent is told")
    describing = whats.add_parser("describe", help="tell everything about one operation")
    describing.add_argument("operation", metavar="OPERATION", help="for example: list_backends")


def run(options: argparse.Namespace) -> int:
    """Return 0 if something was found, 1 if not."""
    process.quiet()
    if options.what == "describe":
        _describe(load().operation(options.operation))
        return 0
    query, limit = " ".join(options.words), max(1, min(options.limit, 20))
    if options.json:
        from fastly_mcp.api.catalog.hits import hits  # noqa: PLC0415  # a person's list does not

        found = hits(query, limit)
        print(json.dumps(found, indent=2))
        return int(not found)
    operations = search(query, limit)
    for operation in operations:
        write(f"{operation.id}  {operation.method} {operation.path}", "title")
        write(f"{' ' * INDENT}{operation.summary}")
    if not operations:
        write("Nothing in the Fastly API is like that.")
    return int(not operations)


def _describe(operation: Operation) -> None:
    write(f"{operation.id}  {operation.method} https://{operation.host}{operation.path}", "title")
    write(f"{operation.summary}\n")
    for title, chosen in (
        ("required", operation.required),
        ("optional", [each for each in operation.parameters if not each.required]),
    ):
        if chosen:
            write(title, "title")
        for parameter in chosen:
            _lines(f"{parameter.name} ({', '.join(_rules(parameter))})")
    write("returns", "title")
    what = "nothing" if operation.returns == "nothing" else operation.returns
    _lines(f"{what}{', page by page' if operation.paging else ''}")
    _lines(", ".join(f"{field.name} ({field.type})" for field in operation.fields))


def _rules(parameter: Parameter) -> Iterable[str]:
    yield parameter.type
    yield f"in the {parameter.place}"
    if parameter.enum:
        others = " or others" if parameter.has_more_values else ""
        yield f"one of {' '.join(map(str, parameter.enum))}{others}"
    bounds = {
        "from": parameter.minimum,
        "to": parameter.maximum,
        "at least characters": parameter.min_length,
        "at most characters": parameter.max_length,
        "at least items": parameter.min_items,
        "at most items": parameter.max_items,
        "like": parameter.pattern or None,
    }
    for words, bound in bounds.items():
        if bound is not None:
            first, _, rest = words.rpartition(" ")
            yield f"{first or rest} {bound}{f' {rest}' if first else ''}"
    if parameter.nullable:
        yield "may be null"
    if parameter.fields:
        yield f"with {', '.join(field.name for field in parameter.fields)}"


def _lines(text: str) -> None:
    indent = " " * INDENT
    for line in wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent * 2,
        break_on_hyphens=False,
    ):
        write(line)
