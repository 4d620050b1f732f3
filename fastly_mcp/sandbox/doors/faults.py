"""Faults: what a real network and a real Fastly do to a client now and then, on demand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

import anyio
from pydantic import AfterValidator, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Answer = Callable[[], Response]

DROP = "fastly_mcp.drop"
"""The ASGI extension through which a server lets its connection be cut."""
LONGEST = 600.0  # seconds of any fault
LARGEST = 2**30  # bytes of a huge body
PIECE = 2**16  # bytes of it sent at once
DRIP = 0.05  # seconds between two bytes
PAGE = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n</body>\r\n</html>\r\n"
KINDS = {
    "status": "answers this status with a body that says nothing of why",
    "html": "answers this status with an HTML page, as a proxy on the way does",
    "truncated": "sends half of the body and cuts the connection",
    "huge": "answers with a body of this size",
    "delay": "waits so long, then answers as always",
    "hang": "never answers",
    "drop": "cuts the connection before anything is done",
    "drop_after": "does what was asked, and cuts the connection instead of answering",
    "drip": "answers byte by byte",
    "redirect": "sends the client elsewhere",
}
"""What `kind` may be, and what it does."""


class Dropped(ConnectionAbortedError):
    """The connection is cut; where no server can do that, this is raised through it."""


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"it is one of {', '.join(KINDS)}")
    return kind


def _fits(pattern: str, path: str) -> bool:
    """Match a pattern of which only * is special, in one pass."""
    first, *parts = pattern.split("*")
    if not parts:
        return path == pattern
    *between, last = parts
    if not path.startswith(first):
        return False
    at = len(first)
    for part in between:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return path.endswith(last) and len(path) - len(last) >= at


@dataclass(slots=True)
class Fault:
    """One fault, until it has happened `count` times."""

    kind: Annotated[str, AfterValidator(_known_kind)]
    method: Annotated[str, AfterValidator(str.upper)] = "*"
    path: str = "*"
    """A pattern for the path as it is sent; * stands for anything, / included."""
    count: Annotated[int, Field(ge=1)] = 1
    status: Annotated[int, Field(ge=200, le=599)] = 503
    seconds: Annotated[float, Field(ge=0, le=LONGEST)] = 1.0
    size: Annotated[int, Field(ge=2, le=LARGEST)] = 64 * 2**20
    location: Annotated[str, Field(pattern=r"^[!-~]*$")] = "https://elsewhere.example/"

    def matches(self, method: str, path: str) -> bool:
        return self.method in {"*", method} and _fits(self.path, path)

    @property
    def answers(self) -> bool:
        """Whether what was asked is done all the same."""
        return self.kind in {"delay", "drop_after", "truncated", "drip"}

    async def play(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in this fault's way; `answer` does what was asked."""
        try:
            await self._play(answer, scope, receive, send)
        except anyio.get_cancelled_exc_class():
            # A server that ends would answer what is still waiting, and tell of it with a stack.
            with anyio.CancelScope(shield=True):
                await _drop(scope, receive)

    async def _play(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        if self.kind == "delay":
            await anyio.sleep(self.seconds)
            await answer()(scope, receive, send)
        elif self.kind == "hang":
            with anyio.move_on_after(LONGEST):
                await _gone(receive)
            await _drop(scope, receive)
        elif self.kind == "drop":
            await _drop(scope, receive)
        elif self.kind == "drop_after":
            answer()
            await _drop(scope, receive)
        elif self.kind == "truncated":
            await _send_part(answer(), scope, receive, send)
        elif self.kind == "drip":
            await _send_slowly(answer(), send)
        elif self.kind == "huge":
            await _send_huge(self.size, send)
        else:
            await self._instead()(scope, receive, send)

    def _instead(self) -> Response:
        if self.status in {204, 205, 304}:
            return Response(None, self.status)
        if self.kind == "html":
            return Response(PAGE, self.status, media_type="text/html")
        if self.kind == "redirect":
            return Response(None, 302, {"Location": self.location})
        return Response(b'{"msg":"A fault of the sandbox"}', self.status, None, "application/json")


@dataclass(slots=True)
class Faults:
    """The faults still to happen; the first that matches a request happens to it."""

    waiting: list[Fault] = field(default_factory=list)

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fault.matches(method, path):
                fault.count -= 1
                if fault.count <= 0:
                    self.waiting.remove(fault)
                return fault
        return None


async def _drop(scope: Scope, receive: Receive) -> None:
    """Cut the connection."""
    cut = (scope.get("extensions") or {}).get(DROP)
    if cut is None:
        raise Dropped("a fault of the sandbox")
    cut()
    await _gone(receive)


async def _send_huge(size: int, send: Send) -> None:
    """Send one JSON string of so many bytes, which never are in memory together."""
    length = {"Content-Length": str(size)}
    await send(_start(Response(None, 200, length, "application/json")))
    await send({"type": "http.response.body", "body": b'"', "more_body": True})
    for left in range(size - 2, 0, -PIECE):
        piece = b"x" * min(PIECE, left)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b'"'})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_part(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    body = bytes(response.body)
    await send(_start(response))
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    await _drop(scope, receive)


async def _send_slowly(response: Response, send: Send) -> None:
    await send(_start(response))
    with anyio.move_on_after(LONGEST):
        for byte in bytes(response.body):
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await anyio.sleep(DRIP)
    await send({"type": "http.response.body", "body": b""})


def _start(response: Response) -> dict[str, object]:
    return {
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    }
