"""Listening on sockets of one's own: arguments, who may reach them, and how it ends."""

import argparse
import socket
from collections.abc import Awaitable, Callable, Iterable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from fastly_mcp.endpoint import is_this_machine
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.ending import end_within
from fastly_mcp.serving.guard import LOOPBACK, bare

GRACE = 2  # seconds for open streams when the end comes
LAST = 2.7  # seconds until the process ends, even if a change is still on its way


def add_arguments(parser: argparse.ArgumentParser, *, default_port: int) -> None:
    """Add what everything that listens needs."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to bind (default: %(default)s)"
    )
    parser.add_argument(
        "--port", type=port, default=default_port, help="default: %(default)s; 0 picks one"
    )
    parser.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="H",
        help="a host name clients reach this server by; may be repeated",
    )


def check_hosts(options: argparse.Namespace) -> None:
    """Refuse host names that are none. Raises ConfigError."""
    for host in options.allowed_host:
        if not bare(host):
            raise ConfigError(f"--allowed-host {host!r} is no host name; no scheme, path or *.")


def allowed_hosts(options: argparse.Namespace) -> Iterable[str]:
    """Return the hosts that requests may be for. Raises ConfigError if one has to be named."""
    if is_this_machine(options.host):
        return [*options.allowed_host, *LOOPBACK, in_address(options.host)]
    if not options.allowed_host:
        raise ConfigError(
            f"Binding {options.host} needs --allowed-host with the name clients reach this "
            "server by; every other Host is refused."
        )
    return list(options.allowed_host)


def configure(app: ASGIApp, **more: Any) -> uvicorn.Config:
    """Return how uvicorn shall serve: quietly, and ending soon."""
    return uvicorn.Config(
        app,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        **more,
    )


class Server(uvicorn.Server):
    """Ends soon after a signal, when `at_end` is done."""

    last = LAST

    def __init__(self, config: uvicorn.Config, at_end: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._at_end = at_end

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        end_within(self.last, 128 + sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self._at_end()


def listen(host: str, number: int, option: str = "--port") -> socket.socket:
    """Return a socket that listens. Raises ConfigError with the system's reason."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address, family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        # Python puts the address into the reason once more.
        why = str(getattr(error, "strerror", "it is no address")).partition(" (")[0]
        raise ConfigError(
            f"Port {number} of {host} cannot be listened on ({why}); choose with --host and "
            f"{option}."
        ) from None


def port(text: str) -> int:
    """Read a port; argparse names this function in its refusal."""
    number = int(text)
    if not 0 <= number <= 65535:
        # The system would take it modulo 65536.
        raise ValueError
    return number


def in_address(host: str) -> str:
    """Return a host as URLs have it."""
    return f"[{host}]" if ":" in host else host
