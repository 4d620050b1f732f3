"""What KV stores hold: bytes by key, each with a generation, metadata and perhaps an end."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import NEWER, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.errors import FastlyError
from fastly_mcp.sandbox.resources.stores import find, held
from fastly_mcp.sandbox.state import Row, stamp

PAGE = 1_000
"""Recorded as the default in 2025 (100 in 2022); as the most it is invented."""
LARGEST_VALUE = 25 * 2**20  # bytes, as documented
LARGEST_METADATA = 2_000  # bytes, as documented
LONGEST_KEY = 1_024  # bytes, as documented
LONGEST_LIFE = 10**10  # seconds
NOT_IN_KEYS = frozenset("#;?^|\r\n")
NOT_KEYS = frozenset({".", ".."})
CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
DIGITS = re.compile(r"[0-9]{1,11}")
RESERVED = ".well-known/acme-challenge/"


def make_item(
    value: bytes, at: datetime, generation: int, metadata: str = "", seconds: int | None = None
) -> Row:
    """One item, its value as base64: the world is plain text."""
    return {
        "value": base64.b64encode(value).decode(),
        "metadata": metadata,
        "generation": str(generation),
        "updated_at": stamp(at),
        "expires": None if seconds is None else int(at.timestamp()) + seconds,
    }


def fill(row: Row, at: datetime) -> Row:
    """A seed's store, whose items are texts by key."""
    # Counted backwards, so that no later change has the same.
    start = int(at.timestamp()) * 1_000_000
    items = {}
    for number, (key, value) in enumerate(held(row, "items").items(), 1):
        check_key(key)
        items[key] = make_item(value.encode(), at, start - number)
    return row | {"items": items}


def check_key(key: object) -> str:
    """Raises ValueError for what no key may be [documented for the Compute libraries]."""
    if not isinstance(key, str) or not 1 <= len(key.encode()) <= LONGEST_KEY:
        raise ValueError(f"key must have 1 to {LONGEST_KEY} bytes")
    if key in NOT_KEYS or key.startswith(RESERVED) or not NOT_IN_KEYS.isdisjoint(key):
        raise ValueError("key is not allowed")
    return key


def check_metadata(metadata: object) -> str:
    """Raises ValueError for what cannot be sent back in a header."""
    if not isinstance(metadata, str) or CONTROLS.search(metadata):
        raise ValueError("metadata must be a line of text")
    if len(metadata.encode()) > LARGEST_METADATA:
        raise ValueError(f"metadata may have at most {LARGEST_METADATA} bytes")
    return metadata


def check_seconds(seconds: object) -> int | None:
    """Raises ValueError for what is no time to live."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < LONGEST_LIFE:
        raise ValueError("time_to_live_sec must be a positive number")
    return seconds


def alive(call: Call, row: Row) -> dict[str, Row]:
    """What has not expired. Documented is up to a day of delay, here there is none."""
    now = call.now.timestamp()
    return {
        key: item
        for key, item in row["items"].items()
        if item["expires"] is None or item["expires"] > now
    }


def generation(call: Call) -> int:
    """Epoch microseconds, as recorded, but never the same twice."""
    call.world.serial += 1
    return int(call.now.timestamp()) * 1_000_000 + call.world.serial % 1_000_000


def _keep(call: Call, row: Row, items: dict[str, Row]) -> None:
    call.world.collection("kv_stores")[row["id"]] = row | {"items": items}


def _asks(call: Call, name: str) -> bool:
    return call.query.get(name, "false").lower() not in {"false", "0"}


def list_keys(call: Call) -> Response:
    """Keys in order. The meta repeats a prefix and `eventual`, but not `strong` [go-fastly]."""
    prefix, asked = call.query.get("prefix", ""), call.query.get("consistency")
    limit = call.number("limit", PAGE, PAGE)
    with invented.fitting(invented.resource_does_not_fit):
        if asked not in {None, "strong", "eventual"}:
            raise ValueError("consistency must be strong or eventual")
        after = _key_at(call.query.get("cursor", ""))
    keys = sorted(
        key
        for key in alive(call, find(call, "kv_stores"))
        if key.startswith(prefix) and key > after
    )
    meta: Row = {"limit": limit}
    if prefix:
        meta["prefix"] = prefix
    if asked == "eventual":
        meta["consistency"] = asked
    if len(keys) > limit:
        # The last key, not a number: who deletes page after page must not skip any.
        meta["next_cursor"] = base64.b64encode(keys[limit - 1].encode()).decode()
    return newer({"data": keys[:limit], "meta": meta})


def _key_at(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, validate=True).decode()
    except ValueError:
        raise ValueError("cursor is not one of this list") from None


def get_item(call: Call) -> Response:
    item = _find(call, find(call, "kv_stores"))
    value = base64.b64decode(item["value"])
    changed = datetime.fromisoformat(item["updated_at"])
    headers = {
        "Generation": item["generation"],
        "Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True),
        # Bytes of UTF-8; a header may not begin or end with a space.
        "Metadata": item["metadata"].encode().decode("latin-1").strip(" "),
        "Stored-Content-Length": str(len(value)),
    }
    return Response(value, 200, NEWER | headers, "application/octet-stream")


def _find(call: Call, row: Row) -> Row:
    item = alive(call, row).get(call.params["key"])
    if item is None:
        raise invented.no_such_resource(call.params["key"])
    return item


def put_item(call: Call) -> Response:
    """Set, add, append or prepend; 412 without a body if the item is not as expected.

    A generation of 0 expects that there is none, and append and prepend make an item that is not
    there [documented]. The metadata is replaced, by nothing if none is sent [go-fastly].
    """
    row, key, value = find(call, "kv_stores"), call.params["key"], call.body
    life = call.headers.get("time_to_live_sec")
    with invented.fitting(invented.resource_does_not_fit):
        check_key(key)
        sent = call.headers.get("Metadata", "").encode("latin-1").decode("utf-8", "replace")
        metadata = check_metadata(sent)
        seconds = check_seconds(int(life) if life and DIGITS.fullmatch(life) else life)
    items = alive(call, row)
    old = items.get(key)
    expected = call.headers.get("If-Generation-Match", "0" if _asks(call, "add") else None)
    if expected is not None and expected != (old["generation"] if old else "0"):
        return newer_nothing(412)
    if old and _asks(call, "append"):
        value = base64.b64decode(old["value"]) + value
    elif old and _asks(call, "prepend"):
        value += base64.b64decode(old["value"])
    if len(value) > LARGEST_VALUE:
        raise invented.resource_does_not_fit(f"value may have at most {LARGEST_VALUE} bytes")
    item = make_item(value, call.now, generation(call), metadata, seconds)
    _keep(call, row, items | {key: item})
    return newer_nothing(200)


def delete_item(call: Call) -> Response:
    """With `force` it is no error that there is none."""
    row = find(call, "kv_stores")
    items, key = alive(call, row), call.params["key"]
    if key not in items and _asks(call, "force"):
        return newer_nothing()
    if call.headers.get("If-Generation-Match") not in {None, _find(call, row)["generation"]}:
        return newer_nothing(412)
    del items[key]
    _keep(call, row, items)
    return newer_nothing()


def put_batch(call: Call) -> Response:
    """Items as lines of JSON; what is wrong is told line by line, and the rest is done."""
    row = find(call, "kv_stores")
    items, wrong = alive(call, row), []
    for index, line in enumerate(call.body.splitlines()):
        given: Row = {}
        try:
            if line.strip():
                given = replace(call, body=line).json_object()
                items[check_key(given.get("key"))] = _item_of(call, given)
        except (ValueError, FastlyError) as error:
            key = given.get("key")
            reason = error.body["detail"] if isinstance(error, FastlyError) else str(error)
            wrong.append(
                {
                    "key": key if isinstance(key, str) else "",
                    "index": index,
                    "code": "400",
                    "reason": reason,
                }
            )
    _keep(call, row, items)
    if wrong:
        return newer(invented.batch_went_wrong(wrong), 400)
    return newer({"type": "", "title": "success", "errors": []})


def _item_of(call: Call, given: Row) -> Row:
    try:
        value = base64.b64decode(given.get("value", ""), validate=True)
    except (TypeError, ValueError):
        raise ValueError("value must be base64") from None
    return make_item(
        value,
        call.now,
        generation(call),
        check_metadata(given.get("metadata", "")),
        check_seconds(given.get("time_to_live_sec")),
    )
