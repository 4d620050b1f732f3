"""The command line in this process, with an environment of its own."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastly_mcp.cli import listening, process
from fastly_mcp.cli import main as run_main
from tests.serving.processes import environment
from tests.serving.upstream import Upstream, upstream


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


Main = Callable[..., Ended]


@pytest.fixture
def main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Main:
    """Run a command in this process, as a person would in a shell with nothing else set."""
    # It would hold for all that is tested after.
    monkeypatch.setattr(process, "_forbid_dumps", lambda: None)
    # A server that did start would not end.
    monkeypatch.setattr(listening.Server, "run", lambda *_: pytest.fail("it serves"))

    def run(*words: str, **environ: str) -> Ended:
        given = environment(tmp_path, **environ)
        for name in set(os.environ) - set(given):
            monkeypatch.delenv(name)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        try:
            code = run_main(list(words))
        except SystemExit as ended:
            # argparse ends by itself.
            code = int(ended.code or 0)
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def fastly() -> Iterator[Upstream]:
    with upstream() as served:
        yield served


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path
