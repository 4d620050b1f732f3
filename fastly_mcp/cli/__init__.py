"""The command line: one module per command, imported only when it is the one."""

import argparse
import gc
import os
import sys
from importlib import import_module

from fastly_mcp import __version__
from fastly_mcp.errors import ConfigError, FastlyMCPError

COMMANDS = {
    "stdio": "serve an MCP client over standard input and output (the default)",
    "http": "serve MCP clients over Streamable HTTP at /mcp and SSE at /sse",
    "demo": "play the main job against the embedded sandbox and show it",
    "sandbox": "serve the sandbox by itself, to any Fastly client",
    "approvals": "list the changes that wait for a person",
    "approve": "let a change that waits happen",
    "deny": "refuse a change that waits",
    "freeze": "have every server here refuse changes",
    "unfreeze": "lift a freeze",
    "audit": "show what was changed through this server, and verify it",
    "api": "search the catalog of the Fastly API, or describe an operation",
    "call": "call one tool and print its result",
    "tools": "show what an agent with certain scopes sees",
    "doctor": "check settings, network and token, and say how to mend them",
}
ALONE = {"api", "approvals", "approve", "audit", "demo", "deny", "freeze", "sandbox", "unfreeze"}
"""Those that speak to no Fastly but, some of them, to a sandbox of their own."""

ABOUT = """\
usage: fastly-mcp [COMMAND] [OPTION...]

A Model Context Protocol server for Fastly.

commands:
{commands}

`fastly-mcp help COMMAND` tells a command's options. Those that speak to
Fastly have --sandbox, which uses an embedded sandbox instead.
Settings are read from the environment; FASTLY_API_TOKEN or
FASTLY_API_TOKEN_FILE is the one that is needed.
Without a token, try it with: fastly-mcp demo"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit code: 2 for what the user has to correct."""
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        print(end="", flush=True)
    except FastlyMCPError as error:
        print(f"fastly-mcp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output had enough; the flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(words: list[str]) -> int:
    common = argparse.ArgumentParser("fastly-mcp", add_help=False, allow_abbrev=False)
    common.add_argument(
        "--sandbox", action="store_true", help="use the embedded sandbox instead of Fastly"
    )
    common.add_argument("--name", default="", help="name this account, where there are several")
    options, rest = common.parse_known_args(words)
    if rest[:1] == ["help"]:
        rest = [*rest[1:], "--help"]
    if rest and rest[0] in {"-h", "--help", "--version"}:
        print(f"fastly-mcp {__version__}" if rest[0] == "--version" else _about())
        return 0
    command = rest.pop(0) if rest and not rest[0].startswith("-") else "stdio"
    if command not in COMMANDS:
        raise ConfigError(f"no command {command!r}; there are: {', '.join(COMMANDS)}, help.")
    # Importing allocates much and frees nothing, so looking for garbage only takes time.
    gc.disable()
    module = import_module(f"fastly_mcp.cli.{command}")
    gc.freeze()
    gc.enable()
    parser = argparse.ArgumentParser(
        f"fastly-mcp {command}",
        description=module.__doc__,
        parents=[] if command in ALONE else [common],
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(rest, options)))


def _about() -> str:
    return ABOUT.format(commands="\n".join(f"  {name:10}{what}" for name, what in COMMANDS.items()))
