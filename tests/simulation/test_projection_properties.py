"""What must hold of every projection: which way each supposition works, another way of reckoning, days of a reform."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import LEVEL_CODES
from openyibao.policy.contracts import Source
from openyibao.policy.facade import Policies
from openyibao.simulation.projection import reforms
from openyibao.simulation.projection.assumptions import births_by_age, mortality, parameters
from openyibao.simulation.projection.engine import Paths, run, single
from openyibao.simulation.projection.measure import Measured
from openyibao.simulation.projection.response import CASES, answered
from openyibao.simulation.projection.result import pools_of
from tests.simulation import projection_oracle as oracle
from tests.simulation.test_projection import INPATIENT, made_up, start

EMPLOYEE, RESIDENT = 0, 1
YEARS = 20
POOR = 2e9
"""An opening balance that is used up within the years."""


def tight(units: int = 1) -> Measured:
    """Pools that take in in the first year just what they spend."""
    measured = made_up(units)
    measured.fund[:, RESIDENT] *= 5  # about 1,500 yuan a head: costs outgrow premiums that rise by 54 yuan a year
    measured.rate_fund[2] *= 5
    paths = run(measured, start(measured), single("wage_growth", 5.0, 1), 0)
    times = (paths.spending / paths.income)[0, 0, 0]
    measured.into *= np.array([times[0], times[0], times[1]])
    return measured


def path(name: str, value: float, balance: float = POOR) -> Paths:
    measured = tight()
    return run(measured, start(measured, balance), single(name, value, YEARS), YEARS)


def crossed(paths: Paths, which: int) -> dict[str, int]:
    """Line -> the year below it; a year after the last where it is never crossed."""
    pool = pools_of(paths, ["371500"], 1.0)[which]
    return {line: row["central"] or paths.years[-1] + 1 for line, row in pool.crossings.items()}


DIRECTIONS = [
    ("wage_growth", (3.0, 5.0, 7.0), "income", EMPLOYEE, 1),
    ("individual_step", (10.0, 24.0, 30.0), "income", RESIDENT, 1),
    ("subsidy_step", (15.0, 30.0, 40.0), "income", RESIDENT, 1),
    ("cost_growth_employee", (2.5, 4.5, 6.5), "spending", EMPLOYEE, -1),
    ("cost_growth_resident", (3.0, 5.0, 8.0), "spending", RESIDENT, -1),
    ("visit_growth", (-0.5, 0.5, 1.5), "spending", EMPLOYEE, -1),
    ("visit_growth", (-0.5, 0.5, 1.5), "spending", RESIDENT, -1),
]


@pytest.mark.parametrize(("name", "values", "flow", "which", "sign"), DIRECTIONS, ids=lambda one: str(one))
def test_more_of_it_moves_the_flow_and_the_crossing(
    name: str, values: tuple[float, ...], flow: str, which: int, sign: int
) -> None:
    """Higher wages: more income every year, no balance lower, no line crossed earlier; costs the other way round."""
    runs = [path(name, value) for value in values]
    for less, more in pairwise(runs):
        low, high = (getattr(one, flow)[0, 1:, 0, which] for one in (less, more))
        assert (high > low).all()
        assert (sign * (more.balance - less.balance)[0, 1:, 0, which] > 0).all()
        for line, year in crossed(less, which).items():
            assert sign * (crossed(more, which)[line] - year) >= 0
    ends = [crossed(one, which)["zero"] for one in (runs[0], runs[-1])]
    assert ends[0] != ends[1], "the range tried makes a difference"


@pytest.mark.parametrize("which", [EMPLOYEE, RESIDENT])
def test_a_larger_reserve_is_crossed_later_and_leaves_the_flows_alone(which: int) -> None:
    runs = [path("wage_growth", 5.0, balance) for balance in (1e9, 2e9, 4e9)]
    for less, more in pairwise(runs):
        assert (less.income == more.income).all()
        assert (less.spending == more.spending).all()
        assert ((more.balance - less.balance)[0, :, 0, which] >= 1e9 - 1).all()
        assert all(crossed(more, which)[line] >= year for line, year in crossed(less, which).items())


def test_one_scheme_s_suppositions_leave_the_other_alone() -> None:
    central = path("wage_growth", 5.0)
    for name, other in (("cost_growth_resident", EMPLOYEE), ("wage_growth", RESIDENT), ("subsidy_step", EMPLOYEE)):
        moved = path(name, 9.0)
        assert (moved.balance[..., other] == central.balance[..., other]).all()
        assert (moved.balance[..., 1 - other] != central.balance[..., 1 - other]).any()


def test_areas_do_not_lend_to_each_other() -> None:
    """A rich area's reserve moves no other area's balance."""
    measured = tight(2)
    first = start(measured, POOR)
    poor = run(measured, first, single("wage_growth", 5.0, YEARS), YEARS)
    first.balance[1] *= 50
    rich = run(measured, first, single("wage_growth", 5.0, YEARS), YEARS)
    assert (rich.balance[:, :, 0] == poor.balance[:, :, 0]).all()
    assert (rich.balance[:, :, 1] > poor.balance[:, :, 1]).all()


def test_another_way_of_reckoning_comes_to_the_same_fen() -> None:
    """Plain loops over sexes and ages, from the people to the balances: twelve years, every row to the fen."""
    measured = made_up(1, year=2010)  # the law on retirement begins in 2025
    values = {one.name: one.central for one in parameters()}
    chosen = single("wage_growth", values["wage_growth"], 12)
    said = {name: float(row[0]) for name, row in chosen.values.items()}
    paths = run(measured, start(measured, POOR), chosen, 12)
    heads = {
        (group, sex, age): float(measured.heads[0, group, sex, age])
        for group in range(3)
        for sex in range(2)
        for age in range(101)
    }
    retired, share = oracle.retired_shares(heads), oracle.employed_shares(heads)
    rate = {
        (group, sex, at): 10_000.0 + 2_000.0 * at
        for group in range(3)
        for sex in range(2)
        for at in range(len(oracle.BANDS))
    }
    world = {"heads": heads, "retired": retired, "share": share, "rate": rate}
    world["opening"] = {"employee": POOR, "resident": POOR}
    _as_measured(world, measured)
    rows = oracle.paths(world, said, mortality(), births_by_age(), 12)
    for at, row in enumerate(rows):
        for which, scheme in enumerate(("employee", "resident")):
            for name in ("income", "spending", "balance"):
                mine, theirs = row[f"{scheme}.{name}"], float(getattr(paths, name)[0, at, 0, which])
                assert abs(mine - theirs) <= 1, (at, scheme, name, mine, theirs)


def _as_measured(world: dict[str, Any], measured: Measured) -> None:
    """Rates scaled so that the first year comes out as measured: the smoothed curve moves people a little."""
    groups = dict.fromkeys((0, 1, 2), 0.0)
    expected = dict.fromkeys(("employee", "resident"), 0.0)
    for (group, sex, age), count in world["heads"].items():
        gone = world["retired"][sex, age]
        parts = [(2, 1.0)] if group == 2 else [(0, 1 - gone), (1, gone)]
        for mine, share in parts:
            groups[mine] += count * share
            fen = count * share * world["rate"][mine, sex, oracle.band(age)]
            expected["resident" if mine == 2 else "employee"] += fen
    paid = measured.fund[0].sum(axis=-1)
    scale = [paid[0] / expected["employee"], paid[1] / expected["resident"]]
    world["rate"] = {key: value * scale[1 if key[0] == 2 else 0] for key, value in world["rate"].items()}
    world["into"] = {group: float(measured.into[0, group]) / groups[group] for group in groups}
    world["allowance"] = float(measured.allowance[0]) / groups[0]
    world["premium"] = [float(value) for value in measured.premium[0]]


# Days of a reform -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "end", "parts"),
    [
        (date(2023, 1, 1), reforms.LAST, (1.0, 1.0, 1.0)),
        (date(2024, 7, 1), reforms.LAST, (0.0, 184 / 366, 1.0)),
        (date(2023, 4, 1), date(2024, 4, 1), (275 / 365, 91 / 366, 0.0)),
    ],
)
def test_a_year_counts_by_its_days(begin: date, end: date, parts: tuple[float, ...]) -> None:
    assert tuple(reforms.share_of(year, begin, end) for year in (2023, 2024, 2025)) == parts


def stages(policies: Policies, *changes: tuple[str, str, str]) -> list[reforms.Stage]:
    rows = [{"path": path, "from": start, "value": value} for path, start, value in changes]
    return list(reforms._stages(policies, Source("r.yaml", {"changes": rows}), 2022))


def test_changes_within_the_base_year_hold_all_of_it_and_later_ones_are_stages(policies: Policies) -> None:
    cap = "liaocheng/resident/outpatient.yaml#cap.amount"
    found = stages(policies, (cap, "2025-07-01", "500"), (cap, "2022-04-01", "300"), (cap, "2022-09-01", "400"))
    assert [stage.begins for stage in found] == [date(2023, 1, 1), date(2025, 7, 1)]
    held = []
    for stage in found:
        version = stage.policies.rulebook.files["liaocheng/resident/outpatient.yaml"].on(date(2022, 1, 1))
        assert version is not None
        held.append(version.body["cap"]["amount"])
    assert held == ["400", "500"], "of two changes of one figure the later day's counts"


# Response ---------------------------------------------------------------------------------------------------------


def by_level(measured: Measured, burden: float) -> Measured:
    """The same measure with all its stays in tertiary hospitals and a burden on them."""
    size = (*measured.fund.shape, len(LEVEL_CODES))
    funds, burdens = np.zeros(size), np.zeros(size)
    at = LEVEL_CODES.index("tertiary")
    funds[..., at] = measured.fund
    burdens[..., INPATIENT, at] = burden
    return replace(measured, level_fund=funds, level_burden=burdens)


def test_visits_answer_to_the_burden_as_the_elasticities_say() -> None:
    """A fifth more to pay: (1 + e·a)/(1 − e·a) with a = 0.2/2.2 by hand; nothing where no burden moves."""
    measured = made_up(1)
    before, after = by_level(measured, 1_000_000.0), by_level(measured, 1_200_000.0)
    a = 0.2 / 2.2
    for case, e in zip(CASES, (-0.10, -0.19, -0.37), strict=True):
        fund = answered(before, after, case).fund
        expected = measured.fund[..., INPATIENT] * (1 + e * a) / (1 - e * a)
        assert np.allclose(fund[..., INPATIENT], expected)
        assert np.array_equal(answered(before, before, case).fund, measured.fund)
