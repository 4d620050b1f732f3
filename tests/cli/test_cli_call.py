"""fastly-mcp call: one tool call from the shell."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Main
from tests.conftest import SHOP
from tests.serving.processes import PAGE
from tests.serving.upstream import CANARY, Upstream


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
