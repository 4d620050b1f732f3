"""Refuse a change that waits for a person."""

import argparse

from fastly_mcp.cli import process, state
from fastly_mcp.cli.approve import decide, find
from fastly_mcp.cli.person import check_person
from fastly_mcp.cli.terminal import write
from fastly_mcp.guard.approvals import key_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what deny needs."""
    parser.add_argument("code", metavar="CODE", help="as the agent told it: ABCD-EFGH")
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 when it is refused."""
    process.quiet()
    check_person()
    directory, store = state.opened(options)
    plan = find(store, options.code, directory)
    decide(store, plan, key_of(directory, plan.made_by), approved=False)
    write("Refused. The agent is told not to ask again.")
    return 0
