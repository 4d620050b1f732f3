"""Where the Fastly token comes from: a variable, or a file that may be rotated."""

import os
import stat
import sys
from pathlib import Path

from pydantic import SecretStr

from fastly_mcp.errors import ConfigError

LARGEST_FILE = 4096

HOW_TO_GET_ONE = (
    "In the Fastly control panel open Account, API tokens, Personal tokens, and create one with "
    "the scopes global:read (to list and inspect) and purge_select (to purge by URL and key), "
    "limited to the services it is for, expiring in 90 days; purging everything needs purge_all. "
    "The value is shown once and cannot be refreshed. Put it into the variable FASTLY_API_TOKEN "
    "where this server is configured (or its file's path into FASTLY_API_TOKEN_FILE), then "
    "restart the client; a changed file needs no restart."
)
UNSET = f"No Fastly token is set. {HOW_TO_GET_ONE}"


class TokenSource:
    """Gives the current token at each request; a rotated file needs no restart."""

    def __init__(self, token: str = "", file: Path | None = None) -> None:
        self._file = file
        self._token = SecretStr(_checked(token, "FASTLY_API_TOKEN")) if token and not file else None

    def __repr__(self) -> str:
        return "TokenSource(…)"

    def current(self) -> SecretStr | None:
        """Return the token, or None when none is set.

        Raises ConfigError if the token file cannot be used.
        """
        if self._file:
            self._look(self._file)
        return self._token

    def warnings(self) -> list[str]:
        """Say what is unwise about the file."""
        if not self._file or sys.platform == "win32":
            return []
        try:
            loose = self._file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
        except OSError:
            return []
        if not loose:
            return []
        return ["The token file can be read by others on this machine; chmod 600 it."]

    def _look(self, file: Path) -> None:
        try:
            content = _content(file)
        except OSError as error:
            raise ConfigError(
                f"FASTLY_API_TOKEN_FILE cannot be read ({error.strerror or 'no reason given'})."
            ) from None
        if len(content) > LARGEST_FILE:
            raise ConfigError(f"FASTLY_API_TOKEN_FILE holds more than {LARGEST_FILE} bytes.")
        if text := content.decode("utf-8-sig", "replace").strip():
            self._token = SecretStr(_checked(text, "FASTLY_API_TOKEN_FILE"))
        elif self._token is None:
            raise ConfigError("FASTLY_API_TOKEN_FILE is empty.")
        # else: somebody is rotating it at this moment, so the old token serves until it is filled


def _content(file: Path) -> bytes:
    """Read the file anew each time, which costs less than being wrong about whether it changed."""
    # Non-blocking, because opening a pipe would wait for a writer for ever.
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError("FASTLY_API_TOKEN_FILE is not a regular file.")
        return os.read(descriptor, LARGEST_FILE + 1)
    finally:
        os.close(descriptor)


def _checked(token: str, source: str) -> str:
    # Anything else cannot go into a header, and the error of the HTTP library would quote it.
    if not all("!" <= character <= "~" for character in token):
        raise ConfigError(f"{source} holds something that is no token: white space or a symbol.")
    return token
