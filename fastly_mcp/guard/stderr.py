"""Standard error as a place for the audit's lines: a pipe whose reader may have stopped."""

import select
import sys
import time

from fastly_mcp.guard.files import write_all

PATIENCE = 2.0  # seconds for a reader to take one line
AT_ONCE = 4096  # bytes a pipe that is ready surely takes


class Stderr:
    """Where lines are written, one at a time."""

    def __init__(self) -> None:
        self._is_stuck = False
        self._is_torn = False

    def write(self, text: bytes) -> None:
        """Write a line. Raises OSError if nobody reads it, ValueError if closed."""
        if sys.stderr is None:
            raise OSError(None, "standard error is closed")
        sys.stderr.flush()
        descriptor = sys.stderr.fileno()
        ends = time.monotonic() + PATIENCE
        text = b"\n" + text if self._is_torn else text
        for begin in range(0, len(text), AT_ONCE):
            # Others wait for this transaction, and a reader that has stopped must not stop them:
            # after one wait in vain there is no more until it reads again.
            wait = 0.0 if self._is_stuck and not begin else max(0.0, ends - time.monotonic())
            if sys.platform != "win32" and not select.select([], [descriptor], [], wait)[1]:
                self._is_stuck = True
                raise OSError(None, f"nobody has read standard error for {PATIENCE:g} s")
            self._is_torn = True
            write_all(descriptor, text[begin : begin + AT_ONCE])
        self._is_stuck = self._is_torn = False
