"""Credentials in VCL's expressions: what is put together, chosen, signed or encrypted with."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastly_mcp.api.secret_values import (
    LONG_RANDOM,
    MARKED,
    NAME_ENDS,
    NOTHING,
    is_credential,
    last_word,
    mark,
    name_before,
)

# `X-Token = …`, as far as the name's last letter, and calls that take a key.
NAMED = re.compile(rf"{NAME_ENDS}(?=[ \t]{{0,9}}\+?=[ \t]{{0,9}}[^=~>\s])", re.ASCII)
KEYED = re.compile(
    r"crypto\.(?:en|de)crypt_\w{1,40}|digest\.secure_is_equal"
    r"|digest\.(?:(?:time_)?hmac_\w{1,40}|awsv4_hmac)",
    re.ASCII,
)
CALLED = re.compile(rf"(?:{KEYED.pattern})\s{{0,9}}\(", re.ASCII)
TOKEN = re.compile(
    r"""
    \{? \\{0,8} " (?P<text> [^"\\\n]* (?: \\ (?!\\{0,8}") [^"\\\n]* )* ) (?: \\{0,8} " \}? )?
  | (?P<call> [A-Za-z_][\w.]* ) [ \t]* \(
  | (?P<sign> [=!<>]=? | !?~ )
  | [\w.:%-]+
  | (?P<other> . )
    """,
    re.ASCII | re.VERBOSE | re.DOTALL,
)
# What comes out of these is as secret as what goes in; what others take only finds something.
PASSES = re.compile(
    r"if|digest\.(?:base64|hash_)\w*|bin\.\w+|std\.(?:tolower|toupper|strrev)|url(?:en|de)code|",
    re.ASCII,
)
LABEL = re.compile(r".*[\s=:,/&?;]\Z", re.DOTALL)  # before what follows it, as `Credential=`
LONGEST = 1000  # tokens of a statement, as many as there are when it is redacted
DEEPEST = 9  # calls within calls
SHORTEST = 4  # of a key


@dataclass(slots=True)
class Call:
    """A call around a token: its name, empty for mere brackets, and the number of its argument."""

    name: str
    argument: int = 0


def without_vcl_keys(text: str) -> str:
    """Hide the credentials that a statement or a call makes something of."""
    found = [*_in(text, CALLED), *(_in(text, NAMED) if '"' in text else ())]
    parts, at = [], 0
    for start, end, what in sorted(found):
        if start >= at:
            parts += [text[at:start], mark(what)]
            at = end
    return "".join([*parts, text[at:]]) if parts else text


def _in(text: str, begins: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    at = 0
    while begun := begins.search(text, at):
        if begins is NAMED:
            name, start = name_before(text, begun.end()), text.index("=", begun.end()) + 1
        else:
            name, start = "", begun.start()
        at = start
        for each, what in _literals(text, start, name):
            at = max(at, each.end())
            if what:
                yield each.start("text"), each.end("text"), what
        at = max(at, begun.end())


def _literals(text: str, start: int, name: str) -> Iterator[tuple[re.Match[str], str]]:
    """Read a statement or a call, and return its tokens and what each is if it is secret."""
    inside: list[Call] = []
    compares, at = False, start
    for _ in range(LONGEST):
        token = TOKEN.match(text, at)
        if not token or _is_over(token, inside, is_call=not name):
            return
        is_value = token["text"] is not None and not compares
        yield token, _what(token["text"], inside, name) if is_value else ""
        if not (token["other"] or "").isspace():
            compares = bool(token["sign"])
        at = token.end()


def _is_over(token: re.Match[str], inside: list[Call], *, is_call: bool) -> bool:
    """Take note of the calls around what follows, and tell whether all has been read."""
    other = token["other"]
    if token["call"] is not None or other == "(":
        inside.append(Call(token["call"] or ""))
    elif other == ")" and inside:
        inside.pop()
        return is_call and not inside
    elif other == "," and inside:
        inside[-1].argument += 1
    else:
        return other in {";", ",", ")"} or (
            not inside and (token["sign"] is not None or other in {"{", "}"})
        )
    return False


def _what(text: str, inside: list[Call], name: str) -> str:
    if MARKED.search(text) or text.lower() in NOTHING:
        return ""
    around = inside[:-DEEPEST:-1]
    for call in around:
        if KEYED.fullmatch(call.name):
            signs = "hmac" in call.name
            is_key = len(text) >= SHORTEST and (call.argument == 0 or not signs)
            return ("hmac_key" if signs else "key") if is_key else ""
        if (call.name == "if" and call.argument == 0) or not PASSES.fullmatch(call.name):
            return ""
    if not name or not text or (LABEL.match(text) and not LONG_RANDOM.fullmatch(text)):
        return ""
    is_pair = ":" in text and any(call.name.startswith("digest.base64") for call in around)
    return last_word(name) if is_pair or is_credential(name, text, quoted=True) else ""
