"""Alerts: definitions of what is too much or too little, and when it was."""

import re
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page, sort_rows
from fastly_mcp.sandbox.services.fields import Field, choice, defaults, names, read, text
from fastly_mcp.sandbox.state import Row, make_id

PERIOD = re.compile(r"(2m|3m|5m|15m|30m)(?:0s)?")
"""As Go writes durations too: `5m0s` [go-fastly alerts/test_alert_definition.yaml]."""
LARGEST = 1e15
NOT_FOUND = "The content you requested could not be found"


def _strategy(value: Any) -> Row:
    row = read(STRATEGY, value) if isinstance(value, dict) else {}
    if missing := [name for name in ("type", "period", "threshold") if name not in row]:
        raise ValueError(f"needs {missing[0]}")
    return row


def _period(value: Any) -> str:
    found = PERIOD.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is none of 2m, 3m, 5m, 15m, 30m")
    return found[1]


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and -LARGEST <= value <= LARGEST:
        return float(value) if isinstance(value, float) else int(value)
    raise ValueError("is not a number, or out of range")


def _dimensions(value: Any) -> Row:
    """The domains or origins it is limited to."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not value.keys() <= {"domains", "origins"}:
        raise ValueError("is not an object of domains or origins")
    # The CLI sends the key it has nothing for with null.
    return {name: names().read(each) for name, each in value.items() if each is not None}


STRATEGY: dict[str, Field] = {
    "type": choice(
        "above_threshold",
        "all_above_threshold",
        "below_threshold",
        "percent_absolute",
        "percent_decrease",
        "percent_increase",
    ),
    "period": Field("5m", _period),
    "threshold": Field(0, _number),
    "ignore_below": Field(0, _number),
}
"""[terraform-provider-fastly resource_fastly_alert.go]"""
CHANGEABLE: dict[str, Field] = {
    "name": text(),
    "description": text(),
    "dimensions": Field({}, _dimensions),
    "metric": text(),
    "evaluation_strategy": Field(None, _strategy),
    "integration_ids": names(),
}
FIELDS: dict[str, Field] = {
    "service_id": text(),
    "source": choice("stats", "domains", "origins"),
    **CHANGEABLE,
}


def _given(call: Call, fields: dict[str, Field], old: Row) -> Row:
    """A definition as the body says; what it leaves out is as before, or the default."""
    with invented.fitting(invented.bad_alert):
        given = {name: value for name, value in call.json_object().items() if value is not None}
        row = old | read(fields, given)
        for name in ("name", "metric", "evaluation_strategy"):
            if not row[name]:
                raise ValueError(f"{name} is required")
        if len(row["name"]) > 255 or len(row["description"]) > 4096:
            raise ValueError("name or description is too long")
        if row["service_id"]:
            service = call.world.services.get(row["service_id"])
            if service is None or service.deleted_at or not call.token.covers(service.id):
                raise ValueError("service_id is unknown")
        elif row["source"] != "stats":
            raise ValueError("service_id is required for this source")
    return row


def shown(row: Row) -> Row:
    return {"object": "definition", **row, "service_id": row["service_id"] or ""}


def _reachable(call: Call) -> Iterator[Row]:
    """The definitions of the services the token covers; without a service it is the account's."""
    for row in call.world.collection("alert_definitions").values():
        if not row["service_id"] or call.token.covers(row["service_id"]):
            yield row


def _page(call: Call, rows: list[Row], default: str) -> Response:
    rows, sort = sort_rows(call, rows, default)
    page, limit, cursor = cursor_page(call, rows)
    meta = {"next_cursor": cursor or "", "limit": limit, "sort": sort, "total": len(rows)}
    return newer({"data": page, "meta": meta})


def list_definitions(call: Call) -> Response:
    """By name, filtered by service and by a part of the name."""
    part = call.query.get("name", "").lower()
    rows = [
        shown(row)
        for row in _reachable(call)
        if part in row["name"].lower()
        and call.query.get("service_id") in {None, "", row["service_id"]}
    ]
    return _page(call, rows, "name")


def _find(call: Call) -> Row:
    for row in _reachable(call):
        if row["id"] == call.params["definition_id"]:
            return row
    raise errors.problem(404, NOT_FOUND, type="https://fastly.help/alerts/not-found", errors=None)


def get_definition(call: Call) -> Response:
    return newer(shown(_find(call)))


def create_definition(call: Call) -> Response:
    row = _given(call, FIELDS, defaults(FIELDS))
    row |= {"id": call.world.new_id(), "created_at": call.stamp, "updated_at": call.stamp}
    call.world.collection("alert_definitions")[row["id"]] = row
    record(call, "alerts.definition.create", row["service_id"] or None, name=row["name"])
    return newer(shown(row), 201)


def update_definition(call: Call) -> Response:
    """Its service and its source stay as they are [go-fastly UpdateAlertDefinitionInput]."""
    row = _given(call, CHANGEABLE, _find(call)) | {"updated_at": call.stamp}
    call.world.collection("alert_definitions")[row["id"]] = row
    record(call, "alerts.definition.update", row["service_id"] or None, name=row["name"])
    return newer(shown(row))


def delete_definition(call: Call) -> Response:
    row = _find(call)
    del call.world.collection("alert_definitions")[row["id"]]
    record(call, "alerts.definition.delete", row["service_id"] or None, name=row["name"])
    return newer_nothing()


def test_definition(call: Call) -> Response:
    """Look at a definition without keeping it; whom it would tell, the sandbox tells nothing."""
    row = _given(call, FIELDS, defaults(FIELDS))
    record(call, "alerts.definition.test", row["service_id"] or None, name=row["name"])
    return newer_nothing(202)


def _history(call: Call) -> Iterator[Row]:
    """Every incident of a service's origin sets off the alerts for its 5xx."""
    now = call.stamp
    for row in _reachable(call):
        if "5xx" not in row["metric"] and "503" not in row["metric"]:
            continue
        for incident in call.world.incidents:
            is_over = incident.end <= now
            is_its = row["service_id"] in {None, "", incident.service_id}
            if is_its and row["created_at"] <= incident.start <= now:
                yield {
                    "id": make_id(f"{row['id']} {incident.start}"),
                    "definition_id": row["id"],
                    "definition": shown(row),
                    "status": "resolved" if is_over else "active",
                    "start": incident.start,
                    "end": incident.end if is_over else None,
                }


def list_history(call: Call) -> Response:
    """Newest first; `after` and `before` concern those that began or ended then."""
    after, before = call.query.get("after", ""), call.query.get("before") or "~"
    rows = [
        row
        for row in _history(call)
        if any(time and after <= time <= before for time in (row["start"], row["end"]))
        and call.query.get("definition_id") in {None, "", row["definition_id"]}
        and call.query.get("service_id") in {None, "", row["definition"]["service_id"]}
        and call.query.get("status") in {None, "", row["status"]}
    ]
    return _page(call, rows, "-start")
