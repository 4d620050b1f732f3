"""Many calls, a few at a time."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import pytest

from fastly_mcp.api.concurrency import gather, settle
from fastly_mcp.errors import FastlyMCPError, NotFound, NotSent, Refused

pytestmark = pytest.mark.anyio

Call = Callable[[], Awaitable[int]]


class Calls:
    """Notes how many run at once; `fails` raise their error after a moment."""

    def __init__(self, **fails: FastlyMCPError) -> None:
        self.fails = {int(number[1:]): error for number, error in fails.items()}
        self.running = self.most = 0
        self.started: list[int] = []
        self.cancelled: list[int] = []

    def make(self, number: int) -> Call:
        async def call() -> int:
            self.started.append(number)
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await anyio.lowlevel.checkpoint()
                if error := self.fails.get(number):
                    raise error
                return number * 10
            except anyio.get_cancelled_exc_class():
                self.cancelled.append(number)
                raise
            finally:
                self.running -= 1

        return call

    def all(self, count: int) -> list[Call]:
        return [self.make(number) for number in range(count)]


@pytest.mark.parametrize(("count", "at_once"), [(0, 8), (1, 8), (7, 8), (20, 8), (5, 1)])
async def test_all_are_made_in_order_and_no_more_than_that_at_once(
    count: int, at_once: int
) -> None:
    calls = Calls()
    outcomes = await settle(calls.all(count), at_once=at_once)
    assert outcomes == [number * 10 for number in range(count)]
    assert calls.most == min(count, at_once)


async def test_errors_are_settled_in_their_place() -> None:
    calls = Calls(n1=(error := NotFound(404, "x")))
    assert await settle(calls.all(3), at_once=2) == [0, error, 20]


async def test_gather_raises_the_first_error_and_drops_the_rest() -> None:
    calls = Calls(n1=NotFound(404, "x"), n9=Refused(400, "y"))
    with pytest.raises(NotFound):
        await gather(calls.all(50), at_once=4)
    assert len(calls.started) <= 8
    assert calls.running == 0


async def test_gather_returns_all_in_order() -> None:
    assert await gather(Calls().all(20), at_once=3) == [number * 10 for number in range(20)]


async def test_a_bug_is_not_settled() -> None:
    async def bug() -> int:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await settle([bug], at_once=1)
    assert caught.group_contains(ZeroDivisionError)


async def test_cancelling_cancels_all() -> None:
    calls = Calls()

    async def wait() -> int:
        await anyio.sleep_forever()
        return 0

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: settle([*calls.all(1), wait, wait], at_once=3))
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert calls.running == 0


async def test_after_an_error_that_ends_them_what_runs_is_finished_and_no_more_is_begun() -> None:
    calls = Calls(n1=Refused(400, "no"), n2=(error := NotFound(404, "x")))
    outcomes = await settle(calls.all(9), at_once=3, ends=lambda error: isinstance(error, NotFound))
    begun = len(calls.started)
    assert outcomes[0] == 0
    assert outcomes[2] is error
    assert begun < 9
    assert calls.cancelled == []
    assert {str(each) for each in outcomes[begun:]} == {"Not sent after that; sending it is safe."}
    assert all(isinstance(each, NotSent) for each in outcomes[begun:])


async def test_after_its_time_only_the_first_round_is_made() -> None:
    calls = Calls()
    outcomes = await settle(calls.all(9), at_once=3, by=anyio.current_time())
    assert outcomes[:3] == [0, 10, 20]
    assert all(isinstance(each, NotSent) for each in outcomes[3:])
    assert calls.started == [0, 1, 2]
