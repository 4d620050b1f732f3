"""What a process that holds a token leaves to others: no core dumps, no memory."""

import re
import signal
import sys
from pathlib import Path

import pytest

from tests.serving.processes import Process, run_source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and prctl are Linux's")

# It reports on itself when asked by a signal, or when main has returned.
REPORTING = """
import ctypes, resource, signal, sys

def report(*_):
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    print("dumpable", dumpable, "core", resource.getrlimit(resource.RLIMIT_CORE), file=sys.stderr)

signal.signal(signal.SIGUSR1, report)
report()
from fastly_mcp.cli import main
main(sys.argv[1:])
report()
"""
OFF = "dumpable 0 core (0, 0)"


@pytest.mark.parametrize("words", [["stdio"], ["http", "--port", "0"]])
def test_a_serving_process_leaves_no_dumps(home: Path, words: list[str]) -> None:
    class Reporting(Process):
        command = (sys.executable, "-uc", REPORTING)

    with Reporting(*words, "--sandbox", home=home) as server:
        if words == ["stdio"]:
            server.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            server.line()
        else:
            server.logged("serves http")
        assert re.match(r"dumpable 1", server.log)
        server.popen.send_signal(signal.SIGUSR1)
        server.logged(OFF)
        limits = Path(f"/proc/{server.popen.pid}/limits").read_text()
        assert re.search(r"Max core file size +0 +0 ", limits)


@pytest.mark.parametrize(
    "words", [["call", "get_account"], ["tools"], ["doctor"], ["demo"]], ids=lambda words: words[0]
)
def test_a_command_leaves_no_dumps(home: Path, words: list[str]) -> None:
    done = run_source(REPORTING, *words, "--sandbox", home=home)
    assert done.stderr.splitlines()[-1] == OFF
