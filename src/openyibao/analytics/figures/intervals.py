"""Closed intervals of fractions: what a rounded figure may stand for (区间)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Interval:
    """Every value from `low` to `high`, both included. Arithmetic gives an interval that holds every result."""

    low: Fraction
    high: Fraction

    @classmethod
    def point(cls, value: Fraction | int) -> Interval:
        return cls(Fraction(value), Fraction(value))

    @classmethod
    def around(cls, value: Fraction, half: Fraction) -> Interval:
        return cls(value - half, value + half)

    @property
    def middle(self) -> Fraction:
        return (self.low + self.high) / 2

    @property
    def half(self) -> Fraction:
        return (self.high - self.low) / 2

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    def meets(self, other: Interval) -> bool:
        return self.low <= other.high and other.low <= self.high

    def holds(self, value: Fraction) -> bool:
        return self.low <= value <= self.high

    def hull(self, other: Interval) -> Interval:
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def halves(self) -> tuple[Interval, Interval]:
        return Interval(self.low, self.middle), Interval(self.middle, self.high)

    def __add__(self, other: object) -> Interval:
        two = _interval(other)
        return Interval(self.low + two.low, self.high + two.high)

    def __sub__(self, other: object) -> Interval:
        two = _interval(other)
        return Interval(self.low - two.high, self.high - two.low)

    def __mul__(self, other: object) -> Interval:
        two = _interval(other)
        ends = [one * another for one in (self.low, self.high) for another in (two.low, two.high)]
        return Interval(min(ends), max(ends))

    def __truediv__(self, other: object) -> Interval:
        two = _interval(other)
        if two.low <= 0 <= two.high:
            raise ZeroDivisionError("分母的区间含零")
        return self * Interval(1 / two.high, 1 / two.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __abs__(self) -> Interval:
        if self.low >= 0:
            return self
        return -self if self.high <= 0 else Interval(Fraction(0), max(-self.low, self.high))

    def __radd__(self, other: object) -> Interval:
        return _interval(other) + self

    def __rsub__(self, other: object) -> Interval:
        return _interval(other) - self

    def __rmul__(self, other: object) -> Interval:
        return _interval(other) * self

    def __rtruediv__(self, other: object) -> Interval:
        return _interval(other) / self


def _interval(value: object) -> Interval:
    if isinstance(value, Interval):
        return value
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return Interval.point(value)
    raise TypeError(f"{type(value).__name__} 不能参加运算")
