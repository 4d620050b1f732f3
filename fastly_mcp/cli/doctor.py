"""Check settings, network, clock and token, and say how to mend what is wrong."""

import argparse
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from textwrap import wrap

import anyio
import httpx2
import platformdirs

from fastly_mcp.api.connection import Connection
from fastly_mcp.api.grant import Grant
from fastly_mcp.api.transport import open_pool, proxies_set
from fastly_mcp.cli import process
from fastly_mcp.cli.connecting import connect, guarded, read_settings
from fastly_mcp.cli.terminal import write
from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError, FastlyMCPError
from fastly_mcp.guard.guard import Guard
from fastly_mcp.serving.callers import from_settings
from fastly_mcp.tools import all_toolsets
from fastly_mcp.tools.account import SEE_PROBLEM, get_account

PATIENCE = 10.0  # seconds for the network
SKEW = 60  # seconds a clock may be off before it matters

AGAIN = "Correct it and run doctor again."


@dataclass(frozen=True)
class Finding:
    """One line: `state` is ok, warning or failure; `fix` says what to do about it."""

    state: str
    about: str
    found: str
    fix: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what doctor needs."""
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def run(options: argparse.Namespace) -> int:
    """Return 1 if anything fails."""
    process.quiet()
    findings = anyio.run(_examine, read_settings(options))
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            _show(f"{finding.state:8}{finding.about:10}{finding.found}", finding.state)
            if finding.fix:
                _show(f"{'':18}{'' if finding.state == 'ok' else 'fix: '}{finding.fix}")
    return int(any(finding.state == "failure" for finding in findings))


def _show(text: str, style: str = "") -> None:
    for line in wrap(text, 80, subsequent_indent=" " * 18, break_long_words=False) or [""]:
        write(line, style)


async def _examine(settings: Settings) -> list[Finding]:
    if problems := _problems(settings):
        return problems
    findings = _settings(settings)
    connection = connect(settings)
    findings += [finding async for finding in _network(connection)]
    grant = await connection.grant()
    findings += _token(connection, grant)
    guard = guarded(settings)
    findings += await _state(guard)
    findings += await _tools(connection, guard)
    await guard.aclose()
    await connection.aclose()
    return findings + list(_other_tools(grant))


def _problems(settings: Settings) -> list[Finding]:
    problems = list(settings.problems)
    try:
        from_settings(settings)
    except ConfigError as error:
        problems.append(str(error))
    return [Finding("failure", "settings", problem, AGAIN) for problem in problems]


def _settings(settings: Settings) -> list[Finding]:
    limits = {
        "FASTLY_MCP_SCOPES": settings.scopes,
        "FASTLY_MCP_READ_ONLY": settings.read_only,
        "FASTLY_MCP_SERVICES": settings.services,
        "FASTLY_MCP_DOMAINS": settings.domains,
    }
    names = ", ".join(name for name, value in limits.items() if value)
    return [
        Finding("ok", "settings", f"understood; narrowed by {names}" if names else "understood"),
        Finding(
            "ok", "endpoint", "the embedded sandbox" if settings.sandbox else settings.endpoint
        ),
    ]


async def _network(connection: Connection) -> AsyncIterator[Finding]:
    proxies = proxies_set()
    yield Finding("ok", "proxy", f"from {', '.join(proxies)}" if proxies else "none")
    try:
        pool = open_pool(connection.client.endpoint, PATIENCE, connection.client.transport)
    except ConfigError as error:
        yield Finding("failure", "trust", str(error), "Correct the variable it names.")
        return
    yield Finding("ok", "trust", "certificates load")
    try:
        async with pool:
            with anyio.fail_after(PATIENCE):
                # Needs no token, so it tells the network from the token.
                answer = await pool.get("/public-ip-list")
    except (httpx2.HTTPError, TimeoutError) as error:
        yield Finding(
            "failure",
            "network",
            f"Fastly cannot be reached ({_why(error)})",
            f"Let this machine connect to {connection.client.endpoint}, or set HTTPS_PROXY; behind "
            "an inspecting proxy set SSL_CERT_FILE to its certificates.",
        )
        return
    yield Finding("ok", "network", "Fastly answers")
    yield _clock(answer.headers.get("Date", ""))


def _why(error: BaseException | None) -> str:
    """Say it in the system's own words, which are the plainest."""
    if isinstance(error, (TimeoutError, httpx2.TimeoutException)):
        return f"no answer within {PATIENCE:g} s"
    said = type(error).__name__
    while error:
        if isinstance(error, OSError) and error.strerror:
            said = error.strerror
        error = error.__cause__ or error.__context__
    return said


def _clock(date: str) -> Finding:
    try:
        off = abs((datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):
        return Finding("warning", "clock", "Fastly's answer had no date", "Nothing to mend here.")
    if off > SKEW:
        return Finding("warning", "clock", f"{off:.0f} s off Fastly's", "Set this machine's clock.")
    return Finding("ok", "clock", "agrees with Fastly's")


def _token(connection: Connection, grant: Grant) -> Iterator[Finding]:
    if grant.reason:
        found, _, fix = grant.reason.partition(". ")
        yield Finding("failure", "token", found, fix or AGAIN)
        return
    token = grant.token
    if token is None:
        yield Finding("ok", "token", "may not read itself; its scopes are as declared")
        return
    now = datetime.now(UTC)
    yield Finding("ok", "token", f"{token.name} ({token.id}) is accepted")
    yield Finding("ok", "scopes", " ".join(sorted(token.scopes)) or "none")
    services = "all" if token.services is None else f"{len(token.services)} listed"
    yield Finding("ok", "services", services)
    left = token.days_left(now)
    yield Finding("ok", "expiry", "never" if left is None else f"in {left} days")
    for warning in token.warnings(now) + connection.tokens.warnings():
        found, _, fix = warning.partition("; ")
        yield Finding("warning", "token", found, f"{fix[:1].upper()}{fix[1:]}")


async def _state(guard: Guard) -> list[Finding]:
    """Whether plans, budgets and the audit can be kept: without them nothing is changed."""
    try:
        _, frozen = await guard.standing(None)
        sinks = " and ".join(sorted(guard.audit.sinks))
        signed = ", signed by an approver" if guard.approvals.needs_signatures() else ""
    except FastlyMCPError as error:
        return [Finding("failure", "state", str(error), AGAIN)]
    findings = [
        Finding("ok", "approval", f"what waits for a person: {guard.settings.approval}{signed}"),
        Finding("ok", "audit", f"to {sinks}"),
        Finding("ok", "state", f"{guard.state_dir}"),
    ]
    if frozen:
        findings.append(Finding("warning", "frozen", frozen, "Lift it with: fastly-mcp unfreeze"))
    return findings


async def _tools(connection: Connection, guard: Guard) -> list[Finding]:
    account = await get_account(connection, guard)
    names = [tool.name for some in all_toolsets() for tool in some.tools]
    on = [name for name in names if name in account.tools.available]
    findings = [Finding("ok", "tools", ", ".join(on))]
    return findings + [
        Finding(
            "ok",
            "withheld",
            f"{', '.join(some.tools)}: "
            + ("see token" if some.reason == SEE_PROBLEM else some.reason),
        )
        for some in account.tools.withheld
    ]


def _other_tools(grant: Grant) -> Iterator[Finding]:
    """Point to the Fastly CLI's token where there is one; it is not ours to read."""
    config = platformdirs.user_config_path("fastly", appauthor=False, roaming=True) / "config.toml"
    if grant.reason and Path(config).is_file():
        yield Finding(
            "ok",
            "fastly",
            "the Fastly CLI is set up on this machine; this hands its token over:",
            'FASTLY_API_TOKEN="$(fastly auth token)" fastly-mcp doctor',
        )
