"""An audit with lines in it, written as a guard writes them."""

import json
import os
from pathlib import Path
from typing import Any

from fastly_mcp.guard.audit import Audit
from fastly_mcp.guard.chain import Verification
from fastly_mcp.guard.changes import Call, Change, Hit
from fastly_mcp.guard.lines import Came, Intent, intent, new_event, outcome
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.store import Head, Store

NOW = 1_790_000_000.0
NOON = "2026-09-21T14:13:20.000Z"
SHOP = Hit(service_id="u8jzPde0IgxLd6GncfBAep", service_name="shop-prod")
BLOG = Hit(service_id="fJBd0Kh8oOOL8dKLzdocJ2", service_name="blog")
KEYS = Change(kind="key", hits=(SHOP,), targets=("products", "lamps"))
CALL = Call(
    tool="purge_surrogate_key", arguments="", caller="ci", client="trial 1", transport="http"
)
APPROVED = Plan(
    code="ABCD-EFGH",
    made_at=NOW,
    made_by="",
    call=CALL,
    change=KEYS,
    account="",
    token="",
    token_name="",
    why="",
    decision=Decision(approved=True, at=NOW, by="robin", how="terminal"),
)


def meant(
    change: Change = KEYS,
    *,
    at: float = NOW,
    call: Call = CALL,
    token_id: str = "token1",  # noqa: S107  # an id is no secret
    plan: Plan | None = None,
    queries: bool = False,
) -> Intent:
    return intent(
        at,
        new_event(),
        call,
        change,
        account="acme",
        token_id=token_id,
        token_name="purger",
        plan=plan,
        queries=queries,
    )


class Trail:
    """A state directory with a store and an audit."""

    def __init__(self, directory: Path, **options: Any) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self.directory = directory
        self.store = Store(directory / "store.sqlite")
        self.audit = Audit(directory, **options)

    def change(self, line: Intent | None = None, came: Came | None = "ok") -> str:
        """Write the intent and, unless it is to stay unknown, the outcome."""
        line = line or meant()
        with self.store.begin() as transaction:
            self.audit.write(transaction, line)
        if came:
            done = outcome(
                NOW + 1, line.event, came, accepted=line.count, purge_ids=["a-1"], status=200
            )
            with self.store.begin() as transaction:
                self.audit.write(transaction, done)
        return line.event

    def verify(self, kept: Head | None = None) -> Verification:
        with self.store.begin() as transaction:
            stored, sizes = transaction.head("file"), self.audit.sizes()
        return self.audit.verify(stored, sizes, kept)

    def lose_store(self) -> None:
        """Remove the store, as somebody does who wants nothing to know the audit's head."""
        self.store.close()
        for file in self.directory.glob("store.sqlite*"):
            file.unlink()

    @property
    def file(self) -> Path:
        return self.directory / "audit.jsonl"

    @property
    def rows(self) -> list[bytes]:
        return self.file.read_bytes().splitlines(keepends=True)

    @rows.setter
    def rows(self, rows: list[bytes]) -> None:
        self.file.write_bytes(b"".join(rows))

    def edit(self, index: int, old: bytes, new: bytes) -> None:
        """Change a line and nothing else, not even its hash."""
        rows = self.rows
        assert old in rows[index]
        rows[index] = rows[index].replace(old, new)
        self.rows = rows

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.rows]


def full_stderr() -> int:
    """Make standard error a pipe that is full; returns the end that nobody reads."""
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.set_blocking(2, False)
    try:
        while True:
            os.write(2, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(2, True)
    return reading
