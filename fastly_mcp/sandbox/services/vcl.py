"""What the sandbox knows of VCL, which is little: it runs none, and reads it as people write it."""

import re
from dataclasses import dataclass

from fastly_mcp.sandbox.state import Service, Version

PURGE_GUARD = re.compile(r'req\.method == "FASTLYPURGE"\)\s*{\s*error 403')
"""The usual guard against purges by URL."""
PURGE_NEEDS_TOKEN = re.compile(r'req\.http\.Fastly-Purge-Requires-Auth\s*=\s*"1"')
"""The documented way to let only tokens PURGE [guides, authenticating-api-purge-requests]."""
QUIET = re.compile(r'\{".*?(?:"\}|\Z)|"[^"\n]*"|#[^\n]*|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
"""Strings and comments, whose braces do not count: what is left open goes on to the end."""


@dataclass(frozen=True)
class Findings:
    errors: tuple[str, ...]
    """What keeps a version from being activated."""
    warnings: tuple[str, ...]


def code(version: Version) -> list[str]:
    """All VCL of a version: files and the snippets that are its own."""
    files = [row["content"] for row in version.objects.get("vcls", ())]
    return files + [row["content"] or "" for row in version.objects.get("snippets", ())]


def refuses_purge(service: Service) -> bool:
    """Whether the active VCL turns FASTLYPURGE away."""
    return bool(service.active) and _has(service, PURGE_GUARD)


def purge_needs_token(service: Service) -> bool:
    return bool(service.active) and _has(service, PURGE_NEEDS_TOKEN)


def _has(service: Service, sign: re.Pattern[str]) -> bool:
    version = service.active
    return version is not None and any(sign.search(text) for text in code(version))


def check(service: Service, version: Version) -> Findings:
    """Look a version over; the compiler's wording is recorded for the first warning only."""
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
