"""Everything the sandbox had to invent: rules and wordings that no recording or document shows.

The shapes come from recordings of the real API and from its documentation. Where those are silent
the choice is made here, so that nobody mistakes it for Fastly's. Invented too, but elsewhere:

- A purge-only token reaches its purges and /tokens/self and nothing else, purge_all does not
  include purge_select, and of roles and per-service permissions nothing follows (`routing.Access`).
- A token that lacks a scope, may not read itself or is limited to other services is refused with
  `errors.not_authorized`, a recorded body, though not recorded for these cases.
- A token that is limited to services makes no services, and only tokens that are limited to some of
  its own (`account.tokens`, `services.services`).
- No password is wrong, nobody deletes themselves, a user's tokens go along, and which logins are
  e-mail addresses (`account.tokens`, `account.users`). That a token, user, event or customer is not
  there is told in the form of `errors.cannot_find`.
- The sentences of the audit log's descriptions and what its metadata hold, but for the two states
  of an update, in which the secrets of log endpoints stand as they are: whether Fastly takes them
  out is told nowhere. How many events are kept (`account.events`).
- A body that is no JSON, no object or too deep is refused in the legacy form also where newer
  services answer (`calls`), and how a page, a cursor or a sort that is none is read (`paging`).
- Every change but a purge by URL or key counts against the hourly limit, also where no header says
  so (`app`).
- Rows inside /details look like the rows of the lists (`services.services.version_detail`).
- GET /service/{id}/domain shows the active version's domains; `version` of a listed service that
  was never activated is its newest (`services.services`).
- Which twenty POPs there are, and where; the recorded ones are ninety (`edge.pops`).
- Which headers keep a page out of caches: `private`, `no-store` and Set-Cookie (`edge.pages`); that
  Fastly-Debug shows Surrogate-Control (`edge.network`).
- A key that is named twice in a batch is purged once (`edge.purges`).
- What the edge check does to the edge, how the origins' content changes (`edge.cache`), and that
  after a soft purge Fastly-Debug-TTL tells seconds below zero (`edge.network`).
- What TLS refuses and in which words, where nobody reported it, and what becomes of PEM that holds
  nothing (`resources.tls_changes`, `resources.pem`, `resources.tls_rows`).
- What a compiler would say of VCL, beyond one recorded warning, and how VCL that turns purges away
  is read, for the sandbox runs none (`services.vcl`).
- An `include`, `filter` or `sort` that a type of JSON:API does not know is passed over
  (`resources.documents`).
- Of domain management the words for what does not fit but a name that is taken and a subscription,
  the 404, and which names could be bought (`resources.domains`).
- The most rows of a page where only the default is known (`resources.kv_items`,
  `resources.kv_stores`, `resources.compute_acls`), that renaming a KV store is a 200, and that an
  ACL's changes need not fit what is there.
- Nothing follows from service authorizations (`resources.authorizations`), nor from how a product
  is configured. Which products are for VCL or for Compute services only (`resources.products`).
- What an alert's definition needs, and when one fired: its history is made of the incidents
  (`resources.alerts`).
- Which events a mapping can name beyond the account's and the WAF's, which values of an integration
  are secret beyond those recorded, and that mappings let go of an integration that is deleted
  (`resources.notifications`, `resources.mappings`).
- All of billing but the paths and the fields: prices, regions' shares, ids, what a limit refuses.
  Nothing of it is recorded (`resources.billing`).
- Two stores, ACLs of Compute or secrets of one kind cannot have the same name; a config store is
  linked where an active version has a resource for it, and what is linked can be deleted all the
  same (`resources.config_stores`). The audit log has nothing of stores, as no event is named so.
- All traffic and what one request weighs (`stats.traffic`, `stats.days`, `stats.visitors`,
  `stats.fields`); what /stats, real time and the inspectors refuse and how, and how much one answer
  holds (`stats.history`, `stats.inspectors`); how traffic is shared out among domains and origins
  (`stats.inspected`); what usage is made of (`stats.usage`), which metrics a set has
  (`stats.platform`), which texts are moments beyond those documented (`stats.chronic`).
- How long a poll of real time waits, and how a browser's preflight is answered (`stats.realtime`).
- Which values a field of a versioned object may have are the official client's; that others are
  refused, that a port is one of TCP's and a domain's name a host's (`DOMAIN`), and in which words,
  is told nowhere (`services.fields`).
- What is told of a package that cannot be read (`services.packages`); a Compute version without one
  is activated with a warning (`services.vcl`). Every CNAME is right, and which address staging has
  (`services.versioned_domains`).
- From a page beyond the last the way back is to the last (`paging`).
- Whether a dictionary is private, its newest version says (`services.dictionaries`).
- A director's backends are renamed and deleted with the backends; whatever else names an object
  does so by its name, and dangles (`services.references`).
- Domains are not taken from each other: two services may list the same one, and the first serves.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from pydantic_core import to_json

from fastly_mcp.sandbox.answers import JSON
from fastly_mcp.sandbox.errors import (
    FastlyError,
    bad_request,
    problem,
    purge_failed,
    record_not_found,
)

SERVICES_PER_PAGE = 200
"""Documented as 1 to 100, recorded as 200; that more is cut to that, as here, is not."""

CHANGES_PER_HOUR = 1000
"""Documented as the default limit; that the 1001st change is the first refused is a reading."""

KEY_BYTES = 1024
"""Documented; the wording of the refusal below is not."""


LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)(\*\.)?{LABEL}(\.{LABEL})*")
"""A host's name, or a wildcard for those under one."""


HOST_LENGTH = 253
"""The most letters a name has in DNS; what the edge says of a longer one is below."""


def names_that_match(host: str) -> Iterator[str]:
    """Domain names that would serve a host, most specific first; none serves one that is no name.

    Documented: exact wins over wildcard. Invented: a wildcard covers any depth, the longest wins.
    """
    if len(host) > HOST_LENGTH:
        return
    yield host
    _, _, parent = host.partition(".")
    while parent:
        yield f"*.{parent}"
        _, _, parent = parent.partition(".")


def outside_the_sandbox(method: str, path: str) -> FastlyError:
    """What the sandbox does not have it says so, instead of inventing a success."""
    return FastlyError(501, {"msg": "Not covered by the sandbox", "detail": f"{method} {path}"})


def too_large(limit: int) -> FastlyError:
    """A body that is larger than this sandbox reads."""
    return FastlyError(413, {"msg": "Request Entity Too Large", "detail": f"{limit} bytes at most"})


def no_such_service(service_id: str) -> FastlyError:
    """After the recorded "Cannot find serviceauthorization '<id>'"."""
    return record_not_found(f"Cannot find service '{service_id}'")


def no_such_version(service_id: str, number: str) -> FastlyError:
    """After the recorded "Couldn't find Backend '{ … }'"."""
    return record_not_found(
        f"Couldn't find Version '{{ deleted => 0000-00-00 00:00:00, number => {number}, "
        f"service => {service_id} }}'"
    )


def no_sign_on() -> FastlyError:
    """What a Keycloak, which accounts.fastly.com is, says of a realm it does not have."""
    return FastlyError(404, {"error": "Realm does not exist"})


def no_service_named(name: str) -> FastlyError:
    """GET /service/search without a match; that it is a legacy 404 is known."""
    return record_not_found(f"Cannot find service with name '{name}'")


def parameter_missing(name: str) -> FastlyError:
    """A query parameter that the endpoint cannot do without."""
    return bad_request(f"Missing parameter '{name}'")


def no_list_of_keys() -> FastlyError:
    """A batch purge without keys, or whose keys are not a list of strings."""
    return bad_request("surrogate_keys must be a list of strings")


def key_too_long() -> FastlyError:
    """Documented to fail, in the form of the other purge failure."""
    return purge_failed(f"Surrogate key exceeds {KEY_BYTES} bytes")


def refused_by_vcl(status: int, message: str) -> str:
    """What a service's own `error` makes of a URL purge: Varnish's page, no JSON of Fastly's."""
    said = f"{status} {escape(message)}"
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<html>
  <head>
    <title>{said}</title>
  </head>
  <body>
    <h1>Error {said}</h1>
    <p>Varnish cache server</p>
  </body>
</html>
"""


def does_not_fit(why: str) -> FastlyError:
    """A field whose value does not fit, in the recorded form of such a refusal."""
    return bad_request(f"{why[:1].upper()}{why[1:]}")


@contextmanager
def fitting(refusal: Callable[[str], FastlyError] = does_not_fit) -> Iterator[None]:
    """What does not fit, told as a ValueError, becomes that refusal or another one."""
    try:
        yield
    except ValueError as error:
        raise refusal(str(error)) from None


def dangling(label: str, name: str, field: str, missing: str) -> str:
    """What validation says of an object that names another one that is not there."""
    return f"{label} '{name}': {field} '{missing}' does not exist"


def cannot_be_activated(why: str) -> FastlyError:
    """A version that does not compile."""
    return bad_request(f"Version has errors: {why}")


def not_active(number: int) -> FastlyError:
    """A version that cannot be deactivated because it is not active."""
    return bad_request(f"Version '{number}' is not active")


def no_vcl(service_id: str) -> FastlyError:
    """Compute services have no VCL to generate."""
    return bad_request(f"Service '{service_id}' is not a VCL service")


def last_server(pool_id: str) -> FastlyError:
    """The last server of a pool: that it is a 400 is recorded."""
    return bad_request(f"Pool '{pool_id}' needs at least one server")


def bad_package() -> FastlyError:
    """A package that is none: that it is a 400 is recorded [go-fastly package/update_invalid]."""
    return bad_request("Package is not a valid gzipped tarball of a Compute service")


def bad_image_setting(why: str) -> FastlyError:
    """A problem document without a status [go-fastly imageoptimizerdefaultsettings/]."""
    error = problem(
        400, "Bad request", why, type="https://docs.fastly.com/en/guides/image-optimizer"
    )
    del error.body["status"]
    return error


def bad_expiry() -> FastlyError:
    """That it is a 422 is documented [agent toolkit, account-management.md]."""
    return FastlyError(422, {"msg": "Invalid expires_at"})


def no_such_invoice(invoice_id: str) -> FastlyError:
    """In the legacy form, as no error of billing is recorded."""
    return record_not_found(f"Cannot find invoice '{invoice_id}'")


def bad_product(why: str) -> FastlyError:
    """Of enabled products only the 400 of one that is off is recorded; this has its form."""
    return problem(400, why, media_type=JSON, type="", errors=None)


def bad_alert(why: str) -> FastlyError:
    """After the recorded 404 of alert definitions."""
    kind = "https://fastly.help/alerts/bad-request"
    return problem(400, "The request is not valid", why, type=kind, errors=None)


def notifications(status: int, why: str) -> FastlyError:
    """After the recorded "could not delete integration"; all but that wording is invented."""
    return problem(status, why, why, errors=None)


def bad_notification(why: str) -> FastlyError:
    """In the same form."""
    return notifications(400, why)


def no_such_resource(name: str) -> FastlyError:
    """The 404 of stores, keys, secrets and ACLs under /resources: no body of one is recorded."""
    return problem(404, "Not Found", f"'{name}' was not found")


def resource_does_not_fit(why: str) -> FastlyError:
    """A value that a store, key, secret or ACL under /resources cannot have."""
    return problem(400, "Bad Request", why)


def resource_name_is_taken() -> FastlyError:
    """For secrets the words are reported [cli#1507], though not the form; the rest is like it."""
    return resource_does_not_fit("duplicate: name")


def store_is_not_empty(store_id: str) -> FastlyError:
    """A KV store with items cannot be deleted: that it is a 409 is documented."""
    return problem(409, "Conflict", f"Store '{store_id}' is not empty")


def batch_went_wrong(wrong: list[dict[str, Any]]) -> dict[str, Any]:
    """A batch of KV items: the fields are documented, the words and the 400 with it are not."""
    return {"type": "items", "title": "some items were not written", "errors": wrong}


CLIENT_KEY = "O77ZZBO9Kj0zjgJ4pXeHLSPy/8eGTaAFynvoUZfJDXc="
CLIENT_KEY_SIGNATURE = (
    "4aQ2Aksnp3GLLuFulwHAf5mn47Hprxk7iGE33VKAn2csDoT8ADqE9aZvr/1r3zIqGPEn0j3a3n9gfLhFkC4GBQ=="
)
SIGNING_KEY = "DkKdvRxUz5Z4HgMWqDMoT8Tsp/o6bVFsb4AVeL7i0H8="
"""An X25519 key, the same for everybody, with a good Ed25519 signature and the key to verify it.

Nothing can be decrypted with any of them: the private keys were thrown away. Fastly's command line
knows Fastly's signing key and takes another one with FASTLY_USE_API_SIGNING_KEY set.
"""


def door_is_shut(header: str) -> FastlyError:
    """The sandbox's own doors want a header that no web form can send."""
    return FastlyError(
        403, {"msg": "The sandbox's doors need a header", "detail": f"Send {header}: 1"}
    )


def digest(value: Any) -> str:
    """A digest over any data; Fastly's own digests are taken over something that is not told."""
    return hashlib.sha256(to_json(value)).hexdigest()


HOST_IS_TOO_LONG = "Bad Request: the host is too long.\n"


def unknown_domain(host: str) -> str:
    """The edge's page for a host it does not serve, after what visitors report of it."""
    return f"Fastly error: unknown domain: {escape(host)}. Please check that this domain has been added to a service.\n"  # noqa: E501  # one line on the wire
