"""The audit: what was changed through this server, told on disk before and after each change."""

import logging
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fastly_mcp.errors import ConfigError, GuardFailed
from fastly_mcp.guard.chain import Seal, Verification, read, sealed
from fastly_mcp.guard.files import (
    BLOCK,
    LARGEST,
    THROUGH_LINKS,
    Files,
    name_of,
    number_of,
)
from fastly_mcp.guard.lines import Intent, Outcome, parsed
from fastly_mcp.guard.processes import is_alive
from fastly_mcp.guard.stderr import Stderr
from fastly_mcp.guard.store import Head, Transaction

SHORTEST_KEY = 32  # bytes
RUNNING = 300.0  # seconds; no call takes longer
UNKNOWN = "unknown: may have been sent"
EDITED = "changed since it was written: see fastly-mcp audit --verify"

log = logging.getLogger("fastly_mcp")


@dataclass(frozen=True, slots=True)
class Record:
    """One change: what was meant and, if that is known, what came of it."""

    intent: Intent
    outcome: Outcome | None
    is_edited: bool = False
    """One of its lines is not as it was written; then no outcome is told."""

    @property
    def at(self) -> float:
        return datetime.fromisoformat(self.intent.time).timestamp()

    def came(self, now: float) -> str:
        """Say in a few words what came of it."""
        if self.is_edited:
            return EDITED
        if self.outcome:
            return UNKNOWN if self.outcome.outcome == "unknown" else self.outcome.outcome
        is_over = now - self.at > RUNNING or not is_alive(self.intent.pid)
        return UNKNOWN if is_over else "running"


class Audit:
    """The audit in a state directory; without one it is in memory.

    Lines go to `sinks`: the file, standard error, or both. Each has a chain of its own, so that
    none misses what only the other was told; a line that goes to both goes on from the file's.
    """

    def __init__(
        self,
        directory: Path | None,
        *,
        sinks: frozenset[str] = frozenset({"file"}),
        key: bytes = b"",
        largest: int = LARGEST,
    ) -> None:
        self.sinks = sinks
        self._files = Files(directory, largest) if directory else None
        self._stderr = Stderr()
        self._kept: list[bytes] = []
        self._seal = Seal(key)

    def write(self, transaction: Transaction, line: Intent | Outcome) -> None:
        """Put a line on disk, as the last thing in a transaction: others wait until it ends.

        Raises GuardFailed if no sink takes it, or if the chain has a key that this one is not.
        """
        failed: dict[str, str] = {}
        sizes: dict[Path, int] = {}
        known = head = transaction.head("file" if "file" in self.sinks else "stderr")
        if "file" in self.sinks:
            try:
                sizes = self.sizes()
                head = self._position(known, sizes)
            except (OSError, ConfigError) as error:
                failed["file"] = _why(error)
        is_anew = bool(head.count) and not known.count
        text, new = sealed(head, asdict(line), self._seal, is_anew=is_anew)
        for sink in sorted(self.sinks - failed.keys()):
            try:
                self._append(text, sizes) if sink == "file" else self._stderr.write(text)
            except (OSError, ValueError, ConfigError) as error:
                failed[sink] = _why(error)
        if failed.keys() == self.sinks:
            raise GuardFailed(f"The audit takes no line: {'; '.join(failed.values())}.")
        if "file" in failed:
            # Of standard error it could not be told, since that is where this goes.
            log.warning("The audit's file takes no line: %s", failed["file"])
        for sink in self.sinks:
            # One that did not take the line misses it, and its chain shows that.
            transaction.keep_head(sink, new)

    def records(self) -> Iterator[Record]:
        """Every change, newest first. Raises ConfigError if the files cannot be read."""
        outcomes: dict[str, Outcome] = {}
        edited: set[str] = set()
        with _told():
            for raw in self._backwards(self.sizes()):
                line = read(raw, self._seal)
                said = parsed(line.said) if line else None
                if not line or not said:
                    continue
                if line.is_edited:
                    edited.add(said.event)
                if isinstance(said, Outcome):
                    outcomes[said.event] = said
                else:
                    outcome = outcomes.pop(said.event, None)
                    is_edited = said.event in edited
                    yield Record(said, None if is_edited else outcome, is_edited)

    def since(self) -> str:
        """Return when the audit begins; empty if there is none. Raises ConfigError as above."""
        with _told():
            for _, raw in self._forwards(self.sizes()):
                line = read(raw, self._seal)
                if said := parsed(line.said) if line else None:
                    return said.time
        return ""

    def sizes(self) -> dict[Path, int]:
        """Every file with its size; nothing is written while a transaction lasts."""
        with _told():
            return self._files.sizes() if self._files else {}

    def verify(
        self, stored: Head | None, sizes: dict[Path, int], kept: Head | None = None
    ) -> Verification:
        """Follow the file's chain as it was when head and sizes were read in one transaction.

        A head that somebody `kept` elsewhere has to be in it. Raises ConfigError if the files
        cannot be read.
        """
        with _told():
            found = Verification(self._seal, stored, kept).follow(self._forwards(sizes))
        numbers = {number_of(file) for file in sizes}
        for number in range(1, max(numbers, default=0)):
            if number not in numbers:
                found.broken.append(f"{name_of(number)} is missing.")
        return found

    def _position(self, head: Head, sizes: dict[Path, int]) -> Head:
        """Return what the next line of the file goes on from.

        That is the head in the store, or the last line in the file where that is further: after a
        crash between the two, or beside a new store.
        """
        further: Head | None = None
        for raw in self._backwards(sizes):
            line = read(raw, self._seal)
            if not line:
                continue
            if line.is_foreign:
                raise ConfigError(
                    f"it was begun with the key {line.key}, which is not the one in "
                    "FASTLY_MCP_AUDIT_KEY_FILE"
                )
            if not line.is_sound:
                continue
            found = Head(line.hash, line.n)
            if line.n <= head.count:
                return further if further and found == head else head
            further = further or found
            if not head.count:
                return further
        return head

    def _append(self, text: bytes, sizes: dict[Path, int]) -> None:
        if self._files:
            self._files.append(text, sizes)
        else:
            self._kept.append(text)

    def _forwards(self, sizes: dict[Path, int]) -> Iterable[tuple[str, bytes]]:
        if self._files:
            return self._files.forwards(sizes)
        return ((f"line {n}", text.rstrip(b"\n")) for n, text in enumerate(self._kept, 1))

    def _backwards(self, sizes: dict[Path, int]) -> Iterable[bytes]:
        if self._files:
            return self._files.backwards(sizes)
        return (text.rstrip(b"\n") for text in reversed(self._kept))


def read_key(file: Path) -> bytes:
    """Return the key in a file, all of its bytes. Raises ConfigError if it is no good one."""
    try:
        # A mounted secret is a link to where it is.
        descriptor = os.open(file, os.O_RDONLY | THROUGH_LINKS)
        try:
            _check_secret(file, os.fstat(descriptor))
            key = os.read(descriptor, BLOCK)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(f"FASTLY_MCP_AUDIT_KEY_FILE cannot be read ({error.strerror}).") from None
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"FASTLY_MCP_AUDIT_KEY_FILE holds less than {SHORTEST_KEY} bytes. Make a key with: "
            "openssl rand -hex 32"
        )
    return key


def _check_secret(file: Path, found: os.stat_result) -> None:
    """Raise ConfigError unless only root and this user's group may have a hand in it.

    Containers mount secrets as root's, and let a program read them through its group.
    """
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"FASTLY_MCP_AUDIT_KEY_FILE: {file} is no plain file; name one that is.")
    if sys.platform == "win32":  # pragma: no cover  # a user's folders are for that user there
        return
    if found.st_uid not in {0, os.geteuid()}:
        raise ConfigError(
            f"FASTLY_MCP_AUDIT_KEY_FILE: {file} belongs to another user (uid {found.st_uid}); it "
            f"is not used. Run: chown {os.geteuid()} {file}"
        )
    if found.st_mode & 0o027:
        raise ConfigError(
            f"FASTLY_MCP_AUDIT_KEY_FILE: {file} is open to others, or its group can write it; it "
            f"is not used. Run: chmod g-w,o= {file} (a mounted secret: give it the mode 0440)"
        )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"The audit cannot be read ({_why(error)}).") from None


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".")
