"""Fastly's answers: read within bounds, parsed, and every error body made one APIError."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from http.client import responses
from secrets import token_bytes
from typing import Any, Literal

import httpx2
from pydantic import SecretStr
from pydantic_core import from_json

from fastly_mcp.errors import (
    APIError,
    NotAuthorized,
    NotFound,
    RateLimited,
    Refused,
    TooLarge,
    Unavailable,
)
from fastly_mcp.text import cut, visible

LARGEST = 10_000_000  # bytes, decoded
SEALING = token_bytes(32)  # of this process, so that no credential can be guessed from a seal

LOCKED = "Clone the version and change the clone: a version that was active stays locked."
SEE_ACCOUNT = "Call get_account: it says what is wrong with the token and how to replace it."


@dataclass(frozen=True)
class Answer:
    """A successful answer: `data` is the parsed JSON body, `size` its bytes, decompressed.

    `seal` tells whether another answer of this process says the same, credentials included.
    """

    data: Any
    headers: Mapping[str, str]
    size: int = 0
    seal: str = ""


Ask = Callable[[str, Mapping[str, str | int] | None, dict[str, str]], Awaitable[Answer]]
"""A connection's GET: path template, query, segments."""


Expects = Literal["json", "text", "anything", "secret"]
"""What a body is read as, whatever its Content-Type says: Fastly's is not reliable. Anything is
JSON where it is that, else text, and None where it is empty; a secret is JSON with credentials that
were asked for."""


async def read(response: httpx2.Response, token: SecretStr, expects: Expects = "json") -> Answer:
    """Read one response to its end; what it says of credentials is redacted.

    This client's own token always is, all else unless a secret is expected. Raises an APIError for
    every status but 2xx, for a body over 10 MB and for one that should be JSON and is not.
    """
    from fastly_mcp.api.redaction import redact  # noqa: PLC0415  # a start needs none of it

    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge(0, f"Fastly's answer is larger than {LARGEST // 1_000_000} MB")
    body = _redacted(body, token)
    data, status = _parse(body), response.status_code
    if not 200 <= status < 300:
        raise error_of(status, response.headers, redact(data))
    if expects == "text" or (expects == "anything" and data is None):
        data = body.decode("utf-8", "replace") or None
    elif data is None:
        raise Unavailable(status, "with something that is not JSON")
    told = data if expects == "secret" else redact(data)
    seal = blake2b(body, key=SEALING, digest_size=8).hexdigest()
    return Answer(told, response.headers, len(body), seal)


@contextmanager
def explained(meanings: Mapping[int, str]) -> Iterator[None]:
    """Say of an error with one of these statuses what it means here."""
    try:
        yield
    except APIError as error:
        if meaning := meanings.get(error.status):
            error.outcome, error.hint = "", meaning
        raise


@contextmanager
def shaped(outcome: str = "") -> Iterator[None]:
    """Read an answer's fields: one that lacks them is Unavailable, not a crash.

    `outcome` is said of a change whose receipt cannot be read.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        raise Unavailable(
            200, "with something of another shape than it should have", outcome=outcome
        ) from None


def error_of(status: int, headers: Mapping[str, str], data: object) -> APIError:
    """Make one error of any of Fastly's error bodies (`msg`/`detail`, JSON:API `errors`,
    problem+json `title`/`detail`, purge `status`/`reason`), or of none of them.
    """  # noqa: D205  # one sentence, too long for one line
    if 300 <= status < 400:
        return Refused(status, "with a redirect to another address, which is not followed")
    title, detail = (cut(visible(" ".join(part.split()))) for part in _said(data))
    title = title or responses.get(status, "without a reason")
    if status == 429:
        return RateLimited(title, detail, reset=reset_of(headers))
    if status >= 500:
        return Unavailable(status, title, detail)
    if status in {401, 403}:
        return NotAuthorized(status, title, detail, hint=SEE_ACCOUNT if status == 401 else "")
    if status == 404:
        return NotFound(status, title, detail)
    return Refused(status, title, detail, hint=LOCKED if "locked" in title.lower() else "")


def _redacted(body: bytearray, token: SecretStr) -> bytearray:
    """Take the token out, should something on the way have echoed it."""
    secret = token.get_secret_value().encode()
    # A sandbox token is no secret, and its words are part of the sandbox's own names.
    if secret.startswith(b"sandbox") or secret not in body:
        return body
    return body.replace(secret, b"[redacted token]")


def _parse(body: bytearray) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def _said(data: object) -> tuple[str, str]:
    if isinstance(data, dict) and isinstance(data.get("errors"), list) and data["errors"]:
        first = data["errors"][0]
        data = first if isinstance(first, dict) else {"title": first}
    if not isinstance(data, dict):
        return "", ""
    title = data.get("msg") or data.get("title") or data.get("reason") or ""
    return str(title), str(data.get("detail") or "")


def reset_of(headers: Mapping[str, str]) -> datetime | None:
    """Return when Fastly counts anew, if the headers tell."""
    value = headers.get("Fastly-RateLimit-Reset", "")
    if not value.isascii() or not value.isdigit() or len(value) > 11:
        return None
    return datetime.fromtimestamp(int(value), UTC)
