"""Weights of groups and the rate from years of stays (权重与费率): trimmed means, negotiated changes, total kept.

    weight of g = mean cost of g / mean cost of all, both trimmed and weighted by year

A negotiated weight (谈判调整) replaces the computed one, recorded with who, when and why. Then all weights that were
not fixed are rescaled so that the total weight of the base cases is what it was: exactly, with the last ten-thousandths
given by the remainder rule, counted in cases.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from openyibao.payment.engine.pack.exact import TEN_THOUSAND, half_up, rounded
from openyibao.payment.engine.pack.grouped import is_grouped
from openyibao.payment.engine.pack.pack import Unit
from openyibao.payment.engine.pack.stats import Trim, mean, trimmed, variation, weighted_mean, year_weights
from openyibao.payment.engine.pack.stays import GroupOf, Stay


@dataclass(frozen=True)
class WeightRules:
    """Figures of a weight run (测算参数). `least_cases` and `most_variation` (1/10,000) mark unstable groups; a
    basic-level group has at least `basic_share` of its cases at community or primary level and little variation.
    """

    trim: Trim = field(default_factory=Trim)
    years: tuple[int, ...] = (1, 2, 7)
    least_cases: int = 10
    most_variation: int = 10_000
    basic_share: int = 5_000
    basic_variation: int = 7_000
    basic_groups: frozenset[str] | None = None
    """Named basic-level groups; None: found by the two figures above."""
    low_levels: tuple[str, ...] = ("community", "primary")


@dataclass(frozen=True)
class Override:
    """A negotiated weight (谈判权重) in 1/10,000: for which group, what, by whom, when, why."""

    group: str
    weight: int
    by: str
    on: date
    why: str


@dataclass(frozen=True)
class WeightRow:
    """One group of a run: its unit, the weight computed before changes, coefficient of variation, the change."""

    unit: Unit
    computed: int
    variation: float
    override: Override | None = None


@dataclass(frozen=True)
class WeightRun:
    """The result (测算结果): rows by group, mean of all in fen, total weight (1/10,000) before and after."""

    rows: Mapping[str, WeightRow]
    mean_fen: Fraction
    total_before: int
    total_after: int
    left_over: int
    """What rescaling could not place, in 1/10,000: less than the cases of the smallest group that moves."""


Grouped = Mapping[str, Mapping[int, list[Stay]]]


def by_group(stays: Iterable[Stay], groups: Mapping[str, GroupOf]) -> dict[str, dict[int, list[Stay]]]:
    """Stays by group and year; those without group are left out."""
    found: dict[str, dict[int, list[Stay]]] = defaultdict(lambda: defaultdict(list))
    for stay in stays:
        group = groups.get(stay.case_id, GroupOf("")).group
        if is_grouped(group):
            found[group][stay.year].append(stay)
    return found


def build_weights(
    stays: Sequence[Stay],
    groups: Mapping[str, GroupOf],
    rules: WeightRules,
    overrides: Sequence[Override] = (),
    titles: Mapping[str, str] | None = None,
) -> WeightRun:
    """Weights of every group that has cases in the years that count."""
    grouped = by_group(stays, groups)
    weights = year_weights([stay.year for stay in stays], rules.years)
    kept: dict[int, list[int]] = defaultdict(list)
    costs: dict[str, dict[int, list[int]]] = {}
    for group, years in grouped.items():
        costs[group] = {
            year: trimmed([stay.total_fen for stay in years[year]], rules.trim) for year in weights if year in years
        }
        for year, values in costs[group].items():
            kept[year] += values
    middle = weighted_mean(kept, weights)
    rows = {}
    for group in sorted(grouped):
        row = _row(group, grouped[group], costs[group], weights, middle, rules, (titles or {}).get(group, ""))
        if row is not None:
            rows[group] = row
    return rescaled(rows, overrides, middle)


def _row(
    group: str,
    years: Mapping[int, Sequence[Stay]],
    costs: Mapping[int, Sequence[int]],
    weights: Mapping[int, int],
    middle: Fraction,
    rules: WeightRules,
    title: str,
) -> WeightRow | None:
    stays = [stay for year in weights for stay in years.get(year, ())]
    cost = weighted_mean(costs, weights)
    if not stays or not cost:
        return None
    spread = variation([value for values in costs.values() for value in values])
    low = sum(stay.level in rules.low_levels for stay in stays)
    basic = (
        group in rules.basic_groups
        if rules.basic_groups is not None
        else low * TEN_THOUSAND >= rules.basic_share * len(stays) and spread * TEN_THOUSAND <= rules.basic_variation
    )
    unit = Unit(
        group=group,
        title=title,
        units=max(rounded(cost * TEN_THOUSAND / middle), 1),
        mean_fen=rounded(cost),
        mean_days=rounded(mean([stay.los for stay in stays]) * 100),
        cases=len(stays),
        basic=basic and len(stays) >= rules.least_cases,
        unstable=len(stays) < rules.least_cases or spread * TEN_THOUSAND > rules.most_variation,
    )
    return WeightRow(unit, unit.units, spread)


def rescaled(rows: Mapping[str, WeightRow], overrides: Sequence[Override], middle: Fraction) -> WeightRun:
    """Put negotiated weights in and scale the others so that the total weight over the cases is unchanged.

    Raises: ValueError for an unknown group, or when the negotiated weights alone exceed the total.
    """
    made = dict(rows)
    before = sum(row.computed * row.unit.cases for row in rows.values())
    for override in overrides:
        if override.group not in made:
            raise ValueError(f"谈判权重写给了没有病例的病组 {override.group}")
        row = made[override.group]
        made[override.group] = replace(row, unit=replace(row.unit, units=override.weight), override=override)
    free = [row for row in made.values() if row.override is None]
    fixed = sum(row.unit.units * row.unit.cases for row in made.values() if row.override is not None)
    target, present = before - fixed, sum(row.computed * row.unit.cases for row in free)
    if overrides and free and present:
        if target <= 0:
            raise ValueError("谈判权重合计已超过总权重")
        for row, units in zip(free, _fitted(free, target, present), strict=True):
            made[row.unit.group] = replace(row, unit=replace(row.unit, units=units))
    after = sum(row.unit.units * row.unit.cases for row in made.values())
    return WeightRun(made, middle, before, after, before - after)


def _fitted(rows: Sequence[WeightRow], target: int, present: int) -> list[int]:
    """Weights in proportion whose total over cases is the target, or below it by less than any group could take.

    Each weight is cut down to 1/10,000; what is missing is then given, one ten-thousandth a group, to the largest
    remainders whose cases still fit into it, over and over until nothing fits.
    """
    units = [max(row.computed * target // present, 1) for row in rows]
    missing = target - sum(value * row.unit.cases for value, row in zip(units, rows, strict=True))
    order = sorted(range(len(rows)), key=lambda at: (-(rows[at].computed * target % present), rows[at].unit.group))
    moved = True
    while missing > 0 and moved:
        moved = False
        for at in order:
            if rows[at].unit.cases <= missing:
                units[at] += 1
                missing -= rows[at].unit.cases
                moved = True
    return units


def base_rate(fund_fen: int, patient_fen: int, total_units: int) -> int:
    """Rate (费率) in fen per unit that spends the money on an expected total weight in 1/10,000, half up.

    Args: patient_fen is what patients and other payers are expected to bear of the standards.
    """
    if total_units <= 0:
        raise ValueError("总权重须为正")
    return half_up((fund_fen + patient_fen) * TEN_THOUSAND, total_units)


def base_rates(
    run: WeightRun, stays: Iterable[Stay], groups: Mapping[str, GroupOf], budgets: Mapping[str, int]
) -> dict[str, int]:
    """Rate in fen by scheme that spends each budget on the latest year's stays again, patients' parts included.

    Stays without a weight, and those of persons insured elsewhere, take no part.
    """
    counted = [stay for stay in stays if not stay.remote and groups.get(stay.case_id, GroupOf("")).group in run.rows]
    latest = max((stay.year for stay in counted), default=0)
    found = {}
    for scheme, budget in sorted(budgets.items()):
        mine = [stay for stay in counted if stay.year == latest and stay.scheme == scheme]
        units = sum(run.rows[groups[stay.case_id].group].unit.units for stay in mine)
        if units:
            found[scheme] = base_rate(budget, sum(stay.patient_fen + stay.other_fen for stay in mine), units)
    return found


def cost_coefficients(
    stays: Sequence[Stay],
    groups: Mapping[str, GroupOf],
    means: Mapping[str, int],
    *,
    by: str = "level",
    least: int = 7_000,
    most: int = 15_000,
    bonus: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Coefficients in 1/10,000 by level or by institution (机构系数): own cost / cost at the groups' means, bounded.

    Case-mix is taken out: every stay is compared with the mean of its group (fen). `bonus` adds points by name.
    """
    own: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for stay in stays:
        middle = means.get(groups.get(stay.case_id, GroupOf("")).group, 0)
        if middle:
            key = stay.level if by == "level" else stay.institution
            own[key] += stay.total_fen
            expected[key] += middle
    found = {}
    for key in sorted(own):
        points = half_up(own[key] * TEN_THOUSAND, expected[key]) + (bonus or {}).get(key, 0)
        found[key] = max(least, min(most, points))
    return found
