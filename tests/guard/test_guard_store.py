"""The store: one transaction at a time, over all processes, and nothing is let through without."""

import os
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from fastly_mcp.errors import ConfigError, GuardFailed
from fastly_mcp.guard import store as stores
from fastly_mcp.guard.plans import Decision
from fastly_mcp.guard.store import KEPT, SCHEMA, Freeze, Head, Spending, Store
from tests.guard.planned import NOW, made, many, urls
from tests.serving.processes import posix, run_source

COUNTING = """\
import sys
from pathlib import Path
from fastly_mcp.guard.store import Store, Spending
store = Store(Path(sys.argv[1]))
for _ in range(100):
    with store.begin() as transaction:
        if transaction.spent("key", 0.0, "t") < 150:
            transaction.spend(Spending(1.0, "t", "s", "key", False, 1))
"""
SPENDING = """\
import sys
from pathlib import Path
from fastly_mcp.guard.store import Store, Spending
store = Store(Path(sys.argv[1]))
with store.begin() as transaction:
    transaction.spend(Spending(1_790_000_000.0, "token1", "s", "key", False, 1))
    print(transaction.spent("key", 0.0, "token1"))
store.close()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    with closing(Store(file)) as opened:
        yield opened


def begin(store: Store) -> None:
    with store.begin():
        pass


def spending(at: float = NOW, count: int = 1, plan: str = "", *, soft: bool = False) -> Spending:
    return Spending(at, "token1", "service1", "key", soft, count, plan)


@pytest.fixture(params=["file", "memory"])
def either(request: pytest.FixtureRequest, file: Path) -> Iterator[Store]:
    with closing(Store(file if request.param == "file" else None)) as opened:
        yield opened


def test_a_plan_comes_back_as_it_was(either: Store) -> None:
    decision = Decision(approved=True, at=NOW + 1, by="ann", how="terminal", mac="ab")
    owned = urls("a.example", owners={"a.example": "x"})
    for plan in (
        made(many(3)),
        made(owned, decision=decision),
        made(many(1), decision=decision, used_at=NOW + 0.1),
    ):
        with either.begin() as transaction:
            transaction.keep(plan)
        with either.begin() as transaction:
            again = transaction.plan("ABCD-EFGH")
        assert again == plan
        assert again.digest == plan.digest
    with either.begin() as transaction:
        assert transaction.plan("ABCD-EFGJ") is None
        assert len(transaction.plans(NOW)) == 1
        assert transaction.plans(NOW + 1) == []


def test_what_is_counted(either: Store) -> None:
    with either.begin() as transaction:
        for each in (spending(count=3), spending(count=4, soft=True), spending(count=5, plan="P")):
            transaction.spend(each)
        assert transaction.spent("key", NOW - 1, "token1") == 12
        assert transaction.spent("key", NOW - 1, "token1", "service2") == 0
        assert transaction.spent("key", NOW, "token1") == 0
        assert transaction.spent("url", NOW - 1, "token1") == 0
        assert transaction.unasked("key", NOW - 1, soft=False) == Counter(service1=3)
        assert transaction.unasked("key", NOW - 1, soft=True) == Counter(service1=4)


def test_what_no_rule_looks_at_any_more_is_dropped(store: Store, file: Path) -> None:
    with store.begin() as transaction:
        transaction.spend(spending())
        transaction.keep(made(many(1)))
        transaction.spend(spending(NOW + KEPT + 1))
        transaction.keep(made(many(1), code="NEW0-NEW0", made_at=NOW + KEPT + 1))
    with closing(sqlite3.connect(file)) as database:
        for table in ("plan", "spending"):
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  # two names of ours
            assert count == 1


def test_a_freeze_ends_by_itself_or_by_word(either: Store) -> None:
    with either.begin() as transaction:
        assert transaction.frozen(NOW) is None
        transaction.freeze(Freeze(NOW + 10, "launch", "ann", NOW))
        assert transaction.frozen(NOW + 9)
        assert transaction.frozen(NOW + 10) is None
        transaction.freeze(Freeze(None, "", "ann", NOW))
        freeze = transaction.frozen(NOW * 2)
        assert freeze
        assert freeze.sentence == "ann has frozen all changes."
        transaction.freeze(None)
        assert transaction.frozen(NOW) is None


def test_a_head_of_each_sink_is_kept(either: Store) -> None:
    with either.begin() as transaction:
        assert transaction.head("file") == Head()
        transaction.keep_head("file", Head("aa", 6))
        transaction.keep_head("file", Head("ab", 7))
        transaction.keep_head("stderr", Head("cd", 2))
    with either.begin() as transaction:
        assert transaction.head("file") == Head("ab", 7)
        assert transaction.head("stderr") == Head("cd", 2)


def test_nothing_stays_of_a_transaction_that_fails(either: Store) -> None:
    with pytest.raises(KeyError), either.begin() as transaction:  # noqa: PT012  # as tools fail
        transaction.spend(spending())
        raise KeyError
    with either.begin() as transaction:
        assert transaction.spent("key", 0, "token1") == 0


def test_a_commit_that_fails_does_not_stop_what_comes_after(store: Store) -> None:
    with store.begin() as transaction:
        database = transaction._database
        database.execute("CREATE TABLE one (a PRIMARY KEY)")
        database.execute("CREATE TABLE two (a REFERENCES one DEFERRABLE INITIALLY DEFERRED)")
    database.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(GuardFailed), store.begin():
        # What refers to nothing is only found out at the commit.
        database.execute("INSERT INTO two VALUES (1)")
    with store.begin() as transaction:
        transaction.spend(spending())


def test_threads_take_turns(store: Store) -> None:
    def count() -> None:
        for _ in range(50):
            with store.begin() as transaction:
                if transaction.spent("key", 0, "token1") < 150:
                    transaction.spend(spending())

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.begin() as transaction:
        assert transaction.spent("key", 0, "token1") == 150


def test_processes_take_turns(store: Store, file: Path, tmp_path: Path) -> None:
    codes: list[int] = []

    def count() -> None:
        codes.append(run_source(COUNTING, str(file), home=tmp_path).returncode)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0]
    with store.begin() as transaction:
        assert transaction.spent("key", 0, "t") == 150


def test_a_store_that_another_process_holds_is_said_to_be_locked(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "BUSY", 0.05)
    begin(store)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(GuardFailed, match=r"locked by another process "):
            begin(store)
        other.execute("ROLLBACK")
    begin(store)


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_damaged_file_is_said_to_be(store: Store, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)
    for _ in range(2):
        with pytest.raises(GuardFailed, match=r"is damaged .* move it away"):
            begin(store)
    assert file.read_bytes() == content
    file.rename(file.with_suffix(".old"))
    begin(store)


def test_a_plan_that_makes_no_sense_is_damage(store: Store, file: Path) -> None:
    with store.begin() as transaction:
        transaction.keep(made(many(1)))
    for body in ("", "{}", '{"code": 1}'):
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE plan SET body = ?", (body,))
        with pytest.raises(GuardFailed, match="is damaged"), store.begin() as transaction:
            transaction.plans(0)


def test_tables_that_are_gone_are_told(store: Store, file: Path) -> None:
    begin(store)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DROP TABLE spending")
    with pytest.raises(GuardFailed, match="cannot be used"), store.begin() as transaction:
        transaction.spent("key", 0, "token1")


def test_a_newer_file_is_not_written_to(store: Store, file: Path) -> None:
    begin(store)
    store.close()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    for _ in range(2):
        with pytest.raises(GuardFailed, match=r"made by a newer fastly-mcp .* Update fastly-mcp"):
            begin(store)


def test_the_file_is_this_users_alone(store: Store, file: Path) -> None:
    begin(store)
    for each in file.parent.glob("store.sqlite*"):
        assert each.stat().st_mode & 0o777 == 0o600


@posix
def test_a_link_is_not_followed(store: Store, file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    for target in (elsewhere, file.with_name("nothing")):
        elsewhere.touch(0o600)
        file.unlink(missing_ok=True)
        file.symlink_to(target)
        with pytest.raises(ConfigError, match="is no plain file"):
            begin(store)
    assert elsewhere.read_bytes() == b""
    assert not file.with_name("nothing").exists()


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_that_is_open_to_others_is_not_used(store: Store, file: Path, mode: int) -> None:
    begin(store)
    file.chmod(mode)
    with pytest.raises(ConfigError, match=r"is open to others; it is not used\. Run: chmod go= "):
        begin(store)


@posix
@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away"
)
def test_another_users_file_is_not_used(store: Store, file: Path) -> None:
    begin(store)
    os.chown(file, 12345, 12345)
    with pytest.raises(ConfigError, match=r"belongs to another user \(uid 12345\)"):
        begin(store)


def test_a_file_that_was_replaced_is_opened_anew(store: Store, file: Path) -> None:
    with store.begin() as transaction:
        transaction.freeze(Freeze(None, "", "ann", NOW))
    file.rename(file.with_suffix(".old"))
    with store.begin() as transaction:
        assert transaction.frozen(NOW) is None
    assert file.exists()


def test_looking_at_the_file_lets_go_of_no_lock(store: Store, file: Path, tmp_path: Path) -> None:
    """POSIX gives up all locks of a process on a file when the process closes it anywhere."""
    for done in (2, 4):
        with store.begin() as transaction:
            transaction.spend(spending())
        # Its end would take the log of changes away if it believed to be alone.
        ended = run_source(SPENDING, str(file), home=tmp_path)
        assert ended.stdout == f"{done}\n", ended.stderr
    with store.begin() as transaction:
        assert transaction.spent("key", 0, "token1") == 4
