"""Processes of this machine."""

import os
import sys


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process on this machine."""
    if sys.platform == "win32":  # pragma: no cover  # there the signal would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return pid > 0
