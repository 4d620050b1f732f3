"""The sandbox as a process of its own, behind real sockets."""

import re
from pathlib import Path
from typing import Any

import httpx2

from tests.serving.processes import Process

DOOR = {"Sandbox-Door": "1"}


class Served(Process):
    """The command, its two addresses and a client for them."""

    def __init__(self, *words: str, home: Path) -> None:
        super().__init__("sandbox", "--port=0", "--edge-port=0", *words, home=home)
        self.logged("its doors")
        found = re.search(r"the API at (\S+), the edge at (\S+)", self.log)
        assert found
        self.api, self.edge = found[1], found[2]
        self.client = httpx2.Client(
            base_url=self.api, headers={"Fastly-Key": "sandbox"} | DOOR, timeout=10
        )

    def _close(self) -> None:
        self.client.close()
        super()._close()

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self.client.request(method, path, **more)
        return answer.raise_for_status().json()

    def fault(self, kind: str, **more: object) -> None:
        self.ask("POST", "/_sandbox/faults", json={"kind": kind, "path": "/service*", **more})
