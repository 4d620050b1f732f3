"""Planning: what becomes of a change that a person has to decide on, by the store's plans."""

from dataclasses import replace
from typing import NamedTuple

from fastly_mcp.api.grant import TokenInfo
from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.guard.approvals import Approvals
from fastly_mcp.guard.changes import Call, Change
from fastly_mcp.guard.plans import TO_DECIDE, Plan, new_code
from fastly_mcp.guard.store import Transaction

PATIENCE = 600.0  # seconds
DECLINES = 2
"""After so many within PATIENCE nobody is asked about a service by the same tool again."""
OPEN = 3
"""Plans of one caller that may wait at once."""
AGAIN = "call again without approval to ask anew. Nothing was sent."


class Asked(NamedTuple):
    """A change as it is asked for now."""

    call: Call
    change: Change
    token: TokenInfo
    account: str
    now: float

    def is_of(self, plan: Plan) -> bool:
        """Tell whether a plan is for the same call of the same caller with the same token."""
        return self.call.is_same(plan.call) and self.token.id == plan.token


def approved(transaction: Transaction, asked: Asked, approvals: Approvals) -> Plan:
    """Return the plan that a call claims an approval of, used from now on, or still open.

    Raises InvalidArgument or NotPermitted with the reason if there is no such approval.
    """
    now, plan = asked.now, transaction.plan(asked.call.approval)
    if plan is None or not asked.is_of(plan):
        raise InvalidArgument(f"This approval is for another call: {AGAIN}")
    if plan.decision is None:
        if not approvals.made(plan) or not plan.is_open(now):
            raise InvalidArgument(f"Nobody decided in time, or the server was restarted: {AGAIN}")
        return plan
    if not plan.is_sealed(approvals.key):
        raise NotPermitted(f"This approval was not signed for this server: {AGAIN}")
    if not plan.decision.approved:
        raise NotPermitted("A person declined this. Do not ask again. Nothing was sent.")
    if not approvals.made(plan) or not plan.is_usable(now):
        raise InvalidArgument(f"This approval was used, or is too old to be: {AGAIN}")
    if plan.change.state != asked.change.state:
        raise InvalidArgument(f"{_what(plan)} changed since this was approved: {AGAIN}")
    used = replace(approvals.signed(plan), used_at=now)
    transaction.keep(used)
    return used


def _what(plan: Plan) -> str:
    if plan.change.write:
        return "What the person was shown, or the service's active version or domains,"
    return "The service's active version or domains"


def planned(transaction: Transaction, asked: Asked, why: str, approvals: Approvals) -> Plan:
    """Return a new plan, or the one that the same call made before and that is still open.

    Raises NotPermitted if people declined it often, or too many of the caller's are open.
    """
    now, change = asked.now, asked.change
    plans = transaction.plans(now - TO_DECIDE - PATIENCE)
    opened = [
        plan
        for plan in plans
        if plan.call.caller == asked.call.caller and approvals.made(plan) and plan.is_open(now)
    ]
    for plan in opened:
        if asked.is_of(plan) and plan.change.state == change.state:
            return plan
    _check_patience(plans, asked)
    if len(opened) >= OPEN:
        raise NotPermitted(
            f"{OPEN} changes of this caller wait for a person already; tell the user. "
            "Nothing was sent."
        )
    plan = Plan(
        code=new_code(),
        made_at=now,
        made_by=approvals.process,
        call=asked.call,
        change=change,
        account=asked.account,
        token=asked.token.id,
        token_name=asked.token.name,
        why=why,
        needs_signature=approvals.needs_signatures(),
    )
    approvals.remember(plan)
    transaction.keep(plan)
    return plan


def _check_patience(plans: list[Plan], asked: Asked) -> None:
    """Raise NotPermitted where people said no twice: asking until they give in is no way."""
    declined = sorted(
        plan.decision.at
        for plan in plans
        if plan.decision
        and not plan.decision.approved
        and asked.now - plan.decision.at < PATIENCE
        and plan.call.tool == asked.call.tool
        and plan.change.places & asked.change.places
    )
    if len(declined) >= DECLINES:
        minutes = int((declined[-DECLINES] + PATIENCE - asked.now) // 60) + 1
        raise NotPermitted(
            f"People declined this {len(declined)} times. Do not ask again: for {minutes} more "
            "minutes nobody is asked. Nothing was sent."
        )
