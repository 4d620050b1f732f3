"""The catalog holds every operation of the official client, as it declares them."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from pkgutil import iter_modules

import pytest

from fastly_mcp import tools
from fastly_mcp.api.catalog.build import index_of, main, packed, shipped
from fastly_mcp.api.catalog.catalog import INDEX, load
from fastly_mcp.api.catalog.literals import find_client
from fastly_mcp.api.paths import SEGMENT
from fastly_mcp.errors import InvalidArgument

WORDS = re.compile(r"\w+")


def test_every_operation_is_there_once() -> None:
    operations = list(load())
    assert len(operations) == len(load()) == 691
    assert len({each.id for each in operations}) == 691
    assert len({(each.method, each.path) for each in operations}) == 691
    assert Counter(each.method for each in operations) == {
        "GET": 326,
        "DELETE": 119,
        "POST": 117,
        "PUT": 85,
        "PATCH": 44,
    }


def test_the_same_client_gives_the_index_that_is_shipped() -> None:
    client = find_client()
    if client is None:
        pytest.skip("the official client (.[clients]) is not installed")
    index = index_of(client)
    assert index == shipped()
    assert packed(index) == packed(index_of(client))


def test_the_index_is_small() -> None:
    assert INDEX.stat().st_size < 80_000
    assert INDEX.read_bytes()[4:8] == bytes(4)  # no time of making


def test_building_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--source", str(tmp_path)]) == 1
    assert "pip install -e '.[clients]'" in capsys.readouterr().err


def test_the_server_starts_without_the_catalog() -> None:
    names = [f"fastly_mcp.tools.{each.name}" for each in iter_modules(tools.__path__)]
    code = (
        f"import sys; from importlib import import_module\n"
        f"for name in {['fastly_mcp.serving.server', 'fastly_mcp.serving.stdio', *names]!r}:\n"
        f"    import_module(name)\n"
        f"print([name for name in sys.modules if name.startswith('fastly_mcp.api.catalog.c')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_places_of_a_path_are_its_parameters() -> None:
    for each in load():
        names = [parameter.name for parameter in each.parameters if parameter.place == "path"]
        assert sorted(names) == sorted(SEGMENT.findall(each.path)), each.id
        assert all(each.required for each in each.parameters if each.place == "path")


def test_an_outline_says_what_its_operation_says() -> None:
    for outline, each in zip(load().outlines(), load(), strict=True):
        assert outline[:4] == (each.id, each.method, each.path, each.summary)
        named = {parameter.name for parameter in each.parameters if parameter.place != "path"}
        assert set(outline.parameters.split()) == named
        on_the_way = {name for field in each.fields for name in WORDS.findall(field.name)}
        assert set(WORDS.findall(outline.fields)) == on_the_way


def test_a_wrong_id_is_answered_with_similar_ones() -> None:
    with pytest.raises(InvalidArgument, match="list_backends"):
        load().operation("list_backend")
    with pytest.raises(InvalidArgument, match=r"no operation zzzz\.$"):
        load().operation("zzzz")
