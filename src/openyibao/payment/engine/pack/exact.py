"""Exact arithmetic of payment: one rounding rule, one remainder rule, and numbers that keep a declared precision.

A weight, a coefficient or a point is an integer count of ten-thousandths (万分之一), a DIP score of
hundredths (百分之一).
Where a formula divides, it divides once, as a fraction, and is rounded half up by magnitude at its end. Where a sum
is shared out, every share is cut down and the fen left over go one each to the largest remainders; of equal
remainders the first key in order gets it. So parts add to the whole, and the order of the input changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

TEN_THOUSAND = 10_000
_NUMBER = re.compile(r"(-?)(0|[1-9][0-9]{0,11})(?:\.([0-9]+))?")


def half_up(numerator: int, denominator: int) -> int:
    """numerator/denominator rounded half up by magnitude; the denominator is positive."""
    if numerator < 0:
        return -((-numerator * 2 + denominator) // (2 * denominator))
    return (numerator * 2 + denominator) // (2 * denominator)


def rounded(value: Fraction) -> int:
    """A fraction rounded half up by magnitude."""
    return half_up(value.numerator, value.denominator)


def scaled(text: object, places: int) -> int:
    """A plain decimal ("1.2345", 2) as an integer count of its last place.

    Raises: ValueError for floats, finer decimals or anything that is no plain decimal number.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise ValueError(f"{text!r} 不是数")
    found = _NUMBER.fullmatch(str(text).strip())
    if not found:
        raise ValueError(f"{text!r} 不是数")
    part = (found[3] or "").rstrip("0")
    if len(part) > places:
        raise ValueError(f"{text!r} 多于 {places} 位小数")
    value = int(found[2] + part.ljust(places, "0")) if places else int(found[2])
    return -value if found[1] else value


def scaled_text(value: int, places: int) -> str:
    """An integer count of the last of `places` decimals as text: (12345, 4) -> "1.2345"."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, part = divmod(value, 10**places)
    return f"{sign}{whole}.{part:0{places}d}" if places else f"{sign}{whole}"


def fraction_text(value: Fraction, places: int = 4) -> str:
    """A fraction shown with so many decimals, half up; for reading only, never for further arithmetic."""
    return scaled_text(rounded(value * 10**places), places)


def apportion(total: int, shares: Sequence[int], keys: Sequence[str]) -> list[int]:
    """Share out `total` in proportion to `shares` (not negative), so that the parts add to it exactly (最大余数法).

    Args: keys name the shares, and decide between equal remainders. A negative total is shared like its magnitude.
    Raises: ValueError when there is something to share out and nobody has a share.
    """
    whole = sum(shares)
    if any(share < 0 for share in shares):
        raise ValueError("a share is negative")
    if whole == 0:
        if total:
            raise ValueError("nobody has a share")
        return [0] * len(shares)
    sign, total = (-1, -total) if total < 0 else (1, total)
    parts = [total * share // whole for share in shares]
    left = total - sum(parts)
    if left:
        order = sorted(range(len(shares)), key=lambda at: (-(total * shares[at] % whole), keys[at], at))
        for at in order[:left]:
            parts[at] += 1
    return [sign * part for part in parts]
