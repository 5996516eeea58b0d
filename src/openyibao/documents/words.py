"""Numbers as a Chinese report says them: 万 and 亿, yuan, per cent and percentage points, rounded half up, exactly.

Nothing is worked out in floats. What comes back is text that remembers its number, so that the same value reads as
"9697.8万" in a sentence and is a number in a cell of a sheet. Per cent (增长 5 %) and percentage points (提高 1.2 个
百分点) are two functions: a change of a rate is points, a change of an amount is per cent.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

Exact = int | Decimal | Fraction
FEN_OF_YI = 100 * 10**8
_ABSENT = "—"


class Figure(str):
    """Text of a number that remembers the number: what is shown, rounded as it is shown, with its unit apart."""

    value: Decimal
    places: int
    unit: str

    def __new__(cls, value: Decimal, places: int, unit: str = "") -> Figure:
        made = super().__new__(cls, f"{value:f}{unit}")
        made.value, made.places, made.unit = value, places, unit
        return made

    def __getnewargs__(self) -> tuple[Decimal, int, str]:  # type: ignore[override]
        return self.value, self.places, self.unit


def exact(value: Exact | float) -> Fraction:
    """Any number as an exact fraction. A float stands for the shortest decimal that reads back as it (0.1 is 1/10)."""
    if isinstance(value, bool):
        raise ValueError("真假不是数值")
    return Fraction(repr(float(value))) if isinstance(value, float) else Fraction(value)


def half_up(value: Exact | float, places: int = 0) -> Decimal:
    """A number rounded half up by magnitude to so many decimals (四舍五入): 2.5 -> 3, -2.5 -> -3, 1/3 -> 0.33."""
    scaled = exact(value) * 10**places
    whole = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    digits = tuple(int(digit) for digit in str(whole))
    return Decimal((int(scaled < 0 and whole > 0), digits, -places))


def number(value: Exact | float, places: int = 0, unit: str = "") -> Figure:
    """A number with so many decimals and a unit: number(3, 2, "次") -> "3.00次"."""
    return Figure(half_up(value, places), places, unit)


def wan(count: Exact | float, places: int = 1, unit: str = "万") -> Figure:
    """A count in ten thousands: 96_978_000 -> "9697.8万"."""
    return number(exact(count) / 10_000, places, unit)


def yi(fen: Exact | float, places: int = 1, unit: str = "亿") -> Figure:
    """Fen in a hundred million yuan: 158_510_000_000_00 -> "1585.1亿"."""
    return number(exact(fen) / FEN_OF_YI, places, unit)


def yuan(fen: Exact | float, places: int = 1, unit: str = "") -> Figure:
    """Fen in yuan: 1_291_340 -> "12913.4"."""
    return number(exact(fen) / 100, places, unit)


def percent(part: Exact | float, whole: Exact | float = 1, places: int = 1) -> Figure:
    """A ratio as per cent: percent(0.824) and percent(824, 1000) -> "82.4%"; without a whole there is none: "—"."""
    if not whole:
        return absent()
    return number(exact(part) / exact(whole) * 100, places, "%")


def points(difference: Exact | float, places: int = 1) -> Figure:
    """A difference of two ratios in percentage points (百分点): points(-0.018) -> "-1.8个百分点"."""
    return number(exact(difference) * 100, places, "个百分点")


def absent() -> Figure:
    """What is not known, as a figure: "—", never zero."""
    made = str.__new__(Figure, _ABSENT)
    made.value, made.places, made.unit = Decimal("NaN"), 0, ""
    return made
