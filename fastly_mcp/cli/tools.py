"""Show what an agent sees: each tool with its scope, its annotations and about how many tokens."""

import argparse
import json

from fastly_mcp import scopes
from fastly_mcp.api.grant import Grant, OperatorLimits
from fastly_mcp.cli import process
from fastly_mcp.cli.connecting import connect_checked, read_settings
from fastly_mcp.serving.server import FastlyServer
from fastly_mcp.tools import chosen_toolsets

CHARACTERS_A_TOKEN = 4.3  # measured over the schemas of our own tools; results are denser
HINTS = ("read_only_hint", "destructive_hint", "idempotent_hint", "open_world_hint")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what tools needs."""
    parser.add_argument(
        "--scopes",
        default="global",
        metavar='"global:read purge_select"',
        help="the scopes of the token an agent would have (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print a table; nothing is sent."""
    process.quiet()
    settings = read_settings(options)
    server = FastlyServer(connect_checked(settings))
    limits = OperatorLimits(scopes=settings.scopes, read_only=settings.read_only)
    left, _ = limits.narrow(scopes.parse(options.scopes, "--scopes"))
    needs = {t.name: t.scope or "none" for s in chosen_toolsets(settings.toolsets) for t in s.tools}
    total = 0
    print(f"{'tool':20} {'needs':13} {'tokens':>6}  annotations")
    for tool in server.listed(Grant(scopes=left)):
        shown = tool.model_dump(by_alias=True, include={"name", "description", "input_schema"})
        text = json.dumps(shown, separators=(",", ":"), ensure_ascii=False)
        tokens = round(len(text) / CHARACTERS_A_TOKEN)
        total += tokens
        hints = [h.removesuffix("_hint") for h in HINTS if getattr(tool.annotations, h)]
        print(f"{tool.name:20} {needs[tool.name]:13} {tokens:6}  {' '.join(hints)}")
    print(f"{'in total, about':34} {total:6}")
    return 0
