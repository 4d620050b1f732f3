"""Budgets: how much a token may purge in an hour."""

import pytest

from fastly_mcp.errors import NotPermitted
from fastly_mcp.guard.budget import EDGE_CHECKS_PER_HOUR, Budget, spend_edge_check
from fastly_mcp.guard.changes import Change, Kind
from fastly_mcp.guard.store import Spending, Store, Transaction
from tests.guard.planned import BLOG, NOW, SHOP, many, urls

BUDGET = Budget(keys_per_hour=10, urls_per_hour=4, purge_alls_per_hour=2)
EVERYTHING = Change(kind="all", hits=(SHOP,))


def spend(
    transaction: Transaction,
    count: int,
    *,
    ago: float = 0,
    token: str = "token1",  # noqa: S107  # an id is no secret
    kind: Kind = "key",
    place: str = SHOP.service_id,
) -> None:
    transaction.spend(Spending(NOW - ago, token, place, kind, soft=False, count=count))


def test_what_fits_is_let_through_and_one_more_is_not() -> None:
    with Store().begin() as transaction:
        spend(transaction, 7)
        BUDGET.check(transaction, many(3), "token1", NOW)
        with pytest.raises(NotPermitted, match=r"needs 4 keys; 3 of 10 are left this hour\."):
            BUDGET.check(transaction, many(4), "token1", NOW)


def test_keys_are_counted_over_all_services_hard_and_soft() -> None:
    with Store().begin() as transaction:
        spend(transaction, 10, place=BLOG.service_id)
        for soft in (False, True):
            with pytest.raises(NotPermitted):
                BUDGET.check(transaction, many(1, soft=soft), "token1", NOW)


def test_urls_and_everything_have_budgets_of_their_own() -> None:
    with Store().begin() as transaction:
        spend(transaction, 10)
        BUDGET.check(transaction, urls(*["a.example"] * 4), "token1", NOW)
        with pytest.raises(NotPermitted, match="5 URLs; 4 of 4"):
            BUDGET.check(transaction, urls(*["a.example"] * 5), "token1", NOW)
        BUDGET.check(transaction, EVERYTHING, "token1", NOW)


def test_everything_is_counted_by_service() -> None:
    with Store().begin() as transaction:
        spend(transaction, 1, kind="all")
        spend(transaction, 1, kind="all")
        with pytest.raises(NotPermitted, match="0 of 2 are left"):
            BUDGET.check(transaction, EVERYTHING, "token1", NOW)
        BUDGET.check(transaction, Change(kind="all", hits=(BLOG,)), "token1", NOW)


def test_another_token_has_its_own() -> None:
    with Store().begin() as transaction:
        spend(transaction, 10)
        BUDGET.check(transaction, many(10), "token2", NOW)


def test_what_is_an_hour_old_counts_no_more_and_it_is_said_when_that_is() -> None:
    with Store().begin() as transaction:
        spend(transaction, 4, ago=3000)
        spend(transaction, 4, ago=1000)
        # 2026-09-21T14:13:20Z is NOW; the older four are an hour old ten minutes later.
        with pytest.raises(NotPermitted, match=r"It fits after 2026-09-21T14:23:21Z\."):
            BUDGET.check(transaction, many(3), "token1", NOW)
        with pytest.raises(NotPermitted, match=r"It fits after 2026-09-21T14:56:41Z\."):
            BUDGET.check(transaction, many(7), "token1", NOW)
        BUDGET.check(transaction, many(6), "token1", NOW + 601)


def test_what_is_over_the_whole_budget_never_fits() -> None:
    with (
        Store().begin() as transaction,
        pytest.raises(NotPermitted, match=r"That never fits: the operator allows no more\."),
    ):
        BUDGET.check(transaction, many(11), "token1", NOW)


def test_a_budget_of_nothing_lets_nothing_through() -> None:
    with Store().begin() as transaction, pytest.raises(NotPermitted):
        Budget(keys_per_hour=0).check(transaction, many(1), "token1", NOW)


def test_what_is_left_is_told() -> None:
    checks = {"edge_checks": 200}
    with Store().begin() as transaction:
        spend(transaction, 3)
        spend(transaction, 9, kind="url")
        assert BUDGET.left(transaction, "token1", NOW) == {"keys": 7, "urls": 0} | checks
        assert BUDGET.left(transaction, "token2", NOW) == {"keys": 10, "urls": 4} | checks


def test_edge_checks_are_as_many_as_fastly_allows() -> None:
    with Store().begin() as transaction:
        for _ in range(EDGE_CHECKS_PER_HOUR):
            spend_edge_check(transaction, "token1", NOW)
        with pytest.raises(NotPermitted, match="all are used"):
            spend_edge_check(transaction, "token1", NOW + 3599)
        spend_edge_check(transaction, "token2", NOW)
        spend_edge_check(transaction, "token1", NOW + 3600)
