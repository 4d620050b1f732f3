"""Tokens: what an agent pays for a text, estimated; the real tokenizer weighs 75 MB."""

import re
from functools import lru_cache
from math import ceil
from typing import Any

from pydantic_core import to_json

from fastly_mcp.text import visible

# o200k_base merges letters that often stand together. A word of common pairs is one token; every
# rare pair in it, as in an id, is about another. These are the 220 most frequent pairs of the
# words in the catalog and in technical English, 93 % of all that occur there.
PAIRS = (
    "abacadagaiakalamanaparasatauavaybabebiblbobsbucacccechcickclcocrctcudadddedidodrdsdueaec"
    "edeeefegelemenepeqeresetevewexfafefffifofrftfugageghgigngogrgshahehihohtiaibicidieifigil"
    "iminioipirisitivizkekikslaldlelilllolsltlulymamemimmmompmsnancndnenfngninnnonsntnunvoboc"
    "odofogolomonoooporosotouovowpapepiplpoppprpsptpuqurarcrdrergrirkrlrmrnrorrrsrtrurvrysasc"
    "seshsisospssstsutatctethtitltotrtstttutyuaubucudueuiulumunupurusutvaveviwawewhwiwoxpypze"
)
COMMON = frozenset(PAIRS[at : at + 2] for at in range(0, len(PAIRS), 2))

# Cut about as o200k_base does before it merges: a sign goes with the word after it.
PIECES = re.compile(
    r"""\\[bfnrt"\\/]"""
    r"""|(?:(?<=[A-Za-z0-9])[ !-/:-@\[-`{-~])?(?:[A-Z]+(?![a-z])|[A-Z]?[a-z]+)"""
    r"""|[0-9]+|[\x00-\x20]+|[!-/:-@\[-`{-~\x7f]+|[^\x00-\x7f]+"""
)
STRUCTURE = frozenset('"{}[],:')  # whatever stands between values is merged well
ESCAPES = {"n": 1.3, '"': 1.0, "\\": 1.0, "/": 1.0}
LONG_WORD = 14  # letters
REST = 1.02


def tokens(data: Any) -> int:
    """Estimate what a value takes as compact JSON, hidden characters as the server shows them.

    Over Fastly's answers it is 1 to 1.3 times the real number, over ids and texts of all kinds
    hardly ever less than that.
    """
    text = visible(to_json(data).decode())
    return ceil(REST * sum(map(_weight, PIECES.findall(text))))


@lru_cache(maxsize=10_000)
def _weight(piece: str) -> float:
    first, length = piece[0], len(piece)
    if not piece.isascii():
        return sum(map(_character, piece))
    if piece.isdigit():
        return ceil(length / 3)
    if piece[-1].isalpha() and first != "\\":
        return _word(piece) if first.isalpha() else 0.15 + _word(piece[1:])
    if first == "\\" and length == 2:
        return ESCAPES.get(piece[1], 2.1)
    if first <= " ":
        return 0.7 if length == 1 else 1 + length // 40
    if STRUCTURE.issuperset(piece):
        return max(1.0, length / 2.2)
    return max(1.0, length * 0.72)


def _word(letters: str) -> float:
    length = len(letters)
    if length > 1 and letters.isupper():
        return max(1.0, length * 0.6)
    low = letters.lower()
    rare = sum(low[at : at + 2] not in COMMON for at in range(length - 1))
    return max(1.05, length / (9 if length <= LONG_WORD else 3), 0.7 + rare * 0.75)


def _character(character: str) -> float:
    code = ord(character)
    if code < 0x800:  # alphabets of two bytes a letter
        return 1.05
    if code < 0x1100:  # of three bytes: India's, Thai
        return 1.4
    if code < 0x10000:
        return 1.1 if 0x3000 <= code < 0x3100 else 2.3  # Japanese syllables are common
    return 2.6 if 0x1F000 <= code < 0x1FB00 else 4.0  # emoji, and what is hardly ever written
