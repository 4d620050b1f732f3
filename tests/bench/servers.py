"""The processes of a measurement: the upstream, ours and the bare one, and what they use."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BARE = Path(__file__).with_name("bare.py")
SECRET = "a-secret-for-the-bench"
STARTING = 30.0  # seconds

# The sandbox as the upstream of both, in a process of its own.
UPSTREAM = (
    *(sys.executable, "-m", "uvicorn", "--factory", "fastly_mcp.sandbox:create_app"),
    *("--log-level=warning", "--no-access-log", "--no-date-header", "--no-server-header"),
    "--port",
)
STDIO = {
    "ours": (sys.executable, "-m", "fastly_mcp", "stdio"),
    "bare": (sys.executable, str(BARE), "stdio"),
}
HTTP = {
    "ours": (sys.executable, "-m", "fastly_mcp", "http", "--log-level=warning", "--port"),
    "bare": (sys.executable, str(BARE), "http"),
}


@dataclass(frozen=True)
class Server:
    """A server that listens on loopback."""

    pid: int
    port: int

    def memory(self, field: str = "VmRSS") -> float:
        """MiB, of the field of /proc/PID/status."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024

    def seconds(self) -> float:
        """CPU seconds spent so far, by user and system."""
        spent = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def environment(upstream: Server | None = None) -> dict[str, str]:
    """What both servers are started with; byte code may be used and written."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FASTLY_", "PYTHON"))}
    if upstream:
        kept["FASTLY_API_ENDPOINT"] = f"http://127.0.0.1:{upstream.port}"
        kept["FASTLY_API_TOKEN"] = "sandbox"
    return kept


@contextmanager
def listening(command: tuple[str, ...], upstream: Server | None = None) -> Iterator[Server]:
    """Start a command with a free port as its last word, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, str(port)],
        env={**environment(upstream), "FASTLY_MCP_HTTP_TOKEN": SECRET},
        stderr=subprocess.DEVNULL,
    )
    try:
        ends = time.monotonic() + STARTING
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends:
                    raise
                time.sleep(0.05)
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait(10)
