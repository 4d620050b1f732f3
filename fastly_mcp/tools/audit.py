"""Audit: what was purged through this server."""

from itertools import islice
from typing import Annotated

from anyio import to_thread
from pydantic import Field

from fastly_mcp.api.grant import Grant
from fastly_mcp.guard.audit import Audit, Record
from fastly_mcp.guard.guard import Guard
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Fastly, Result, Toolset

toolset = Toolset("audit", "What was purged through this server.", default=False)

LOOKED_AT = 1000  # newest purges
TARGETS = 3  # told of each purge
SERVICES = 3
LONGEST = 60  # characters of anybody's text

COVERS = (
    "Purges made through servers with this audit{since}. Fastly records purges by key and URL "
    "nowhere, so others' purges are not here."
)
NOWHERE = (
    "Nothing: this server tells its audit to standard error only (FASTLY_MCP_AUDIT); look in its "
    "log. Fastly records purges by key and URL nowhere."
)


class Purge(Result):
    """One call; `count` is how many targets it had, `accepted` how many Fastly took."""

    at: str
    tool: str
    service_ids: list[str] = []
    service_names: list[str] = []
    count: int | None = None
    targets: list[str] = []
    soft: bool | None = None
    by: str
    approved_by: str = ""
    outcome: str
    accepted: int | None = None
    failed: int | None = None


class Purges(Result):
    """What was purged, newest first."""

    covers: str
    more: bool | None = None
    purges: list[Purge]


@toolset.read("Purges made through this server")
async def list_purges(
    fastly: Fastly,
    guard: Guard,
    service: Annotated[
        str, Field(max_length=255, description="Only of this one: id, exact name or domain")
    ] = "",
    limit: Annotated[int, Field(ge=1, le=50, description="How many, newest first")] = 10,
) -> Purges:
    """List purges made through this server and what came of them.

    Purges made elsewhere are unknown.
    """
    audit, now = guard.audit, guard.clock()
    if "file" not in audit.sinks:
        return Purges(covers=NOWHERE, purges=[])
    only = (await fastly.service(service)).id if service else ""
    grant = await fastly.grant()
    since, records = await to_thread.run_sync(_newest, audit, grant, only)
    seen = _Seen(fastly, grant)
    shown: list[Purge] = []
    for record in records:
        if len(shown) > limit:
            break
        if await seen.may(record):
            shown.append(_purge(record, now))
    return Purges(
        covers=COVERS.format(since=f" since {since[:19]}Z" if since else "; none yet"),
        more=len(shown) > limit or None,
        purges=shown[:limit],
    )


class _Seen:
    """What this caller may see: what its token did, and what was done to services it can read.

    An audit can be shared by servers with other tokens, even of other accounts.
    """

    def __init__(self, fastly: Fastly, grant: Grant) -> None:
        self._fastly = fastly
        self._token = grant.token.id if grant.token else ""
        self._known: dict[str, bool] = {}

    async def may(self, record: Record) -> bool:
        if self._token and record.intent.token_id == self._token:
            return True
        services = [each.id for each in record.intent.services]
        for service in services:
            if service not in self._known:
                found = await self._fastly.services.by_id(service)
                self._known[service] = found is not None
        return bool(services) and all(self._known[service] for service in services)


def _newest(audit: Audit, grant: Grant, only: str) -> tuple[str, list[Record]]:
    """Read files, in a thread of its own."""
    records = (record for record in audit.records() if _is_asked(record, grant, only))
    return audit.since(), list(islice(records, LOOKED_AT))


def _is_asked(record: Record, grant: Grant, only: str) -> bool:
    services = {each.id for each in record.intent.services}
    is_granted = grant.services is None or services <= grant.services
    is_purge = record.intent.kind != "write"
    return is_purge and is_granted and (not only or only in services)


def _purge(record: Record, now: float) -> Purge:
    intent, outcome = record.intent, record.outcome
    return Purge(
        at=intent.time[:19] + "Z",
        tool=_short(intent.tool),
        service_ids=[_short(each.id) for each in intent.services[:SERVICES]],
        service_names=[_short(each.name) for each in intent.services[:SERVICES] if each.name],
        count=intent.count or None,
        targets=[_short(target) for target in intent.targets[:TARGETS]],
        soft=intent.soft or None,
        by=_short(intent.caller),
        approved_by=_short(intent.approved_by),
        outcome=record.came(now),
        accepted=outcome.accepted if outcome else None,
        failed=outcome.failed or None if outcome else None,
    )


def _short(text: str) -> str:
    return cut(visible(text), LONGEST)
