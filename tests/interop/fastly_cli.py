"""Fastly's official CLI against the sandbox: `python -m tests.interop.fastly_cli INSTALLED`.

INSTALLED is where package.json of this directory is installed. Names of tables after it run those
alone.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx2

from tests.interop.cli_steps import (
    account,
    failures,
    logs,
    objects,
    purges,
    resources,
    services,
    statistics,
    stores,
)
from tests.interop.cli_steps.step import Kept, Step
from tests.interop.serving import started

TABLES: dict[str, Iterable[Step]] = {
    "account": account.STEPS,
    "services": services.STEPS,
    "objects": objects.STEPS,
    "logs": logs.STEPS,
    "purges": purges.STEPS,
    "stores": stores.STEPS,
    "resources": resources.STEPS,
    "statistics": statistics.STEPS,
    "failures": failures.STEPS,
}
FILES = purges.FILES | objects.FILES | stores.FILES | resources.FILES
NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: the CLI looks for updates of itself, and shall not."""


class Cli(NamedTuple):
    """The program, where it has its home, and the sandbox it talks to."""

    program: Path
    home: Path
    api: str

    def run(self, step: Step, kept: Kept) -> str:
        """Take one step: what is wrong, or nothing."""
        try:
            words = step.words(kept)
        except KeyError as missing:
            return f"no step has kept {missing}"
        try:
            done = subprocess.run(
                [self.program, *words],
                cwd=self.home,
                env={
                    "HOME": str(self.home),
                    "HTTPS_PROXY": NOWHERE,
                    "FASTLY_API_ENDPOINT": self.api,
                    "FASTLY_ACCOUNT_ENDPOINT": self.api,
                    "FASTLY_API_TOKEN": step.token,
                    # Secrets are sealed for the key that the API names, not for Fastly's own.
                    "FASTLY_USE_API_SIGNING_KEY": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=30,
                check=False,
            )
            return step.fault(done.returncode, done.stdout, kept)
        except subprocess.TimeoutExpired:
            return "does not end"
        except json.JSONDecodeError as error:
            return f"is no JSON: {error.doc}"

    def door(self, method: str, name: str) -> "httpx2.Response":
        answer = httpx2.request(
            method, f"{self.api}/_sandbox/{name}", headers={"Sandbox-Door": "1"}
        )
        return answer.raise_for_status()

    def uncovered(self) -> set[str]:
        """The requests that the sandbox does not cover."""
        rows = self.door("GET", "log").json()["requests"]
        return {f"{row['method']} {row['path']}" for row in rows if row["status"] == 501}


def play(cli: Cli, name: str, steps: Iterable[Step]) -> bool:
    """Take the steps of one table, in a sandbox that starts over."""
    cli.door("POST", "reset")
    kept: Kept = {}
    faults = [_say(step.name, cli.run(step, kept)) for step in steps]
    lacks = ", ".join(sorted(cli.uncovered()))
    return _say(f"{name}: every request is covered", lacks and f"501 for {lacks}") and all(faults)


def _say(what: str, fault: str) -> bool:
    print(f"{'FAILED ' if fault else 'ok     '} {what}{f': {fault}' if fault else ''}", flush=True)
    return not fault


def main(installed: Path, names: list[str]) -> int:
    system = (platform.system(), platform.machine())
    if system != ("Linux", "x86_64"):
        print(f"skipped  the Fastly CLI: package-lock.json has none for {' '.join(system)}")
        return 0
    program = installed / "node_modules/@fastly/cli-linux-x64/fastly"
    announced = r"the API at (\S+),"
    with (
        started("sandbox", "--port=0", "--edge-port=0", announced=announced) as found,
        TemporaryDirectory() as home,
    ):
        for name, text in FILES.items():
            Path(home, name).write_text(text)
        cli = Cli(program.absolute(), Path(home), found[1])
        good = [play(cli, name, TABLES[name]) for name in names or TABLES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
