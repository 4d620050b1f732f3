"""A command on a terminal of its own, with somebody who types."""

import subprocess
import sys
from pathlib import Path

from tests.serving.processes import COMMAND, environment

TERMINAL = """\
import os, pty, sys
early, typed = (f"{line}\\n".encode() if line else b"" for line in sys.argv[1:3])
pid, terminal = pty.fork()
if not pid:
    os.execv(sys.argv[3], sys.argv[3:])
os.write(terminal, early)
shown = b""
while True:
    try:
        part = os.read(terminal, 65536)
    except OSError:
        part = b""
    if not part:
        break
    shown += part
    if shown.endswith(b"> "):
        os.write(terminal, typed)
        typed = b""
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def at_terminal(
    *words: str,
    typed: str,
    home: Path,
    early: str = "",
    command: tuple[str, ...] = COMMAND,
    **environ: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command; one line is typed when it asks, another before it can have asked."""
    return subprocess.run(
        [sys.executable, "-c", TERMINAL, early, typed or " ", *command, *words],
        env=environment(home, **environ),
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
