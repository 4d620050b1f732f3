"""The four scopes of a Fastly token, and which includes which."""

from collections.abc import Iterable
from enum import StrEnum

from fastly_mcp.errors import ConfigError


class Scope(StrEnum):
    """Source: Fastly's documentation of API tokens, "scopes"."""

    GLOBAL = "global"
    GLOBAL_READ = "global:read"
    PURGE_SELECT = "purge_select"
    PURGE_ALL = "purge_all"


def expand(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return the scopes with all they include.

    `global` includes every other. That `purge_all` includes `purge_select` is documented nowhere,
    so here it does not.
    """
    given = frozenset(scopes)
    return frozenset(Scope) if Scope.GLOBAL in given else given


def parse(text: str, source: str) -> frozenset[Scope]:
    """Read space-separated scopes an operator wrote.

    Raises ConfigError, naming `source`, for a word that is no scope, and for none at all.
    """
    known = {scope.value: scope for scope in Scope}
    words = text.replace(",", " ").split()
    if not words or not all(word in known for word in words):
        raise ConfigError(f"{source} must hold scopes and nothing else: {', '.join(Scope)}.")
    return frozenset(known[word] for word in words)
