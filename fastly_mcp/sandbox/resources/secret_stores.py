"""Secret stores: names and digests of secrets; the secrets themselves are not kept."""

import base64
import hashlib
import re
from datetime import datetime, timedelta

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer, newer_nothing
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.resources.stores import find, held, new_name, page, shown
from fastly_mcp.sandbox.state import Row, stamp, stamp_with_fraction

FIELDS = ("id", "name", "created_at")
PAGE, PAGE_LIMIT = 100, 200
"""Documented."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")
LARGEST = 64 * 2**10  # bytes, as documented
SEAL = 48  # bytes by which libsodium's sealed boxes are larger than what is in them
KEY_LIFE = timedelta(minutes=10)
"""Recorded."""


def make_secret(name: str, value: bytes, salt: str, at: str) -> Row:
    """What is kept of a secret; the same value has another digest each time, as recorded."""
    digest = hashlib.sha256(salt.encode() + value).digest()
    return {"name": name, "digest": base64.b64encode(digest).decode(), "created_at": at}


def fill(row: Row, at: datetime) -> Row:
    """A seed's store, whose secrets are texts by name."""
    secrets = held(row, "secrets").items()
    told = stamp(at)
    return row | {
        "secrets": {
            check_name(name): make_secret(name, value.encode(), f"{row['id']} {name}", told)
            for name, value in secrets
        }
    }


def check_name(name: object) -> str:
    """Raises ValueError for what is no name [PY SecretStore, Secret]."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError("name must have letters, numbers, dashes, underscores and periods only")
    return name


def read_secret(given: Row) -> bytes:
    """The secret as it was sent, perhaps sealed. Raises ValueError for what is none."""
    client_key = given.get("client_key")
    if client_key not in (None, "", invented.CLIENT_KEY):
        raise ValueError("client_key is unknown")
    try:
        value = base64.b64decode(given.get("secret", ""), validate=True)
    except (TypeError, ValueError):
        raise ValueError("secret must be base64") from None
    if not 0 < len(value) <= LARGEST + (SEAL if client_key else 0):
        raise ValueError(f"secret must have 1 to {LARGEST} bytes")
    return value


def list_stores(call: Call) -> Response:
    """In the order of their ids [go-fastly secret_store/TestClient_ListSecretStores.yaml]."""
    name = call.query.get("name")
    stores = call.world.collection("secret_stores").values()
    rows = [shown(row, FIELDS) for row in stores if name in {None, row["name"]}]
    rows.sort(key=lambda row: str(row["id"]))
    return newer(page(call, rows, limit=PAGE, most=PAGE_LIMIT))


def create_store(call: Call) -> Response:
    with invented.fitting(invented.resource_does_not_fit):
        name = check_name(new_name(call, "secret_stores"))
    row: Row = {"id": call.world.new_id(), "name": name, "created_at": call.stamp, "secrets": {}}
    call.world.collection("secret_stores")[row["id"]] = row
    return newer(shown(row, FIELDS), 201)


def get_store(call: Call) -> Response:
    return newer(shown(find(call, "secret_stores"), FIELDS))


def delete_store(call: Call) -> Response:
    """The store with all that is in it, as documented."""
    del call.world.collection("secret_stores")[find(call, "secret_stores")["id"]]
    return newer_nothing()


def list_secrets(call: Call) -> Response:
    rows = list(find(call, "secret_stores")["secrets"].values())
    return newer(page(call, rows, limit=PAGE, most=PAGE_LIMIT))


def put_secret(call: Call) -> Response:
    """POST makes a secret, PATCH makes one anew, PUT does either [GO secret_store.go]."""
    row, given = find(call, "secret_stores"), call.given()
    with invented.fitting(invented.resource_does_not_fit):
        name, value = check_name(given.get("name")), read_secret(given)
    is_there = name in row["secrets"]
    if is_there and call.method == "POST":
        raise invented.resource_name_is_taken()
    if not is_there and call.method == "PATCH":
        raise invented.no_such_resource(name)
    secret = make_secret(name, value, call.world.new_id(), call.stamp)
    secrets = row["secrets"] | {name: secret}
    call.world.collection("secret_stores")[row["id"]] = row | {"secrets": secrets}
    return newer(secret | ({"recreated": True} if is_there else {}))


def _secret(row: Row, name: str) -> Row:
    if name not in row["secrets"]:
        raise invented.no_such_resource(name)
    secret: Row = row["secrets"][name]
    return secret


def get_secret(call: Call) -> Response:
    return newer(_secret(find(call, "secret_stores"), call.params["name"]))


def delete_secret(call: Call) -> Response:
    row, name = find(call, "secret_stores"), call.params["name"]
    _secret(row, name)
    secrets = {key: secret for key, secret in row["secrets"].items() if key != name}
    call.world.collection("secret_stores")[row["id"]] = row | {"secrets": secrets}
    return newer_nothing()


def create_client_key(call: Call) -> Response:
    return newer(
        {
            "public_key": invented.CLIENT_KEY,
            "signature": invented.CLIENT_KEY_SIGNATURE,
            "expires_at": stamp_with_fraction(call.now + KEY_LIFE),
        }
    )


def get_signing_key(call: Call) -> Response:
    return newer({"signing_key": invented.SIGNING_KEY})
