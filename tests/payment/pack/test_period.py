"""A period within its budget: by hand, and for any stays at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openyibao.payment.engine.pack.clearing import clear_year, released, sharing_due
from openyibao.payment.engine.pack.errors import BudgetTooSmall
from openyibao.payment.engine.pack.pack import Sharing, Version
from openyibao.payment.engine.pack.period import distribute, month_differences
from openyibao.payment.engine.pack.pricing import Priced, price_all
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from tests.payment.pack.support import DIP, DRG, POINTS, stay, version_of

pytestmark = pytest.mark.slow
"""Pays years of invented stays."""

YEAR = "  year: {%s}\n"


def paid(version: Version, stays: list[Stay], groups: list[str], budget: int):  # type: ignore[no-untyped-def]
    grouped = {one.case_id: GroupOf(group) for one, group in zip(stays, groups, strict=True)}
    return distribute(version, price_all(version, stays, grouped), {"employee": budget})


# By hand --------------------------------------------------------------------------------------------------------------


def test_the_value_of_a_point_is_money_over_points(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + YEAR % "reserve: 10%, point_basis: fund")
    settled, pools = paid(version, [stay("A"), stay("B")], ["AA11", "AA13"], 2_000_000)
    # 1800000 分给 100 点与 50 点
    assert [one.fund_fen for one in settled] == [1_200_000, 600_000]
    assert [one.standard_fen for one in settled] == [1_400_000, 800_000]
    pool = pools["employee"]
    assert (pool.reserve_fen, pool.paid_fen, pool.undistributed_fen, pool.value_text) == (
        200_000,
        1_800_000,
        0,
        "120.0000",
    )


def test_the_fen_left_over_goes_by_largest_remainder_then_case_number(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + YEAR % "point_basis: fund")
    settled, _ = paid(version, [stay(name) for name in "CAB"], ["AA11"] * 3, 1_000_001)
    assert [one.fund_fen for one in settled] == [333_333, 333_334, 333_334]


def test_with_the_patients_part_in_the_value(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + YEAR % "point_basis: total")
    stays = [stay("A", patient_fen=300_000), stay("B", patient_fen=0)]
    settled, pools = paid(version, stays, ["AA11", "AA11"], 1_700_000)
    # （1700000 + 300000）÷ 200 点 = 10000 分一点
    assert [one.standard_fen for one in settled] == [1_000_000, 1_000_000]
    assert [one.fund_fen for one in settled] == [700_000, 1_000_000]
    assert pools["employee"].paid_fen == 1_700_000


def test_who_bore_more_than_the_standard_gets_nothing_and_the_others_get_the_budget(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + YEAR % "point_basis: total" + "  negative: zero\n")
    stays = [stay("A", 30_000, patient_fen=2_500_000), stay("B", patient_fen=0)]
    settled, pools = paid(version, stays, ["AA11", "AA11"], 1_000_000)
    assert [one.fund_fen for one in settled] == [0, 1_000_000]
    assert settled[0].standard_fen == 2_500_000
    assert pools["employee"].paid_fen == 1_000_000


def test_or_the_negative_share_offsets_the_others(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + YEAR % "point_basis: total" + "  negative: offset\n")
    stays = [stay("A", 30_000, patient_fen=2_500_000), stay("B", patient_fen=0)]
    settled, _ = paid(version, stays, ["AA11", "AA11"], 1_000_000)
    assert [one.fund_fen for one in settled] == [-750_000, 1_750_000]


def test_a_ceiling_of_the_value_leaves_money_undistributed(tmp_path: Path) -> None:
    body = POINTS.replace("region_mean: 10000", "region_mean: 10000, most_per_point: 50")
    version = version_of(tmp_path, body + YEAR % "point_basis: fund")
    settled, pools = paid(version, [stay("A"), stay("B")], ["AA11", "AA13"], 1_000_000)
    assert [one.fund_fen for one in settled] == [500_000, 250_000]
    assert pools["employee"].undistributed_fen == 250_000


def test_fixed_standards_above_the_budget_are_scaled(tmp_path: Path) -> None:
    version = version_of(tmp_path, DRG + YEAR % "over_budget: scale")
    settled, pools = paid(version, [stay("A"), stay("B")], ["AA11", "AA11"], 1_000_000)
    assert [one.fund_fen for one in settled] == [500_000, 500_000]
    assert all(one.reason for one in settled)
    assert pools["employee"].scaled is not None


def test_or_the_fund_bears_them(tmp_path: Path) -> None:
    version = version_of(tmp_path, DRG + YEAR % "over_budget: fund_bears")
    settled, pools = paid(version, [stay("A"), stay("B")], ["AA11", "AA11"], 1_000_000)
    assert [one.fund_fen for one in settled] == [800_000, 800_000]
    assert (pools["employee"].beyond_fen, pools["employee"].paid_fen) == (600_000, 1_600_000)


def test_a_scheme_without_budget_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BudgetTooSmall):
        paid(version_of(tmp_path, DRG), [stay("A")], ["AA11"], 0)


def test_the_month_posts_only_the_difference_to_the_bills(tmp_path: Path) -> None:
    version = version_of(tmp_path, DRG)
    stays = [stay("A"), stay("B", 12_000), stay("C", 8_000, remote=True), stay("D", 5_000, institution="H2")]
    priced = price_all(version, stays, {one.case_id: GroupOf("AA11") for one in stays})
    # A：标准 8000 项目 8000；B：标准 10000−2400=7600 项目 9600；D：10000−1000=9000 项目 4000
    assert month_differences(priced, 10_000) == {"H1": {"employee": -200_000}, "H2": {"employee": 500_000}}
    assert month_differences(priced, 9_000)["H1"] == {"employee": 1_404_000 - 1_760_000}


SHARING = Sharing(under=((8_500, 10_000), (0, 3_000)), over=((11_000, 6_000), (12_000, 3_000)))


@pytest.mark.parametrize(
    ("billed", "extra", "returned"),
    [
        (1_000_000, 0, 0),
        (900_000, 0, 0),  # 85%—100% 全部留用
        (850_000, 0, 0),
        (750_000, 0, 70_000),  # 85% 以下的 100000 留 30%
        (0, 0, 595_000),
        (1_050_000, 30_000, 0),
        (1_100_000, 60_000, 0),
        (1_150_000, 75_000, 0),
        (2_000_000, 90_000, 0),  # 120% 以上全由医疗机构承担
    ],
)
def test_surplus_and_overspend_in_bands(billed: int, extra: int, returned: int) -> None:
    due = sharing_due(1_000_000, billed, SHARING)
    assert (due.extra_fen, due.returned_fen) == (extra, returned)


@given(st.integers(1, 10**10), st.integers(0, 10**11), st.integers(0, 10**9))
def test_a_dearer_bill_is_never_due_less(standard: int, billed: int, more: int) -> None:
    first, second = sharing_due(standard, billed, SHARING), sharing_due(standard, billed + more, SHARING)
    assert first.extra_fen - first.returned_fen <= second.extra_fen - second.returned_fen
    assert 0 <= first.returned_fen <= standard


def test_the_score_gives_a_part_back() -> None:
    bands = ((90, 10_000), (80, 9_000), (0, 0))
    assert [released(1_001, score, bands) for score in (95, 90, 85, 79)] == [1_001, 1_001, 901, 0]


CLEARED = (
    "reserve: 10%, monthly_share: 90%, "
    "sharing: {under: [{from: 80%, kept: 100%}, {from: 0%, kept: 50%}], over: [{upto: 110%, borne: 50%}]}, "
    "quality: {part: 5%, bands: [{from: 90, released: 100%}, {from: 0, released: 0%}]}"
)


def test_a_clearing_by_hand(tmp_path: Path) -> None:
    version = version_of(tmp_path, DRG + YEAR % CLEARED)
    stays = [stay("A", 10_500, patient_fen=0), stay("B", 7_000, patient_fen=0, institution="H2")]
    settled, pools = paid(version, stays, ["AA11", "AA11"], 3_000_000)
    one = clear_year(version, settled, pools, {"H2": 80})["employee"]
    first, second = one.lines
    # 甲超支 500，基金担一半；乙结余 3000，其中 1000 超出留用，退一半；乙考核 80 分扣 5%
    assert (first.extra_fen, first.final_fen, first.paid_fen, first.clearing_fen) == (
        25_000,
        1_025_000,
        900_000,
        125_000,
    )
    assert (second.returned_fen, second.forfeited_fen, second.final_fen) == (50_000, 47_500, 902_500)
    assert one.retained == {"reserve": 300_000, "undistributed": 700_000, "returned": 25_000, "forfeited": 47_500}
    assert one.paid_fen + one.clearing_fen + one.retained_fen == 3_000_000


# For any stays --------------------------------------------------------------------------------------------------------

GROUPS = ("AA11", "AA13", "BB15", "CC15", "DD19", "", "J18.9:N", "K80.1:51.23", "ZZ99")
OUTLIERS = (
    "    outliers: {high: {limits: [{below: 1, times: 3}, {times: 2}], pays: linear_add}, "
    "low: {limit: 40%, pays: as_billed}, ungrouped: {share: 80%}, long_stay: {over_days: 60, pays: as_billed}}\n"
)
BANDED = (
    "    outliers: {benchmark: level_mean, ungrouped: {share: 70%}, "
    "bands: [{upto: 50%, pays: ratio}, {upto: 200%, pays: normal}, {pays: excess}]}\n"
)
BODIES: dict[str, str] = {
    "rate, scaled": DRG + OUTLIERS + YEAR % CLEARED,
    "rate, offset": DRG + OUTLIERS + "  negative: offset\n" + YEAR % CLEARED,
    "rate, borne": DRG + OUTLIERS + YEAR % (CLEARED + ", over_budget: fund_bears"),
    "points, total": POINTS + OUTLIERS + YEAR % (CLEARED + ", point_basis: total"),
    "points, offset": POINTS + OUTLIERS + "  negative: offset\n" + YEAR % (CLEARED + ", point_basis: total"),
    "points, refuse": POINTS + OUTLIERS + "  negative: refuse\n" + YEAR % (CLEARED + ", point_basis: total"),
    "points, ceiling": POINTS.replace("scale: 100", "scale: 100, most_per_point: 80") + OUTLIERS + YEAR % CLEARED,
    "dip": DIP + BANDED + YEAR % CLEARED,
}


@cache
def version(name: str) -> Version:
    return version_of(Path(mkdtemp()), BODIES[name])


@st.composite
def stays_with_groups(draw: Callable[..., object]) -> list[tuple[Stay, str]]:
    rows = []
    for at in range(draw(st.integers(1, 12))):  # type: ignore[call-overload]
        total = draw(st.integers(100, 9_000_000))
        patient = draw(st.integers(0, total))  # type: ignore[arg-type]
        other = draw(st.integers(0, total - patient))  # type: ignore[operator]
        one = stay(
            f"C{at:03d}",
            total_fen=total,
            patient_fen=patient,
            other_fen=other,
            los=draw(st.sampled_from([1, 8, 61])),
            institution=draw(st.sampled_from(["H1", "H2", "H3"])),
            level=draw(st.sampled_from(["tertiary", "secondary", "primary", "ungraded"])),
            scheme=draw(st.sampled_from(["employee", "resident"])),
            remote=draw(st.booleans()),
        )
        rows.append((one, draw(st.sampled_from(GROUPS))))
    return rows  # type: ignore[return-value]


def year(name: str, rows: list[tuple[Stay, str]], budgets: dict[str, int], scores: dict[str, int]):  # type: ignore[no-untyped-def]
    stays = [one for one, _ in rows]
    groups = {one.case_id: GroupOf(group) for one, group in rows}
    settled, pools = distribute(version(name), price_all(version(name), stays, groups), budgets)
    return settled, pools, clear_year(version(name), settled, pools, scores)


@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=60, deadline=None)
@given(
    rows=stays_with_groups(),
    employee=st.integers(1, 50_000_000),
    resident=st.integers(1, 50_000_000),
    score=st.integers(0, 100),
    draw=st.randoms(use_true_random=False),
)
def test_the_identity_holds_and_order_changes_nothing(
    name: str, rows: list[tuple[Stay, str]], employee: int, resident: int, score: int, draw: random.Random
) -> None:
    budgets = {"employee": employee, "resident": resident}
    settled, pools, cleared = year(name, rows, budgets, {"H1": score})
    for scheme, one in cleared.items():
        pool = pools[scheme]
        mine = [row for row in settled if row.counts and row.stay.scheme == scheme]
        assert one.paid_fen + one.clearing_fen + one.retained_fen == budgets[scheme] + pool.beyond_fen
        assert sum(row.fund_fen or 0 for row in mine) == pool.paid_fen
        assert pool.reserve_fen + pool.paid_fen + pool.undistributed_fen == budgets[scheme] + pool.beyond_fen
        assert sum(line.standard_fen for line in one.lines) == pool.paid_fen
        assert all(fen >= 0 for fen in one.retained.values())
        if "offset" not in name:
            assert all((row.fund_fen or 0) >= 0 for row in mine)
            assert all(line.final_fen >= 0 for line in one.lines)
    for row in settled:
        if row.fund_fen is not None:
            assert row.standard_fen is not None
            below = "refuse" not in name and "zero" not in row.reason
            if row.fund_fen != 0 and below:
                assert row.standard_fen == row.fund_fen + row.patient_fen + row.other_fen
            assert row.other_fen == row.stay.other_fen
            assert row.patient_fen == row.stay.patient_fen
    shuffled = list(rows)
    draw.shuffle(shuffled)
    again, _, recleared = year(name, shuffled, budgets, {"H1": score})
    by_id: dict[str, Priced] = {one.stay.case_id: one for one in again}
    assert [by_id[one.stay.case_id] for one in settled] == settled
    assert recleared == cleared


@settings(max_examples=100, deadline=None)
@given(st.integers(100, 9_000_000), st.integers(1, 3_000_000), st.sampled_from(["AA11", "AA13", "BB15"]))
def test_a_dearer_stay_of_a_group_never_has_a_lower_standard(total: int, more: int, group: str) -> None:
    both = [stay("A", total_fen=total, patient_fen=0), stay("B", total_fen=total + more, patient_fen=0)]
    priced = price_all(version("rate, scaled"), both, {one.case_id: GroupOf(group) for one in both})
    assert (priced[0].standard_fen or 0) <= (priced[1].standard_fen or 0)
