"""The proof of a purge: every POP looked at before it, and once or twice after it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import anyio

from fastly_mcp.api.edge import EdgeLook
from fastly_mcp.api.pop import Seen
from fastly_mcp.errors import UNCHANGED, APIError, FastlyMCPError, Unavailable

SETTLE = 2.0  # seconds from a purge to the look at what it did; most take 150 ms
DEADLINE = 15.0  # seconds for one look
LOOKS = 2

Look = Callable[[], Awaitable[EdgeLook]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the POPs showed after a purge.

    New is what was fetched from the origin since, or was not seen anywhere before. Old is the
    rest, also the content of before where no age tells when it was fetched.
    """

    ids: tuple[str, ...]
    """Fastly's, of each purge."""
    new: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    no_answer: tuple[str, ...] = ()
    looks: int = 0
    """After the purge; with none nothing is known of its effect."""
    problem: str = ""
    """What kept it from looking, or from purging once more."""

    @property
    def purged_again(self) -> bool:
        return len(self.ids) > 1

    @property
    def sentence(self) -> str:
        """What an agent is told."""
        said = []
        if self.looks:
            said.append(
                f"Seen after the purge: new at {len(self.new)} POPs, old at {len(self.old)}, "
                f"no answer from {len(self.no_answer)}."
            )
        if self.purged_again:
            said.append(
                f"The service is shielded and still showed old content after {SETTLE:g} s, so it "
                "was purged once more."
            )
        if self.problem:
            then = "The rest was not looked at" if self.looks else "The effect was not looked at"
            said.append(f"{then}: {self.problem}")
        return " ".join(said)


async def looked_after(
    look: Look,
    purge: Callable[[], Awaitable[str]],
    *,
    soft: bool,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Proof:
    """Look, purge, and look at what became of it; purge once more behind a shield that lags.

    `purge` returns Fastly's id of it. Raises what the first look or the first purge raises, and
    nothing after that: the purge is done, so what goes wrong later is told in the proof.
    """
    try:
        before = await _within(look)
    except APIError as error:
        error.outcome = UNCHANGED
        raise
    seen_at = clock()
    proof = Proof(ids=(await purge(),))
    while proof.looks < LOOKS:
        await sleep(SETTLE)
        asked_after = int(clock() - seen_at)
        try:
            after = await _within(look)
            proof = _compared(before, after, asked_after, proof)
            lagging = set(proof.old) - set(after.pops("stale") if soft else ())
            # What a soft purge made stale is shown once more and fetched meanwhile, as it should.
            if proof.looks == 1 and lagging and (before.is_shielded or after.is_shielded):
                proof = replace(proof, ids=(*proof.ids, await purge()))
        except FastlyMCPError as error:
            return replace(proof, problem=str(error))
        if not proof.old:
            break
    return proof


async def _within(look: Look) -> EdgeLook:
    try:
        with anyio.fail_after(DEADLINE):
            return await look()
    except TimeoutError:
        raise Unavailable(0, "Fastly did not answer in time") from None


def _compared(before: EdgeLook, after: EdgeLook, asked_after: int, proof: Proof) -> Proof:
    """Sort the POPs; `asked_after` are the whole seconds between the two looks."""
    contents = {content for content, _ in before.contents}
    ages = {seen.pop: seen.age or 0 for seen in before.answers}

    def is_old(seen: Seen) -> bool:
        if seen.is_from_origin or (seen.hash and contents and seen.hash not in contents):
            return False
        if seen.age is None:
            return True
        # What was there before, here or at the shield, is older now by the time between.
        places = {seen.pop, *before.shields, *after.shields}
        return seen.age >= min(ages.get(place, 0) for place in places) + asked_after

    answered = [(seen.pop, is_old(seen)) for seen in after.answers if seen.answered]
    return replace(
        proof,
        new=tuple(pop for pop, old in answered if not old),
        old=tuple(pop for pop, old in answered if old),
        no_answer=after.pops("no_answer"),
        looks=proof.looks + 1,
    )
