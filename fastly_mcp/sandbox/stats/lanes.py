"""Many whole numbers side by side in one, so that adding two of those adds them all at once.

Subtracting and multiplying by a number work likewise, as long as no lane ends up below 0.
"""

from collections.abc import Iterable
from functools import lru_cache
from struct import Struct

BYTES = 16
LANE = 8 * BYTES
"""Bits of a lane: what is counted stays far below."""


def packed(numbers: Iterable[int]) -> int:
    """The first of the numbers is in the lowest lane."""
    return int.from_bytes(b"".join([each.to_bytes(BYTES, "little") for each in numbers]), "little")


def unpacked(lanes: int, size: int) -> tuple[int, ...]:
    words = _words(size).unpack(lanes.to_bytes(size * BYTES, "little"))
    low, high = words[::2], words[1::2]
    if not any(high):
        return low
    return tuple(upper << 64 | lower for lower, upper in zip(low, high, strict=True))


@lru_cache
def _words(size: int) -> Struct:
    return Struct(f"<{2 * size}Q")
