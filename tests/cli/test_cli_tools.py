"""fastly-mcp tools: what an agent with certain scopes sees, and what it weighs."""

import json
import warnings

import pytest

from fastly_mcp.api.grant import Grant
from fastly_mcp.cli.connecting import connect
from fastly_mcp.config import Settings
from fastly_mcp.scopes import Scope
from fastly_mcp.serving.server import FastlyServer
from tests.cli.conftest import Main

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data in an old way
    import bpe_openai  # type: ignore[import-untyped]  # it carries no types

ALL = ["purge_all", "purge_url", "purge_surrogate_key"]
READING = [
    "get_account",
    "search_api",
    "read_api",
    "check_edge",
    "list_services",
    "get_service",
]


def rows_of(out: str) -> dict[str, list[str]]:
    rows = [line.split() for line in out.splitlines()[1:-1]]
    return {name: rest for name, *rest in rows}


def test_the_table_tells_scope_tokens_and_annotations(main: Main) -> None:
    ended = main("tools")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("tool                 needs         tokens  annotations\n")
    rows = rows_of(ended.out)
    assert set(rows) == {*ALL, *READING}
    assert rows["purge_all"][0] == "purge_all"
    assert rows["purge_all"][2:] == ["destructive", "open_world"]
    assert rows["get_account"][0] == "none"
    assert rows["list_services"][2:] == ["read_only", "idempotent", "open_world"]
    total = int(ended.out.splitlines()[-1].split()[-1])
    assert total == sum(int(row[1]) for row in rows.values())
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("scopes", "tools"),
    [
        ("global", [*ALL, *READING]),
        ("global:read", READING),
        ("global:read purge_select", ["purge_url", "purge_surrogate_key", *READING]),
        ("purge_select,purge_all", [*ALL, "get_account"]),
        ("purge_all", ["purge_all", "get_account"]),
    ],
)
def test_the_scopes_choose_the_tools(main: Main, scopes: str, tools: list[str]) -> None:
    assert sorted(rows_of(main("tools", "--scopes", scopes).out)) == sorted(tools)


@pytest.mark.parametrize("scopes", ["canary", "", "global canary", "GLOBAL"])
def test_an_unknown_scope_is_refused(main: Main, scopes: str) -> None:
    ended = main("tools", "--scopes", scopes)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("fastly-mcp: --scopes must hold scopes and nothing else: global,")


@pytest.mark.parametrize(
    ("environ", "tools"),
    [
        ({"FASTLY_MCP_READ_ONLY": "1"}, READING),
        ({"FASTLY_MCP_SCOPES": "purge_all"}, ["purge_all", "get_account"]),
        ({"FASTLY_MCP_TOOLSETS": "services"}, ["get_account", "list_services", "get_service"]),
    ],
)
def test_the_operators_limits_hold_here_too(
    main: Main, environ: dict[str, str], tools: list[str]
) -> None:
    assert sorted(rows_of(main("tools", **environ).out)) == sorted(tools)


def test_the_estimate_is_within_15_percent_of_the_real_count(main: Main) -> None:
    encoding = bpe_openai.get_encoding("o200k_base")
    server = FastlyServer(connect(Settings.read({}, sandbox=True)))
    real = {
        tool.name: len(
            encoding.encode(
                json.dumps(
                    {
                        "name": tool.name,
                        "description": tool.description,
                        "inputSchema": tool.input_schema,
                    },
                    separators=(",", ":"),
                    ensure_ascii=False,
                )
            )
        )
        for tool in server.listed(Grant(scopes=frozenset(Scope)))
    }
    told = {name: int(row[1]) for name, row in rows_of(main("tools").out).items()}
    assert told.keys() == real.keys()
    assert sum(told.values()) == pytest.approx(sum(real.values()), rel=0.15)
    for name, tokens in told.items():
        assert tokens == pytest.approx(real[name], rel=0.15), name
