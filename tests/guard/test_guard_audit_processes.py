"""Several real processes on one chain, and one that is killed in the middle of a line."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.guard.auditing import Trail
from tests.serving.processes import Process, posix

PATH = os.pathsep.join(sys.path)

WRITING = """
import sys
from pathlib import Path
from fastly_mcp.guard import store
from tests.guard.auditing import Trail
store.BUSY = 60.0  # how long each waits for its turn is the store's own concern
trail = Trail(Path(sys.argv[1]), largest=int(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(250):
    trail.change()
"""

TEARING = """
import os, sys
from pathlib import Path
from fastly_mcp.guard import files
from tests.guard.auditing import Trail, meant
trail = Trail(Path(sys.argv[1]))
trail.change()

def half(descriptor, text):
    os.write(descriptor, text[:len(text) // 2])
    print("torn", flush=True)
    sys.stdin.readline()

files.write_all = half
trail.change()
"""

LEAVING = """
import sys
from pathlib import Path
from tests.guard.auditing import Trail, meant
trail = Trail(Path(sys.argv[1]))
trail.change()
with trail.store.begin() as transaction:
    trail.audit.write(transaction, meant())
    print("written", flush=True)
    sys.stdin.readline()
"""


class Source(Process):
    """A piece of Python that runs."""

    command = (sys.executable, "-c")


@pytest.mark.parametrize(
    ("processes", "largest"), [(2, 2**24), (4, 2**24), (4, 20_000)], ids=["2", "4", "4 rotating"]
)
def test_processes_that_append_500_lines_each_make_one_chain(
    tmp_path: Path, processes: int, largest: int
) -> None:
    directory = tmp_path / "state"
    with Trail(directory).store.begin():
        pass  # several that make a new store at once are the store's own concern
    words = (WRITING, str(directory), str(largest))
    running = [Source(*words, home=tmp_path, PYTHONPATH=PATH) for _ in range(processes)]
    try:
        for each in running:
            assert each.line(20) == b"ready\n", each.log
        for each in running:
            each.write(b"\n")
        for each in running:
            assert each.popen.wait(timeout=60) == 0, each.log
    finally:
        for each in running:
            each.__exit__()
    trail = Trail(directory)
    found = trail.verify()
    assert (found.broken, found.torn) == ([], [])
    assert found.head.count == 500 * processes
    assert found.head == found.stored
    records = list(trail.audit.records())
    assert len({record.intent.event for record in records}) == 250 * processes
    assert all(record.outcome for record in records)
    sizes = trail.audit.sizes()
    assert all(size <= largest for size in sizes.values())
    assert (len(sizes) > 10) == (largest == 20_000)


@posix
def test_a_process_killed_in_the_middle_of_a_line_leaves_it_torn(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    with Source(TEARING, str(directory), home=tmp_path, PYTHONPATH=PATH) as process:
        assert process.line(20) == b"torn\n", process.log
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait()
    trail = Trail(directory)
    torn = trail.rows[-1]
    assert not torn.endswith(b"\n")
    trail.change()
    found = trail.verify()
    assert found.broken == []
    assert found.torn == ["audit.jsonl:3 was torn by a crash; the chain goes on after it."]
    assert found.head.count == 4
    assert trail.rows[2] == torn + b"\n"


@posix
def test_a_process_killed_between_a_line_and_the_store_leaves_a_line_to_go_on_from(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "state"
    with Source(LEAVING, str(directory), home=tmp_path, PYTHONPATH=PATH) as process:
        assert process.line(20) == b"written\n", process.log
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait()
    trail = Trail(directory)
    before = trail.verify()
    assert before.stored is not None
    assert (before.stored.count, before.head.count, before.broken) == (2, 3, [])
    trail.change()
    found = trail.verify()
    assert (found.broken, found.torn, found.head.count) == ([], [], 5)
    assert [record.outcome is None for record in trail.audit.records()] == [False, True, False]
