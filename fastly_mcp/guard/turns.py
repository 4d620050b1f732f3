"""Turns: of the writes to one place only one is under way, over all processes on a state directory.

Fastly leaves open what becomes of two at once.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio import CancelScope, to_thread

from fastly_mcp.errors import Busy, GuardFailed
from fastly_mcp.guard.state_dir import make_file, prepared

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE = 30.0  # seconds
AGAIN = 0.05  # seconds between two looks at another process's lock


class Turns:
    """Locks by place: in this process, and in files that the system unlocks when a process ends."""

    def __init__(self, state_dir: Path | None, *, patience: float = PATIENCE) -> None:
        self.patience = patience
        self._state_dir = state_dir
        self._here: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    @asynccontextmanager
    async def of(self, place: str) -> AsyncIterator[None]:
        """Be the only one who writes to a place. Raises Busy if it takes too long.

        Raises GuardFailed if the lock's file cannot be used, ConfigError if it is not to be
        trusted.
        """
        async with AsyncExitStack() as held:
            with anyio.move_on_after(self.patience) as waited:
                await held.enter_async_context(self._here[place])
                if self._state_dir:
                    await held.enter_async_context(_locked(self._state_dir, place))
            if waited.cancelled_caught:
                raise Busy(
                    f"Another change of {place} has been under way for {self.patience:g} s, and "
                    "only one is made at a time. Nothing was sent; try again in a minute."
                )
            yield


@asynccontextmanager
async def _locked(state_dir: Path, place: str) -> AsyncIterator[None]:
    from filelock import FileLock  # noqa: PLC0415  # the start of a server needs none

    # A place may be an id out of an answer, which is no name for a file.
    name = f"write-{sha256(place.encode()).hexdigest()[:16]}.lock"
    # One thread takes it and another gives it back.
    lock = FileLock(state_dir / name, thread_local=False, blocking=False, mode=0o600)
    try:
        while not await to_thread.run_sync(_take, state_dir, lock):  # noqa: ASYNC110  # in no process
            await anyio.sleep(AGAIN)
        yield
    finally:
        # Also where the call was cancelled in the moment in which the lock was taken.
        with CancelScope(shield=True):
            await to_thread.run_sync(lock.release)


def _take(state_dir: Path, lock: "FileLock") -> bool:
    from filelock import Timeout  # noqa: PLC0415  # as above

    try:
        prepared(state_dir)
        make_file(Path(lock.lock_file))
        lock.acquire()
    except Timeout:
        return False
    except OSError as error:
        raise GuardFailed(f"{lock.lock_file} cannot be used ({error.strerror}).") from None
    return True
