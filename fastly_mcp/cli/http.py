"""Serve MCP clients over HTTP: Streamable HTTP at /mcp, SSE at /sse, health at /healthz."""

import argparse
import json
import logging
import socket
import sys
from pathlib import Path
from types import FrameType

import platformdirs
import uvicorn

from fastly_mcp.cli import process
from fastly_mcp.cli.connecting import connect_checked, read_settings
from fastly_mcp.config import Settings
from fastly_mcp.endpoint import is_this_machine
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.callers import Callers, from_settings, minted
from fastly_mcp.serving.ending import end_within
from fastly_mcp.serving.http import LOOPBACK, bare, http_app
from fastly_mcp.serving.server import FastlyServer

GRACE = 2  # seconds for open streams when the end comes
LAST = 2.7  # seconds until the process ends, even if a change is still on its way

log = logging.getLogger("fastly_mcp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what http needs."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to bind (default: %(default)s)"
    )
    parser.add_argument("--port", type=port, default=8000, help="default: %(default)s; 0 picks one")
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="H",
        help="a host name clients reach this server by; may be repeated",
    )
    parser.add_argument(
        "--no-auth", action="store_true", help="let everybody who can connect call the tools"
    )
    process.add_arguments(parser, level="info")


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    process.prepare(options)
    settings = read_settings(options)
    connection = connect_checked(settings)
    for host in options.allowed_host:
        if not bare(host):
            raise ConfigError(f"--allowed-host {host!r} is no host name; no scheme, path or *.")
    callers, secret = _callers(options, settings)
    loopback, bound = is_this_machine(options.host), _in_address(options.host)
    if not loopback:
        _check_exposed(options, callers)
    app = http_app(
        FastlyServer(connection),
        callers=callers,
        allowed_hosts=[*options.allowed_host, *((*LOOPBACK, bound) if loopback else ())],
    )
    config = uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    with _listen(options.host, options.port) as listener:
        _announce(options, listener.getsockname()[1], secret)
        _Server(config).run([listener])
    return 0  # pragma: no cover  # uvicorn raises the signal anew that ended it


class _Server(uvicorn.Server):
    """Ends soon after a signal."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_within(LAST, 128 + sig)
        super().handle_exit(sig, frame)


def _listen(host: str, number: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        # Python puts the address into the reason once more.
        why = str(getattr(error, "strerror", "it is no address")).partition(" (")[0]
        raise ConfigError(
            f"Port {number} of {host} cannot be listened on ({why}); choose with --host and --port."
        ) from None


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


def _check_exposed(options: argparse.Namespace, callers: Callers | None) -> None:
    if callers is None and not options.no_auth:
        raise ConfigError(
            f"Binding {options.host} lets other machines in, so callers need a secret: set "
            "FASTLY_MCP_HTTP_TOKEN (at least 16 characters), FASTLY_MCP_HTTP_TOKEN_FILE or "
            "FASTLY_MCP_HTTP_TOKENS_FILE."
        )
    if not options.allowed_host:
        raise ConfigError(
            f"Binding {options.host} needs --allowed-host with the name clients reach this "
            "server by; every other Host is refused."
        )


def port(text: str) -> int:
    """Read a port; argparse names this function in its refusal."""
    number = int(text)
    if not 0 <= number <= 65535:
        # The system would take it modulo 65536.
        raise ValueError
    return number


def secret_file() -> Path:
    """Return where the secret made for this machine is kept."""
    return platformdirs.user_state_path("fastly-mcp", appauthor=False) / "http-token"


def _announce(options: argparse.Namespace, number: int, secret: str) -> None:
    """Say where it listens; to a person with the entry that a client's configuration needs."""
    name = bare(options.allowed_host[0]) if options.allowed_host else options.host
    url = f"http://{_in_address(name)}:{number}/mcp"
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


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
