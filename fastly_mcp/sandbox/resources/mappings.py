"""Event mappings: which events of the audit log are told to which integrations."""

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import JSON, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page, sort_rows
from fastly_mcp.sandbox.services.fields import Field, choice, defaults, names, read, text
from fastly_mcp.sandbox.state import Row

SCOPES = ("account", "ngwaf", "vcl", "wasm")
ACCOUNT = """
address: create delete update
alerts.definition: create delete test update
api_key: create
backend: create
billing: contact_update
config_store: create delete update
config_store_item: bulk_edit create delete update
customer: create paying_status pricing update
dns_management.tsig_key: create delete update
dns_management.zone: create delete update
domain-management.domain: create delete update
invitation: accept sent
ngwaf.workspace: create
observe.dashboard: create delete update
origin: create delete update
saml: create delete update
tls.activation: disable enable update
tls.bulk_certificate: create delete update
tls.certificate: create delete expiration_email update
tls.private_key: create delete
tls.subscription: create delete update
token: create destroy
two_factor_auth: disable enable
user: ban create destroy lock login login_failure logout password_update unlock update
"""
"""What happens to an account, by what it happens to [go-fastly eventtypes/fixtures/list.yaml]."""
NGWAF = """
ngwaf.custom_signal: create delete update
ngwaf.list: create delete update
ngwaf.rule: create delete update
"""
SERVICE = """
service: create delete move purge_all update
version: activate clone copy create deactivate lock update
"""
"""What happens to services [fastly-py EventAttributes]; that it is in their scopes is invented."""
SPELLED = {
    "api": "API",
    "dns": "DNS",
    "ngwaf": "Next-Gen WAF",
    "saml": "SAML",
    "tls": "TLS",
    "tsig": "TSIG",
}


def _display_name(event_type: str) -> str:
    """`dns_management.tsig_key.create` as words."""
    return ": ".join(
        " ".join(SPELLED.get(word, word.capitalize()) for word in part.replace("-", "_").split("_"))
        for part in event_type.split(".")
    )


def _types(text: str, *scopes: str) -> list[Row]:
    return [
        {
            "event_type": f"{noun}.{verb}",
            "display_name": _display_name(f"{noun}.{verb}"),
            "scope_types": list(scopes),
        }
        for line in text.strip().splitlines()
        for noun, verbs in [line.split(": ")]
        for verb in verbs.split()
    ]


EVENT_TYPES = sorted(
    _types(ACCOUNT, "account") + _types(NGWAF, "ngwaf", "account") + _types(SERVICE, "vcl", "wasm"),
    key=lambda row: str(row["event_type"]),
)
FIELDS: dict[str, Field] = {
    "name": text(),
    "description": text(),
    "scope_type": choice(*SCOPES),
    "scope_ids": names(),
    "event_types": names(),
    "integration_ids": names(),
}


def list_scope_types(call: Call) -> Response:
    return newer({"data": [{"scope_type": scope} for scope in SCOPES]})


def list_event_types(call: Call) -> Response:
    scope = call.query.get("scope_type")
    rows = [row for row in EVENT_TYPES if not scope or scope in row["scope_types"]]
    return newer({"data": rows})


def shown(call: Call, row: Row) -> Row:
    """A mapping without integrations tells nobody [go-fastly eventmappings/api_response.go]."""
    status = "active" if row["integration_ids"] else "inactive"
    return {"customer_id": call.world.customer["id"], **row, "mapping_status": status}


def _given(call: Call) -> Row:
    """The rules of a mapping [go-fastly eventmappings/api_create.go]."""
    body = call.json_object()
    with invented.fitting(invented.bad_notification):
        given = {name: value for name, value in body.items() if value is not None}
        if missing := [
            name
            for name in ("name", "scope_type", "event_types", "integration_ids")
            if not given.get(name)
        ]:
            raise ValueError(f"{missing[0]} is required")
        row = defaults(FIELDS) | read(FIELDS, given)
        scope = row["scope_type"]
        known = {each["event_type"] for each in EVENT_TYPES if scope in each["scope_types"]}
        if unknown := [each for each in row["event_types"] if each not in known]:
            raise ValueError(f"event type {unknown[0]} is not one of scope {scope}")
        if not set(row["integration_ids"]) <= call.world.collection("integrations").keys():
            raise ValueError("an integration is unknown")
        if scope == "account" and row["scope_ids"]:
            raise ValueError("scope_ids must be empty for the account")
    return row


def list_mappings(call: Call) -> Response:
    query = call.query
    rows = [
        row
        for row in (shown(call, each) for each in call.world.collection("event_mappings").values())
        if query.get("scope_type") in {None, "", row["scope_type"]}
        and query.get("mapping_status") in {None, "", row["mapping_status"]}
        and query.get("name", "").lower() in row["name"].lower()
        and query.get("integration_id") in {None, "", *row["integration_ids"]}
        and query.get("scope_id") in {None, "", *row["scope_ids"]}
    ]
    rows, sort = sort_rows(call, rows, "created_at")
    page, limit, cursor = cursor_page(call, rows)
    meta: Row = {"total": len(rows), "limit": limit, "sort": sort}
    if cursor:
        meta["next_cursor"] = cursor
    return newer({"meta": meta, "data": page})


def create_mapping(call: Call) -> Response:
    row = {"id": call.world.new_id()} | _given(call)
    row |= {"created_at": call.stamp, "updated_at": call.stamp}
    call.world.collection("event_mappings")[row["id"]] = row
    return newer(shown(call, row), 201, {"Location": f"{call.path}/{row['id']}"})


def _find(call: Call) -> Row:
    row = call.world.collection("event_mappings").get(call.params["mapping_id"])
    if row is None:
        raise invented.notifications(404, "could not find event mapping")
    return row


def get_mapping(call: Call) -> Response:
    return newer(shown(call, _find(call)))


def update_mapping(call: Call) -> Response:
    """All of it is replaced [go-fastly eventmappings/api_update.go]."""
    row = _find(call) | _given(call) | {"updated_at": call.stamp}
    call.world.collection("event_mappings")[row["id"]] = row
    return newer(shown(call, row))


def delete_mapping(call: Call) -> Response:
    del call.world.collection("event_mappings")[_find(call)["id"]]
    return newer_nothing(media_type=JSON)
