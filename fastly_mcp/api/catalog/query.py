"""What a query asks for: the words to look for, and whether something is to be changed."""

import re
from typing import NamedTuple

from fastly_mcp.errors import InvalidArgument

LONGEST = 500
"""Characters of a query."""

WORD = re.compile(r"[^\W_]+")

_PHRASES = {
    # A name is no word of the catalog; the kind of thing that it names may be.
    re.compile(r"\b(?:[a-z0-9-]+\.)+(?!txt|html?|js|css|json)[a-z]{2,}\b"): " hostname ",
    re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"): " ip ",
    # Verbs of several words, and one whose meaning is in two: a name is changed by an update.
    re.compile(r"\b(?:bring|change|go|put|roll|switch) ((?:\w+ ){0,3}?)back\b"): r"restore \1",
    re.compile(r"\brename\b"): "update the name of",
    re.compile(r"\b(?:turn|switch) on\b"): "enable",
    re.compile(r"\b(?:turn|switch) off\b"): "disable",
    re.compile(r"\bget rid of\b"): "delete",
    re.compile(r"\b(?:set up|get (?:me|us) an?)\b"): "create",
    # One that is not there yet. Whoever reads gets the one, or one of the many.
    re.compile(r"^get (?:an? |some )?(?=(?:another|free|new)\b)"): "create ",
}
# Among them add: few summaries have it, and what is meant by it is the change that it stands for.
_COMMON = frozenset(
    WORD.findall(
        "a about add after all am an and any are as at be been before belong belongs but by can "
        "could did do does done each every fastly find for from give got had has have her his "
        "how i if in into is it its just last look many me more most much my need no not now of "
        "one only or our ours own really right run see seen show so some support supports tell "
        "than that the their them then there these they this those to too us use used uses "
        "using was we were what when where which why will with would you your"
    )
)
_ASKING = frozenset(
    WORD.findall(
        "are can did do does had has have how is should was were what when where which who "
        "whose why will would"
    )
)
_WISH = re.compile(
    r"(?:how (?:do|can|should|would) i|how (?:can|could|should) we|how to"
    r"|(?:can|could|would) you|please|(?:i|we) (?:want|need|have|would like) to)\s+"
)
_CLAUSE = re.compile(r"[,;.]")
# What a thing is in, or goes into or out of, stands behind one of these; access to a thing is one.
_WITHIN = re.compile(r"\b(?:from|in|inside|into|onto|(?<!access )to|within)\b(.*)")

# What can be done, with the words for it. Those of the second list are nouns or adjectives too:
# they count only where they begin a clause.
_CHANGES = {
    "create": (
        "add create invite upload upsert",
        (
            "allow append attach ban block deny forward generate grant import insert install link "
            "make monitor new order ping probe put redirect register reject save send serve set "
            "ship store stream throttle write"
        ),
    ),
    "update": (
        "modify patch replace update",
        (
            "change edit extend flip give increase leave lower move point raise reduce reset retry "
            "rotate set"
        ),
    ),
    "delete": (
        "delete remove revoke",
        "cancel destroy detach discard drop kill unblock unlink withdraw",
    ),
    "activate": ("activate", "deploy publish push restore revert roll undo"),
    "deactivate": ("deactivate", "stop take"),
    "enable": ("enable", ""),
    "disable": ("disable", ""),
    "purge": ("evict flush invalidate purge", "clear empty refresh"),
    "clone": ("clone", "copy duplicate"),
    "lock": ("", "freeze lock"),
}


def _by_word(which: int) -> dict[str, str]:
    changes = reversed(_CHANGES.items())
    return {word: change for change, words in changes for word in words[which].split()}


_ANYWHERE, _FIRST = _by_word(0), _by_word(1)


class Query(NamedTuple):
    """`said` is every word in order, `words` those to look for; `change` is empty for a question.

    A change is named as the API names it: create, update, delete, activate, … `around` are the
    words, in the singular, that only tell what the thing is in: an item's store, for instance.
    """

    said: tuple[str, ...]
    words: tuple[str, ...]
    change: str
    around: frozenset[str]


def read(text: str) -> Query:
    """Read a query. Raises InvalidArgument where it is longer than `LONGEST` or has no words."""
    if len(text) > LONGEST:
        raise InvalidArgument(f"A query has at most {LONGEST} characters: a few words are enough.")
    text = text.lower()
    for pattern, word in _PHRASES.items():
        text = pattern.sub(word, text)
    said = WORD.findall(text)
    if not said:
        raise InvalidArgument("A query needs words, for instance: list backends.")
    change = _change(text)
    words = [word for word in said if word not in _COMMON] or said
    words += [change] if change else []
    distinct = {singular(word): word for word in reversed(words)}
    return Query(tuple(said), tuple(reversed(distinct.values())), change, _around(text))


def singular(word: str) -> str:
    """Return the word as it is for one of a thing."""
    return f"{word[:-3]}y" if word.endswith("ies") else word.rstrip("s")


def _around(text: str) -> frozenset[str]:
    found = _WITHIN.search(text)
    if not found:
        return frozenset()
    around = map(singular, WORD.findall(found[1]))
    # The first word is the verb, also where it is: store a value in the store.
    return frozenset(around).difference(map(singular, WORD.findall(text[: found.start()])[1:]))


def _change(text: str) -> str:
    """Return the change that is asked for: a verb in the imperative, and not in a question."""
    text, wishes = _WISH.subn("", text)
    first = WORD.search(text)
    asks = text.rstrip().endswith("?") or (first is not None and first[0] in _ASKING)
    if asks and not wishes:
        return ""
    for clause in map(str.split, _CLAUSE.split(text)):
        for place, word in enumerate(clause):
            change = _ANYWHERE.get(word) or (
                _FIRST.get(word) if clause[1:] and place == 0 else None
            )
            if change:
                return change
    return ""
