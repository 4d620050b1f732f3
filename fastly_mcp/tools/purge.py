"""Purge: take cached content out of the edge."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, TypeVar

import anyio
from pydantic import Field

from fastly_mcp.api.answers import explained, shaped
from fastly_mcp.api.concurrency import settle
from fastly_mcp.api.edge import page
from fastly_mcp.api.paths import CachedURL, check_key, purge_target
from fastly_mcp.api.proof import looked_after
from fastly_mcp.errors import (
    REPEATABLE,
    UNREPEATABLE,
    APIError,
    FastlyMCPError,
    GuardFailed,
    InvalidArgument,
    NotPermitted,
)
from fastly_mcp.guard.edge import look_at_edge
from fastly_mcp.guard.guard import Guard
from fastly_mcp.guard.record import Record
from fastly_mcp.receipt import ACCEPTED, Receipt, receipt
from fastly_mcp.scopes import Scope
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Fastly, ListOfOne, ServiceRef, Soft, Toolset

T = TypeVar("T")

toolset = Toolset("purge", "Purge cached content by URL, by surrogate key, or all of it.")

URLS, URLS_AT_ONCE = 1_000, 16
KEYS, BATCHES_AT_ONCE = 10_000, 8
BATCH = 256  # keys in one request; Fastly refuses more [fastly-magento2 issue 104]
BAD_ITEMS = 20  # invalid items named

TWO_MINUTES = "Accepted; it can take up to two minutes everywhere."

# What these statuses mean for a purge by URL. Sources: Fastly CLI issue 645, go-fastly.
URL_REASONS = {
    403: "The service's own VCL or ACL refuses FASTLYPURGE; purging by key does not pass through "
    "VCL.",
    404: "Fastly knows no service of this token for that host.",
}
URL_REASONS[405] = URL_REASONS[403]

# After these no more is begun: the next would be refused as well. By URL a 403 is the word of one
# service's VCL, and other URLs may be of other services.
ENDS_KEYS = {401, 403, 429}
ENDS_URLS = {401, 429}


@toolset.change("Purge URLs", scope=Scope.PURGE_SELECT, destroys=True, repeatable=True)
async def purge_url(
    fastly: Fastly,
    guard: Guard,
    urls: Annotated[
        list[str],
        ListOfOne,
        Field(
            min_length=1,
            max_length=URLS,
            description="Exact URLs; https:// if no scheme; 4 MiB a call",
        ),
    ],
    soft: Soft = False,
    verify: Annotated[
        bool,
        Field(description="One URL only, needs global:read: look at all POPs, before and after"),
    ] = False,
) -> Receipt:
    """Purge pages by exact URL, query string included.

    Accepted means taken by Fastly, not that anything was cached.
    """
    targets = _checked(urls, purge_target)
    if verify:
        await _check_may_look(fastly, targets)
    await fastly.check_hosts(targets)
    async with guard.change(fastly, "url", targets=tuple(targets), soft=soft) as record:
        purge = partial(_purge_and_look, guard) if verify else _purge_url
        outcomes = await settle(
            [partial(purge, fastly, record, target) for target in targets],
            at_once=URLS_AT_ONCE,
            ends=partial(_refuses_all, ENDS_URLS),
            by=_last_start(fastly),
        )
    return receipt(
        fastly,
        record,
        errors=[outcome if isinstance(outcome, FastlyMCPError) else None for outcome in outcomes],
        positions=range(1, len(targets) + 1),
        urls=targets,
        note=next((outcome for outcome in outcomes if isinstance(outcome, str)), ""),
    )


@toolset.change("Purge surrogate keys", scope=Scope.PURGE_SELECT, destroys=True, repeatable=True)
async def purge_surrogate_key(
    fastly: Fastly,
    guard: Guard,
    service: ServiceRef,
    keys: Annotated[
        list[str],
        ListOfOne,
        Field(min_length=1, max_length=KEYS, description="Keys you were given; 4 MiB a call"),
    ],
    soft: Soft = False,
) -> Receipt:
    """Purge everything tagged with these surrogate keys.

    Unknown keys are accepted and do nothing.
    """
    first: dict[str, int] = {}
    for position, key in enumerate(_checked(keys, check_key), 1):
        first.setdefault(key, position)
    unique = tuple(first)
    batches = [unique[at : at + BATCH] for at in range(0, len(unique), BATCH)]
    found = await fastly.service(service, changing=True)
    async with guard.change(fastly, "key", services=(found,), targets=unique, soft=soft) as record:
        outcomes = await settle(
            [partial(_purge_keys, fastly, record, found.id, batch) for batch in batches],
            at_once=BATCHES_AT_ONCE,
            ends=partial(_refuses_all, ENDS_KEYS),
            by=_last_start(fastly),
        )
        if len(outcomes) == 1 and outcomes[0]:
            raise outcomes[0]
    return receipt(
        fastly,
        record,
        service=found,
        errors=[outcome for outcome, batch in zip(outcomes, batches, strict=True) for _ in batch],
        positions=tuple(first.values()),
    )


@toolset.change("Purge everything", scope=Scope.PURGE_ALL, destroys=True, repeatable=False)
async def purge_all(fastly: Fastly, guard: Guard, service: ServiceRef) -> Receipt:
    """Purge everything a service has cached; its origin must then serve it all again.

    Only when the user asked for everything.
    """
    found = await fastly.service(service, changing=True)
    async with guard.change(fastly, "all", services=(found,)) as record:
        answer = await fastly.post(
            "/service/{service_id}/purge_all", service_id=found.id, repeatable=False
        )
        with shaped(UNREPEATABLE):
            _check_ok(answer["status"])
        record.done("")
    return receipt(fastly, record, service=found, note=TWO_MINUTES)


async def _purge_url(fastly: Fastly, record: Record, url: CachedURL) -> str:
    """Purge one URL, and return what is to be said of the effect."""
    with record.counting():
        await record.go_on()
        record.done(await _send_url(fastly, record, url))
    return ACCEPTED


async def _purge_and_look(guard: Guard, fastly: Fastly, record: Record, url: CachedURL) -> str:
    """The same with a look before and after, for which it may have to be purged once more."""

    async def purge() -> str:
        again = record.accepted > 0
        await record.go_on(again=again)
        purge_id = await _send_url(fastly, record, url)
        record.done(purge_id, again=again)
        return purge_id

    with record.counting():
        look = partial(look_at_edge, guard, fastly, url)
        return (await looked_after(look, purge, soft=record.change.soft)).sentence


async def _send_url(fastly: Fastly, record: Record, url: CachedURL) -> str:
    with explained(URL_REASONS):
        answer = await fastly.post(
            "/purge/{url}",
            url=url,
            headers=_soft(record.change.soft),
            repeatable=True,
            counted=False,
        )
    with shaped(REPEATABLE):
        _check_ok(answer["status"])
        return _id(answer["id"])


async def _purge_keys(fastly: Fastly, record: Record, service_id: str, keys: Sequence[str]) -> None:
    with record.counting(len(keys)):
        await record.go_on()
        answer = await fastly.post(
            "/service/{service_id}/purge",
            service_id=service_id,
            json={"surrogate_keys": keys},
            headers=_soft(record.change.soft),
            repeatable=True,
            counted=False,
        )
        with shaped(REPEATABLE):
            record.done(*[_id(answer[key]) for key in keys])


async def _check_may_look(fastly: Fastly, targets: Sequence[CachedURL]) -> None:
    if len(targets) != 1:
        raise InvalidArgument(
            "verify looks at one URL; give one, or leave it out. Nothing was sent."
        )
    page(targets[0])
    grant = await fastly.grant()
    if not grant.permits(Scope.GLOBAL_READ):
        why = grant.why_not(Scope.GLOBAL_READ).rstrip(".")
        raise NotPermitted(
            f"verify is withheld: {why}. Without it the URL can be purged. Nothing was sent."
        )


def _refuses_all(statuses: set[int], error: FastlyMCPError) -> bool:
    is_refused = isinstance(error, APIError) and error.status in statuses
    return is_refused or isinstance(error, NotPermitted | GuardFailed)


def _last_start(fastly: Fastly) -> float:
    """Until when requests are begun, so that the last one ends before the call has to."""
    return anyio.current_effective_deadline() - fastly.client.deadline


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
