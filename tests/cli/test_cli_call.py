"""fastly-mcp call: one tool call from the shell."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.cli.conftest import Main
from tests.cli.terminals import at_terminal
from tests.conftest import SHOP
from tests.serving.processes import PAGE, posix, run
from tests.serving.upstream import CANARY, Upstream


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is as short as people's are: the path of a socket has to fit."""
    with TemporaryDirectory() as directory:
        yield Path(directory)


def call(main: Main, *words: str, **environ: str) -> Any:
    ended = main("call", *words, "--sandbox", **environ)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


@pytest.mark.parametrize(
    "words",
    [
        ["urls=" + PAGE, "urls=https://www.larkspur.example/", "soft=true"],
        [json.dumps({"urls": [PAGE, "https://www.larkspur.example/"], "soft": True})],
        ['urls=["' + PAGE + '", "www.larkspur.example"]', "soft=1"],
    ],
    ids=["words", "JSON", "a list in a word"],
)
def test_arguments_are_words_or_json(main: Main, words: list[str]) -> None:
    receipt = call(main, "purge_url", *words)
    assert (receipt["accepted"], receipt["soft"], receipt["sandbox"]) == (2, True, True)


def test_a_key_given_thrice_is_a_list_of_three(main: Main) -> None:
    keys = ["keys=a", "keys=b", "keys=c=d"]
    receipt = call(main, "purge_surrogate_key", f"service={SHOP}", *keys)
    assert receipt["accepted"] == 3


def test_without_arguments_nothing_is_asked_for(main: Main) -> None:
    assert call(main, "get_account")["customer"]["name"] == "Larkspur Outfitters"


def test_the_name_is_told(main: Main) -> None:
    assert call(main, "get_account", "--name", "acme-prod")["account_name"] == "acme-prod"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list_services", "shop"], "'shop' is not KEY=VALUE."),
        (["list_services", "[1]"], "'[1]' is not KEY=VALUE."),
        (["list_services", '{"query": '], "the arguments are not a JSON object."),
        (["list_services", "{}", "query=x"], "'{}' is not KEY=VALUE."),
    ],
)
def test_words_that_are_no_arguments_are_named(main: Main, words: list[str], said: str) -> None:
    ended = main("call", *words, "--sandbox")
    assert (ended.code, ended.out, ended.err) == (2, "", f"fastly-mcp: {said}\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["get_service", "service=nosuch"], "No service"),
        (["list_services", "per_page=many"], "Nothing was sent: per_page:"),
        (["list_services", "qury=x"], "unknown argument 'qury'"),
        (["nosuch"], "There is no such tool."),
        (["purge_url", "urls=https://x.test/*"], "Nothing was sent, because of item 1"),
    ],
)
def test_a_tool_error_goes_to_standard_error_with_1(
    main: Main, words: list[str], said: str
) -> None:
    ended = main("call", *words, "--sandbox")
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_a_withheld_tool_is_a_tool_error(main: Main) -> None:
    ended = main("call", "purge_url", "urls=" + PAGE, "--sandbox", FASTLY_API_TOKEN="sandbox-read")
    assert ended.code == 1
    assert "purge_url is withheld: the token lacks the scope purge_select" in ended.err


def test_without_a_token_it_says_how_to_get_one(main: Main) -> None:
    ended = main("call", "list_services")
    assert ended.code == 1
    assert "No Fastly token is set. In the Fastly control panel" in ended.err
    account = main("call", "get_account")
    assert account.code == 0
    assert "No Fastly token is set." in json.loads(account.out)["problem"]


def test_the_token_is_never_printed(main: Main, fastly: Upstream) -> None:
    environ = {"FASTLY_API_TOKEN": CANARY, "FASTLY_API_ENDPOINT": fastly.url}
    for words in (["get_account"], ["list_services"], ["nosuch"], ["purge_all", "service=x"]):
        ended = main("call", *words, **environ)
        assert CANARY not in ended.out + ended.err
        assert "Traceback" not in ended.err


# What waits for a person


@posix
def test_the_person_at_the_terminal_types_what_lets_it_happen(home: Path) -> None:
    words = ("call", "purge_all", "service=shop-prod", "--sandbox")
    ended = at_terminal(*words, typed="yes", home=home, FASTLY_MCP_APPROVAL="broad")
    assert ended.returncode == 1
    assert "Purge EVERYTHING this service has cached" in ended.stdout
    assert "Not approved. Nothing was sent." in ended.stdout
    typed = "purge all of shop-prod"
    for via in ("command", "elicitation"):
        ended = at_terminal(
            *words,
            typed=typed,
            home=home,
            FASTLY_MCP_APPROVAL="broad",
            FASTLY_MCP_APPROVAL_VIA=via,
        )
        assert ended.returncode == 0, ended.stdout
        assert '"accepted": 1' in ended.stdout
    shown = run("audit", home=home, FASTLY_MCP_SANDBOX="1").stdout
    assert shown.count("(terminal)") == 2


@posix
def test_without_a_terminal_the_plan_is_told_and_nothing_sent(home: Path) -> None:
    words = ("call", "purge_all", "service=shop-prod", "--sandbox")
    ended = run(*words, home=home, FASTLY_MCP_APPROVAL="broad")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Purge EVERYTHING this service has cached" in ended.stderr
    assert "this waits for a person, and there is no terminal here" in ended.stderr
    assert ended.stderr.endswith("Nothing was sent.\n")


@posix
def test_where_only_signatures_count_it_sends_to_a_serving_process(home: Path) -> None:
    approvers = home / "allowed_signers"
    approvers.write_text("ann@larkspur.example ssh-ed25519 AAAA")
    approvers.chmod(0o600)
    words = ("call", "purge_all", "service=shop-prod", "--sandbox")
    environ = {"FASTLY_MCP_APPROVAL": "broad", "FASTLY_MCP_APPROVERS": str(approvers)}
    ended = run(*words, home=home, **environ)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "only a signed approval counts" in ended.stderr
