"""The state directory on the command line: where it is, and what is in it."""

import argparse
import os
import re
from pathlib import Path

from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.state_dir import default_state_dir, prepared
from fastly_mcp.guard.store import Store

DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])", re.ASCII)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that looks into the state directory."""
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="the state directory of the server (default: FASTLY_MCP_STATE_DIR, or your own)",
    )


def opened(options: argparse.Namespace, *, make: bool = False) -> tuple[Path, Store]:
    """Return the state directory and its store.

    Raises ConfigError if it is not to be trusted, or is not there and not to be made.
    """
    settings = Settings.read(os.environ, sandbox=options.sandbox)
    for problem in settings.problems:
        # What else is wrong does not matter here.
        if problem.startswith("FASTLY_MCP_STATE_DIR") and not options.state_dir:
            raise ConfigError(problem)
    place = directory(options, settings).absolute()
    if not place.exists() and (options.state_dir or not make):
        raise ConfigError(
            f"there is no state directory {place}; a server that keeps its state elsewhere is "
            "named by --state-dir."
        )
    return prepared(place), Store(place / STORE)


def directory(options: argparse.Namespace, settings: Settings) -> Path:
    """Return the state directory that is meant, whether it is there or not."""
    option: Path | None = options.state_dir
    return option or settings.state_dir or default_state_dir(sandbox=settings.sandbox)


def duration(text: str) -> float:
    """Read 90s, 30m, 2h or 7d as seconds."""
    match = DURATION.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError("is a number and s, m, h or d, for example: 24h")
    return float(match[1]) * UNITS[match[2]]
