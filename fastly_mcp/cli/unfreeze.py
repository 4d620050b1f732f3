"""Lift a freeze: changes are let through again as before."""

import argparse
import time

from fastly_mcp.cli import process, state
from fastly_mcp.cli.person import check_person
from fastly_mcp.cli.terminal import write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what unfreeze needs."""
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Lift the freeze, if there is one."""
    process.quiet()
    check_person()
    directory, store = state.opened(options)
    with store.begin() as transaction:
        frozen = transaction.frozen(time.time())
        transaction.freeze(None)
    write(f"{'No longer frozen' if frozen else 'Nothing was frozen'}: {directory}.")
    return 0
