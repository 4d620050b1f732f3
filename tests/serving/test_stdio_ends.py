"""How a server over stdio ends: end of input and signals, idle and with a call in flight."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.serving.processes import COMMAND, PAGE, Stdio, environment, posix, until
from tests.serving.upstream import Upstream

pytestmark = posix

ENDS = [
    pytest.param(None, 0, id="end of input"),
    pytest.param(signal.SIGINT, 130, id="SIGINT"),
    pytest.param(signal.SIGTERM, 143, id="SIGTERM"),
]
each_end = pytest.mark.parametrize(("how", "code"), ENDS)
input_or_signal = pytest.mark.parametrize(("how", "code"), ENDS[::2])


@each_end
def test_it_ends_at_once_when_idle(home: Path, how: signal.Signals | None, code: int) -> None:
    with Stdio("--sandbox", home=home) as server:
        server.initialize()
        ended, seconds = server.end(how)
        assert (ended, server.log) == (code, "")
        assert seconds < 1.4


def test_what_was_asked_before_the_end_of_input_is_answered(home: Path) -> None:
    with Stdio("--sandbox", home=home) as server:
        server.initialize()
        number = server.send("tools/call", name="list_services", arguments={"query": "blog"})
        ended, _ = server.end()
        answer = json.loads(server.line())
        assert (ended, answer["id"]) == (0, number)
        assert not answer["result"]["isError"]


def test_a_client_that_is_gone_leaves_no_stack(home: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [*COMMAND, "stdio", "--sandbox"],
        input=b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n',
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(home),
        timeout=20,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


@input_or_signal
def test_a_read_in_flight_is_dropped(
    home: Path, fastly: Upstream, how: signal.Signals | None, code: int
) -> None:
    with (
        Stdio(home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=fastly.url) as server,
        fastly.hold("GET /service"),
    ):
        server.initialize()
        server.start_call("list_services")
        until(lambda: fastly.held)
        ended, seconds = server.end(how)
        assert ended == code
        assert seconds < 1.4
        until(lambda: fastly.dropped)
        assert "Traceback" not in server.log


@input_or_signal
def test_a_purge_in_flight_is_waited_for_but_not_for_long(
    home: Path, fastly: Upstream, how: signal.Signals | None, code: int
) -> None:
    with (
        Stdio(home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=fastly.url) as server,
        fastly.hold("POST /purge"),
    ):
        server.initialize()
        server.start_call("purge_url", urls=[PAGE])
        until(lambda: fastly.held)
        ended, seconds = server.end(how)
        assert ended == code
        assert 1.2 < seconds < 2
        until(lambda: fastly.dropped)


@input_or_signal
def test_a_purge_answered_in_the_grace_is_recorded(
    home: Path, fastly: Upstream, how: signal.Signals | None, code: int
) -> None:
    with Stdio(
        "--log-json", home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=fastly.url
    ) as server:
        server.initialize()
        with fastly.hold("POST /purge"):
            server.start_call("purge_url", urls=[PAGE])
            until(lambda: fastly.held)
            server.begin_end(how)
            asked = len(fastly.requests)
        assert server.popen.wait(timeout=2) == code
        assert fastly.dropped == []
        assert len(fastly.requests) == asked
        (record,) = [json.loads(line) for line in server.log.splitlines()]
        assert (record["tool"], record["upstream_requests"]) == ("purge_url", 2)


def test_impatience_leaves_no_stack(home: Path, fastly: Upstream) -> None:
    with (
        Stdio(home=home, FASTLY_API_TOKEN="sandbox", FASTLY_API_ENDPOINT=fastly.url) as server,
        fastly.hold("POST /purge"),
    ):
        server.initialize()
        server.start_call("purge_url", urls=[PAGE])
        until(lambda: fastly.held)
        server.begin_end(signal.SIGTERM)
        ended, seconds = server.end(signal.SIGINT)
        # The system may deliver the two in either order.
        assert ended in {130, 143}
        assert seconds < 2
        assert "Traceback" not in server.log
