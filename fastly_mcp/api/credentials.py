"""Operations whose point is a credential: made, handed out or taken in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastly_mcp.config import Settings
from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.text import shortened

if TYPE_CHECKING:
    from fastly_mcp.api.catalog.checking import Request

OPERATIONS: Mapping[str, str] = {
    # Their answers tell a secret once, when it is made.
    "arc_create_virtual_key": "makes a key",
    "arc_rotate_virtual_key": "makes a key",
    "create_access_key": "makes a key",
    "create_automation_token": "makes a token",
    "create_token": "makes a token",
    # A key made to encrypt secrets with, for whoever has them.
    "client_key": "makes a key",
    # They take a person's password; the first one lifts what the token may do.
    "request_sudo_access": "takes a password",
    "update_user_password": "takes a password",
    # It tells the secret keys of all agents of a WAF.
    "ngwaf_list_agent_keys": "tells secret keys",
}
"""What each does. Others that also answer with a secret's field have another point, and that field
is redacted: backends, log endpoints, services, pools, the list of access keys."""


def check_secrets(operation_id: str, settings: Settings) -> None:
    """Raise NotPermitted for an operation on credentials unless the operator allows them."""
    if operation_id in OPERATIONS and not settings.allow_secrets:
        raise NotPermitted(
            f"{operation_id} {OPERATIONS[operation_id]}, and secrets do not pass through this "
            "server unless its operator sets FASTLY_MCP_ALLOW_SECRETS=1. A person can do it in "
            "Fastly's control panel. Nothing was sent."
        )


AS_HTML: Mapping[str, str] = {
    "get_custom_vcl_generated_highlighted": "get_custom_vcl_generated",
    "get_custom_vcl_highlighted": "get_custom_vcl",
}
"""Operations that answer VCL as HTML, and those that answer it as text."""


def check_form(request: "Request") -> None:
    """Raise NotPermitted for an answer in HTML, in whose tags credentials are not recognized."""
    operation_id, query = request.operation.id, dict(request.query)
    instead = ""
    if operation_id in AS_HTML:
        instead = AS_HTML[operation_id]
    elif "diff" in operation_id and query.get("format", "text") != "text":
        instead = "format=text"
    if instead:
        raise NotPermitted(
            f"Use {instead}: HTML says the same with more tokens, and credentials in it cannot be "
            "redacted. Nothing was sent."
        )


def may_be_told(operation_id: str, settings: Settings) -> bool:
    """Tell whether the answer of an operation is shown with its secrets."""
    return operation_id in OPERATIONS and settings.allow_secrets


def check_marks(params: Mapping[str, Any]) -> None:
    """Raise InvalidArgument for what was redacted when it was read.

    Written back it would take the place of the secret.
    """
    marked = [name for name, value in params.items() if _is_marked(value)]
    if marked:
        raise InvalidArgument(
            f"In {', '.join(map(shortened, marked))} stands [redacted: …] for a secret, which that "
            "would overwrite. Leave it out, or ask the user for it. Nothing was sent."
        )


def _is_marked(value: object) -> bool:
    from fastly_mcp.api.secret_values import MARKED  # noqa: PLC0415  # a start needs none of it

    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str) and MARKED.search(each):
            return True
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return False
