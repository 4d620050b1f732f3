"""Changes, calls and plans as a guard makes them."""

from typing import Any

from fastly_mcp.api.grant import TokenInfo
from fastly_mcp.guard.changes import Call, Change, Hit
from fastly_mcp.guard.planning import Asked
from fastly_mcp.guard.plans import Plan

NOW = 1_790_000_000.0
SHOP = Hit(
    service_id="u8jzPde0IgxLd6GncfBAep",
    service_name="shop-prod",
    domains=("www.larkspur.example", "*.shop.larkspur.example"),
    active_version=3,
    knows_domains=True,
)
BLOG = Hit(
    service_id="fJBd0Kh8oOOL8dKLzdocJ2",
    service_name="blog",
    domains=("blog.example",),
    knows_domains=True,
)
CALL = Call(tool="purge_surrogate_key", arguments="a digest", caller="alice", client="trial 1")


def keys(*targets: str, hit: Hit = SHOP, soft: bool = False) -> Change:
    return Change(kind="key", hits=(hit,), targets=targets, soft=soft)


def many(count: int, *, hit: Hit = SHOP, soft: bool = False) -> Change:
    return keys(*(f"key-{number}" for number in range(count)), hit=hit, soft=soft)


def urls(*hosts: str, owners: dict[str, str] | None = None, soft: bool = False) -> Change:
    targets = tuple(f"https://{host}/{number}" for number, host in enumerate(hosts))
    return Change(kind="url", targets=targets, hosts=hosts, owners=owners or {}, soft=soft)


def asked(
    change: Change | None = None,
    *,
    call: Call = CALL,
    token: str = "token1",  # noqa: S107  # an id is no secret
    now: float = NOW,
) -> Asked:
    info = TokenInfo(id=token, name="purger")
    return Asked(call, change or keys("all"), info, "acme", now)


def made(change: Change, **fields: Any) -> Plan:
    given: dict[str, Any] = {
        "code": "ABCD-EFGH",
        "made_at": NOW,
        "made_by": "1-a",
        "call": CALL,
        "change": change,
        "account": "acme",
        "token": "token1",
        "token_name": "purger",
        "why": "a key is broad",
    }
    return Plan(**given | fields)
