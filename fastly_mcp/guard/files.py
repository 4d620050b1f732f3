"""The files of the audit: appended to by every process, read from either end, never renamed."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fastly_mcp.guard.state_dir import check_ours, make_file

FILE = re.compile(r"audit(?:\.([1-9][0-9]{0,8}))?\.jsonl")
LARGEST = 16 * 2**20  # bytes of a file before the next is begun
BLOCK = 2**16
# Opening a pipe that somebody put there must not wait for its other end.
THROUGH_LINKS = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_BINARY", "O_NONBLOCK"))
FLAGS = THROUGH_LINKS | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Files:
    """audit.jsonl, audit.2.jsonl and so on; the last one is written to.

    A full one is left as it is, so that none that somebody may have open is ever renamed. All
    methods raise OSError, and ConfigError for a file that is not this user's only.
    """

    directory: Path
    largest: int = LARGEST

    def append(self, text: bytes, sizes: dict[Path, int]) -> None:
        """Put a line on disk, whole or not at all. Only one process may do so at a time."""
        file = self._current(sizes, len(text))
        is_new = file not in sizes
        make_file(file)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | FLAGS)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            if size and not _ends_whole(descriptor):
                # What a crash has torn stays as it is.
                text = b"\n" + text
            try:
                write_all(descriptor, text)
                os.fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            self._sync()

    def sizes(self) -> dict[Path, int]:
        """Every file with its size, in the order they were begun."""
        files = [file for file in self.directory.glob("audit*.jsonl") if FILE.fullmatch(file.name)]
        return {file: file.lstat().st_size for file in sorted(files, key=number_of)}

    def forwards(self, sizes: dict[Path, int]) -> Iterator[tuple[str, bytes]]:
        """Every line and the place it stands at, as far as the files went when they had `sizes`."""
        for file, size in sizes.items():
            with opened(file) as lines:
                at = 0
                for number, text in enumerate(lines, 1):
                    if raw := text[: size - at].rstrip(b"\n"):
                        yield f"{file.name}:{number}", raw
                    at += len(text)
                    if at >= size:
                        break

    def backwards(self, sizes: dict[Path, int]) -> Iterator[bytes]:
        """Every line of these files to their ends, the last first."""
        for file in reversed(sizes):
            with opened(file) as lines:
                at, rest = lines.seek(0, os.SEEK_END), b""
                while at:
                    size = min(BLOCK, at)
                    at = lines.seek(at - size)
                    rest, *whole = (lines.read(size) + rest).split(b"\n")
                    yield from (raw for raw in reversed(whole) if raw)
                if rest:
                    yield rest

    def _current(self, sizes: dict[Path, int], more: int) -> Path:
        last = next(reversed(sizes.items()), None)
        if last is None:
            return self.directory / name_of(1)
        file, size = last
        is_full = size + more > self.largest
        return self.directory / name_of(number_of(file) + 1) if is_full else file

    def _sync(self) -> None:
        if sys.platform == "win32":  # pragma: no cover  # a directory cannot be opened there
            return
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def opened(file: Path) -> IO[bytes]:
    """Open a file for reading. Raises ConfigError if it is not this user's only, and OSError."""
    check_ours(file, stat.S_IFREG)
    return os.fdopen(os.open(file, os.O_RDONLY | FLAGS), "rb")


def number_of(file: Path) -> int:
    match = FILE.fullmatch(file.name)
    return int(match[1] or 1) if match else 0


def name_of(number: int) -> str:
    return f"audit.{number}.jsonl" if number > 1 else "audit.jsonl"


def write_all(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]


def _ends_whole(descriptor: int) -> bool:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1) == b"\n"
