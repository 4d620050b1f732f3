"""Everything that can go wrong and may be told to an agent.

* FastlyMCPError
  x ConfigError        a setting is missing or contradictory
  x NotPermitted       the grant does not allow this tool or this service
  x InvalidArgument    an argument breaks a rule; nothing was sent
  x Busy               too many calls at once
  x GuardFailed        the store or the audit cannot be used, so nothing may be changed
  x NotSent            one of many that was not begun, for what came before it or for lack of time
  x APIError           Fastly answered 4xx or 5xx, or did not answer
    + NotAuthorized      401, 403
    + NotFound           404
    + Refused            400, 409, 422 and every other 4xx
    + RateLimited        429
    + Unavailable        5xx, timeouts, connection faults, answers that make no sense
      - Unreached          the request surely never left this machine
      - TooLarge           an answer over the size this client reads

A message says what happened, whether a change may have been made, and what to do next. It is
built from names and rules, never from a secret.
"""

from datetime import UTC, datetime

# What is said of a change that failed: whether it may have been made.
UNCHANGED = "Nothing was changed."
REPEATABLE = "It may have been done all the same; sending it again is safe."
UNREPEATABLE = "It may have been done all the same: do not send it again, look first."


class FastlyMCPError(Exception):
    """Safe to show to an agent, word by word."""


class ConfigError(FastlyMCPError):
    """A setting is missing or contradictory: named with its rule, never with its value."""


class NotPermitted(FastlyMCPError):
    """The grant does not allow this tool or this service."""


class InvalidArgument(FastlyMCPError):
    """An argument breaks a rule. Nothing was sent."""


class Busy(FastlyMCPError):
    """Too many calls at once."""


class GuardFailed(FastlyMCPError):
    """The store or the audit cannot be used, so nothing more may be changed."""


class NotSent(FastlyMCPError):
    """One of many that was not begun, for what came before it or for lack of time."""


class APIError(FastlyMCPError):
    """Fastly's refusal: `status` (0 when there was no answer), `title` and `detail` in its words.

    `outcome` tells, for a change, whether it may have been made; `hint` the next step.
    """

    def __init__(
        self, status: int, title: str, detail: str = "", *, outcome: str = "", hint: str = ""
    ) -> None:
        super().__init__(status, title, detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.outcome = outcome
        self.hint = hint

    @property
    def reason(self) -> str:
        """What Fastly said, on one line."""
        said = ": ".join(part.rstrip(".") for part in (self.title, self.detail) if part)
        return f"{self.status} {said}" if self.status else said

    def __str__(self) -> str:
        said = f"Fastly answered {self.reason}." if self.status else f"{self.reason}."
        return " ".join(part for part in (said, self.outcome, self.hint) if part)


class NotAuthorized(APIError):
    """401 or 403."""


class NotFound(APIError):
    """404."""


class Refused(APIError):
    """400, 409, 422 and every other 4xx."""


class RateLimited(APIError):
    """429; `reset` is when Fastly takes requests again, if it said so."""

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        reset: datetime | None = None,
        outcome: str = "",
    ) -> None:
        when = (
            f"Try again after {reset.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}."
            if reset
            else "Fastly did not say until when; its limits run by the hour, so try again later."
        )
        super().__init__(429, title, detail, outcome=outcome, hint=when)
        self.reset = reset


class Unavailable(APIError):
    """5xx, a timeout, a connection fault, or an answer that makes no sense."""


class Unreached(Unavailable):
    """The request surely never left this machine."""


class TooLarge(Unavailable):
    """An answer over the size this client reads."""
