"""Invoices and usage, which follow from the traffic."""

from datetime import UTC, datetime

import httpx2
import pytest

from fastly_mcp.sandbox import create_app

pytestmark = pytest.mark.anyio

SHOP = "u8jzPde0IgxLd6GncfBAep"
EDGE_API = "fKtHF4vUCsMehGAkWvj7FA"
CUSTOMER = "8rESQedUStPKR0CsTy4Qwb"
INVOICES = "/billing/v3/invoices"
USAGE = "/billing/v3/usage-metrics"
OF_SERVICES = "/billing/v3/service-usage-metrics"
JANUARY = {"start_month": "2026-01", "end_month": "2026-01"}


async def test_invoices_are_listed_newest_first(client: httpx2.AsyncClient) -> None:
    body = (await client.get(INVOICES, params={"limit": 3})).json()
    assert [row["billing_start_date"] for row in body["data"]] == [
        "2026-02-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
        "2025-12-01T00:00:00Z",
    ]
    assert body["data"][0]["billing_end_date"] == "2026-02-28T23:59:59Z"
    assert body["data"][0]["invoice_posted_on"] == "2026-03-01T00:00:00Z"
    assert body["meta"]["total"] == 14
    more = {"limit": 3, "cursor": body["meta"]["next_cursor"]}
    next_page = (await client.get(INVOICES, params=more)).json()
    assert next_page["data"][0]["billing_start_date"] == "2025-11-01T00:00:00Z"


async def test_an_invoice_adds_up_and_is_the_same_every_time(client: httpx2.AsyncClient) -> None:
    (first,) = (await client.get(INVOICES, params={"limit": 1})).json()["data"]
    alone = (await client.get(f"{INVOICES}/{first['invoice_id']}")).json()
    assert alone == first
    assert first["customer_id"] == CUSTOMER
    assert first["currency_code"] == "USD"
    amounts = [item["amount"] for item in first["transaction_line_items"]]
    assert isinstance(first["monthly_transaction_amount"], float)
    assert first["monthly_transaction_amount"] == pytest.approx(sum(amounts))
    for item in first["transaction_line_items"]:
        assert item["amount"] == pytest.approx(item["units"] * item["rate"], abs=0.006)


async def test_time_does_not_change_an_invoice(client: httpx2.AsyncClient) -> None:
    before = (await client.get(f"{INVOICES}/4202602")).json()
    await client.post("/_sandbox/clock", json={"advance": "40d"})
    assert (await client.get(f"{INVOICES}/4202602")).json() == before
    newest = (await client.get(INVOICES)).json()["data"][0]
    assert newest["billing_start_date"] == "2026-03-01T00:00:00Z"


async def test_invoices_between_two_dates(client: httpx2.AsyncClient) -> None:
    asked = {"billing_start_date": "2025-12-01", "billing_end_date": "2026-01-31"}
    body = (await client.get(INVOICES, params=asked)).json()
    assert [row["invoice_id"] for row in body["data"]] == ["4202601", "4202512"]
    asked = {"billing_start_date": "2025-12-02T00:00:00Z", "billing_end_date": "2026-02-27"}
    body = (await client.get(INVOICES, params=asked)).json()
    assert [row["invoice_id"] for row in body["data"]] == ["4202601"]


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "9" * 400])
async def test_what_is_no_date_is_refused(client: httpx2.AsyncClient, date: str) -> None:
    response = await client.get(INVOICES, params={"billing_start_date": date})
    assert response.status_code == 400


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_the_ends_of_time_are_dates(client: httpx2.AsyncClient, date: str) -> None:
    for name in ("billing_start_date", "billing_end_date"):
        assert (await client.get(INVOICES, params={name: date})).status_code == 200


@pytest.mark.parametrize("invoice_id", ["4202603", "4199001", "nobody"])
async def test_an_invoice_that_is_not_there(client: httpx2.AsyncClient, invoice_id: str) -> None:
    assert (await client.get(f"{INVOICES}/{invoice_id}")).status_code == 404


async def test_the_month_to_date_has_its_amount_as_text(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{INVOICES}/month-to-date")).json()
    assert body.keys() == {
        "customer_id",
        "invoice_id",
        "billing_start_date",
        "billing_end_date",
        "monthly_transaction_amount",
        "transaction_line_items",
    }
    assert body["billing_start_date"] == "2026-03-01T00:00:00Z"
    assert isinstance(body["monthly_transaction_amount"], str)
    total = sum(item["amount"] for item in body["transaction_line_items"])
    assert float(body["monthly_transaction_amount"]) == pytest.approx(total)
    await client.post("/_sandbox/clock", json={"advance": "12h"})
    later = (await client.get(f"{INVOICES}/month-to-date")).json()
    assert float(later["monthly_transaction_amount"]) == pytest.approx(2 * total, rel=0.01)


async def test_usage_is_what_the_invoice_counts(client: httpx2.AsyncClient) -> None:
    used = (await client.get(USAGE, params=JANUARY)).json()["data"]
    billed = (await client.get(f"{INVOICES}/4202601")).json()["transaction_line_items"]
    assert {row["name"]: row["quantity"] for row in used} == {
        item["description"]: item["units"] for item in billed
    }
    requests = next(row for row in used if row["usage_type"] == "Europe Requests")
    assert (requests["unit"], requests["product_id"]) == ("unit", "cdn_usage")
    bandwidth = next(row for row in used if row["usage_type"] == "Europe Bandwidth")
    assert bandwidth["quantity"] == pytest.approx(bandwidth["raw_quantity"] / 1e9, abs=0.001)


async def test_usage_comes_month_by_month(client: httpx2.AsyncClient) -> None:
    asked = {"start_month": "2025-12", "end_month": "2099-12"}
    used = (await client.get(USAGE, params=asked)).json()["data"]
    assert sorted({row["month"] for row in used}) == ["2025-12", "2026-01", "2026-02", "2026-03"]
    assert used[-1]["last_updated_at"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"start_month": "2026-01"},
        {"start_month": "2026-1", "end_month": "2026-02"},
        {"start_month": "2026-01", "end_month": "2026-13"},
        {"start_month": "January", "end_month": "2026-02"},
    ],
)
async def test_usage_needs_two_months(client: httpx2.AsyncClient, query: dict[str, str]) -> None:
    assert (await client.get(USAGE, params=query)).status_code == 400


async def test_services_share_what_was_used(client: httpx2.AsyncClient) -> None:
    asked = JANUARY | {"product_id": "cdn_usage", "usage_type_name": "Europe Bandwidth"}
    body = (await client.get(OF_SERVICES, params=asked)).json()["data"]
    assert (body["usage_type"], body["unit"]) == ("Europe Bandwidth", "gb")
    assert (body["start_time"], body["end_time"]) == (
        "2026-01-01T00:00:00Z",
        "2026-02-01T00:00:00Z",
    )
    units = {row["service_name"]: row["usage_units"] for row in body["details"]}
    assert "edge-api" not in units
    used = (await client.get(USAGE, params=JANUARY)).json()["data"]
    whole = next(row for row in used if row["usage_type"] == "Europe Bandwidth")
    assert sum(units.values()) == pytest.approx(whole["quantity"], rel=1e-6)


async def test_service_usage_is_filtered_and_paged(client: httpx2.AsyncClient) -> None:
    asked = {"service": SHOP}
    body = (await client.get(OF_SERVICES, params=asked)).json()["data"]
    assert [row["service_id"] for row in body["details"]] == [SHOP]
    asked = JANUARY | {"product_id": "compute_usage"}
    body = (await client.get(OF_SERVICES, params=asked)).json()["data"]
    assert [row["service_id"] for row in body["details"]] == [EDGE_API]
    body = (await client.get(OF_SERVICES, params=JANUARY | {"limit": "2"})).json()["data"]
    assert len(body["details"]) == 2
    more = JANUARY | {"cursor": body["meta"]["next_cursor"]}
    rest = (await client.get(OF_SERVICES, params=more)).json()["data"]
    assert len(rest["details"]) == body["meta"]["total"] - 2


async def test_usage_of_what_is_not_sold_is_refused(client: httpx2.AsyncClient) -> None:
    for query in ({"product_id": "moon"}, {"usage_type_name": "Moon Requests"}):
        assert (await client.get(OF_SERVICES, params=query)).status_code == 400


async def test_months_before_the_customer_have_no_usage(client: httpx2.AsyncClient) -> None:
    asked = {"start_month": "2001-01", "end_month": "2001-02"}
    body = (await client.get(OF_SERVICES, params=asked)).json()["data"]
    assert body["details"] == []
    assert (await client.get(USAGE, params=asked)).json() == {"data": []}


async def test_a_service_that_is_deleted_costs_nothing_any_more(client: httpx2.AsyncClient) -> None:
    before = (await client.get(f"{INVOICES}/month-to-date")).json()
    await client.put(f"/service/{SHOP}/version/3/deactivate")
    assert (await client.delete(f"/service/{SHOP}")).status_code == 200
    after = (await client.get(f"{INVOICES}/month-to-date")).json()
    amount = "monthly_transaction_amount"
    assert float(after[amount]) < float(before[amount])


async def test_before_there_was_a_customer_there_is_nothing_to_pay(
    client: httpx2.AsyncClient,
) -> None:
    await client.post("/_sandbox/clock", json={"now": "2020-05-05T00:00:00Z"})
    assert (await client.get(INVOICES)).json()["data"] == []
    body = (await client.get(f"{INVOICES}/month-to-date")).json()
    assert (body["monthly_transaction_amount"], body["transaction_line_items"]) == ("0.00", [])


async def test_an_account_of_the_same_age_has_the_same_invoices(client: httpx2.AsyncClient) -> None:
    app = create_app(now=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="https://api.fastly.com"
    ) as other:
        theirs = await other.get(INVOICES, headers={"Fastly-Key": "sandbox"})
    assert theirs.json() == (await client.get(INVOICES)).json()
