"""Purge: take cached content out of the edge."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, TypeVar

from pydantic import Field

from fastly_mcp.api.answers import shaped
from fastly_mcp.api.concurrency import settle
from fastly_mcp.api.paths import CachedURL, check_key, purge_target
from fastly_mcp.api.services import Service
from fastly_mcp.errors import (
    REPEATABLE,
    UNREPEATABLE,
    APIError,
    FastlyMCPError,
    InvalidArgument,
)
from fastly_mcp.scopes import Scope
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Fastly, ListOfOne, Result, ServiceRef, Soft, Toolset

T = TypeVar("T")

toolset = Toolset("purge", "Purge cached content by URL, by surrogate key, or all of it.")

AT_ONCE = 16
IDS = 5  # purge ids told one by one
FAILURES = 20  # failures told one by one
REASONS = 3  # kinds of failure told apart
URLS = 3  # failures told by their URLs; more are told by their positions
LONGEST_URL = 80  # characters of such a URL
BAD_ITEMS = 20  # invalid items named
LONGEST_NAME = 60  # characters of a service's name in a receipt

ACCEPTED = "Accepted; whether anything was cached is not known."
TWO_MINUTES = "Accepted; it can take up to two minutes everywhere."

# What these statuses mean for a purge by URL. Sources: Fastly CLI issue 645, go-fastly.
URL_REASONS = {
    403: "The service's own VCL or ACL refuses FASTLYPURGE; purging by key does not pass through "
    "VCL.",
    404: "Fastly knows no service of this token for that host.",
}
URL_REASONS[405] = URL_REASONS[403]


class Failure(Result):
    """What failed for one reason: few URLs by name, many by their positions in the list, from 1."""

    reason: str
    urls: list[str] = []
    positions: list[int] = []


class Receipt(Result):
    """What Fastly accepted; that is not to say that anything was cached."""

    accepted: int
    failed: int | None = None
    service_id: str = ""
    service_name: str = ""
    soft: bool | None = None
    ids: list[str] = []
    failures: list[Failure] = []
    note: str = ""
    sandbox: bool | None = None


@toolset.change("Purge URLs", scope=Scope.PURGE_SELECT, destroys=True, repeatable=True)
async def purge_url(
    fastly: Fastly,
    urls: Annotated[
        list[str],
        ListOfOne,
        Field(min_length=1, max_length=100, description="Exact URLs; https:// if no scheme"),
    ],
    soft: Soft = False,
) -> Receipt:
    """Purge pages by exact URL, query string included.

    Accepted means taken by Fastly, not that anything was cached.
    """
    targets = _checked(urls, purge_target)
    await fastly.check_hosts(targets)
    outcomes = await settle(
        [partial(_purge_one, fastly, target, soft) for target in targets], at_once=AT_ONCE
    )
    ids = [outcome for outcome in outcomes if isinstance(outcome, str)]
    return Receipt(
        accepted=len(ids),
        failed=len(outcomes) - len(ids) or None,
        soft=soft or None,
        ids=ids[:IDS],
        failures=_failures(targets, outcomes),
        note=ACCEPTED if ids else "",
        sandbox=fastly.sandbox,
    )


@toolset.change("Purge surrogate keys", scope=Scope.PURGE_SELECT, destroys=True, repeatable=True)
async def purge_surrogate_key(
    fastly: Fastly,
    service: ServiceRef,
    keys: Annotated[
        list[str], ListOfOne, Field(min_length=1, max_length=256, description="Keys you were given")
    ],
    soft: Soft = False,
) -> Receipt:
    """Purge everything tagged with these surrogate keys.

    Unknown keys are accepted and do nothing.
    """
    unique = list(dict.fromkeys(_checked(keys, _key)))
    found = await fastly.service(service, changing=True)
    receipt = await fastly.post(
        "/service/{service_id}/purge",
        service_id=found.id,
        json={"surrogate_keys": unique},
        headers=_soft(soft),
        repeatable=True,
    )
    with shaped(REPEATABLE):
        ids = [_id(receipt[key]) for key in unique]
    return Receipt(
        accepted=len(ids),
        service_id=found.id,
        service_name=_name(found),
        soft=soft or None,
        ids=ids[:IDS],
        note=ACCEPTED,
        sandbox=fastly.sandbox,
    )


@toolset.change("Purge everything", scope=Scope.PURGE_ALL, destroys=True, repeatable=False)
async def purge_all(fastly: Fastly, service: ServiceRef) -> Receipt:
    """Purge everything a service has cached; its origin must then serve it all again.

    Only when the user asked for everything.
    """
    found = await fastly.service(service, changing=True)
    receipt = await fastly.post(
        "/service/{service_id}/purge_all", service_id=found.id, repeatable=False
    )
    with shaped(UNREPEATABLE):
        _check_ok(receipt["status"])
    return Receipt(
        accepted=1,
        service_id=found.id,
        service_name=_name(found),
        note=TWO_MINUTES,
        sandbox=fastly.sandbox,
    )


async def _purge_one(fastly: Fastly, target: CachedURL, soft: bool) -> str:
    receipt = await fastly.post("/purge/{url}", url=target, headers=_soft(soft), repeatable=True)
    with shaped(REPEATABLE):
        _check_ok(receipt["status"])
        return _id(receipt["id"])


def _name(service: Service) -> str:
    return cut(visible(service.name), LONGEST_NAME)


def _soft(soft: bool) -> dict[str, str]:
    # Fastly looks at the header's presence, not at its value, so hard must leave it out.
    return {"Fastly-Soft-Purge": "1"} if soft else {}


def _check_ok(status: object) -> None:
    if status != "ok":
        raise ValueError


def _id(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _key(key: str) -> str:
    check_key(key)
    return key


def _checked(items: list[str], check: Callable[[str], T]) -> list[T]:
    """Check every item before anything is sent; raises InvalidArgument naming each bad one."""
    good: list[T] = []
    bad: list[str] = []
    for position, item in enumerate(items, 1):
        try:
            good.append(check(item))
        except InvalidArgument as error:
            bad.append(f"{position} ({cut(visible(item), 60)!r}): {error}")
    if bad:
        more = f"; and {len(bad) - BAD_ITEMS} more" if len(bad) > BAD_ITEMS else ""
        raise InvalidArgument(
            f"Nothing was sent, because of item {'; '.join(bad[:BAD_ITEMS])}{more}."
        )
    return good


def _failures(
    targets: Sequence[CachedURL], outcomes: Sequence[str | FastlyMCPError]
) -> list[Failure]:
    """Group what failed by reason, every failure up to 20: few words for many."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    failed = [index for index, outcome in enumerate(outcomes) if not isinstance(outcome, str)]
    for index in failed[:FAILURES]:
        reason = _reason(outcomes[index])
        groups[reason if reason in groups or len(groups) < REASONS else "Other reasons."].append(
            index
        )
    return [
        Failure(
            reason=reason,
            urls=[cut(targets[index], LONGEST_URL) for index in indexes]
            if len(failed) <= URLS
            else [],
            positions=[index + 1 for index in indexes] if len(failed) > URLS else [],
        )
        for reason, indexes in groups.items()
    ]


def _reason(error: str | FastlyMCPError) -> str:
    if not isinstance(error, APIError):
        return cut(str(error), 200)
    step = URL_REASONS.get(error.status) or f"{error.outcome} {error.hint}".strip()
    return f"{cut(error.reason, 80)}. {step}"
