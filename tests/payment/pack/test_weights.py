"""Weights from years of stays: trimmed and weighted means, negotiated changes, total kept; coefficients; indicators."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openyibao.payment.engine.pack.indicators import indicators, risk_classes
from openyibao.payment.engine.pack.pack import Unit
from openyibao.payment.engine.pack.pricing import Priced
from openyibao.payment.engine.pack.stats import Trim, quartiles_times_four, trimmed, variation, year_weights
from openyibao.payment.engine.pack.stays import GroupOf
from openyibao.payment.engine.pack.weights import (
    Override,
    WeightRules,
    base_rate,
    base_rates,
    build_weights,
    cost_coefficients,
)
from tests.payment.pack.support import stay

NO_TRIM = WeightRules(trim=Trim("none"), least_cases=1, basic_groups=frozenset())


def test_quartiles_and_trimming_by_hand() -> None:
    assert quartiles_times_four([1, 2, 3, 4]) == (7, 13)  # 1.75、3.25
    values = [10, 11, 12, 13, 14, 15, 16, 100]
    # Q1 11.75，Q3 15.25，四分位距 3.5：上限 20.5
    assert trimmed(values, Trim("iqr", 15_000, 8)) == values[:-1]
    assert trimmed(values, Trim("iqr", 15_000, 9)) == values
    assert trimmed(values, Trim("percent", 1_250, 8)) == values[1:-1]
    assert trimmed([5, 5, 5, 5, 5, 5, 5, 5], Trim("iqr", 15_000, 8)) == [5] * 8


def test_variation_and_year_weights() -> None:
    assert variation([10, 10, 10]) == 0
    assert variation([5, 15]) == pytest.approx(0.5)
    assert variation([7]) == 0
    assert year_weights([2025, 2023, 2024, 2025], (1, 2, 7)) == {2023: 1, 2024: 2, 2025: 7}
    assert year_weights([2025, 2024], (1, 2, 7)) == {2024: 2, 2025: 7}
    assert year_weights([2021, 2022, 2023, 2024], (1, 2, 7)) == {2022: 1, 2023: 2, 2024: 7}


def cases(*rows: tuple[str, int, int]) -> tuple[list, dict[str, GroupOf]]:  # type: ignore[type-arg]
    """(group, year, yuan) as stays and their groups."""
    stays = [stay(f"C{at:03d}", yuan, year=year, discharged="") for at, (_, year, yuan) in enumerate(rows)]
    return stays, {one.case_id: GroupOf(row[0]) for one, row in zip(stays, rows, strict=True)}


def test_weights_by_hand() -> None:
    stays, groups = cases(("A", 2024, 8_000), ("A", 2025, 10_000), ("B", 2025, 30_000), ("0000", 2025, 99_000))
    run = build_weights(stays, groups, NO_TRIM)
    # 甲：(2×8000 + 7×10000)/9；乙：30000；全部：(2×8000 + 7×20000)/9
    assert run.mean_fen == Fraction(2 * 800_000 + 7 * 2_000_000, 9)
    assert {name: row.unit.units for name, row in run.rows.items()} == {"A": 5_513, "B": 17_308}
    assert run.rows["A"].unit.mean_fen == 955_556


def test_a_negotiated_weight_is_recorded_and_the_total_is_kept() -> None:
    rows = [("A", 2025, 10_000)] * 6 + [("B", 2025, 20_000)] * 3 + [("C", 2025, 5_000)]
    stays, groups = cases(*rows)
    change = Override("B", 20_000, "专家组", date(2026, 1, 10), "新技术")
    run = build_weights(stays, groups, NO_TRIM, [change])
    assert run.rows["B"].override == change
    assert run.rows["B"].unit.units == 20_000
    assert run.total_after + run.left_over == run.total_before
    assert run.left_over == 0
    plain = build_weights(stays, groups, NO_TRIM)
    assert run.rows["A"].unit.units < plain.rows["A"].unit.units
    assert run.rows["B"].computed == plain.rows["B"].unit.units


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.integers(100, 90_000)), min_size=2, max_size=60),
    st.integers(1, 3_000),
)
def test_what_cannot_be_placed_is_less_than_any_group_could_take(rows: list[tuple[str, int]], weight: int) -> None:
    stays, groups = cases(*[(group, 2025, yuan) for group, yuan in rows])
    plain = build_weights(stays, groups, NO_TRIM)
    first = min(plain.rows)
    try:
        run = build_weights(stays, groups, NO_TRIM, [Override(first, weight, "x", date(2026, 1, 1), "y")])
    except ValueError:
        return
    free = [row.unit.cases for name, row in run.rows.items() if name != first]
    if free:
        assert run.total_after + run.left_over == run.total_before
        assert 0 <= run.left_over < min(free)
        assert build_weights(stays[::-1], groups, NO_TRIM, [run.rows[first].override]).rows == run.rows  # type: ignore[list-item]


def test_wrong_changes_are_refused() -> None:
    stays, groups = cases(("A", 2025, 10_000), ("B", 2025, 20_000))
    with pytest.raises(ValueError, match="没有病例"):
        build_weights(stays, groups, NO_TRIM, [Override("Z", 1, "x", date(2026, 1, 1), "y")])
    with pytest.raises(ValueError, match="超过总权重"):
        build_weights(stays, groups, NO_TRIM, [Override("A", 900_000, "x", date(2026, 1, 1), "y")])


def test_unstable_and_basic_groups() -> None:
    rules = WeightRules(trim=Trim("none"), least_cases=3, most_variation=5_000)
    rows = [("A", 2025, yuan) for yuan in (1_000, 1_000, 9_000)] + [("B", 2025, 5_000)] * 2 + [("C", 2025, 5_000)] * 4
    stays, groups = cases(*rows)
    stays = [
        stay(one.case_id, one.total_fen // 100, year=2025, level="primary" if at % 2 else "tertiary")
        for at, one in enumerate(stays)
    ]
    found = build_weights(stays, groups, rules).rows
    assert [found[name].unit.unstable for name in "ABC"] == [True, True, False]
    assert [found[name].unit.basic for name in "ABC"] == [False, False, True]


def test_the_rate_spends_the_budget_on_the_latest_year() -> None:
    stays, groups = cases(("A", 2024, 50_000), ("A", 2025, 10_000), ("B", 2025, 30_000))
    run = build_weights(stays, groups, NO_TRIM)
    units = sum(run.rows[name].unit.units for name in "AB")
    # 最近一年两例，个人负担 2000 与 6000
    assert base_rates(run, stays, groups, {"employee": 3_200_000, "resident": 5}) == {
        "employee": base_rate(3_200_000, 800_000, units)
    }


def test_rate_and_coefficients() -> None:
    assert base_rate(900_000_000, 300_000_000, 1_000_000) == 12_000_000
    stays = [
        stay("A", 12_000, level="tertiary"),
        stay("B", 9_000, level="primary"),
        stay("C", 100_000, level="ungraded"),
    ]
    groups = {one.case_id: GroupOf("AA11") for one in stays}
    assert cost_coefficients(stays, groups, {"AA11": 1_000_000}) == {
        "primary": 9_000,
        "tertiary": 12_000,
        "ungraded": 15_000,
    }
    assert cost_coefficients(stays[:1], groups, {"AA11": 1_000_000}, by="institution", bonus={"H1": 200}) == {
        "H1": 12_200
    }


UNITS = {
    "AA11": Unit("AA11", units=10_000, mean_fen=1_000_000, mean_days=800),
    "BB15": Unit("BB15", units=30_000, mean_fen=3_000_000, mean_days=1_000),
}


def priced(case_id: str, group: str, yuan: int, **changes: object) -> Priced:
    return Priced(stay(case_id, yuan, **changes), group, "drg", "normal", standard_fen=1_000_000, fund_fen=800_000)


def test_indicators_by_hand() -> None:
    rows = [
        priced("A", "AA11", 8_000, los=4),
        priced("B", "AA11", 10_000, los=8, leaving="5"),
        priced("C", "BB15", 45_000, los=20, doctor="D2"),
        priced("D", "0000", 1_000),
        priced("E", "AA11", 10_000, institution="H2"),
    ]
    first, second = indicators(rows, "institution", UNITS, {"AA11": "low"})
    assert (first.key, first.cases, first.grouped, first.groups_covered) == ("H1", 4, 3, 2)
    assert (first.total_weight, first.cmi) == (50_000, Fraction(5, 3))
    assert first.cost_index == (Fraction(8, 10) + 1 + Fraction(3, 2)) / 3
    assert first.time_index == (Fraction(1, 2) + 1 + 2) / 3
    assert (first.low_risk_cases, first.low_risk_deaths, first.low_risk_mortality) == (2, 1, Fraction(1, 2))
    assert (first.heavy, first.gap_fen, first.grouped_rate) == (1, 4_000_000 - 6_400_000, Fraction(3, 4))
    assert (second.key, second.cost_index) == ("H2", 1)
    assert [one.key for one in indicators(rows, "doctor", UNITS)] == ["H1/", "H1/D2", "H2/"]
    assert indicators([rows[3]], "institution", UNITS)[0].cmi is None


def test_risk_classes_follow_the_logarithm_of_mortality() -> None:
    rows = []
    for group, deaths in (("A", 0), ("B", 1), ("C", 10), ("D", 30), ("E", 90)):
        rows += [priced(f"{group}{at}", group, 100, leaving="5" if at < deaths else "1") for at in range(100)]
    assert risk_classes(rows) == {"A": "low", "B": "low", "C": "mid_high", "D": "mid_high", "E": "mid_high"} | {
        group: found for group, found in risk_classes(rows).items() if group in "CDE"
    }
    assert risk_classes(rows)["A"] == risk_classes(rows)["B"] == "low"
    assert list(risk_classes(rows)) == list("ABCDE")
