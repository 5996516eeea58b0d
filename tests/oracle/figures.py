"""Numbers from text and back: exact, with one rounding for the whole oracle."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any


class OracleRefuses(ValueError):
    """The documents say refuse, or the case contradicts itself; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def half_up(exact: Fraction | int) -> int:
    """Whole fen from an exact amount in fen, half a fen away from zero. The only rounding there is."""
    n, d = abs(exact).as_integer_ratio()
    whole = (2 * n + d) // (2 * d)
    return whole if exact >= 0 else -whole


@lru_cache(maxsize=200_000)
def fen(text: str) -> int:
    """Fen from text in yuan: "3746.50" -> 374650. Negative, finer than a fen or unreadable refuses."""
    exact = as_number(text) * 100
    if exact.denominator != 1 or exact < 0:
        raise OracleRefuses(f"not an amount of yuan: {text!r}")
    return int(exact)


@lru_cache(maxsize=20_000)
def ratio(text: str) -> Fraction:
    """Ratio from a percentage in text: "82.5%" -> 33/40. Finer than 1/10,000 refuses."""
    exact = as_number(text.removesuffix("%")) / 100
    if not text.endswith("%") or exact < 0 or (exact * 10_000).denominator != 1:
        raise OracleRefuses(f"not a percentage: {text!r}")
    return exact


def own_ratio(text: str) -> Fraction:
    """The patient's own ratio of a line: "10%" or "0.1"."""
    return ratio(text) if text.endswith("%") else as_number(text)


def yuan(amount_fen: int) -> str:
    """Yuan with two decimals, as text."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def plain(value: Any) -> Any:
    """Case data with every scalar as text, so that dates, numbers and text written by hand are one thing."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if type(value) is str else str(value)


def as_number(text: str) -> Fraction:
    """An exact number; what cannot be read refuses."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise OracleRefuses(f"not a number: {text!r}") from None
