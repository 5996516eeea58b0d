"""The year driver's own promises: it refuses what it must not index, and counts what the single driver counts."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from openyibao.kernel.errors import FigureMissing, PolicyMissing
from openyibao.policy.facade import Policies
from openyibao.policy.year import COLUMNS, EPOCH, GROUP_CODES, Ints, YearPlan

TERTIARY, ADULT, INPATIENT, OUTPATIENT = 4, 3, 0, 1


def plan(policies: Policies, area: str = "371500") -> YearPlan:
    return YearPlan(policies.compiler, [(area, "employee"), (area, "resident")], date(2021, 1, 1), date(2025, 12, 31))


def columns(*visits: dict[str, int], day: date = date(2022, 3, 5)) -> dict[str, Ints]:
    usual = {
        "year": day.year,
        "day": (day - EPOCH).days,
        "context": 1,
        "benefit": INPATIENT,
        "level": TERTIARY,
        "status": ADULT,
        "filing": -1,
        "stay": -1,
        "days": 1,
    }
    rows = [{name: 0 for name, _ in COLUMNS} | usual | visit for visit in visits]
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name, _ in COLUMNS}


def basic(made: YearPlan, cols: dict[str, Ints]) -> list[int]:
    result = made.settle(cols, splits=True)
    assert result.payments is not None
    paid = [int(fen) for fen in result.payments[:, result.layers.index("basic_pool")]]
    assert sum(paid) == int(result.totals[result.layers.index("basic_pool")])
    return paid


def test_counters_end_with_the_person_and_the_year(policies: Policies) -> None:
    stay = {"in_scope": 500_000}
    cols = columns({**stay, "person": 1}, {**stay, "person": 1}, {**stay, "person": 2})
    assert basic(plan(policies), cols) == [252_000, 276_000, 252_000]


def test_pieces_of_a_stay(policies: Policies) -> None:
    cols = columns({"in_scope": 30_000, "stay": 0}, {"in_scope": 500_000, "stay": 0}, {"in_scope": 500_000})
    assert basic(plan(policies), cols) == [0, 270_000, 276_000]


def test_several_groups_take_the_best(policies: Policies) -> None:
    both = 1 << GROUP_CODES.index("monitored") | 1 << GROUP_CODES.index("extremely_poor")
    made = plan(policies)
    one = {"in_scope": 6_000_000, "groups": 1 << GROUP_CODES.index("extremely_poor")}
    day = date(2023, 5, 1)
    best, two = (made.settle(columns(visit, day=day)) for visit in (one, {**one, "groups": both}))
    assert best.totals.tolist() == two.totals.tolist()


def test_missing_figures_and_dates_without_policy_refuse(policies: Policies) -> None:
    with pytest.raises(PolicyMissing):
        plan(policies).settle(columns({"in_scope": 100}, day=date(2021, 6, 1)))
    jinan = plan(policies, "370100")
    retired = {"context": 0, "status": 2, "benefit": OUTPATIENT, "in_scope": 100}
    with pytest.raises(FigureMissing, match="retired"):
        jinan.settle(columns(retired, day=date(2024, 6, 1)))
    assert int(jinan.settle(columns({**retired, "in_scope": 0}, day=date(2024, 6, 1))).totals.sum()) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("day", 0), ("stay", 10_000), ("context", 2), ("level", 99), ("in_scope", -1), ("in_scope", 3_000_000_001)],
)
def test_columns_out_of_bounds_are_refused(policies: Policies, name: str, value: int) -> None:
    with pytest.raises(ValueError, match=name):
        plan(policies).settle(columns({name: value}))


def test_no_visits_at_all(policies: Policies) -> None:
    empty = {name: np.zeros(0, dtype=np.int64) for name, _ in COLUMNS}
    assert int(plan(policies).settle(empty).totals.sum()) == 0
