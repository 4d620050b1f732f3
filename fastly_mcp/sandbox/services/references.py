"""What the objects of a version name each other: what is not there, and what follows a rename."""

from collections.abc import Iterator

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.edge.pops import POPS
from fastly_mcp.sandbox.services.kinds import KINDS, Kind
from fastly_mcp.sandbox.state import Version

SHIELDS = tuple(sorted(pop.label for pop in POPS if pop.is_shield))


def dangling(version: Version) -> Iterator[str]:
    """What objects of a version name that it does not have."""
    there = {plural: {row["name"] for row in rows} for plural, rows in version.objects.items()}
    there["shields"] = {*SHIELDS}
    for kind in KINDS:
        for row in version.objects.get(kind.plural, ()):
            for field, held in kind.fields.items():
                named = row[field] if held.refers_to else None
                for name in named if isinstance(named, list) else [named]:
                    if name and name not in there.get(held.refers_to, ()):
                        yield invented.dangling(kind.label, row["name"], field, name)


def follow(version: Version, named: Kind, old: str, new: str | None) -> None:
    """Let lists of names, as a director's backends, have an object's new name, or none of it."""
    for kind in KINDS:
        for field, held in kind.fields.items():
            if held.refers_to != named.plural or not isinstance(held.default, list):
                continue
            version.objects = version.objects | {
                kind.plural: tuple(
                    row | {field: [*_renamed(row[field], old, new)]} if old in row[field] else row
                    for row in version.objects.get(kind.plural, ())
                )
            }


def _renamed(names: list[str], old: str, new: str | None) -> Iterator[str]:
    for name in names:
        if name != old:
            yield name
        elif new:
            yield new
