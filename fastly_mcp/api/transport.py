"""The one HTTP connection pool of a process."""

import logging
import os
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx2

from fastly_mcp import __version__
from fastly_mcp.endpoint import is_loopback
from fastly_mcp.errors import ConfigError

CONNECTIONS = 64
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


def open_pool(
    endpoint: str, deadline: float, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Make the pool: redirects off, no cookies, proxies and CA bundle from the environment.

    Raises ConfigError when the environment's CA bundle or proxy cannot be used.
    """
    for name in ("httpx2", "httpcore2"):
        # They log whole addresses and headers, which are nobody's business.
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return httpx2.AsyncClient(
            base_url=endpoint,
            transport=transport,
            # One service may take long to list; a connection that takes long is dead.
            timeout=httpx2.Timeout(deadline * 2 / 3, connect=deadline / 4),
            limits=httpx2.Limits(
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=30,
            ),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # A proxy has no part in talking to this machine.
            trust_env=not is_loopback(endpoint),
            headers={
                "User-Agent": f"fastly-mcp/{__version__}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
        )
    except (OSError, ImportError, ValueError, httpx2.InvalidURL) as error:
        raise ConfigError(_explain(error)) from None


def proxies_set() -> list[str]:
    """Return the names of the variables that set a proxy."""
    return [name for name in PROXIES if os.environ.get(name) or os.environ.get(name.lower())]


def _explain(error: Exception) -> str:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        value = os.environ.get(name)
        if isinstance(error, OSError) and value:
            state = "does not hold certificates" if Path(value).exists() else "does not exist"
            return f"{name} names a place that {state}; correct or remove it."
    proxies = proxies_set()
    if isinstance(error, ImportError) and proxies:
        return (
            f"{' or '.join(proxies)} names a SOCKS proxy, which needs one more package: "
            "pip install 'httpx2[socks]'."
        )
    if proxies:
        return f"{' or '.join(proxies)} does not hold a proxy address this client understands."
    return "The machine's certificates could not be loaded; install ca-certificates."
