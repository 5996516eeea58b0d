"""A pack with errors never loads half: each planted fault is found with its line; the samples have none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from openyibao.kernel.errors import Malformed
from openyibao.payment.engine.pack.errors import PackMissing
from openyibao.payment.engine.pack.facade import check_pack, version_on
from openyibao.payment.engine.pack.loading import load_pack, read_pack
from tests.payment.pack.support import DIP, DRG, HEAD, POINTS, TAIL, write_pack

SAMPLES = (
    *("sample-drg", "sample-points", "sample-dip", "sample-dip-jining", "sample-bed-day", "sample-disease"),
    *("sample-scheme", "sample-capitation", "sample-consortium"),
)
FULL = (
    DRG
    + """    outliers:
      high: {limits: [{below: 1, times: 3}, {below: 2, times: 2.5}, {times: 2}], pays: linear_add}
      low: {limit: 40%, pays: as_billed}
  year:
    reserve: 5%
    sharing: {under: [{from: 85%, kept: 100%}, {from: 0%, kept: 30%}], over: [{upto: 110%, borne: 60%}]}
    quality: {part: 5%, bands: [{from: 90, released: 100%}, {from: 0, released: 0%}]}
  special: {quota: 5%, reasons: [high_cost], decisions: [by_item]}
  capitation:
    per_month: 6
    bands: [{from_age: 0, through_age: 6, factor: 0.9}, {from_age: 7, factor: 1}]
"""
)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_are_clean_and_tell_what_is_assumed(name: str) -> None:
    report = check_pack(name)
    assert report.faults == ()
    told = "\n".join(report.lines())
    assert "假定" in told or "公开来源" in told


def test_a_sound_pack_loads(tmp_path: Path) -> None:
    pack = load_pack(write_pack(tmp_path, FULL))
    assert (pack.name, pack.area, len(pack.versions)) == ("test", "371500", 1)


PLANTED = [
    ("linear_add", "linear_sum", "不在可取值之内"),
    ("below: 2, times: 2.5", "below: 0.5, times: 2.5", "没有递增"),
    ("below: 2, times: 2.5", "below: 2, times: 3.5", "上限随权重上升"),
    ("{times: 2}]", "{below: 9, times: 2}]", "最后一段写了上界"),
    ("{times: 2}]", "{times: 0.9}]", "不大于 1 倍"),
    ("limit: 40%", "limit: 0.4", "不是百分比"),
    ("limit: 40%", "limit: 100%", "低倍率界限"),
    ("primary: 0.8}", "ungraded: 0.8}", "缺少级别 primary"),
    ("tertiary: 1.1", "tertiary: 11", "超出合理范围"),
    ("tertiary: 1.1", "teritary: 1.1", "不认识 'teritary'"),
    ("AA13: {tertiary", "ZZ99: {tertiary", "不在表中"),
    ("employee: 10000", "employee: 10000.123", "金额"),
    ("employee: 10000", "employee: -5", "负数"),
    ("employee: 10000", "staff: 10000", "不认识 'staff'"),
    ("kind: rate", "kind: rates", "rate、points"),
    ("table: weights.csv", "table: nothing.csv", "读不了"),
    ("reserve: 5%", "reserve: 150%", "大于 100%"),
    ("{from: 0%, kept: 30%}", "{from: 90%, kept: 30%}", "under"),
    ("upto: 110%", "upto: 95%", "over 的 upto"),
    ("{from: 0, released: 0%}", "{from: 10, released: 0%}", "从 0 分起"),
    ("{from: 0, released: 0%}", "{from: 0, released: 100%}, {from: 95, released: 10%}", "从高到低"),
    ("reasons: [high_cost]", "reasons: [dear]", "不认识 'dear'"),
    ("from_age: 7,", "from_age: 5,", "重叠"),
    ("name: drg", "name: year", "保留的名字"),
    ("method: drg", "method: drgs", "不认识支付方式"),
    ("    title: DRG\n", "", "缺少 title"),
    ("  special:", "  specials:", "不认识 'specials'"),
    ('area: "371500"', 'area: "999999"', "行政区划"),
    ("certainty: assumed", "certainty: sure", "不在可取值之内"),
    ("source: own", "source: other", "没有名为 'other'"),
    ('"*": {source', "budget_: {source", "不存在的 'budget_'"),
    ("- from: 2026-01-01", "- from: 2026-02-30", "存在的日期"),
    ("- from: 2026-01-01", "- from: 2026-01-01\n  until: 2025-01-01", "止日早于起日"),
    ("sources: {own:", "sources: {spare: {title: x, observed: 2026-01-01}, own:", "没有用到"),
    ("coefficient:\n", "coefficients:\n", "缺少 coefficient"),
    ("from_age: 7, factor: 1", "from_age: 6, factor: 1", "重叠"),
    ("from_age: 7, factor: 1", "from_age: 7, factor: 0", "过小"),
    ("per_month: 6", "per_month: 0", "标准须大于零"),
    ("{from_age: 7, factor: 1}]", "{from_age: 7, factor: 1}]\n    dear_member: {over: 0, borne: 50%}", "起点须大于零"),
]


@pytest.mark.parametrize(("sound", "planted", "said"), PLANTED, ids=[row[1].strip()[:30] or row[2] for row in PLANTED])
def test_each_planted_fault_is_found_with_its_line(tmp_path: Path, sound: str, planted: str, said: str) -> None:
    path = write_pack(tmp_path, FULL)
    text = path.read_text(encoding="utf-8")
    assert sound in text
    path.write_text(text.replace(sound, planted, 1), encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        load_pack(path)
    mine = [fault for fault in refused.value.faults if said in str(fault)]
    assert mine, refused.value.faults
    assert all(fault.line > 0 or fault.file != "pack.yaml" for fault in mine)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    path = write_pack(tmp_path, FULL)
    text = path.read_text(encoding="utf-8")
    chosen = (0, 3, 7, 16, 18, 21, 22, 28)
    for sound, planted, _ in (PLANTED[at] for at in chosen):
        text = text.replace(sound, planted, 1)
    path.write_text(text, encoding="utf-8")
    faults = check_pack(path).faults
    for _, _, said in (PLANTED[at] for at in chosen):
        assert any(said in str(fault) for fault in faults), said


BAD_TABLE = """group,title,weight,mean,basic
AA11,甲,1.00001,10000.00,0
AA11,乙,0.5,5000.001,0
BB15,丙,-3,x,2
,丁,0,1,0
EE,少
"""


def test_every_fault_of_a_table_is_found(tmp_path: Path) -> None:
    path = write_pack(tmp_path, FULL)
    (tmp_path / "weights.csv").write_text(BAD_TABLE, encoding="utf-8")
    found = [(fault.line, fault.path) for fault in check_pack(path).faults if fault.file == "weights.csv"]
    assert {(2, "weight"), (3, "mean"), (3, "group"), (4, "weight"), (4, "mean"), (4, "basic")} <= set(found)
    assert {(5, "group"), (5, "weight"), (6, "")} <= set(found)


def test_methods_in_a_wrong_order_or_without_an_end(tmp_path: Path) -> None:
    day = """
  methods:
  - {name: day, method: by_item, title: 甲, takes: {marks: [day_surgery]}}
"""
    assert any("接收其余" in str(fault) for fault in check_pack(write_pack(tmp_path, day)).faults)
    hidden = """
  methods:
  - {name: all, method: by_item, title: 甲}
  - {name: day, method: by_item, title: 乙, takes: {marks: [day_surgery]}}
"""
    assert any("永不用到" in str(fault) for fault in check_pack(write_pack(tmp_path, hidden)).faults)


def test_what_floats_needs_a_mean_to_pay_a_bill(tmp_path: Path) -> None:
    body = POINTS.replace(", region_mean: 10000", "") + "    outliers: {low: {limit: 40%, pays: as_billed}}\n"
    assert any("region_mean" in str(fault) for fault in check_pack(write_pack(tmp_path, body)).faults)
    standard = POINTS + "    outliers: {benchmark: standard, low: {limit: 40%, pays: ratio}}\n"
    assert any("浮动点值" in str(fault) for fault in check_pack(write_pack(tmp_path, standard)).faults)
    fixed = DIP.replace("kind: points, scale: 1", "kind: rate, per_unit: 10")
    assert any("浮动点值" in str(fault) for fault in check_pack(write_pack(tmp_path, fixed)).faults)


def test_versions_by_discharge_date(tmp_path: Path) -> None:
    second = DRG.replace("employee: 10000", "employee: 11000")
    body = DRG.strip("\n") + TAIL + "\n- from: 2027-01-01\n" + second.strip("\n")
    path = write_pack(tmp_path, body, HEAD.replace("- from: 2026-01-01", "- from: 2026-01-01\n  until: 2026-12-31"))
    pack = load_pack(path)
    rates = [version_on(pack, day).methods[0].price.rate["employee"] for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert rates == [1_000_000, 1_100_000]
    with pytest.raises(PackMissing):
        version_on(pack, date(2025, 12, 31))
    text = path.read_text(encoding="utf-8")
    for start, said in (("2026-12-01", "重叠"), ("2027-02-01", "没有版本")):
        path.write_text(text.replace("2027-01-01", start), encoding="utf-8")
        assert any(said in str(fault) for fault in check_pack(path).faults)


def test_the_fingerprint_covers_the_tables(tmp_path: Path) -> None:
    path = write_pack(tmp_path, DRG)
    before = load_pack(path).sha256
    table = tmp_path / "weights.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("1.0000", "1.0001"), encoding="utf-8")
    assert load_pack(path).sha256 != before


@pytest.mark.parametrize(
    "text", ["", "[]", "kind: payment_pack", "a: [", "kind: 1\nversions: {}", "\x00", "versions: [1]"]
)
def test_what_is_no_pack_is_refused_without_a_crash(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(text, encoding="utf-8")
    assert check_pack(path).faults


def test_cut_anywhere_it_is_a_fault_or_a_pack_but_never_a_crash(tmp_path: Path) -> None:
    path = write_pack(tmp_path, FULL)
    lines = path.read_text(encoding="utf-8").splitlines()
    for at in range(len(lines)):
        path.write_text("\n".join(lines[:at] + lines[at + 1 :]), encoding="utf-8")
        check_pack(path)
        path.write_text("\n".join(lines[:at]), encoding="utf-8")
        check_pack(path)
    for key in (
        "price",
        "units",
        "takes",
        "outliers",
        "year",
        "special",
        "capitation",
        "sources",
        "methods",
        "coefficient",
    ):
        for wrong in ("[]", "1", "none", "{}", "null", "[1]"):
            damaged = [f"{line.split(key + ':')[0]}{key}: {wrong}" if f"{key}:" in line else line for line in lines]
            path.write_text("\n".join(damaged), encoding="utf-8")
            check_pack(path)


def test_a_missing_file_says_so() -> None:
    (fault,) = check_pack("no-such-pack").faults
    assert "读不到" in str(fault)
    with pytest.raises(Malformed):
        read_pack(Path("no-such-pack.yaml"))
