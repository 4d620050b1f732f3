"""Many calls, a few at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from fastly_mcp.errors import FastlyMCPError

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]


async def settle(
    calls: Sequence[Call[T]], *, at_once: int, stop_at_error: bool = False
) -> list[T | FastlyMCPError]:
    """Make all calls, `at_once` of them at a time, and return what came of each, in order.

    With `stop_at_error` the first error ends the rest and is all that is returned.
    """
    outcomes: dict[int, T | FastlyMCPError] = {}
    waiting = iter(enumerate(calls))

    async def work() -> None:
        for index, call in waiting:
            try:
                outcomes[index] = await call()
            except FastlyMCPError as error:
                if stop_at_error:
                    outcomes.clear()
                    group.cancel_scope.cancel()
                outcomes[index] = error

    async with anyio.create_task_group() as group:
        for _ in range(min(at_once, len(calls))):
            group.start_soon(work)
    return [outcomes[index] for index in sorted(outcomes)]


async def gather(calls: Sequence[Call[T]], *, at_once: int) -> list[T]:
    """Make all calls, `at_once` of them at a time; raises the first error and drops the rest."""
    results = []
    for outcome in await settle(calls, at_once=at_once, stop_at_error=True):
        if isinstance(outcome, FastlyMCPError):
            raise outcome
        results.append(outcome)
    return results
