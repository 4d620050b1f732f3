"""What is left of an hour's writes, which people and Terraform share with this server."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import SecretStr

from fastly_mcp.api.answers import reset_of
from fastly_mcp.errors import NotPermitted

RESERVE = 100  # a tenth of the 1,000 an hour that Fastly grants a user [docs.fastly.com/api]


class _Left(NamedTuple):
    writes: int
    until: datetime


class Writes:
    """What Fastly said last of each token. Purges by URL and key are counted elsewhere."""

    def __init__(self) -> None:
        self._left: dict[SecretStr, _Left] = {}

    def note(self, token: SecretStr, headers: Mapping[str, str]) -> None:
        """Read an answer's headers; only those of classic writes tell."""
        remaining, until = headers.get("Fastly-RateLimit-Remaining", ""), reset_of(headers)
        if until and remaining.isascii() and remaining.isdigit() and len(remaining) < 10:
            self._left[token] = _Left(int(remaining), until)

    def check(self, token: SecretStr) -> None:
        """Raise NotPermitted, with the time, where the next write would be one of the reserve."""
        left = self._left.get(token)
        if left is None:
            return
        if left.until <= datetime.now(UTC):
            del self._left[token]
        elif left.writes < RESERVE:
            raise NotPermitted(
                f"Fastly takes {left.writes} more changes of this token's user until "
                f"{left.until:%Y-%m-%dT%H:%M:%SZ}; the last {RESERVE} are left to people and other "
                "programs. Nothing was sent; try again after that."
            )
