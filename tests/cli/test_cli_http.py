"""fastly-mcp http: what must not be served is refused before anything is."""

import pytest

from tests.cli.conftest import Main

EVERYWHERE = "0.0.0.0"  # noqa: S104  # refused, or to the allowed host only
SECRET = "the-secret-of-the-callers"


@pytest.mark.parametrize(
    ("words", "environ", "reason"),
    [
        (["--host", EVERYWHERE], {}, "Binding 0.0.0.0 lets other machines in"),
        (["--host", "::"], {}, "Binding :: lets other machines in"),
        (["--host", ""], {}, "lets other machines in"),
        (["--host", EVERYWHERE, "--sandbox"], {}, "Binding 0.0.0.0 lets other machines in"),
        (["--host", "192.0.2.1", "--allowed-host", "h"], {}, "set FASTLY_MCP_HTTP_TOKEN (at"),
        (["--host", EVERYWHERE], {"FASTLY_MCP_HTTP_TOKEN": SECRET}, "needs --allowed-host"),
        (["--host", EVERYWHERE, "--no-auth"], {}, "needs --allowed-host"),
        (["--no-auth"], {"FASTLY_MCP_HTTP_TOKEN": SECRET}, "--no-auth contradicts"),
        ([], {"FASTLY_MCP_HTTP_TOKEN": "short-canary"}, "FASTLY_MCP_HTTP_TOKEN is shorter"),
        ([], {"FASTLY_MCP_HTTP_TOKEN_FILE": "/no/such/file"}, "_FILE cannot be read (No such"),
        (["--allowed-host", "https://h.test"], {}, "'https://h.test' is no host name"),
        (["--allowed-host", "*"], {}, "'*' is no host name"),
        (["--allowed-host", ""], {}, "'' is no host name"),
        (["--port", "65536"], {}, "invalid port value: '65536'"),
        (["--port", "-1"], {}, "invalid port value: '-1'"),
        (["--port", "eighty"], {}, "invalid port value: 'eighty'"),
        (["--host", "192.0.2.1", "--allowed-host", "h", "--no-auth"], {}, "192.0.2.1 cannot be"),
        (["--host", "h" * 70, "--allowed-host", "h", "--no-auth"], {}, "cannot be listened on"),
        ([], {"FASTLY_API_TOKEN": "canary canary"}, "FASTLY_API_TOKEN holds something"),
        ([], {"FASTLY_API_TOKEN": "", "FASTLY_API_TOKEN_FILE": "/canary"}, "cannot be read (No"),
        ([], {"FASTLY_MCP_SERVICES": " "}, "FASTLY_MCP_SERVICES is set but empty"),
    ],
)
def test_what_must_not_be_served_is_refused_with_the_reason(
    main: Main, words: list[str], environ: dict[str, str], reason: str
) -> None:
    ended = main("http", *words, **{"FASTLY_API_TOKEN": "sandbox", **environ})
    assert ended.code == 2
    assert reason in ended.err
    assert "canary" not in ended.err
    assert ended.out == ""
