"""The catalog against the official Python client: `python -m tests.interop.catalog`.

It fails when the client that is installed (the packages of `.[clients]`) knows operations or facts
that the index does not have.
"""

import sys
from collections.abc import Iterator
from typing import Any

from fastly_mcp.api.catalog.build import shipped
from fastly_mcp.api.catalog.facts import facts
from fastly_mcp.api.catalog.literals import endpoints, find_client, version_of


def differences(index: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    """What the client says and the index does not."""
    have = {each["id"]: each for each in index["operations"]}
    for each in known["operations"]:
        said = have.pop(each["id"], None)
        if said != each:
            names = sorted(name for name in each if said and said.get(name) != each[name])
            yield f"{each['id']}: {', '.join(names) or 'is not in the index'}"
    for name in have:
        yield f"{name}: is only in the index"
    for name in sorted(index["models"].keys() | known["models"].keys()):
        if index["models"].get(name) != known["models"].get(name):
            yield f"the fields of {name}"


def main() -> int:
    client = find_client()
    if client is None:
        print("FAILED  the official client is not installed: pip install -e '.[clients]'")
        return 1
    index = shipped()
    names = {declared["settings"]["operation_id"] for _, declared in endpoints(client)}
    new = names - {each["id"] for each in index["operations"]}
    # Without a summary there are no facts, so operations that are new are told first.
    wrong = [f"{name}: is not in the index" for name in sorted(new)]
    wrong = wrong or list(differences(index, facts(client)))
    for line in wrong:
        print(f"FAILED  {line}")
    mark = "FAILED " if wrong else "ok     "
    print(
        f"{mark} {len(names)} operations of fastly {version_of(client)}, {index['client']} indexed"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
