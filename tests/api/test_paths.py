"""No argument can change the path it was put into."""

import asyncio
import re
from urllib.parse import unquote, urlsplit

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.paths import CachedURL, check_key, fill, host_of, looks_like_id, purge_target
from fastly_mcp.endpoint import FASTLY
from fastly_mcp.errors import InvalidArgument
from tests.api.wire import TOKEN, sends, wire

PIECES = (
    *("/", "\\", ".", "..", "%2e", "%2E", "%2f", "%5c", "%252e", "%00", "%", ";", "#", "?", "@"),
    *(
        ":",
        "*",
        "\n",
        "\r",
        "\t",
        " ",
        "\0",
        "\x7f",
        "\x85",
        "\u2028",
        "\u200b",
        "\ud800",
        "\uff0e",
    ),
    *(
        "。",
        "\uff0f",
        "ü",
        "ß",
        "K",
        "İ",
        "[",
        "]",
        "|",
        "'",
        '"',
        "<",
        "{",
        "^",
        "`",
        "~",
        "&",
        "=",
    ),
    *("//", "../", "purge_all", "service", "http:", "https://", "localhost", "a", "B", "9", "-"),
)
text = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=20)


class Seen:
    """One client whose requests are noted as they would go over the wire."""

    def __init__(self) -> None:
        self.targets: list[str] = []
        self.hosts: set[str] = set()
        transport = httpx2.MockTransport(self.answer)
        self.client = FastlyClient(FASTLY, transport=transport, backoff=0)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        self.targets.append(request.url.raw_path.decode("ascii"))
        self.hosts.add(f"{request.url.scheme}://{request.url.host}:{request.url.port}")
        return httpx2.Response(200, json={})

    def post(self, path: str, **segments: str) -> str | None:
        """Return the raw path that was sent, None if the arguments were refused."""
        self.targets.clear()
        try:
            asyncio.run(self.client.post(TOKEN, path, segments, repeatable=True))
        except InvalidArgument:
            assert self.targets == []
            return None
        assert self.hosts == {"https://api.fastly.com:None"}
        (target,) = self.targets
        return target


@settings(max_examples=300, deadline=None)
@given(service=text, key=text)
@example("..", "..")
@example("a/../b", "%2e%2e")
@example("a", "..%2f..%2fpurge_all")
@example("a", "purge_all")
@example("x?y", "#")
def test_a_segment_stays_one_segment(service: str, key: str) -> None:
    target = Seen().post("/service/{service_id}/purge/{key}", service_id=service, key=key)
    if target is None:
        return
    match = re.fullmatch(r"/service/([^/?#]+)/purge/([^/?#]+)", target)
    assert match
    assert [unquote(part) for part in match.groups()] == [service, key]
    assert "." not in {*match.groups()}
    assert ".." not in {*match.groups()}


@settings(max_examples=500, deadline=None)
@given(prefix=st.sampled_from(["", "https://www.example.com/", "http://a.b:8080/", "//"]), url=text)
@example("https://www.example.com/", "../../../../service/ID/purge_all")
@example("https://www.example.com/", "%2e%2e/%2e%2e/service/ID/purge_all")
@example("https://www.example.com/", "a/..;/b")
@example("https://www.example.com/", "a?x=/../../y")
@example("", "https:/../service")
@example("", "www.example.com/a?")
def test_a_url_to_purge_stays_one_url(prefix: str, url: str) -> None:
    try:
        purged = purge_target(prefix + url)
    except InvalidArgument:
        return
    target = Seen().post("/purge/{cached_url}", cached_url=purged)
    assert target == f"/purge/{purged}"
    parts = urlsplit(purged)
    assert parts.scheme in {"http", "https"}
    assert re.fullmatch(r"[a-z0-9._-]+(:\d+)?", parts.netloc)
    assert parts.path.startswith("/")
    for part in unquote(unquote(parts.path)).split("/"):
        assert part not in {".", ".."}
    assert purge_target(purged) == purged


@settings(max_examples=200, deadline=None)
@given(url=text)
def test_a_string_that_was_not_checked_enters_no_path_as_it_is(url: str) -> None:
    target = Seen().post("/purge/{cached_url}", cached_url=url)
    assert target is None or "/" not in target.removeprefix("/purge/")


@pytest.mark.parametrize(
    "smuggled",
    [
        "https://h.example/../../service/x/purge_all",
        "../service",
        "a/./b",
        "a b",
        "ü",
        "a#b",
        "a\n",
        "a" * 70_000,
    ],
)
def test_the_client_refuses_what_its_http_library_would_change(smuggled: str) -> None:
    seen = Seen()
    with pytest.raises(InvalidArgument, match="cannot be used in an address; nothing was sent"):
        asyncio.run(
            seen.client.post(
                TOKEN, "/purge/{cached_url}", {"cached_url": CachedURL(smuggled)}, repeatable=True
            )
        )
    assert seen.targets == []


@pytest.mark.anyio
async def test_the_socket_carries_exactly_the_path_that_was_built() -> None:
    segments = {"service_id": "a%2f;b?c#d:e@f*g\uff05ü", "key": "a/b"}
    url = purge_target("https://www.example.com//a%2Fb/[c]|d;e'f?g=/../h&i=%2e%2e/?")
    async with wire(sends()) as server:
        client = FastlyClient(server.endpoint)
        await client.post(TOKEN, "/service/{service_id}/purge/{key}", segments, repeatable=True)
        await client.post(TOKEN, "/purge/{cached_url}", {"cached_url": url}, repeatable=True)
        await client.aclose()
        lines = [head.split(b"\r\n")[0].decode() for head in server.heads]
    assert lines == [
        "POST /service/a%252f%3Bb%3Fc%23d%3Ae%40f%2Ag%EF%BC%85%C3%BC/purge/a%2Fb HTTP/1.1",
        "POST /purge/https://www.example.com//a%2Fb/[c]|d;e'f?g=/../h&i=%2e%2e/? HTTP/1.1",
    ]


STEPS = ("", ".", "..", "%2e", "%2E%2e", ".%2e", "%252e%252e", "../a", "a/..", "a%2f..", "..;a")


@pytest.mark.parametrize(
    "value", [*STEPS, "a\\b", "..\\a", "a\nb", "a\0", "\x7f", "\x85", "\ud800"]
)
def test_what_could_be_another_path_is_no_segment(value: str) -> None:
    with pytest.raises(InvalidArgument, match="service_id cannot be used in an address"):
        fill("/service/{service_id}", {"service_id": value})


def test_a_query_is_no_part_of_the_path() -> None:
    assert fill("/service/{service_id}", {"service_id": "a?b=c&d"}) == "/service/a%3Fb%3Dc%26d"


@pytest.mark.parametrize(
    ("given", "purged"),
    [
        ("www.example.com", "https://www.example.com/"),
        ("www.example.com/a", "https://www.example.com/a"),
        ("HTTPS://WWW.Example.COM/A", "https://www.example.com/A"),
        ("http://www.example.com:80/", "http://www.example.com/"),
        ("https://www.example.com:443/", "https://www.example.com/"),
        ("https://www.example.com:80/", "https://www.example.com:80/"),
        ("www.example.com:8080/a", "https://www.example.com:8080/a"),
        ("https://www.example.com./a", "https://www.example.com/a"),
        ("https://www.example.com/a?b=c#d", "https://www.example.com/a?b=c"),
        ("https://www.example.com/a#b?c", "https://www.example.com/a"),
        ("https://www.example.com/a?", "https://www.example.com/a?"),
        ("https://www.example.com?a", "https://www.example.com/?a"),
        ("https://www.example.com//a//b", "https://www.example.com//a//b"),
        ("https://www.example.com/a%2Fb%20c", "https://www.example.com/a%2Fb%20c"),
        ("https://www.example.com/ü?q=ü", "https://www.example.com/%C3%BC?q=%C3%BC"),
        (
            "https://www.example.com/?next=https://x/../y*",
            "https://www.example.com/?next=https://x/../y*",
        ),
        ("https://www.example.com/...", "https://www.example.com/..."),
        ("https://www.example.com/.well-known/x", "https://www.example.com/.well-known/x"),
        ("https://MÜNCHEN.example/", "https://xn--mnchen-3ya.example/"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("www.example.com/via/http://origin/x", "https://www.example.com/via/http://origin/x"),
        (" www.example.com/a ", "https://www.example.com/a"),
        ("https://www.example.com/[a]|b'c", "https://www.example.com/[a]|b'c"),
        ('https://www.example.com/{"a"}', "https://www.example.com/%7B%22a%22%7D"),
    ],
)
def test_a_url_is_purged_exactly_as_it_is_cached(given: str, purged: str) -> None:
    assert purge_target(given) == purged


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("https://", "no host"),
        ("https:///a", "no host"),
        ("https:/www.example.com/a", "no host"),
        ("//www.example.com/a", "no host"),
        ("?a", "no host"),
        ("ftp://www.example.com/", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "not a URL"),
        ("https://user:pass@www.example.com/", "user info"),
        ("https://@www.example.com/", "user info"),
        ("https://www.example.com@evil.test/", "user info"),
        ("https://www.example.com\\@evil.test/", "backslash"),
        ("https://www.example.com/a\\b", "backslash"),
        ("https://www.example.com/a\nb", "white space or a control"),
        ("https://www.example.com/a b", "white space or a control"),
        ("https://www.example.com/a\u2028b", "white space or a control"),
        ("https://www.example.com/a\x00b", "white space or a control"),
        ("https://www.example.com/a\ud800b", "white space or a control"),
        ("https://www.example.com/a\x85b", "white space or a control"),
        ("https://www.example.com/100%", "begins no percent-encoding"),
        ("https://www.example.com/%zz", "begins no percent-encoding"),
        ("https://www.example.com/a/../b", "segments"),
        ("https://www.example.com/a/./b", "segments"),
        ("https://www.example.com/..", "segments"),
        ("https://www.example.com/%2e%2E/b", "segments"),
        ("https://www.example.com/.%2e/b", "segments"),
        ("https://www.example.com/%252e%252e/b", "segments"),
        ("https://www.example.com/a%2f..%2fb", "segments"),
        ("https://www.example.com/..%5cb", "segments"),
        ("https://www.example.com/..;a=b/c", "segments"),
        ("https://www.example.com/*", "surrogate key for a group"),
        ("https://www.example.com/a/*", "surrogate key for a group"),
        ("https://*.example.com/", "surrogate key for a group"),
        ("https://www.example.com:port/", "not a URL"),
        ("https://www.example.com:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("https://[::1]/", "no host name"),
        ("https://www..example.com/", "no host name"),
        ("https://.example.com/", "no host name"),
        ("https://exa%6dple.com/", "no host name"),
        ("https://straße.example/", "write it in ASCII"),
        ("https://www。example。com/", "write it in ASCII"),
        ("https://\uff57\uff57\uff57.example.com/", "write it in ASCII"),
        ("https://" + "ü" * 80 + ".example/", "write it in ASCII"),
        ("https://www.example.com\uff0fevil.test/", "not a URL"),
        ("https://www.example.com/" + "a" * 8192, "longer than 8192 bytes"),
    ],
)
def test_what_is_not_one_page_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        purge_target(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://WWW.Example.com.:8443/a", "www.example.com"),
        ("www.example.com?a", "www.example.com"),
        ("http://MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("https://lar\u212aspur.example/", "larkspur.example"),
    ],
)
def test_a_host_is_lower_case_ascii_without_port_and_trailing_dot(url: str, host: str) -> None:
    assert host_of(purge_target(url)) == host


@pytest.mark.parametrize(
    "key", ["a", "product/lamp", "a" * 1024, "ü" * 512, "..", "a%20b", '"', "{}"]
)
def test_a_key_may_hold_anything_that_is_visible(key: str) -> None:
    check_key(key)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "empty"),
        ("a" * 1025, "longer than 1024 bytes"),
        ("ü" * 513, "longer than 1024 bytes"),
        ("a b", "white space"),
        ("a\tb", "white space"),
        ("a\u3000b", "white space"),
        ("a\x00", "control"),
        ("a\x1f", "control"),
        ("\x7f", "control"),
        ("\x9b", "control"),
        ("\ud800", "control"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(key: str, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        check_key(key)


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("u8jzPde0IgxLd6GncfBAep", True),
        ("u8jzPde0IgxLd6GncfBAe", True),
        ("u8jzPde0IgxLd6GncfBA", False),
        ("u8jzPde0IgxLd6GncfBAep1", False),
        ("u8jzPde0IgxLd6GncfBA-p", False),
        ("u8jzPde0IgxLd6GncfBAép", False),
        ("u8jzPde0IgxLd6GncfBAep\n", False),
    ],
)
def test_an_id_is_21_or_22_letters_and_digits(text: str, is_id: bool) -> None:
    assert looks_like_id(text) is is_id
