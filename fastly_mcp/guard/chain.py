"""The chain of the audit: each line carries the hash of the one before, and its own."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastly_mcp.guard.store import Head

BEGINS = b'{"n":'
LINE = re.compile(rb'(\{"n":[1-9].*),"hash":"([0-9a-f]{64})"\}')


@dataclass(frozen=True, slots=True)
class Seal:
    """What lines are hashed with: SHA-256, or HMAC-SHA256 where there is a key."""

    key: bytes = field(default=b"", repr=False)

    @property
    def name(self) -> str:
        """What tells keys apart and nothing else of them; empty without one."""
        return self._mac(b"the name of this key")[:8] if self.key else ""

    def hash(self, text: bytes) -> str:
        return self._mac(text) if self.key else hashlib.sha256(text).hexdigest()

    def _mac(self, text: bytes) -> str:
        return hmac.new(self.key, text, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """A whole line as it stands in a file."""

    n: int
    prev: str
    key: str
    hash: str
    said: Mapping[str, Any]
    is_sound: bool
    """Its hash is that of its text."""
    is_foreign: bool
    """It is under another key, so that whether it is sound cannot be told."""

    @property
    def is_edited(self) -> bool:
        return not (self.is_sound or self.is_foreign)


def sealed(
    head: Head, said: Mapping[str, Any], seal: Seal, *, is_anew: bool = False
) -> tuple[bytes, Head]:
    """Return the line that goes on from `head`, with its line break, and the new head.

    What is hashed is the line's own text up to the hash. All of it is printable ASCII. It carries
    a mark if `head` is only the last line that was found, because the store knew none.
    """
    key = {"key": seal.name} if seal.key else {}
    mark = {"new_store": True} if is_anew else {}
    whole = {"n": head.count + 1, "prev": head.hash, **key, **mark, **said}
    text = json.dumps(whole, ensure_ascii=True, separators=(",", ":")).removesuffix("}").encode()
    new = Head(seal.hash(text), head.count + 1)
    return b'%s,"hash":"%s"}\n' % (text, new.hash.encode()), new


def read(raw: bytes, seal: Seal) -> Line | None:
    """Return what stands in a line; None if it is not a whole one."""
    match = LINE.fullmatch(raw)
    if not match:
        return None
    text, found = match[1], match[2].decode()
    try:
        said = json.loads(text + b"}")
        n, prev, key = said["n"], said["prev"], said.get("key", "")
    except (ValueError, KeyError, RecursionError):
        return None
    if not (isinstance(n, int) and isinstance(prev, str) and isinstance(key, str)):
        return None
    own = seal if key == seal.name else None if key else Seal()
    sound = own is not None and hmac.compare_digest(own.hash(text), found)
    return Line(n, prev, key, found, said, sound, is_foreign=own is None)


@dataclass(slots=True)
class Verification:
    """What came of following the chain; `broken` is in the order of the lines."""

    seal: Seal
    stored: Head | None
    """What the store says the head is, if there is one."""
    kept: Head | None = None
    """One that was printed before and kept elsewhere."""
    head: Head = field(default_factory=Head)
    """The last line that was found."""
    unkeyed: int = 0
    """The last line that was written before there was a key."""
    is_keyed: bool = False
    broken: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    """Beginnings of lines that a crash left; the chain goes on after them."""
    unsure: list[str] = field(default_factory=list)
    """Lines before which some may be missing without a trace."""
    _odd: list[tuple[str, bool]] = field(default_factory=list)
    """Places of what is no sound line since the last one that is, and whether it is torn."""
    _is_foreign: bool = False

    def follow(self, rows: Iterable[tuple[str, bytes]]) -> "Verification":
        """Follow the chain through all lines, each with the place it stands at."""
        for place, raw in rows:
            line = read(raw, self.seal)
            if line and line.is_foreign:
                self._other_key(line, place)
                self._step(line, place)
            elif line and line.is_sound:
                self._check_key(line, place)
                self._step(line, place)
            else:
                self._odd.append((place, line is None and _is_torn(raw)))
        known = self.stored.count if self.stored else 0
        kept = self.kept.count if self.kept else 0
        self._between(max(self.head.count, known, kept), "from the end")
        if not known and self.head.count > 1:
            self.broken.append("The store knows no head, so whether the end is cut is not known.")
        if self.seal.key and self.head.count and not (self.is_keyed or self._is_foreign):
            self.broken.append("No line was written with the key.")
        return self

    def _step(self, line: Line, place: str) -> None:
        if line.n <= self.head.count:
            self.broken.append(f"{place} was put in: line {line.n} stands before it.")
            return
        is_next = not self._between(line.n - 1, f"before {place}")
        if is_next and line.prev != self.head.hash:
            self.broken.append(
                f"Line {self.head.count} was changed: line {line.n} ({place}) does not go on from "
                "it."
                if self.head.count
                else f"Line 1 ({place}) was changed: nothing comes before it."
            )
        self.head = Head(line.hash, line.n)
        if self.stored and self.stored.count == line.n and self.stored.hash != line.hash:
            self.broken.append(
                f"Line {line.n} ({place}) was changed: it is not the one the store knows."
            )
        if self.kept and self.kept.count == line.n and self.kept.hash != line.hash:
            self.broken.append(
                f"Line {line.n} ({place}) is not the one whose head was kept: it was changed, or "
                "cut off and another written."
            )
        if line.said.get("new_store") is True:
            self.unsure.append(
                f"Line {line.n} was written beside a new store: what was cut off before it is not "
                "known."
            )

    def _between(self, last: int, where: str) -> bool:
        """Explain what is odd, and what is missing up to line `last`; tell if any is."""
        missing = range(self.head.count + 1, last + 1)
        for place, is_torn in self._odd:
            if missing:
                self.broken.append(f"Line {missing[0]} ({place}) was changed.")
                missing = missing[1:]
            elif is_torn:
                self.torn.append(f"{place} was torn by a crash; the chain goes on after it.")
            else:
                self.broken.append(f"{place} was put in: it is no line of the chain.")
        self._odd.clear()
        if missing:
            which = (
                f"Line {last} was" if len(missing) == 1 else f"Lines {missing[0]} to {last} were"
            )
            self.broken.append(f"{which} removed {where}.")
        return last > self.head.count

    def _check_key(self, line: Line, place: str) -> None:
        if line.key:
            self.is_keyed = True
        elif self.is_keyed:
            self.broken.append(
                f"Line {line.n} ({place}) was written without the key, and lines before it with it."
            )
        else:
            self.unkeyed = line.n

    def _other_key(self, line: Line, place: str) -> None:
        if not self._is_foreign:
            self._is_foreign = True
            has = f"the key given is {self.seal.name}" if self.seal.key else "no key was given"
            self.broken.append(
                f"Line {line.n} ({place}) was written with the key {line.key}, and {has} "
                "(FASTLY_MCP_AUDIT_KEY_FILE), so it cannot be checked."
            )


def _is_torn(raw: bytes) -> bool:
    # After a power failure a file can end in zeros that were never written.
    begun = raw.rstrip(b"\0")
    return begun.startswith(BEGINS) or BEGINS.startswith(begun)
