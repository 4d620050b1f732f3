"""The two lines that every change leaves in the audit: what was meant, and what came of it."""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from fastly_mcp.guard.changes import Call, Change, digest
from fastly_mcp.guard.plans import Plan

LISTED = 50  # targets and purge ids told one by one
# A long name, or one without a value, may well be the secret itself.
PARAMETER = re.compile(r"([A-Za-z][A-Za-z0-9_.\[\]-]{0,31})=.+", re.DOTALL)

Came = Literal["ok", "failed", "partly", "cancelled", "unknown"]
"""Unknown where this program failed while it was under way, or a write's answer was lost."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A service that a change reaches; the name is empty where it was not looked up."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Written before anything is sent."""

    time: str
    event: str
    """Common to the two lines of one change."""
    line: Literal["intent"] = "intent"
    pid: int
    """The process that sends it."""
    caller: str
    client: str
    transport: str
    account: str
    token_id: str
    token_name: str
    tool: str
    operation: str = ""
    """Of a write, the catalog's id."""
    services: tuple[Touched, ...]
    kind: str
    count: int
    targets: tuple[str, ...]
    """All up to 50; of more only the digest."""
    digest: str
    """Of targets that are not told, or of a write's arguments."""
    soft: bool
    plan: str
    approved_by: str
    approved_how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Written after the last answer."""

    time: str
    event: str
    line: Literal["outcome"] = "outcome"
    outcome: Came
    accepted: int
    failed: int
    purge_ids: tuple[str, ...]
    """The first 50."""
    status: int
    """Fastly's HTTP status: of the last that failed, or 200 if nothing did; 0 without an answer."""
    duration_ms: int


def new_event() -> str:
    """Return an id for one change."""
    return secrets.token_hex(8)


def intent(
    at: float,
    event: str,
    call: Call,
    change: Change,
    *,
    account: str,
    token_id: str,
    token_name: str,
    plan: Plan | None = None,
    queries: bool = False,
) -> Intent:
    """Return the line of what is about to be sent.

    Without `queries` a URL's query string is told by its parameters' names and a digest.
    """
    shown = change.targets if queries or change.kind != "url" else map(bare, change.targets)
    is_long = len(change.targets) > LISTED
    decision = plan.decision if plan else None
    return Intent(
        time=_time(at),
        event=event,
        pid=os.getpid(),
        caller=call.caller,
        client=call.client,
        transport=call.transport,
        account=account,
        token_id=token_id,
        token_name=token_name,
        tool=call.tool,
        operation=change.write.operation if change.write else "",
        services=tuple(Touched(hit.service_id, hit.service_name) for hit in change.hits),
        kind=change.kind,
        count=len(change.targets),
        targets=() if is_long else tuple(shown),
        digest=digest(list(change.targets)) if is_long else call.arguments if change.write else "",
        soft=change.soft,
        plan=plan.code if plan else "",
        approved_by=decision.by if decision else "",
        approved_how=decision.how if decision else "",
    )


def outcome(
    at: float,
    event: str,
    came: Came,
    *,
    accepted: int = 0,
    failed: int = 0,
    purge_ids: Sequence[str] = (),
    status: int = 0,
    duration_ms: float = 0,
) -> Outcome:
    """Return the line of what came of it."""
    return Outcome(
        time=_time(at),
        event=event,
        outcome=came,
        accepted=accepted,
        failed=failed,
        purge_ids=tuple(purge_ids[:LISTED]),
        status=status,
        duration_ms=round(duration_ms),
    )


def parsed(said: Mapping[str, Any]) -> Intent | Outcome | None:
    """Return the line that was written; None if it is neither of the two."""
    try:
        line = _adapter().validate_python(said)
        datetime.fromisoformat(line.time).timestamp()
    except (ValueError, OverflowError):
        return None
    return line


def bare(url: str) -> str:
    """Return a URL with its query string as parameter names and a digest, in this order."""
    page, mark, query = url.partition("?")
    if not mark or not query:
        return url
    found = (PARAMETER.fullmatch(part) for part in query.split("&"))
    names = "&".join(match[1] if match else "…" for match in found)
    return f"{page}?{names} (sha256 {sha256(query.encode()).hexdigest()[:16]})"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _adapter() -> TypeAdapter[Intent | Outcome]:
    # Built on the first need, because a start has none.
    return TypeAdapter(Annotated[Intent | Outcome, Field(discriminator="line")])
