"""Writes over a real network that fails: done or not, they are sent once, and that is said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fastly_mcp.guard.audit import Audit
from tests.sandbox.served import Served
from tests.serving.processes import Stdio, posix, text_of
from tests.tools.writing import BACKEND, EVERY, VERSION

pytestmark = posix

CREATE: dict[str, Any] = {"operation": "create_backend", "params": BACKEND}
LOOK = "It may have been done all the same: do not send it again, look first."


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(home=tmp_path_factory.mktemp("home")) as process:
        yield process


@pytest.mark.parametrize(
    ("kind", "is_done"), [("drop", False), ("drop_after", True), ("truncated", True)]
)
def test_a_write_whose_answer_is_lost_is_sent_once(
    tmp_path: Path, sandbox: Served, kind: str, is_done: bool
) -> None:
    sandbox.ask("POST", "/_sandbox/reset")
    sandbox.fault(kind, method="POST")
    environ = EVERY | {
        "FASTLY_API_ENDPOINT": sandbox.api,
        "FASTLY_MCP_STATE_DIR": str(tmp_path / "state"),
    }
    with Stdio(home=tmp_path, **environ) as server:
        server.initialize()
        result = server.call("write_api", **CREATE)
        assert result["isError"] is True
        assert text_of(result).endswith(LOOK)
        (record,) = Audit(tmp_path / "state").records()
    assert record.outcome
    assert record.outcome.outcome == "unknown"
    asked = sandbox.ask("GET", "/_sandbox/log")["requests"]
    assert len([row for row in asked if row["method"] == "POST"]) == 1
    backends = sandbox.ask("GET", f"{VERSION}/4/backend")
    assert (BACKEND["name"] in {row["name"] for row in backends}) is is_done
