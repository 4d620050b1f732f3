"""A running sandbox: its world, its clock, what was asked of it, and what shall go wrong."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from fastly_mcp.sandbox.doors.faults import Fault, Faults
from fastly_mcp.sandbox.state import Row, World, stamp

REMEMBERED = 1_000
"""Requests in the log."""


class Sandbox:
    """One world, until it starts over with a new one."""

    def __init__(
        self,
        make_world: Callable[[datetime], World],
        clock: Callable[[], datetime],
        world: World | None = None,
    ) -> None:
        self._make_world = make_world
        self._clock = clock
        self.world = world or make_world(clock())
        self.faults = Faults()
        self.log: deque[Row] = deque(maxlen=REMEMBERED)
        self.changes = 0
        """How many requests there were that may have changed the world."""

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.world.clock_offset)

    def note(
        self,
        method: str,
        path: str,
        query: str,
        *,
        status: int | None,
        token: str = "",
        fault: Fault | None = None,
    ) -> None:
        """Remember a request; of its token only the name, which is no secret.

        `status` is what Fastly answered, None if a fault answered in its place.
        """
        line = {"at": stamp(self.now()), "method": method, "path": path, "query": query}
        self.log.append(
            line | {"status": status, "token": token, "fault": fault.kind if fault else None}
        )

    def start_over(self) -> None:
        """Back to the beginning: every change undone, the clock set right, faults forgotten."""
        self.world = self._make_world(self._clock())
        self.faults = Faults()
        self.log.clear()
        self.changes += 1
