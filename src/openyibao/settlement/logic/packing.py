"""The kernel's trace as bytes (轨迹): signed integers in as few bytes as each needs."""

from __future__ import annotations

from collections.abc import Iterable


def packed(values: Iterable[int]) -> bytes:
    """Integers as variable-length bytes, seven bits at a time, the sign in the lowest bit."""
    out = bytearray()
    for value in values:
        rest = value << 1 if value >= 0 else (-value << 1) - 1
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)


def unpacked(data: bytes) -> tuple[int, ...]:
    """The integers that `packed` took."""
    found = []
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(value >> 1 if not value & 1 else -((value + 1) >> 1))
            value = shift = 0
    return tuple(found)
