"""The audit log at /events: what Fastly records of changes, and what it does not."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors
from fastly_mcp.sandbox.answers import json_api
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import json_api_page
from fastly_mcp.sandbox.state import Row

KEPT = 5_000
"""Events; the oldest go first."""

CHANGED = "create update delete"
DOCUMENTED = frozenset(
    f"{noun}.{verb}"
    for nouns, verbs in (
        ("acl address backend cache_settings director domain gzip header healthcheck", CHANGED),
        ("io_settings logging pool request_settings response_object server vcl", CHANGED),
        ("alerts.definition ngwaf.workspace service_authorization wordpress", CHANGED),
        ("tls.bulk_certificate tls.certificate", CHANGED),
        ("alerts.definition", "test"),
        ("customer", "create update pricing"),
        ("customer_feature director_backend tls.private_key tls.subscription", "create delete"),
        ("service", f"{CHANGED} move purge_all"),
        ("tls.activation", "enable update disable"),
        ("tls.configuration", "update"),
        ("token", "create destroy"),
        ("user", "create destroy lock unlock update password_update"),
        ("version", "activate clone copy create deactivate lock update"),
    )
    for noun in nouns.split()
    for verb in verbs.split()
)
"""The types of events, as far as the sandbox has their nouns [fastly-py EventAttributes]."""


def record(call: Call, event_type: str, service_id: str | None = None, **metadata: object) -> None:
    """Note a change, if Fastly documents an event of that type: of the others it records none."""
    if event_type not in DOCUMENTED:
        return
    noun, _, verb = event_type.partition(".")
    subject = str(metadata.get("name") or service_id or "")
    if "old" in metadata:
        # Of an update Fastly keeps both states and nothing else [go-fastly events/get_event.yaml].
        del metadata["name"]
    events = call.world.events
    events.append(
        {
            "id": call.world.new_id(),
            "admin": False,
            "created_at": call.stamp,
            "customer_id": call.world.customer["id"],
            "description": f"{noun.replace('_', ' ').capitalize()} {subject}: {verb}",
            "event_type": event_type,
            "ip": call.token.ip or "127.0.0.1",
            "metadata": metadata,
            "service_id": service_id,
            "user_id": call.token.user_id,
            "token_id": call.token.id,
        }
    )
    del events[:-KEPT]


def event_row(event: Row) -> Row:
    attributes = {name: value for name, value in event.items() if name != "id"}
    return {"id": event["id"], "type": "event", "attributes": attributes}


def list_events(call: Call) -> Response:
    """Newest first, filtered by `filter[service_id]` and its like, by time, or by type."""
    found = []
    for event in reversed(call.world.events):
        service_id = event["service_id"]
        if service_id and not call.token.covers(service_id):
            continue
        if all(_passes(event, name, value) for name, value in call.query.multi_items()):
            found.append(event_row(event))
    page, links, meta = json_api_page(call, found)
    # Recorded are the links that lead on, and no others.
    leads = {name: links[name] for name in ("last", "next", "prev") if links[name]}
    return json_api({"data": page, "links": leads, "meta": meta})


def _passes(event: Row, name: str, value: str) -> bool:
    match name.replace("[", " ").replace("]", " ").split():
        case ["filter", "created_at", "lte"]:
            return bool(event["created_at"] <= value)
        case ["filter", "created_at", "lt"]:
            return bool(event["created_at"] < value)
        case ["filter", "created_at", "gte"]:
            return bool(event["created_at"] >= value)
        case ["filter", "created_at", "gt"]:
            return bool(event["created_at"] > value)
        case ["filter", field] if field in {"service_id", "event_type", "user_id", "token_id"}:
            return bool(event[field] == value)
    return True


def get_event(call: Call) -> Response:
    for event in call.world.events:
        service_id, wanted = event["service_id"], call.params["event_id"]
        if event["id"] == wanted and (not service_id or call.token.covers(service_id)):
            return json_api({"data": event_row(event)})
    raise errors.cannot_find("event", call.params["event_id"])
