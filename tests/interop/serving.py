"""Commands of fastly-mcp that serve, as processes with free ports of loopback."""

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
def started(*arguments: str, announced: str) -> Iterator["re.Match[str]"]:
    """Start a command, wait until it has announced where it serves, and end it."""
    with TemporaryDirectory() as place:
        log = Path(place, "log")
        with log.open("w") as out:
            process = subprocess.Popen([*COMMAND, *arguments], stderr=out)
        try:
            yield _announced(process, log, announced)
        finally:
            process.terminate()
            process.wait(10)


def _announced(process: "subprocess.Popen[bytes]", log: Path, pattern: str) -> "re.Match[str]":
    ends = time.monotonic() + STARTING
    while process.poll() is None and time.monotonic() < ends:
        if found := re.search(pattern, log.read_text()):
            return found
        time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")


@contextmanager
def served() -> Iterator[str]:
    """The server under check, `fastly-mcp http --sandbox`: its address, once it is alive."""
    with started("http", "--sandbox", "--port=0", announced=r"serves (\S+)/mcp") as found:
        if httpx2.get(f"{found[1]}/healthz").json() != {"alive": True}:
            raise RuntimeError("The server is not alive")
        yield found[1]
