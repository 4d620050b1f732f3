"""Whether a person is at this terminal, as far as a program can tell."""

import os
import subprocess
import sys
from pathlib import Path

from fastly_mcp.errors import ConfigError

AGENTS = (
    "aider",
    "claude",
    "codex",
    "copilot",
    "cursor",
    "gemini",
    "goose",
    "opencode",
    "windsurf",
)
"""Programs, by a part of their names, in which an agent runs commands."""
SIGNS = (
    "AIDER_MODEL",
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CODEX_SANDBOX",
    "CODEX_THREAD_ID",
    "COPILOT_AGENT_ID",
    "CURSOR_AGENT",
    "GEMINI_CLI",
    "GOOSE_TERMINAL",
    "OPENCODE",
)
"""Variables that such programs set for the commands they run."""
ANCESTORS = 30  # at most that are looked at
BY_HAND = "Open a terminal of your own and run it there."


def check_person() -> None:
    """Raise ConfigError unless this looks like a person's own terminal.

    It keeps an agent from approving what it asked for by mistake or by habit. It is no boundary:
    a program that wants to can pretend to be a terminal. FASTLY_MCP_APPROVERS is one.
    """
    if sys.platform == "win32":
        raise ConfigError("approving by command needs a POSIX terminal; use a client that asks.")
    if sign := next((name for name in SIGNS if os.environ.get(name)), ""):
        raise ConfigError(f"{sign} is set: an agent runs this, and a person has to. {BY_HAND}")
    if agent := _agent_above():
        raise ConfigError(f"{agent} runs this, and a person has to. {BY_HAND}")
    streams = (sys.stdin, sys.stdout)
    if not all(stream and stream.isatty() for stream in streams) or not _is_in_front():
        raise ConfigError(f"there is no terminal here for a person to type into. {BY_HAND}")


def _is_in_front() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False


def _agent_above() -> str:
    """Return the name of an agent's program among the processes above this one."""
    pid = os.getppid()
    for _ in range(ANCESTORS):
        pid, words = _process(pid)
        # The program, or what an interpreter runs.
        programs = [word for word in words if not word.startswith("-")][:2]
        for name in (Path(word).name.lower() for word in programs):
            if any(agent in name for agent in AGENTS):
                return name
        if pid <= 1:
            break
    return ""


def _process(pid: int) -> tuple[int, list[str]]:
    """Return a process's parent and command line; 0 and nothing where that is not to be known."""
    try:
        if sys.platform == "linux":
            # Small images have no ps.
            status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            # The name before the last bracket may hold anything.
            return int(status.rpartition(")")[2].split()[1]), words
        ps = subprocess.run(  # noqa: S603  # a number is all that is put in
            ["ps", "-o", "ppid=,args=", "-p", str(pid)],  # noqa: S607  # the system's
            capture_output=True,
            text=True,
            check=False,
        )
        parent, *words = ps.stdout.split() or ["0"]
        return int(parent), words
    except (ProcessLookupError, FileNotFoundError, PermissionError):
        return 0, []
