"""Progress: how far a change has come, told to a client that asks for it, and never waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.mcpserver import Context

from fastly_mcp.guard.changes import PROGRESS

PAUSE = 0.1  # seconds between two notifications
LAST = 1.0  # seconds for the last one


@asynccontextmanager
async def progress_told(context: Context[Any, Any] | None) -> AsyncIterator[None]:
    """Tell the client of the changes that are made in here; without one, or where it did not ask
    for it, nothing is told.
    """  # noqa: D205  # one sentence, too long for one line
    if context is None:
        yield
        return
    telling = _Telling(context)
    before = PROGRESS.set(telling.note)
    try:
        yield
        await telling.finish()
    finally:
        telling.end()
        PROGRESS.reset(before)


class _Telling:
    """Tells the newest of what it is given: a client that reads slowly is told less often.

    The SDK drops what it can no longer send, so nothing here raises.
    """

    def __init__(self, context: Context[Any, Any]) -> None:
        self._context = context
        self._now = self._told = (0, 0)
        self._task: asyncio.Task[None] | None = None

    def note(self, done: int, total: int) -> None:
        self._now = (done, total)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._told != self._now:
            self._told = self._now
            await self._context.report_progress(*self._told)
            await anyio.sleep(PAUSE)

    async def finish(self) -> None:
        """Tell the last, before the result."""
        self.end()
        if self._told != self._now:
            with anyio.move_on_after(LAST):
                await self._context.report_progress(*self._now)

    def end(self) -> None:
        if self._task:
            self._task.cancel()
