"""A Fastly on a socket, and a home directory with nothing in it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.serving.doors import Door, Make
from tests.serving.processes import Stdio
from tests.serving.upstream import Upstream, upstream
from tests.tools.upstream import Upstream as InProcess


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


@pytest.fixture(params=["stdio", "http"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def short() -> Iterator[Path]:
    """A state directory with a path that leaves room for a socket's name."""
    with TemporaryDirectory() as directory:
        yield Path(directory)


@pytest.fixture
async def make(short: Path, way: str) -> AsyncIterator[Make]:
    """Serve, in one way, with settings; several servers may share the state directory."""
    async with AsyncExitStack() as stack:

        async def serve(state: Path = short / "state", **environ: str) -> Door:
            door = Door(way, state, InProcess(), **environ)
            return await stack.enter_async_context(door.served())

        yield serve


@pytest.fixture
async def door(make: Make) -> Door:
    return await make()
