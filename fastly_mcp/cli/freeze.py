"""Freeze: every server on this state directory refuses changes until it is lifted."""

import argparse
import getpass
import time

from fastly_mcp.cli import process, state
from fastly_mcp.cli.terminal import write
from fastly_mcp.guard.store import Freeze


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what freeze needs."""
    parser.add_argument(
        "--for",
        dest="seconds",
        type=state.duration,
        metavar="2h",
        help="how long: 90s, 30m, 2h, 7d (default: until `fastly-mcp unfreeze`)",
    )
    parser.add_argument("--reason", default="", help="told to agents that are refused")
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Freeze, and say since when."""
    process.quiet()
    directory, store = state.opened(options, make=True)
    now = time.time()
    until = None if options.seconds is None else now + options.seconds
    with store.begin() as transaction:
        transaction.freeze(Freeze(until, options.reason[:200], getpass.getuser(), now))
    ends = "" if until is None else time.strftime(" until %H:%M:%S", time.localtime(until))
    write(f"All changes through servers on {directory} are frozen{ends}.")
    return 0
