"""The catalog holds every operation of the official client, as it declares them."""

import gzip
from collections import Counter

import pytest

from fastly_mcp.api.catalog.build import TARGET, packed
from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.literals import find_client
from fastly_mcp.api.paths import SEGMENT
from fastly_mcp.errors import InvalidArgument


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
    # Compressed bytes differ between builds of zlib.
    assert gzip.decompress(packed(client)) == gzip.decompress(TARGET.read_bytes())


def test_the_places_of_a_path_are_its_parameters() -> None:
    for each in load():
        names = [parameter.name for parameter in each.parameters if parameter.place == "path"]
        assert sorted(names) == sorted(SEGMENT.findall(each.path)), each.id
        assert all(each.required for each in each.parameters if each.place == "path")


def test_a_wrong_id_is_answered_with_similar_ones() -> None:
    with pytest.raises(InvalidArgument, match="list_backends"):
        load().operation("list_backend")
    with pytest.raises(InvalidArgument, match=r"no operation zzzz\.$"):
        load().operation("zzzz")
