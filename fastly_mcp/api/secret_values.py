"""Values that a text gives to a name: assignments in VCL, JSON in a text, lines of a diff."""

import re

from fastly_mcp.api.secret_fields import NAMES

WORDS = (
    "secret", "token", "password", "passwd", "passphrase", "passcode", "pwd", "credential",
    "credentials", "authorization", "webhook", "header_value", "key",
)  # fmt: skip
# From a word's last letter on: looking back from there is six times as fast as reading names.
LOOK_BACK = "|".join(f"(?<={word})" for word in WORDS)
NAME_ENDS = rf"[dDeEkKlLnNsStTyY](?=[\\\"'\] \t=+:!~])(?i:{LOOK_BACK})"
ASSIGNED = re.compile(
    rf"""
    [dDeEkKlLnNsStTyY] (?=[\\"'\]\ \t=:!~]) (?i:{LOOK_BACK})
    (?P<sign> [\\"'\]]{{0,8}} [ \t]* (?: => | := | [=!]= | !~ | [=:~] ) [ \t]* )
    (?: (?P<open> \{{?" ) (?P<quoted> [^"\\]* (?: \\. [^"\\]* )* )
      | (?P<escaped> \\+" ) (?P<inner> [^"]* )
      | ' (?P<single> [^'\n]* )
      | (?P<bare> [^\s"'\\,;&<>(){{}}\[\]=:]+ ={{0,2}} )
    )
    """,
    re.ASCII | re.VERBOSE | re.DOTALL,
)
REST = re.compile(r"""[^\s"'\\,;&<>(){}\[\]]*""")
EXPRESSION = re.compile(r"[a-z_]+(?:\.[A-Za-z]|\()")  # req.http.Token, std.strlen(…)
IN_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
LONGEST_NAME = 64
FIELDS = "|".join(sorted(NAMES))
# A line of a diff between versions, which is nearly YAML: `+   secret_key: …`; in a text of its
# own, and in JSON in a text.
LINE = re.compile(
    rf"^(?P<before>[ \t+-]*(?P<name>{FIELDS}):[ \t]+)(?![\"'|>\[{{~\\])(?P<value>\S[^\n]*)",
    re.MULTILINE,
)
ESCAPED_LINE = re.compile(
    rf'(?P<before>(?:\\n|")[ \t+-]*(?P<name>{FIELDS}):[ \t]+)'
    rf"(?![\"'|>\[{{~\\])(?P<value>[^\s\\\"][^\n\\\"]*)"
)
# A text of several lines, which are further in than the line that names it.
BLOCK = re.compile(
    rf"^(?P<before>[ +-]?(?P<in>[ \t]*)(?P<name>{FIELDS}):[ \t]+)[|>][-+\d]{{0,3}}[ \t]*"
    r"(?P<value>(?:\n[ +-]?(?:(?P=in)[ \t]+\S[^\n]*|[ \t]*(?=\n)))+)",
    re.MULTILINE,
)
ESCAPED_BLOCK = re.compile(
    rf'(?P<before>(?:\\n|")[ +-]?(?P<in>[ \t]*)(?P<name>{FIELDS}):[ \t]+)[|>][-+\d]{{0,3}}[ \t]*'
    r"(?P<value>(?:\\{1,8}n[ +-]?(?:(?P=in)[ \t]+[^\s\\][^\\\n]*(?:\\(?!\\{0,8}n)[^\\\n]*)*"
    r"|[ \t]*(?=\\)))+)"
)

PASSWORD = re.compile(r"(?:secret|passw(?:or)?d|passphrase|passcode|pwd)\Z", re.IGNORECASE)
KEY = re.compile(
    r"(?:(?:access|account|admin|api|auth|aws|crypto|encrypt|encryption|fastly|hmac|ingest|jwt"
    r"|license|master|private|s3|secret|service|session|shared|sign|signing|storage|webhook|write)"
    r"[_-]?key)\Z",
    re.IGNORECASE,
)
RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w+/=~-]{12,}", re.ASCII)
LONG_RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^a-zA-Z]*[a-zA-Z])[a-zA-Z0-9+/]{16,}=*", re.ASCII)
MARKED = re.compile(r"\[redacted: [\w .-]{1,64}\]")
NOTHING = frozenset({"", "null", "none", "nil", "undef", "undefined", "true", "false", "~"})


def mark(what: str) -> str:
    """What stands in a credential's place."""
    return f"[redacted: {what}]"


def hidden(value: str, name: str) -> str:
    """A value that is a credential by its name alone: hidden, unless there is none."""
    return value if not value or MARKED.fullmatch(value) else mark(name)


def is_credential(name: str, value: str, *, quoted: bool, sign: str = "=") -> bool:
    """Say whether the value that a text gives to a name is one to hide.

    Names of Fastly's own secret fields are trusted most, names that only sound secret need a
    value that is no word, no VCL expression and no format of a log line.
    """
    if value.lower() in NOTHING or MARKED.fullmatch(value):
        return False
    if "%{" in value or value[0] == "}" or value[-1] == "{":
        return False  # a log's format, or the text between two values in VCL
    lower = name.lower()
    if not lower.endswith(WORDS):
        return False
    if lower.endswith("key") and lower not in NAMES and not KEY.search(name):
        return lower == "key" and bool(LONG_RANDOM.fullmatch(value))
    if not quoted:
        if RANDOM.fullmatch(value):
            return True
        if lower not in NAMES and not PASSWORD.search(name):
            return False
        # `password=hunter2` and `password: hunter2`, but not `token = req.http.Token` of VCL.
        tight = sign in {"=", ":"} or (sign.strip() == ":" and any(map(str.isdigit, value)))
        return tight and len(value) >= 4 and not EXPRESSION.match(value)
    if lower.endswith("authorization"):
        return len(value) >= 8 and value[-1] != " "  # a scheme before what VCL puts together
    if lower in NAMES:
        return True
    spaced = any(map(str.isspace, value)) and not PASSWORD.search(name)
    return len(value) >= 6 and not spaced


def without_assigned(text: str) -> str:
    """Hide the credentials among the values that have a name."""
    for line in (LINE, ESCAPED_LINE, BLOCK, ESCAPED_BLOCK):
        text = line.sub(_line, text)
    parts, at, search = [], 0, 0
    while found := ASSIGNED.search(text, search):
        name, value = (
            name_before(text, found.start() + 1),
            found["bare"] or found["quoted"] or found["single"] or "",
        )
        if found["escaped"]:
            # Without the backslashes of the quote that closes it.
            value = found["inner"].rstrip("\\")
        sign = found["sign"].lstrip("\\\"']")
        is_mark = text.endswith("[redacted: ", 0, found.start() + 1 - len(name))
        if is_mark or not is_credential(name, value, quoted=not found["bare"], sign=sign):
            # There may be another within what was no credential.
            search = found.end("sign")
            continue
        start = found.end("sign") + len(found["open"] or found["escaped"] or "")
        start += found["single"] is not None
        search = start + len(value)
        if found["bare"]:
            search = (REST.match(text, found.end()) or found).end()
        parts += [text[at:start], mark(last_word(name))]
        at = search
    return "".join([*parts, text[at:]]) if parts else text


def name_before(text: str, end: int) -> str:
    """Return the name that ends here."""
    left = text[max(0, end - LONGEST_NAME) : end]
    return left[len(left.rstrip(IN_NAMES)) :]


def last_word(name: str) -> str:
    """What a value of this name is called where it stood."""
    lower = name.lower()
    return lower if lower in NAMES else re.split(r"[-_]", lower)[-1]


def _line(found: re.Match[str]) -> str:
    value = found["value"].strip()
    if value.lower() in NOTHING or MARKED.match(value):
        return found[0]
    return found["before"] + mark(found["name"])
