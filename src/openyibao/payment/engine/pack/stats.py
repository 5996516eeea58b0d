"""Means, trimming and spread of costs. Means are exact; only the coefficient of variation (变异系数) is a float.

Quartiles are those of linear interpolation between order statistics, held times four so that they stay integers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openyibao.payment.engine.pack.exact import TEN_THOUSAND


@dataclass(frozen=True)
class Trim:
    """How extreme costs are left out of a mean (裁剪): `none`, `iqr` (times the interquartile range beyond the
    quartiles, in ten-thousandths) or `percent` (that share of the cases at each end, cut down to whole cases).
    Groups with fewer than `least_cases` are not trimmed.
    """

    kind: str = "iqr"
    amount: int = 15_000
    least_cases: int = 8


def quartiles_times_four(ordered: Sequence[int]) -> tuple[int, int]:
    """Four times the first and the third quartile of sorted values."""
    return _at_quarter(ordered, 1), _at_quarter(ordered, 3)


def _at_quarter(ordered: Sequence[int], quarter: int) -> int:
    at, part = divmod((len(ordered) - 1) * quarter, 4)
    above = ordered[at + 1] if part else ordered[at]
    return (4 - part) * ordered[at] + part * above


def trimmed(values: Sequence[int], trim: Trim) -> list[int]:
    """The values that count, sorted."""
    ordered = sorted(values)
    if trim.kind == "none" or len(ordered) < trim.least_cases:
        return ordered
    if trim.kind == "percent":
        cut = len(ordered) * trim.amount // TEN_THOUSAND
        return ordered[cut : len(ordered) - cut]
    low, high = quartiles_times_four(ordered)
    reach = trim.amount * (high - low)
    least, most = low * TEN_THOUSAND - reach, high * TEN_THOUSAND + reach
    return [value for value in ordered if least <= 4 * value * TEN_THOUSAND <= most]


def mean(values: Sequence[int]) -> Fraction:
    """Exact mean; 0 of nothing."""
    return Fraction(sum(values), len(values)) if values else Fraction(0)


def year_weights(years: Sequence[int], stated: Sequence[int]) -> dict[int, int]:
    """Weight of each year: the stated ones belong to the latest years, the last to the latest (1:2:7)."""
    ordered = sorted(set(years))
    if len(ordered) > len(stated):
        ordered = ordered[-len(stated) :]
    return dict(zip(ordered, stated[len(stated) - len(ordered) :], strict=True))


def weighted_mean(by_year: Mapping[int, Sequence[int]], weights: Mapping[int, int]) -> Fraction:
    """Mean over years of the yearly means, weighted; years without cases are left out of the weights."""
    present = [year for year in weights if by_year.get(year)]
    whole = sum(weights[year] for year in present)
    if not whole:
        return Fraction(0)
    return sum((weights[year] * mean(by_year[year]) for year in present), Fraction(0)) / whole


def variation(values: Sequence[int]) -> float:
    """Coefficient of variation (变异系数): population standard deviation / mean; 0 for fewer than two values."""
    if len(values) < 2 or not sum(values):
        return 0.0
    middle = sum(values) / len(values)
    return math.sqrt(sum((value - middle) ** 2 for value in values) / len(values)) / middle
