"""Call one tool and print its result: fastly-mcp call get_service service=shop-prod."""

import argparse
import json
import sys
import time
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client

from fastly_mcp.cli import process
from fastly_mcp.cli.approve import decide, is_typed
from fastly_mcp.cli.connecting import connect_checked, read_settings, serve
from fastly_mcp.cli.person import check_person
from fastly_mcp.cli.terminal import write
from fastly_mcp.errors import ConfigError
from fastly_mcp.guard.guard import Guard
from fastly_mcp.guard.plans import TO_DECIDE
from fastly_mcp.serving.server import WAITING, FastlyServer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what call needs. The token has no option: other users can read process lists."""
    parser.add_argument("tool", metavar="TOOL", help="for example: list_services")
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="KEY=VALUE",
        help="an argument of the tool; repeat a key for a list; or one JSON object with all",
    )


def run(options: argparse.Namespace) -> int:
    """Return 0 if the tool did what it should, 1 on a tool error."""
    process.quiet()
    arguments = _parsed(options.arguments)
    server = serve(connect_checked(read_settings(options)))
    return anyio.run(_call, server, options.tool, arguments)


async def _call(server: FastlyServer, tool: str, arguments: dict[str, Any]) -> int:
    try:
        async with Client(server) as client:
            result = await client.call_tool(tool, arguments)
            if (result.structured_content or {}).get("status") == WAITING:
                code = await anyio.to_thread.run_sync(
                    _approved, server.guard, abandon_on_cancel=True
                )
                if not code:
                    return 1
                result = await client.call_tool(tool, {**arguments, "approval": code})
    finally:
        await server.aclose()
    if result.is_error:
        print(
            "\n".join(part.text for part in result.content if part.type == "text"), file=sys.stderr
        )
        return 1
    write(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 0


def _approved(guard: Guard) -> str:
    """Return the plan's code if there is a person at this terminal who lets it happen.

    The plan ends with this process, so it is decided here or never.
    """
    with guard.begin() as transaction:
        plans = transaction.plans(time.time() - TO_DECIDE)
    plan = next(plan for plan in reversed(plans) if plan.made_by == guard.approvals.process)
    why = ""
    if plan.needs_signature:
        why = "only a signed approval counts (FASTLY_MCP_APPROVERS): ask a serving process."
    else:
        try:
            check_person()
        except ConfigError as error:
            why = str(error)
    if why:
        print("\n".join(plan.lines()), file=sys.stderr)
        print(f"fastly-mcp: this waits for a person, and {why} Nothing was sent.", file=sys.stderr)
        return ""
    for line in plan.lines():
        write(line)
    if not is_typed(plan):
        write("Not approved. Nothing was sent.")
        return ""
    decide(guard.store, plan, guard.approvals.key, approved=True)
    return plan.code


def _parsed(words: list[str]) -> dict[str, Any]:
    if len(words) == 1 and words[0].lstrip().startswith("{"):
        try:
            return dict(json.loads(words[0]))
        except ValueError:
            raise ConfigError("the arguments are not a JSON object.") from None
    arguments: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"{word!r} is not KEY=VALUE.")
        if key in arguments:
            before = arguments[key]
            arguments[key] = [*(before if isinstance(before, list) else [before]), value]
        else:
            arguments[key] = value
    return arguments
