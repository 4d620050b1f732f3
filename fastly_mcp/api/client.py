"""The one HTTP client every tool shares: verbs, retries, deadlines, errors."""

import asyncio
import contextvars
import random
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
import httpx2
from pydantic import SecretStr

from fastly_mcp.api import answers
from fastly_mcp.api.answers import Answer, Expects
from fastly_mcp.api.paths import fill
from fastly_mcp.api.transport import open_pool
from fastly_mcp.api.writes import Writes
from fastly_mcp.endpoint import FASTLY, may_carry
from fastly_mcp.errors import (
    REPEATABLE,
    UNCHANGED,
    UNREPEATABLE,
    APIError,
    ConfigError,
    InvalidArgument,
    NotPermitted,
    RateLimited,
    TooLarge,
    Unavailable,
    Unreached,
)

DEADLINE = 30.0  # seconds for one request with its retries
ATTEMPTS = 4
BACKOFF = 0.25  # seconds before the first retry, doubled each time, with jitter
PATIENCE = 5.0  # seconds a rate limit is waited for

READING = frozenset({"GET", "HEAD"})

# Errors of the HTTP library after which the request surely never left this machine.
NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)

# Milliseconds spent waiting for Fastly; whoever wants the sum for one call puts a Meter here.
METER: contextvars.ContextVar["Meter | None"] = contextvars.ContextVar("METER", default=None)


@dataclass
class Meter:
    """What one tool call asked of Fastly."""

    requests: int = 0
    milliseconds: float = 0.0


@dataclass
class _Shared:
    """One GET in flight and how many wait for it."""

    task: asyncio.Task[Answer]
    waiting: int = 0


class FastlyClient:
    """Speaks HTTP to Fastly; makes its connection pool on first use.

    Every method raises an APIError for what Fastly refuses or cannot answer, ConfigError when
    the machine's proxy or certificates cannot be used or the token may not be sent to the
    endpoint, InvalidArgument when a segment would change the path it is put into, and
    NotPermitted for a change in read-only mode or out of the reserve of writes.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        read_only: bool = False,
        deadline: float = DEADLINE,
        backoff: float = BACKOFF,
    ) -> None:
        self.endpoint = endpoint
        self.transport = transport
        self._read_only = read_only
        self.deadline = deadline
        self._backoff = backoff
        self._pool: httpx2.AsyncClient | None = None
        self._shared: dict[tuple[str, SecretStr], _Shared] = {}
        self._writes = Writes()

    async def get(
        self,
        token: SecretStr,
        path: str,
        query: Mapping[str, str | int] | None,
        segments: dict[str, str],
        *,
        repeatable: bool = True,
    ) -> Answer:
        """GET a path template. The same GET asked for at the same moment is sent once.

        One that is counted is not `repeatable`: it is retried only when it surely never left.
        """
        # Half a surrogate pair is no text and finds nothing, like the ? that is sent for it.
        asked = f"?{urlencode(query, errors='replace')}" if query else ""
        target = fill(path, segments) + asked
        return await self._share(
            (target, token), lambda: self.send(token, "GET", target, repeatable=repeatable)
        )

    async def post(
        self,
        token: SecretStr,
        path: str,
        segments: dict[str, str],
        *,
        repeatable: bool,
        counted: bool = True,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        """POST to a path template.

        `repeatable` says that doing it twice is harmless: then it is retried as a GET is.
        Otherwise it is retried only when it surely never left. A change that is on its way is
        finished under its deadline even when the caller gives up, so that its outcome is known.
        `counted` says that it is one of the hour's writes, the last of which are not touched.
        """
        return await self.send(
            token,
            "POST",
            fill(path, segments),
            repeatable=repeatable,
            counted=counted,
            headers=headers,
            body={"json": json},
        )

    async def send(
        self,
        token: SecretStr,
        method: str,
        target: str,
        *,
        repeatable: bool,
        counted: bool = True,
        host: str = "",
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        expects: Expects = "json",
    ) -> Answer:
        """Send any method to a filled path, with retries until it is answered or too late.

        `target` is the path with its query, `host` another of Fastly's than the API's own, `body`
        is `json` or `content`. For a change it is as with `post`.
        """
        if counted and method not in READING:
            self._writes.check(token)
        if self._read_only and method not in READING:
            raise NotPermitted("This server is read-only (FASTLY_MCP_READ_ONLY); nothing was sent.")
        request = self._request(method, (host, target), token, headers, body)
        attempts = _Attempts(changes=method not in READING, repeatable=repeatable)
        ends = time.monotonic() + self.deadline
        while True:
            # Nothing new is begun for a caller who is gone: the shield below would not hear of it.
            await anyio.lowlevel.checkpoint_if_cancelled()
            try:
                # A change that is on its way is waited for even if the caller is cancelled.
                with anyio.CancelScope(shield=attempts.changes):
                    return await self._send(
                        request, token, ends - time.monotonic(), expects=expects
                    )
            except APIError as error:
                pause = attempts.pause_after(error, self._backoff)
                error.outcome = attempts.outcome()
                if pause is None or time.monotonic() + pause >= ends:
                    raise
                wait = pause
            await anyio.sleep(wait)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._pool:
            await self._pool.aclose()
            self._pool = None

    async def _share(
        self, key: tuple[str, SecretStr], make: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> Answer:
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _Shared(asyncio.create_task(make()))
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                # Nobody is left to want it: forget it, and abort it if it still runs.
                del self._shared[key]
                shared.task.cancel()

    async def _send(
        self, request: httpx2.Request, token: SecretStr, seconds: float, *, expects: Expects
    ) -> Answer:
        began, meter = time.monotonic(), METER.get()
        try:
            with anyio.fail_after(seconds):
                response = await self._opened().send(request, stream=True)
                self._writes.note(token, response.headers)
                try:
                    return await answers.read(response, token, expects)
                finally:
                    await response.aclose()
        except NEVER_LEFT as error:
            raise Unreached(0, f"Fastly could not be reached ({_kind(error)})") from None
        except (TimeoutError, httpx2.TimeoutException):
            raise Unavailable(0, "Fastly did not answer in time") from None
        except httpx2.TransportError as error:
            raise Unavailable(0, f"The connection to Fastly broke ({_kind(error)})") from None
        except httpx2.DecodingError:
            raise Unavailable(0, "Fastly's answer is not compressed as it says") from None
        finally:
            if meter:
                meter.requests += 1
                meter.milliseconds += (time.monotonic() - began) * 1000

    def _request(
        self,
        method: str,
        address: tuple[str, str],
        token: SecretStr,
        headers: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
    ) -> httpx2.Request:
        host, target = address
        # Real time has a host of its own; whatever stands in for Fastly is all of it.
        base = f"https://{host}" if host and self.endpoint == FASTLY else self.endpoint
        if not may_carry(self.endpoint, token.get_secret_value()):
            raise ConfigError(
                "FASTLY_API_ENDPOINT is plain http, where only tokens that begin with sandbox "
                "are sent; use https, or one of those. Nothing was sent."
            )
        # The library resolves dot segments, so an argument could have become another request.
        try:
            request = self._opened().build_request(
                method,
                base + target,
                headers={"Fastly-Key": token.get_secret_value(), **(headers or {})},
                **(body or {}),
            )
            went = str(request.url).startswith(f"{base}/") and request.url.raw_path
        except httpx2.InvalidURL:
            went = False
        if went != target.encode():
            raise InvalidArgument("An argument cannot be used in an address; nothing was sent.")
        return request

    def _opened(self) -> httpx2.AsyncClient:
        if self._pool is None:
            self._pool = open_pool(self.endpoint, self.deadline, self.transport)
        return self._pool


@dataclass
class _Attempts:
    """What is known of one request over its attempts."""

    changes: bool
    repeatable: bool
    made: int = 0
    may_be_done: bool = False

    def pause_after(self, error: APIError, backoff: float) -> float | None:
        """Take note of a failed attempt and return the seconds until the next, None to give up."""
        self.made += 1
        self.may_be_done |= isinstance(error, Unavailable) and not isinstance(error, Unreached)
        if self.made >= ATTEMPTS or isinstance(error, TooLarge):
            return None
        if isinstance(error, RateLimited) and error.reset and self.repeatable:
            wait = (error.reset - datetime.now(UTC)).total_seconds()
            # Clocks differ: even a time that is past is given a moment.
            return max(wait, backoff) if wait <= PATIENCE else None
        if isinstance(error, Unreached) or (isinstance(error, Unavailable) and self.repeatable):
            return backoff * 2.0 ** (self.made - 1) * random.uniform(0.5, 1.5)  # noqa: S311  # jitter
        return None

    def outcome(self) -> str:
        """Say, for a change that failed, whether it may have been made."""
        if not self.changes:
            return ""
        if not self.may_be_done:
            return UNCHANGED
        return REPEATABLE if self.repeatable else UNREPEATABLE


def _kind(error: Exception) -> str:
    """Name the fault without the library's message, which may quote what was sent."""
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not trusted here; SSL_CERT_FILE can name a CA bundle"
        cause = cause.__cause__ or cause.__context__
    words = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in words).strip()
