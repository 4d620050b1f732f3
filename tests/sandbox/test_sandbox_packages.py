"""Packages of Compute services are read as far as they can be, and never further."""

import gzip
import hashlib
from typing import Any

import httpx2
import pytest

from tests.sandbox.tours_services import MADE_BY, MANIFEST, module, package

pytestmark = pytest.mark.anyio

EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
BLOCK = 512


async def upload(client: httpx2.AsyncClient, content: bytes) -> httpx2.Response:
    draft = (await client.put(f"/service/{EDGE_API}/version/1/clone")).json()["number"]
    path = f"/service/{EDGE_API}/version/{draft}/package"
    return await client.put(path, files={"package": ("package.tar.gz", content)})


async def metadata(client: httpx2.AsyncClient, content: bytes) -> Any:
    response = await upload(client, content)
    assert response.status_code == 200
    return response.json()["metadata"]


async def test_the_manifest_and_the_module_tell_what_a_package_is(
    client: httpx2.AsyncClient,
) -> None:
    wasm = module(MADE_BY)
    content = package(MANIFEST, wasm)
    told = await metadata(client, content)
    assert told == {
        "name": "toured",
        "description": "For a tour",
        "authors": ["tests@larkspur.example"],
        "language": "rust",
        "size": len(content),
        "hashsum": hashlib.sha512(content).hexdigest(),
        "files_hash": hashlib.sha512(wasm + MANIFEST.encode()).hexdigest(),
        "wasm_metadata": MADE_BY
        | {"processed-by": MADE_BY["processed-by"] | {"fastly_data": {"package_info": {}}}},
    }


async def test_a_package_may_be_the_whole_body(client: httpx2.AsyncClient) -> None:
    draft = (await client.put(f"/service/{EDGE_API}/version/1/clone")).json()["number"]
    path = f"/service/{EDGE_API}/version/{draft}/package"
    content = package(MANIFEST, b"")
    told = (await client.put(path, content=content)).json()["metadata"]
    assert (told["name"], told["size"]) == ("toured", len(content))


def tarball(head: bytes) -> bytes:
    return gzip.compress(head.ljust(BLOCK, b"\0") + bytes(BLOCK))


def header(name: str, size: bytes) -> bytes:
    return name.encode().ljust(124, b"\0") + size.ljust(32, b"\0") + b"0"


@pytest.mark.parametrize(
    "content",
    [
        b"\x1f\x8b",
        gzip.compress(b"no tarball"),
        package(MANIFEST, b"")[:40],
        tarball(header("toured/fastly.toml", b"-2000")),
        tarball(header("toured/fastly.toml", b"77777777777")),
        tarball(header("toured/fastly.toml", b"many")),
        package("not = [toml", b""),
        package("x = " + "[" * 20_000, b""),
        package('name = 1\nauthors = "nobody"', b""),
        package("", b"\0asm\1\0\0\0\0"),
        package("", b"\0asm\1\0\0\0\0\xff\xff\xff\xff\xff\x7f"),
        package("", b"\0asm\1\0\0\0\0\x0f\x09producers\xff\xff\xff\xff\x0f"),
        package("", b"\0asm\1\0\0\0\0\x04\x03\xff\xff\xff"),
    ],
    ids=range(13),
)
async def test_what_cannot_be_read_is_left_out(client: httpx2.AsyncClient, content: bytes) -> None:
    told = await metadata(client, content)
    assert (told["name"], told["authors"]) == ("package", [])
    assert "wasm_metadata" not in told


@pytest.mark.parametrize("data", ["{", '{"half": "\\ud800"}', '{"deep": ' + "[" * 90 + "]" * 90])
async def test_data_that_is_no_json_stays_text(client: httpx2.AsyncClient, data: str) -> None:
    made_by = {"processed-by": {"fastly_data": data[:120]}}
    told = await metadata(client, package(MANIFEST, module(made_by)))
    assert told["wasm_metadata"] == made_by


@pytest.mark.parametrize("content", [b"", b"no package"])
async def test_what_is_not_compressed_is_no_package(
    client: httpx2.AsyncClient, content: bytes
) -> None:
    response = await upload(client, content)
    assert response.status_code == 400
    assert response.json().keys() == {"msg", "detail"}
