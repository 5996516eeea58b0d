"""How a report of a reform says its numbers: one unit for all tables, samples raised to the whole, signs on changes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from openyibao.documents.facade import Figure, exact, half_up

FEN_OF = {"亿元": 100 * 10**8, "万元": 100 * 10**4}
LARGE_FEN = 200 * 100 * 10**8
"""From 20 billion yuan of bills on a report speaks in 亿."""


class Words:
    """Money and counts of one report. A sample is raised by its scale; persons named singly are not."""

    def __init__(self, scale: float, bills_fen: int) -> None:
        self.scale = exact(scale)
        self.unit = "亿元" if bills_fen / self.scale >= LARGE_FEN else "万元"
        self.places = 2 if self.unit == "亿元" else 1

    @property
    def raised(self) -> bool:
        """Whether the dataset is a sample."""
        return self.scale != 1

    def whole(self, value: int) -> Fraction:
        """A sum of the dataset as one of the whole population."""
        return Fraction(value) / self.scale

    def money(self, fen: int) -> Decimal:
        """Fen in the report's unit."""
        return half_up(self.whole(fen) / FEN_OF[self.unit], self.places)

    def change(self, fen: int) -> Figure:
        """A change of money in the report's unit, with its sign."""
        return signed(self.whole(fen) / FEN_OF[self.unit], self.places)

    def said(self, fen: int) -> str:
        """Money in a sentence: the unit that reads best, without a sign."""
        value = abs(self.whole(fen))
        if value >= FEN_OF["亿元"]:
            return f"{half_up(value / FEN_OF['亿元'], 2):,f} 亿元"
        if value >= FEN_OF["万元"]:
            return f"{half_up(value / FEN_OF['万元'], 1):,f} 万元"
        return f"{half_up(value / 100, 0):,f} 元"

    def more(self, fen: int, noun: str = "") -> str:
        """A change in a sentence: 增加 1.20 亿元, 减少 3.5 万元, 不变."""
        if not fen:
            return f"{noun}不变"
        return f"{noun}{'增加' if fen > 0 else '减少'} {self.said(fen)}"

    def count(self, number: int) -> Decimal:
        """A count of the whole population."""
        return half_up(self.whole(number), 0)

    def wan(self, number: int) -> str:
        """A count in a sentence, in ten thousands where it is large."""
        value = self.whole(number)
        if value >= 10_000:
            return f"{half_up(value / 10_000, 1):,f} 万"
        return f"{half_up(value, 0):,f} "


def signed(value: Fraction | int, places: int, unit: str = "") -> Figure:
    """A change with its sign: +12.3, -4.5, 0.0; thousands set apart."""
    number = half_up(value, places)
    made = str.__new__(Figure, f"{number:+,f}{unit}" if number else f"{number:f}{unit}")
    made.value, made.places, made.unit = number, places, unit
    return made


def per(part: int, whole: int, places: int = 1) -> Decimal | None:
    """part / whole in per cent; nothing without a whole."""
    return half_up(Fraction(100 * part, whole), places) if whole else None


def per_change(before: int, after: int, places: int = 1) -> Figure | None:
    """Growth in per cent, signed; nothing where there was nothing before."""
    return signed(Fraction(100 * (after - before), before), places, "%") if before else None


def yuan(fen: int, count: int = 1, places: int = 0) -> Figure | None:
    """Fen per head in yuan, signed."""
    return signed(Fraction(fen, 100 * count), places) if count else None


def months(value: Fraction | None) -> Decimal | None:
    """Payable months to one decimal."""
    return None if value is None else half_up(value, 1)


def share_text(part: int, whole: int, places: int = 1) -> str:
    """part / whole as a sentence says it."""
    found = per(part, whole, places)
    return "—" if found is None else f"{found:f}%"
