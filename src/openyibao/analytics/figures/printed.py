"""A printed figure (印载数): its value, its unit, and how far the true value may lie from it.

Half a unit of the last digit printed, and nothing wider. A whole number of things that are counted one by one
(人、家、个、次…) without 万 or 亿 is exact; a whole number of yuan or percent was rounded.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from openyibao.analytics.figures.intervals import Interval

SCALES = {
    "万亿": 12,
    "千亿": 11,
    "百亿": 10,
    "十亿": 9,
    "亿": 8,
    "千万": 7,
    "百万": 6,
    "十万": 5,
    "万": 4,
    "千": 3,
    "百": 2,
}
ROUNDED_NOUNS = ("元", "%", "％", "‰", "百分点", "个百分点", "倍", "比", "月", "个月")
"""What is measured, not counted: a whole number of it was rounded too."""
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+|\d{1,4}(,\d{4})+)(\.\d+)?([eE][+-]?\d{1,2})?", re.ASCII)
"""Thousands or ten thousands marked, or nothing marked: 1,5,85.1 is a slip, not a number."""
_YEAR = re.compile(r"(19|20)\d\d")
MOST_DIGITS = 30


@dataclass(frozen=True)
class Unit:
    """A unit as written: 万人 is ten thousand 人."""

    text: str
    factor: Fraction
    noun: str

    @property
    def counted(self) -> bool:
        return bool(self.noun) and self.noun not in ROUNDED_NOUNS and self.factor == 1


def read_unit(text: str) -> Unit:
    """A unit from its text: a scale word, a thing, or both. Text of another kind is a thing without a scale."""
    body = text.strip().replace("％", "%")
    if body == "‰":
        return Unit(body, Fraction(1, 10), "%")
    for word, power in SCALES.items():
        if body.startswith(word) and not (word in ("百", "千") and body.startswith("百分")):
            return Unit(body, Fraction(10**power), body.removeprefix(word))
    return Unit(body, Fraction(1), body)


@dataclass(frozen=True)
class Printed:
    """A figure as printed. `value` and `half` are in whole units (元, not 亿元)."""

    name: str
    text: str
    value: Fraction
    half: Fraction
    unit: Unit
    decimals: int = 0
    title: str = ""
    source: str = ""
    bound: str = ""
    """at_least when printed as "more than", at_most when as "less than"."""
    missing: bool = False

    @property
    def interval(self) -> Interval:
        return Interval.around(self.value, self.half)

    @property
    def shown(self) -> str:
        """As it stands in the document: 2,323.3 万人."""
        bare = _YEAR.fullmatch(self.text) and self.unit.text in ("", "年")
        return f"{self.text if bare else commas(self.text)}{self.unit.text}"

    @property
    def label(self) -> str:
        return self.title or self.name or self.shown

    @property
    def apart(self) -> str:
        """Unit of a difference from this figure: percentages lie apart in points, never in %."""
        if self.unit.noun == "%":
            return "个千分点" if self.unit.text == "‰" else "个百分点"
        return self.unit.text

    def within(self, value: Fraction) -> bool:
        """Whether a value, rounded as this figure is, gives this figure."""
        return self.interval.holds(value)

    def in_unit(self, value: Fraction, more: int = 2) -> str:
        """Another value in this figure's unit, with at most `more` decimals beyond its own."""
        return number(value / self.unit.factor, self.decimals, more)

    def rounded(self, value: Fraction) -> str:
        """Another value as this figure would print it."""
        return number(value / self.unit.factor, self.decimals, 0)


def printed(name: str, text: str, unit: str = "", *, step: str = "", exact: bool | None = None, **more: Any) -> Printed:
    """A figure from what is printed. Raises: ValueError when it is no number."""
    body = unicodedata.normalize("NFKC", text).strip().replace("\u2212", "-")
    if not _NUMBER.fullmatch(body):
        raise ValueError(f"{text!r} 不是数")
    amount = decimal(body)
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    decimals = max(0, -exponent)
    known = read_unit(unit)
    last = Fraction(10) ** min(0, exponent) if "e" not in body.lower() else Fraction(10) ** exponent
    if step:
        last = Fraction(decimal(step))
    if exact is None:
        exact = not step and decimals == 0 and known.counted
    half = Fraction(0) if exact else last / 2 * known.factor
    return Printed(name, body, Fraction(amount) * known.factor, half, known, decimals, **more)


def decimal(text: str) -> Decimal:
    """A plain decimal number from text. Raises: ValueError."""
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"{text!r} 不是数") from None
    if not amount.is_finite() or len(amount.as_tuple().digits) > MOST_DIGITS or abs(amount.adjusted()) > MOST_DIGITS:
        raise ValueError(f"{text!r} 过大、过小或位数过多")
    return amount


def number(value: Fraction, decimals: int = 0, more: int = 2) -> str:
    """A value as an editor writes it: commas, `decimals` places, and up to `more` beyond them where they say more."""
    places = decimals + more
    scaled = math.floor(abs(value) * 10**places + Fraction(1, 2))
    whole, part = divmod(scaled, 10**places)
    digits = str(part).rjust(places, "0") if places else ""
    kept = digits[:decimals] + digits[decimals:].rstrip("0")
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{whole:,}" + (f".{kept}" if kept else "")


def commas(text: str) -> str:
    """A printed number with thousands marked, its decimals untouched."""
    body = text.replace(",", "")
    sign = body[0] if body[:1] in ("+", "-") else ""
    whole, dot, part = body[len(sign) :].partition(".")
    return f"{sign}{int(whole):,}{dot}{part}" if whole.isdigit() else text


def one_digit_off(one: str, two: str) -> bool:
    """Whether two printed numbers differ in exactly one digit, as after a slip of the pen."""
    a, b = one.replace(",", ""), two.replace(",", "")
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1
