"""The active backends of eight services: one search and one read beside a bare gather."""

import asyncio
import json
import time
import warnings
from statistics import median
from typing import Any

import httpx2

from tests.bench.load import Stdio
from tests.bench.servers import STDIO, Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data in an old way
    import bpe_openai  # type: ignore[import-untyped]  # it carries no types

    encoding = bpe_openai.get_encoding("o200k_base")

SERVICES = 8
AT_ONCE = 8
ROUNDS = 41
QUESTION = "backends of a service"
FIELDS = ("name", "address", "port")
SELECT = "[].{name: name, address: address, port: port}"
FAR = 0.02  # seconds to an answer
DOOR = {"Sandbox-Door": "1"}


def measure(upstream: Server) -> None:
    """Once with a Fastly on this machine, which answers at once, and once with one further away."""
    asyncio.run(_fill(upstream))
    with Stdio(STDIO["ours"], upstream) as ours:
        ours.initialize()
        found = ours.call("search_api", query=QUESTION)
        operation = found["operations"][0]["operation"]
        listed = ours.call("read_api", operation="list_services", select="[].id")
        services = listed["result"][:SERVICES]
        params = {"service_id": services, "version_id": "active"}
        read = ours.call("read_api", operation=operation, params=params, select=SELECT)
        if operation != "list_backends" or len(read["results"]) != SERVICES:
            raise RuntimeError(read)
        _beside(ours, upstream, services, "8 services' backends, at once")
        delay = {"kind": "delay", "path": "/service/*/backend", "seconds": FAR, "count": 10**6}
        _faults(upstream, delay)
        _beside(ours, upstream, services, f"8 services', {FAR * 1000:g} ms away")
        _faults(upstream)
    both = (_tokens(found), _tokens(read))
    print(f"{'tokens of search and read':46} {both[0]:>10} {both[1]:>12} {sum(both):6}   <= 1500")


def _beside(ours: Stdio, upstream: Server, services: list[str], what: str) -> None:
    """Ours has looked the services up before, so both send the same eight requests."""
    took: dict[str, list[float]] = {"ours": [], "read": [], "bare": []}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        ours.call("search_api", query=QUESTION)
        found = time.perf_counter()
        params = {"service_id": services, "version_id": "active"}
        ours.call("read_api", operation="list_backends", params=params, select=SELECT)
        took["ours"].append(time.perf_counter() - began)
        took["read"].append(time.perf_counter() - found)
        took["bare"].append(asyncio.run(_bare(upstream, services)))
    both, read, its = (median(took[name][1:]) * 1000 for name in ("ours", "read", "bare"))
    most = "<= 1.20" if its >= FAR * 1000 else ""  # far away, as Fastly is
    for name, mine, asked in ((", with the search", both, ""), ("", read, most)):
        print(
            f"{what + name:46} {mine:>7.1f} ms {its:>9.1f} ms {mine / its:6.2f}   {asked}",
            flush=True,
        )


async def _bare(upstream: Server, services: list[str]) -> float:
    async with _client(upstream) as client:
        rows = [(await client.get(f"/service/{each}")).json() for each in services]
        active = {
            row["id"]: next(v["number"] for v in row["versions"] if v["active"]) for row in rows
        }
        limit = asyncio.Semaphore(AT_ONCE)

        async def read(service_id: str) -> Any:
            async with limit:
                answer = await client.get(
                    f"/service/{service_id}/version/{active[service_id]}/backend"
                )
                answer.raise_for_status()
                return [{name: row[name] for name in FIELDS} for row in answer.json()]

        # Ours has its connections open too.
        await asyncio.gather(*(client.get("/tokens/self") for _ in services))
        began = time.perf_counter()
        rows = await asyncio.gather(*map(read, services))
        json.dumps(rows)
        return time.perf_counter() - began


async def _fill(upstream: Server) -> None:
    """Make services with backends until there are enough."""
    async with _client(upstream) as client:
        there = len((await client.get("/service")).json())
        for number in range(there, SERVICES):
            made = (await client.post("/service", data={"name": f"bench {number}"})).json()
            version = f"/service/{made['id']}/version/1"
            domain = {"name": f"bench{number}.larkspur.example"}
            backend = {"name": "origin", "address": "192.0.2.1", "port": "443"}
            for path, data in (("domain", domain), ("backend", backend)):
                (await client.post(f"{version}/{path}", data=data)).raise_for_status()
            (await client.put(f"{version}/activate")).raise_for_status()


def _faults(upstream: Server, fault: object = None) -> None:
    """Plan a fault, or with none let all be well again."""
    url, method = _url(upstream) + "/_sandbox/faults", "POST" if fault else "DELETE"
    answer = httpx2.request(method, url, headers=DOOR, json=fault, trust_env=False)
    answer.raise_for_status()


def _client(upstream: Server) -> httpx2.AsyncClient:
    headers = {"Fastly-Key": "sandbox", "Accept-Encoding": "gzip"}
    return httpx2.AsyncClient(base_url=_url(upstream), headers=headers, trust_env=False)


def _url(upstream: Server) -> str:
    return f"http://127.0.0.1:{upstream.port}"


def _tokens(result: dict[str, Any]) -> int:
    return len(encoding.encode(json.dumps(result, separators=(",", ":"), ensure_ascii=False)))
