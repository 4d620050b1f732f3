"""Packages of Compute services: weighed, hashed and looked into, but not run."""

import contextlib
import hashlib
import io
import re
import tomllib
import zlib
from collections.abc import Iterator
from typing import Any

from starlette.responses import Response

from fastly_mcp.sandbox import errors, invented
from fastly_mcp.sandbox.account.events import record
from fastly_mcp.sandbox.answers import classic
from fastly_mcp.sandbox.calls import Call, read_json
from fastly_mcp.sandbox.state import Row, Version

BOUNDARY = re.compile(r'boundary="?([^";]+)')
GZIP = b"\x1f\x8b"
BLOCK = 512
"""Bytes in which a tarball counts."""
LARGEST, LARGEST_MANIFEST = 64 * 2**20, 2**16
"""Bytes that are unpacked and read, so that a small package cannot fill the memory."""
TOLD = ("name", "description", "language", "cloned_from")
"""What the answer repeats of the manifest, besides the authors."""


def get_package(call: Call) -> Response:
    version = call.version()
    if "package" not in version.features:
        raise errors.no_such_object("Package", service=call.service().id, version=version.number)
    return classic(_package(call, version))


def upload_package(call: Call) -> Response:
    version = call.draft()
    content = uploaded(call)
    if call.service().type != "wasm" or not content.startswith(GZIP):
        raise invented.bad_package()
    row = {
        "id": call.world.new_id(),
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "deleted_at": None,
        "metadata": metadata(content),
    }
    version.features = version.features | {"package": row}
    record(call, "package.update", call.service().id)
    return classic(_package(call, version))


def _package(call: Call, version: Version) -> Row:
    return version.features["package"] | {
        "service_id": call.params["service_id"],
        "version": version.number,
    }


def uploaded(call: Call) -> bytes:
    """The file in a form with files; without a form the body is the file."""
    found = BOUNDARY.search(call.headers.get("Content-Type", ""))
    if found is None:
        return call.body
    mark = b"--" + found[1].encode("utf-8", "replace")
    for part in call.body.split(mark)[1:]:
        _, _, content = part.partition(b"\r\n\r\n")
        if content.startswith(GZIP):
            return content.removesuffix(b"\r\n")
    return b""


def metadata(content: bytes) -> Row:
    """What Fastly tells of a package; what cannot be read is invented or left out."""
    files = dict(unpacked(content))
    manifest: Row = {}
    wasm: Row = {}
    for name, held in files.items():
        if name.endswith("/fastly.toml"):
            with contextlib.suppress(ValueError, RecursionError):
                manifest = tomllib.loads(held[:LARGEST_MANIFEST].decode())
        elif name.endswith("/main.wasm"):
            wasm = producers(held)
    row: Row = {
        "name": "package",
        "description": "",
        "language": "other",
        "authors": [],
        "size": len(content),
        "hashsum": hashlib.sha512(content).hexdigest(),
        # Over all files in the order of their names, as the CLI's hash-files does it.
        "files_hash": hashlib.sha512(b"".join(files[name] for name in sorted(files))).hexdigest(),
    }
    row |= {name: manifest[name] for name in TOLD if isinstance(manifest.get(name), str)}
    authors = manifest.get("authors")
    if isinstance(authors, list):
        row["authors"] = [each for each in authors if isinstance(each, str)]
    return row | ({"wasm_metadata": wasm} if wasm else {})


def unpacked(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of a tarball by their names, as far as it can be read.

    By hand, because `tarfile` trusts what it reads: sparse files of any size, and negative ones.
    """
    with contextlib.suppress(zlib.error, ValueError):
        plain, at = zlib.decompressobj(wbits=31).decompress(content, LARGEST), 0
        while (head := plain[at : at + BLOCK]).strip(b"\0"):
            size, start = int(head[124:136].strip(b"\0 "), 8), at + BLOCK
            if size < 0:
                break
            if head[156:157] in {b"0", b"\0"}:
                name = head[:100].rstrip(b"\0").decode("utf-8", "replace")
                yield name, plain[start : start + size]
            at = start + -(-size // BLOCK) * BLOCK


def producers(wasm: bytes) -> Row:
    """What made a module, from its section of that name [WebAssembly tool conventions]."""
    told: Row = {}
    module = io.BytesIO(wasm[8:])
    with contextlib.suppress(ValueError, IndexError):
        while head := module.read(1):
            section = io.BytesIO(module.read(_number(module)))
            if head == b"\0" and _text(section) == "producers":
                for _ in range(_number(section)):
                    field, count = _text(section), _number(section)
                    told[field] = {_text(section): _value(_text(section)) for _ in range(count)}
    return told


def _number(source: io.BytesIO) -> int:
    """An unsigned LEB128 of up to 32 bits."""
    value = 0
    for shift in range(0, 35, 7):
        byte = source.read(1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value


def _text(source: io.BytesIO) -> str:
    return source.read(_number(source)).decode()


def _value(text: str) -> Any:
    """A version, or what Fastly's tools put there as JSON [go-fastly package/update.yaml]."""
    if text.startswith("{"):
        with contextlib.suppress(errors.FastlyError):
            return read_json(text.encode())
    return text
