"""Call one tool and print its result: fastly-mcp call get_service service=shop-prod."""

import argparse
import json
import sys
from dataclasses import replace
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client
from mcp.client.session import ClientRequestContext, ElicitationFnT
from mcp_types import ElicitRequestParams, ElicitResult

from fastly_mcp.cli import process
from fastly_mcp.cli.connecting import connect_checked, read_settings, serve
from fastly_mcp.cli.person import check_person
from fastly_mcp.cli.terminal import write
from fastly_mcp.errors import ConfigError
from fastly_mcp.serving.server import WAITING, FastlyServer

ALONE = (
    "fastly-mcp: this waits for a person: run it in a terminal of your own. Where only signed "
    "approvals count (FASTLY_MCP_APPROVERS), a serving process has to be asked."
)


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
    # A plan ends with the process that made it, so it is decided here or not at all.
    settings = replace(read_settings(options), approval_via="")
    server = serve(connect_checked(settings))
    return anyio.run(_call, server, options.tool, arguments)


async def _call(server: FastlyServer, tool: str, arguments: dict[str, Any]) -> int:
    async with Client(server, elicitation_callback=_person()) as client:
        result = await client.call_tool(tool, arguments)
    await server.aclose()
    content = result.structured_content or {}
    if content.get("status") == WAITING:
        print("\n".join(content["plan"]), file=sys.stderr)
        print(ALONE, file=sys.stderr)
        return 1
    if result.is_error:
        print(
            "\n".join(part.text for part in result.content if part.type == "text"), file=sys.stderr
        )
        return 1
    write(json.dumps(result.structured_content, indent=2, ensure_ascii=False))
    return 0


def _person() -> ElicitationFnT | None:
    """Return who answers questions: the person at this terminal, if there seems to be one."""
    try:
        check_person()
    except ConfigError:
        return None
    return _ask


async def _ask(
    context: ClientRequestContext,  # as the client calls it
    params: ElicitRequestParams,
) -> ElicitResult:
    for line in params.message.splitlines():
        write(line)
    answer = await anyio.to_thread.run_sync(lambda: input("\nLet it happen? Type yes: "))
    if answer.strip().lower() == "yes":
        return ElicitResult(action="accept", content={"purge": True})
    return ElicitResult(action="decline")


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
