"""Proxies and certificates come from the environment; what is wrong there is said once."""

import logging
from pathlib import Path

import pytest

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.endpoint import FASTLY
from fastly_mcp.errors import ConfigError
from tests.api.wire import get, post, sends, wire

pytestmark = pytest.mark.anyio

VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


async def problem() -> str:
    """Return what the first call says, which has to be what the second says too."""
    client = FastlyClient(FASTLY)
    with pytest.raises(ConfigError) as first:
        await get(client)
    with pytest.raises(ConfigError) as second:
        await post(client)
    assert str(first.value) == str(second.value)
    return str(first.value)


async def test_a_missing_ca_bundle_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "secret-place.pem"))
    assert await problem() == (
        "SSL_CERT_FILE names a place that does not exist; correct or remove it."
    )


async def test_a_ca_bundle_without_certificates_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("hello", encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert await problem() == (
        "SSL_CERT_FILE names a place that does not hold certificates; correct or remove it."
    )


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTPS_PROXY", "all_proxy"])
async def test_a_socks_proxy_without_its_package_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "socks5://user:s3cret@127.0.0.1:1080")
    said = await problem()
    assert said == (
        f"{name.upper()} names a SOCKS proxy, which needs one more package: "
        "pip install 'httpx2[socks]'."
    )


@pytest.mark.parametrize("value", ["gopher://s3cret", "http://s3cret:port"])
async def test_a_nonsense_proxy_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert await problem() == ("HTTPS_PROXY does not hold a proxy address this client understands.")


async def test_it_works_again_once_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://x")
    client = FastlyClient(FASTLY, backoff=0, deadline=0.2)
    with pytest.raises(ConfigError):
        await get(client)
    async with wire(sends(b"", "407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        with pytest.raises(Exception, match="proxy error"):
            await get(client)
        assert proxy.heads[0].startswith(b"CONNECT api.fastly.com:443 ")
        assert b"sandbox" not in b"".join(proxy.heads)
        await client.aclose()


async def test_a_proxy_has_no_part_in_talking_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with wire(sends(b"[1]")) as proxy, wire(sends(b"[2]")) as server:
        for name in ("ALL_PROXY", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.endpoint)
        client = FastlyClient(server.endpoint)
        assert await get(client) == [2]
        await client.aclose()
        assert proxy.heads == []


async def test_the_http_library_logs_nothing_even_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with wire(sends(b"[1]")) as server:
        client = FastlyClient(server.endpoint)
        await get(client)
        await client.aclose()
    assert [record for record in caplog.records if record.name.startswith("http")] == []
