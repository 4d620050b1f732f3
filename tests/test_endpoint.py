"""Which addresses a Fastly token may be sent to: the parsed address decides."""

import sys
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.endpoint import check_endpoint, endpoints_file, is_loopback, may_carry
from fastly_mcp.errors import ConfigError


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Return a user's own file of endpoints, which is not there yet."""
    return tmp_path / "endpoints"


ACCEPTED = {
    "https://api.fastly.com": "https://api.fastly.com",
    "https://api.fastly.com/": "https://api.fastly.com",
    "HTTPS://API.FASTLY.COM": "https://api.fastly.com",
    "https://fastly.com": "https://fastly.com",
    "https://rt.fastly.com": "https://rt.fastly.com",
    "https://a.b.fastly.com:8443": "https://a.b.fastly.com:8443",
    "https://api.fastly.com:443": "https://api.fastly.com",
    "https://api.fastly.com:": "https://api.fastly.com",
    "http://127.0.0.1": "http://127.0.0.1",
    "http://127.0.0.1:80": "http://127.0.0.1",
    "http://127.0.0.1:8080/": "http://127.0.0.1:8080",
    "http://127.8.9.10:1": "http://127.8.9.10:1",
    "https://127.0.0.1:8443": "https://127.0.0.1:8443",
    "http://localhost:8080": "http://localhost:8080",
    "http://LOCALHOST": "http://localhost",
    "http://[::1]:8080": "http://[::1]:8080",
    "http://[0:0:0:0:0:0:0:1]": "http://[0:0:0:0:0:0:0:1]",
}

REFUSED = [
    "http://api.fastly.com",
    "https://evil.test",
    "https://fastly.com.evil.test",
    "https://api.fastly.com.evil.test",
    "https://evilfastly.com",
    "https://evil.test/.fastly.com",
    "https://evil.test#.fastly.com",
    "https://evil.test?.fastly.com",
    "https://evil.test\\.fastly.com",
    "https://api.fastly.com@evil.test",
    "https://user:secret@api.fastly.com",
    "https://@api.fastly.com",
    "https://api.fastly.com/v1",
    "https://api.fastly.com//",
    "https://api.fastly.com?x=1",
    "https://api.fastly.com#x",
    "https://api.fastly.com.",
    "https://.fastly.com",
    "https://a..fastly.com",
    "https://-a.fastly.com",
    "https://*.fastly.com",
    "https://api.fastly.com:0x50",
    "https://api.fastly.com:99999",
    "https://api.fastly.com evil.test",
    "https://api%2efastly.com",
    "https://api.f\u0430stly.com",
    "https://api。fastly。com",
    "https://\uff41pi.fastly.com.evil.test",
    "https://api.fastly.com\uff0fevil.test",
    "http://127.1",
    "http://127.0.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0177.0.0.1",
    "http://127.0.0.01",
    "http://127.0.0.1.",
    "http://127.0.0.1.evil.test",
    "http://localhost.",
    "http://localhost.evil.test",
    "http://evil.test#localhost",
    "http://localhost@evil.test",
    "http://localhost:80@evil.test",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]",
    "http://[::1%25eth0]",
    "http://[fe80::1]",
    "http://[::1",
    "http://169.254.169.254",
    "http://10.0.0.1",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "unix:///run/fastly",
    "api.fastly.com",
    "//api.fastly.com",
    "https://",
    "https:api.fastly.com",
    "https:///api.fastly.com",
    "nonsense",
]


@pytest.mark.parametrize("value", ACCEPTED)
def test_fastly_over_https_and_this_machine_are_accepted(value: str) -> None:
    assert check_endpoint(value) == ACCEPTED[value]


@pytest.mark.parametrize("value", REFUSED)
def test_anything_else_is_refused_without_the_value(value: str) -> None:
    with pytest.raises(ConfigError, match="or a loopback address") as caught:
        check_endpoint(value)
    assert "evil" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("value", ACCEPTED)
async def test_requests_reach_every_accepted_endpoint(value: str) -> None:
    seen: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(str(request.url))
        return httpx2.Response(200, json=1)

    client = FastlyClient(check_endpoint(value), transport=httpx2.MockTransport(answer))
    await client.get(SecretStr("sandbox"), "/service", None, {})
    assert seen == [f"{ACCEPTED[value]}/service"]


def test_a_foreign_address_is_good_only_when_the_users_own_file_lists_it(listed: Path) -> None:
    with pytest.raises(ConfigError, match="must be listed") as caught:
        check_endpoint("https://proxy.test:8443", listed)
    assert str(listed) in str(caught.value)
    listed.write_text("\n  https://Other.test/ \nhttps://proxy.test:8443/\n", encoding="utf-8")
    assert check_endpoint("https://proxy.test:8443", listed) == "https://proxy.test:8443"
    assert check_endpoint("https://other.test", listed) == "https://other.test"
    assert check_endpoint("https://OTHER.test:443/", listed) == "https://other.test"
    for value in ("https://proxy.test", "https://x.proxy.test:8443", "https://test"):
        with pytest.raises(ConfigError):
            check_endpoint(value, listed)


def test_no_variable_moves_the_users_own_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = endpoints_file()
    for name in ("HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME", "USERPROFILE", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    assert endpoints_file() == before
    assert before.name == "endpoints"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no password database")
def test_a_user_without_a_home_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    with pytest.raises(ConfigError):
        check_endpoint("https://proxy.test")


def test_plain_http_elsewhere_is_refused_even_when_it_is_listed(listed: Path) -> None:
    listed.write_text("http://proxy.test\nhttp://127.1\n", encoding="utf-8")
    for value in ("http://proxy.test", "http://127.1"):
        with pytest.raises(ConfigError):
            check_endpoint(value, listed)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_list_lists_nothing(listed: Path, content: bytes) -> None:
    listed.write_bytes(content)
    with pytest.raises(ConfigError):
        check_endpoint("https://proxy.test", listed)


def test_the_parsed_address_decides_what_this_machine_is() -> None:
    assert is_loopback("http://127.0.0.1:1")
    assert not is_loopback("http://127.1")
    assert not is_loopback("https://api.fastly.com")
    assert not is_loopback("nonsense")


@pytest.mark.parametrize(
    ("endpoint", "token", "may"),
    [
        ("https://api.fastly.com", "real", True),
        ("https://127.0.0.1:8443", "real", True),
        ("http://127.0.0.1:8080", "sandbox", True),
        ("http://127.0.0.1:8080", "sandbox-read", True),
        ("http://127.0.0.1:8080", "real", False),
        ("http://localhost", "real-sandbox", False),
        ("http://[::1]:80", "Sandbox", False),
    ],
)
def test_plain_http_carries_only_sandbox_tokens(endpoint: str, token: str, may: bool) -> None:
    assert may_carry(endpoint, token) is may
