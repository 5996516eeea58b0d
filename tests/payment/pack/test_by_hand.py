"""Cases of a fund officer worked out on paper from the rules' sentences, and typed here as figures (手工复算).

Groups: AA11 weight 1, mean 10,000; AA13 0.5, 5,000; BB15 3.5, 35,000; CC15 0.6 basic-level; DD19 2.0 unstable.
Scores: J18.9:N 500, mean 5,000 (tertiary 6,000); K80.1:51.23 1,000 basic-level, mean 10,000.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from openyibao.payment.engine.pack.clearing import clear_year, sharing_due
from openyibao.payment.engine.pack.pack import Sharing, Version
from openyibao.payment.engine.pack.period import distribute
from openyibao.payment.engine.pack.pricing import price_all
from openyibao.payment.engine.pack.stays import GroupOf
from tests.payment.pack.support import DIP, DRG, POINTS, price, stay, version_of

LIMITS = "limits: [{below: 1, times: 3}, {below: 2, times: 2.5}, {below: 3, times: 2}, {below: 5, times: 1.5}, "
LIMITS += "{times: 1.3}]"
OUTLIERS = (
    "    outliers: {high: {%s, pays: %s}, low: {limit: 40%%, pays: as_billed, limit_below_one: 30%%}, "
    "long_stay: {over_days: 60, pays: as_billed}, ungrouped: {share: 80%%}, unstable: {pays: as_billed}}\n"
)


def drg(folder: Path, pays: str) -> Version:
    return version_of(folder, DRG + OUTLIERS % (LIMITS, pays))


def points(folder: Path, pays: str) -> Version:
    return version_of(folder, POINTS + OUTLIERS % (LIMITS, pays))


TERTIARY: dict[str, Any] = {"level": "tertiary"}
PRIMARY: dict[str, Any] = {"level": "primary"}
BY_RATE = [
    # 线性加成：标准 11000 + (3.2 − 2.5) × 1 × 10000
    ("linear_add", "AA11", 32_000, TERTIARY, "high", "18000.00"),
    # 权重 3.5，上限 1.5 倍：35000 × 1.1 + (1.6 − 1.5) × 3.5 × 10000
    ("linear_add", "BB15", 56_000, TERTIARY, "high", "42000.00"),
    # 恰为上限不算高倍率
    ("linear_add", "BB15", 52_500, TERTIARY, "normal", "38500.00"),
    # 权重 0.5，上限 3 倍，病组级别系数 1.3：6500 + (3.4 − 3) × 0.5 × 10000
    ("linear_add", "AA13", 17_000, TERTIARY, "high", "8500.00"),
    # 居民费率 9000，系数 1：9000 + (2.8 − 2.5) × 9000
    ("linear_add", "AA11", 28_000, {"scheme": "resident"}, "high", "11700.00"),
    # 封顶：2.5 × 11000；基层 0.8：2.5 × 8000
    ("cap", "AA11", 90_000, TERTIARY, "high", "27500.00"),
    ("cap", "AA11", 90_000, PRIMARY, "high", "20000.00"),
    # 按实际费用
    ("as_billed", "AA11", 32_000, TERTIARY, "high", "32000.00"),
    # 自担倍数：32000 − 1.5 × 8000（系数 0.8）；不低于正常标准 8000
    ("deduct", "AA11", 32_000, PRIMARY, "high", "20000.00"),
    # 32000 − 1.5 × 11000
    ("deduct", "AA11", 32_000, TERTIARY, "high", "15500.00"),
    # 低倍率 0.35：系数不小于 1 者按实际；系数小于 1 者界限降为 0.3，仍按标准 8000
    ("cap", "AA11", 3_500, TERTIARY, "low", "3500.00"),
    ("cap", "AA11", 3_500, PRIMARY, "normal", "8000.00"),
    ("cap", "AA11", 2_999, PRIMARY, "low", "2999.00"),
    # 基层病组不论级别系数为 1；系数不小于 1，界限 40%：2300 ÷ 6000 = 0.383
    ("cap", "CC15", 6_000, TERTIARY, "normal", "6000.00"),
    ("cap", "CC15", 2_300, PRIMARY, "low", "2300.00"),
    # 不稳定组按实际；超长住院先于不稳定组与倍率
    ("cap", "DD19", 8_800, TERTIARY, "unstable", "8800.00"),
    ("cap", "AA11", 99_000, {"los": 61}, "long_stay", "99000.00"),
    ("cap", "AA11", 9_900, {"los": 60}, "normal", "10000.00"),
    # 未入组付八成，歧义同
    ("cap", "0000", 5_000, TERTIARY, "ungrouped", "4000.00"),
    ("cap", "BQY", 5_000, TERTIARY, "ungrouped", "4000.00"),
]


@pytest.mark.parametrize(("pays", "group", "yuan", "more", "status", "standard"), BY_RATE)
def test_by_rate(
    tmp_path: Path, pays: str, group: str, yuan: int, more: dict[str, Any], status: str, standard: str
) -> None:
    one = price(drg(tmp_path, pays), group, yuan=yuan, patient_fen=0, **more)
    assert (one.status, one.standard_fen) == (status, int(Fraction(standard) * 100))


BY_POINTS = [
    # 基准 100 点 × 1.1 + (3 − 2.5) × 100
    ("linear_add", "AA11", 30_000, TERTIARY, "160.0000"),
    # (30000 ÷ 10000 − 1.5 × 1 × 1.1) × 100
    ("deduct", "AA11", 30_000, TERTIARY, "135.0000"),
    # 35000 组：(60000 ÷ 10000 − 0.5 × 3.5 × 0.8) × 100
    ("deduct", "BB15", 60_000, PRIMARY, "460.0000"),
    # 低倍率：费用 ÷ 全市次均 × 100，不乘系数
    ("cap", "BB15", 7_000, TERTIARY, "70.0000"),
    ("cap", "AA11", 90_000, TERTIARY, "275.0000"),
    # 未入组八成
    ("cap", "", 12_345, TERTIARY, "98.7600"),
]


@pytest.mark.parametrize(("pays", "group", "yuan", "more", "found"), BY_POINTS)
def test_by_points(tmp_path: Path, pays: str, group: str, yuan: int, more: dict[str, Any], found: str) -> None:
    assert price(points(tmp_path, pays), group, yuan=yuan, **more).points == int(Fraction(found) * 10_000)


JINING = (
    "    outliers: {bands: [{upto: 50%, pays: ratio, coefficient: none}, {upto: 200%, pays: normal}, "
    "{upto: 500%, pays: excess, coefficient: inside}, {pays: normal}], ungrouped: {share: 70%}}\n"
)
BY_SCORE = [
    # 倍率 0.4：500 × 0.4，不乘系数；恰 0.5 仍在此档
    ("J18.9:N", 2_000, 10_000, "200.0000"),
    ("J18.9:N", 2_500, 10_000, "250.0000"),
    # 0.5—2：500 × 1.2；恰 2 倍仍在此档
    ("J18.9:N", 2_501, 10_000, "600.0000"),
    ("J18.9:N", 10_000, 10_000, "600.0000"),
    # 2—5：500 × (3.5 − 2 + 1.2)；恰 5 倍：500 × 4.2
    ("J18.9:N", 17_500, 10_000, "1350.0000"),
    ("J18.9:N", 25_000, 10_000, "2100.0000"),
    # 超过 5 倍：500 × 1.2
    ("J18.9:N", 25_001, 10_000, "600.0000"),
    # 严重程度系数 1.2 乘在分值上：600 × (3 − 2 + 1.2)
    ("J18.9:N", 15_000, 12_000, "1320.0000"),
    # 基层病组自己的系数 0.9
    ("K80.1:51.23", 10_000, 10_000, "900.0000"),
    # 空白病组：费用 ÷ 全市次均 × 1000 × 0.7，严重程度不计
    ("", 8_000, 12_000, "560.0000"),
]


@pytest.mark.parametrize(("group", "yuan", "factor", "found"), BY_SCORE)
def test_by_score_as_in_jining(tmp_path: Path, group: str, yuan: int, factor: int, found: str) -> None:
    version = version_of(tmp_path, DIP.replace("primary: 0.8}", "primary: 0.8}, basic: 0.9") + JINING)
    assert price(version, group, factor, yuan=yuan, level="tertiary").points == int(Fraction(found) * 10_000)


def test_the_value_of_a_score_in_a_budget_with_reserve(tmp_path: Path) -> None:
    """Blank and scored stays share one measure: 700,000 scores on 950 yuan."""
    version = version_of(tmp_path, DIP + JINING + "  year: {reserve: 5%, point_basis: fund}\n")
    stays = [stay("A", 5_000, patient_fen=0), stay("B", 10_000, patient_fen=0), stay("C", 8_000, patient_fen=0)]
    groups = {"A": GroupOf("J18.9:N"), "B": GroupOf("K80.1:51.23"), "C": GroupOf("")}
    settled, pools = distribute(version, price_all(version, stays, groups), {"employee": 2_000_000})
    # 500 + 1000 + 560 = 2060 分；(20000 − 1000) ÷ 2060 = 9.2233 元
    assert pools["employee"].value == Fraction(1_900_000, 2_060)
    assert [one.fund_fen for one in settled] == [461_165, 922_330, 516_505]
    assert pools["employee"].control_factor is None


def test_standard_value_and_control_factor(tmp_path: Path) -> None:
    version = version_of(tmp_path, POINTS + "  year: {reserve: 10%, point_basis: total}\n")
    stays = [stay("A", 10_000, patient_fen=200_000), stay("B", 9_000, patient_fen=300_000, level="tertiary")]
    groups = {"A": GroupOf("AA11"), "B": GroupOf("AA11")}
    settled, pools = distribute(version, price_all(version, stays, groups), {"employee": 1_500_000})
    pool = pools["employee"]
    # (15000 × 0.9 + 5000) ÷ 210 点 = 88.0952 元；标准点值 10000 ÷ 100 = 100 元
    assert (pool.value, pool.standard_value) == (Fraction(1_850_000, 210), 10_000)
    assert pool.control_factor == Fraction(185, 210)
    assert [one.standard_fen for one in settled] == [880_952, 969_048]
    assert sum(one.fund_fen or 0 for one in settled) == 1_350_000


BANDS = Sharing(((8_500, 10_000), (0, 3_000)), ((11_000, 6_000), (12_000, 3_000)))
SHARED = [
    (92_000, 0, 0),  # 85%—100% 全留
    (85_000, 0, 0),
    (75_000, 0, 7_000),  # 85% 以下的 10000 留三成
    (0, 0, 59_500),
    (105_000, 3_000, 0),
    (110_000, 6_000, 0),
    (116_000, 7_800, 0),  # 10000 × 60% + 6000 × 30%
    (150_000, 9_000, 0),  # 120% 以上全由机构
]


@pytest.mark.parametrize(("billed", "extra", "returned"), SHARED)
def test_sharing_bands_of_a_standard_of_a_thousand_yuan(billed: int, extra: int, returned: int) -> None:
    due = sharing_due(100_000, billed, BANDS)
    assert (due.extra_fen, due.returned_fen) == (extra, returned)


@pytest.mark.parametrize(("score", "forfeited"), [(95, 0), (85, 4_750), (60, 47_500)])
def test_the_quality_deposit_is_released_by_score(tmp_path: Path, score: int, forfeited: int) -> None:
    """Five per cent of 9,500 yuan depend on the score: 475 yuan; 90 releases all, 80 nine tenths, below nothing."""
    body = DRG + (
        "  year: {monthly_share: 95%, quality: {part: 5%, bands: "
        "[{from: 90, released: 100%}, {from: 80, released: 90%}, {from: 0, released: 0%}]}}\n"
    )
    version = version_of(tmp_path, body)
    one = stay("A", 9_800, patient_fen=50_000)
    settled, pools = distribute(version, price_all(version, [one], {"A": GroupOf("AA11")}), {"employee": 2_000_000})
    cleared = clear_year(version, settled, pools, {"H1": score})["employee"]
    (line,) = cleared.lines
    assert (line.standard_fen, line.forfeited_fen, line.paid_fen) == (950_000, forfeited, 902_500)
    assert line.clearing_fen == 47_500 - forfeited
    assert cleared.paid_fen + cleared.clearing_fen + cleared.retained_fen == 2_000_000
