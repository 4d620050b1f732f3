"""Serve MCP clients over HTTP: Streamable HTTP at /mcp, SSE at /sse, health at /healthz."""

import argparse
import json
import logging
import sys
from pathlib import Path

import platformdirs

from fastly_mcp.cli import listening, process
from fastly_mcp.cli.connecting import connect_checked, read_settings, serve
from fastly_mcp.config import Settings
from fastly_mcp.endpoint import is_this_machine
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.callers import Callers, from_settings, minted
from fastly_mcp.serving.guard import bare
from fastly_mcp.serving.http import http_app

log = logging.getLogger("fastly_mcp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what http needs."""
    listening.add_arguments(parser, default_port=8000)
    parser.add_argument(
        "--no-auth", action="store_true", help="let everybody who can connect call the tools"
    )
    process.add_arguments(parser, level="info")


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    process.prepare(options)
    settings = read_settings(options)
    connection = connect_checked(settings)
    listening.check_hosts(options)
    callers, secret = _callers(options, settings)
    if not is_this_machine(options.host):
        _check_secret(options, callers)
    server = serve(connection)
    hosts = listening.allowed_hosts(options)
    app = http_app(server, callers=callers, allowed_hosts=hosts)
    with listening.listen(options.host, options.port) as listener:
        _announce(options, listener.getsockname()[1], secret)
        listening.Server(listening.configure(app), server.aclose).run([listener])
    return 0  # pragma: no cover  # uvicorn raises the signal anew that ended it


def _callers(options: argparse.Namespace, settings: Settings) -> tuple[Callers | None, str]:
    """Return who may call, and what to show of the secret in the client entry."""
    callers = from_settings(settings)
    if options.no_auth:
        if callers:
            raise ConfigError("--no-auth contradicts the bearer secret that is set; drop one.")
        log.warning("--no-auth: everybody who can connect can purge.")
        return None, ""
    if callers:
        return callers, "<your secret>"
    if settings.sandbox or not is_this_machine(options.host):
        return None, ""
    file = secret_file()
    made, secret = minted(file)
    # Into a terminal it may go; into a log file it must not.
    return made, secret if sys.stderr.isatty() else f"<the content of {file}>"


def _check_secret(options: argparse.Namespace, callers: Callers | None) -> None:
    if callers is None and not options.no_auth:
        raise ConfigError(
            f"Binding {options.host} lets other machines in, so callers need a secret: set "
            "FASTLY_MCP_HTTP_TOKEN (at least 16 characters), FASTLY_MCP_HTTP_TOKEN_FILE or "
            "FASTLY_MCP_HTTP_TOKENS_FILE."
        )


def secret_file() -> Path:
    """Return where the secret made for this machine is kept."""
    return platformdirs.user_state_path("fastly-mcp", appauthor=False) / "http-token"


def _announce(options: argparse.Namespace, number: int, secret: str) -> None:
    """Say where it listens; to a person with the entry that a client's configuration needs."""
    name = bare(options.allowed_host[0]) if options.allowed_host else options.host
    url = f"http://{listening.in_address(name)}:{number}/mcp"
    if options.log_json:
        log.info("serves %s (SSE at /sse)", url)
        return
    entry: dict[str, object] = {"type": "http", "url": url}
    if secret:
        entry["headers"] = {"Authorization": f"Bearer {secret}"}
    ready = json.dumps({"mcpServers": {options.name or "fastly": entry}}, indent=2)
    print(
        f"fastly-mcp serves {url} (SSE at /sse). A client's entry:\n{ready}",
        file=sys.stderr,
        flush=True,
    )
