"""Faults that only a real socket has: hangs, hang-ups, cut and exploding bodies."""

import asyncio
import gzip
import ssl
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.errors import (
    UNCHANGED,
    UNREPEATABLE,
    APIError,
    Refused,
    TooLarge,
    Unavailable,
    Unreached,
)
from tests.api.wire import TOKEN, Reply, Wire, drops, get, hangs, post, sends, wire

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
BOMB = gzip.compress(bytes(100_000_000))


@asynccontextmanager
async def served(*replies: Reply, deadline: float = 5) -> AsyncIterator[tuple[FastlyClient, Wire]]:
    async with wire(*replies) as server:
        client = FastlyClient(server.endpoint, deadline=deadline, backoff=0)
        try:
            yield client, server
        finally:
            await client.aclose()


FAULTS: dict[str, tuple[Callable[[], Reply], type[APIError], str]] = {
    "dropped before the answer": (drops, Unavailable, "connection to Fastly broke"),
    "dropped in the head": (
        lambda: drops(b"HTTP/1.1 200 OK\r\nContent-"),
        Unavailable,
        "connection to Fastly broke",
    ),
    "dropped after the head": (lambda: drops(HEAD), Unavailable, "connection to Fastly broke"),
    "body cut short": (
        lambda: sends(b'{"a": 1}', length=100),
        Unavailable,
        "connection to Fastly broke",
    ),
    "chunk cut short": (
        lambda: drops(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n[1"),
        Unavailable,
        "connection to Fastly broke",
    ),
    "not HTTP": (lambda: drops(b"SSH-2.0-OpenSSH_9.6\r\n"), Unavailable, "connection to Fastly"),
    "not gzip": (
        lambda: sends(b"[1]", head="Content-Encoding: gzip\r\n"),
        Unavailable,
        "not compressed as it says",
    ),
    "gzip bomb": (
        lambda: sends(BOMB, head="Content-Encoding: gzip\r\n"),
        TooLarge,
        "larger than 10 MB",
    ),
    "redirect elsewhere": (
        lambda: sends(b"", "302 Found", "Location: http://localhost:1/x\r\n"),
        Refused,
        "which is not followed",
    ),
    "redirect nowhere": (
        lambda: sends(b"", "302 Found", "Location: http://[/\r\n"),
        Refused,
        "which is not followed",
    ),
    "HTML": (lambda: sends(b"<html>"), Unavailable, "not JSON"),
    "nothing": (lambda: sends(b""), Unavailable, "not JSON"),
    "502": (lambda: sends(b"<html>", "502 Bad Gateway"), Unavailable, "502 Bad Gateway"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_told_and_the_next_call_works(fault: str) -> None:
    make, kind, said = FAULTS[fault]
    async with served(*[make()] * 4, make(), sends(b"[1]")) as (client, server):
        with pytest.raises(kind, match=said):
            await get(client)
        tries = len(server.heads)
        del server.replies[: 4 - tries]
        with pytest.raises(kind, match=said) as caught:
            await post(client)
        assert len(server.heads) == tries + 1, "a change is sent once"
        assert caught.value.outcome == (UNCHANGED if kind is Refused else UNREPEATABLE)
        assert await get(client) == [1]


@pytest.mark.parametrize("said", [b"", HEAD, HEAD + b"[1"], ids=["silent", "head", "body"])
async def test_a_hang_ends_at_the_deadline(said: bytes) -> None:
    async with served(hangs(said), sends(b"[1]"), deadline=0.3) as (client, server):
        for call, outcome in ((get, ""), (post, UNREPEATABLE)):
            server.replies[:0] = [hangs(said)] * 3
            began = time.monotonic()
            with pytest.raises(Unavailable, match="did not answer in time") as caught:
                await call(client)
            assert time.monotonic() - began < 0.6
            assert caught.value.outcome == outcome
        server.replies[:] = [sends(b"[1]")]
        assert await get(client) == [1]


async def test_an_answer_that_trickles_ends_at_the_deadline() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with anyio.move_on_after(5):
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                with anyio.move_on_after(0.05):
                    await reader.read(1)
        writer.close()

    async with served(trickle, deadline=0.3) as (client, _):
        with pytest.raises(Unavailable, match="did not answer in time"):
            await get(client)


async def test_nobody_listening_means_that_nothing_was_changed() -> None:
    async with wire(drops()) as server:
        endpoint = server.endpoint
    client = FastlyClient(endpoint, backoff=0)
    with pytest.raises(Unreached, match="could not be reached") as caught:
        await post(client)
    assert caught.value.outcome == UNCHANGED
    await client.aclose()


@pytest.mark.parametrize(
    ("bomb", "encoding"), [(BOMB, "gzip"), (gzip.compress(BOMB), "gzip, gzip")], ids=["one", "two"]
)
async def test_a_stack_of_gzip_bombs_does_not_fill_the_memory(bomb: bytes, encoding: str) -> None:
    async with served(sends(bomb, head=f"Content-Encoding: {encoding}\r\n")) as (client, _):
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                await get(client)
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()


async def test_a_redirect_carries_no_token_to_another_host() -> None:
    async with wire(sends(b"[]")) as foreign:
        redirect = sends(b"", "307 Moved", f"Location: {foreign.endpoint}/service\r\n")
        async with served(redirect) as (client, _):
            for call in (get, post):
                with pytest.raises(Refused, match="not followed"):
                    await call(client)
        assert foreign.heads == []


async def test_connections_are_kept_and_used_again() -> None:
    async with served(sends(b"[1]")) as (client, server):
        for _ in range(3):
            await get(client)
        assert len(server.tasks) == 1


async def test_a_connection_the_server_closed_is_not_used_again() -> None:
    async with served(sends(b"[1]", head="Connection: close\r\n")) as (client, server):
        await get(client)
        await post(client)
        assert len(server.heads) == 2


async def test_a_cancelled_read_is_aborted_within_100_ms() -> None:
    async with served(hangs(), deadline=30) as (client, server):
        async with anyio.create_task_group() as group:
            group.start_soon(get, client)
            await server.arrived.wait()
            group.cancel_scope.cancel()
            began = time.monotonic()
        await server.gone.wait()
        assert time.monotonic() - began < 0.1


async def test_another_waiter_keeps_a_shared_read_alive() -> None:
    answered = anyio.Event()

    async def later(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answered.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]")
        await writer.drain()

    results: list[Any] = []

    async def wait_for_it(client: FastlyClient, scope: anyio.CancelScope) -> None:
        with scope:
            results.append(await get(client))

    async with served(later) as (client, server):
        first, second = anyio.CancelScope(), anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(wait_for_it, client, first)
            group.start_soon(wait_for_it, client, second)
            await server.arrived.wait()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            assert not server.gone.is_set()
            answered.set()
        assert results == [[1]]
        assert len(server.heads) == 1


@pytest.mark.parametrize("reply", [sends(b'{"status": "ok"}'), drops()], ids=["done", "lost"])
async def test_a_cancelled_change_is_finished_so_that_its_outcome_is_known(reply: Reply) -> None:
    cancelled = anyio.Event()
    outcomes: list[object] = []

    async def once_cancelled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await cancelled.wait()
        await reply(reader, writer)

    async def purge(client: FastlyClient) -> None:
        try:
            outcomes.append((await post(client)).data)
        except Unavailable as error:
            outcomes.append(error.outcome)

    async with served(once_cancelled) as (client, server):
        async with anyio.create_task_group() as group:
            group.start_soon(purge, client)
            await server.arrived.wait()
            group.cancel_scope.cancel()
            cancelled.set()
        assert outcomes in ([{"status": "ok"}], [UNREPEATABLE])
        assert len(server.heads) == 1


async def test_a_cancelled_change_is_sent_whole_and_not_for_ever() -> None:
    async with served(hangs(), deadline=0.3) as (client, server):
        began = time.monotonic()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                keys = {"surrogate_keys": ["a" * 1000] * 256}

                async def purge() -> None:
                    await client.post(TOKEN, "/service/x/purge", {}, repeatable=True, json=keys)

                group.start_soon(purge)
                await server.arrived.wait()
                scope.cancel()
        assert time.monotonic() - began < 1
        assert len(server.bodies[0]) > 256_000
        assert len(server.heads) == 1


async def test_a_cancelled_change_is_not_tried_again() -> None:
    refused = anyio.Event()

    async def unavailable(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await refused.wait()
        await sends(b"", "503 Service Unavailable")(reader, writer)

    async with served(unavailable) as (client, server):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(post, client, repeatable=True))
            await server.arrived.wait()
            group.cancel_scope.cancel()
            refused.set()
        assert len(server.heads) == 1


async def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "certificate.pem"))
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    port = server.sockets[0].getsockname()[1]
    async with server:
        client = FastlyClient(f"https://localhost:{port}", backoff=0)
        with pytest.raises(Unreached, match="certificate is not trusted here; SSL_CERT_FILE"):
            await get(client)
        await client.aclose()


def self_signed(file: Path) -> Path:
    """Write a key and a certificate for localhost that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(pem))
    return file
