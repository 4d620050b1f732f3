"""Show what was purged through this server, and check that nobody changed what is told of it."""

import argparse
import json
import os
import re
import stat
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastly_mcp.cli import process, state
from fastly_mcp.cli.terminal import write
from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.audit import Audit, Record, read_key
from fastly_mcp.guard.chain import Verification
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.state_dir import check_ours
from fastly_mcp.guard.store import Head, Store
from fastly_mcp.text import shortened

UNKEYED = (
    "No line has a key (FASTLY_MCP_AUDIT_KEY_FILE): whoever can write here can write all anew, and "
    "only a head kept elsewhere shows it (--head)."
)
KEYED = (
    "Whoever can write here can cut lines off the end, and only a head kept elsewhere shows it "
    "(--head)."
)
HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", re.ASCII)
SHOWN_TARGETS = 3
CLOCKS = 3600  # seconds that times may run backwards from one line to the next
LONGEST = 80  # characters of anybody's text
SHOWN = 20  # findings
STYLES = {"ok": "ok", "running": "dim", "cancelled": "warning", "partly": "warning"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what audit needs."""
    parser.add_argument(
        "--since", type=state.duration, metavar="24h", help="only what is not older"
    )
    parser.add_argument("--service", default="", metavar="S", help="only of this id or exact name")
    parser.add_argument("--tool", default="", metavar="T", help="only by this tool")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--verify", action="store_true", help="follow the chain of all lines, and print its head"
    )
    parser.add_argument(
        "--head",
        type=_head,
        metavar="N:HASH",
        help="verify against a head that was printed before and kept elsewhere; nothing else finds "
        "lines that were cut off the end by somebody who can write to the state directory",
    )
    state.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 1 if --verify finds that something is not as it was written."""
    process.quiet()
    settings = Settings.read(os.environ, sandbox=options.sandbox).check()
    since = time.time() - options.since if options.since else 0.0
    key = read_key(settings.audit_key_file) if settings.audit_key_file else b""
    directory = state.directory(options, settings)
    try:
        check_ours(directory, stat.S_IFDIR)
    except FileNotFoundError:
        pass  # nothing was ever changed through it
    except OSError as error:
        raise ConfigError(f"{directory} cannot be read ({error.strerror}).") from None
    audit = Audit(directory, sinks=settings.audit, key=key)
    if options.verify or options.head:
        return _verify(audit, directory, options.head, as_json=options.json)
    _list(audit, directory, options, since)
    return 0


def _list(audit: Audit, directory: Path, options: argparse.Namespace, since: float) -> None:
    records = []
    for record in audit.records():
        if record.at < since - CLOCKS:
            break
        if record.at >= since and _is_asked(record, options):
            records.append(record)
    now = time.time()
    for record in reversed(records):
        if options.json:
            print(json.dumps(_flat(record, now)))
        else:
            came = record.came(now)
            write(_told(record, came), STYLES.get(came, "failure"))
    if not records and not options.json:
        begins = audit.since()
        write(
            f"Nothing to show of {directory}, whose audit begins {begins}."
            if begins
            else _nothing(audit, directory)
        )


def _nothing(audit: Audit, directory: Path) -> str:
    where = ""
    if "file" not in audit.sinks:
        where = ": it goes to standard error (FASTLY_MCP_AUDIT), so look in the server's log"
    return f"There is no audit in {directory}{where}."


def _head(text: str) -> Head:
    match = HEAD.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(
            "is a line's number, a colon and its hash, as --verify prints them"
        )
    return Head(match[2], int(match[1]))


def _verify(audit: Audit, directory: Path, kept: Head | None, *, as_json: bool) -> int:
    file = directory / STORE
    if file.exists():
        with Store(file).begin() as transaction:
            stored: Head | None = transaction.head("file")
            sizes = audit.sizes()
    else:
        stored, sizes = None, audit.sizes()
    found = audit.verify(stored, sizes, kept)
    if as_json:
        print(json.dumps(_found(found)))
    elif found.head.count or found.broken:
        _show(found, directory, len(sizes))
    else:
        write(_nothing(audit, directory), "failure")
    return int(bool(found.broken) or not found.head.count)


def _found(found: Verification) -> dict[str, Any]:
    return {
        "lines": found.head.count,
        "head": _printed(found.head),
        "key": found.seal.name,
        "unkeyed": found.unkeyed,
        "broken": found.broken,
        "unsure": found.unsure,
        "torn": found.torn,
    }


def _printed(head: Head) -> str:
    """Return a head as --head takes it."""
    return f"{head.count}:{head.hash}" if head.count else ""


def _show(found: Verification, directory: Path, files: int) -> None:
    every = ((found.broken, "failure"), (found.unsure, "warning"), (found.torn, "warning"))
    for findings, style in every:
        for finding in findings[:SHOWN]:
            write(finding, style)
        if len(findings) > SHOWN:
            write(f"and {len(findings) - SHOWN} more like these", style)
    if not found.broken:
        plural = "" if files == 1 else "s"
        write(
            f"Lines 1 to {found.head.count} are there, unchanged, in {files} file{plural} of "
            f"{directory}.",
            "ok",
        )
        if found.kept:
            write(f"Line {found.kept.count} is the one whose head was kept.", "ok")
    if found.is_keyed and found.unkeyed:
        write(f"Up to line {found.unkeyed} they were written before there was a key.", "warning")
    write(KEYED if found.is_keyed else UNKEYED, "dim")
    if found.head.count:
        write(f"Head: {_printed(found.head)}")


def _is_asked(record: Record, options: argparse.Namespace) -> bool:
    called = {name for each in record.intent.services for name in (each.id, each.name)}
    return (not options.service or options.service in called) and (
        not options.tool or options.tool == record.intent.tool
    )


def _flat(record: Record, now: float) -> dict[str, Any]:
    """One object of both lines; the outcome's time and the kind of line say nothing more."""
    came = asdict(record.outcome) if record.outcome else {}
    came = {key: value for key, value in came.items() if key not in {"time", "event", "line"}}
    told = {**asdict(record.intent), **came, "outcome": record.came(now)}
    del told["line"]
    return told


def _told(record: Record, came: str) -> str:
    """One line: when, what, of which service, by whom, and what came of it."""
    intent, outcome = record.intent, record.outcome
    services = ", ".join(
        f"{_name(each.id)} {_name(each.name)}".rstrip() for each in intent.services
    )
    what = [f"{intent.count} {intent.kind}{'s' if intent.count != 1 else ''}"]
    if intent.kind == "all":
        what = ["everything"]
    if intent.soft:
        what.append("soft")
    targets = " ".join(map(_name, intent.targets[:SHOWN_TARGETS]))
    if intent.targets[SHOWN_TARGETS:]:
        targets += " …"
    by = " ".join(filter(None, (intent.caller, intent.client, f"token {intent.token_id}")))
    parts = [
        f"{intent.time[:19].replace('T', ' ')}Z",
        f"{intent.tool} {_name(intent.operation)}".rstrip(),
        services or ("the account" if intent.kind == "write" else "service unknown"),
        f"{' '.join(what)}{': ' if targets else ''}{targets}",
        f"by {_name(by)}",
    ]
    if intent.approved_by:
        parts.append(f"approved by {_name(intent.approved_by)} ({_name(intent.approved_how)})")
    if outcome:
        status = f", status {outcome.status}" if outcome.status else ""
        came += f", {outcome.accepted} accepted, {outcome.failed} failed{status}"
    return "  ".join([*parts, came])


def _name(text: str) -> str:
    return shortened(text, LONGEST)
