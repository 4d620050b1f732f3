"""Everything the sandbox had to invent: rules and wordings that no recording or document shows.

The shapes come from recordings of the real API and from its documentation. Where those are silent
the choice is made here, so that nobody mistakes it for Fastly's. Invented too, but elsewhere:

- A purge-only token reaches its purges and /tokens/self and nothing else, and purge_all does not
  include purge_select (`app.Access`).
- A token that lacks a scope, may not read itself or is limited to other services is refused with
  `errors.not_authorized`, a recorded body, though not recorded for these cases.
- Rows inside /details look like the rows of the lists (`services.version_detail`).
- GET /service/{id}/domain shows the active version's domains; `version` of a listed service that
  was never activated is its newest (`services`).
- What the edge check does to the edge, and that nothing expires there (`edge`).
"""

from collections.abc import Iterator

from fastly_mcp.sandbox.errors import FastlyError, purge_failed, record_not_found

PER_PAGE_LIMIT = 100
"""GET /service: documented as 1 to 100; that more is cut to 100, as here, is not."""

CHANGES_PER_HOUR = 1000
"""Documented as the default limit; that the 1001st change is the first refused is a reading."""

KEY_BYTES = 1024
"""Documented; the wording of the refusal below is not."""

CACHE_CONTROL = "public, max-age=0, s-maxage=31536000"
"""The origins cache for a year, so that in the sandbox nothing expires and only a purge changes."""


def names_that_match(host: str) -> Iterator[str]:
    """Domain names that would serve a host, most specific first.

    Documented: exact wins over wildcard. Invented: a wildcard covers any depth, the longest wins.
    """
    yield host
    _, _, parent = host.partition(".")
    while parent:
        yield f"*.{parent}"
        _, _, parent = parent.partition(".")


def outside_the_sandbox(method: str, path: str) -> FastlyError:
    """What the sandbox does not have it says so, instead of inventing a success."""
    return FastlyError(501, {"msg": "Not covered by the sandbox", "detail": f"{method} {path}"})


def no_such_service(service_id: str) -> FastlyError:
    """After the recorded "Cannot find serviceauthorization '<id>'"."""
    return record_not_found(f"Cannot find service '{service_id}'")


def no_such_version(service_id: str, number: str) -> FastlyError:
    """After the recorded "Couldn't find Backend '{ … }'"."""
    return record_not_found(
        f"Couldn't find Version '{{ deleted => 0000-00-00 00:00:00, number => {number}, "
        f"service => {service_id} }}'"
    )


def no_such_customer(customer_id: str) -> FastlyError:
    """The same form, for a customer that is not one's own."""
    return record_not_found(f"Cannot find customer '{customer_id}'")


def no_service_named(name: str) -> FastlyError:
    """GET /service/search without a match; that it is a legacy 404 is known."""
    return record_not_found(f"Cannot find service with name '{name}'")


def parameter_missing(name: str) -> FastlyError:
    """A query parameter that the endpoint cannot do without."""
    return FastlyError(400, {"msg": "Bad request", "detail": f"Missing parameter '{name}'"})


def no_list_of_keys() -> FastlyError:
    """A batch purge without keys, or whose keys are not a list of strings."""
    return FastlyError(
        400, {"msg": "Bad request", "detail": "surrogate_keys must be a list of strings"}
    )


def key_too_long() -> FastlyError:
    """Documented to fail, in the form of the other purge failure."""
    return purge_failed(f"Surrogate key exceeds {KEY_BYTES} bytes")


REFUSED_BY_VCL = """\
<?xml version="1.0" encoding="utf-8"?>
<html>
  <head>
    <title>403 Purging by URL is not allowed</title>
  </head>
  <body>
    <h1>Error 403 Purging by URL is not allowed</h1>
    <p>Varnish cache server</p>
  </body>
</html>
"""
"""What a service's own `error 403` makes of a URL purge: Varnish's page, no JSON of Fastly's."""
