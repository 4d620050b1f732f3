"""What a crash leaves at each point of a purge, and many processes and callers at once."""

import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from fastly_mcp.guard.approvals import key_of
from fastly_mcp.guard.audit import Audit
from fastly_mcp.guard.guard import STORE
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.store import Store
from tests.sandbox.served import Served
from tests.serving.processes import JSON, Stdio, Web, calling, posix, run, text_of

pytestmark = posix

SHOP = "u8jzPde0IgxLd6GncfBAep"
PAGE = "https://www.larkspur.example/"
PROCESSES, EACH = 4, 500
CLIENTS, CALLS = 20, 10


class Wire:
    """A connection to the sandbox that can hold back a purge, or the answer to it."""

    def __init__(self, to: str) -> None:
        host, port = to.removeprefix("http://").split(":")
        self.to = host, int(port)
        self.held = ""
        """request, answer or nothing."""
        self.is_held, self.may_go_on = threading.Event(), threading.Event()
        self.is_closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, what: str) -> None:
        self.held = what
        self.is_held.clear()
        self.may_go_on.clear()

    def close(self) -> None:
        # What is still held back would reach the sandbox in the middle of another test.
        self.is_closed = True
        self.may_go_on.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far, purging = socket.create_connection(self.to), threading.Event()
                for pump in (self._requests, self._answers):
                    threading.Thread(target=pump, args=(near, far, purging), daemon=True).start()

    def _requests(self, near: socket.socket, far: socket.socket, purging: threading.Event) -> None:
        with suppress(OSError), closing(near), closing(far):
            while data := near.recv(65536):
                if b"/purge_all" in data:
                    purging.set()
                    if self.held == "request":
                        self._wait()
                if self.is_closed:
                    return
                far.sendall(data)

    def _answers(self, near: socket.socket, far: socket.socket, purging: threading.Event) -> None:
        with suppress(OSError), closing(near), closing(far):
            while data := far.recv(65536):
                if purging.is_set() and self.held == "answer":
                    self._wait()
                near.sendall(data)

    def _wait(self) -> None:
        self.is_held.set()
        self.may_go_on.wait()


class Patient(Web):
    # A purge whose answer is lost is sent again, after a while.
    patience = 60


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(home=tmp_path_factory.mktemp("home")) as process:
        yield process


@pytest.fixture
def wire(sandbox: Served) -> Iterator[Wire]:
    sandbox.ask("POST", "/_sandbox/reset")
    wire = Wire(sandbox.api)
    yield wire
    wire.close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def server(home: Path, state: Path, wire: Wire, **environ: str) -> Stdio:
    started = Stdio(
        home=home,
        FASTLY_API_ENDPOINT=wire.url,
        FASTLY_API_TOKEN="sandbox",
        FASTLY_MCP_STATE_DIR=str(state),
        **environ,
    )
    started.initialize()
    # The grant is known from here on, so that what is held back is the purge.
    started.call("get_account")
    return started


def purges(sandbox: Served) -> list[dict[str, Any]]:
    return list(sandbox.ask("GET", "/_sandbox/purges")["purges"])


def outcomes(state: Path) -> list[str]:
    """What came of each change in the audit, oldest first, seen from long after."""
    later = time.time() + 3_600
    return [record.came(later) for record in Audit(state).records()][::-1]


def after_restart(home: Path, state: Path, wire: Wire, sandbox: Served, code: str = "") -> str:
    """Start anew, and return what using the code says; nothing is purged by itself meanwhile."""
    wire.hold("")
    before = purges(sandbox)
    with server(home, state, wire, FASTLY_MCP_APPROVAL="broad") as again:
        again.call("get_account")
        said = text_of(again.call("purge_all", service=SHOP, approval=code)) if code else ""
    assert purges(sandbox) == before
    if outcomes(state):
        verified = run("audit", "--verify", "--state-dir", str(state), home=home)
        assert verified.returncode == 0, verified.stdout + verified.stderr
    return said


def waiting_code(process: Stdio) -> str:
    answer = process.call("purge_all", service=SHOP)["structuredContent"]
    assert answer["status"] == "waiting_for_a_person"
    return str(answer["then"].split()[-1])


def approve(state: Path, code: str) -> Plan:
    """Approve as a person's terminal does."""
    store = Store(state / STORE)
    with store.begin() as transaction:
        plan = transaction.plan(code)
        assert plan
        decision = Decision(approved=True, at=time.time(), by="test", how="terminal")
        transaction.keep(plan.sealed(key_of(state, plan.made_by), decision))
    store.close()
    return plan


def test_a_plan_ends_with_the_process_that_made_it(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served
) -> None:
    with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as first:
        code = waiting_code(first)
        first.end(signal.SIGKILL)
    assert "Nobody decided in time" in after_restart(tmp_path, state, wire, sandbox, code)
    assert (purges(sandbox), outcomes(state)) == ([], [])


def test_the_socket_of_a_killed_process_is_cleared_away(
    tmp_path: Path, state: Path, wire: Wire
) -> None:
    for _ in range(3):
        with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as process:
            waiting_code(process)
            assert len(list(state.glob("*.sock"))) == 1
            process.end(signal.SIGKILL)
    with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as process:
        waiting_code(process)
        process.end()
    assert list(state.glob("*.sock")) == []


def test_an_approval_ends_with_the_process_that_asked_for_it(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served
) -> None:
    with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as first:
        approve(state, code := waiting_code(first))
        first.end(signal.SIGKILL)
    said = after_restart(tmp_path, state, wire, sandbox, code)
    assert "was not signed for this server" in said
    assert (purges(sandbox), outcomes(state)) == ([], [])


@pytest.mark.parametrize("held", ["request", "answer"])
def test_what_was_meant_is_told_though_nobody_knows_whether_it_was_done(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served, held: str
) -> None:
    with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as first:
        approve(state, code := waiting_code(first))
        wire.hold(held)
        first.start_call("purge_all", service=SHOP, approval=code)
        assert wire.is_held.wait(10)
        first.end(signal.SIGKILL)
    assert len(purges(sandbox)) == (held == "answer")
    said = after_restart(tmp_path, state, wire, sandbox, code)
    assert "This approval was" in said
    assert outcomes(state) == ["unknown: may have been sent"]
    shown = run("audit", "--state-dir", str(state), home=tmp_path)
    assert "unknown: may have been sent" in shown.stdout


def test_what_came_of_it_outlives_the_process(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served
) -> None:
    with server(tmp_path, state, wire, FASTLY_MCP_APPROVAL="broad") as first:
        approve(state, code := waiting_code(first))
        answer = first.call("purge_all", service=SHOP, approval=code)
        assert answer["structuredContent"]["accepted"] == 1
        first.end(signal.SIGKILL)
    assert "This approval was" in after_restart(tmp_path, state, wire, sandbox, code)
    assert outcomes(state) == ["ok"]
    assert [purge["kind"] for purge in purges(sandbox)] == ["all"]


def test_four_processes_share_one_chain_and_one_budget(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served
) -> None:
    def purge(number: int) -> None:
        with server(tmp_path, state, wire) as process:
            for each in range(EACH):
                answer = process.call("purge_url", urls=[f"{PAGE}?{number}-{each}"])
                assert answer["structuredContent"]["accepted"] == 1

    with ThreadPoolExecutor() as pool:
        list(pool.map(purge, range(PROCESSES)))
    assert Counter(outcomes(state)) == {"ok": PROCESSES * EACH}
    verified = run("audit", "--verify", "--state-dir", str(state), home=tmp_path)
    assert verified.returncode == 0, verified.stdout
    with closing(sqlite3.connect(state / STORE)) as database:
        spent = database.execute("SELECT SUM(count) FROM spending WHERE what = 'url'").fetchone()
    assert spent == (PROCESSES * EACH,)
    with server(tmp_path, state, wire) as process:
        left = process.call("get_account")["structuredContent"]["purging"]["urls_left"]
    assert left == 5_000 - PROCESSES * EACH


def test_each_of_many_calls_at_once_is_told_once_before_and_once_after(
    tmp_path: Path, state: Path, wire: Wire, sandbox: Served
) -> None:
    faults = ("status", "html", "truncated", "drop", "drop_after")
    for kind in faults * 4:
        sandbox.ask("POST", "/_sandbox/faults", json={"kind": kind, "path": "*/purge*"})
    environ = {
        "FASTLY_API_ENDPOINT": wire.url,
        "FASTLY_API_TOKEN": "sandbox",
        "FASTLY_MCP_STATE_DIR": str(state),
        "FASTLY_MCP_APPROVAL": "broad",
        "FASTLY_MCP_BROAD_KEYS": "everything",
    }
    with Patient("--no-auth", home=tmp_path, **environ) as web:

        def client(number: int) -> list[str]:
            came = []
            for each in range(CALLS):
                calls: list[tuple[str, dict[str, Any]]] = [
                    ("purge_url", {"urls": [f"{PAGE}?{number}-{each}"]}),
                    ("purge_surrogate_key", {"service": SHOP, "keys": ["home"], "soft": True}),
                    ("purge_surrogate_key", {"service": SHOP, "keys": ["everything"]}),
                    ("purge_all", {"service": "no-such-service"}),
                ]
                tool, arguments = calls[each % len(calls)]
                answer = web.ask("POST", "/mcp", JSON, calling(tool, **arguments)).result
                came.append(answer.get("structuredContent", {}).get("status", ""))
            return came

        with ThreadPoolExecutor(CLIENTS) as pool:
            came = [each for some in pool.map(client, range(CLIENTS)) for each in some]
    assert len(came) == CLIENTS * CALLS
    records = list(Audit(state).records())
    assert all(record.outcome for record in records)
    assert len({record.intent.event for record in records}) == len(records)
    told = Counter(record.intent.tool for record in records)
    assert told["purge_all"] == 0
    assert told["purge_surrogate_key"] <= CLIENTS * 3
    verified = subprocess.run(  # our own command
        [*web.command, "audit", "--verify", "--state-dir", str(state)], check=False
    )
    assert verified.returncode == 0
