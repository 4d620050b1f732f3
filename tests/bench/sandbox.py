"""The sandbox by itself: what an answer costs, how long it takes to start, what many pages cost."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx2
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from fastly_mcp.sandbox import create_app, make_world
from fastly_mcp.sandbox.seeds.files import parse_seed
from tests.bench.load import Stdio
from tests.bench.servers import STDIO, Server, listening

SHOP = "u8jzPde0IgxLd6GncfBAep"
REQUESTS = 1_000
START = """\
import time; began = time.perf_counter()
import anyio, pydantic.main, starlette.applications, starlette.requests, starlette.responses, yaml
loaded = time.perf_counter()
from fastly_mcp.sandbox import create_app
create_app(services={services}); ended = time.perf_counter()
print((ended - loaded) * 1000, (ended - began) * 1000)
"""
SERVED = (sys.executable, "-m", "fastly_mcp", "sandbox", "--edge-port=0", "--log-level=error")

Show = Callable[[str, str, str, str], None]


def details(show: Show) -> None:
    """GET /service/{id}/details in process, beside a constant answer of the same size."""
    path = f"/service/{SHOP}/details"
    app = create_app()
    size = len(asyncio.run(_get(app, path)).content)

    async def constant(request: object) -> Response:
        return Response(b"x" * size, media_type="application/json")

    took = asyncio.run(
        _timed({"ours": app, "bare": Starlette(routes=[Route(path, constant)])}, path)
    )
    ours, bare = (median(took[name]) * 1000 for name in ("ours", "bare"))
    show(
        f"details, {size / 1024:.0f} KiB",
        f"{ours:.3f} ms",
        f"{bare:.3f} ms",
        f"{ours - bare:+.3f} ms <= +0.3",
    )


def start(show: Show) -> None:
    """From the frameworks loaded, as a server has them anyway, to an app that could answer."""
    for services, asked in ((6, 150), (1_000, 1_000)):
        command = [sys.executable, "-c", START.format(services=services)]
        runs = [subprocess.check_output(command).split() for _ in range(6)][1:]
        ours, whole = (median(float(run[at]) for run in runs) for at in (0, 1))
        show(
            f"start with {services} services",
            f"{ours:.0f} ms",
            f"({whole:.0f} ms with all)",
            f"<= {asked} ms",
        )


def history(show: Show) -> None:
    """What the MCP server needs to list 40 services with 2,000 versions each."""
    seed = {
        "tokens": [{"value": "sandbox", "scopes": "global"}],
        "services": [
            {
                "name": f"old-{number}",
                "active": 2_000,
                "copies": 1_999,
                "versions": [{"domains": [f"{number}.example"]}],
            }
            for number in range(40)
        ],
    }
    with TemporaryDirectory() as place:
        file = Path(place, "seed.json")
        file.write_text(json.dumps(seed))
        with (
            listening((*SERVED, f"--seed={file}", "--port")) as upstream,
            Stdio(STDIO["ours"], upstream) as server,
        ):
            server.initialize()
            idle = server.server.memory()
            began = time.perf_counter()
            server.call()
            took = time.perf_counter() - began
            most = server.server.memory("VmHWM")
    show(
        "lists 40 x 2,000 versions",
        f"{most - idle:+.1f} MiB",
        f"{took:.1f} s",
        "<= +60 MiB above idle",
    )


def pages(show: Show) -> None:
    """A purge of the key that 10,000 cached pages share, and the look that finds one gone."""
    seed = parse_seed(
        {
            "services": [{"name": "many", "versions": [{"domains": ["many.example"]}]}],
            "pages": {
                f"https://many.example/{number}": {
                    "service": "many",
                    "keys": ["all", *(f"key-{number}-{at}" for at in range(4))],
                }
                for number in range(10_000)
            },
        },
        "seed",
    )
    world = make_world(datetime.now(UTC), seed)
    (service_id,) = world.services
    app = create_app(make=lambda _: world)
    took = asyncio.run(_purge(app, f"/service/{service_id}/purge/all"))
    show("purges a key of 10,000 pages", f"{took:.2f} ms", "", "<= 50 ms")


async def _get(app: ASGIApp, path: str) -> httpx2.Response:
    async with _client(app) as client:
        return await client.get(path)


async def _purge(app: ASGIApp, path: str) -> float:
    async with _client(app) as client:
        began = time.perf_counter()
        (await client.post(path)).raise_for_status()
        took = (time.perf_counter() - began) * 1000
        gone = await client.get("/_sandbox/edge", params={"url": "https://many.example/9999"})
    assert gone.json()["states"] == {"absent": 20}
    return took


async def _timed(apps: dict[str, ASGIApp], path: str) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in apps}
    clients = {name: _client(app) for name, app in apps.items()}
    for number in range(REQUESTS + 50):
        for name, client in clients.items():
            began = time.perf_counter()
            await client.get(path)
            if number >= 50:
                took[name].append(time.perf_counter() - began)
    return took


def _client(app: ASGIApp) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app),
        base_url="https://api.fastly.com",
        headers={"Fastly-Key": "sandbox", "Sandbox-Door": "1"},
    )


def measure(upstream: Server) -> None:
    """Print every figure; `upstream` is not needed."""

    def show(what: str, ours: str, bare: str, asked: str) -> None:
        print(f"{what:30} {ours:>16} {bare:>16}        {asked}", flush=True)

    for each in (details, start, history, pages):
        each(show)
