"""Breadth: which changes wait for a person, by what they reach and not by their tool's name."""

import re
from collections import Counter
from collections.abc import Collection

from fastly_mcp.config import Level
from fastly_mcp.guard.changes import Change
from fastly_mcp.text import shortened

WINDOW = 600.0  # seconds over which purges are counted together
HARD = {"key": 20, "url": 50}
SOFT = 500
HOST = re.compile(r"[\w*-]+(\.[\w*-]+)+")  # wildcards are domains too


def why_it_waits(
    change: Change, level: Level, broad_keys: Collection[str], before: Counter[str]
) -> str:
    """Say why this change waits for a person; empty if it need not.

    `before` counts by service what was purged in the same way within WINDOW without one.
    """
    if level is Level.NEVER:
        return ""
    if change.kind == "write":
        return "a person decides on every write"
    if change.kind == "all":
        return "it empties the whole cache"
    if level is Level.PURGE_ALL:
        return ""
    # What is broad is told of at every level.
    broad = _broad_key(change, broad_keys) or _too_many(change, before)
    if level is Level.BROAD or broad:
        return broad
    return f"every purge waits here (FASTLY_MCP_APPROVAL={level})"


def _broad_key(change: Change, broad_keys: Collection[str]) -> str:
    if change.kind != "key":
        return ""
    hit = change.hits[0]
    for key in change.targets:
        folded, shown = key.casefold(), shortened(key)
        if folded in broad_keys:
            return f"the key {shown} tags every page on many sites"
        if folded in hit.names:
            return f"the key {shown} is called as the service is, and may tag all of it"
        if HOST.fullmatch(folded) and hit.may_serve(folded):
            return f"the key {shown} may be a domain of the service, and tag all of it"
    if hit.is_lost:
        return "the service's name cannot be looked up now, and a key called so may tag all of it"
    return ""


def _too_many(change: Change, before: Counter[str]) -> str:
    most = SOFT if change.soft else HARD[change.kind]
    together: Counter[str] = Counter()
    for place, count in (change.counts + before).items():
        together[change.owners.get(place, "") if change.kind == "url" else place] += count
    # What belongs to nobody knows whom may belong to any of them.
    unknown = together.pop("", 0)
    mine = {change.owners.get(host, "") for host in change.hosts} or set(change.counts)
    reached = max(
        together[service] if service else max([0, *together.values()]) for service in mine
    )
    if reached + unknown <= most:
        return ""
    what = f"{'soft-' if change.soft else ''}purged {change.kind}s"
    return f"with those of the last 10 minutes it is {reached + unknown} {what}, over {most}"
