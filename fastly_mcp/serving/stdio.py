"""Serving over stdio: signals, end of input, and lines of bounded length."""

import logging
import os
import signal
import sys
from typing import BinaryIO, cast

import anyio
import anyio.abc

from fastly_mcp.serving.ending import end_within
from fastly_mcp.serving.sdk import run_stdio
from fastly_mcp.serving.server import FastlyServer

LONGEST_LINE = 4 * 1024 * 1024  # bytes
GRACE = 1.5  # seconds for what is on its way when the end comes
LAST_ANSWERS = 1.2  # seconds of these for answers, when input has ended

log = logging.getLogger("fastly_mcp")


async def serve_stdio(server: FastlyServer) -> int:
    """Serve until end of input or a signal; returns the process's exit code.

    However things stand, the process ends 1.5 s after that.
    """
    ending = _Ending()
    async with anyio.create_task_group() as group:
        group.start_soon(_watch_signals, group.cancel_scope, ending)
        try:
            await run_stdio(server, _Lines(server, ending))
        finally:
            group.cancel_scope.cancel()
    await server.aclose()
    return ending.code


class _Ending:
    """The end of the process: begun once, and then not to be put off."""

    def __init__(self) -> None:
        self.code = 0

    def begin(self, code: int) -> None:
        self.code = code
        end_within(GRACE, code)


async def _watch_signals(scope: anyio.CancelScope, ending: _Ending) -> None:
    if sys.platform == "win32":  # pragma: no cover  # no signals for an event loop there
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda got, _: os._exit(128 + got))
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            ending.begin(128 + number)
            scope.cancel()
            return


class _Lines:
    """Standard input line by line; a line over 4 MiB is refused, and the next one is read."""

    def __init__(self, server: FastlyServer, ending: _Ending) -> None:
        self._server = server
        self._ending = ending
        self._input = _take_stdin()

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> str:
        line = await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
        if not line:
            self._ending.begin(0)
            # What was asked before the end is answered; then the SDK drops what is left.
            with anyio.move_on_after(LAST_ANSWERS):
                await self._server.clients.answered()
            raise StopAsyncIteration
        return line.decode("utf-8", "replace")

    def _read(self) -> bytes:
        line = self._input.readline(LONGEST_LINE + 1)
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            log.warning("A message over %d bytes was refused.", LONGEST_LINE)
            while line and not line.endswith(b"\n"):
                line = self._input.readline(LONGEST_LINE)
            line = self._input.readline(LONGEST_LINE + 1)
        return line


def _take_stdin() -> BinaryIO:
    """Move standard input out of reach of everything else in this process."""
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return cast("BinaryIO", os.fdopen(own, "rb", closefd=False))
