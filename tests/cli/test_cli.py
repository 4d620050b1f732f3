"""The command line as a whole: help, version, mistakes, pipes, signals, the token's absence."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fastly_mcp import __version__
from fastly_mcp.cli import ALONE, COMMANDS
from tests.cli.conftest import Main
from tests.serving.processes import COMMAND, Process, environment, posix, run, until
from tests.serving.upstream import CANARY, Upstream

REAL = "canary0TOKEN0value0canary0TOKEN12"


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"], ["--sandbox", "help"]])
def test_help_names_every_command_and_the_way_to_try_it(main: Main, words: list[str]) -> None:
    ended = main(*words)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("usage: fastly-mcp")
    for command, what in COMMANDS.items():
        assert f"  {command:10}{what}\n" in ended.out
    assert "fastly-mcp demo" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_its_options(main: Main, command: str) -> None:
    asked = main(command, "--help", COLUMNS="80")
    assert asked == main("help", command, COLUMNS="80")
    assert asked.code == 0
    assert asked.out.startswith(f"usage: fastly-mcp {command} [-h]")
    assert ("[--sandbox]" in asked.out) == (command not in ALONE)
    assert "--token" not in asked.out
    assert max(map(len, asked.out.splitlines())) <= 80


def test_the_version_is_told(main: Main) -> None:
    assert main("--version").out == f"fastly-mcp {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "fastly-mcp: no command 'nosuch'; there are: stdio, http, demo, sandbox, "),
        (["help", "nosuch"], "fastly-mcp: no command 'nosuch'"),
        (["demo", "--nosuch"], "fastly-mcp demo: error: unrecognized arguments: --nosuch"),
        (["--nosuch"], "fastly-mcp stdio: error: unrecognized arguments: --nosuch"),
        (["--name"], "fastly-mcp: error: argument --name: expected one argument"),
        (["stdio", "--log-level", "loud"], "argument --log-level: invalid choice: 'loud'"),
        (["call"], "fastly-mcp call: error: the following arguments are required: TOOL"),
        (["call", "get_account", "--token", "x"], "unrecognized arguments: --token"),
        (["http", "--token", "x"], "unrecognized arguments: --token x"),
        (["tools", "--scope", "global"], "unrecognized arguments: --scope global"),
        (["tools", "--name", "a/b"], "fastly-mcp: FASTLY_MCP_NAME must be"),
    ],
)
def test_a_mistake_is_named_without_a_stack(main: Main, words: list[str], said: str) -> None:
    ended = main(*words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("words", [["tools"], ["call", "get_account"], ["http", "--port", "0"]])
@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"FASTLY_MCP_READ_ONLY": "canary"}, "FASTLY_MCP_READ_ONLY must be 1 or 0."),
        ({"FASTLY_MCP_TOOLSETS": "canary"}, "FASTLY_MCP_TOOLSETS names an unknown toolset"),
        ({"FASTLY_API_TOKEN": "canary canary"}, "FASTLY_API_TOKEN holds something that is no"),
        ({"FASTLY_API_TOKEN_FILE": "/no/canary"}, "FASTLY_API_TOKEN_FILE cannot be read"),
        ({"FASTLY_API_TOKEN_FILE": "/"}, "FASTLY_API_TOKEN_FILE is not a regular file."),
        ({"FASTLY_API_ENDPOINT": "http://canary.test"}, "FASTLY_API_ENDPOINT must be https"),
    ],
)
def test_wrong_settings_end_a_command_with_2(
    main: Main, words: list[str], environ: dict[str, str], said: str
) -> None:
    ended = main(*words, **environ)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"fastly-mcp: {said}")
    assert "canary" not in ended.err


def test_options_may_stand_before_the_command(main: Main) -> None:
    for words in (
        ["--sandbox", "--name", "acme", "call", "get_account"],
        ["--name=acme", "call", "get_account", "--sandbox"],
        ["call", "--sandbox", "get_account", "--name", "acme"],
    ):
        ended = main(*words)
        assert ended.code == 0
        assert '"account_name": "acme"' in ended.out
        assert '"sandbox": true' in ended.out


@pytest.mark.parametrize(
    "words",
    [
        ["call", "get_account"],
        ["call", "purge_url", "urls=x.test"],
        ["tools"],
        ["doctor"],
        ["demo"],
    ],
)
def test_in_the_sandbox_a_real_token_is_neither_used_nor_shown(
    main: Main, words: list[str]
) -> None:
    real = {"FASTLY_API_TOKEN": REAL, "FASTLY_API_ENDPOINT": "https://127.0.0.1:1"}
    if words[0] != "demo":
        ended = main(*words, FASTLY_MCP_SANDBOX="1", **real)
        assert REAL not in ended.out + ended.err
    ended = main(*words, "--sandbox", **real)
    assert REAL not in ended.out + ended.err
    # An invented host is unknown to the sandbox, which shows that it was asked.
    assert ended.code == 0


def test_the_sandbox_takes_its_own_tokens(main: Main) -> None:
    ended = main("call", "get_account", "--sandbox", FASTLY_API_TOKEN="sandbox-read")
    assert '"name": "sandbox-read"' in ended.out


def test_the_sandbox_can_be_large(main: Main) -> None:
    large = {"FASTLY_MCP_SANDBOX": "1", "FASTLY_MCP_SANDBOX_SERVICES": "120"}
    assert '"pages": 12' in main("call", "list_services", "per_page=10", **large).out


def test_the_script_and_the_module_are_the_same(home: Path) -> None:
    script = Path(sys.executable).with_name("fastly-mcp")
    if not script.exists():
        pytest.skip("this interpreter has no scripts beside it")
    done = subprocess.run(
        [script, "--version"],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == run("--version", home=home).stdout == f"fastly-mcp {__version__}\n"


@posix
@pytest.mark.parametrize("words", [["tools"], ["call", "list_services", "--sandbox"]])
def test_a_closed_pipe_is_no_fault(home: Path, words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, *words],
            env=environment(home),
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=20,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@posix
def test_an_interrupted_command_ends_without_a_stack(home: Path, fastly: Upstream) -> None:
    with (
        fastly.hold("GET /service"),
        Process(
            "call",
            "list_services",
            home=home,
            FASTLY_API_TOKEN=CANARY,
            FASTLY_API_ENDPOINT=fastly.url,
        ) as command,
    ):
        until(lambda: fastly.held)
        code, seconds = command.end(signal.SIGINT)
        assert (code, command.log) == (130, "")
        assert seconds < 2


@pytest.mark.parametrize("words", [["demo"], ["help"], ["call", "get_account"], ["doctor"]])
def test_a_console_without_the_characters_shows_others(
    main: Main, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", console)
    assert main(*words, "--sandbox").code == 0
    assert console.tell()


@posix
@pytest.mark.parametrize(
    ("closed", "words", "code", "said"),
    [
        ("<&-", "stdio", 2, "fastly-mcp: standard input or output is closed"),
        (">&-", "stdio", 2, "fastly-mcp: standard input or output is closed"),
        (">&-", "tools", 0, ""),
        ("<&-", "call get_account --sandbox", 0, ""),
    ],
)
def test_a_closed_standard_stream_is_no_stack(
    home: Path, closed: str, words: str, code: int, said: str
) -> None:
    shell = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m fastly_mcp {words} {closed}', sys.executable],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert shell.returncode == code
    assert shell.stderr.startswith(said)
    assert "Traceback" not in shell.stderr
