"""Serve the sandbox by itself: a Fastly API and an edge on this machine, for any Fastly client."""

import argparse
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from fastly_mcp.cli import listening, process
from fastly_mcp.endpoint import is_this_machine
from fastly_mcp.errors import ConfigError
from fastly_mcp.sandbox import (
    Sandbox,
    SeedError,
    World,
    app_of,
    edge_app,
    hostile,
    make_world,
    read_seed,
)
from fastly_mcp.sandbox.serving import Keeper, Protocol, by_port
from fastly_mcp.serving.guard import Guard, bare, bare_hosts

SAVED_EVERY = 0.5  # seconds at most between a change and its being in the state file
SAVING = 10.0  # seconds for saving once more at the end
ANNOUNCED = """\
fastly-mcp sandbox: the API at {api}, the edge at {edge}
Tokens: {tokens}

Fastly CLI   export FASTLY_API_ENDPOINT={api} FASTLY_ACCOUNT_ENDPOINT={api} FASTLY_API_TOKEN={token}
             fastly service list
Terraform    export FASTLY_API_URL={api} FASTLY_API_KEY={token}
this server  FASTLY_API_ENDPOINT={api} FASTLY_API_TOKEN={token} fastly-mcp
curl         curl -H 'Fastly-Key: {token}' {api}/service
             curl -i -H 'Host: {host}' {edge}/
             curl -X PURGE -H 'Host: {host}' {edge}/
its doors    curl -H 'Sandbox-Door: 1' {api}/_sandbox/purges
"""
AT_RESET = """\
It goes on from {file}; --seed, --services and --hostile take effect at a reset:
             curl -X POST -H 'Sandbox-Door: 1' …/_sandbox/reset
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the sandbox needs."""
    listening.add_arguments(parser, default_port=7676)
    parser.add_argument(
        "--edge-port",
        type=listening.port,
        default=7677,
        help="where the edge serves the services' domains (default: %(default)s; 0 picks one)",
    )
    parser.add_argument(
        "--seed", type=Path, metavar="FILE", help="the account to start with, YAML or JSON"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="keep the state here, and go on from it if it is there; it wins over the rest",
    )
    parser.add_argument(
        "--services",
        type=int,
        default=0,
        metavar="N",
        help="have at least N services",
    )
    parser.add_argument(
        "--hostile",
        action="store_true",
        help="sprinkle the account with texts that try to give orders, hide or break out",
    )
    process.add_arguments(parser, level="info")


def run(options: argparse.Namespace) -> int:
    """Serve until a signal."""
    process.prepare(options)
    listening.check_hosts(options)
    hosts = bare_hosts(listening.allowed_hosts(options))
    if not 0 <= options.services <= 100_000:
        raise ConfigError("--services is from 0 to 100000.")
    if options.port and options.port == options.edge_port:
        raise ConfigError("--port and --edge-port have to differ.")
    keeper = Keeper(options.state) if options.state else None
    try:
        world = keeper.open() if keeper else None
        sandbox = _sandbox(options, world)
    except SeedError as error:
        raise ConfigError(f"{error}.") from None
    with (
        listening.listen(options.host, options.port) as api,
        listening.listen(options.host, options.edge_port, "--edge-port") as edge,
    ):
        app = by_port(Guard(app_of(sandbox), hosts), edge_app(sandbox), edge.getsockname()[1])
        _announce(options, sandbox.world, api, edge)
        if world and (options.seed or options.hostile or options.services):
            print(AT_RESET.format(file=options.state), file=sys.stderr)
        _Server(app, sandbox, keeper).run([api, edge])
    return 0  # pragma: no cover  # uvicorn raises the signal anew that ended it


class _Server(listening.Server):
    """Keeps the state file while it serves, and once more when it ends."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox, keeper: Keeper | None) -> None:
        more: dict[str, Any] = {}
        if keeper:
            self.last = listening.LAST + SAVING
            more = {
                "callback_notify": lambda: keeper.save(sandbox),
                "timeout_notify": SAVED_EVERY,
            }
        # The sandbox sends Fastly's own Date and Server.
        config = listening.configure(app, http=Protocol, date_header=False, **more)
        super().__init__(config, self._save)
        self._sandbox, self._keeper = sandbox, keeper

    async def _save(self) -> None:
        if self._keeper:
            await self._keeper.save(self._sandbox, is_last=True)


def _sandbox(options: argparse.Namespace, world: World | None) -> Sandbox:
    """Make the sandbox that was asked for, with its world if that is kept. Raises SeedError."""
    seed = read_seed(options.seed) if options.seed else None
    if options.hostile:
        seed = hostile(seed)

    def make(at: datetime) -> World:
        return make_world(at, seed, services=options.services)

    return Sandbox(make, lambda: datetime.now(UTC), world)


def _announce(
    options: argparse.Namespace, world: World, api: socket.socket, edge: socket.socket
) -> None:
    """Say where it listens and how clients are pointed at it."""
    name = bare(options.allowed_host[0]) if options.allowed_host else options.host
    at = f"http://{listening.in_address(name)}:"
    domains = [
        row["name"] for service in world.services.values() for row in service.rows("domains")
    ]
    print(
        ANNOUNCED.format(
            api=f"{at}{api.getsockname()[1]}",
            edge=f"{at}{edge.getsockname()[1]}",
            tokens=", ".join(world.tokens),
            token=next(iter(world.tokens), "NO-TOKEN-IS-LEFT"),
            host=next((name for name in domains if "*" not in name), "www.customer.example"),
        ),
        file=sys.stderr,
        flush=True,
    )
    if not is_this_machine(options.host):
        print(
            "Other machines can reach it with the tokens above: never seed it with real secrets.",
            file=sys.stderr,
        )
