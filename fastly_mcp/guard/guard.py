"""The guard: every change passes it, and is allowed, made to wait for a person, or refused."""

import logging
import shlex
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property, partial
from pathlib import Path

from anyio import CancelScope, get_cancelled_exc_class, to_thread

from fastly_mcp.api.connection import Connection
from fastly_mcp.api.grant import TokenInfo
from fastly_mcp.api.services import Service
from fastly_mcp.config import Level, Settings
from fastly_mcp.errors import (
    UNREPEATABLE,
    APIError,
    ConfigError,
    FastlyMCPError,
    GuardFailed,
    InvalidArgument,
    NotPermitted,
)
from fastly_mcp.guard.approvals import Approvals
from fastly_mcp.guard.audit import Audit, read_key
from fastly_mcp.guard.breadth import WINDOW, why_it_waits
from fastly_mcp.guard.budget import Budget
from fastly_mcp.guard.changes import CALL, Call, Kind, Write
from fastly_mcp.guard.lines import Came, intent, new_event, outcome
from fastly_mcp.guard.looking import look
from fastly_mcp.guard.planning import Asked, approved, planned
from fastly_mcp.guard.plans import Decision, Plan
from fastly_mcp.guard.record import Record
from fastly_mcp.guard.state_dir import default_state_dir, prepared
from fastly_mcp.guard.store import Spending, Store, Transaction
from fastly_mcp.guard.turns import Turns

log = logging.getLogger("fastly_mcp")

STORE = "store.sqlite"
"""The store's name in the state directory."""


class Waits(Exception):  # no error: the change waits
    """The change waits for a person to decide on its plan."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.code)
        self.plan = plan


class _Unclear(Exception):
    """What is known so far does not let it through."""

    def __init__(self, hosts: frozenset[str]) -> None:
        super().__init__()
        self.hosts = hosts
        """Those of URLs purged lately, which may be of the same service."""


class Guard:
    """Stands before every change of one process.

    `change` raises Waits where a person has to decide, NotPermitted for what is frozen, over the
    budget or declined, and GuardFailed if the store or the audit cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        state_dir: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.state_dir = state_dir
        self.store = Store(state_dir / STORE if state_dir else None)
        self.turns = Turns(state_dir)
        self.approvals = Approvals(state_dir, settings.approvers)
        self.budget = Budget(
            settings.keys_per_hour, settings.urls_per_hour, settings.purge_alls_per_hour
        )
        self.clock = clock

    @cached_property
    def audit(self) -> Audit:
        """What is told of every change. Raises ConfigError for a key that is no good one."""
        file = self.settings.audit_key_file
        key = read_key(file) if file else b""
        return Audit(self.state_dir, sinks=self.settings.audit, key=key)

    @asynccontextmanager
    async def change(
        self,
        fastly: Connection,
        kind: Kind,
        *,
        services: tuple[Service, ...] = (),
        targets: tuple[str, ...] = (),
        soft: bool = False,
        write: Write | None = None,
    ) -> AsyncIterator[Record]:
        """Let a change through, and tell of it in the audit before and after."""
        call = CALL.get()
        token = (await fastly.grant()).token or TokenInfo()
        account, closely = self.settings.name, bool(call.approval)
        lately: frozenset[str] = frozenset()
        while True:
            change = await look(
                fastly,
                kind,
                services,
                targets,
                soft=soft,
                closely=closely,
                lately=lately,
                write=write,
            )
            asked = Asked(call, change, token, account, self.clock())
            try:
                event = await to_thread.run_sync(self._admit, asked, closely)
                break
            except _Unclear as unclear:
                closely, lately = True, unclear.hosts
        check = partial(self._check, asked)
        record = Record(change, event, check=check, checked_at=time.monotonic())
        came: Came = "unknown"
        try:
            yield record
            came = "ok" if record.accepted == record.total else "partly"
            came = came if record.accepted else "failed"
        except get_cancelled_exc_class():
            came = "cancelled"
            raise
        except FastlyMCPError as error:
            left = record.total - record.accepted - record.failed
            record.missed(error, left)
            came = "partly" if record.accepted else "failed"
            if write and isinstance(error, APIError) and error.outcome == UNREPEATABLE:
                came = "unknown"
            raise
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(self._finish, asked, record, came)

    @asynccontextmanager
    async def turn(self, place: str) -> AsyncIterator[None]:
        """Be the only one who writes to a place, from looking at it until it is done.

        A call that is yet to wait for a person waits for no turn, and nobody waits for it. Raises
        Busy if others take too long.
        """
        if self.settings.approval is Level.NEVER or CALL.get().approval:
            async with self.turns.of(place):
                yield
        else:
            yield

    async def standing(self, token: TokenInfo | None) -> tuple[dict[str, int], str]:
        """Return what is left of this hour's budget, and what is frozen, if anything is."""

        def read() -> tuple[dict[str, int], str]:
            now = self.clock()
            with self.begin() as transaction:
                left = self.budget.left(transaction, token.id if token else "", now)
                freeze = transaction.frozen(now)
            return left, freeze.sentence if freeze else ""

        return await to_thread.run_sync(read)

    async def listen(self, *, is_needed: bool = True) -> None:
        """Let `fastly-mcp approve` reach this process; raises GuardFailed if it needs to be."""
        try:
            await self.approvals.listen()
        except GuardFailed as error:
            if is_needed:
                raise
            log.warning("%s", error)

    def command(self, plan: Plan) -> str:
        """Return what a person types to decide on a plan; empty if it cannot reach this process."""
        if self.state_dir is None or not self.approvals.can_be_commanded:
            return ""
        is_usual = self.state_dir == default_state_dir()
        where = "" if is_usual else f" --state-dir {shlex.quote(str(self.state_dir))}"
        sign = " --sign KEYFILE" if plan.needs_signature else ""
        return f"fastly-mcp approve {plan.code}{sign}{where}"

    async def decide(self, call: Call, code: str, *, approved: bool, by: str, how: str) -> None:
        """Enter a person's decision on the open plan of this call.

        Raises InvalidArgument if there is none, NotPermitted if it has to be signed.
        """
        await to_thread.run_sync(self._decide, call, code, approved, by, how)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """One transaction in a store whose directory is to be trusted; raises GuardFailed."""
        try:
            if self.state_dir:
                prepared(self.state_dir)
            with self.store.begin() as transaction:
                yield transaction
        except ConfigError as error:
            raise GuardFailed(str(error)) from None

    async def aclose(self) -> None:
        """Close the socket and the store. Plans that wait end with it."""
        self.approvals.close()
        # Whoever is in a transaction ends it first.
        await to_thread.run_sync(self.store.close)

    def _admit(self, asked: Asked, is_final: bool) -> str:  # through a thread
        """Decide in one transaction; returns the event under which the audit tells of it.

        Raises Waits with the plan that a person has to decide on, and _Unclear instead while more
        can be found out, which is when it is not final.
        """
        self._verify(asked)
        event, waiting, plan = new_event(), None, None
        with self.begin() as transaction:
            _refuse_frozen(transaction, asked.now)
            self._check_budget(transaction, asked)
            if asked.call.approval:
                plan = approved(transaction, asked, self.approvals)
                waiting = None if plan.decision else plan
            elif why := self._why_it_waits(asked, before := self._before(transaction, asked)):
                if not is_final:
                    raise _Unclear(frozenset(before if asked.change.kind == "url" else ()))
                waiting = planned(transaction, asked, why, self.approvals)
            if waiting is None:
                self._spend(transaction, asked)
                line = intent(
                    asked.now,
                    event,
                    asked.call,
                    asked.change,
                    account=asked.account,
                    token_id=asked.token.id,
                    token_name=asked.token.name,
                    plan=plan,
                    queries=self.settings.audit_queries,
                )
                self.audit.write(transaction, line)
        if waiting:
            raise Waits(waiting)
        if plan:
            self.approvals.forget(plan)
        return event

    def _verify(self, asked: Asked) -> None:
        """Find out who signed the approval of a call, before anybody has to wait for that."""
        if self.approvals.approvers and asked.call.approval:
            with self.begin() as transaction:
                plan = transaction.plan(asked.call.approval)
            if plan and asked.is_of(plan):
                self.approvals.verify(plan)

    def _before(self, transaction: Transaction, asked: Asked) -> Counter[str]:
        change = asked.change
        return transaction.unasked(change.kind, asked.now - WINDOW, soft=change.soft)

    def _why_it_waits(self, asked: Asked, before: Counter[str]) -> str:
        settings = self.settings
        return why_it_waits(asked.change, settings.approval, settings.broad_keys, before)

    def _check(self, asked: Asked, again: bool) -> None:
        now = self.clock()
        with self.begin() as transaction:
            _refuse_frozen(transaction, now)
            if again:
                more = asked._replace(now=now)
                self._check_budget(transaction, more)
                self._spend(transaction, more)

    def _decide(self, call: Call, code: str, is_approved: bool, by: str, how: str) -> None:
        now = self.clock()
        with self.begin() as transaction:
            plan = transaction.plan(code)
            if plan is None or not plan.call.is_same(call):
                raise InvalidArgument("This answer is about another call. Nothing was sent.")
            if not self.approvals.made(plan) or not plan.is_open(now):
                raise InvalidArgument("This plan is not open any more. Nothing was sent.")
            if is_approved and plan.needs_signature:
                raise NotPermitted("Only a signed approval counts here. Nothing was sent.")
            decision = Decision(approved=is_approved, at=now, by=by, how=how)
            transaction.keep(plan.sealed(self.approvals.key, decision))

    def _check_budget(self, transaction: Transaction, asked: Asked) -> None:
        self.budget.check(transaction, asked.change, asked.token.id, asked.now)

    def _spend(self, transaction: Transaction, asked: Asked) -> None:
        change, token, now = asked.change, asked.token.id, asked.now
        for place, count in change.counts.items():
            transaction.spend(
                Spending(now, token, place, change.kind, change.soft, count, asked.call.approval)
            )

    def _finish(self, asked: Asked, record: Record, came: Came) -> None:
        """Tell the audit what came of a change. It is done: what fails here is only logged."""
        now = self.clock()
        line = outcome(
            now,
            record.event,
            came,
            accepted=record.accepted,
            failed=record.failed,
            purge_ids=record.ids,
            status=record.status,
            duration_ms=(now - asked.now) * 1000,
        )
        try:
            with self.begin() as transaction:
                self.audit.write(transaction, line)
        except FastlyMCPError as error:
            said = f"{asked.call.tool} came out {came}, and the audit does not have it: {error}"
            log.error(said)  # noqa: TRY400  # no stack


def _refuse_frozen(transaction: Transaction, now: float) -> None:
    """Raise NotPermitted while a person has frozen all changes."""
    if freeze := transaction.frozen(now):
        raise NotPermitted(
            f"{freeze.sentence} Nothing was sent; do not try again before that ends."
        )
