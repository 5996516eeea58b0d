"""The funds over the years: people are conserved, the first year is what was measured, the rest follows by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import BENEFIT_CODES
from openyibao.simulation.projection.assumptions import AGES, births_by_age, life_expectancy, mortality, parameters
from openyibao.simulation.projection.backtest import back_test, fit
from openyibao.simulation.projection.engine import NAMED, Scenarios, Start, run, scenarios, single
from openyibao.simulation.projection.measure import BAND_OF, BANDS, Measured, Unit
from openyibao.simulation.projection.population import Course, begin, step
from openyibao.simulation.projection.result import pools_of
from openyibao.simulation.projection.warning import warnings

INPATIENT = BENEFIT_CODES.index("inpatient")
BENEFITS = len(BENEFIT_CODES)


def made_up(units: int = 2, year: int = 2022, heads: float = 1000.0) -> Measured:
    """Areas with the same people: employees from 20, retired from 60, residents of every age; care costs with age."""
    people = np.zeros((units, 3, 2, AGES))
    people[:, 0, :, 20:60] = heads
    people[:, 1, :, 60:90] = heads / 2
    people[:, 2, :, :90] = heads
    banded = np.add.reduceat(people.sum(0), BANDS, axis=-1)
    per_head = np.zeros((3, 2, len(BANDS), BENEFITS))
    per_head[..., INPATIENT] = 10_000 + 2_000 * np.arange(len(BANDS))
    rate_fund = per_head * banded[..., None]
    by_unit = np.add.reduceat(people, BANDS, axis=-1)
    by_group = np.einsum("ugsk,gskb->ugb", by_unit, per_head)
    fund = np.stack([by_group[:, 0] + by_group[:, 1], by_group[:, 2]], axis=1)
    groups = people.sum(axis=(-1, -2))
    into = groups * np.array([60_000.0, -5_000.0, 32_000.0])
    return Measured(
        year=year,
        units=[Unit(str(371500 + at), "371500") for at in range(units)],
        heads=people,
        visits=np.full((units, 2, BENEFITS), 10_000.0),
        fund=fund,
        rate_fund=rate_fund,
        rate_visits=rate_fund / 100,
        rate_cost=rate_fund * 2,
        into=into,
        bases=groups * np.array([400_000.0, 300_000.0, 0.0]),
        allowance=groups[:, 0] * 300,
        premium=np.tile([2_000.0, 9_000.0], (units, 1)),
        lift=np.zeros((units, 3)),
    )


def start(measured: Measured, balance: float = 5e9) -> Start:
    size = (len(measured.units), 2)
    nought = np.zeros(size)
    return Start(np.full((*size, 3), balance), nought, nought, nought)


def still(years: int, **values: float) -> Scenarios:
    """A scenario in which nothing grows, but what is said."""
    chosen = single("migration", 0.0, years)
    for name in chosen.values:
        chosen.values[name] = np.array([values.get(name, 0.0)])
    return chosen


# People -----------------------------------------------------------------------------------------------------------


def test_people_are_born_and_die_and_nobody_else_comes_or_goes() -> None:
    measured = made_up()
    course = Course.of(measured)
    people = begin(measured, course, 1)
    for since in range(1, 6):
        values = still(1, fertility=1.2).values
        before = people.employee + people.resident
        after = step(people, course, values, 2022 + since, since)
        dead = (before * mortality()[None, None]).sum()
        born = (before[:, :, 1] * births_by_age()).sum() * 1.2
        assert np.isclose((after.employee + after.resident).sum(), before.sum() - dead + born)
        people = after


def test_the_last_age_keeps_its_people() -> None:
    measured = made_up()
    measured.heads[...] = 0
    measured.heads[:, 2, :, AGES - 1] = 100
    people = step(begin(measured, Course.of(measured), 1), Course.of(measured), still(1).values, 2023, 1)
    assert np.allclose(people.resident[0, 0, :, AGES - 1], 100 * (1 - mortality()[:, AGES - 1]))


def test_those_at_work_today_are_the_retired_of_tomorrow() -> None:
    """From 45 a cohort keeps its scheme: nobody of 50 to 59 is lost to the residents in ten years."""
    measured = made_up()
    course = Course.of(measured)
    people = begin(measured, course, 1)
    cohort = people.employee[0, 0, :, 50].copy()
    for since in range(1, 11):
        people = step(people, course, still(1).values, 2022 + since, since)
        cohort = cohort * (1 - mortality()[:, 49 + since])
    assert np.allclose(people.employee[0, 0, :, 60], cohort)
    assert people.groups()[0, 0, 1, :, 62].min() > 0.9 * people.employee[0, 0, :, 62].min()


def test_later_retirement_keeps_people_at_work() -> None:
    measured = made_up()

    def retired(carried_out: float, year: int) -> Any:
        paths = run(measured, start(measured), still(year - 2022, retirement_delay=carried_out), year - 2022)
        return paths.heads[0, -1, 0, 1]

    assert retired(1.0, 2024) == retired(0.0, 2024)  # the law holds from 2025
    assert retired(1.0, 2030) < retired(0.5, 2030) < retired(0.0, 2030)


def test_life_expectancy_is_that_of_people() -> None:
    male, female = life_expectancy()
    assert 73 < male < 79 < female < 85
    assert np.isclose(births_by_age().sum(), 1.0)


# Money ------------------------------------------------------------------------------------------------------------


def test_the_first_year_is_what_was_measured() -> None:
    measured = made_up()
    paths = run(measured, start(measured), scenarios(3, 5, 1), 3)
    heads = measured.heads.sum(axis=(-1, -2))
    spent = measured.fund.sum(axis=-1) + np.stack([heads[:, 0] + heads[:, 1], heads[:, 2]], 1) * measured.premium
    spent[:, 0] += measured.allowance
    assert np.allclose(paths.spending[:, 0], spent)
    income = np.stack([measured.into[:, 0] + measured.into[:, 1], measured.into[:, 2]], 1)
    assert np.allclose(paths.income[:, 0], income)
    assert np.allclose(paths.balance[:, 0], 5e9 + income - spent)


def test_a_balance_is_the_one_before_with_interest_and_the_year() -> None:
    measured = made_up()
    chosen = scenarios(4, 3, 1)
    paths = run(measured, start(measured), chosen, 4)
    interest = chosen.values["interest"][:, None, None]
    for at in range(1, 5):
        before = paths.balance[:, at - 1]
        wanted = before + np.maximum(before, 0) * interest + paths.income[:, at] - paths.spending[:, at]
        assert np.allclose(paths.balance[:, at], wanted)


def test_a_reform_begins_after_the_first_year() -> None:
    """Its balances start from what really was left, its flows from its own."""
    measured = made_up()
    cheaper = replace(measured, fund=measured.fund * 0.9, rate_fund=measured.rate_fund * 0.9)
    chosen = still(2)
    base = run(measured, start(measured), chosen, 2)
    after = run(cheaper, start(measured), chosen, 2, base.balance[:, 0])
    assert np.array_equal(after.balance[:, 0], base.balance[:, 0])
    saved = (base.spending - after.spending)[:, 1:].cumsum(axis=1)
    assert np.allclose(after.balance[:, 1:] - base.balance[:, 1:], saved)


def test_growth_compounds_and_steps_add() -> None:
    measured = made_up()
    paths = run(measured, start(measured), still(2, cost_growth_resident=0.05, visit_growth=0.01), 2)
    flat = run(measured, start(measured), still(2), 2)
    assert np.allclose(paths.spending[0, 2, :, 1], flat.spending[0, 2, :, 1] * (1.05 * 1.01) ** 2)
    stepped = run(measured, start(measured), still(2, individual_step=20, subsidy_step=30), 2)
    more = stepped.income[0, 2, :, 1] - flat.income[0, 2, :, 1]
    assert np.allclose(more, flat.heads[0, 2, :, 2] * 100 * 100)
    waged = run(measured, start(measured), still(1, wage_growth=0.10, pension_growth=0.02), 1)
    per_head = measured.into[:, :2] / waged.heads[0, 0, :, :2]
    wanted = (waged.heads[0, 1, :, :2] * per_head * [1.10, 1.02]).sum(axis=1)
    assert np.allclose(waged.income[0, 1, :, 0], wanted)


def test_temporary_relief_ends_with_its_year() -> None:
    measured = made_up()
    lifted = replace(measured, lift=np.array([[1e6, 0, 0]] * 2))
    plain, more = (run(one, start(one), still(1), 1) for one in (measured, lifted))
    assert np.allclose(plain.income[0, 0], more.income[0, 0])
    ratio = plain.heads[0, 1, :, 0] / plain.heads[0, 0, :, 0]
    assert np.allclose(more.income[0, 1, :, 0] - plain.income[0, 1, :, 0], 1e6 * ratio)


def test_named_scenarios_enclose_and_draws_repeat() -> None:
    measured = made_up()
    one, two = (run(measured, start(measured), scenarios(10, 60, 5), 10) for _ in range(2))
    assert np.array_equal(one.balance, two.balance)
    assert not np.array_equal(one.balance, run(measured, start(measured), scenarios(10, 60, 6), 10).balance)
    central, good, bad = one.balance[: len(NAMED), -1]
    assert (bad < central).all()
    assert (central < good).all()
    drawn = one.balance[len(NAMED) :, -1]
    assert (drawn.max(axis=0) <= good).all()
    assert (drawn.min(axis=0) >= bad).all()


@pytest.mark.parametrize("one", parameters(), ids=lambda one: one.name)
def test_every_parameter_has_bounds_a_source_and_a_good_end(one: Any) -> None:
    assert one.low <= one.central <= one.high
    assert one.source
    assert one.certainty in ("seed", "public", "assumed")
    measured = made_up()
    ends = [
        run(measured, start(measured), single(one.name, value, 12), 12).balance[0, -1].sum()
        for value in (one.favourable, one.adverse)
    ]
    assert ends[0] != ends[1]
    if one.name != "fertility":  # children cost before they pay: within 12 years fewer births spare the fund
        assert ends[0] > ends[1]


# Crossings, sums, warnings ----------------------------------------------------------------------------------------


def falling(months: list[float]) -> Any:
    """A path of one pool with these payable months: spending 12 a year, so that a month is 1."""
    measured = made_up(1)
    chosen = still(len(months) - 1)
    paths = run(measured, start(measured), chosen, len(months) - 1)
    paths.spending[...] = 12.0
    paths.income[...] = 12.0
    paths.balance[...] = np.array(months)[None, :, None, None]
    return paths


def test_a_line_is_crossed_in_the_first_year_below_it() -> None:
    pool = pools_of(falling([9.0, 8.9, 6.0, 5.99, 3.0, -0.1]), ["371500"], 1.0)[0]
    found = {line: row["central"] for line, row in pool.crossings.items()}
    assert found == {"9": 2023, "6": 2025, "3": 2027, "zero": 2027}
    assert pool.crossings["6"]["probability"] is None, "one scenario is no chance"
    whole = pools_of(falling([9.0, 9.5]), ["371500"], 1.0)[0]
    assert [row["central"] for row in whole.crossings.values()] == [None] * 4


def test_a_province_is_the_sum_of_its_pools_and_scale_is_undone() -> None:
    measured = made_up(3)
    paths = run(measured, start(measured), scenarios(2, 4, 1), 2)
    found = pools_of(paths, [unit.area for unit in measured.units], 0.01)
    for scheme in ("employee", "resident"):
        mine = [one for one in found if one.scheme == scheme]
        whole = next(one for one in mine if not one.area)
        parts = [one for one in mine if one.area]
        assert len(parts) == 3
        for name in ("income", "spending", "balance"):
            for year in range(3):
                assert abs(getattr(whole, name)[year] - sum(getattr(one, name)[year] for one in parts)) <= 3
        assert abs(parts[0].income[0] - 100 * paths.income[0, 0, 0, ("employee", "resident").index(scheme)]) <= 1
        assert all(isinstance(value, int) for value in whole.income)


def test_without_an_opening_balance_no_line_is_crossed() -> None:
    measured = made_up(2)
    first = start(measured)
    first.balance[0, 1] = np.nan
    paths = run(measured, first, scenarios(2, 4, 1), 2)
    found = {(one.area, one.scheme): one for one in pools_of(paths, ["371500", "371501"], 1.0)}
    assert found["371500", "resident"].balance is None
    assert found["371500", "resident"].crossings == {}
    assert found["", "resident"].balance is None  # a sum with an unknown part is not known
    assert found["371501", "resident"].balance is not None


def test_a_planted_deficit_is_the_one_warned_of() -> None:
    measured = made_up(4)
    measured.into[:, 2] *= 1.4
    first = start(measured, 1.4e10)
    nothing = warnings(run(measured, first, still(3), 3), measured, 1.0)
    assert nothing == []
    measured.fund[2, 1] *= 1.8  # residents of the third county cost four fifths more
    found = warnings(run(measured, first, still(3), 3), measured, 1.0)
    assert [(one.area, one.scheme) for one in found] == [("371502", "resident")]
    assert found[0].level == "flag"
    assert found[0].balance_fen < 0
    assert "收不抵支" in found[0].reasons[0]
    poor = start(measured, 1.4e10)
    poor.balance[2, 1] = 4e8
    level = [one.level for one in warnings(run(measured, poor, still(3), 3), measured, 1.0)]
    assert level == ["red"]
    measured.visits[2, 1, INPATIENT] = 50  # a deficit of an eighth could be chance
    assert warnings(run(measured, poor, still(3), 3), measured, 1.0) == []
    measured.into[2, 2] *= 0.2  # one of four fifths could not, but it is still no more than a notice
    unsure = warnings(run(measured, poor, still(3), 3), measured, 1.0)[0]
    assert unsure.level == "flag"
    assert "可信度" in unsure.reasons[-1]


# Back-test --------------------------------------------------------------------------------------------------------


def grown(first: Measured, chosen: Scenarios, years: int) -> Measured:
    """What a year would be measured as, were the model true."""
    course = Course.of(first)
    people = begin(first, course, 1)
    for since in range(1, years + 1):
        people = step(people, course, chosen.values, first.year + since, since)
    heads = people.groups()[0]
    banded = np.add.reduceat(heads.sum(0), BANDS, axis=-1)
    before = np.add.reduceat(first.heads.sum(0), BANDS, axis=-1)
    values = {name: float(row[0]) for name, row in chosen.values.items()}
    visits = (1 + values["visit_growth"]) ** years
    costs = [(1 + values[f"cost_growth_{name}"]) ** years for name in ("employee", "employee", "resident")]
    levels = np.array(costs)[:, None, None, None]
    groups = heads.sum(axis=(-1, -2))
    old = np.maximum(first.heads.sum(axis=(-1, -2)), 1.0)
    wages = np.array([(1 + values["wage_growth"]) ** years, (1 + values["pension_growth"]) ** years, 1.0])
    rates = {name: getattr(first, name) / np.maximum(before, 1e-9)[..., None] for name in ("rate_fund", "rate_cost")}
    into = groups * first.into / old * wages
    into[:, 2] += groups[:, 2] * 100 * years * (values["individual_step"] + values["subsidy_step"])
    made = replace(
        first,
        year=first.year + years,
        heads=heads,
        rate_fund=rates["rate_fund"] * banded[..., None] * visits * levels,
        rate_cost=rates["rate_cost"] * banded[..., None] * visits * levels,
        rate_visits=first.rate_visits / np.maximum(before, 1e-9)[..., None] * banded[..., None] * visits,
        into=into,
        bases=groups * first.bases / old * wages,
        allowance=first.allowance * 0,
        premium=first.premium * 0,
    )
    by_unit = np.add.reduceat(heads, BANDS, axis=-1)
    by_group = np.einsum("ugsk,gskb->ugb", by_unit, made.rate_fund / np.maximum(banded, 1e-9)[..., None])
    return replace(made, fund=np.stack([by_group[:, 0] + by_group[:, 1], by_group[:, 2]], axis=1))


def test_what_grew_is_found_again_and_foretold() -> None:
    first = replace(made_up(), allowance=np.zeros(2), premium=np.zeros((2, 2)))
    truth = still(4, cost_growth_employee=0.06, cost_growth_resident=0.04, wage_growth=0.05, pension_growth=0.03)
    truth.values["visit_growth"][:] = 0.02
    truth.values["individual_step"][:] = 50
    truth.values["fertility"][:] = 1.1
    years = [first, *(grown(first, truth, at) for at in range(1, 4))]
    found = fit(years[0], years[1])
    for name in ("cost_growth_employee", "cost_growth_resident", "wage_growth", "pension_growth", "visit_growth"):
        assert np.isclose(found[name], truth.values[name][0], atol=2e-3), name
    assert np.isclose(found["individual_step"], 50, rtol=0.02)
    rows = back_test(years, start(first))
    assert {row["year"] for row in rows} == {2024, 2025}
    assert all(row["fitted"] for row in rows)
    for row in rows:
        for name in ("heads", "income", "spending"):
            assert abs(row[name]["error_percent"]) < 2.5, row
    broken = [*years[:3], replace(years[3], fund=years[3].fund * 2)]
    spent = [row["spending"]["error_percent"] for row in back_test(broken, start(first)) if row["year"] == 2025]
    assert all(error < -45 for error in spent)  # a doubling that nobody foresaw is seen


def test_one_year_is_no_back_test() -> None:
    assert back_test([made_up()], start(made_up())) == []


def test_bands_cover_every_age_once() -> None:
    assert len(BAND_OF) == AGES
    assert [BAND_OF.tolist().index(at) for at in range(len(BANDS))] == [*BANDS]
