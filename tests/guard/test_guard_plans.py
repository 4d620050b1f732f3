"""Plans: what a person reads, types and decides on, and when that still holds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fastly_mcp.errors import InvalidArgument, NotPermitted
from fastly_mcp.guard.approvals import Approvals
from fastly_mcp.guard.changes import Change, Hit
from fastly_mcp.guard.planning import approved, planned
from fastly_mcp.guard.plans import CODE_LETTERS, TO_DECIDE, TO_USE, Decision, Plan, new_code
from fastly_mcp.guard.store import Store
from tests.guard.planned import BLOG, CALL, NOW, SHOP, asked, keys, made, many, urls

KEY = b"k" * 32
YES = Decision(approved=True, at=NOW + 10, by="ann", how="terminal")


# What a person reads


def test_ids_come_before_names_and_everything_is_told() -> None:
    assert made(Change(kind="all", hits=(SHOP,), feels="no shield")).lines() == [
        "Purge EVERYTHING this service has cached, at once.",
        "service   u8jzPde0IgxLd6GncfBAep  shop-prod",
        "domains   www.larkspur.example, *.shop.larkspur.example",
        "token     token1  purger  of the account acme",
        "asked by  alice, trial 1",
        "waits     because a key is broad",
        "origin    no shield",
        "gentler   purge the surrogate keys or URLs that changed",
    ]


def test_ten_targets_are_told_and_how_many_more_there_are() -> None:
    lines = made(many(25)).lines()
    assert lines[0] == "Remove at once what 25 surrogate keys cover."
    assert sum(line.startswith("key ") for line in lines) == 10
    assert "and 15 more" in lines


def test_a_soft_purge_is_told_as_one_and_has_no_gentler_way() -> None:
    lines = made(urls("a.example", soft=True)).lines()
    assert lines[0] == "Mark as stale what 1 URL covers."
    assert not any(line.startswith("gentler") for line in lines)


def test_other_peoples_text_is_escaped_and_cut() -> None:
    hostile = "evil\u202e\x1b[2J\nservice   approved" + "x" * 100
    hit = replace(SHOP, service_name=hostile, domains=(hostile,))
    call = replace(CALL, client=hostile, caller=hostile)
    plan = made(keys(hostile, hit=hit), call=call, token_name=hostile)
    for line in (*plan.lines(), made(Change(kind="all", hits=(hit,))).typed):
        assert line.isprintable()
        assert "x" * 60 not in line
        assert not line.startswith("service   approved")


@pytest.mark.parametrize(
    ("change", "typed"),
    [
        (Change(kind="all", hits=(SHOP,)), "purge all of shop-prod"),
        (
            Change(kind="all", hits=(replace(SHOP, service_name=""),)),
            "purge all of u8jzPde0IgxLd6GncfBAep",
        ),
        (keys("all"), "purge key all of shop-prod"),
        (many(25), "purge 25 keys of shop-prod"),
        (many(501, soft=True), "soft purge 501 keys of shop-prod"),
        (urls("a.example"), "purge 1 URL"),
    ],
)
def test_what_is_typed_depends_on_the_breadth(change: Change, typed: str) -> None:
    assert made(change).typed == typed


def test_codes_are_short_and_never_the_same() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 9 and set(code) <= {*CODE_LETTERS, "-"} for code in codes)
    assert not set(CODE_LETTERS) & set("01IOL")


# What a decision is about


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: replace(plan, code="AAAA-AAAA"),
        lambda plan: replace(plan, made_at=NOW + 1),
        lambda plan: replace(plan, made_by="2-b"),
        lambda plan: replace(plan, call=replace(CALL, arguments="others")),
        lambda plan: replace(plan, call=replace(CALL, caller="bob")),
        lambda plan: replace(plan, call=replace(CALL, tool="purge_all")),
        lambda plan: replace(plan, change=keys("site")),
        lambda plan: replace(plan, change=keys("all", hit=BLOG)),
        lambda plan: replace(plan, change=keys("all", soft=True)),
        lambda plan: replace(plan, token="token2"),
        lambda plan: replace(plan, needs_signature=True),
        lambda plan: replace(plan, decision=replace(plan.decision, approved=False)),
        lambda plan: replace(plan, decision=replace(plan.decision, at=NOW + 11)),
        lambda plan: replace(plan, decision=replace(plan.decision, by="bob")),
        lambda plan: replace(plan, decision=replace(plan.decision, how="elicitation")),
        lambda plan: replace(plan, decision=replace(plan.decision, mac="")),
        lambda plan: replace(plan, decision=None),
    ],
)
def test_a_seal_is_over_everything(change: Callable[[Plan], Plan]) -> None:
    plan = made(keys("all")).sealed(KEY, YES)
    assert plan.is_sealed(KEY)
    assert not plan.is_sealed(b"j" * 32)
    assert not change(plan).is_sealed(KEY)


def test_its_state_is_told_in_a_word() -> None:
    plan = made(keys("all"))
    assert plan.state(NOW) == "waits"
    assert plan.state(NOW + TO_DECIDE) == "too old"
    assert plan.sealed(KEY, YES).state(NOW) == "approved"
    assert plan.sealed(KEY, replace(YES, approved=False)).state(NOW) == "refused"
    assert replace(plan.sealed(KEY, YES), used_at=NOW).state(NOW) == "used"


# From a plan to its use


class Desk:
    """A store, a process's approvals, and a person."""

    def __init__(self) -> None:
        self.approvals = Approvals(None)
        self.store = Store()

    def plan(self, **given: Any) -> Plan:
        with self.store.begin() as transaction:
            return planned(transaction, asked(**given), "it is broad", self.approvals)

    def decide(self, plan: Plan, *, yes: bool = True, at: float = NOW + 10) -> None:
        decision = replace(YES, approved=yes, at=at)
        with self.store.begin() as transaction:
            transaction.keep(plan.sealed(self.approvals.key, decision))

    def use(self, plan: Plan, now: float = NOW + 20, **given: Any) -> Plan:
        call = given.pop("call", CALL)
        call = replace(call, approval=plan.code)
        with self.store.begin() as transaction:
            return approved(transaction, asked(call=call, now=now, **given), self.approvals)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_approved_plan_is_used_once(desk: Desk) -> None:
    plan = desk.plan()
    assert desk.use(plan) == plan
    desk.decide(plan)
    used = desk.use(plan)
    assert used.used_at == NOW + 20
    with pytest.raises(InvalidArgument, match="was used"):
        desk.use(plan)


@pytest.mark.parametrize(
    "other",
    [
        {"token": "token2"},
        {"call": replace(CALL, caller="bob")},
        {"call": replace(CALL, arguments="others")},
        {"call": replace(CALL, tool="purge_all")},
    ],
)
def test_it_is_for_the_same_call_of_the_same_caller_and_token(
    desk: Desk, other: dict[str, Any]
) -> None:
    plan = desk.plan()
    desk.decide(plan)
    with pytest.raises(InvalidArgument, match="for another call"):
        desk.use(plan, **other)
    desk.use(plan)


@pytest.mark.parametrize(
    "changed",
    [
        replace(SHOP, active_version=4),
        replace(SHOP, active_version=None),
        replace(SHOP, domains=("www.larkspur.example",)),
        BLOG,
    ],
)
def test_it_is_void_when_the_service_changed(desk: Desk, changed: Hit) -> None:
    plan = desk.plan()
    desk.decide(plan)
    with pytest.raises(InvalidArgument, match="active version or domains changed"):
        desk.use(plan, change=keys("all", hit=changed))


def test_the_same_call_is_not_planned_twice_unless_the_service_changed(desk: Desk) -> None:
    plan = desk.plan()
    assert desk.plan(now=NOW + 60) == plan
    assert desk.plan(change=keys("all", hit=replace(SHOP, active_version=9))) != plan
    assert desk.plan(now=NOW + TO_DECIDE) != plan


def test_times_are_kept_to_the_second(desk: Desk) -> None:
    plan = desk.plan()
    assert desk.use(plan, now=NOW + TO_DECIDE - 1) == plan
    with pytest.raises(InvalidArgument, match="Nobody decided in time"):
        desk.use(plan, now=NOW + TO_DECIDE)
    desk.decide(plan, at=NOW + TO_DECIDE - 1)
    with pytest.raises(InvalidArgument, match="too old"):
        desk.use(plan, now=NOW + TO_DECIDE - 1 + TO_USE)
    desk.use(plan, now=NOW + TO_DECIDE - 2 + TO_USE)


def test_a_no_is_not_made_a_yes(desk: Desk) -> None:
    plan = desk.plan()
    desk.decide(plan, yes=False)
    for _ in range(2):
        with pytest.raises(NotPermitted, match="A person declined this"):
            desk.use(plan)


def test_no_more_is_remembered_than_can_be_decided_on(desk: Desk) -> None:
    for number in range(50):
        desk.plan(now=NOW + number * (TO_DECIDE + TO_USE + 1))
    assert len(desk.approvals._made) == 1
