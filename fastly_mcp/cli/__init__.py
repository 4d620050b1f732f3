"""The command line: one module per command, imported only when it is the one."""

import argparse
import gc
import sys
from importlib import import_module

from fastly_mcp import __version__
from fastly_mcp.errors import ConfigError

COMMANDS = {
    "stdio": "serve an MCP client over standard input and output (the default)",
    "http": "serve MCP clients over Streamable HTTP at /mcp and SSE at /sse",
    "demo": "play the main job against the embedded sandbox and show it",
    "call": "call one tool and print its result",
    "tools": "show what an agent with certain scopes sees",
    "doctor": "check settings, network and token, and say how to mend them",
}

EPILOG = """\
commands:
{commands}

fastly-mcp COMMAND --help tells a command's options. Settings are read from the environment;
FASTLY_API_TOKEN or FASTLY_API_TOKEN_FILE is the one that is needed. Without a token,
try it with: fastly-mcp demo
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the process's exit code: 2 for what the user has to correct."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        print(
            f"fastly-mcp: no command {words[0]!r}; there are: {', '.join(COMMANDS)}",
            file=sys.stderr,
        )
        return 2
    command = words[0] if words and words[0] in COMMANDS else "stdio"
    rest = words[1:] if words and words[0] == command else words
    if rest and rest[0] in {"-h", "--help", "--version"} and words == rest:
        return _about(rest)
    # Importing allocates much and frees nothing, so looking for garbage only takes time.
    gc.disable()
    module = import_module(f"fastly_mcp.cli.{command}")
    gc.freeze()
    gc.enable()
    parser = argparse.ArgumentParser(f"fastly-mcp {command}", description=module.__doc__)
    parser.add_argument(
        "--sandbox", action="store_true", help="use the embedded sandbox instead of Fastly"
    )
    parser.add_argument("--name", default="", help="name this account, where there are several")
    module.add_arguments(parser)
    options = parser.parse_args(rest)
    try:
        return int(module.run(options))
    except ConfigError as error:
        print(f"fastly-mcp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output had enough; the flush at exit must not complain again.
        sys.stdout = None
        return 0


def _about(words: list[str]) -> int:
    listed = "\n".join(f"  {name:8} {what}" for name, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        "fastly-mcp",
        usage="fastly-mcp [COMMAND] [OPTION…]",
        description="A Model Context Protocol server for Fastly.",
        epilog=EPILOG.format(commands=listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fastly-mcp {__version__}")
    parser.parse_args(words)
    return 2
