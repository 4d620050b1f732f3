"""Who may call over HTTP: bearer secrets, each with a caller's name."""

import hashlib
import hmac
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastly_mcp.config import Settings
from fastly_mcp.errors import ConfigError

SHORTEST = 16  # characters of a secret somebody chose
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Callers:
    """Names and the SHA-256 digests of their secrets. No secrets are kept."""

    digests: dict[str, str]

    def __repr__(self) -> str:
        return "Callers(…)"

    def name(self, authorization: str) -> str | None:
        """Return the caller an Authorization header belongs to, in constant time."""
        scheme, _, secret = authorization.partition(" ")
        digest = _digest(secret.strip())
        known = None
        for name, expected in self.digests.items():
            if hmac.compare_digest(digest, expected):
                known = name
        return known if scheme.lower() == "bearer" else None


def from_settings(settings: Settings) -> Callers | None:
    """Return the callers the operator set, None if none were set.

    Raises ConfigError for more than one way of setting them, and for a file or secret that is
    no good.
    """
    ways = (settings.http_token, settings.http_token_file, settings.http_tokens_file)
    if sum(bool(way) for way in ways) > 1:
        raise ConfigError(
            "FASTLY_MCP_HTTP_TOKEN, FASTLY_MCP_HTTP_TOKEN_FILE and FASTLY_MCP_HTTP_TOKENS_FILE "
            "exclude each other; keep one."
        )
    if settings.http_token:
        return _single(settings.http_token, "FASTLY_MCP_HTTP_TOKEN")
    if settings.http_token_file:
        name = "FASTLY_MCP_HTTP_TOKEN_FILE"
        return _single(_text(settings.http_token_file, name).strip(), name)
    if settings.http_tokens_file:
        return _several(_text(settings.http_tokens_file, "FASTLY_MCP_HTTP_TOKENS_FILE"))
    return None


def minted(file: Path) -> tuple[Callers, str]:
    """Return the callers of a secret made for this machine, and the secret; made once and kept.

    Raises ConfigError if it cannot be kept where nobody else reads it.
    """
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        _check_private(file)
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{file} cannot be used ({_why(error)}); set FASTLY_MCP_HTTP_TOKEN."
        ) from None
    if len(secret) < SHORTEST:
        raise ConfigError(f"{file} holds no secret; delete it, and a new one is made.")
    return _single(secret, str(file)), secret


def _make(file: Path) -> None:
    """Put a new secret there whole, unless another process was quicker."""
    whole = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
        with suppress(FileExistsError):
            os.link(whole, file)
    finally:
        whole.unlink()


def _single(secret: str, source: str) -> Callers:
    if len(secret) < SHORTEST:
        raise ConfigError(f"{source} is shorter than {SHORTEST} characters.")
    if not all("!" <= character <= "~" for character in secret):
        # Clients differ on how anything else goes into a header.
        raise ConfigError(f"{source} holds something that no header carries: use ASCII, no spaces.")
    return Callers({"default": _digest(secret)})


def _several(text: str) -> Callers:
    digests: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, digest = line.strip().partition(" ")
        digest = digest.strip().lower()
        if not NAME.fullmatch(name) or not DIGEST.fullmatch(digest) or name in digests:
            raise ConfigError(
                f"Line {number} of FASTLY_MCP_HTTP_TOKENS_FILE is not: name, a space, and the "
                "SHA-256 of the secret in hexadecimal; each name once."
            )
        digests[name] = digest
    if not digests:
        raise ConfigError("FASTLY_MCP_HTTP_TOKENS_FILE names no caller.")
    return Callers(digests)


def _text(file: Path, source: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{source} cannot be read ({_why(error)}).") from None


def _why(error: OSError | UnicodeDecodeError) -> str:
    return getattr(error, "strerror", None) or "it is not text"


def _check_private(file: Path) -> None:
    status = file.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{file} is not a regular file.")
    if sys.platform != "win32" and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        raise ConfigError(f"{file} is open to others; delete it, and a new one is made.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
