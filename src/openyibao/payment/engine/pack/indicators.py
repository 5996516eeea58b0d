"""Indicators of institutions, departments and doctors (绩效指标): ability, efficiency, safety.

CMI and total weight say how hard the work was, cost and time indexes how it compares on the same groups (under 1:
cheaper, shorter), low-risk mortality how safe it was.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from openyibao.payment.engine.pack.exact import TEN_THOUSAND, half_up
from openyibao.payment.engine.pack.grouped import is_grouped
from openyibao.payment.engine.pack.pack import Unit
from openyibao.payment.engine.pack.pricing import Priced

FINE = 10**8
HEAVY = 20_000
"""A weight of 2 or more (RW≥2)."""
BY: Mapping[str, Callable[[Priced], str]] = {
    "institution": lambda one: one.stay.institution,
    "department": lambda one: f"{one.stay.institution}/{one.stay.dept}",
    "doctor": lambda one: f"{one.stay.institution}/{one.stay.doctor}",
}


@dataclass(frozen=True)
class Indicators:
    """One hospital, department or doctor (指标). Weights in 1/10,000; indexes and rates are exact fractions, None
    where nothing is known to compare with. Money in fen.
    """

    key: str
    cases: int
    grouped: int
    groups_covered: int
    total_weight: int
    cmi: Fraction | None
    cost_index: Fraction | None
    time_index: Fraction | None
    low_risk_cases: int
    low_risk_deaths: int
    mid_low_risk_cases: int
    mid_low_risk_deaths: int
    high: int
    low: int
    heavy: int
    total_fen: int
    standard_fen: int

    @property
    def grouped_rate(self) -> Fraction:
        return Fraction(self.grouped, self.cases)

    @property
    def gap_fen(self) -> int:
        """Standard less bill (收支差)."""
        return self.standard_fen - self.total_fen

    @property
    def low_risk_mortality(self) -> Fraction | None:
        return Fraction(self.low_risk_deaths, self.low_risk_cases) if self.low_risk_cases else None


def risk_classes(priced: Iterable[Priced]) -> dict[str, str]:
    """Risk class of each group from its mortality (风险等级): ln of the death rate against mean and standard deviation.

    Groups without deaths are low. Below mean - sd: low; to the mean: mid_low; to mean + sd: mid_high; above: high.
    """
    cases: Counter[str] = Counter()
    deaths: Counter[str] = Counter()
    for one in priced:
        if is_grouped(one.group):
            cases[one.group] += 1
            deaths[one.group] += one.stay.died
    logs = {group: math.log(deaths[group] / cases[group]) for group in cases if deaths[group]}
    if not logs:
        return dict.fromkeys(sorted(cases), "low")
    middle = sum(logs.values()) / len(logs)
    spread = math.sqrt(sum((value - middle) ** 2 for value in logs.values()) / len(logs))
    found = {}
    for group in sorted(cases):
        value = logs.get(group)
        if value is None or value < middle - spread:
            found[group] = "low"
        elif value < middle:
            found[group] = "mid_low"
        else:
            found[group] = "mid_high" if value <= middle + spread else "high"
    return found


def indicators(
    priced: Iterable[Priced], by: str, units: Mapping[str, Unit], risks: Mapping[str, str] | None = None
) -> list[Indicators]:
    """Indicators by institution, department or doctor, in the order of their keys.

    Args: units give each group's mean cost and days of the region; risks its class, else the table's own.
    """
    rows: dict[str, list[Priced]] = defaultdict(list)
    for one in priced:
        rows[BY[by](one)].append(one)
    classes = {group: unit.risk for group, unit in units.items() if unit.risk} | dict(risks or {})
    return [_of(key, rows[key], units, classes) for key in sorted(rows)]


def _of(key: str, rows: list[Priced], units: Mapping[str, Unit], classes: Mapping[str, str]) -> Indicators:
    grouped = [one for one in rows if is_grouped(one.group)]
    weighted = [one for one in grouped if one.group in units]
    total = sum(units[one.group].units for one in weighted)
    low = [one for one in grouped if classes.get(one.group) == "low"]
    mid_low = [one for one in grouped if classes.get(one.group) == "mid_low"]
    return Indicators(
        key=key,
        cases=len(rows),
        grouped=len(grouped),
        groups_covered=len({one.group for one in grouped}),
        total_weight=total,
        cmi=Fraction(total, TEN_THOUSAND * len(weighted)) if weighted else None,
        cost_index=_index(weighted, lambda one: one.stay.total_fen, lambda unit: Fraction(unit.mean_fen), units),
        time_index=_index(weighted, lambda one: one.stay.los, lambda unit: Fraction(unit.mean_days, 100), units),
        low_risk_cases=len(low),
        low_risk_deaths=sum(one.stay.died for one in low),
        mid_low_risk_cases=len(mid_low),
        mid_low_risk_deaths=sum(one.stay.died for one in mid_low),
        high=sum(one.status == "high" for one in rows),
        low=sum(one.status == "low" for one in rows),
        heavy=sum(units[one.group].units >= HEAVY for one in weighted),
        total_fen=sum(one.stay.total_fen for one in rows),
        standard_fen=sum(one.standard_fen or 0 for one in rows),
    )


def _index(
    rows: Iterable[Priced],
    own: Callable[[Priced], int],
    region: Callable[[Unit], Fraction],
    units: Mapping[str, Unit],
) -> Fraction | None:
    """Sum over groups of cases x (own mean / region's mean), by cases; each group's part is held to 1/10^8."""
    sums: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    for one in rows:
        sums[one.group] += own(one)
        cases[one.group] += 1
    compared = {group: region(units[group]) for group in sums if region(units[group])}
    whole = sum(cases[group] for group in compared)
    if not whole:
        return None
    parts = (half_up(sums[group] * FINE * middle.denominator, middle.numerator) for group, middle in compared.items())
    return Fraction(sum(parts), FINE * whole)
