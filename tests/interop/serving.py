"""The server under check: `fastly-mcp http --sandbox` on a free port of loopback."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

COMMAND = (sys.executable, "-m", "fastly_mcp")
STARTING = 30.0  # seconds


@contextmanager
def served() -> Iterator[str]:
    """Start it, wait until it is alive, give its address, and end it."""
    with TemporaryDirectory() as place:
        log = Path(place, "log")
        with log.open("w") as out:
            process = subprocess.Popen([*COMMAND, "http", "--sandbox", "--port=0"], stderr=out)
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            process.wait(10)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    ends = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < ends:
        found = re.search(r"serves (\S+)/mcp", log.read_text())
        if found and httpx2.get(f"{found[1]}/healthz").json() == {"alive": True}:
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")
