"""Pages of lists: the classic ones with a Link header, JSON:API's, and those by cursor."""

from typing import Any
from urllib.parse import urlencode

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.state import Row

API = "https://api.fastly.com"
"""Links name the real host, as Fastly's do: a client that follows them leaves the sandbox."""


def classic_page(
    call: Call, rows: list[Any], *, per_page: int = 20, most: int = 100, sort: str = "created"
) -> tuple[list[Any], dict[str, str]]:
    """One page of a classic list, and its Link header; `per_page` is cut to `most`.

    The header as recorded: last, next, prev, first, and none for a single page.
    """
    page = call.number("page", 1)
    per_page = call.number("per_page", per_page, most)
    last = max(1, -(-len(rows) // per_page))
    pages: dict[str, int] = {}
    if page < last:
        pages |= {"last": last, "next": page + 1}
    if page > 1 and last > 1:
        pages |= {"prev": min(page - 1, last), "first": 1}
    links = []
    for rel, number in pages.items():
        query = {
            "direction": call.query.get("direction", "ascend"),
            "page": number,
            "per_page": per_page,
            "sort": call.query.get("sort", sort),
        }
        links.append(f'<{API}{call.path}?{urlencode(query)}>; rel="{rel}"')
    shown = rows[(page - 1) * per_page : page * per_page]
    return shown, {"Link": ", ".join(links)} if links else {}


def numbered_page(
    call: Call,
    rows: list[Any],
    *,
    per_page: int = 100,
    most: int = 100,
    names: tuple[str, str] = ("page", "per_page"),
) -> tuple[list[Any], Row]:
    """One page of a list and its meta; `names` are the parameters of its number and size."""
    page, per_page = call.number(names[0], 1), call.number(names[1], per_page, most)
    meta = {
        "current_page": page,
        "per_page": per_page,
        "record_count": len(rows),
        "total_pages": max(1, -(-len(rows) // per_page)),
    }
    return rows[(page - 1) * per_page : page * per_page], meta


def json_api_page(
    call: Call, rows: list[Any], *, per_page: int = 20, limit: int = 100, is_escaped: bool = False
) -> tuple[list[Any], Row, Row]:
    """One page of a JSON:API list, with its links (first, last, next, prev, self) and meta.

    The links of events have brackets that are not escaped, and only the page [go-fastly
    events/get_events.yaml]; the others escape them and keep the rest of the query, sorted by name
    [go-fastly custom_tls_domain/list.yaml].
    """
    names = ("page[number]", "page[size]")
    shown, meta = numbered_page(call, rows, per_page=per_page, most=limit, names=names)
    page, last = meta["current_page"], meta["total_pages"]
    kept = call.query.multi_items() if is_escaped else []
    kept = [each for each in kept if each[0] not in names]

    def address(number: int) -> str:
        query = [*kept, *zip(names, (str(number), str(meta["per_page"])), strict=True)]
        return f"{API}{call.path}?{urlencode(sorted(query), safe='' if is_escaped else '[]')}"

    links: Row = {
        "first": address(1),
        "last": address(last),
        "next": address(page + 1) if page < last else None,
        "prev": address(min(page - 1, last)) if page > 1 else None,
        "self": address(page),
    }
    return shown, links, meta


def sort_rows(call: Call, rows: list[Row], default: str) -> tuple[list[Row], str]:
    """Rows in the order that `sort` names, and its name: a field, with - before it backwards."""
    sort = call.query.get("sort") or default
    field = sort.removeprefix("-")
    if any(not isinstance(row.get(field), str) for row in rows):
        sort, field = default, default.removeprefix("-")
    return sorted(rows, key=lambda row: str(row[field]), reverse=sort.startswith("-")), sort


def cursor_page(
    call: Call, rows: list[Any], *, limit: int = 20, most: int = 100
) -> tuple[list[Any], int, str | None]:
    """One page of a list by cursor: its rows, the limit in force, and the next cursor if any.

    The cursor is opaque; here it is a position. Raises the 400 of a cursor that is none.
    """
    limit = call.number("limit", limit, most)
    cursor = call.query.get("cursor") or "0"
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9):
        raise errors.json_api(400, "Invalid value for cursor", media_type="application/json")
    start, end = int(cursor), int(cursor) + limit
    return rows[start:end], limit, str(end) if end < len(rows) else None
