"""Looks at the edge, counted over all processes: Fastly allows few an hour."""

from anyio import to_thread

from fastly_mcp.api.connection import Connection
from fastly_mcp.api.edge import EdgeLook, look
from fastly_mcp.api.grant import TokenInfo
from fastly_mcp.api.paths import CachedURL
from fastly_mcp.guard.budget import spend_edge_check
from fastly_mcp.guard.guard import Guard


async def look_at_edge(guard: Guard, fastly: Connection, target: CachedURL) -> EdgeLook:
    """Look at a page at every POP. Raises NotPermitted over the budget, and what `look` raises."""
    token = (await fastly.grant()).token or TokenInfo()

    def count() -> None:
        with guard.begin() as transaction:
            spend_edge_check(transaction, token.id, guard.clock())

    async def spend() -> None:
        await to_thread.run_sync(count)

    return await look(fastly, target, spend=spend)
