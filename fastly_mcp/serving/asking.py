"""Asking the person at the client about a plan: elicitation, in both eras of the protocol."""

from typing import Any

from mcp.server.mcpserver import Context
from mcp.shared.exceptions import MCPError
from mcp_types import (
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import BaseModel, Field

from fastly_mcp.guard.plans import Plan

QUESTION = "approval"
"""The key of the question and its answer where the protocol has no sessions."""
VIA_COMMAND, VIA_ELICITATION = "command", "elicitation"


class Answer(BaseModel):
    """What the person fills in."""

    allow: bool = Field(False, description="Tick to let it happen")


def can_ask(context: Context[Any, Any] | None, via: str) -> bool:
    """Tell whether a person can be asked through this client.

    Over HTTP the client is a framework's code as often as a person's assistant, and code would
    answer: there it is done only if the operator says so.
    """
    if context is None or via == VIA_COMMAND or context.client_capabilities is None:
        return False
    if context.request_context.request is not None and via != VIA_ELICITATION:
        return False
    elicitation = context.client_capabilities.elicitation
    has_forms = elicitation is not None and (
        elicitation.form is not None or elicitation.url is None
    )
    return has_forms and (is_modern(context) or context.session.can_send_request)


def is_modern(context: Context[Any, Any]) -> bool:
    """Tell whether questions are results here, which the client answers by calling again."""
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def question(plan: Plan) -> InputRequiredResult:
    """Return the question as a result; the SDK seals its state and binds it to the arguments."""
    form = ElicitRequestFormParams(
        message=message(plan), requested_schema=Answer.model_json_schema()
    )
    return InputRequiredResult(
        input_requests={QUESTION: ElicitRequest(params=form)}, request_state=plan.code
    )


def answered(context: Context[Any, Any] | None) -> tuple[str, bool] | None:
    """Return the code of the plan that was asked about and whether it was approved, or None.

    An answer that comes without the state of a question was never asked for.
    """
    if context is None or not context.request_state or not context.input_responses:
        return None
    answer = context.input_responses.get(QUESTION)
    if not isinstance(answer, ElicitResult):
        return None
    content = answer.content or {}
    return context.request_state, answer.action == "accept" and content.get("allow") is True


async def ask(context: Context[Any, Any], plan: Plan) -> bool | None:
    """Ask while the call waits; returns whether it was approved, None if the client cannot ask."""
    try:
        answer = await context.elicit(message(plan), Answer)
    except ValueError:
        # It was accepted with something else than the form asks for.
        return False
    except MCPError:
        # It says that it can ask, and then that it cannot.
        return None
    return answer.action == "accept" and answer.data.allow


def message(plan: Plan) -> str:
    """Return what the person reads."""
    return "\n".join(plan.lines())
