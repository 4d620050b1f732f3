"""A Fastly behind a real socket that can hold its answers back, and one that says nothing."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from fastly_mcp.sandbox import create_app

CANARY = "sandbox-canary-9f1c4e7a0b"


@dataclass
class Upstream:
    """The sandbox on a socket; it can hold answers back and sees whose caller went away.

    The canary is taken as the sandbox's global token.
    """

    url: str = ""
    requests: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    app: Starlette = field(default_factory=create_app)
    _holding: str = ""
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        asked = f"{scope['method']} {scope['path']}"
        self.requests.append(asked)
        if self._holding and asked.startswith(self._holding):
            body = (await receive()).get("body", b"")
            self.held.append(asked)
            if await self._abandoned(receive):
                self.dropped.append(asked)
                return

            async def again() -> Message:
                return {"type": "http.request", "body": body}

            receive = again
        headers = [
            (name, b"sandbox" if value == CANARY.encode() else value)
            for name, value in scope["headers"]
        ]
        await self.app({**scope, "headers": headers}, receive, send)

    async def _abandoned(self, receive: Receive) -> bool:
        gone: asyncio.Future[object] = asyncio.ensure_future(receive())
        released: asyncio.Future[object] = asyncio.ensure_future(self._released.wait())
        done, rest = await asyncio.wait({gone, released}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        return gone in done

    @contextmanager
    def hold(self, prefix: str) -> Iterator[None]:
        """Answer no request that begins so until the block ends."""
        self.held.clear()
        self.dropped.clear()
        self._holding = prefix
        try:
            yield
        finally:
            self._holding = ""
            if self._loop:
                released, self._released = self._released, asyncio.Event()
                self._loop.call_soon_threadsafe(released.set)


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve an upstream in this process."""
    fastly = Upstream()
    config = uvicorn.Config(
        fastly, lifespan="off", log_config=None, date_header=False, server_header=False
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        fastly.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # The socket listens already, so a first request waits for the server by itself.
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield fastly
        server.should_exit = True
        thread.join()


@contextmanager
def silence() -> Iterator[socket.socket]:
    """A socket that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def address_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def nobody_connected(listener: socket.socket) -> bool:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return True
    connection.close()
    return False
