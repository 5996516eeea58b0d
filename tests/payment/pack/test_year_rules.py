"""Budgets of institutions, capitation, consortium: by hand and in sum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openyibao.payment.engine.pack.budget import History, budgets, growth_of, points_of, total_control
from openyibao.payment.engine.pack.errors import NothingToShareBy, PriceMissing
from openyibao.payment.engine.pack.members import Member, capitation, consortium_year, factor_of
from openyibao.payment.engine.pack.pack import BudgetRules, Capitation, Consortium, Sharing

RULES = BudgetRules(
    year_weights=(1, 2, 7),
    growth={"employee": 600},
    signals={"admissions": (3_000, 1_000), "cost_per_case": (2_000, 1_000), "bed_days": (1_000, 1_000)},
    tcm_points=300,
    reserve=500,
)


def test_growth_is_the_last_year_over_the_mean_of_the_two_before() -> None:
    assert growth_of((100, 100, 110)) == 1_000
    assert growth_of((90, 110, 95)) == -500
    assert growth_of((0, 0, 5)) == 0


def test_an_index_by_hand() -> None:
    history = History("H1", (1_000_000, 1_000_000, 1_000_000), (100, 100, 104), (800, 800, 800), (100, 100, 156), True)
    # 人次 +4% × 30% = 1.2%；次均 1→1.5 超过上限 10%，× 20% 反向 −2%；床日 0；中医 +3%；增长 6%
    assert points_of(history, RULES, "employee") == {
        "growth": 600,
        "admissions": 120,
        "cost_per_case": -200,
        "bed_days": 0,
        "tcm": 300,
    }
    made = budgets([history], RULES, "employee", 2_000_000)
    (one,) = made.lines
    assert (one.base_fen, one.index_fen) == (1_000_000, 1_082_000)
    assert (made.reserve_fen, one.amount_fen) == (100_000, 1_900_000)


def test_three_points_for_a_tcm_hospital_and_years_are_weighted() -> None:
    plain = History("H1", (100, 200, 300))
    made = budgets(
        [plain, History("H2", (100, 200, 300), tcm=True)], BudgetRules((1, 2, 7), tcm_points=300), "x", 103_150
    )
    assert [line.base_fen for line in made.lines] == [260, 260]
    assert [line.index_fen for line in made.lines] == [260, 268]
    assert sum(line.amount_fen for line in made.lines) == 103_150


@given(
    st.lists(st.tuples(*[st.integers(0, 10**10)] * 3), min_size=1, max_size=12).filter(
        lambda rows: any(row[2] > 9 for row in rows)
    )
)
def test_budgets_and_reserve_are_the_pool(rows: list[tuple[int, int, int]]) -> None:
    histories = [History(f"H{at}", row) for at, row in enumerate(rows)]
    made = budgets(histories, RULES, "employee", 123_456_789)
    assert made.reserve_fen + sum(line.amount_fen for line in made.lines) == 123_456_789
    assert budgets(histories[::-1], RULES, "employee", 123_456_789) == made


def test_a_pool_without_history_is_refused() -> None:
    with pytest.raises(NothingToShareBy):
        budgets([History("H1", (0, 0, 0))], RULES, "employee", 100)


CONTROL = Sharing(((0, 0),), ((11_000, 5_000),))
"""By item below the index; half of an overspend up to 110 %."""


def test_total_control_by_hand() -> None:
    made = budgets(
        [History("H1", (1, 1, 500)), History("H2", (1, 1, 500))], BudgetRules((0, 0, 1), reserve=100), "x", 2_000_000
    )
    assert [line.amount_fen for line in made.lines] == [990_000, 990_000]
    rows, retained = total_control(made, {"H1": 900_000, "H2": 1_200_000}, CONTROL)
    # 甲按项目 9000；乙超支至 110% 的部分担一半
    assert [row.due_fen for row in rows] == [900_000, 990_000 + 49_500]
    assert retained == 2_000_000 - 900_000 - 1_039_500


@given(
    st.lists(st.tuples(st.integers(10, 10**8), st.integers(0, 10**9)), min_size=1, max_size=10),
    st.integers(10**6, 10**9),
)
def test_under_total_control_nothing_is_lost_and_nothing_beyond_the_pool(
    rows: list[tuple[int, int]], pool: int
) -> None:
    made = budgets([History(f"H{at}", (0, 0, fund)) for at, (fund, _) in enumerate(rows)], RULES, "x", pool)
    settled, retained = total_control(made, {f"H{at}": billed for at, (_, billed) in enumerate(rows)}, CONTROL)
    assert sum(row.due_fen for row in settled) + retained == pool
    assert retained >= 0
    assert all(row.due_fen >= 0 for row in settled)


CAPITATION = Capitation(
    per_month={"resident": 620},
    bands=((0, 0, 6, 9_000), (1, 7, 130, 8_000), (2, 7, 130, 10_000)),
    diseases={"hypertension": 18_000, "diabetes": 22_000},
    sharing=Sharing(((8_000, 10_000), (0, 5_000)), ((11_000, 5_000),)),
)


def test_a_member_counts_by_age_sex_and_dearest_disease() -> None:
    assert factor_of(Member("H", "resident", 12, 3, 2), CAPITATION) == 9_000
    assert factor_of(Member("H", "resident", 12, 40, 1), CAPITATION) == 8_000
    assert factor_of(Member("H", "resident", 12, 70, 1, ("hypertension", "diabetes")), CAPITATION) == 17_600
    assert factor_of(Member("H", "resident", 12, 70, 2, ("asthma",)), CAPITATION) == 10_000


def test_capitation_by_hand() -> None:
    members = [Member("H1", "resident", 12, 40, 2), Member("H1", "resident", 6, 40, 1)]
    # 12 + 6×0.8 = 16.8 人月 × 6.20 = 104.16
    (one,) = capitation(members, CAPITATION, {"H1": 12_000})
    assert (one.months, one.weighted, one.standard_fen) == (18, 168_000, 10_416)
    # 超支至 110% 的 10.416 元担一半
    assert one.due_fen == 10_416 + 521
    with pytest.raises(PriceMissing):
        capitation([Member("H1", "employee", 1, 30, 1)], CAPITATION, {})


CONSORTIUM = Consortium({"resident": 62_000}, 9_500, 500, Sharing(((9_000, 10_000), (0, 6_000)), ((10_500, 5_000),)))


def test_a_consortium_keeps_what_it_saves_and_pays_for_its_people_elsewhere() -> None:
    made = consortium_year({"resident": 1_000}, CONSORTIUM, 10_000_000, 40_000_000, {"H1": 60, "H2": 30, "H3": 10})
    # 620000 × 95% = 589000；预留 29450；县外 100000；余 459550；实支 400000 为 87%，90% 以下的退四成
    assert (made.budget_fen, made.reserve_fen, made.standard_fen) == (58_900_000, 2_945_000, 45_955_000)
    assert made.returned_fen == 543_800
    assert made.due_fen == 45_411_200 == sum(made.parts.values())
    assert made.parts["H1"] == 27_246_720


def test_an_overspent_consortium_is_helped_only_from_its_reserve() -> None:
    made = consortium_year({"resident": 1_000}, CONSORTIUM, 0, 90_000_000, {"H1": 1})
    assert made.extra_fen == 1_398_875  # 55955000 的 5% 的一半，未超预留
    assert consortium_year({"resident": 10}, CONSORTIUM, 10**9, 0, {"H1": 1}).standard_fen == 0
