"""Fastly's own error bodies; what no recording or documentation shows is in `invented`."""

from typing import Any


class FastlyError(Exception):
    """An answer that says no."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def bad_credentials() -> FastlyError:
    """The token is missing or unknown [fastly-js#14]."""
    return FastlyError(401, {"msg": "Provided credentials are missing or invalid"})


def expired(token_id: str, at: str) -> FastlyError:
    """The token's time is over [polyfill-service#1966]."""
    return FastlyError(401, {"msg": f"Token {token_id} expired at {at}"})


def read_only() -> FastlyError:
    """A token that only reads tries to change something [cli#1185]."""
    return FastlyError(
        403, {"msg": "Read only tokens are not allowed to access this endpoint", "detail": ""}
    )


def not_authorized() -> FastlyError:
    """The general refusal [go-fastly content/check.yaml of 2021, for /content/edge_check]."""
    return FastlyError(403, {"msg": "You are not authorized to perform this action"})


def record_not_found(detail: str) -> FastlyError:
    """The legacy 404 [go-fastly */cleanup.yaml]; its detail differs per record."""
    return FastlyError(404, {"msg": "Record not found", "detail": detail})


def no_service_for_url() -> FastlyError:
    """A URL purge whose host belongs to no service of this token [fastly-php#53]."""
    return record_not_found("Cannot find service")


def over_the_limit() -> FastlyError:
    """The hourly limit is spent [cli#1836]; no Retry-After has been seen on it."""
    msg = (
        "You have exceeded your hourly rate limit. "
        "Please contact support@fastly.com if you think this is a mistake."
    )
    return FastlyError(429, {"msg": msg})


def purge_failed(reason: str) -> FastlyError:
    """The purge API's own error form [fastly-magento2#104]."""
    return FastlyError(400, {"status": "fail", "reason": reason})


def too_many_keys() -> FastlyError:
    """More keys than one batch takes [fastly-magento2#104]."""
    return purge_failed("Batch surrogate key request only supports up to 256 surrogate keys")


def invalid_value(field: str) -> FastlyError:
    """Domain management's 400: JSON:API errors, sent as application/json."""
    return FastlyError(400, {"errors": [{"title": f"Invalid value for {field}", "detail": ""}]})
