"""A Fastly on a socket, and a home directory with nothing in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.processes import Stdio
from tests.serving.upstream import Upstream, upstream


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope="module")
def fastly() -> Iterator[Upstream]:
    with upstream() as served:
        yield served


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stdio]:
    """One server over stdio in the sandbox, for tests that leave it as it was."""
    with Stdio("--sandbox", home=tmp_path_factory.mktemp("home")) as server:
        server.initialize()
        yield server
