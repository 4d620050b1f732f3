"""Private keys and keys to Amazon's cloud, which a text shows by their own form."""

import re
from bisect import bisect_left
from collections.abc import Iterator

from fastly_mcp.api.secret_values import mark

FENCE = re.compile(r"-{4,5} ?(BEGIN|END) ([A-Z0-9 ]*?) ?-{4,5}")
BODY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-:,. \t\r\n\\"


def without_private_keys(text: str) -> str:
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


AWS_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
AWS_SECRET = re.compile(
    r"(?<![A-Za-z0-9+/=])(?=[^a-z]{0,39}[a-z])(?=[^A-Z]{0,39}[A-Z])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])"
)
NEAR = 200  # characters around an access key in which its secret is looked for


def without_aws_keys(text: str) -> str:
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
