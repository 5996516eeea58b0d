"""Early warning (预警): which counties and pools run short first, and why.

A county is no pool: its share of the city's reserve is reckoned by what is spent for it, so that a county that spends
more than it pays in is seen before the city's total shows it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES
from openyibao.simulation.projection.assumptions import section
from openyibao.simulation.projection.engine import SCHEMES, Paths
from openyibao.simulation.projection.measure import Measured
from openyibao.simulation.projection.result import Warned

INPATIENT = BENEFIT_CODES.index("inpatient")
RED, YELLOW = 3.0, 6.0
SMALL_HEADS = 30
"""Fewer insured persons in the sample say nothing."""
NINE_OF_TEN, SPREAD, ERROR = 1.645, 4.0, 0.05
FULL_CREDIBILITY = SPREAD * (NINE_OF_TEN / ERROR) ** 2
"""Stays from which a unit's own cost is taken at its word (about 4,330): an error of 5 % at most in nine cases of ten,
with 1 + 3 for the spread of what a stay costs (limited-fluctuation credibility, 有限波动可信度)."""
HALF = 0.5


def warnings(paths: Paths, measured: Measured, scale: float) -> list[Warned]:
    """Units with a reason to warn, the most urgent first: below 3 months red, below 6 yellow, else a deficit."""
    horizon = int(section("counties")["horizon"])
    found = []
    heads = measured.heads.sum(axis=(-1, -2))
    for which, scheme in enumerate(SCHEMES):
        for at, unit in enumerate(measured.units):
            insured = heads[at, :2].sum() if which == 0 else heads[at, 2]
            if insured < SMALL_HEADS:
                continue
            one = _judged(paths, at, which, horizon)
            if one is not None:
                level, reasons, months = one
                stays = float(measured.visits[at, which, INPATIENT])
                credible = min(1.0, math.sqrt(stays / FULL_CREDIBILITY))
                if credible < HALF:
                    if _gap(paths, at, which) <= NINE_OF_TEN * math.sqrt(SPREAD / max(stays, 1.0)):
                        continue  # no more than chance would do to so few stays
                    level = "flag"
                    reasons.append(f"样本只有住院 {stays:.0f} 人次，可信度 {credible:.2f}，只作提示")
                now = (paths.income - paths.spending)[0, 0, at, which]
                found.append(Warned(unit.area, scheme, level, reasons, months, round(now / scale)))
    order = ("red", "yellow", "flag")
    return sorted(
        found, key=lambda one: (order.index(one.level), one.months if one.months is not None else 99, one.area)
    )


def _gap(paths: Paths, at: int, which: int) -> float:
    """Deficit of the first year as a part of its spending."""
    income, spending = paths.income[0, 0, at, which], paths.spending[0, 0, at, which]
    return float((spending - income) / max(spending, 1.0))


def _judged(paths: Paths, at: int, which: int, horizon: int) -> tuple[str, list[str], float | None] | None:
    income, spending = paths.income[0, :, at, which], paths.spending[0, :, at, which]
    months = paths.months[0, :, at, which]
    known = not np.isnan(months).any()
    near: Any = months[: horizon + 1]
    reasons = []
    level = ""
    if income[0] < spending[0]:
        level = "flag"
        part = (spending[0] - income[0]) / max(spending[0], 1.0)
        said = f"{100 * part:.1f}%" if part >= 0.001 else "不足 0.1%"
        reasons.append(f"{paths.years[0]} 年收不抵支，缺口为支出的 {said}")
    elif (income[: horizon + 1] < spending[: horizon + 1]).any():
        year = paths.years[int((income < spending).argmax())]
        level = "flag"
        reasons.append(f"预计 {year} 年起收不抵支")
    if known and near.min() < YELLOW:
        level = "red" if near.min() < RED else "yellow"
        line = RED if level == "red" else YELLOW
        year = paths.years[int((months < line).argmax())]
        least = (
            f"最低 {near.min():.1f} 个月" if near.min() >= 0 else f"{paths.years[int((months < 0).argmax())]} 年用尽"
        )
        reasons.append(f"按支出分摊的储备 {year} 年低于 {line:.0f} 个月（{least}）")
    if not level:
        return None
    return level, reasons, round(float(near.min()), 2) if known else None
