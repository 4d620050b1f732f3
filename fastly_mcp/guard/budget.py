"""Budgets: how much one token may purge in an hour, over all processes on a state directory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fastly_mcp.errors import NotPermitted
from fastly_mcp.guard.changes import Change
from fastly_mcp.guard.store import Spending, Transaction

HOUR = 3600.0
EDGE_CHECKS_PER_HOUR = 200
"""Fastly's limit of GET /content/edge_check [documentation of purging]."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Fastly's own allowance for keys and URLs is an average of 100,000 an hour a customer
    [the purging reference, through third parties].
    """  # noqa: D205  # one sentence, too long for one line

    keys_per_hour: int = 20_000
    urls_per_hour: int = 5_000
    purge_alls_per_hour: int = 3
    """Of each service."""

    def check(self, transaction: Transaction, change: Change, token: str, now: float) -> None:
        """Raise NotPermitted, with the time it would fit, for what is over the budget."""
        for what, most, wanted, service in self._asked(change):
            spent = transaction.spent(change.kind, now - HOUR, token, service)
            if spent + wanted > most:
                spendings = [
                    each
                    for each in transaction.spendings(change.kind, now - HOUR, token)
                    if service in {None, each.service}
                ]
                raise NotPermitted(
                    f"This call needs {wanted} {what}; {max(0, most - spent)} of {most} are "
                    f"left this hour. {_when(spendings, spent + wanted - most, wanted > most)} "
                    "Nothing was sent."
                )

    def left(self, transaction: Transaction, token: str, now: float) -> dict[str, int]:
        """Return how many keys, URLs and edge checks are left in this hour."""
        return {
            "keys": max(0, self.keys_per_hour - transaction.spent("key", now - HOUR, token)),
            "urls": max(0, self.urls_per_hour - transaction.spent("url", now - HOUR, token)),
            "edge_checks": max(
                0, EDGE_CHECKS_PER_HOUR - transaction.spent("edge_check", now - HOUR, token)
            ),
        }

    def _asked(self, change: Change) -> Iterator[tuple[str, int, int, str | None]]:
        if change.kind == "all":
            for hit in change.hits:
                yield "purges of everything", self.purge_alls_per_hour, 1, hit.service_id
        elif change.kind == "key":
            yield "keys", self.keys_per_hour, len(change.targets), None
        elif change.kind == "url":
            yield "URLs", self.urls_per_hour, len(change.targets), None


def _when(spendings: Iterable[Spending], over: int, is_too_much: bool) -> str:
    """Say when as much as it is over will be an hour old; the oldest come first."""
    if is_too_much:
        return "That never fits: the operator allows no more."
    for spending in spendings:
        over -= spending.count
        if over <= 0:
            at = datetime.fromtimestamp(spending.at + HOUR + 1, UTC)
            return f"It fits after {at:%Y-%m-%dT%H:%M:%SZ}."
    return ""


def spend_edge_check(transaction: Transaction, token: str, now: float) -> None:
    """Count one more edge check. Raises NotPermitted, with the time, if there were too many."""
    checks = list(transaction.spendings("edge_check", now - HOUR, token))
    if len(checks) >= EDGE_CHECKS_PER_HOUR:
        at = datetime.fromtimestamp(checks[-EDGE_CHECKS_PER_HOUR].at + HOUR + 1, UTC)
        raise NotPermitted(
            f"Fastly allows {EDGE_CHECKS_PER_HOUR} edge checks an hour, and all are used. The next "
            f"fits after {at:%Y-%m-%dT%H:%M:%SZ}. Nothing was sent."
        )
    transaction.spend(Spending(now, token, "", "edge_check", soft=False, count=1))
