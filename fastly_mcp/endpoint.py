"""Which API addresses a Fastly token may be sent to."""

import ipaddress
import os
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from fastly_mcp.errors import ConfigError

FASTLY = "https://api.fastly.com"
SANDBOX = "http://127.0.0.1"  # never connected to: the sandbox is reached in process
DEFAULT_PORTS = {"http": 80, "https": 443}
LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
HOST = re.compile(rf"{LABEL}(\.{LABEL})*|[0-9a-f:.]+")

RULE = (
    "must be https under fastly.com, or a loopback address (127.0.0.1, [::1], localhost) with "
    "nothing but an optional port after it."
)


def check_endpoint(value: str, own_file: Path | None = None) -> str:
    """Return `scheme://host[:port]` if a token may go there.

    A project's configuration can set environment variables, so a foreign address is only good
    when the user's own file lists it. Raises ConfigError with the rule.
    """
    own_file = own_file or endpoints_file()
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(RULE) from None
    if parts.scheme not in {"http", "https"} or parts.path not in {"", "/"}:
        raise ConfigError(RULE)
    if parts.username is not None or parts.query or parts.fragment or not HOST.fullmatch(host):
        raise ConfigError(RULE)
    address = f"[{host}]" if ":" in host else host
    is_default = port in {None, DEFAULT_PORTS[parts.scheme]}
    endpoint = f"{parts.scheme}://{address}" + ("" if is_default else f":{port}")
    if is_loopback(endpoint) or (parts.scheme == "https" and _is_fastly(host)):
        return endpoint
    if parts.scheme == "https" and endpoint in _listed(own_file):
        return endpoint
    raise ConfigError(
        f"{RULE} Any other https address must be listed, one to a line, in {own_file}."
    )


def is_loopback(endpoint: str) -> bool:
    """Tell whether the parsed address is this machine."""
    return is_this_machine(urlsplit(endpoint).hostname or "")


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine; `127.1` or `2130706433` are names here."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Python versions differ on an IPv4 address dressed as IPv6, so that is none here.
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def may_carry(endpoint: str, token: str) -> bool:
    """Tell whether a token may be sent there: over plain http only one that is no secret."""
    return endpoint.startswith("https://") or token.startswith("sandbox")


def endpoints_file() -> Path:
    """Return the user's own list of further API addresses, in their configuration directory.

    It is where platformdirs has it, but from the home directory of the password database: HOME
    and XDG_CONFIG_HOME are variables too, which a project's configuration can set.
    """
    if sys.platform == "win32":  # pragma: no cover  # no variable decides there
        import platformdirs  # noqa: PLC0415  # only a foreign address needs it; the start does not

        return platformdirs.user_config_path("fastly-mcp", appauthor=False) / "endpoints"
    import pwd  # noqa: PLC0415  # not there on Windows

    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path(os.devnull)  # a user without an entry has no file
    folder = "Library/Application Support" if sys.platform == "darwin" else ".config"
    return home / folder / "fastly-mcp" / "endpoints"


def _is_fastly(host: str) -> bool:
    return host == "fastly.com" or host.endswith(".fastly.com")


def _listed(file: Path) -> set[str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    return {line.strip().rstrip("/").lower() for line in text.splitlines() if line.strip()}
