"""Credentials in text: what looks like one is hidden, in VCL, diffs, addresses, JSON or prose."""

import base64
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator

from fastly_mcp.api.secret_fields import NAMES

# In lower case; every rule below needs one of them.
HINTS = (
    "key", "secret", "token", "passw", "passphrase", "passcode", "pwd", "credential",
    "authorization", "header_value", "webhook", "hooks.slack", "/receiver",
    "akia", "asia", "basic ", "bearer ", "://", ":\\/\\/", "eyj", "hmac", "sig=",
    "xox", "xapp-", "gho_", "ghp_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "gldt-",
    "glrt-", "glptt-", "glsoat-", "glcbt-", "glft-", "glimt-", "glagent-", "sk_", "rk_", "whsec_",
    "sk-", "sg.", "npm_", "pypi-", "hf_", "lin_api_", "aiza", "ya29.", "gocspx-", "_v1_", "dapi",
    "glsa_", "glc_", "nrak-", "nral", "hvs.", "hvb.", ".atlasv1.", "shpat_", "shpca_", "shppa_",
    "shpss_",
)  # fmt: skip


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Sort the words by their first letters: three times as fast as one after the other."""
    by_first: dict[str, list[str]] = {}
    for word in words:
        by_first.setdefault(word[0], []).append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(c)}(?:{'|'.join(w)})" for c, w in by_first.items()))


HINT = _any_of(HINTS)
SHORTEST = 11  # characters of the shortest text that can hold a name and a value worth hiding

Replace = str | Callable[[re.Match[str]], str]


def mark(what: str) -> str:
    return f"[redacted: {what}]"


MARKED = re.compile(r"\[redacted: [\w .-]{1,64}\]")


# --- Named values -------------------------------------------------------------------------------

WORDS = (
    "secret", "token", "password", "passwd", "passphrase", "passcode", "pwd", "credential",
    "credentials", "authorization", "webhook", "header_value", "key",
)  # fmt: skip
# From a word's last letter on: looking back from there is six times as fast as reading names.
ASSIGNED = re.compile(
    rf"""
    [dDeEkKlLnNsStTyY] (?=[\\"'\]\ \t=:!~]) (?i:{"|".join(f"(?<={word})" for word in WORDS)})
    (?P<sign> [\\"'\]]{{0,8}} [ \t]* (?: => | := | [=!]= | [=:~] ) [ \t]* )
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
LINE = re.compile(
    rf"^(?P<before>[ \t+-]*(?P<name>{'|'.join(sorted(NAMES))}):[ \t]+)"
    r"(?![\"'|>\[{~\\])(?P<value>\S[^\n]*)",
    re.MULTILINE,
)
"""A line of a diff between versions, which is nearly YAML: `+   secret_key: …`."""

PASSWORD = re.compile(r"(?:secret|passw(?:or)?d|passphrase|passcode|pwd)\Z", re.IGNORECASE)
KEY = re.compile(
    r"(?:(?:access|account|admin|api|auth|aws|crypto|encrypt|encryption|fastly|hmac|ingest|jwt"
    r"|license|master|private|s3|secret|service|session|shared|sign|signing|storage|webhook|write)"
    r"[_-]?key)\Z",
    re.IGNORECASE,
)
RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w+/=~-]{12,}", re.ASCII)
LONG_RANDOM = re.compile(r"(?=[^\d]*\d)(?=[^a-zA-Z]*[a-zA-Z])[a-zA-Z0-9+/]{16,}=*", re.ASCII)
NOTHING = frozenset({"", "null", "none", "nil", "undef", "undefined", "true", "false", "~"})


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


def _without_assigned(text: str) -> str:
    parts, at, search = [], 0, 0
    while found := ASSIGNED.search(text, search):
        name, value = _name_before(found), found["bare"] or found["quoted"] or found["single"] or ""
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
        parts += [text[at:start], mark(_last_word(name))]
        at = search
    return "".join([*parts, text[at:]]) if parts else text


def _name_before(found: re.Match[str]) -> str:
    last = found.start() + 1
    left = found.string[max(0, last - LONGEST_NAME) : last]
    return left[len(left.rstrip(IN_NAMES)) :]


def _last_word(name: str) -> str:
    lower = name.lower()
    return lower if lower in NAMES else re.split(r"[-_]", lower)[-1]


def _line(found: re.Match[str]) -> str:
    value = found["value"].rstrip()
    if value.lower() in NOTHING or MARKED.match(value):
        return found[0]
    return found["before"] + mark(found["name"])


def _basic(found: re.Match[str]) -> str:
    """Hide what is a name and a password in base64; `Basic authentication` is neither."""
    try:
        said = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), validate=True).decode()
    except ValueError:
        return found[0]
    return f"{found[1]}{mark('authorization')}" if ":" in said and said.isprintable() else found[0]


# --- Private keys -------------------------------------------------------------------------------

FENCE = re.compile(r"-{4,5} ?(BEGIN|END) ([A-Z0-9 ]*?) ?-{4,5}")
BODY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-:,. \t\r\n\\"


def _without_private_keys(text: str) -> str:
    """Hide each block from BEGIN to END, or as far as its body goes where one of them is cut."""
    parts, at = [], 0
    for start, end in _private(text):
        parts += [text[at:start], mark("private_key")]
        at = end
    return "".join([*parts, text[at:]]) if parts else text


def _private(text: str) -> Iterator[tuple[int, int]]:
    begun, last = None, 0
    for fence in FENCE.finditer(text):
        if begun is not None:
            # A private key ends at its END; another BEGIN says that it was cut.
            ends = fence[1] == "END"
            yield begun.start(), fence.end() if ends else _reach(text, begun.end(), fence.start())
            last = fence.end()
            begun = None
            if ends:
                continue
        if "PRIVATE KEY" in fence[2]:
            if fence[1] == "BEGIN":
                begun = fence
            else:
                between = text[last : fence.start()]
                yield last + len(between.rstrip(BODY)), fence.end()
        last = fence.end()
    if begun is not None:
        yield begun.start(), _reach(text, begun.end(), len(text))


def _reach(text: str, start: int, end: int) -> int:
    return end - len(text[start:end].lstrip(BODY))


# --- Keys to Amazon's cloud ---------------------------------------------------------------------

AWS_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
AWS_SECRET = re.compile(
    r"(?<![A-Za-z0-9+/=])(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])"
)
NEAR = 200  # characters around an access key in which its secret is looked for


def _without_aws_keys(text: str) -> str:
    ids = [found.span() for found in AWS_ID.finditer(text)]
    if not ids:
        return text
    spans = [(*span, "aws_access_key") for span in ids]
    for found in AWS_SECRET.finditer(text):
        # The nearest access key on each side.
        after = bisect_left(ids, found.span())
        near = ids[max(0, after - 1) : after + 1]
        if any(s - NEAR <= found.end() and found.start() <= e + NEAR for s, e in near):
            spans.append((*found.span(), "aws_secret_key"))
    parts, at = [], 0
    for start, end, what in sorted(spans):
        parts += [text[at:start], mark(what)]
        at = end
    return "".join([*parts, text[at:]])


# --- Everything ---------------------------------------------------------------------------------

PREFIXED = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"xox[a-z]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,}"  # Slack
    r"|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{22,}"
    r"|gl(?:pat|dt|rt|ptt|soat|cbt|ft|imt|agent)-[\w-]{20,}"  # GitLab
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}"  # Stripe
    r"|sk-[A-Za-z0-9_-]{20,}"  # providers of language models
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|key-[0-9a-f]{32}"  # SendGrid, Mailgun
    r"|npm_[A-Za-z0-9]{36}|pypi-[\w-]{40,}|hf_[A-Za-z0-9]{30,}|lin_api_[A-Za-z0-9]{30,}"
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}"  # Google
    r"|do[opr]_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}"  # DigitalOcean, Databricks
    r"|gls[a]_[A-Za-z0-9_]{30,}|glc_[A-Za-z0-9+/=]{30,}"  # Grafana
    r"|NRAK-[A-Z0-9]{27}|[0-9a-f]{36}NRAL"  # New Relic
    r"|hv[sb]\.[\w-]{20,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}"  # HashiCorp
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"  # Shopify
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}"
    r")+",
    re.ASCII,
)
# What a text in lower case must hold, what is looked for in it, and what takes its place.
RULES: tuple[tuple[str, re.Pattern[str], Replace], ...] = (
    (":", LINE, _line),
    # Slack's, Teams', Discord's and Sumo Logic's addresses are all it takes to send to them.
    (
        "hook",
        re.compile(
            r"(hooks\.slack\.com\\?/(?:services|workflows|triggers)\\?/"
            r"|webhook\.office\.com\\?/webhookb2\\?/|discord(?:app)?\.com\\?/api\\?/webhooks\\?/)"
            r"(?!\[redacted)[^\s\"'<>]{8,}"
        ),
        rf"\1{mark('webhook')}",
    ),
    (
        "receiver",
        re.compile(r"(/receiver\\?/v1\\?/http\\?/)(?!\[redacted)[^\s\"'<>]{8,}"),
        rf"\1{mark('webhook')}",
    ),
    # https://user:password@host
    (
        "@",
        re.compile(r"(:(?:\\?/){2}[^\s/:@?#\"'\\\[\]]*:)[^\s/?#\"'\\<>\[\]]+(?=@)"),
        rf"\1{mark('password')}",
    ),
    (
        "basic ",
        re.compile(r"\b(basic +)([A-Za-z0-9+/]{6,}={0,2})", re.ASCII | re.IGNORECASE),
        _basic,
    ),
    (
        "bearer ",
        re.compile(
            r"\b(bearer +)(?=[^\s\d]{0,99}\d|\S{24})[\w.~+/=-]{12,}", re.ASCII | re.IGNORECASE
        ),
        rf"\1{mark('authorization')}",
    ),
    (
        "authorization",
        re.compile(
            r"(\bauthorization[\\\"']{0,6} ?: ?(?:[A-Za-z][\w-]* +)?)(?!\[redacted)"
            r"[^\s\"'\\,;\[\]]{8,}",
            re.ASCII | re.IGNORECASE,
        ),
        rf"\1{mark('authorization')}",
    ),
    ("eyj", re.compile(r"(?<![\w-])eyJ[\w-]{8,}(?:\.[\w-]*){1,4}", re.ASCII), mark("jwt")),
    ("sig=", re.compile(r"(\bsig=)[\w%+/=-]{20,}", re.ASCII), rf"\1{mark('signature')}"),
    # The key that VCL signs with, where it is written in the call.
    (
        "hmac",
        re.compile(
            r'(\bdigest\.(?:time_)?hmac_\w+\(\s*)(\{?\\*")(?!\[redacted)[^"\\]{4,}', re.ASCII
        ),
        rf"\1\2{mark('hmac_key')}",
    ),
    ("", PREFIXED, mark("token")),
)


def hide(text: str) -> str:
    """Return the text with every credential that it holds replaced by `[redacted: …]`."""
    size = len(text)
    # An id has 21 or 22 letters and digits, which no rule takes for more than that.
    if size < SHORTEST or (20 < size < 30 and text.isalnum() and text.isascii()):
        return text
    lower = text.lower()
    return _hide(text, lower) if HINT.search(lower) else text


def _hide(text: str, lower: str) -> str:
    if "private key" in lower:
        text = _without_private_keys(text)
    if "akia" in lower or "asia" in lower:
        text = _without_aws_keys(text)
    text = _without_assigned(text)
    for needed, pattern, replacement in RULES:
        if needed in lower:
            text = pattern.sub(replacement, text)
    return text
