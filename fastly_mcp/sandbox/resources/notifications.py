"""Notifications: integrations with chat, mail and pagers, whom alerts and events are told."""

import hashlib
import uuid
from typing import Any

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import JSON, newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page, sort_rows
from fastly_mcp.sandbox.services.fields import Field, choice, read, text
from fastly_mcp.sandbox.state import Row

URL, EMAIL = "url", "email"
TYPES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "mailinglist": ("Mailing List", {"address": ("Address", EMAIL)}),
    "microsoftteams": ("Microsoft Teams", {"webhook": ("Webhook URL", URL)}),
    "newrelic": ("New Relic", {"key": ("Key", ""), "account": ("Account", "")}),
    "pagerduty": ("PagerDuty", {"key": ("Key", "")}),
    "slack": ("Slack Webhook", {"webhook": ("Webhook URL", URL)}),
    "webhook": ("Generic Webhook", {"webhook": ("Webhook URL", URL)}),
    "jiraissue": (
        "JIRA Issue",
        {
            "baseurl": ("JIRA Base URL", URL),
            "username": ("Username", ""),
            "token": ("API Token", ""),
            "projectkey": ("Project Key", ""),
            "issuetype": ("Issue Type", ""),
        },
    ),
    "opsgenie": ("OpsGenie", {"apikey": ("API Key", "")}),
    "datadog": ("Datadog", {"apikey": ("API Key", ""), "site": ("Site", "")}),
    "jsm": ("Jira Service Management", {"apikey": ("API Key", "")}),
    "splunkoncall": ("Splunk On-Call", {"url": ("Webhook URL", URL)}),
}
"""The types of integrations, and what each is configured with: name, how it is called, format."""
CALLED = {"mail": "mailinglist", "msteams": "microsoftteams"}
"""What the CLI calls two of them in requests; that the API understands it is invented."""
SECRET = frozenset({"apikey", "key", "token", "url", "webhook"})
"""What is taken and never shown: apikey, token and url as recorded, the others by analogy."""
OPTIONAL = frozenset({"site"})
"""[fastly integration datadog create]"""


KIND = choice(*TYPES)


def _kind(value: Any) -> Any:
    return KIND.read(CALLED.get(value, value) if isinstance(value, str) else value)


def _config(value: Any) -> Row:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise ValueError("is not an object of texts")
    return value


FIELDS: dict[str, Field] = {
    "name": text(),
    "description": text(),
    "type": Field("", _kind),
    "config": Field({}, _config),
}


def list_types(call: Call) -> Response:
    return newer(
        [
            {
                "type": name,
                "display_name": label,
                "custom_fields": [
                    {"name": field, "display_name": called, "format": kind}
                    for field, (called, kind) in fields.items()
                ],
            }
            for name, (label, fields) in TYPES.items()
        ]
    )


def shown(row: Row) -> Row:
    """An integration without its secrets; without a config if that is all there is."""
    seen = {name: row[name] for name in ("id", "name", "description", "type")}
    seen |= {"created_at": row["created_at"], "updated_at": row["updated_at"]}
    if row["type"] == "mailinglist":
        seen["status"] = row["status"]
    config = {name: value for name, value in row["config"].items() if name not in SECRET}
    return seen | ({"config": config} if config else {})


def _given(call: Call) -> Row:
    """The body, whose names may be capitalised, as go-fastly and the CLI write them."""
    body = {name.lower(): value for name, value in call.json_object().items()}
    with invented.fitting(invented.bad_notification):
        return read(FIELDS, {name: value for name, value in body.items() if value is not None})


def list_integrations(call: Call) -> Response:
    kind = call.query.get("type", "")
    rows = [
        shown(row)
        for row in call.world.collection("integrations").values()
        if kind in {"", row["type"]}
    ]
    rows, sort = sort_rows(call, rows, "created_at")
    page, limit, cursor = cursor_page(call, rows)
    meta: Row = {"type": kind, "total": len(rows), "limit": limit, "sort": sort}
    if cursor:
        meta["next_cursor"] = cursor
    return newer({"meta": meta, "data": page})


def create_integration(call: Call) -> Response:
    given: Row = {"description": "", "config": {}, **_given(call)}
    for name in ("name", "type"):
        if not given.get(name):
            raise invented.bad_notification(f"{name} is required")
    for name in TYPES[given["type"]][1]:
        if name not in OPTIONAL and not given["config"].get(name):
            raise invented.bad_notification(f"config.{name} is required")
    integration_id = call.world.new_id()
    call.world.collection("integrations")[integration_id] = {
        "id": integration_id,
        **given,
        "status": "confirmation_pending",
        "rotations": 0,
        "created_at": call.stamp,
        "updated_at": call.stamp,
    }
    return newer({"integration_id": integration_id})


def _find(call: Call, verb: str) -> Row:
    row = call.world.collection("integrations").get(call.params["integration_id"])
    if row is None:
        raise invented.notifications(404, f"could not {verb} integration")
    return row


def get_integration(call: Call) -> Response:
    return newer(shown(_find(call, "get")))


def update_integration(call: Call) -> Response:
    """A config takes the place of the old one.

    It is not looked at: a webhook with a `url` is recorded [go-fastly update_integration.yaml].
    """
    row, given = _find(call, "update"), _given(call)
    if given.get("config", row["config"]) != row["config"]:
        given["status"] = "confirmation_pending"
    call.world.collection("integrations")[row["id"]] = row | given | {"updated_at": call.stamp}
    return newer_nothing(media_type=JSON)


def delete_integration(call: Call) -> Response:
    """Delete one; a mapping that loses its last one is inactive."""
    integration_id = _find(call, "delete")["id"]
    del call.world.collection("integrations")[integration_id]
    mappings = call.world.collection("event_mappings")
    for mapping in list(mappings.values()):
        if integration_id in mapping["integration_ids"]:
            left = [each for each in mapping["integration_ids"] if each != integration_id]
            mappings[mapping["id"]] = mapping | {"integration_ids": left}
    return newer_nothing(media_type=JSON)


def _signing_key(row: Row) -> Response:
    if row["type"] != "webhook":
        raise invented.bad_notification("only webhooks have a signing key")
    seed = hashlib.sha256(f"{row['id']} {row['rotations']}".encode())
    return newer({"signingKey": str(uuid.UUID(bytes=seed.digest()[:16], version=4))})


def get_signing_key(call: Call) -> Response:
    return _signing_key(_find(call, "get"))


def rotate_signing_key(call: Call) -> Response:
    row = _find(call, "update")
    row = row | {"rotations": row["rotations"] + 1}
    response = _signing_key(row)
    call.world.collection("integrations")[row["id"]] = row
    return response


def confirm_mailing_list(call: Call) -> Response:
    """Send the e-mail that asks for a confirmation; the sandbox sends none, and nobody confirms."""
    body = {name.lower(): value for name, value in call.json_object().items()}
    email = body.get("email")
    if not isinstance(email, str) or "@" not in email[1:-1]:
        raise invented.bad_notification("email is not an address")
    return newer_nothing(media_type=JSON)
