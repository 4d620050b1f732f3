"""Makes the index of the catalog again: `python -m fastly_mcp.api.catalog.build [--source DIR]`.

It reads Fastly's official Python client (the extra `clients`) without importing it.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import Any

from fastly_mcp.api.catalog.catalog import INDEX
from fastly_mcp.api.catalog.facts import facts
from fastly_mcp.api.catalog.literals import find_client, version_of


def index_of(client: Path) -> dict[str, Any]:
    """Return the index of the client in this directory. Raises KeyError without a summary."""
    return {"client": version_of(client), **facts(client)}


def packed(index: dict[str, Any]) -> bytes:
    """Return the index as it is shipped; the same index gives the same bytes."""
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def shipped() -> dict[str, Any]:
    """Return the index that is there."""
    index: dict[str, Any] = json.loads(gzip.decompress(INDEX.read_bytes()))
    return index


def main(arguments: list[str] | None = None) -> int:
    """Write the index; 1 when there is no client to read."""
    parser = argparse.ArgumentParser(description="Make the catalog's index again.")
    parser.add_argument("--source", type=Path, help="the directory of the package fastly")
    source = parser.parse_args(arguments).source or find_client()
    if source is None or not (source / "api").is_dir():
        print(
            "The official client is not there: install it with pip install -e '.[clients]', "
            "or name the directory of the package fastly with --source.",
            file=sys.stderr,
        )
        return 1
    content = packed(index_of(source))
    INDEX.write_bytes(content)
    print(f"{INDEX}: {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
