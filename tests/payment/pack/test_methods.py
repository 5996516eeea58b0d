"""One stay by each method, worked out by hand: unit, coefficient, price, outlier, patient side."""

from __future__ import annotations

from pathlib import Path

import pytest

from openyibao.payment.engine.pack.loading import load_pack
from openyibao.payment.engine.pack.pricing import explain_stay, price_all, price_stay
from openyibao.payment.engine.pack.special import Decision
from openyibao.payment.engine.pack.stays import GroupOf
from tests.payment.pack.support import DIP, DRG, POINTS, price, stay, version_of


def drg(tmp_path: Path, outliers: str = "", more: str = ""):  # type: ignore[no-untyped-def]
    body = DRG + (f"    outliers: {outliers}\n" if outliers else "") + more
    return version_of(tmp_path, body)


# DRG by rate ----------------------------------------------------------------------------------------------------------


def test_weight_times_coefficient_times_rate(tmp_path: Path) -> None:
    version = drg(tmp_path)
    one = price(version, "AA11")
    assert (one.status, one.units, one.standard_fen, one.fund_fen) == ("normal", 10_000, 1_000_000, 800_000)
    assert price(version, "AA11", level="tertiary").standard_fen == 1_100_000
    assert price(version, "AA11", scheme="resident").standard_fen == 900_000


def test_the_group_and_level_beats_the_hospital_and_that_beats_the_level(tmp_path: Path) -> None:
    version = drg(tmp_path)
    assert price(version, "AA13", level="tertiary", institution="H9").standard_fen == 650_000
    assert price(version, "AA11", level="tertiary", institution="H9").standard_fen == 1_250_000


def test_a_basic_level_group_is_the_same_everywhere(tmp_path: Path) -> None:
    version = drg(tmp_path)
    found = {
        price(version, "CC15", level=level, institution="H9").standard_fen for level in ("tertiary", "primary", "")
    }
    assert found == {600_000}


def test_an_unknown_level_is_refused_and_never_one(tmp_path: Path) -> None:
    one = price(drg(tmp_path), "AA11", level="ungraded")
    assert (one.status, one.code, one.fund_fen, one.counts) == ("refused", "PACK_COEFFICIENT_MISSING", None, False)


def test_a_group_without_weight_is_refused(tmp_path: Path) -> None:
    assert price(drg(tmp_path), "ZZ99").code == "PACK_UNIT_MISSING"
    assert price(drg(tmp_path), "").code == "PACK_UNIT_MISSING"


def test_a_scheme_without_rate_is_refused(tmp_path: Path) -> None:
    assert price(drg(tmp_path), "AA11", scheme="retired_cadre").code == "PACK_PRICE_MISSING"


HIGH = "{limits: [{below: 1, times: 3}, {below: 2, times: 2.5}, {times: 2}], pays: %s}"


def test_linear_add_pays_the_excess_without_coefficient(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: " + HIGH % "linear_add" + "}")
    # 重1.0，上限2.5倍：费用 30000 为 3 倍，加 (3−2.5)×1.0×10000；系数 1.1 只乘基准
    one = price(version, "AA11", yuan=30_000, level="tertiary", patient_fen=0)
    assert (one.status, one.standard_fen) == ("high", 1_100_000 + 500_000)
    assert price(version, "AA11", yuan=25_000, patient_fen=0).status == "normal"
    assert price(version, "AA11", yuan="25000.01", patient_fen=0).status == "high"


def test_the_limit_falls_with_the_weight(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: " + HIGH % "linear_add" + "}")
    assert price(version, "AA13", yuan=14_000).status == "normal"  # 0.5：3 倍 15000
    assert price(version, "BB15", yuan=75_000).status == "high"  # 3.5：2 倍 70000
    assert price(version, "BB15", yuan=70_000).status == "normal"


def test_deduct_leaves_the_hospital_its_own_times(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: " + HIGH % "deduct" + "}")
    # 费用 30000 −（2.5−1）×10000
    assert price(version, "AA11", yuan=30_000, patient_fen=0).standard_fen == 1_500_000
    # 绝不低于正常标准：25100 − 1.5×11000 = 8600 < 11000
    assert price(version, "AA11", yuan=25_100, level="tertiary", patient_fen=0).standard_fen == 1_100_000


@pytest.mark.parametrize(("pays", "expected"), [("cap", 2_500_000), ("as_billed", 3_000_000), ("normal", 1_000_000)])
def test_other_ways_to_pay_a_high_one(tmp_path: Path, pays: str, expected: int) -> None:
    version = drg(tmp_path, "{high: " + HIGH % pays + "}")
    one = price(version, "AA11", yuan=30_000, patient_fen=0)
    assert (one.status, one.standard_fen) == ("high", expected)


@pytest.mark.parametrize(("pays", "expected"), [("as_billed", 390_000), ("ratio", 390_000), ("normal", 1_000_000)])
def test_low_outliers(tmp_path: Path, pays: str, expected: int) -> None:
    version = drg(tmp_path, "{low: {limit: 40%, pays: " + pays + "}}")
    one = price(version, "AA11", yuan=3_900, patient_fen=0)
    assert (one.status, one.standard_fen) == ("low", expected)
    assert price(version, "AA11", yuan=4_000, patient_fen=0).status == "normal"


def test_the_low_limit_may_be_lower_where_the_coefficient_is_under_one(tmp_path: Path) -> None:
    version = drg(tmp_path, "{low: {limit: 40%, pays: as_billed, limit_below_one: 30%}}")
    assert price(version, "AA11", yuan=3_500, level="primary").status == "normal"
    assert price(version, "AA11", yuan=2_900, level="primary").status == "low"
    assert price(version, "AA11", yuan=3_500, level="secondary").status == "low"


def test_the_benchmark_may_be_the_standard(tmp_path: Path) -> None:
    version = drg(tmp_path, "{benchmark: standard, low: {limit: 50%, pays: as_billed}}")
    # 标准 11000，一半 5500
    assert price(version, "AA11", yuan=5_400, level="tertiary").status == "low"
    assert price(version, "AA11", yuan=5_600, level="tertiary").status == "normal"


def test_long_stays_unstable_groups_and_stays_without_group(tmp_path: Path) -> None:
    version = drg(
        tmp_path, "{long_stay: {over_days: 60, pays: as_billed}, ungrouped: {share: 80%}, unstable: {pays: as_billed}}"
    )
    assert price(version, "AA11", yuan=88_000, los=60).status == "normal"
    long = price(version, "AA11", yuan=88_000, los=61)
    assert (long.status, long.standard_fen) == ("long_stay", 8_800_000)
    unstable = price(version, "DD19", yuan=7_000)
    assert (unstable.status, unstable.standard_fen) == ("unstable", 700_000)
    for group in ("", "0000", "BQY"):
        none = price(version, group, yuan=7_000)
        assert (none.status, none.standard_fen, none.fund_fen) == ("ungrouped", 560_000, 420_000)


def test_only_the_dearest_within_the_quota_count_as_high(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: {limits: [{times: 2}], pays: as_billed, quota: 10%}}")
    stays = [stay(f"C{at:02d}", 10_000) for at in range(18)] + [
        stay("D1", 30_000),
        stay("D2", 40_000),
        stay("D3", 30_000),
    ]
    groups = {one.case_id: GroupOf("AA11") for one in stays}
    found = {one.stay.case_id: one for one in price_all(version, stays, groups)}
    # 21 例 × 10% 取整为 2：D2 倍率最高，D1、D3 并列取病例号在前者
    assert [found[name].status for name in ("D1", "D2", "D3")] == ["high", "high", "normal"]
    assert found["D3"].standard_fen == 1_000_000
    backwards = {one.stay.case_id: one for one in price_all(version, stays[::-1], groups)}
    assert backwards == found


# Points and DIP ------------------------------------------------------------------------------------------------------


def test_points_are_weight_times_coefficient_times_scale(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + "    outliers: {low: {limit: 40%, pays: as_billed}}\n")
    one = price(version, "AA13", level="tertiary")
    assert (one.floating, one.points, one.standard_fen, one.fund_fen) == (True, 550_000, None, None)
    # 低倍率：1900 / 10000 × 100，不乘系数
    assert price(version, "AA13", yuan=1_900, level="tertiary").points == 190_000


def test_deduct_in_points(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + "    outliers: {high: {limits: [{times: 2}], pays: deduct}}\n")
    # (30000/10000 −(2−1)×1.0×1.1)×100 = 190
    assert price(version, "AA11", yuan=30_000, level="tertiary").points == 1_900_000


BANDS = (
    "    outliers: {benchmark: %s, "
    "bands: [{upto: 50%%, pays: ratio}, {upto: 200%%, pays: normal}, {pays: excess%s}]%s}\n"
)


def test_deviation_bands_of_dip(tmp_path: Path) -> None:
    version = version_of(tmp_path, DIP + BANDS % ("mean", "", ""))
    # 均费 5000，分值 500，二级系数 1
    points = {yuan: price(version, "J18.9:N", yuan=yuan).points for yuan in (2_000, 2_500, 2_600, 10_000, 15_000)}
    assert points == {2_000: 2_000_000, 2_500: 2_500_000, 2_600: 5_000_000, 10_000: 5_000_000, 15_000: 10_000_000}
    assert price(version, "J18.9:N", yuan=15_000, level="tertiary").points == 12_000_000


def test_the_coefficient_may_stand_inside_the_band(tmp_path: Path) -> None:
    version = version_of(tmp_path, DIP + BANDS % ("mean", ", coefficient: inside", ""))
    # 分值 × (3 − 2 + 1.2)
    assert price(version, "J18.9:N", yuan=15_000, level="tertiary").points == 11_000_000


def test_the_mean_of_the_same_level_where_it_is_known(tmp_path: Path) -> None:
    version = version_of(tmp_path, DIP + BANDS % ("level_mean", "", ""))
    assert price(version, "J18.9:N", yuan=11_000, level="tertiary").status == "normal"  # 6000 的 1.83 倍
    assert price(version, "J18.9:N", yuan=11_000, level="secondary").status == "high"  # 5000 的 2.2 倍


def test_the_auxiliary_factor_multiplies_the_score_and_basic_groups_have_no_coefficient(tmp_path: Path) -> None:
    version = version_of(tmp_path, DIP + BANDS % ("mean", "", ", ungrouped: {share: 70%}"))
    assert price(version, "J18.9:N", factor=12_000, yuan=5_000).points == 6_000_000
    assert price(version, "K80.1:51.23", yuan=10_000, level="tertiary").points == 10_000_000
    # 空白病组与有分值的病组同一把尺：全市均费合 1000 分，10000/10000 × 1000 × 70%
    assert price(version, "", yuan=10_000).points == 7_000_000


def test_the_rules_of_jining() -> None:
    version = load_pack("sample-dip-jining").versions[0]
    unit = next(one for one in version.methods[0].units.values() if not one.basic)

    def points(ratio: int) -> int:
        """Points at a cost of so many per cent of the mean, at a tertiary hospital (1.08)."""
        cost = unit.mean_fen * ratio // 100
        return price(version, unit.group, total_fen=cost, patient_fen=0, level="tertiary").points

    def near(found: int, times: float) -> bool:
        return abs(found - unit.units * times) < 20

    assert near(points(40), 0.4)
    assert near(points(100), 1.08)
    assert near(points(300), 3 - 2 + 1.08)
    assert near(points(600), 1.08)


# Other methods -------------------------------------------------------------------------------------------------------

BED_DAY = """
  methods:
  - name: psychiatric
    method: bed_day
    title: 床日
    stages:
    - {through: 10, per_day: {tertiary: 300, secondary: 200, primary: 100}}
    - {through: 30, per_day: {tertiary: 200, secondary: 150, primary: 80}}
    - {per_day: {tertiary: 100, secondary: 100, primary: 60}}
    day_limits: [{diagnoses: [F20], days: 40}]
    at_most: %s
"""


def test_bed_days_by_stage(tmp_path: Path) -> None:
    version = version_of(tmp_path, BED_DAY % "standard")
    # 35 日：10×200 + 20×150 + 5×100
    assert price(version, "", los=35, yuan=9_000).standard_fen == 550_000
    assert price(version, "", los=10, yuan=9_000).standard_fen == 200_000
    assert price(version, "", los=0, yuan=900).standard_fen == 20_000
    # F20 至多 40 日：10×200 + 20×150 + 10×100
    assert price(version, "", los=90, yuan=9_000, dx=("F20.000",)).standard_fen == 600_000
    assert price(version, "", los=90, yuan=9_000, level="ungraded").code == "PACK_PRICE_MISSING"


def test_bed_days_at_most_the_bill(tmp_path: Path) -> None:
    assert price(version_of(tmp_path, BED_DAY % "billed"), "", los=35, yuan=3_000).standard_fen == 300_000


DISEASE = """
  methods:
  - name: cataract
    method: disease
    title: 白内障
    diseases:
    - name: 白内障
      diagnoses: [H25]
      procedures: ["13.41"]
      price: {tertiary: 8000, secondary: 7000, primary: 6000}
      exit_above: 200%
    patient_share: 30%
    patient_basis: package
  - name: tcm
    method: tcm_advantage
    title: 中医优势病种
    diseases:
    - {name: 腰痛, diagnoses: [M51], units: 0.5, least_tcm: 40%}
    price: {kind: rate, per_unit: 10000}
  - name: rest
    method: by_item
    title: 其余
"""


def test_a_package_price_sets_the_patients_part_too(tmp_path: Path) -> None:
    version = version_of(tmp_path, DISEASE)
    one = price(version, "", yuan=6_500, dx=("H25.900",), px=("13.4100",), patient_fen=300_000, other_fen=50_000)
    assert (one.standard_fen, one.patient_fen, one.fund_fen) == (700_000, 210_000, 440_000)


def test_leaving_the_package_goes_on_to_the_next_method(tmp_path: Path) -> None:
    version = version_of(tmp_path, DISEASE)
    assert price(version, "", yuan=14_000, dx=("H25.900",), px=("13.4100",)).method == "cataract"
    assert price(version, "", yuan="14000.01", dx=("H25.900",), px=("13.4100",)).method == "rest"
    assert price(version, "", yuan=6_500, dx=("H25.900",), px=()).method == "rest"
    assert price(version, "", yuan=6_500, dx=("H26.900",), px=("13.4100",)).method == "rest"


def test_tcm_advantage_needs_its_share_of_tcm(tmp_path: Path) -> None:
    version = version_of(tmp_path, DISEASE)
    enough = price(version, "", yuan=4_000, dx=("M51.200",), tcm_fen=160_000)
    assert (enough.method, enough.standard_fen) == ("tcm", 500_000)
    assert price(version, "", yuan=4_000, dx=("M51.200",), tcm_fen=159_999).method == "rest"


def test_by_item_pays_the_bill(tmp_path: Path) -> None:
    one = price(version_of(tmp_path, DISEASE), "", yuan="1234.56", patient_fen=23_456)
    assert (one.standard_fen, one.fund_fen) == (123_456, 100_000)


DAY_SURGERY = """
  methods:
  - name: day
    method: day_surgery
    title: 日间
    takes: {marks: [day_surgery], days: {through: 1}}
    units: {table: weights.csv}
    share: 90%
    coefficient: none
    price: {kind: rate, per_unit: 10000}
"""


def test_day_surgery_is_a_share_of_the_inpatient_standard(tmp_path: Path) -> None:
    version = version_of(tmp_path, DAY_SURGERY + DRG.replace("  methods:\n", ""))
    marked = {"marks": frozenset({"day_surgery"}), "los": 1}
    assert price(version, "AA13", **marked).standard_fen == 450_000
    assert price(version, "AA13", level="ungraded", **marked).standard_fen == 450_000
    assert price(version, "AA13", marks=frozenset({"day_surgery"}), los=2).method == "drg"


# Patient side, remote, special cases --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "fund", "status"), [("zero", 0, "normal"), ("offset", -100_000, "normal"), ("refuse", None, "refused")]
)
def test_a_negative_share_follows_the_rule(tmp_path: Path, rule: str, fund: int | None, status: str) -> None:
    version = drg(tmp_path, more=f"  negative: {rule}\n")
    one = price(version, "AA11", yuan=20_000, patient_fen=1_050_000, other_fen=50_000)
    assert (one.fund_fen, one.status) == (fund, status)
    assert one.reason


def test_only_the_basic_pool_bears_the_difference(tmp_path: Path) -> None:
    one = price(drg(tmp_path), "AA11", yuan=20_000, patient_fen=600_000, other_fen=150_000)
    assert (one.patient_fen, one.other_fen, one.fund_fen) == (600_000, 150_000, 250_000)


def test_remote_stays_are_outside_unless_declared(tmp_path: Path) -> None:
    one = price(drg(tmp_path), "AA11", yuan=20_000, remote=True, patient_fen=600_000)
    assert (one.status, one.counts, one.fund_fen) == ("outside", False, 1_400_000)
    inside = price(drg(tmp_path, more="  remote: inside\n"), "AA11", yuan=20_000, remote=True)
    assert (inside.status, inside.counts) == ("normal", True)


SPECIAL = "  special: {quota: 5%, reasons: [high_cost], decisions: [by_item, raised, rejected], raised_at_most: 200%}\n"


def test_a_special_decision_replaces_the_rule(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: " + HIGH % "linear_add" + "}", SPECIAL)
    one = stay(yuan=90_000, patient_fen=0)
    group = GroupOf("AA11")
    by_item = price_stay(version, one, group, Decision("by_item"))
    assert (by_item.status, by_item.standard_fen) == ("special", 9_000_000)
    raised = price_stay(version, one, group, Decision("raised", 15_000))
    assert (raised.status, raised.standard_fen) == ("special", 1_500_000)
    assert price_stay(version, one, group, Decision("raised", 90_000)).standard_fen == 2_000_000


def test_the_explanation_tells_every_step(tmp_path: Path) -> None:
    version = drg(tmp_path, "{high: " + HIGH % "linear_add" + "}")
    priced, lines = explain_stay(version, stay(yuan=30_000, patient_fen=600_000), GroupOf("AA11"))
    assert priced == price_stay(version, stay(yuan=30_000, patient_fen=600_000), GroupOf("AA11"))
    text = "\n".join(lines)
    for part in ("适用“DRG”", "1.0000", "倍率", "3.0000", "超过 2.5 倍", "费率 10000.00", "15000.00", "9000.00 元"):
        assert part in text
