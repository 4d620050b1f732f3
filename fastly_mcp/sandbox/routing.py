"""How a request finds its handler: by its raw path, segment by segment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from fastly_mcp.sandbox.calls import Handler
from fastly_mcp.sandbox.state import SCOPES

REST = "{cached_url}"
"""The parameter that takes the rest of the path, however many slashes it has."""


class Access(Enum):
    """Who may call an endpoint: the scopes that open it."""

    ANYONE = frozenset[str]()
    ANY_TOKEN = SCOPES
    READ = frozenset({"global", "global:read"})
    WRITE = frozenset({"global"})
    PURGE_SELECT = frozenset({"global", "purge_select"})
    PURGE_ALL = frozenset({"global", "purge_all"})


class Side(Enum):
    """Which of Fastly's services answers, as far as that shows: in limits and headers."""

    CLASSIC = "classic"
    """The old control plane: changes count against the hourly limit, and their answers say so."""
    NEWER = "newer"
    """The newer services, whose answers never name a limit."""
    NODE = "node"
    """The edge, which has a limit of its own for purges by URL and key."""
    DOOR = "door"
    """The sandbox's own doors."""


class Endpoint(NamedTuple):
    method: str
    path: str
    handler: Handler
    access: Access
    side: Side


@dataclass
class Node:
    """One place in the tree of paths."""

    literal: dict[str, "Node"] = field(default_factory=dict)
    parameter: "Node | None" = None
    endpoints: dict[str, tuple[Endpoint, tuple[str, ...]]] = field(default_factory=dict)
    """By method: the endpoint, and the names of the parameters on the way to it."""
    takes_rest: bool = False


def family(
    side: Side, path: str, access: Access | None = None, **handlers: Handler
) -> Iterator[Endpoint]:
    """The endpoints of one path; what reads needs `global:read`, what changes `global`."""
    for method, handler in handlers.items():
        usual = Access.READ if method == "GET" else Access.WRITE
        yield Endpoint(method, path, handler, access or usual, side)


def tree(endpoints: Iterable[Endpoint]) -> Node:
    """Arrange endpoints by the segments of their paths."""
    root = Node()
    for endpoint in endpoints:
        node, names = root, []
        for segment in endpoint.path[1:].split("/"):
            if not segment.startswith("{"):
                node = node.literal.setdefault(segment, Node())
                continue
            names.append(segment.strip("{}"))
            if node.parameter is None:
                node.parameter = Node(takes_rest=segment == REST)
            node = node.parameter
        node.endpoints[endpoint.method] = endpoint, tuple(names)
    return root


def find(root: Node, method: str, path: str) -> tuple[Endpoint | None, dict[str, str]]:
    """The endpoint of a request and what its parameters hold.

    A path is matched as it was sent, because a purged URL keeps its slashes. A literal segment
    wins over a parameter. Parameters are percent-decoded, but for the rest of a path.
    """
    node, segments = root, path[1:].split("/")
    values: list[str] = []
    for at, segment in enumerate(segments):
        further = node.literal.get(segment) or (node.parameter if segment else None)
        if further is None:
            return None, {}
        if further.takes_rest:
            rest = "/".join(segments[at:])
            node, values = further, [*values, rest]
            break
        if further is node.parameter:
            values.append(unquote(segment))
        node = further
    endpoint, names = node.endpoints.get(method, (None, ()))
    return endpoint, dict(zip(names, values, strict=True)) if endpoint else {}
