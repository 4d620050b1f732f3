"""What ours is measured against: a bare server with one tool that does the same GET."""

import os
import sys
from typing import Any

import httpx2
from mcp.server import MCPServer

client: httpx2.AsyncClient | None = None
server = MCPServer("bare", log_level="WARNING")


def _opened() -> httpx2.AsyncClient:
    global client  # noqa: PLW0603  # the same as ours: one client, made on first use
    if client is None:
        client = httpx2.AsyncClient(
            base_url=os.environ["FASTLY_API_ENDPOINT"],
            headers={"Fastly-Key": os.environ["FASTLY_API_TOKEN"], "Accept-Encoding": "gzip"},
            timeout=20,
            limits=httpx2.Limits(
                max_connections=64, max_keepalive_connections=64, keepalive_expiry=30
            ),
            trust_env=False,
        )
    return client


@server.tool()
async def list_services(page: int = 1, per_page: int = 50) -> list[dict[str, Any]]:
    """List the account's services."""
    response = await _opened().get(
        "/service",
        params={"direction": "ascend", "page": page, "per_page": per_page, "sort": "created"},
    )
    response.raise_for_status()
    rows: list[dict[str, Any]] = response.json()
    return rows


def main(words: list[str]) -> None:
    if words == ["stdio"]:
        server.run("stdio")
        return
    import uvicorn  # noqa: PLC0415  # as ours: only where it serves HTTP

    uvicorn.run(
        server.streamable_http_app(stateless_http=True),
        port=int(words[1]),
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
