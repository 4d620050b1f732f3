"""An answer that takes long to make: it is sent part by part, and others are answered meanwhile."""

from collections.abc import Iterable, Iterator
from itertools import islice

import anyio
import anyio.lowlevel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from fastly_mcp.sandbox.answers import CLASSIC, JSON, STATUS, dumped
from fastly_mcp.sandbox.state import Row

AT_ONCE = 50
"""Rows of one part."""


def listed(rows: Iterator[Row]) -> Iterator[bytes]:
    """A list in JSON, some rows at a time."""
    before = b"["
    while some := list(islice(rows, AT_ONCE)):
        yield before + dumped(some)[1:-1]
        before = b","
    yield b"]" if before == b"," else b"[]"


class Parts(Response):
    """JSON of the old control plane of which each part is made when its turn comes.

    A part may be empty: then it was work. The world may have changed since the parts were planned.
    """

    def __init__(self, parts: Iterator[bytes]) -> None:
        super().__init__(None, 200, CLASSIC | {"Status": STATUS[200]}, JSON)
        del self.headers["Content-Length"]
        self.parts: Iterable[bytes] = parts

    # Who needs the whole body, or has another one, gets and sets it as of any response.
    @property
    def body(self) -> bytes | memoryview:
        self.parts = [b"".join(self.parts)]
        return self.parts[0]

    @body.setter
    def body(self, body: bytes | memoryview) -> None:
        self.parts = [bytes(body)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        for part in self.parts:
            if part:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await anyio.lowlevel.checkpoint()
        await send({"type": "http.response.body", "body": b""})
