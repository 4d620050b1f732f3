"""What the sandbox knows of VCL, which is little: it runs none, and reads it as people write it."""

import re
from bisect import bisect_left
from dataclasses import dataclass
from http.client import responses
from typing import NamedTuple

from fastly_mcp.sandbox.state import Service, Version

PURGE_NEEDS_TOKEN = re.compile(r'req\.http\.Fastly-Purge-Requires-Auth\s*=\s*"1"')
"""The documented way to let only tokens PURGE [guides, authenticating-api-purge-requests]."""
QUIET = re.compile(
    r'(?P<text>\{(?P<mark>\w*)".*?(?:"(?P=mark)\}|\Z)|"[^"\n]*")|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)',
    re.DOTALL,
)
"""Strings and comments, whose braces do not count: what is left open goes on to the end."""
INCLUDE = re.compile(r'\binclude\s+"([^"\n]+)"')
IF = re.compile(r"(?:\bif|\belsif|\belseif)\s*(\()")
BLOCK = re.compile(r"\s*(\{)")
BRACKET = re.compile(r"[(){}]")
IS_PURGE = re.compile(r'(?P<not>!\s*\(\s*)?(?P<at>\breq)\.(?:method|request)\s*==\s*"FASTLYPURGE"')
ERROR = re.compile(r"[{};]\s*error\b\s*(?P<status>\d{3})?")
MESSAGE = re.compile(r'\s*"(?P<message>[^"\n]*)"')


class Refusal(NamedTuple):
    status: int
    message: str


class Guard(NamedTuple):
    """What VCL does to purges by URL."""

    needs_token: bool
    refusal: Refusal | None
    """What it answers instead of purging, if it does."""


@dataclass(frozen=True)
class Findings:
    errors: tuple[str, ...]
    """What keeps a version from being activated."""
    warnings: tuple[str, ...]


def code(service: Service, version: Version) -> list[str]:
    """The VCL that a version runs on requests, without comments.

    It is the main file, the snippets for vcl_recv, dynamic ones too, and what these include.
    """
    files, snippets = version.objects.get("vcls", ()), version.objects.get("snippets", ())
    named = {row["name"]: row["content"] or "" for row in files}
    for row in snippets:
        dynamic = service.members.get(row["id"], {}).get("content", row)
        named[f"snippet::{row['name']}"] = dynamic["content"] or ""
    waiting = [row["name"] for row in files if row["main"]]
    waiting += [f"snippet::{row['name']}" for row in snippets if row["type"] == "recv"]
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        if name in named and name not in found:
            found[name] = QUIET.sub(lambda each: each["text"] or " ", named[name])
            waiting += INCLUDE.findall(found[name])
    return [*found.values()]


def guard(service: Service) -> Guard:
    """What the active VCL does to purges by URL.

    Whatever else a condition asks for beside FASTLYPURGE, a purge is taken to meet it.
    """
    texts = code(service, service.active) if service.active else []
    return Guard(
        needs_token=any(PURGE_NEEDS_TOKEN.search(text) for text in texts),
        refusal=next(filter(None, map(_refusal, texts)), None),
    )


def _refusal(text: str) -> Refusal | None:
    """The first `error` in the block of an `if` that FASTLYPURGE leads into."""
    if "FASTLYPURGE" not in text:
        return None
    bare = QUIET.sub(lambda each: " " * len(each[0]), text)
    closing = _closing(bare)
    # Blocks nest, so none is searched by itself: that would be quadratic.
    purges = [each.start("at") for each in IS_PURGE.finditer(text) if not each["not"]]
    errors = {each.start(): each for each in ERROR.finditer(bare)}
    starts = [*errors]
    for found in IF.finditer(bare):
        end = closing.get(found.start(1), 0)
        if _first(purges, found.end(), end) is None:
            continue
        block = BLOCK.match(bare, end + 1)
        inside = block and _first(starts, block.start(1), closing.get(block.start(1), 0))
        if inside is not None:
            error = errors[inside]
            status = int(error["status"] or 503)
            said = MESSAGE.match(text, error.end())
            # What is no status of HTTP's, vcl_error makes one of: mostly this one.
            status = status if 400 <= status < 600 else 403
            return Refusal(status, said["message"] if said else responses.get(status, ""))
    return None


def _first(places: list[int], start: int, end: int) -> int | None:
    """The first of these places, which are in order, from start to before end."""
    at = bisect_left(places, start)
    return places[at] if at < len(places) and places[at] < end else None


def _closing(bare: str) -> dict[int, int]:
    """Where each bracket that opens is closed."""
    opened: list[int] = []
    closing = {}
    for found in BRACKET.finditer(bare):
        if found[0] in "({":
            opened.append(found.start())
        elif opened:
            closing[opened.pop()] = found.start()
    return closing


def check(service: Service, version: Version) -> Findings:
    """Look a version over; the compiler's wording is recorded for the first warning only.

    It needs no domains: those of domain management serve too [terraform-provider-fastly#1113].
    """
    found: list[str] = []
    warnings: list[str] = []
    if service.type == "wasm":
        if "package" not in version.features:
            warnings.append("Warning: No package was uploaded")
        return Findings((), tuple(warnings))
    if not version.objects.get("backends") and not version.objects.get("directors"):
        warnings.append("Warning: No default director found\nat: (default Line 1 Pos 1)")
    files = version.objects.get("vcls", ())
    if files and not any(row["main"] for row in files):
        found.append("No main VCL was chosen")
    for row in (*files, *version.objects.get("snippets", ())):
        text = QUIET.sub("", row["content"] or "")
        if text.count("{") != text.count("}"):
            found.append(f"Syntax error: Unbalanced braces in '{row['name']}'")
    return Findings(tuple(found), tuple(warnings))


def generated(service: Service, version: Version) -> str:
    """A plausible VCL of a version's objects, complete enough to read."""
    lines = ["pragma optional_param geoip_opt_in true;", ""]
    for row in version.objects.get("backends", ()):
        lines += [
            f"backend F_{_word(row['name'])} {{",
            f"  .between_bytes_timeout = {row['between_bytes_timeout'] // 1000}s;",
            f"  .connect_timeout = {row['connect_timeout'] // 1000}s;",
            f'  .host = "{row["address"]}";',
            f'  .port = "{row["port"]}";',
            f"  .ssl = {str(row['use_ssl']).lower()};",
            "}",
            "",
        ]
    main = next((row for row in version.objects.get("vcls", ()) if row["main"]), None)
    lines += [main["content"] if main else _boilerplate(version)]
    return "\n".join(lines)


def _boilerplate(version: Version) -> str:
    lines = ["sub vcl_recv {", "#--FASTLY RECV BEGIN"]
    lines += [
        f"  # Snippet {row['name']}\n  {row['content'] or ''}"
        for row in version.objects.get("snippets", ())
        if row["type"] == "recv"
    ]
    for row in version.objects.get("conditions", ()):
        if row["type"] == "REQUEST":
            lines.append(f"  # Condition {row['name']}: if ({row['statement']})")
    return "\n".join([*lines, "#--FASTLY RECV END", "  return(lookup);", "}", ""])


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
