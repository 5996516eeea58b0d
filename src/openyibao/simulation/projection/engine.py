"""The funds from year to year (基金收支推演), for many scenarios at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from openyibao.simulation.projection.assumptions import PERCENT, Parameter, noise, parameters
from openyibao.simulation.projection.measure import BANDS, GROUPS, SCHEMES, Measured
from openyibao.simulation.projection.population import Course, begin, step

Floats = Any
COST = ("cost_growth_employee", "cost_growth_resident")
NAMED = ("central", "favourable", "adverse")
"""The three scenarios that come first, then the random ones."""


@dataclass
class Scenarios:
    """Parameters of every scenario, in fractions (0.05), and the yearly shocks."""

    values: dict[str, Floats]
    shocks: dict[str, Floats]
    """[scenario, year]."""
    opening: Floats
    """[scenario]: where between low, central and high an uncertain opening balance lies: -1, 0, 1."""

    def __len__(self) -> int:
        return len(self.opening)

    def first(self) -> Scenarios:
        """The central scenario alone."""
        values, shocks = ({name: row[:1] for name, row in rows.items()} for rows in (self.values, self.shocks))
        return Scenarios(values, shocks, self.opening[:1])


def scenarios(years: int, draws: int, seed: int, overrides: dict[str, float] | None = None) -> Scenarios:
    """Central, favourable, adverse, then random draws: each parameter triangular between low, central, high."""
    chance = np.random.default_rng(seed)
    values = {}
    for one in parameters():
        drawn = _drawn(one, chance, draws)
        values[one.name] = np.concatenate([[one.central, one.favourable, one.adverse], drawn])
        if overrides and one.name in overrides:
            values[one.name] = values[one.name] - one.central + overrides[one.name]
        if one.name in PERCENT:
            values[one.name] = values[one.name] / 100
    shocks = {}
    for name, row in noise().items():
        random = chance.normal(0, row["sd"] / 100, (draws, years))
        shocks[name] = np.concatenate([np.zeros((len(NAMED), years)), random])
    opening = np.concatenate([[0.0, 1.0, -1.0], chance.uniform(-1, 1, draws)])
    return Scenarios(values, shocks, opening)


def _drawn(one: Parameter, chance: np.random.Generator, draws: int) -> Floats:
    if one.low == one.high:
        return np.full(draws, one.central)
    return chance.triangular(one.low, one.central, one.high, draws)


def single(name: str, value: float, years: int) -> Scenarios:
    """The central scenario with one parameter moved: what it alone does."""
    made = scenarios(years, 0, 0)
    kept = Scenarios(
        {key: row[:1].copy() for key, row in made.values.items()},
        {key: row[:1] for key, row in made.shocks.items()},
        made.opening[:1],
    )
    kept.values[name][:] = value / 100 if name in PERCENT else value
    return kept


@dataclass
class Start:
    """What a pool has besides persons: opening balance and items that no head carries, fen as in the dataset."""

    balance: Floats
    """[unit, scheme, 3]: low, central, high at the end of the first year, before its own balance; nan: not known."""
    interest: Floats
    other_income: Floats
    other_expenditure: Floats
    """[unit, scheme] each."""


@dataclass
class Paths:
    """[scenario, year, unit, scheme], the first year being the measured one. Fen as in the dataset."""

    years: list[int]
    income: Floats
    spending: Floats
    balance: Floats
    """Cumulative, at the year's end; nan where the opening is not known."""
    heads: Floats
    """[scenario, year, unit, group]."""

    def first(self) -> Paths:
        """The paths of the first scenario alone."""
        rows = (row[:1] for row in (self.income, self.spending, self.balance, self.heads))
        return Paths(self.years, *rows)

    @property
    def months(self) -> Floats:
        """Months payable: cumulative balance over a month's spending."""
        return 12 * self.balance / np.maximum(self.spending, 1.0)


def run(measured: Measured, start: Start, chosen: Scenarios, years: int, closing: Floats | None = None) -> Paths:
    """Project a measured year. The first year of the paths is the measured one, as it was.

    Args: closing: [scenario, unit, scheme], balances at the end of the first year, when the measured one is not what
    really was paid (a reform that was not yet in force).
    """
    course = Course.of(measured)
    people = begin(measured, course, len(chosen))
    flows = _Flows.of(measured, people.by_band())
    growth = _Growth(chosen)
    income, spending, heads = [], [], []
    for since in range(years + 1):
        if since:
            people = step(people, course, chosen.values, measured.year + since, since)
            growth.next(since - 1)
        banded = people.by_band()
        groups = banded.sum(axis=(-1, -2))
        income.append(flows.income(groups, growth, since) + start.other_income)
        spending.append(flows.spending(banded, groups, growth) + start.other_expenditure)
        heads.append(groups)
    paths = [np.stack(one, axis=1) for one in (income, spending, heads)]
    balance = balances(paths[0], paths[1], start, chosen, closing)
    return Paths([measured.year + at for at in range(years + 1)], paths[0], paths[1], balance, paths[2])


class _Growth:
    """Levels of wages, pensions and costs against the first year, by scenario."""

    def __init__(self, chosen: Scenarios) -> None:
        self.chosen = chosen
        ones = np.ones(len(chosen))
        self.wage, self.pension, self.cost = ones.copy(), ones.copy(), np.ones((len(chosen), 2))

    def next(self, at: int) -> None:
        values, shocks = self.chosen.values, self.chosen.shocks
        self.wage *= 1 + values["wage_growth"] + shocks["wage_growth"][:, at]
        self.pension *= 1 + values["pension_growth"]
        for scheme, name in enumerate(COST):
            more = (1 + values[name] + shocks[name][:, at]) * (1 + values["visit_growth"])
            self.cost[:, scheme] *= more


@dataclass
class _Flows:
    """Rates of the first year, ready to be multiplied."""

    per_head: Floats
    """[unit, group]: into the pool by head."""
    without_relief: Floats
    """[unit, group]: the same from the second year on."""
    rates: Floats
    """[group, sex, band, benefit]."""
    factors: Floats
    """[unit, scheme, benefit]."""
    allowance: Floats
    premium: Floats
    measured: Measured

    @classmethod
    def of(cls, measured: Measured, banded: Floats) -> _Flows:
        now = banded[0]
        groups = now.sum(axis=(-1, -2))
        heads = np.add.reduceat(measured.heads.sum(0), BANDS, axis=-1)
        rates = _rates(measured.rate_fund, heads)
        expected = np.einsum("ugsk,gskb->ugb", now, rates)
        by_scheme = np.stack([expected[:, 0] + expected[:, 1], expected[:, 2]], axis=1)
        factors = np.divide(measured.fund, by_scheme, out=np.zeros_like(by_scheme), where=by_scheme > 0)
        lifted = measured.into + measured.lift
        share = np.maximum(groups, 1.0)
        allowance = measured.allowance / np.maximum(groups[:, 0], 1.0)
        return cls(measured.into / share, lifted / share, rates, factors, allowance, measured.premium, measured)

    def income(self, groups: Floats, growth: _Growth, since: int) -> Floats:
        per_head = self.per_head if since == 0 else self.without_relief
        active = groups[:, :, 0] * per_head[:, 0] * growth.wage[:, None]
        retired = groups[:, :, 1] * per_head[:, 1] * growth.pension[:, None]
        steps = growth.chosen.values["individual_step"] + growth.chosen.values["subsidy_step"]
        resident = groups[:, :, 2] * (per_head[:, 2] + (100 * since * steps)[:, None] * (per_head[:, 2] > 0))
        return np.stack([active + retired, resident], axis=-1)

    def spending(self, banded: Floats, groups: Floats, growth: _Growth) -> Floats:
        """Bills of each age at its rate, allowances with wages, premiums with costs."""
        by_group = np.einsum("dugsk,gskb->dugb", banded, self.rates, optimize=True)
        by_scheme = np.stack([by_group[:, :, 0] + by_group[:, :, 1], by_group[:, :, 2]], axis=2)
        bills = (by_scheme * self.factors).sum(axis=-1)
        heads = np.stack([groups[:, :, 0] + groups[:, :, 1], groups[:, :, 2]], axis=-1)
        found = (bills + heads * self.premium) * growth.cost[:, None]
        found[:, :, 0] += groups[:, :, 0] * self.allowance * growth.wage[:, None]
        return found


FEW = 30
"""With fewer persons of an age band at work, or retired, their rate is that of both together."""


def _rates(fund: Floats, heads: Floats) -> Floats:
    """Fund per head, [group, sex, band, benefit]. Where hardly anybody is at work any more, or retired yet, the rate is
    that of all employees of the age: who works longer falls ill no less often."""
    found = fund / np.maximum(heads, 1.0)[..., None]
    both = fund[:2].sum(axis=0) / np.maximum(heads[:2].sum(axis=0), 1.0)[..., None]
    few = heads[:2] < FEW
    found[:2] = np.where(few[..., None], both[None], found[:2])
    return found


def balances(income: Floats, spending: Floats, start: Start, chosen: Scenarios, closing: Floats | None) -> Floats:
    """Cumulative balances: the one before, interest on it when positive, income less spending."""
    low, central, high = (start.balance[..., at] for at in range(3))
    way = chosen.opening[:, None, None]
    opening = central + np.where(way < 0, -way * (low - central), way * (high - central))
    found = [opening + income[:, 0] + start.interest - spending[:, 0] if closing is None else closing]
    for at in range(1, income.shape[1]):
        before = found[-1]
        interest = np.maximum(before, 0) * chosen.values["interest"][:, None, None]
        found.append(before + interest + income[:, at] - spending[:, at])
    return np.stack(found, axis=1)


__all__ = ["GROUPS", "NAMED", "SCHEMES", "Paths", "Scenarios", "Start", "balances", "run", "scenarios", "single"]
