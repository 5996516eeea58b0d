"""Money is an integer number of fen (分); a ratio is an integer number of basis points (万分之一).

Yuan exists only at the edges: files, messages, pages. Text becomes fen through `fen_from_yuan` and never passes
through a float. There is one rounding rule, half up by magnitude, and one place for it.
"""

from __future__ import annotations

import re
from typing import NewType

Fen = NewType("Fen", int)
BasisPoints = NewType("BasisPoints", int)

WHOLE_BP = 10_000
MOST_FEN = 3_000_000_000
"""Largest amount of one component of one bill: 30 million yuan. Keeps every product of the kernel inside 64 bits."""

_YUAN = re.compile(r"-?(0|[1-9][0-9]{0,15})(\.[0-9]{1,2})?")
_PERCENT = re.compile(r"(0|[1-9][0-9]{0,6})(\.[0-9]+)?%")


def fen_from_yuan(text: object) -> Fen:
    """Amount written in yuan ("1234.56", 1234) as fen.

    Raises: ValueError for floats, more than two decimals, or anything that is not a plain decimal number.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise ValueError(f"金额须为文本或整数，不得为 {type(text).__name__}")
    body = str(text).strip()
    if not _YUAN.fullmatch(body):
        raise ValueError(f"{body!r} 不是以元为单位、至多两位小数的金额")
    sign = -1 if body.startswith("-") else 1
    whole, _, part = body.lstrip("-").partition(".")
    return Fen(sign * (int(whole) * 100 + int(part.ljust(2, "0") or "0")))


def yuan_text(fen: int) -> str:
    """Fen as text in yuan with two decimals: 123456 -> "1234.56"."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def basis_points(text: object) -> BasisPoints:
    """Ratio written as a percentage ("82.5%") as basis points.

    Raises: ValueError when it is no percentage or finer than 1/10,000.
    """
    if not isinstance(text, str) or not _PERCENT.fullmatch(text.strip()):
        raise ValueError(f"{text!r} 不是百分比（写作 85% 或 82.5%）")
    whole, _, part = text.strip()[:-1].partition(".")
    if part[2:].strip("0"):
        raise ValueError(f"{text!r} 细于万分之一")
    return BasisPoints(int(whole) * 100 + int(part[:2].ljust(2, "0") or "0"))


def percent_text(points: int) -> str:
    """Basis points as a percentage without needless zeros: 8250 -> "82.5%"."""
    whole, part = divmod(points, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + "%"


def share(amount_fen: int, points: int) -> Fen:
    """`points`/10,000 of an amount, rounded half up by magnitude to the fen."""
    if amount_fen < 0:
        return Fen(-((-amount_fen * points + 5_000) // WHOLE_BP))
    return Fen((amount_fen * points + 5_000) // WHOLE_BP)
