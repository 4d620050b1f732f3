"""Many calls, a few at a time."""

from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import TypeVar

import anyio

from fastly_mcp.errors import FastlyMCPError, NotSent

T = TypeVar("T")
Call = Callable[[], Awaitable[T]]

ENDED = "Not sent after that; sending it is safe."
LATE = "Not sent for lack of time; sending it is safe."


def never(_: FastlyMCPError) -> bool:
    """Let no error end the rest."""
    return False


async def settle(
    calls: Sequence[Call[T]],
    *,
    at_once: int,
    stop_at_error: bool = False,
    ends: Callable[[FastlyMCPError], bool] = never,
    by: float = inf,
) -> list[T | FastlyMCPError]:
    """Make all calls, `at_once` of them at a time, and return what came of each, in order.

    With `stop_at_error` the first error ends the rest and is all that is returned. After an error
    that `ends`, or for all but the first `at_once` after the time `by` of anyio's clock, what runs
    is finished and no more is begun: what came of the rest is NotSent.
    """
    over = ""
    outcomes: dict[int, T | FastlyMCPError] = {}
    waiting = iter(enumerate(calls))

    async def work() -> None:
        nonlocal over
        for index, call in waiting:
            if index >= at_once and anyio.current_time() >= by:
                over = over or LATE
            if over:
                outcomes[index] = NotSent(over)
                continue
            try:
                outcomes[index] = await call()
            except FastlyMCPError as error:
                if stop_at_error:
                    outcomes.clear()
                    group.cancel_scope.cancel()
                outcomes[index] = error
                if ends(error):
                    over = ENDED

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
