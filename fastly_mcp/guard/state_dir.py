"""The state directory: where plans, budgets, the freeze and the audit live, for one user only."""

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

from fastly_mcp.errors import ConfigError

DIRECTORY, FILE = 0o700, 0o600


def default_state_dir(*, sandbox: bool = False) -> Path:
    """Return where state is kept unless FASTLY_MCP_STATE_DIR names another place."""
    import platformdirs  # noqa: PLC0415  # not where the directory is named

    name = "fastly-mcp-sandbox" if sandbox else "fastly-mcp"
    return platformdirs.user_state_path(name, appauthor=False)


def prepared(directory: Path) -> Path:
    """Return the directory, made if it is new.

    Raises ConfigError with the reason if it is a link, another user's, or open to others.
    """
    try:
        directory.mkdir(mode=DIRECTORY, parents=True, exist_ok=True)
        check_ours(directory, stat.S_IFDIR)
    except OSError as error:
        raise ConfigError(f"The state directory {directory}: {error.strerror}.") from None
    return directory


def make_file(file: Path) -> int:
    """Make a file for this user only if it is new, and return its number in the file system.

    Raises ConfigError if it is not to be trusted, and OSError.
    """
    # One that is there is not opened: closing it would let go of SQLite's locks on it.
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE))
    return check_ours(file, stat.S_IFREG)


def check_ours(path: Path, kind: int) -> int:
    """Return the inode of what is of that kind, this user's, and nobody else's.

    Raises ConfigError with the reason if it is not, and OSError.
    """
    found = path.lstat()
    if stat.S_IFMT(found.st_mode) != kind:
        what = "directory" if kind == stat.S_IFDIR else "plain file"
        raise ConfigError(f"{path} is no {what}; it is not used. Move it away.")
    if sys.platform == "win32":  # pragma: no cover  # a user's folders are for that user there
        return found.st_ino
    if found.st_uid != os.geteuid():
        raise ConfigError(f"{path} belongs to another user (uid {found.st_uid}); it is not used.")
    if found.st_mode & 0o077:
        raise ConfigError(f"{path} is open to others; it is not used. Run: chmod go= {path}")
    return found.st_ino
