"""List the changes that wait for a person, and those decided today."""

import argparse
import json
import time

from fastly_mcp.cli import process, state
from fastly_mcp.cli.terminal import write
from fastly_mcp.guard.approvals import socket_path
from fastly_mcp.guard.plans import Plan

DAY = 24 * 3600.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what approvals needs."""
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line a plan, newest last. One whose server has gone has ended too."""
    process.quiet()
    directory, store = state.opened(options)
    now = time.time()
    with store.begin() as transaction:
        plans = transaction.plans(now - DAY)

    def state_of(plan: Plan) -> str:
        is_over = plan.is_open(now) and not socket_path(directory, plan.made_by).exists()
        return "ended" if is_over else plan.state(now)

    if options.json:
        rows = [
            {
                "code": plan.code,
                "state": state_of(plan),
                "tool": plan.call.tool,
                "caller": plan.call.caller,
                "plan": plan.lines(),
                "targets": plan.change.targets,
            }
            for plan in plans
        ]
        print(json.dumps(rows, indent=2))
        return 0
    for plan in plans:
        at = time.strftime("%H:%M:%S", time.localtime(plan.made_at))
        write(f"{plan.code}  {state_of(plan):9} {at}  {plan.typed}, asked by {plan.call.caller}")
    if not plans:
        write(f"Nothing waits, and nothing was decided today, in {directory}.")
    return 0
