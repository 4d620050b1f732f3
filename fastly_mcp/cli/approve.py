"""Decide on a change that waits for a person: shows what it would do, and lets it happen."""

import argparse
import getpass
import os
import shlex
import sys
import time
from pathlib import Path

from fastly_mcp.cli import process, state
from fastly_mcp.cli.person import check_person
from fastly_mcp.cli.terminal import write
from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.approvals import key_of
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.signatures import NAMESPACE, read_signature, sign
from fastly_mcp.guard.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what approve needs. There is no option to answer for the person."""
    parser.add_argument("code", metavar="CODE", help="as the agent told it: ABCD-EFGH")
    signing = parser.add_mutually_exclusive_group()
    signing.add_argument(
        "--sign", type=Path, metavar="KEYFILE", help="sign it with this SSH key, as an approver"
    )
    signing.add_argument(
        "--signature", type=Path, metavar="FILE", help="take an approver's signature from a file"
    )
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 if it was approved, 1 if it was not."""
    process.quiet()
    check_person()
    directory, store = state.opened(options)
    plan = find(store, options.code, directory)
    key = key_of(directory, plan.made_by)
    for line in plan.lines():
        write(line)
    if plan.needs_signature and not (options.sign or options.signature):
        raise ConfigError(
            "only a signed approval counts for this server: add --sign KEYFILE, or sign it "
            "elsewhere and add --signature FILE:\n"
            f"  echo {plan.digest} | ssh-keygen -Y sign -n {NAMESPACE} -f KEYFILE > FILE"
        )
    if not is_typed(plan):
        where = f" --state-dir {shlex.quote(str(directory))}" if options.state_dir else ""
        write(f"Not approved; it still waits. To refuse it: fastly-mcp deny {plan.code}{where}")
        return 1
    signature = ""
    if options.sign:
        signature = sign(plan, options.sign)
    elif options.signature:
        signature = read_signature(options.signature)
    decide(store, plan, key, approved=True, signature=signature)
    if signature:
        write("Signed. If the server knows the key as an approver's, the agent can go on.")
    else:
        write("Approved. Tell the agent to go on; it has 2 minutes.")
    return 0


def is_typed(plan: Plan) -> bool:
    """Tell whether the person at this terminal types what lets a plan happen."""
    import termios  # noqa: PLC0415  # POSIX has it, and nobody comes here elsewhere

    minutes = max(1, round((plan.closes_at - time.time()) / 60))
    write(f"\nTo let it happen, type within {minutes} minutes:  {plan.typed}")
    with Path("/dev/tty").open(encoding="utf-8", errors="replace") as terminal:
        # What was typed or pasted before is no answer to what is shown now.
        termios.tcflush(terminal, termios.TCIFLUSH)
        print("> ", end="", flush=True)
        return " ".join(terminal.readline(200).split()) == plan.typed


def find(store: Store, code: str, directory: Path) -> Plan:
    """Return the open plan with this code. Raises ConfigError with where it was looked for."""
    code = code.strip().upper()
    with store.begin() as transaction:
        plan = transaction.plan(code)
    if plan is None:
        raise ConfigError(
            f"no plan {code!r} in {directory}; `fastly-mcp approvals` lists what waits there. A "
            "server with another state directory is named by --state-dir."
        )
    if not plan.is_open(time.time()):
        raise ConfigError(f"plan {code} is {plan.state(time.time())}; the agent has to ask again.")
    return plan


def decide(store: Store, plan: Plan, key: bytes, *, approved: bool, signature: str = "") -> None:
    """Enter the decision of the person at this terminal, under the key of the server that asked.

    Raises ConfigError if somebody decided meanwhile.
    """
    by = f"{getpass.getuser()} (uid {os.getuid()}, {os.ttyname(sys.stdin.fileno())})"
    how = "signature" if signature else "terminal"
    decision = Decision(approved=approved, at=time.time(), by=by, how=how, signature=signature)
    with store.begin() as transaction:
        if transaction.plan(plan.code) != plan:
            raise ConfigError(f"plan {plan.code} was decided meanwhile.")
        if not plan.is_open(decision.at):
            raise ConfigError(f"plan {plan.code} is too old by now; the agent has to ask again.")
        transaction.keep(plan.sealed(key, decision))
