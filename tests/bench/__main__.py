"""Measure ours beside a bare server in one run: `python -m tests.bench [NAME…]`.

The names are start, stdio, http, memory, purge, guard, api and sandbox. Run by hand on a quiet
Linux machine; what it prints are ratios, and no test depends on them.
"""

import asyncio
import compileall
import site
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import fastly_mcp
from tests.bench import api, load, purge, sandbox
from tests.bench.load import ERAS, Stdio
from tests.bench.servers import HTTP, STDIO, UPSTREAM, Server, listening

STARTS = 10
CALLS = 200
REQUESTS = 1_000  # at each number of callers
ROUNDS = 5
CALLERS = (1, 8, 32)
MARKS = (1_000, 5_000, 10_000)  # calls after which memory is read


def start(upstream: Server) -> None:
    """From exec to the answer to `initialize`."""
    took: dict[str, list[float]] = {name: [] for name in STDIO}
    for _ in range(STARTS + 1):
        for name, command in STDIO.items():
            with Stdio(command, upstream) as server:
                server.initialize()
                took[name].append((time.perf_counter() - server.began) * 1000)
    # The first of each may still have written byte code.
    ours, bare = (median(took[name][1:]) for name in ("ours", "bare"))
    show("cold start to initialize", f"{ours:.0f} ms", f"{bare:.0f} ms", ours / bare, "<= 1.00")


def stdio(upstream: Server) -> None:
    """One `list_services` call after the other."""
    took: dict[str, list[float]] = {name: [] for name in STDIO}
    with Stdio(STDIO["ours"], upstream) as ours, Stdio(STDIO["bare"], upstream) as bare:
        servers = {"ours": ours, "bare": bare}
        for server in servers.values():
            server.initialize()
        for number in range(CALLS + 20):
            for name, server in servers.items():
                began = time.perf_counter()
                server.call()
                if number >= 20:
                    took[name].append((time.perf_counter() - began) * 1000)
        high = {name: server.server.memory("VmHWM") for name, server in servers.items()}
    mine, its = median(took["ours"]), median(took["bare"])
    show("a call over stdio", f"{mine:.2f} ms", f"{its:.2f} ms", mine / its, "<= 1.25")
    _show_memory("stdio, most memory", high["ours"], high["bare"])


def http(upstream: Server) -> None:
    """Calls per second at several numbers of callers, and the server's CPU time for one."""
    with listening(HTTP["ours"], upstream) as ours, listening(HTTP["bare"], upstream) as bare:
        for era in ERAS:
            for callers in CALLERS:
                loads: dict[Server, list[load.Load]] = {ours: [], bare: []}
                for _ in range(ROUNDS):
                    for server, several in loads.items():
                        several.append(
                            asyncio.run(
                                load.http(
                                    server, era=era, callers=callers, calls=REQUESTS // ROUNDS
                                )
                            )
                        )
                rate = {s: median(one.calls_per_second for one in loads[s]) for s in loads}
                cpu = {s: median(one.cpu_microseconds for one in loads[s]) for s in loads}
                show(
                    f"{era}, {callers} callers",
                    f"{rate[ours]:.0f}/s {cpu[ours]:.0f} us",
                    f"{rate[bare]:.0f}/s {cpu[bare]:.0f} us",
                    rate[ours] / rate[bare],
                    ">= 0.80",
                )


def memory(upstream: Server) -> None:
    """What is resident after more and more calls over HTTP."""
    seen: dict[str, list[float]] = {}
    for name, command in HTTP.items():
        with listening(command, upstream) as server:
            seen[name], made = [], 0
            for mark in MARKS:
                for era in ERAS:
                    calls = (mark - made) // len(ERAS)
                    asyncio.run(load.http(server, era=era, callers=8, calls=calls))
                made = mark
                seen[name].append(server.memory())
            seen[name].append(server.memory("VmHWM"))
    for mark, mine, its in zip(MARKS, seen["ours"], seen["bare"], strict=False):
        _show_memory(f"resident after {mark:,} calls", mine, its)
    _show_memory("http, most memory", seen["ours"][-1], seen["bare"][-1])


def show(what: str, ours: str, bare: str, ratio: float, asked: str) -> None:
    print(f"{what:30} {ours:>16} {bare:>16} {ratio:6.2f}   {asked}", flush=True)


def _show_memory(what: str, ours: float, bare: float) -> None:
    more = f"{ours - bare:+.1f} MiB"
    print(f"{what:30} {ours:>12.1f} MiB {bare:>12.1f} MiB {more:>10}   <= +10", flush=True)


MEASUREMENTS: dict[str, Callable[[Server], None]] = {
    "start": start,
    "stdio": stdio,
    "http": http,
    "memory": memory,
    "purge": purge.many,
    "guard": purge.guarded,
    "api": api.measure,
    "sandbox": sandbox.measure,
}


def main(names: list[str]) -> None:
    for place in (*site.getsitepackages(), str(Path(fastly_mcp.__file__).parent)):
        compileall.compile_dir(place, quiet=2)
    print(f"{'':30} {'ours':>16} {'bare':>16} {'ratio':>6}   asked")
    with listening(UPSTREAM) as upstream:
        for name in names or MEASUREMENTS:
            MEASUREMENTS[name](upstream)


if __name__ == "__main__":
    main(sys.argv[1:])
