"""Billing: invoices and what they count, as far as they follow from the traffic of services.

Nothing of it is recorded; the paths and fields are those of fastly-py's Billing*Api. A service
that is active has the same traffic all its life, so that every month's invoice can be made when it
is asked for, and is the same each time.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from starlette.responses import Response

from fastly_mcp.sandbox import invented
from fastly_mcp.sandbox.answers import newer
from fastly_mcp.sandbox.calls import Call
from fastly_mcp.sandbox.paging import cursor_page
from fastly_mcp.sandbox.state import Row, Service, World, stamp

MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
"""The pattern of `start_month` and `end_month` [fastly-py BillingUsageMetricsApi]."""


class Usage(NamedTuple):
    """One thing that is counted and paid for."""

    product_id: str
    product: str
    group: str
    service_type: str
    region: str
    share: float
    """Of all that the services of this type serve."""
    kind: str
    """`Requests` or `Bandwidth`."""
    unit: str
    """`unit` where there is no other [fastly-py Usagemetric]."""
    per_unit: float
    """How many of the counted are a unit."""
    rate: float
    """Dollars per unit."""

    @property
    def usage_type(self) -> str:
        return f"{self.region} {self.kind}"

    @property
    def name(self) -> str:
        return f"{self.product} - {self.usage_type}"


CDN = ("cdn_usage", "Content Delivery", "Full-Site Delivery", "vcl")
COMPUTE = ("compute_usage", "Compute", "Compute", "wasm")
USAGES = tuple(
    Usage(*product, region, share, *counted)
    for product, request in ((CDN, 7.5e-7), (COMPUTE, 5e-7))
    for region, share, gigabyte in (
        ("Europe", 0.52, 0.12),
        ("North America", 0.24, 0.12),
        ("Asia", 0.08, 0.19),
        ("Australia & New Zealand", 0.05, 0.19),
        ("India", 0.04, 0.28),
        ("South America", 0.04, 0.28),
        ("Africa", 0.03, 0.28),
    )
    for counted in (("Requests", "unit", 1, request), ("Bandwidth", "gb", 1e9, gigabyte))
)


def _month(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _month_after(month: datetime) -> datetime:
    return (month + timedelta(days=32)).replace(day=1)


def _months(world: World, now: datetime) -> list[datetime]:
    """The months since there is a customer, oldest first, with the one that is not over."""
    month, months = _month(datetime.fromisoformat(world.customer["created_at"])), []
    while month <= now:
        months.append(month)
        month = _month_after(month)
    return months


def _served(world: World, service: Service, month: datetime, now: datetime) -> dict[str, float]:
    """How much one service served in a month, as far as that has gone by."""
    traffic = world.traffic.get(service.id)
    if traffic is None or service.active is None:
        return {"Requests": 0, "Bandwidth": 0}
    start = max(month, datetime.fromisoformat(service.created_at))
    end = min(_month_after(month), now)
    if service.deleted_at:
        end = min(end, datetime.fromisoformat(service.deleted_at))
    requests = max(0, (end - start).total_seconds()) * traffic.requests_per_second
    return {"Requests": requests, "Bandwidth": requests * traffic.bytes_per_request}


def _used(world: World, month: datetime, now: datetime) -> Iterator[tuple[Usage, int]]:
    """How much all services used in a month of each thing, if anything."""
    sums: Counter[tuple[str, str]] = Counter()
    for service in world.services.values():
        for kind, served in _served(world, service, month, now).items():
            sums[service.type, kind] += round(served)
    for usage in USAGES:
        raw = round(sums[usage.service_type, usage.kind] * usage.share)
        if raw:
            yield usage, raw


def _line_item(usage: Usage, raw: int) -> Row:
    units = round(raw / usage.per_unit, 3)
    return {
        "description": usage.name,
        "amount": round(units * usage.rate, 2),
        "rate": usage.rate,
        "units": units,
        "product_name": usage.product,
        "product_group": usage.group,
        "product_line": "Network Services",
        "region": usage.region,
        "usage_type": usage.kind.lower(),
    }


def _bill(world: World, month: datetime, now: datetime) -> tuple[Row, float]:
    """What all invoices have, and the amount, which one of them writes as text."""
    items = [_line_item(*used) for used in _used(world, month, now)]
    bill = {
        "customer_id": world.customer["id"],
        "invoice_id": month.strftime("4%Y%m"),
        "billing_start_date": stamp(month),
        "billing_end_date": stamp(_month_after(month) - timedelta(seconds=1)),
        "transaction_line_items": items,
    }
    return bill, round(float(sum(item["amount"] for item in items)), 2)


def _invoice(world: World, month: datetime, now: datetime) -> Row:
    """The invoice of a month that is over."""
    bill, amount = _bill(world, month, now)
    return {
        **bill,
        "invoice_posted_on": stamp(_month_after(month)),
        "statement_number": month.strftime("LARK-%Y-%m"),
        "currency_code": "USD",
        "monthly_transaction_amount": amount,
        "transaction_line_items": [
            {**item, "credit_coupon_code": ""} for item in bill["transaction_line_items"]
        ],
    }


def _moment(call: Call, name: str, fallback: datetime) -> datetime:
    """A date or a time in the query."""
    given = call.query.get(name)
    if not given:
        return fallback
    with invented.fitting():
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            raise ValueError(f"{name} is not a date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _page(call: Call, rows: list[Any], sort: str) -> tuple[list[Any], Row]:
    """A page by cursor and its meta [fastly-py Metadata]."""
    page, limit, cursor = cursor_page(call, rows)
    return page, {
        "limit": limit,
        "next_cursor": cursor or "",
        "sort": sort,
        "total": len(rows),
    }


def list_invoices(call: Call) -> Response:
    """Newest first; those that begin and end between two dates, if any are given."""
    now = call.now
    first = _moment(call, "billing_start_date", datetime.min.replace(tzinfo=UTC))
    last = _moment(call, "billing_end_date", datetime.max.replace(tzinfo=UTC))
    months = [
        month
        for month in reversed(_months(call.world, now)[:-1])
        if first <= month and _month_after(month) - timedelta(days=1) <= last
    ]
    page, meta = _page(call, months, "-billing_start_date")
    return newer({"data": [_invoice(call.world, month, now) for month in page], "meta": meta})


def get_invoice(call: Call) -> Response:
    now = call.now
    for month in _months(call.world, now)[:-1]:
        if month.strftime("4%Y%m") == call.params["invoice_id"]:
            return newer(_invoice(call.world, month, now))
    raise invented.no_such_invoice(call.params["invoice_id"])


def get_month_to_date(call: Call) -> Response:
    """Its amount is text, unlike the others' [fastly-py Mtdinvoice]."""
    now = call.now
    bill, amount = _bill(call.world, _month(now), now)
    return newer({**bill, "monthly_transaction_amount": f"{amount:.2f}"})


def _asked(call: Call, start: str | None, end: str | None) -> list[datetime]:
    """The months from one to another that there are; 400 for what is no month."""
    for name, given in (("start_month", start), ("end_month", end)):
        if given is None:
            raise invented.parameter_missing(name)
        if not MONTH.fullmatch(given):
            raise invented.does_not_fit(f"{name} is not a month such as 2026-02")
    return [
        month
        for month in _months(call.world, call.now)
        if (start or "") <= month.strftime("%Y-%m") <= (end or "")
    ]


def list_usage(call: Call) -> Response:
    """What was used month by month."""
    now = call.now
    rows = [
        {
            "month": month.strftime("%Y-%m"),
            "usage_type": usage.usage_type,
            "name": usage.name,
            "region": usage.region,
            "unit": usage.unit,
            "quantity": round(raw / usage.per_unit, 3),
            "raw_quantity": raw,
            "product_id": usage.product_id,
            "last_updated_at": stamp(min(_month_after(month), now)),
        }
        for month in _asked(call, call.query.get("start_month"), call.query.get("end_month"))
        for usage, raw in _used(call.world, month, now)
    ]
    return newer({"data": rows})


def _usage(call: Call) -> Usage:
    """The first thing that the query fits."""
    product_id = call.query.get("product_id") or CDN[0]
    for usage in USAGES:
        if usage.product_id == product_id and call.query.get("usage_type_name") in {
            None,
            "",
            usage.usage_type,
        }:
            return usage
    raise invented.does_not_fit("product_id or usage_type_name is unknown")


def list_service_usage(call: Call) -> Response:
    """What each service used of one thing; services that used nothing are not there."""
    world, now, usage = call.world, call.now, _usage(call)
    customer = {"customer_id": world.customer["id"]}
    this_month = _month(now).strftime("%Y-%m")
    start = call.query.get("start_month") or this_month
    months = _asked(call, start, call.query.get("end_month") or max(start, this_month))
    rows = []
    for service in world.services.values():
        if (
            call.query.get("service") in {None, "", service.id}
            and service.type == usage.service_type
        ):
            served = sum(_served(world, service, month, now)[usage.kind] for month in months)
            named = {"service_id": service.id, "service_name": service.name}
            units = round(served * usage.share / usage.per_unit, 3)
            rows += [customer | named | {"usage_units": units}] if units else []
    page, meta = _page(call, rows, "service_id")
    first, last = (months[0], months[-1]) if months else (_month(now), _month(now))
    return newer(
        {
            "data": {
                **customer,
                "start_time": stamp(first),
                "end_time": stamp(min(_month_after(last), now)),
                "usage_type": usage.usage_type,
                "unit": usage.unit,
                "details": page,
                "meta": meta,
            }
        }
    )
