"""The audit on standard error: alone, beside the file, and where nobody reads it."""

import json
import os
import sys
from pathlib import Path

import pytest

from fastly_mcp.guard.store import Head
from tests.guard.auditing import Trail
from tests.serving.processes import posix, run_source

TO_STDERR = """
import sys
from pathlib import Path
from tests.guard.auditing import Trail
trail = Trail(Path(sys.argv[1]), sinks=frozenset(sys.argv[2].split()))
trail.change()
trail.change()
"""


def to_stderr(tmp_path: Path, sinks: str) -> list[dict[str, object]]:
    source = TO_STDERR
    ended = run_source(
        source, str(tmp_path), sinks, home=tmp_path, PYTHONPATH=os.pathsep.join(sys.path)
    )
    assert ended.returncode == 0
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_standard_error_alone_is_a_chain_too(tmp_path: Path) -> None:
    said = to_stderr(tmp_path, "stderr")
    assert [line["n"] for line in said] == [1, 2, 3, 4]
    assert [line["prev"] for line in said] == ["", *(line["hash"] for line in said[:-1])]
    trail = Trail(tmp_path)
    assert not trail.file.exists()
    with trail.store.begin() as transaction:
        assert transaction.head("stderr") == Head(str(said[-1]["hash"]), 4)


def test_both_sinks_get_the_same_lines(tmp_path: Path) -> None:
    said = to_stderr(tmp_path, "file stderr")
    assert Trail(tmp_path).said == said
    assert len(said) == 4


def test_what_went_to_standard_error_alone_is_not_missed_in_the_file(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for sinks in ("file", "stderr", "file", "file stderr", "stderr", "file stderr"):
        Trail(tmp_path, sinks=frozenset(sinks.split())).change(came=None)
    trail = Trail(tmp_path)
    found = trail.verify()
    assert (found.broken, found.unsure, found.head.count) == ([], [], 4)
    alone, both, again, last = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert (alone["n"], alone["prev"]) == (1, "")
    assert trail.said[2:] == [both, last]
    assert again["prev"] == last["prev"] == both["hash"]


CLOSED = """
import os, sys
from pathlib import Path
from fastly_mcp.errors import GuardFailed
from tests.guard.auditing import Trail, full_stderr
how = sys.argv[2]
if how == "closed":
    os.close(2)
elif how == "none":
    sys.stderr = None
else:
    reading = full_stderr()
    if how == "gone":
        os.close(reading)
for sinks in ("stderr", "file stderr"):
    try:
        Trail(Path(sys.argv[1]), sinks=frozenset(sinks.split())).change(came=None)
        print("written")
    except GuardFailed as error:
        print(error)
sys.stdout.flush()
os._exit(0)
"""


@posix
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("closed", "Bad file descriptor"),
        ("none", "standard error is closed"),
        ("gone", "Broken pipe"),
        ("unread", "nobody has read standard error for 2 s"),
    ],
)
def test_standard_error_that_nobody_reads_refuses_the_call_unless_the_file_takes_it(
    tmp_path: Path, how: str, why: str
) -> None:
    ended = run_source(
        CLOSED, str(tmp_path), how, home=tmp_path, PYTHONPATH=os.pathsep.join(sys.path)
    )
    assert ended.stdout == f"The audit takes no line: {why}.\nwritten\n"
    assert len(Trail(tmp_path).rows) == 1


STUCK = """
import os, sys, time
from pathlib import Path
from tests.guard.auditing import KEYS, Trail, full_stderr, meant
from dataclasses import replace
reading = full_stderr()
trail = Trail(Path(sys.argv[1]), sinks=frozenset({"file", "stderr"}))

def took():
    began = time.monotonic()
    trail.change(came=None)
    return time.monotonic() - began

print("waits" if took() >= 2 else "does not")
print("waits" if sum(took() for _ in range(20)) >= 2 else "does not")
os.read(reading, 2**20)
took()
read = os.read(reading, 2**20)
print(read.count(b"\\n"), read.startswith(b'{"n":22,'))
trail.change(meant(replace(KEYS, targets=("x" * 100_000,))), came=None)
os.read(reading, 2**20)
took()
print(os.read(reading, 2**20).startswith(b'\\n{"n":24,'))
sys.stdout.flush()
os._exit(0)
"""


@posix
def test_a_reader_that_has_stopped_is_waited_for_once_and_not_at_every_line(tmp_path: Path) -> None:
    ended = run_source(STUCK, str(tmp_path), home=tmp_path, PYTHONPATH=os.pathsep.join(sys.path))
    assert ended.stdout.splitlines() == ["waits", "does not", "1 True", "True"]
    assert len(Trail(tmp_path).rows) == 24


def test_a_file_that_takes_no_line_is_warned_of_where_standard_error_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    trail = Trail(tmp_path, sinks=frozenset({"file", "stderr"}))
    trail.file.mkdir(0o700)
    trail.change(came=None)
    assert "The audit's file takes no line: " in caplog.text
    assert json.loads(capfd.readouterr().err.splitlines()[0])["n"] == 1
    trail.file.rmdir()
    trail.change(came=None)
    assert trail.verify().broken == ["Line 1 was removed before audit.jsonl:1."]
