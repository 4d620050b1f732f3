"""The store: what all processes on one state directory share, in one SQLite file.

What happens between `begin` and its end is one transaction, and only one process is in one at a
time: whoever counts there counts right, and of two who use the same plan one finds it used.
"""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from fastly_mcp.errors import GuardFailed
from fastly_mcp.guard.plans import Plan, plan_adapter
from fastly_mcp.guard.state_dir import make_file
from fastly_mcp.text import cut, visible

SCHEMA = 1
BUSY = 10.0  # seconds to wait while another process is in a transaction
KEPT = 24 * 3600.0  # seconds; no rule looks back further

TABLES = """
CREATE TABLE plan (code TEXT PRIMARY KEY, made_at REAL NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE spending (at REAL NOT NULL, token TEXT NOT NULL, service TEXT NOT NULL,
    what TEXT NOT NULL, soft INTEGER NOT NULL, count INTEGER NOT NULL, plan TEXT NOT NULL) STRICT;
CREATE INDEX spending_at ON spending (at);
CREATE TABLE freeze (until REAL, reason TEXT NOT NULL, by TEXT NOT NULL, at REAL NOT NULL) STRICT;
CREATE TABLE head (sink TEXT PRIMARY KEY, hash TEXT NOT NULL, count INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Spending:
    """So many things of one service purged by one call."""

    at: float
    token: str
    service: str
    what: str
    """all, key, url or edge_check."""
    soft: bool
    count: int
    plan: str = ""
    """The plan that a person approved for it; empty if nobody had to."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A person's word that nothing may be changed."""

    until: float | None
    reason: str
    by: str
    at: float

    @property
    def sentence(self) -> str:
        """What is told of it."""
        until = ""
        if self.until is not None:
            until = f" until {datetime.fromtimestamp(self.until, UTC):%Y-%m-%dT%H:%M:%SZ}"
        said = cut(visible(self.reason), 200).rstrip(".")
        return f"{self.by} has frozen all changes{until}{': ' * bool(said)}{said}."


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain of the audit: the last line's hash and the number of lines."""

    hash: str = ""
    count: int = 0


class Store:
    """The store in a file, or in memory if there is none.

    Every method raises GuardFailed if the file cannot be used.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._inode: int | None = None

    @contextmanager
    def begin(self) -> Iterator["Transaction"]:
        """One transaction: all of it is done at the end, or nothing if something is raised."""
        with self._turn(), self._told():
            database = self._opened()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(database)
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    database.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._turn():
            self._close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Of the threads of this process one at a time, none waiting longer than for others."""
        if not self._lock.acquire(timeout=BUSY):
            raise GuardFailed(f"The store has been busy for {BUSY:g} s.")
        try:
            yield
        finally:
            self._lock.release()

    def __del__(self) -> None:
        """Close the file with the last server that used it."""
        self._close()

    def _close(self) -> None:
        if self._database:
            self._database.close()
        self._database = None

    def _opened(self) -> sqlite3.Connection:
        if self.file:
            # Whoever moved it away goes on with a new one, and so must every process.
            inode = make_file(self.file)
            if inode != self._inode:
                self._close()
            self._inode = inode
        if self._database is None:
            database = sqlite3.connect(
                self.file or ":memory:",
                timeout=BUSY,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._prepare(database)
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _prepare(self, database: sqlite3.Connection) -> None:
        self._use_wal(database)
        # What is committed outlives the process; a power failure may undo the last moments, and
        # then the keys that approvals were signed with are gone too.
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if schema > SCHEMA:
            raise GuardFailed(
                f"{self.file} was made by a newer fastly-mcp (schema {schema}, this one knows "
                f"{SCHEMA}); nothing is changed with it. Update fastly-mcp."
            )
        if schema < SCHEMA:
            for statement in TABLES.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {SCHEMA}")
        database.execute("COMMIT")

    @staticmethod
    def _use_wal(database: sqlite3.Connection) -> None:
        """Let readers and a writer work at once. Of processes that begin together one does it."""
        ends = time.monotonic() + BUSY
        while True:
            try:
                database.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                # This statement alone does not wait for others by itself.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            why = f"{self.file} cannot be used ({error})"
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                why = f"{self.file} has been locked by another process for {BUSY:g} s"
            raise GuardFailed(f"{why}.") from None
        except (sqlite3.DatabaseError, ValidationError) as error:
            raise GuardFailed(
                f"{self.file} is damaged ({error}); move it away to start anew: open plans, "
                "budgets and freezes in it are lost."
            ) from None
        except OSError as error:
            why = f"{self.file} cannot be used ({error.strerror})"
            raise GuardFailed(f"{why}.") from None


class Transaction:
    """What can be read and written at once."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def plan(self, code: str) -> Plan | None:
        row = self._database.execute("SELECT body FROM plan WHERE code = ?", (code,)).fetchone()
        return plan_adapter().validate_json(row[0]) if row else None

    def plans(self, since: float) -> list[Plan]:
        """The plans made since then, oldest first."""
        rows = self._database.execute(
            "SELECT body FROM plan WHERE made_at >= ? ORDER BY made_at", (since,)
        )
        return [plan_adapter().validate_json(body) for (body,) in rows]

    def keep(self, plan: Plan) -> None:
        """Put a plan in, or in its former state's stead."""
        self._database.execute("DELETE FROM plan WHERE made_at < ?", (plan.made_at - KEPT,))
        self._database.execute(
            "INSERT OR REPLACE INTO plan VALUES (?, ?, ?)",
            (plan.code, plan.made_at, plan_adapter().dump_json(plan).decode()),
        )

    def spent(self, what: str, since: float, token: str, service: str | None = None) -> int:
        """How many keys, URLs or times everything a token purged, of one service or of all."""
        (count,) = self._database.execute(
            "SELECT COALESCE(SUM(count), 0) FROM spending WHERE at > ? AND token = ? AND what = ? "
            "AND (? IS NULL OR service = ?)",
            (since, token, what, service, service),
        ).fetchone()
        return int(count)

    def spendings(self, what: str, since: float, token: str) -> Iterator[Spending]:
        """The same one by one, oldest first."""
        rows = self._database.execute(
            "SELECT * FROM spending WHERE at > ? AND token = ? AND what = ? ORDER BY at",
            (since, token, what),
        )
        return (Spending(*row) for row in rows)

    def unasked(self, what: str, since: float, *, soft: bool) -> Counter[str]:
        """How many were purged by service without a person's word."""
        rows = self._database.execute(
            "SELECT service, SUM(count) FROM spending WHERE at > ? AND what = ? AND soft = ? "
            "AND plan = '' GROUP BY service",
            (since, what, soft),
        )
        return Counter(dict(rows))

    def spend(self, spending: Spending) -> None:
        self._database.execute("DELETE FROM spending WHERE at < ?", (spending.at - KEPT,))
        self._database.execute(
            "INSERT INTO spending VALUES (?, ?, ?, ?, ?, ?, ?)", astuple(spending)
        )

    def frozen(self, now: float) -> Freeze | None:
        row = self._database.execute("SELECT until, reason, by, at FROM freeze").fetchone()
        freeze = Freeze(*row) if row else None
        return freeze if freeze and (freeze.until is None or freeze.until > now) else None

    def freeze(self, freeze: Freeze | None) -> None:
        """Freeze, or let changes through again."""
        self._database.execute("DELETE FROM freeze")
        if freeze:
            self._database.execute("INSERT INTO freeze VALUES (?, ?, ?, ?)", astuple(freeze))

    def head(self, sink: str) -> Head:
        """The last line of the audit that went to the file or to stderr."""
        row = self._database.execute(
            "SELECT hash, count FROM head WHERE sink = ?", (sink,)
        ).fetchone()
        return Head(*row) if row else Head()

    def keep_head(self, sink: str, head: Head) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO head VALUES (?, ?, ?)", (sink, *astuple(head))
        )
