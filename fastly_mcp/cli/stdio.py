"""Serve one MCP client over standard input and output, as desktop assistants start it."""

import argparse
import logging
import os
import sys

import anyio

from fastly_mcp.cli import process
from fastly_mcp.cli.connecting import connect, read_settings, serve
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.stdio import serve_stdio

WAITING = """\
fastly-mcp is waiting for an MCP client on standard input. A desktop assistant starts it
by itself; the README shows how to set that up. To see what it does now, press Ctrl+C and
run: fastly-mcp demo
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what stdio needs."""
    process.add_arguments(parser, level="warning")


def run(options: argparse.Namespace) -> int:
    """Serve. Wrong settings do not end it: get_account tells the agent what is wrong."""
    process.prepare(options)
    if sys.stdin is None or sys.stdout is None:
        raise ConfigError("standard input or output is closed, and a client speaks through them.")
    if sys.stdin.isatty():
        print(WAITING, file=sys.stderr)
    server = serve(connect(read_settings(options)))
    code = 0
    try:
        code = anyio.run(serve_stdio, server)
    except* (BrokenPipeError, anyio.BrokenResourceError):
        pass  # the client has gone; that is the usual end
    logging.shutdown()
    # The thread that reads standard input may be waiting for a line that never comes.
    os._exit(code)
