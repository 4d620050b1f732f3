"""fastly-mcp api: the catalog, shown to a person."""

import json

import pytest

from tests.cli.conftest import Main


def test_a_search_shows_what_an_operation_is_for(main: Main) -> None:
    ended = main("api", "search", "origin", "servers", "--limit", "3")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert len(lines) == 6
    assert "list_backends  GET /service/{service_id}/version/{version_id}/backend" in lines
    assert max(map(len, lines)) < 120


def test_as_json_it_is_what_an_agent_is_told(main: Main) -> None:
    ended = main("api", "search", "origin", "servers", "--json")
    told = json.loads(ended.out)
    assert len(told) == 5
    assert {"operation", "method", "path", "summary"} <= set(told[0])


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_found_ends_with_1(main: Main, options: tuple[str, ...]) -> None:
    ended = main("api", "search", "xyzzyplugh", *options)
    assert ended.code == 1
    assert ended.out in {"Nothing in the Fastly API is like that.\n", "[]\n"}


def test_a_description_tells_every_parameter_with_its_rules(main: Main) -> None:
    ended = main("api", "describe", "list_tls_certs")
    assert (ended.code, ended.err) == (0, "")
    assert "list_tls_certs  GET https://api.fastly.com/tls/certificates" in ended.out
    assert "    page[size] (integer, in the query, from 1, to 100)\n" in ended.out
    assert "attributes.not_after (date-time)" in " ".join(ended.out.split())
    assert "    list, page by page\n" in ended.out
    backend = main("api", "describe", "create_backend").out
    assert "required\n    service_id (string, in the path)\n" in backend
    assert "may be null" in backend


def test_an_unknown_operation_is_told_with_those_like_it(main: Main) -> None:
    ended = main("api", "describe", "list_backend")
    assert (ended.code, ended.out) == (2, "")
    assert "Did you mean list_backends" in ended.err


@pytest.mark.parametrize("words", [(), ("search",), ("describe",), ("find", "x")])
def test_what_is_missing_is_told_with_the_usage(main: Main, words: tuple[str, ...]) -> None:
    ended = main("api", *words)
    assert ended.code == 2
    assert "usage: fastly-mcp api" in ended.err
