"""The one redactor: every answer of Fastly passes it before anything else sees it."""

from typing import Any

from fastly_mcp.api.secret_fields import IDS, NAMES, PAIRS, WITHIN
from fastly_mcp.api.secret_pairs import called, is_secret_value
from fastly_mcp.api.secret_text import hide
from fastly_mcp.api.secret_values import hidden, mark

Node = dict[str, Any] | list[Any]


def redact(data: Any) -> Any:
    """Hide the credentials in parsed JSON, changing its lists and objects in place.

    Text under a secret name becomes `[redacted: NAME]` unless it is empty: that a secret is not
    set is no secret. In other text only what looks like a credential is replaced. Names, numbers,
    booleans, nulls and the structure stay.
    """
    # A list of one, so that a bare text is an item like any other. No recursion, however deep.
    root = [data]
    waiting: list[tuple[Node, str]] = [(root, "")]
    while waiting:
        node, parent = waiting.pop()
        if isinstance(node, dict):
            _object(node, parent, waiting)
        else:
            _list(node, parent, waiting)
    return root[0]


def _object(node: dict[str, Any], parent: str, waiting: list[tuple[Node, str]]) -> None:
    for name, value in node.items():
        if type(value) is str:
            if name in IDS and IDS[name] in node:
                told = value
            elif name in NAMES or (name in WITHIN and parent in WITHIN[name]):
                told = hidden(value, name)
            elif name in PAIRS:
                told = _paired(node, name, value)
            else:
                told = hide(value)
            if told is not value:
                node[name] = told
        elif type(value) is dict or type(value) is list:
            waiting.append((value, name))


def _list(node: list[Any], parent: str, waiting: list[tuple[Node, str]]) -> None:
    is_secret = parent in NAMES
    for index, value in enumerate(node):
        if type(value) is str:
            told = hidden(value, parent) if is_secret else hide(value)
            if told is not value:
                node[index] = told
        elif type(value) is dict or type(value) is list:
            waiting.append((value, parent))


def _paired(node: dict[str, Any], name: str, value: str) -> str:
    """Hide a value that the field beside it calls a credential, as `X-Api-Key` does."""
    said = called(each for beside in PAIRS[name] if isinstance(each := node.get(beside), str))
    bare = value.strip('"')
    if bare and is_secret_value(name, said, value):
        return value.replace(bare, mark(name))
    return hide(value)
