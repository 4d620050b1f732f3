"""The server: publishes the toolsets, gates them, and lets results and errors speak."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from mcp_types import Tool as ListedTool
from pydantic import ValidationError
from pydantic_core import to_json

from fastly_mcp import __version__
from fastly_mcp.api.client import METER, Meter
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.grant import Grant
from fastly_mcp.errors import (
    REPEATABLE,
    UNCHANGED,
    UNREPEATABLE,
    Busy,
    FastlyMCPError,
    GuardFailed,
    InvalidArgument,
    NotPermitted,
)
from fastly_mcp.guard.changes import CALL, Call, digest
from fastly_mcp.guard.guard import Guard, Waits
from fastly_mcp.guard.plans import TO_DECIDE, Plan
from fastly_mcp.serving import asking
from fastly_mcp.serving.progress import progress_told
from fastly_mcp.serving.sdk import Clients
from fastly_mcp.serving.words import about_tokens, escaped, explained, instructions
from fastly_mcp.text import cut, visible
from fastly_mcp.toolkit import Outcome, Tool
from fastly_mcp.tools import chosen_toolsets

LIST_WAIT = 2.0  # seconds tools/list waits for the grant
CALL_DEADLINE = 120.0  # seconds
CALLS_AT_ONCE = 64
WAITING = "waiting_for_a_person"

log = logging.getLogger("fastly_mcp")
calls = logging.getLogger("fastly_mcp.calls")


class FastlyServer(MCPServer[Any]):
    """An MCP server over one connection, gated at `tools/list` and at `tools/call`.

    Without a `guard` the store is in memory. A call may take `deadline` seconds, a person's
    decision as long as a plan is open. Raises ConfigError for a toolset that does not exist.
    """

    def __init__(
        self,
        connection: Connection,
        guard: Guard | None = None,
        *,
        deadline: float = CALL_DEADLINE,
    ) -> None:
        settings = connection.settings
        self.guard = guard or Guard(settings)
        kind = "Fastly (sandbox)" if settings.sandbox else "Fastly"
        self.clients = Clients()
        super().__init__(
            name=kind,
            title=f"{kind}: {settings.name}" if settings.name else kind,
            instructions=instructions(settings),
            version=__version__,
            subscriptions=self.clients.bus,
            middleware=[self.clients.note],
        )
        self.connection = connection
        chosen = [tool for some in chosen_toolsets(settings.toolsets) for tool in some.tools]
        self._tools = {tool.name: tool for tool in chosen}
        self._deadline = deadline
        self._running = 0
        self._shown: frozenset[str] | None = None

    async def aclose(self) -> None:
        """Close what it holds open."""
        await self.guard.aclose()
        await self.connection.aclose()

    async def list_tools(self) -> list[ListedTool]:
        """Return the tools the grant permits."""
        grant = await self.connection.grant(wait=LIST_WAIT)
        await self._notice(grant)
        return self.listed(grant)

    def listed(self, grant: Grant) -> list[ListedTool]:
        """Return the tools a grant permits, as `tools/list` gives them."""
        return [
            ListedTool(
                name=tool.name,
                title=tool.title,
                description=tool.description,
                input_schema=tool.input_schema,
                output_schema=tool.output_schema,
                annotations=ToolAnnotations(
                    title=tool.title,
                    read_only_hint=not tool.changes,
                    destructive_hint=tool.destroys,
                    idempotent_hint=tool.repeatable,
                    open_world_hint=True,
                ),
            )
            for tool in self._tools.values()
            if grant.permits(tool.scope)
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Run one tool; whatever goes wrong becomes a tool error in plain words."""
        began, meter = time.monotonic(), Meter()
        METER.set(meter)
        text, data, outcome = "", None, "Cancelled"
        try:
            text, data, outcome = await self._outcome(name, arguments, context)
        finally:
            shown = cut(visible(name), 64)
            calls.info(
                "%s %s",
                shown,
                outcome,
                extra={
                    "caller": caller(context),
                    "tool": shown,
                    "outcome": outcome,
                    "ms": round((time.monotonic() - began) * 1000, 1),
                    "upstream_ms": round(meter.milliseconds, 1),
                    "upstream_requests": meter.requests,
                    "answer_tokens": about_tokens(text),
                },
            )
        if isinstance(data, InputRequiredResult):
            return data
        return CallToolResult(
            content=[TextContent(type="text", text=text)],
            structured_content=data,
            is_error=data is None,
        )

    async def _outcome(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> tuple[str, dict[str, Any] | InputRequiredResult | None, str]:
        """Return the text, the result if there is one, and what to call it in the log."""
        try:
            async with progress_told(context):
                data = await self._run(name, arguments, context)
        except GuardFailed as error:
            return f"{error} Nothing was sent.", None, type(error).__name__
        except FastlyMCPError as error:
            return str(error), None, type(error).__name__
        except TimeoutError:
            said = f"The call took longer than {self._deadline:g} s."
            return f"{said} {self._may_be_done(name)}", None, "Deadline"
        except Exception:
            log.exception("The tool %s failed unexpectedly", cut(visible(name), 64))
            said = "Internal error; its details are in the server's log."
            return f"{said} {self._may_be_done(name)}", None, "Bug"
        if isinstance(data, InputRequiredResult):
            return "", data, "Asked"
        return to_json(data).decode(), data, "Waits" if data.get("status") == WAITING else "ok"

    async def _run(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None
    ) -> dict[str, Any] | InputRequiredResult:
        """Run a tool, once more if a person who is asked lets it happen."""
        call = _call(name, arguments, context)
        if decision := asking.answered(context):
            call = await self._decided(call, *decision)
        try:
            return await self._attempt(name, arguments, call)
        except Waits as waits:
            plan = waits.plan
        via = asking.VIA_COMMAND if plan.needs_signature else self.connection.settings.approval_via
        asks = context is not None and asking.can_ask(context, via)
        await self.guard.listen(is_needed=not asks)
        if context is None or not asks:
            return self._waiting(plan)
        if asking.is_modern(context):
            return asking.question(plan)
        with anyio.move_on_after(TO_DECIDE) as time_left:
            approved = await asking.ask(context, plan)
        if time_left.cancelled_caught:
            raise NotPermitted("Nobody decided in time. Nothing was sent.")
        if approved is None:
            return self._waiting(plan)
        return await self._attempt(name, arguments, await self._decided(call, plan.code, approved))

    async def _decided(self, call: Call, code: str, approved: bool) -> Call:
        how = asking.VIA_ELICITATION
        await self.guard.decide(call, code, approved=approved, by=call.client, how=how)
        return replace(call, approval=code)

    def _waiting(self, plan: Plan) -> dict[str, Any]:
        """What an agent reads while a person decides elsewhere."""
        command = self.guard.command(plan)
        if not command:
            raise NotPermitted(
                "This needs a person's approval, and neither can this client ask for it "
                "(elicitation) nor can `fastly-mcp approve` reach this server. Nothing was sent."
            )
        is_write = plan.change.write is not None
        said = Outcome(
            purged=None if is_write else False,
            changed=False if is_write else None,
            status=WAITING,
            tell_user=f"Nothing is {'changed' if is_write else 'purged'} yet: {plan.why}. To let "
            f"it happen, run in a terminal within 10 minutes: {command}",
            then=f"Wait until the user says it is done, then call again with approval: {plan.code}",
            plan=plan.lines(),
        )
        return said.model_dump(mode="json")

    async def _attempt(self, name: str, arguments: dict[str, Any], call: Call) -> dict[str, Any]:
        """Run a tool once, within its deadline. Raises Waits if a person has to decide."""
        with self._place(), anyio.fail_after(self._deadline):
            grant = await self.connection.grant()
            await self._notice(grant)
            tool = self._permitted_tool(name, grant)
            try:
                checked = tool.arguments.model_validate(arguments)
            except ValidationError as error:
                raise InvalidArgument(explained(error, tool.input_schema)) from None
            given = {field: getattr(checked, field) for field in tool.arguments.model_fields}
            approval = given.pop("approval", "") if tool.changes else ""
            injected = {"fastly": self.connection, "guard": self.guard}
            CALL.set(replace(call, approval=call.approval or approval.strip().upper()))
            with self.connection.under(grant):
                result = await tool.run(
                    **{field: injected[field] for field in tool.injected}, **given
                )
        return cast("dict[str, Any]", escaped(result.model_dump(mode="json")))

    def _permitted_tool(self, name: str, grant: Grant) -> Tool:
        if name not in self._tools:
            permitted = ", ".join(sorted(self._permitted(grant)))
            raise InvalidArgument(
                f"There is no such tool. The tools are: {permitted}; "
                "get_account says why others are missing."
            )
        tool = self._tools[name]
        if not grant.permits(tool.scope):
            why = grant.why_not(tool.scope).rstrip(".")
            raise NotPermitted(f"{name} is withheld: {why}. Nothing was sent.")
        return tool

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._running >= CALLS_AT_ONCE:
            raise Busy(f"Busy: {CALLS_AT_ONCE} calls are running. Try again in a few seconds.")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def _may_be_done(self, name: str) -> str:
        """Say of a call that ended nobody knows where whether it may have changed something."""
        tool = self._tools.get(name)
        if tool is None or not tool.changes:
            return UNCHANGED
        return REPEATABLE if tool.repeatable else UNREPEATABLE

    def _permitted(self, grant: Grant) -> frozenset[str]:
        return frozenset(n for n, tool in self._tools.items() if grant.permits(tool.scope))

    async def _notice(self, grant: Grant) -> None:
        """Tell the clients when the grant permits other tools than they were shown."""
        shown, self._shown = self._shown, self._permitted(grant)
        if shown is not None and shown != self._shown:
            await self.clients.tell()


def caller(context: Context[Any, Any] | None) -> str | None:
    """Return the name of the HTTP caller whose secret came with this call; None on stdio."""
    request = context.request_context.request if context else None
    user = request.scope.get("user") if request else None
    return user.username if user else None


def _call(name: str, arguments: dict[str, Any], context: Context[Any, Any] | None) -> Call:
    """What the guard is told of a call."""
    is_http = context is not None and context.request_context.request is not None
    transport = "http" if is_http else "stdio"
    exact = {key: value for key, value in arguments.items() if key != "approval"}
    params = context.session.client_params if context else None
    info = params.client_info if params else None
    return Call(
        tool=name,
        arguments=digest(exact),
        caller=caller(context) or transport,
        client=cut(visible(f"{info.name} {info.version}"), 60) if info else "",
        transport=transport,
    )
