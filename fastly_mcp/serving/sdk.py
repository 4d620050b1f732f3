"""The only module that touches the SDK's private or provisional surface (mcp 2.3)."""

import weakref
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.connection import Connection as ClientConnection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.shared.subscriptions import ToolsListChanged

TELLING = 1.0  # seconds
CALM = 3  # looks in a row that find nobody waiting


async def run_stdio(server: MCPServer[Any], lines: Any) -> None:
    """Serve over `lines`, which stand for standard input, and standard output."""
    low = server._lowlevel_server  # noqa: SLF001  # MCPServer reads unbounded lines
    async with stdio_server(stdin=lines) as (reading, writing):
        await low.run(reading, writing, low.create_initialization_options())


class Clients:
    """The clients of a server: who can be told that the list of tools changed, in both eras of
    the protocol, and whether any still waits for an answer.
    """  # noqa: D205  # one sentence, too long for one line

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self._connections: weakref.WeakSet[ClientConnection] = weakref.WeakSet()
        self._waiting = 0

    async def note(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware: remember each client that keeps a channel open, and tell it that it can be.

        The SDK says of itself to clients of the older protocol that the list never changes.
        """
        connection = ctx.session._connection  # noqa: SLF001  # there is no public way to it
        answered_once = ctx.method != "subscriptions/listen"
        self._waiting += answered_once
        try:
            result = await call_next(ctx)
        finally:
            self._waiting -= answered_once
        if connection.has_standalone_channel:
            self._connections.add(connection)
            if ctx.method == "initialize" and isinstance(result, dict):
                result["capabilities"]["tools"]["listChanged"] = True
        return result

    async def answered(self) -> None:
        """Wait until nobody waits for an answer."""
        calm = 0
        # The SDK begins a request a moment after it read it, and ends it before it is written.
        while calm < CALM:
            await anyio.sleep(0.02)
            calm = 0 if self._waiting else calm + 1

    async def tell(self) -> None:
        """Tell every client; one that does not listen is given up after a second."""
        await self.bus.publish(ToolsListChanged())
        async with anyio.create_task_group() as group:
            for connection in list(self._connections):
                group.start_soon(self._tell, connection)

    @staticmethod
    async def _tell(connection: ClientConnection) -> None:
        with anyio.move_on_after(TELLING):
            await connection.send_tool_list_changed()  # one that has gone raises nothing
