"""Real processes, as hosts and people start them."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any, Self

import pytest

from tests.conftest import UNGUARDED

COMMAND: tuple[str, ...] = (sys.executable, "-m", "fastly_mcp")
PAGE = "https://www.larkspur.example/products/lamp"

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and modes of POSIX")


def until(condition: Callable[[], object], within: float = 10.0) -> None:
    """Wait for a condition, looking again and again."""
    ends = time.monotonic() + within
    while not condition():
        assert time.monotonic() < ends, "it did not come to pass"
        time.sleep(0.005)


def environment(home: Path, **environ: str) -> dict[str, str]:
    """What a desktop host passes on: hardly anything."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    for name in ("PATH", "SYSTEMROOT"):
        kept[name] = os.environ.get(name, "")
    return {**kept, "HOME": str(home), "USERPROFILE": str(home), **UNGUARDED, **environ}


def run(
    *words: str, home: Path, stdin: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return _to_its_end([*COMMAND, *words], home, stdin, environ)


def run_source(
    source: str, *words: str, home: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python to its end."""
    return _to_its_end([sys.executable, "-c", source, *words], home, None, environ)


def _to_its_end(
    command: list[str], home: Path, stdin: str | None, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment(home, **environ),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )


class Process:
    """A running command: its output line by line, its log at any time."""

    command = COMMAND
    stdin = subprocess.PIPE
    stdout = subprocess.PIPE
    stderr: int | None = None

    def __init__(self, *words: str, home: Path, **environ: str) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end
        self.popen = subprocess.Popen(
            [*self.command, *words],
            env=environment(home, **environ),
            stdin=self.stdin,
            stdout=self.stdout,
            stderr=self._log if self.stderr is None else self.stderr,
        )
        self.written: list[bytes] = []
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.popen.terminate()
        try:
            self.popen.wait(timeout=5)
        finally:
            self.popen.kill()
            self.popen.wait()
            self._reader.join()
            self._close()

    def _close(self) -> None:
        for stream in (self.popen.stdin, self.popen.stdout, self._log):
            if stream:
                stream.close()

    def _read(self) -> None:
        for line in self.popen.stdout or ():
            self.written.append(line)
            self._lines.put(line)

    @property
    def log(self) -> str:
        """What it has written to standard error so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode()

    def logged(self, text: str) -> None:
        """Wait for a text on standard error."""
        until(lambda: text in self.log or self.popen.poll() is not None)
        assert text in self.log

    def line(self, within: float = 10.0) -> bytes:
        return self._lines.get(timeout=within)

    def write(self, data: bytes) -> None:
        stdin = self.popen.stdin
        assert stdin
        stdin.write(data)
        stdin.flush()

    def begin_end(self, how: signal.Signals | None) -> None:
        if how is None:
            assert self.popen.stdin
            self.popen.stdin.close()
        else:
            self.popen.send_signal(how)

    def end(self, how: signal.Signals | None = None) -> tuple[int, float]:
        """End it, by end of input or by a signal; returns its exit code and the seconds it took."""
        began = time.monotonic()
        self.begin_end(how)
        return self.popen.wait(timeout=10), time.monotonic() - began


class Stdio(Process):
    """A server over stdio, spoken to in raw messages of the handshake era."""

    def __init__(self, *words: str, home: Path, **environ: str) -> None:
        super().__init__("stdio", *words, home=home, **environ)
        self._last = 0
        self.notified: list[str] = []

    def send(self, method: str, **params: Any) -> int:
        self._last += 1
        message = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        self.write(json.dumps(message).encode() + b"\n")
        return self._last

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask and return the result; the names of notifications on the way are kept."""
        number = self.send(method, **params)
        while "id" not in (answer := json.loads(self.line())):
            self.notified.append(answer["method"])
        assert answer["id"] == number
        result: dict[str, Any] = answer["result"]
        return result

    def initialize(self) -> dict[str, Any]:
        result = self.ask(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "test", "version": "1"},
        )
        self.write(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        return result

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.ask("tools/call", name=tool, arguments=arguments)

    def start_call(self, tool: str, **arguments: Any) -> None:
        self.send("tools/call", name=tool, arguments=arguments)

    def tools(self) -> set[str]:
        return {tool["name"] for tool in self.ask("tools/list")["tools"]}


def text_of(result: dict[str, Any]) -> str:
    return "".join(part["text"] for part in result["content"])


@dataclass(frozen=True)
class Answer:
    """What a server over HTTP answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def result(self) -> dict[str, Any]:
        """The result of a JSON-RPC answer, which came as an event stream."""
        (line,) = [line for line in self.text.splitlines() if line.startswith("data: ")]
        result: dict[str, Any] = json.loads(line.removeprefix("data: "))["result"]
        return result


JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def calling(tool: str, **arguments: Any) -> bytes:
    """The body of a tool call."""
    params = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return json.dumps(message).encode()


class Web(Process):
    """A server over HTTP on a free port, asked in raw requests."""

    patience = 10  # seconds for an answer

    def __init__(self, *words: str, home: Path, **environ: str) -> None:
        super().__init__("http", "--port", "0", *words, home=home, **environ)
        self.logged("serves http://")
        found = re.search(r"serves (http://\S+:(\d+)/mcp)", self.log)
        assert found
        self.url, self.port = found[1], int(found[2])

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | Iterable[bytes] = b"",
    ) -> HTTPConnection:
        """Send a request: a header may have several values or none; an iterable goes chunked."""
        sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, values in sent.items():
            for value in [values] if isinstance(values, str) else values:
                connection.putheader(name, value)
        if isinstance(body, bytes):
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(body, encode_chunked=True)
        return connection

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | Iterable[bytes] = b"",
    ) -> Answer:
        connection = self.send(method, path, headers, body)
        try:
            return answer_of(connection)
        finally:
            connection.close()

    def call(self, tool: str, headers: Mapping[str, str] | None = None, **arguments: Any) -> Answer:
        return self.ask("POST", "/mcp", {**JSON, **(headers or {})}, calling(tool, **arguments))


def answer_of(connection: HTTPConnection) -> Answer:
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read().decode())
