"""Writing for a person: colours on a terminal only, and hidden characters made visible."""

import os
import sys

from fastly_mcp.text import visible

COLOURS = {"ok": "32", "warning": "33", "failure": "31", "title": "1", "dim": "2"}


def write(text: str = "", style: str = "") -> None:
    """Print one line."""
    line = visible(text)
    if style and sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        line = f"\x1b[{COLOURS[style]}m{line}\x1b[0m"
    # A console without the character shows another one rather than failing.
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding))
