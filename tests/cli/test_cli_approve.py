"""`fastly-mcp approve` and its kin: a person at a terminal, and everything that is none."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import pytest

from fastly_mcp.cli import person
from tests.cli.terminals import at_terminal
from tests.guard.signing import has_keygen, make_key, public
from tests.serving.processes import (
    COMMAND,
    PAGE,
    Stdio,
    posix,
    run,
    text_of,
)
from tests.serving.upstream import Upstream

pytestmark = posix

SHOP = "u8jzPde0IgxLd6GncfBAep"
TYPED = "purge all of shop-prod"


class Server(Stdio):
    """A server that has people decide."""

    def __init__(self, fastly: Upstream, home: Path, **environ: str) -> None:
        given = {
            "FASTLY_API_ENDPOINT": fastly.url,
            "FASTLY_API_TOKEN": "sandbox",
            "FASTLY_MCP_APPROVAL": "broad",
        }
        super().__init__(home=home, **given | environ)

    def __enter__(self) -> Self:
        self.initialize()
        return self

    def purge_all(self, approval: str = "") -> dict[str, Any]:
        return self.call("purge_all", service=SHOP, approval=approval)

    def told(self) -> str:
        """The command that the user is told."""
        said: str = self.purge_all()["structuredContent"]["tell_user"]
        return "fastly-mcp approve " + said.rpartition("fastly-mcp approve ")[2]

    def code(self) -> str:
        return self.told().split()[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is as short as people's are: the path of a socket has to fit."""
    with TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture
def server(fastly: Upstream, home: Path) -> Iterator[Server]:
    with Server(fastly, home) as started:
        yield started


def test_a_person_approves_what_is_shown_by_typing_it(server: Server, home: Path) -> None:
    code = server.code()
    assert server.told() == f"fastly-mcp approve {code}"
    ended = at_terminal("approve", code.lower(), typed=TYPED, home=home)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Purge EVERYTHING this service has cached" in ended.stdout
    assert f"{SHOP}  shop-prod" in ended.stdout
    assert f"type within 10 minutes:  {TYPED}" in ended.stdout
    assert "Approved." in ended.stdout
    assert server.purge_all(code)["structuredContent"]["accepted"] == 1
    assert "was used" in text_of(server.purge_all(code))
    assert "used" in run("approvals", home=home).stdout


@pytest.mark.parametrize("typed", ["", "y", "yes", "purge all", "purge all of blog", TYPED.upper()])
def test_anything_else_that_is_typed_approves_nothing(
    server: Server, home: Path, typed: str
) -> None:
    code = server.code()
    ended = at_terminal("approve", code, typed=typed, home=home)
    assert ended.returncode == 1
    assert "Not approved; it still waits." in ended.stdout
    assert server.purge_all(code)["structuredContent"]["status"] == "waiting_for_a_person"


def test_what_was_typed_before_the_plan_is_shown_is_no_answer(server: Server, home: Path) -> None:
    code = server.code()
    ended = at_terminal("approve", code, early=TYPED, typed="no", home=home)
    assert ended.returncode == 1, ended.stdout
    assert "Not approved; it still waits." in ended.stdout


def test_a_person_declines(server: Server, home: Path) -> None:
    code = server.code()
    assert at_terminal("deny", code, typed="", home=home).returncode == 0
    assert "A person declined this" in text_of(server.purge_all(code))
    after = at_terminal("approve", code, typed=TYPED, home=home)
    assert after.returncode == 2
    assert "is refused; the agent has to ask again" in after.stdout
    assert "A person declined this" in text_of(server.purge_all(code))


@pytest.mark.parametrize("command", ["approve", "deny"])
def test_a_pipe_is_no_person(server: Server, home: Path, command: str) -> None:
    code = server.code()
    ended = run(command, code, home=home, stdin=f"{TYPED}\n")
    assert ended.returncode == 2
    assert "no terminal here for a person to type into" in ended.stderr
    assert "Open a terminal of your own" in ended.stderr
    assert server.purge_all(code)["structuredContent"]["status"] == "waiting_for_a_person"


@pytest.mark.parametrize("words", ["<{file}", ">{file}", "</dev/null", "| cat"])
def test_a_redirection_at_a_terminal_is_no_person(server: Server, home: Path, words: str) -> None:
    code, file = server.code(), home / "typed"
    file.write_text(f"{TYPED}\n")
    command = f"{' '.join(COMMAND)} approve {code} {words.format(file=file)}"
    at_terminal("-c", command, typed=TYPED, home=home, command=("/bin/sh",))
    assert server.purge_all(code)["structuredContent"]["status"] == "waiting_for_a_person"


@pytest.mark.parametrize("command", ["approve", "deny", "unfreeze"])
@pytest.mark.parametrize("sign", ["CLAUDECODE", "CURSOR_AGENT", "CODEX_SANDBOX", "GEMINI_CLI"])
def test_an_agents_environment_is_no_person(home: Path, command: str, sign: str) -> None:
    words = () if command == "unfreeze" else ("ABCD-EFGH",)
    environ: dict[str, Any] = {sign: "1"}
    ended = at_terminal(command, *words, typed=TYPED, home=home, **environ)
    assert ended.returncode == 2
    assert f"{sign} is set: an agent runs this, and a person has to." in ended.stdout
    assert "Open a terminal of your own" in ended.stdout


@pytest.mark.parametrize("name", ["claude", "Cursor-Helper", "an opencode"])
def test_an_agent_among_the_processes_above_is_no_person(
    server: Server, home: Path, name: str
) -> None:
    code, agent = server.code(), home / name
    agent.write_text('#!/bin/sh\n"$@"\nexit $?\n')
    agent.chmod(0o700)
    command = (str(agent), "/bin/sh", "-c", '"$@"; exit $?', "sh", *COMMAND)
    ended = at_terminal("approve", code, typed=TYPED, home=home, command=command)
    assert ended.returncode == 2, ended.stdout
    assert f"{name.lower()} runs this, and a person has to." in ended.stdout
    assert server.purge_all(code)["structuredContent"]["status"] == "waiting_for_a_person"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ps is always there")
def test_a_person_in_a_small_image_approves_too(server: Server, home: Path) -> None:
    code = server.code()
    ended = at_terminal("approve", code, typed=TYPED, home=home, PATH="/nonexistent")
    assert ended.returncode == 0, ended.stdout


def test_there_is_no_option_to_answer_for_the_person(home: Path) -> None:
    for option in ("--yes", "-y", "--force"):
        assert run("approve", "ABCD-EFGH", option, home=home).returncode == 2


def test_the_command_names_a_directory_that_is_not_the_usual_one(
    fastly: Upstream, home: Path
) -> None:
    state = home / "a state"
    with Server(fastly, home, FASTLY_MCP_STATE_DIR=str(state)) as server:
        told = server.told()
        code = told.split()[2]
        assert told == f"fastly-mcp approve {code} --state-dir '{state}'"
        lost = at_terminal("approve", code, typed=TYPED, home=home)
        assert lost.returncode == 2
        assert f"there is no state directory {home}" in lost.stdout
        assert "--state-dir" in lost.stdout
        words = ("approve", code, "--state-dir", str(state))
        assert at_terminal(*words, typed=TYPED, home=home).returncode == 0
        assert server.purge_all(code)["structuredContent"]["accepted"] == 1


def test_a_plan_ends_with_the_server_that_asked(fastly: Upstream, home: Path) -> None:
    with Server(fastly, home) as server:
        code = server.code()
        server.end()
    ended = at_terminal("approve", code, typed=TYPED, home=home)
    assert ended.returncode == 2
    assert "The server that asked for this has ended" in ended.stdout
    assert "Traceback" not in ended.stdout
    assert "Purge EVERYTHING" not in ended.stdout
    assert run("approvals", home=home).stdout.startswith(f"{code}  ended ")


def test_a_server_that_hangs_is_not_said_to_have_ended(server: Server, home: Path) -> None:
    code = server.code()
    server.popen.send_signal(signal.SIGSTOP)
    try:
        ended = at_terminal("approve", code, typed=TYPED, home=home)
    finally:
        server.popen.send_signal(signal.SIGCONT)
    assert ended.returncode == 2
    assert "has not answered for 5 s" in ended.stdout


@pytest.mark.parametrize("command", ["approvals", "freeze"])
def test_a_state_directory_that_is_not_understood_is_not_taken_for_the_usual_one(
    home: Path, command: str
) -> None:
    ended = run(command, home=home, FASTLY_MCP_STATE_DIR="${NOPE}")
    assert ended.returncode == 2
    assert "FASTLY_MCP_STATE_DIR still holds an unexpanded variable" in ended.stderr
    assert not (home / ".local").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only there /proc is read")
def test_processes_that_may_not_be_seen_are_no_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(*_: object, **__: object) -> str:
        raise PermissionError

    monkeypatch.setattr(Path, "read_text", hidden)
    assert person._agent_above() == ""


def test_what_waits_is_listed(server: Server, home: Path) -> None:
    assert "there is no state directory" in run("approvals", home=home).stderr
    server.call("purge_url", urls=[PAGE])
    assert run("approvals", home=home).stdout.startswith("Nothing waits")
    code = server.code()
    assert run("approvals", home=home).stdout.startswith(f"{code}  waits ")
    (row,) = json.loads(run("approvals", "--json", home=home).stdout)
    assert (row["code"], row["state"], row["tool"]) == (code, "waits", "purge_all")


def test_a_freeze_holds_for_every_server_at_once_and_a_person_lifts_it(
    fastly: Upstream, server: Server, home: Path
) -> None:
    with Server(fastly, home) as other:
        assert run("freeze", "--for", "2h", "--reason", "launch", home=home).returncode == 0
        for each in (server, other):
            said = text_of(each.call("purge_url", urls=[PAGE]))
            assert "has frozen all changes until" in said
            assert ": launch." in said
        assert run("unfreeze", home=home).returncode == 2
        assert "frozen" in text_of(server.call("purge_url", urls=[PAGE]))
        assert at_terminal("unfreeze", typed="", home=home).returncode == 0
        for each in (server, other):
            assert each.call("purge_url", urls=[PAGE])["structuredContent"]["accepted"] == 1


def test_a_purge_split_over_two_processes_is_counted_together(
    fastly: Upstream, server: Server, home: Path
) -> None:
    keys = [f"key-{number}" for number in range(21)]
    with Server(fastly, home) as other:
        first = server.call("purge_surrogate_key", service=SHOP, keys=keys[:12])
        assert first["structuredContent"]["accepted"] == 12
        rest = other.call("purge_surrogate_key", service=SHOP, keys=keys[12:])
        assert rest["structuredContent"]["status"] == "waiting_for_a_person"
        fits = other.call("purge_surrogate_key", service=SHOP, keys=keys[12:20])
        assert fits["structuredContent"]["accepted"] == 8
        over = server.call("purge_surrogate_key", service=SHOP, keys=keys[20:])
        assert over["structuredContent"]["status"] == "waiting_for_a_person"


# Signed approvals


@pytest.fixture
def signing(fastly: Upstream, home: Path) -> Iterator[tuple[Server, Path]]:
    """A server for which only signed approvals count, and an approver's key."""
    key = make_key(home, "approver")
    approvers = home / "allowed_signers"
    approvers.write_text(f"ann@larkspur.example {public(key)}")
    with Server(fastly, home, FASTLY_MCP_APPROVERS=str(approvers)) as server:
        yield server, key


@has_keygen
def test_an_approver_signs(signing: tuple[Server, Path], home: Path) -> None:
    server, key = signing
    told = server.told()
    code = told.split()[2]
    assert told == f"fastly-mcp approve {code} --sign KEYFILE"
    unsigned = at_terminal("approve", code, typed=TYPED, home=home)
    assert unsigned.returncode == 2
    assert "only a signed approval counts" in unsigned.stdout
    words = ("approve", code, "--sign", str(key))
    assert "no terminal here" in run(*words, home=home, stdin=f"{TYPED}\n").stderr
    ended = at_terminal(*words, typed=TYPED, home=home)
    assert ended.returncode == 0, ended.stdout
    assert server.purge_all(code)["structuredContent"]["accepted"] == 1
    assert "ann@larkspur.example" in run("audit", "--json", home=home).stdout
    assert "was used" in text_of(server.purge_all(code))


@has_keygen
def test_a_signature_may_be_made_elsewhere(signing: tuple[Server, Path], home: Path) -> None:
    server, key = signing
    code = server.code()
    told = at_terminal("approve", code, typed="", home=home).stdout
    (line,) = [line for line in told.splitlines() if line.startswith("  echo ")]
    file = home / "signature"
    command = line.strip().replace("KEYFILE", str(key)).replace("FILE", str(file))
    subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True)
    words = ("approve", code, "--signature", str(file))
    assert at_terminal(*words, typed=TYPED, home=home).returncode == 0
    assert server.purge_all(code)["structuredContent"]["accepted"] == 1


@has_keygen
def test_a_strangers_signature_approves_nothing(signing: tuple[Server, Path], home: Path) -> None:
    server, _ = signing
    code, stranger = server.code(), make_key(home, "stranger")
    at_terminal("approve", code, "--sign", str(stranger), typed=TYPED, home=home)
    said = text_of(server.purge_all(code))
    assert "signed by nobody who may approve here" in said


def test_a_file_that_is_no_signature_is_refused(server: Server, home: Path) -> None:
    code, file = server.code(), home / "signature"
    for text in (None, "", "hello"):
        if text is not None:
            file.write_text(text)
        ended = at_terminal("approve", code, "--signature", str(file), typed=TYPED, home=home)
        assert ended.returncode == 2
        assert "holds no signature" in ended.stdout
    assert server.purge_all(code)["structuredContent"]["status"] == "waiting_for_a_person"


@has_keygen
@pytest.mark.parametrize("wrong", ["missing", "open"])
def test_approvers_that_cannot_be_trusted_let_nothing_through(
    fastly: Upstream, home: Path, wrong: str
) -> None:
    approvers = home / "allowed_signers"
    if wrong == "open":
        approvers.write_text("")
        approvers.chmod(0o666)
    with Server(fastly, home, FASTLY_MCP_APPROVERS=str(approvers)) as server:
        said = text_of(server.purge_all())
    assert "(FASTLY_MCP_APPROVERS) is not used: " in said
    assert said.endswith("Nothing was sent.")
