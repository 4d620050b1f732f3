"""Larkspur Outfitters, the invented customer: its services, and what its origins have."""

from typing import NamedTuple

from fastly_mcp.sandbox.edge import Page
from fastly_mcp.sandbox.state import Row

SHOP = "u8jzPde0IgxLd6GncfBAep"
BLOG = "fJBd0Kh8oOOL8dKLzdocJ2"
TENANTS = "isAjIhKtJ0RlgLKOmxgJTe"
ADMIN = "KdNnFRIBXuDL7DxtpYlSXp"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
DOWNLOADS = "c9QeWJKY40uvSwMFLZDe1f"

MAIN_VCL = """\
sub vcl_recv {
#FASTLY recv
  if (req.method != "HEAD" && req.method != "GET" && req.method != "FASTLYPURGE") {
    return(pass);
  }
  return(lookup);
}

sub vcl_fetch {
#FASTLY fetch
  if (beresp.status >= 500 && stale.exists) {
    return(deliver_stale);
  }
  return(deliver);
}

sub vcl_deliver {
#FASTLY deliver
  return(deliver);
}
"""

GUARDED_VCL = """\
sub vcl_recv {
#FASTLY recv
  # Editors purge by surrogate key; a purge by URL is a mistake here.
  if (req.method == "FASTLYPURGE") {
    error 403 "Purging by URL is not allowed";
  }
  return(lookup);
}
"""

STAFF_VCL = """\
sub vcl_recv {
#FASTLY recv
  if (req.method != "FASTLYPURGE" && req.http.X-Larkspur-Staff != "1") {
    error 403 "Staff only";
  }
  return(pass);
}
"""


class PlannedVersion(NamedTuple):
    """One version of a planned service; `objects` are given by kind."""

    objects: dict[str, list[Row]]
    days_ago: float
    comment: str = ""
    settings: Row = {}  # noqa: RUF012 -- a NamedTuple's default, never changed


class PlannedService(NamedTuple):
    """One service as it stands when the sandbox starts."""

    id: str
    name: str
    type: str
    comment: str
    active: int | None
    versions: list[PlannedVersion]
    is_paused: bool = False


def origin(name: str, host: str, **more: object) -> Row:
    """A backend that is reached over TLS under its own name."""
    return {
        "name": name,
        "address": host,
        "hostname": host,
        "override_host": host,
        "ssl_cert_hostname": host,
        "ssl_sni_hostname": host,
        **more,
    }


def domain_rows(*names: str, comment: str = "") -> list[Row]:
    return [{"name": name, "comment": comment} for name in names]


def vcl_objects(
    domains: list[Row], backends: list[Row], vcl: str = MAIN_VCL
) -> dict[str, list[Row]]:
    """What every VCL service of theirs has."""
    return {
        "domains": domains,
        "backends": backends,
        "gzips": [{"name": "text"}],
        "request_settings": [{"name": "https only"}],
        "vcls": [{"content": vcl}],
    }


def shop(*domains: str, ttl: str = "3600") -> dict[str, list[Row]]:
    backends = [
        origin(
            "origin-eu",
            "eu.origin.larkspur.example",
            shield="amsterdam-nl",
            healthcheck="origin-eu-up",
            auto_loadbalance=True,
        ),
        origin("origin-us", "us.origin.larkspur.example", auto_loadbalance=True, weight=50),
    ]
    return vcl_objects(domain_rows(*domains), backends) | {
        "healthchecks": [{"name": "origin-eu-up", "host": "eu.origin.larkspur.example"}],
        "acls": [{"id": "4Vz2qkZ9mFh3u0AaXw7RtB", "name": "office"}],
        "dictionaries": [{"id": "6oTn0bq1L5cWkE8ySdP2hJ", "name": "redirects"}],
        "conditions": [
            {"name": "is a product", "type": "CACHE", "statement": 'req.url ~ "^/products/"'},
            {"name": "in the cart", "statement": 'req.url ~ "^/cart"', "priority": "5"},
        ],
        "cache_settings": [
            {"name": "products", "cache_condition": "is a product", "ttl": ttl, "stale_ttl": "600"},
            {"name": "never the cart", "action": "pass"},
        ],
        "headers": [
            {"name": "HSTS", "dst": "http.Strict-Transport-Security", "src": '"max-age=31557600"'},
            {"name": "no server name", "action": "delete", "dst": "http.Server"},
        ],
        "response_objects": [
            {"name": "robots", "content": "User-agent: *\nDisallow: /cart\n", "status": "200"}
        ],
        "snippets": [
            {
                "id": "2mR8uXc5vQeJ0tNfYb1DhL",
                "name": "strip campaign parameters",
                "content": 'set req.url = querystring.regfilter(req.url, "^utm_");',
            }
        ],
    }


def plain_vcl(host: str, backend: str, vcl: str = MAIN_VCL) -> dict[str, list[Row]]:
    return vcl_objects(domain_rows(host), [origin(backend, f"{backend}.larkspur.example")], vcl)


def compute(host: str) -> dict[str, list[Row]]:
    return {
        "domains": domain_rows(host),
        "backends": [origin("stock", "stock.origin.larkspur.example", healthcheck="stock-up")],
        "healthchecks": [{"name": "stock-up", "host": "stock.origin.larkspur.example"}],
    }


ADMIN_HOST = "admin.tenants.larkspur.example"
WWW = ("www.larkspur.example", "shop.larkspur.example")

PLANS = [
    PlannedService(
        SHOP,
        "shop-prod",
        "vcl",
        "The shop. Ask Robin before changing anything.",
        3,
        [
            PlannedVersion(shop(WWW[0]), 410, "First version"),
            PlannedVersion(shop(*WWW), 200, "Add the shop domain"),
            PlannedVersion(shop(*WWW), 21, "Shield in Amsterdam"),
            PlannedVersion(
                shop(*WWW, "new.larkspur.example", ttl="86400"),
                2,
                "Try a longer TTL",
                {"general.default_ttl": 86400},
            ),
        ],
    ),
    PlannedService(
        BLOG,
        "blog",
        "vcl",
        "",
        2,
        [
            PlannedVersion(plain_vcl("blog.larkspur.example", "wordpress"), 380),
            PlannedVersion(
                plain_vcl("blog.larkspur.example", "wordpress"),
                150,
                "Serve stale while WordPress is down",
                {"general.stale_if_error": True},
            ),
        ],
    ),
    PlannedService(
        TENANTS,
        "tenants",
        "vcl",
        "One host per tenant",
        1,
        [PlannedVersion(plain_vcl("*.tenants.larkspur.example", "tenants"), 300)],
    ),
    PlannedService(
        ADMIN,
        "admin",
        "vcl",
        "",
        5,
        [
            PlannedVersion(plain_vcl(ADMIN_HOST, "admin", STAFF_VCL), 290 - 40 * at)
            for at in range(5)
        ],
    ),
    PlannedService(
        EDGE_API,
        "edge-api",
        "wasm",
        "Stock and prices",
        7,
        [PlannedVersion(compute("api.larkspur.example"), 90 - 12 * at) for at in range(7)],
    ),
    PlannedService(
        DOWNLOADS,
        "legacy-downloads",
        "vcl",
        "Purge by key only",
        2,
        [
            PlannedVersion(plain_vcl("downloads.larkspur.example", "files"), 900),
            PlannedVersion(
                plain_vcl("downloads.larkspur.example", "files", GUARDED_VCL),
                600,
                "No purges by URL",
            ),
        ],
    ),
]

PAGES = {
    "https://www.larkspur.example/": Page(SHOP, ("home", "all")),
    "https://www.larkspur.example/products/lamp": Page(SHOP, ("product-lamp", "products", "all")),
    "https://www.larkspur.example/products/chair": Page(SHOP, ("product-chair", "products", "all")),
    "https://www.larkspur.example/css/site.css": Page(
        SHOP, ("static", "all"), content_type="text/css", size=41_200
    ),
    "https://shop.larkspur.example/": Page(SHOP, ("home", "all")),
    "https://blog.larkspur.example/": Page(BLOG, ("posts", "home")),
    "https://blog.larkspur.example/hello": Page(BLOG, ("post-1", "posts")),
    "https://a.tenants.larkspur.example/": Page(TENANTS, ("tenant-a",)),
    "https://admin.tenants.larkspur.example/login": Page(ADMIN, ("login",)),
    "https://api.larkspur.example/v1/stock?sku=lamp": Page(
        EDGE_API, ("stock",), content_type="application/json", size=310
    ),
    "https://status.larkspur.example/": Page(EDGE_API, ("status",), size=2_048),
    "https://downloads.larkspur.example/catalogue.pdf": Page(
        DOWNLOADS, ("catalogue",), content_type="application/pdf", size=2_400_000
    ),
}
