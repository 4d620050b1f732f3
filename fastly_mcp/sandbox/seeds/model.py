"""The form of a seed: what an account has when a sandbox starts. The README's section tells it.

Times count back from the start, so that an account is always as old as it was meant to be.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
)

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.edge.pages import CACHE_CONTROL
from fastly_mcp.sandbox.resources.collections import ID
from fastly_mcp.sandbox.state import Role, Row, Scope

ELSEWHERE = {
    "cache-control": "is the page's cache_control",
    "content-length": "is the page's size",
    "content-type": "is the page's content_type",
    "surrogate-key": "is the page's keys",
    **dict.fromkeys(
        ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        "is the connection's, and no page's",
    ),
}
"""Headers that a page does not have among its own."""
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""How HTTP names a header [RFC 9110, 5.6.2]."""
KEYS_BYTES = 16_384
"""Of all keys of a page [reference/http-headers/Surrogate-Key]."""
HEADERS_BYTES = 32_768
"""Of all headers of a page, so that every client reads them."""


def _words(value: object) -> object:
    if isinstance(value, str):
        return value.split()
    if isinstance(value, list):
        return value
    raise ValueError("must be words, in a list or in one line")


def _header_value(value: str) -> str:
    if not value.isprintable() or value != value.strip() or max(value, default="") > "\xff":
        raise ValueError("must be printable Latin-1, which is all that HTTP carries")
    return value


def _login(login: str) -> str:
    if "@" not in login:
        raise ValueError("must be an e-mail address")
    return login


def _key(key: str) -> str:
    if not key or " " in key:
        raise ValueError("must be one word")
    if len(key.encode()) > invented.KEY_BYTES:
        raise ValueError(f"must not have more than {invented.KEY_BYTES} bytes")
    return _header_value(key)


def _keys(keys: list[str]) -> list[str]:
    if len(" ".join(keys)) > KEYS_BYTES:
        raise ValueError(f"must not have more than {KEYS_BYTES} bytes together")
    return keys


def _header_name(name: str) -> str:
    if not TOKEN.fullmatch(name):
        raise ValueError("is no name of a header")
    if why := ELSEWHERE.get(name.lower()):
        raise ValueError(why)
    return name


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if sum(len(name) + len(value) for name, value in headers.items()) > HEADERS_BYTES:
        raise ValueError(f"must not have more than {HEADERS_BYTES} bytes together")
    return headers


Words = Annotated[list[str], BeforeValidator(_words)]
"""Words, as a list or in one line."""
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, Field(max_length=8_192), AfterValidator(_header_value)]
SurrogateKeys = Annotated[
    list[Annotated[str, AfterValidator(_key)]], BeforeValidator(_words), AfterValidator(_keys)
]
Id = Annotated[str, Field(pattern=ID.pattern)]
"""Empty: one is made up."""
Text = Annotated[str, Field(max_length=2**20)]
Days = Annotated[float, Field(ge=0, le=36_500)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedCustomer(Part):
    id: Id = ""
    name: str = "Sandbox"
    days_ago: Days = 420


class SeedUser(Part):
    login: Annotated[str, AfterValidator(_login)]
    id: Id = ""
    name: str = ""
    role: Role = "engineer"
    days_ago: Days = 420


class SeedToken(Part):
    """The first user's, unless `user` names another one by login."""

    value: Annotated[str, Field(min_length=1, pattern=r"^sandbox[!-~]*$")]
    """Begins with `sandbox`: only such tokens are ever sent over plain http."""
    scopes: Annotated[list[Scope], BeforeValidator(_words), Field(min_length=1)]
    id: Id = ""
    name: str = ""
    user: str = ""
    services: Words = []
    """The names of the services it is limited to."""
    expires_in_days: Annotated[float, Field(ge=-36_500, le=36_500)] | None = 60
    days_ago: Days = 30
    may_read_itself: bool = True
    automation: bool = False


class SeedTraffic(Part):
    requests_per_second: Annotated[float, Field(ge=0, le=1e7)] = 10
    hit_ratio: Annotated[float, Field(ge=0, le=1)] = 0.92
    bytes_per_request: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 24_000
    origin_ms: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 180


class SeedVersion(Part):
    """A clone of the one before; each kind of objects it names takes the place of that kind's.

    Other fields are the kinds, as /details names them (`backends`, `domains`, …), each a list of
    objects with the fields of the API; `logging` holds kinds of its own.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    days_ago: Days = 30
    comment: Text = ""
    settings: Row = {}
    logging: dict[str, list[Row]] = {}


class SeedService(Part):
    name: Annotated[str, Field(min_length=1)]
    id: Id = ""
    type: Literal["vcl", "wasm"] = "vcl"
    comment: Text = ""
    paused: bool = False
    active: Annotated[int, Field(ge=1)] | None = 1
    """The active version; all up to it are locked. null: none is active."""
    versions: Annotated[list[SeedVersion], Field(min_length=1)] = [SeedVersion()]
    copies: Annotated[int, Field(ge=0, le=100_000)] = 0
    """So many more versions like the last, all before it: for accounts with a long history."""
    traffic: SeedTraffic = SeedTraffic()
    products: Words = []


class SeedPage(Part):
    """What an origin has at a URL, and whether the POPs have it too."""

    service: str
    keys: SurrogateKeys = []
    status: Annotated[int, Field(ge=200, le=599)] = 200
    """Some have no body, whatever the size says."""
    content_type: HeaderValue = "text/html; charset=utf-8"
    size: Annotated[int, Field(ge=0, le=2**26)] = 18_432
    cache_control: HeaderValue = CACHE_CONTROL
    headers: Annotated[dict[HeaderName, HeaderValue], AfterValidator(_headers)] = {}
    cached: bool = True


class SeedIncident(Part):
    service: str
    hours_ago: Annotated[float, Field(ge=0, le=9_000)]
    minutes: Annotated[float, Field(gt=0, le=100_000)] = 30
    errors: Annotated[float, Field(ge=0, le=1)] = 0.5
    note: str = ""


class SeedEvent(Part):
    type: str
    hours_ago: Annotated[float, Field(ge=0, le=900_000)] = 1
    service: str = ""
    user: str = ""
    description: Text = ""
    metadata: Row = {}


class SeedLimits(Part):
    changes_per_hour: Annotated[int, Field(ge=0)] = invented.CHANGES_PER_HOUR
    purges_per_hour: Annotated[int, Field(ge=0)] = 100_000
    edge_checks_per_hour: Annotated[int, Field(ge=0)] = 200


class Seed(Part):
    _source: str = PrivateAttr("")

    customer: SeedCustomer = SeedCustomer()
    users: Annotated[list[SeedUser], Field(min_length=1)] = [
        SeedUser(login="sandbox@customer.example", name="Sandbox", role="superuser")
    ]
    tokens: Annotated[list[SeedToken], Field(min_length=1)] = [
        SeedToken(value="sandbox", scopes=["global"], expires_in_days=None)
    ]
    services: list[SeedService] = []
    pages: dict[str, SeedPage] = {}
    """By URL."""
    incidents: list[SeedIncident] = []
    events: list[SeedEvent] = []
    collections: dict[str, list[Row]] = {}
    """What lives beside the services, by the names of `resources.collections`."""
    limits: SeedLimits = SeedLimits()

    @property
    def source(self) -> str:
        """The name of the file it was read from, if it was."""
        return self._source

    def of(self, source: str) -> Self:
        """The same seed, and where it comes from."""
        self._source = source
        return self
