"""Fastly's own error bodies; what no recording or documentation shows is in `invented`."""

from typing import Any

from fastly_mcp.sandbox.answers import JSON, JSON_API, PROBLEM


class FastlyError(Exception):
    """An answer that says no."""

    def __init__(self, status: int, body: dict[str, Any], media_type: str = JSON) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.media_type = media_type


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


def no_such_object(label: str, **named: object) -> FastlyError:
    """The 404 of a versioned object [go-fastly backends/cleanup.yaml]."""
    what = ", ".join(f"{key} => {value}" for key, value in named.items())
    return record_not_found(f"Couldn't find {label} '{{ deleted => 0000-00-00 00:00:00, {what} }}'")


def no_such_member(label: str, **named: object) -> FastlyError:
    """The 404 of what lives outside the versions [go-fastly dictionary_items/cleanup.yaml]."""
    what = ", ".join(f"{key} => {value}" for key, value in named.items())
    return record_not_found(f"Couldn't find {label} '{{ {what} }}'")


def cannot_find(record: str, name: str) -> FastlyError:
    """Another 404 [go-fastly service_authorizations/cleanup.yaml]."""
    return record_not_found(f"Cannot find {record} '{name}'")


def no_service_for_url() -> FastlyError:
    """A URL purge whose host belongs to no service of this token [fastly-php#53]."""
    return record_not_found("Cannot find service")


def bad_request(detail: str) -> FastlyError:
    """A value that does not fit [go-fastly acls/create_expected_error.yaml]."""
    return FastlyError(400, {"msg": "Bad request", "detail": detail})


def write_only() -> FastlyError:
    """A private dictionary's items are not read [falco#144]."""
    return bad_request("Not allowed to read contents of write_only dictionary")


def not_in_batch(count: int, kind: str, verb: str) -> FastlyError:
    """A batch that changes what is not there [cli#1583, for items and `delete`]."""
    return bad_request(f"{count} {kind}(s) for {verb} not found")


def service_deleted(service_id: str) -> FastlyError:
    """A service that is gone [go-fastly services/details_with_filters/cleanup.yaml]."""
    return bad_request(f"Service '{service_id}' is deleted")


def service_is_active() -> FastlyError:
    """A service that is still in use [terraform-provider-fastly#51, #654]."""
    return bad_request("Cannot delete service with active version")


def duplicate(kind: str, name: str) -> FastlyError:
    """A name that is taken [go-fastly s3s/create6.yaml]."""
    return FastlyError(409, {"msg": "Duplicate record", "detail": f"Duplicate {kind}: '{name}'"})


def version_locked(service_id: str, number: int) -> FastlyError:
    """A change to a version that may not change [go-fastly tls_subscription/compute/cleanup]."""
    detail = f"Version '{number}' for service '{service_id}' is locked"
    return FastlyError(422, {"msg": "Version locked", "detail": detail})


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


def json_api(status: int, title: str, detail: str = "", media_type: str = JSON_API) -> FastlyError:
    """JSON:API's errors [go-fastly tls_subscription/cleanup.yaml].

    Domain management sends the same body as application/json.
    """
    return FastlyError(status, {"errors": [{"title": title, "detail": detail}]}, media_type)


def problem(
    status: int, title: str, detail: str = "", media_type: str = PROBLEM, **more: Any
) -> FastlyError:
    """A problem document [go-fastly alerts/cleanup_alert_definition.yaml]."""
    return FastlyError(
        status, {**more, "title": title, "status": status, "detail": detail}, media_type
    )


def stats(msg: str) -> FastlyError:
    """The error form of /stats [TK: `Unknown field: …`, `invalid datacenter`, …]."""
    return FastlyError(400, {"status": "error", "msg": msg})


def invalid_metrics(*wrong: tuple[str, str]) -> FastlyError:
    """The inspectors' 400: which parameters are wrong, and why [TK]."""
    names = ", ".join(f"'{name}'" for name, _ in wrong)
    return problem(
        400,
        "Request parameters were invalid.",
        f"Parameters with invalid values: {names}",
        media_type=JSON,
        type="https://fastly.help/metrics/validation-error",
        errors=[{"property": name, "reason": reason} for name, reason in wrong],
    )
