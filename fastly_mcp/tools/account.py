"""Account: who the token belongs to, what it may do, and which tools that leaves."""

from datetime import UTC, datetime
from functools import partial

from fastly_mcp.api.answers import shaped
from fastly_mcp.api.concurrency import Call, settle
from fastly_mcp.api.grant import Grant
from fastly_mcp.errors import FastlyMCPError
from fastly_mcp.guard.guard import Guard
from fastly_mcp.scopes import Scope
from fastly_mcp.toolkit import Fastly, Result, Toolset
from fastly_mcp.tools import all_toolsets, chosen_toolsets

toolset = Toolset("account", "The account, the token and what it may do.")

SERVICES = 20  # service ids told one by one
SEE_PROBLEM = "see problem"  # the reason is told there, once


class Customer(Result):
    """The Fastly account."""

    id: str
    name: str


class User(Result):
    """Whose token it is."""

    name: str
    login: str
    role: str = ""


class Token(Result):
    """The token, never its value."""

    name: str
    id: str
    scopes: list[str]
    services: list[str] | str
    created_at: str | None = None
    expires_at: str | None
    days_left: int | None = None
    warnings: list[str] = []


class Limits(Result):
    """What the operator of this server takes away."""

    scopes: list[str] = []
    read_only: bool | None = None
    services: list[str] = []
    domains: list[str] = []


class Purging(Result):
    """Which purges wait for a person, and how much is left of this hour's budget."""

    approval: str
    keys_left: int | None = None
    urls_left: int | None = None
    edge_checks_left: int | None = None
    frozen: str = ""


class Withheld(Result):
    """Tools that are not there, and why."""

    tools: list[str]
    reason: str


class Tools(Result):
    """Which tools this caller has."""

    available: list[str]
    withheld: list[Withheld] = []


class Account(Result):
    """Everything about the account that the token may read."""

    problem: str = ""
    account_name: str = ""
    sandbox: bool | None = None
    customer: Customer | None = None
    user: User | None = None
    token: Token | None = None
    limits: Limits | None = None
    purging: Purging | None = None
    tools: Tools
    left_out: dict[str, str] = {}


@toolset.read("Read the account", scope=None)
async def get_account(fastly: Fastly, guard: Guard) -> Account:
    """Show the account, user, token, its scopes, and which tools are withheld and why."""
    grant = await fastly.grant()
    customer, user, left_out = await _owner(fastly, grant)
    purging = None
    if grant.permits(Scope.PURGE_SELECT) or grant.permits(Scope.PURGE_ALL):
        try:
            purging = await _purging(guard, grant)
        except FastlyMCPError as error:
            left_out["purging"] = str(error)
    return Account(
        problem=grant.reason,
        account_name=fastly.settings.name,
        sandbox=fastly.sandbox,
        customer=customer,
        user=user,
        token=_token(fastly, grant),
        limits=_limits(fastly, grant),
        purging=purging,
        tools=_tools(fastly, grant),
        left_out=left_out,
    )


async def _owner(
    fastly: Fastly, grant: Grant
) -> tuple[Customer | None, User | None, dict[str, str]]:
    if grant.reason:
        return None, None, {}
    if not grant.permits(Scope.GLOBAL_READ):
        return None, None, {"customer, user": grant.why_not(Scope.GLOBAL_READ)}
    parts: list[Call[Result]] = [partial(_customer, fastly), partial(_user, fastly)]
    customer, user = await settle(parts, at_once=2)
    left_out = {
        part: str(outcome)
        for part, outcome in (("customer", customer), ("user", user))
        if isinstance(outcome, FastlyMCPError)
    }
    return (
        customer if isinstance(customer, Customer) else None,
        user if isinstance(user, User) else None,
        left_out,
    )


async def _purging(guard: Guard, grant: Grant) -> Purging:
    left, frozen = await guard.standing(grant.token)
    by_key = grant.permits(Scope.PURGE_SELECT)
    return Purging(
        approval=guard.settings.approval,
        keys_left=left["keys"] if by_key else None,
        urls_left=left["urls"] if by_key else None,
        edge_checks_left=left["edge_checks"] if grant.permits(Scope.GLOBAL_READ) else None,
        frozen=frozen,
    )


async def _customer(fastly: Fastly) -> Customer:
    row = await fastly.get("/current_customer")
    with shaped():
        return Customer(id=row["id"], name=row["name"])


async def _user(fastly: Fastly) -> User:
    row = await fastly.get("/current_user")
    with shaped():
        return User(name=row["name"], login=row["login"], role=row.get("role") or "")


def _token(fastly: Fastly, grant: Grant) -> Token | None:
    token = grant.token
    if token is None:
        return None
    now = datetime.now(UTC)
    return Token(
        name=token.name,
        id=token.id,
        scopes=sorted(token.scopes),
        services="all" if token.services is None else _few(token.services),
        created_at=_day(token.created_at),
        expires_at=_day(token.expires_at),
        days_left=token.days_left(now),
        warnings=token.warnings(now) + fastly.tokens.warnings(),
    )


def _limits(fastly: Fastly, grant: Grant) -> Limits | None:
    settings = fastly.settings
    limits = Limits(
        scopes=sorted(settings.scopes or ()),
        read_only=settings.read_only or None,
        services=_few(grant.services or frozenset()) if settings.services else [],
        domains=_few(settings.domains or frozenset()),
    )
    return limits if limits.model_dump() else None


def _tools(fastly: Fastly, grant: Grant) -> Tools:
    on = {toolset.name for toolset in chosen_toolsets(fastly.settings.toolsets)}
    available: list[str] = []
    withheld: dict[str, list[str]] = {}
    for some in all_toolsets():
        for tool in some.tools:
            if some.name not in on:
                left_out = f"the operator left out the toolset {some.name}"
                not_added = f"off unless the operator adds the toolset {some.name}"
                why = left_out if some.default else not_added
                reason = f"{why} (FASTLY_MCP_TOOLSETS)"
            elif grant.permits(tool.scope):
                available.append(tool.name)
                continue
            else:
                why = grant.why_not(tool.scope)
                reason = SEE_PROBLEM if why == grant.reason else why
            withheld.setdefault(reason, []).append(tool.name)
    return Tools(
        available=available,
        withheld=[Withheld(tools=names, reason=reason) for reason, names in withheld.items()],
    )


def _few(ids: frozenset[str]) -> list[str]:
    shown = sorted(ids)[:SERVICES]
    return shown + ([f"and {len(ids) - SERVICES} more"] if len(ids) > SERVICES else [])


def _day(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time else None
