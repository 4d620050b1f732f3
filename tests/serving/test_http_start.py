"""How a server over HTTP starts: who is let in, what is refused, what is printed."""

import json
import os
import re
import socket
import stat
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.serving.processes import Process, Web, posix, run
from tests.serving.upstream import CANARY

SECRET = "the-secret-of-the-callers"
KEPT = Path(".local/state/fastly-mcp/http-token")


def entry_of(log: str, name: str = "fastly") -> dict[str, object]:
    """The client's entry a start has printed."""
    shown = json.loads(log[log.index("{") : log.rindex("}") + 1])
    entry: dict[str, object] = shown["mcpServers"][name]
    return entry


@posix
def test_a_secret_is_made_kept_and_not_logged(home: Path) -> None:
    urls = []
    for _ in range(2):
        with Web(home=home, FASTLY_API_TOKEN="sandbox-blind") as server:
            secret = (home / KEPT).read_text().strip()
            assert stat.S_IMODE((home / KEPT).stat().st_mode) == 0o600
            assert entry_of(server.log) == {
                "type": "http",
                "url": server.url,
                "headers": {"Authorization": f"Bearer <the content of {home / KEPT}>"},
            }
            assert secret not in server.log
            assert server.ask("GET", "/nothing").status == 401
            bearer = {"Authorization": f"Bearer {secret}"}
            assert server.ask("GET", "/nothing", bearer).status == 404
            urls.append(secret)
    assert urls[0] == urls[1]


@posix
def test_a_made_secret_is_printed_to_a_terminal(home: Path) -> None:
    theirs, ours = os.openpty()

    class OnTerminal(Process):
        stderr = ours

    try:
        with OnTerminal("http", "--port", "0", home=home, FASTLY_API_TOKEN="sandbox"):
            said = b""
            while not said.rstrip().endswith(b"}\r\n}"):
                said += os.read(theirs, 4096)
            secret = (home / KEPT).read_text().strip()
            assert f'"Bearer {secret}"' in said.decode()
    finally:
        os.close(theirs)
        os.close(ours)


@posix
@pytest.mark.parametrize("spoil", ["loosened", "linked"])
def test_a_made_secret_that_others_can_reach_is_refused(home: Path, spoil: str) -> None:
    file = home / KEPT
    file.parent.mkdir(parents=True)
    if spoil == "loosened":
        file.write_text(SECRET)
        file.chmod(0o644)
    else:
        (home / "elsewhere").write_text(SECRET)
        file.symlink_to(home / "elsewhere")
    done = run("http", "--port", "0", home=home, FASTLY_API_TOKEN="sandbox")
    assert done.returncode == 2
    assert re.fullmatch(
        rf"fastly-mcp: {file} is (open to others|not a regular file).*\n", done.stderr
    )
    assert SECRET not in done.stderr


def test_the_sandbox_needs_no_secret_and_makes_none(home: Path) -> None:
    with Web("--sandbox", "--name", "acme", home=home) as server:
        assert not server.call("list_services").result["isError"]
        assert entry_of(server.log, "acme") == {"type": "http", "url": server.url}
        assert list(home.iterdir()) == []
        assert "uvicorn" not in server.log


def test_a_set_secret_is_asked_for_even_in_the_sandbox(home: Path) -> None:
    with Web("--sandbox", home=home, FASTLY_MCP_HTTP_TOKEN=SECRET) as server:
        assert server.call("list_services").status == 401
        assert not server.call("list_services", {"Authorization": f"Bearer {SECRET}"}).result[
            "isError"
        ]
        assert SECRET not in server.log
        assert "Bearer <your secret>" in server.log


def test_no_auth_says_so(home: Path) -> None:
    with Web("--no-auth", home=home, FASTLY_API_TOKEN="sandbox") as server:
        server.logged("--no-auth: everybody who can connect can purge.")
        assert "headers" not in entry_of(server.log)
        assert server.ask("GET", "/nothing").status == 404


def test_bound_to_everything_only_the_allowed_host_is_served(home: Path) -> None:
    with Web(
        "--host",
        "0.0.0.0",  # noqa: S104  # what is tested
        "--allowed-host",
        "mcp.example.test:8443",
        "--log-json",
        "--log-level",
        "debug",
        home=home,
        FASTLY_API_TOKEN=CANARY,
        FASTLY_MCP_HTTP_TOKEN=SECRET,
    ) as server:
        assert server.url == f"http://mcp.example.test:{server.port}/mcp"
        assert server.ask("GET", "/healthz", {"Host": "mcp.example.test"}).status == 200
        for host in (f"127.0.0.1:{server.port}", "localhost", "[::]"):
            assert server.ask("GET", "/healthz", {"Host": host}).status == 421
        for line in server.log.splitlines():
            assert json.loads(line)["level"]
        assert SECRET not in server.log
        assert CANARY not in server.log


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize("host", ["::1", "127.0.0.2"])
def test_another_loopback_address_serves_its_own_name(home: Path, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, 0), family=family).close()
    except OSError:
        pytest.skip(f"{host} is not bound here")
    with Web("--host", host, "--sandbox", home=home) as server:
        address = f"[{host}]" if ":" in host else host
        assert server.url == f"http://{address}:{server.port}/mcp"
        assert httpx2.get(server.url.replace("/mcp", "/healthz")).status_code == 200


def test_a_port_in_use_is_said_without_a_stack(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("http", "--sandbox", "--port", port, home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"fastly-mcp: Port {port} of 127.0.0.1 cannot be listened on (Address already in use); "
        "choose with --host and --port.\n"
    )


class Unread(Process):
    """A server whose standard error is a pipe that is read up to where it says that it serves."""

    stderr = subprocess.PIPE

    def start(self) -> str:
        assert self.popen.stderr
        for line in self.popen.stderr:
            if found := re.search(rb"serves (http://\S+)/mcp", line):
                return found[1].decode()
        raise AssertionError

    def _close(self) -> None:
        super()._close()
        assert self.popen.stderr
        self.popen.stderr.close()


def test_a_log_that_nobody_reads_keeps_nobody_waiting(home: Path) -> None:
    words = ("http", "--sandbox", "--port", "0", "--log-json", "--log-level", "debug")
    with Unread(*words, home=home) as server:
        url = server.start()
        with httpx2.Client(base_url=url, trust_env=False, timeout=10) as client:
            for _ in range(1_500):
                assert client.get("/healthz").status_code == 200
        server.popen.terminate()
        assert server.popen.wait(timeout=5) in {-15, 128 + 15}
