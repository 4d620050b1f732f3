"""The content of dynamic snippets, which changes without an activation."""

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.services.fields import read, text
from fastly_mcp.sandbox.services.members import container, members
from fastly_mcp.sandbox.state import Row


def _snippet(call: Call) -> tuple[dict[str, Row], Row]:
    service, snippet = container(call, "snippets")
    snippet_id = snippet["id"]
    held = members(service, snippet_id)
    if "content" not in held:
        raise errors.no_such_member("Snippet", id=snippet_id, service_id=service.id)
    more = {"snippet_id": snippet_id, "service_id": service.id}
    return held, held["content"] | more


def get_dynamic_snippet(call: Call) -> Response:
    return classic(_snippet(call)[1])


def update_dynamic_snippet(call: Call) -> Response:
    held, row = _snippet(call)
    with invented.fitting():
        given = read({"content": text()}, call.given())
    held["content"] = held["content"] | given | {"updated_at": call.stamp}
    record(call, "snippet.update", row["service_id"], name=row["snippet_id"])
    return classic(_snippet(call)[1])
