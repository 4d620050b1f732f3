"""A plan: a change that waits for a person, frozen when it is first asked for."""

import hmac
import re
import secrets
from dataclasses import dataclass, replace
from functools import cache

from pydantic import TypeAdapter

from fastly_mcp.guard.changes import Call, Change, digest
from fastly_mcp.text import ends, shortened

TO_DECIDE = 600.0  # seconds
TO_USE = 120.0  # seconds, from the decision
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""None that is taken for another when it is read out."""
TYPED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,39}")
"""What people type as it is."""
LONGEST = 120  # characters of one line of a write
SHOWN = 10  # services and targets told one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided, signed with the key of the process that made the plan."""

    approved: bool
    at: float
    by: str
    """Who, as far as can be told."""
    how: str
    """elicitation, terminal or signature."""
    mac: str = ""
    signature: str = ""
    """An approver's, over the plan's digest, as ssh-keygen writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A change that waits, with all that decides whether it is still the same change."""

    code: str
    made_at: float
    made_by: str
    """The process whose key signs the decision."""
    call: Call
    change: Change
    account: str
    token: str
    token_name: str
    why: str
    """Why it waits."""
    needs_signature: bool = False
    """Whether only what an approver signed counts."""
    decision: Decision | None = None
    used_at: float | None = None

    @property
    def digest(self) -> str:
        """What a decision is about: everything but the decision and its use."""
        frozen = replace(self, decision=None, used_at=None)
        return digest(plan_adapter().dump_python(frozen, mode="json"))

    def sealed(self, key: bytes, decision: Decision) -> "Plan":
        """Return the plan with a decision, signed."""
        return replace(self, decision=replace(decision, mac=self._mac(key, decision)))

    def is_sealed(self, key: bytes) -> bool:
        """Tell whether the decision was signed with this key, over this plan."""
        decision = self.decision
        return decision is not None and hmac.compare_digest(decision.mac, self._mac(key, decision))

    def _mac(self, key: bytes, decision: Decision) -> str:
        said = [self.digest, decision.approved, decision.at, decision.by, decision.how]
        return hmac.new(key, digest(said).encode(), "sha256").hexdigest()

    def is_open(self, now: float) -> bool:
        """Tell whether a person can still decide."""
        return self.decision is None and now < self.closes_at

    @property
    def closes_at(self) -> float:
        """Until when a person can decide."""
        return self.made_at + TO_DECIDE

    def state(self, now: float) -> str:
        """Say in a word where it stands."""
        if self.used_at is not None:
            return "used"
        if self.decision:
            return "approved" if self.decision.approved else "refused"
        return "waits" if self.is_open(now) else "too old"

    def is_usable(self, now: float) -> bool:
        """Tell whether it is approved and may be carried out now."""
        decision = self.decision
        approved = decision is not None and decision.approved and now - decision.at < TO_USE
        return approved and self.used_at is None

    @property
    def typed(self) -> str:
        """What a person types to approve it: the wider it reaches, the more it says."""
        change, count = self.change, len(self.change.targets)
        how = "soft purge" if change.soft else "purge"
        if change.kind == "url":
            return f"{how} {count} URL{'s' if count > 1 else ''}"
        if change.write and not change.hits:
            return change.write.operation
        hit = change.hits[0]
        service = hit.service_name if TYPED.fullmatch(hit.service_name) else hit.service_id
        if change.write:
            return f"{change.write.operation} of {service}"
        if change.kind == "all":
            return f"purge all of {service}"
        if count == 1 and TYPED.fullmatch(change.targets[0]):
            return f"{how} key {change.targets[0]} of {service}"
        return f"{how} {count} key{'s' if count > 1 else ''} of {service}"

    def lines(self) -> list[str]:
        """The plan as a person reads it: ids before names, other people's text escaped and cut."""
        change, call = self.change, self.call
        told = [("", self._headline())]
        for hit in change.hits[:SHOWN]:
            told.append(("service", f"{hit.service_id}  {shortened(hit.service_name)}"))
            told.append(("domains", _some(hit.domains)))
        if change.write:
            told.append(("request", ends(change.write.request, LONGEST)))
            told += [(what, shortened(text, LONGEST)) for what, text in change.write.told]
        else:
            told += [(change.kind, ends(target)) for target in change.targets[:SHOWN]]
        if len(change.targets) > SHOWN:
            told.append(("", f"and {len(change.targets) - SHOWN} more"))
        account = f"  of the account {self.account}" if self.account else ""
        told.append(("token", f"{self.token}  {shortened(self.token_name)}{account}"))
        told.append(
            ("asked by", ", ".join(filter(None, (shortened(call.caller), shortened(call.client)))))
        )
        told += [("waits", f"because {self.why}"), ("origin", change.feels)]
        told.append(("gentler", self.gentler))
        return [f"{what:8}  {text}".strip() for what, text in told if text.strip()]

    def _headline(self) -> str:
        change, count = self.change, len(self.change.targets)
        if change.write:
            return f"{change.write.summary.rstrip('.')}."
        if change.kind == "all":
            return "Purge EVERYTHING this service has cached, at once."
        how = "Mark as stale" if change.soft else "Remove at once"
        what = "surrogate key" if change.kind == "key" else "URL"
        return f"{how} what {count} {what}{'s cover' if count > 1 else ' covers'}."

    @property
    def gentler(self) -> str:
        """A way that does less, where there is one."""
        change = self.change
        if change.write:
            return ""
        if change.kind == "all":
            return "purge the surrogate keys or URLs that changed"
        ways = ["a soft purge, unless the content must vanish"] * (not change.soft)
        ways += ["the URLs of the pages, if they are few"] * (change.kind == "key")
        return "; or ".join(ways)


@cache
def plan_adapter() -> TypeAdapter[Plan]:
    """What reads and writes a plan as JSON."""
    # Built on the first need, because a start has none.
    return TypeAdapter(Plan)


def new_code() -> str:
    """Return a code for a plan, as ABCD-EFGH: about 39 bits."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(shortened, names[:3])) + more
