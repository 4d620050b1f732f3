"""From the environment and the command line to a connection; where the sandbox comes in."""

import argparse
import os
from dataclasses import replace

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.guard import Guard
from fastly_mcp.guard.state_dir import default_state_dir
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools import chosen_toolsets


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the settings, unknown toolsets among their problems."""
    settings = Settings.read(os.environ, sandbox=options.sandbox, name=options.name)
    try:
        chosen_toolsets(settings.toolsets)
    except ConfigError as error:
        return replace(settings, problems=(*settings.problems, str(error)), toolsets=("default",))
    return settings


def serve(connection: Connection) -> FastlyServer:
    """Make the server of a process, whose guard keeps its state where the settings say."""
    return FastlyServer(connection, guarded(connection.settings))


def guarded(settings: Settings) -> Guard:
    """Make the guard, with the state directory that all processes of these settings share.

    What is done to an embedded sandbox has no business beside what is done to Fastly.
    """
    usual = default_state_dir(sandbox=settings.sandbox)
    return Guard(settings, state_dir=settings.state_dir or usual)


def connect(settings: Settings) -> Connection:
    """Make a connection to Fastly, or to a sandbox of its own."""
    return Connection(settings, client(settings))


def connect_checked(settings: Settings) -> Connection:
    """Make a connection for a command that ends when a setting is wrong.

    Raises ConfigError for what is wrong with the settings, the token or its file.
    """
    connection = connect(settings.check())
    if connection.problem:
        raise ConfigError(connection.problem)
    connection.tokens.current()
    return connection


def client(settings: Settings) -> FastlyClient:
    """Make the HTTP client, over the sandbox in this process if it is to be that."""
    transport = None
    if settings.sandbox:
        import httpx2  # noqa: PLC0415  # the start of a real server needs neither

        from fastly_mcp.sandbox import create_app  # noqa: PLC0415  # as above

        transport = httpx2.ASGITransport(app=create_app(services=settings.sandbox_services))
    return FastlyClient(settings.endpoint, transport=transport, read_only=settings.read_only)
