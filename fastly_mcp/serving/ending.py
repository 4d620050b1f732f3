"""The end of a process, which nothing puts off."""

import os
import threading


def end_within(seconds: float, code: int) -> None:
    """End this process with this exit code then, should it still be there."""
    # A thread, because whatever holds the end up may hold the event loop up too.
    timer = threading.Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()
