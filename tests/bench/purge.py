"""Many keys in one call beside a bare loop, and what the guard adds to an allowed purge."""

import asyncio
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2

from fastly_mcp.api.client import FastlyClient
from fastly_mcp.api.connection import Connection
from fastly_mcp.api.paths import purge_target
from fastly_mcp.config import Settings
from fastly_mcp.guard.changes import CALL, Call
from fastly_mcp.guard.guard import Guard
from tests.bench.load import Stdio
from tests.bench.servers import STDIO, Server

SHOP = "u8jzPde0IgxLd6GncfBAep"
LAMP = purge_target("https://www.larkspur.example/products/lamp")
TOKEN = "sandbox"
KEYS = [f"product-{number}" for number in range(10_000)]
BATCHES = [KEYS[at : at + 256] for at in range(0, len(KEYS), 256)]
AT_ONCE = 8
ROUNDS = 11
FAR = 0.02  # seconds to an answer
DOOR = {"Sandbox-Door": "1"}
PURGES = 200
WIDE = {"FASTLY_MCP_APPROVAL": "never", "FASTLY_MCP_KEYS_PER_HOUR": "1000000"}


def many(upstream: Server) -> None:
    """10,000 keys in one call, beside a loop that sends the same 40 requests 8 at a time.

    Once with a Fastly on this machine, which answers at once, and once with one that is further.
    """
    with (
        TemporaryDirectory() as place,
        Stdio(STDIO["ours"], upstream, FASTLY_MCP_STATE_DIR=str(Path(place, "s")), **WIDE) as ours,
    ):
        ours.initialize()
        ours.call("purge_surrogate_key", service=SHOP, keys=KEYS[:1])
        idle = ours.server.memory()
        before = _requests(upstream)
        ours.call("purge_surrogate_key", service=SHOP, keys=KEYS)
        sent = _requests(upstream) - before
        _beside(ours, upstream, "10,000 keys, at once")
        most = ours.server.memory("VmHWM")
        delay = {"kind": "delay", "path": f"/service/{SHOP}/purge", "seconds": FAR, "count": 10**6}
        _faults(upstream, delay)
        _beside(ours, upstream, f"10,000 keys, {FAR * 1000:g} ms away")
        _faults(upstream)
    _show("their requests", f"{sent}", f"{len(BATCHES)}", "         = 40")
    _show("their memory", f"{most:.1f} MiB", f"{idle:.1f} MiB", f"{most - idle:+.1f} MiB <= +10")


def _beside(ours: Stdio, upstream: Server, what: str) -> None:
    took: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        receipt = ours.call("purge_surrogate_key", service=SHOP, keys=KEYS)
        took["ours"].append(time.perf_counter() - began)
        if receipt["accepted"] != len(KEYS):
            raise RuntimeError(receipt)
        took["bare"].append(asyncio.run(_bare(upstream)))
    mine, its = (median(took[name]) * 1000 for name in ("ours", "bare"))
    _show(what, f"{mine:.0f} ms", f"{its:.0f} ms", f"{mine / its:6.2f}   <= 1.30")


def guarded(upstream: Server) -> None:
    """One purge after the other with the guard on disk, as it is by default, and without it."""
    with TemporaryDirectory() as place:
        took = asyncio.run(_guarded(upstream, Path(place, "state")))
    mine, its = (median(took[name]) * 1000 for name in ("ours", "bare"))
    _show("a purge, guarded", f"{mine:.2f} ms", f"{its:.2f} ms", f"{mine - its:+.2f} ms <= +3")


async def _guarded(upstream: Server, state_dir: Path) -> dict[str, list[float]]:
    settings = Settings.read({"FASTLY_API_TOKEN": TOKEN, "FASTLY_API_ENDPOINT": _url(upstream)})
    fastly = Connection(settings, FastlyClient(settings.endpoint))
    guard = Guard(settings, state_dir=state_dir)
    CALL.set(Call(tool="purge_url", arguments="", caller="stdio"))

    async def bare() -> None:
        headers = {"Fastly-Soft-Purge": "1"}
        await fastly.post("/purge/{url}", url=LAMP, headers=headers, repeatable=True, counted=False)

    async def ours() -> None:
        async with guard.change(fastly, "url", targets=(LAMP,), soft=True) as record:
            await bare()
            record.done("")

    took: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(PURGES + 20):
        for name, purge in (("ours", ours), ("bare", bare)):
            began = time.perf_counter()
            await purge()
            if number >= 20:
                took[name].append(time.perf_counter() - began)
    await guard.aclose()
    await fastly.aclose()
    return took


async def _bare(upstream: Server) -> float:
    limit = asyncio.Semaphore(AT_ONCE)
    async with _client(upstream) as client:

        async def send(keys: list[str]) -> None:
            async with limit:
                path = f"/service/{SHOP}/purge"
                answer = await client.post(path, json={"surrogate_keys": keys})
                if len(answer.json()) != len(keys):
                    raise RuntimeError(answer.text)

        await client.get("/tokens/self")  # ours has its connections open too
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for keys in BATCHES:
                group.create_task(send(keys))
        return time.perf_counter() - began


def _requests(upstream: Server) -> int:
    """How many purges of keys the upstream has in its log."""
    log = httpx2.get(_url(upstream) + "/_sandbox/log", headers=DOOR, trust_env=False).json()
    return sum(row["path"] == f"/service/{SHOP}/purge" for row in log["requests"])


def _faults(upstream: Server, fault: object = None) -> None:
    """Plan a fault, or with none let all be well again."""
    url, method = _url(upstream) + "/_sandbox/faults", "POST" if fault else "DELETE"
    answer = httpx2.request(method, url, headers=DOOR, json=fault, trust_env=False)
    answer.raise_for_status()


def _client(upstream: Server) -> httpx2.AsyncClient:
    headers = {"Fastly-Key": TOKEN, "Accept-Encoding": "gzip"}
    return httpx2.AsyncClient(base_url=_url(upstream), headers=headers, trust_env=False)


def _url(upstream: Server) -> str:
    return f"http://127.0.0.1:{upstream.port}"


def _show(what: str, ours: str, bare: str, asked: str) -> None:
    print(f"{what:30} {ours:>16} {bare:>16} {asked:>24}", flush=True)
