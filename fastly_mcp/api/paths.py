"""Paths that no argument can change, and the rules for URLs and keys to purge."""

import re
from urllib.parse import quote, unquote, urlsplit

from fastly_mcp.endpoint import DEFAULT_PORTS
from fastly_mcp.errors import InvalidArgument

LONGEST_KEY = 1024  # bytes; Fastly: "requests that cite longer keys will fail"
LONGEST_URL = 8192  # bytes; Fastly's own limit for a request URL

SEGMENT = re.compile(r"\{(\w+)\}")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/")
ID = re.compile(r"[A-Za-z0-9]{21,22}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
WHITE = re.compile(r"\s")
NO_KEY = re.compile(rf"\s|{UNPRINTABLE.pattern}")
# What the HTTP library leaves alone; the rest is escaped first. It has to be the same, because a
# URL that is written otherwise is another cached object.
SAFE_IN_PATH = "/:@!$&'()*+,;=~-._%[]|^"
SAFE_IN_QUERY = SAFE_IN_PATH + "?{}`"


class CachedURL(str):
    """A URL that `purge_target` has checked: the one thing that enters a path as it is."""

    __slots__ = ()


def looks_like_id(text: str) -> bool:
    """Tell whether this could be one of Fastly's ids: 21 or 22 base-62 characters."""
    return ID.fullmatch(text) is not None


def meant(reference: str) -> str:
    """Return what a reference to a service means: a pasted URL its host, and no spaces around."""
    text = reference.strip()
    if "://" not in text:
        return text
    try:
        return urlsplit(text).hostname or text
    except ValueError:
        return text


def fill(template: str, segments: dict[str, str]) -> str:
    """Fill `/service/{service_id}` by escaping each segment whole.

    Raises InvalidArgument for a segment that would be another path: empty, `.` or `..` (also
    percent-encoded), with a backslash or a control character.
    """

    def one(match: re.Match[str]) -> str:
        name = match.group(1)
        value = segments[name]
        if isinstance(value, CachedURL):
            return value
        if not value or _steps(value) or _unprintable(value) or "\\" in value:
            raise InvalidArgument(f"{name} cannot be used in an address.")
        return quote(value, safe="")

    return SEGMENT.sub(one, template)


def purge_target(url: str) -> CachedURL:
    """Return the exact URL to purge, as `https://host/path?query`.

    A missing scheme means https and a fragment is dropped. Raises InvalidArgument with the
    reason for anything that is not exactly one page's address.
    """
    text = url.strip()
    if reason := _no_url(text):
        raise InvalidArgument(reason)
    if not SCHEME.match(text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidArgument("it is not a URL") from None
    if parts.scheme not in {"http", "https"}:
        raise InvalidArgument("only http and https URLs are cached")
    if parts.username is not None or parts.password is not None:
        raise InvalidArgument("user info (…@) does not belong in a URL to purge")
    name = _ascii(host)
    if any(_steps(segment) for segment in parts.path.split("/")):
        raise InvalidArgument("it has . or .. segments; give the address as it is cached")
    if "*" in host or "*" in parts.path:
        raise InvalidArgument(
            "wildcards and folders cannot be purged by URL, which is exact; "
            "use a surrogate key for a group"
        )
    address = name if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{name}:{port}"
    path = quote(parts.path or "/", safe=SAFE_IN_PATH)
    query = f"?{quote(parts.query, safe=SAFE_IN_QUERY)}" if "?" in text.split("#", 1)[0] else ""
    return CachedURL(f"{parts.scheme}://{address}{path}{query}")


def host_of(target: str) -> str:
    """Return the host a purge target is for: lower case, ASCII, without port and trailing dot."""
    return (urlsplit(target).hostname or "").rstrip(".")


def check_key(key: str) -> str:
    """Return a surrogate key as it is. Raises InvalidArgument with the reason if it is none."""
    if not key:
        raise InvalidArgument("it is empty")
    # Keys come by the thousand: only a long one is worth counting, at up to 4 bytes a character.
    if len(key) * 4 > LONGEST_KEY and len(key.encode("utf-8", "surrogatepass")) > LONGEST_KEY:
        raise InvalidArgument(f"it is longer than {LONGEST_KEY} bytes")
    if NO_KEY.search(key):
        raise InvalidArgument("it holds white space or a control character; keys have none")
    return key


def _no_url(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_URL:
        return f"it is longer than {LONGEST_URL} bytes"
    if "\\" in text:
        return "it holds a backslash"
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return "it holds a % that begins no percent-encoding; write %25"
    if WHITE.search(text) or _unprintable(text):
        return "it holds white space or a control character; percent-encode it"
    return ""


def _ascii(host: str) -> str:
    name = host.rstrip(".")
    if not name.isascii():
        try:
            encoded = name.encode("idna")
            # This codec is of 2003 and makes `strasse` of `straße`, which is another host.
            is_same = encoded.decode("idna") == name
        except UnicodeError:
            is_same = False
        if not is_same:
            raise InvalidArgument("its host cannot be read; write it in ASCII (xn--…)")
        name = encoded.decode("ascii")
    if not re.fullmatch(r"[a-z0-9*_-]+(\.[a-z0-9_-]+)*", name):
        raise InvalidArgument("it has no host" if not name else "its host is no host name")
    return name


def _steps(segment: str) -> bool:
    """Tell whether a segment is `.` or `..`, however often it was percent-encoded."""
    seen = ""
    while segment != seen:
        seen, segment = segment, unquote(segment)
    # A decoded slash or full-width form makes segments out of one: each must be clean.
    return any(part in {".", ".."} for part in re.split(r"[/\\;]", segment))


def _unprintable(text: str) -> bool:
    return UNPRINTABLE.search(text) is not None
