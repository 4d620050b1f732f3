"""The record of a change that was allowed: what a tool tells of it, as it goes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from anyio import to_thread

from fastly_mcp.errors import APIError, FastlyMCPError
from fastly_mcp.guard.changes import PROGRESS, Change
from fastly_mcp.guard.lines import LISTED

OK = 200  # what Fastly answers to every purge that it accepts
OFTEN = 1.0  # seconds between two looks for a freeze


@dataclass(slots=True)
class Record:
    """What a tool tells of a change that was allowed, as it goes."""

    change: Change
    event: str
    accepted: int = 0
    failed: int = 0
    refusal: int = 0
    """Fastly's HTTP status when it last failed; 0 if it gave no answer then."""
    ids: list[str] = field(default_factory=list)
    """Of purges that have one, as many as are ever told."""
    check: Callable[[bool], None] = lambda _: None
    """Raises NotPermitted if all changes were frozen meanwhile; counts it, if it is done again."""
    checked_at: float = 0.0

    async def go_on(self, *, again: bool = False) -> None:
        """Raise NotPermitted if all changes were frozen meanwhile; it looks every second.

        What is to be done `again` is counted once more, and so may be over the budget.
        """
        now = time.monotonic()
        if again or now - self.checked_at >= OFTEN:
            self.checked_at = now
            await to_thread.run_sync(self.check, again)

    @property
    def status(self) -> int:
        """Fastly's HTTP status: where it failed, or the one of success if nothing did; or 0."""
        return OK if self.accepted and not self.failed else self.refusal

    @property
    def total(self) -> int:
        return max(1, len(self.change.targets))

    def done(self, *ids: str, again: bool = False) -> None:
        """Note what Fastly accepted, by the id of each purge or empty; not what it did `again`."""
        self.accepted += 0 if again else len(ids)
        self.ids += list(filter(None, ids))[: LISTED - len(self.ids)]
        self._tell()

    def missed(self, error: FastlyMCPError, count: int = 1) -> None:
        """Note what failed."""
        self.failed += count
        if isinstance(error, APIError):
            self.refusal = error.status
        self._tell()

    @contextmanager
    def counting(self, count: int = 1) -> Iterator[None]:
        """Note so many as failed if sending them fails in here."""
        try:
            yield
        except FastlyMCPError as error:
            self.missed(error, count)
            raise

    def _tell(self) -> None:
        if tell := PROGRESS.get():
            tell(self.accepted + self.failed, self.total)
