"""Begins a new area: policy files with every figure still `missing`, and a first case to settle.

The files pass `policy check` as they are; settling refuses and names the first figure that is still missing, so the
work is to fill figures until the case settles.
"""

from __future__ import annotations

from pathlib import Path

from openyibao.kernel.areas import all_areas
from openyibao.kernel.errors import Fault, Malformed

HEAD = """# yaml-language-server: $schema=../../schema/policy.schema.json
kind: benefit
area: "{code}"
schemes: [{scheme}]
benefit: {benefit}
layer: basic_pool
pays_as: hifp_pay
title: {city}{zh}{title}
versions:
- from: {year}-01-01
  measures: [in_scope]
"""
SOURCES = """  sources:
    "*": {source: placeholder, certainty: assumed, note: 待以市级文件替换}
"""
INPATIENT = """  deductible:                       # 起付线，元，按次
    per: stay
    amount: {primary: missing, secondary: missing, tertiary: missing}
    nth_stay: [100%]                # 第二次起的比例，如 [100%, 50%, 0%]；末项沿用
  tiers:                            # 支付比例，如 85%；分段时每段写 upto
  - {rate: {primary: missing, secondary: missing, tertiary: missing}}
  cap: {amount: missing, counts: [inpatient]}   # 年度最高支付，元；没有则写 none
"""
OUTPATIENT = {
    "resident": """  tiers:
  - {rate: missing}                 # 支付比例，如 50%
  cap: {amount: missing, counts: [outpatient]}  # 年度限额，元
""",
    "employee": """  deductible: {per: year_highest, amount: {primary: missing, secondary: missing, tertiary: missing}}
  tiers:
  - {rate: {primary: missing, secondary: missing, tertiary: missing}}
  bonus:
    retiree: {retired: missing}     # 退休加几个百分点，如 5%
  cap: {amount: missing, counts: [outpatient]}
""",
}
SERIOUS = """# yaml-language-server: $schema=../../schema/policy.schema.json
kind: layer
area: "{code}"
schemes: [resident]
layer: serious_illness
pays_as: hifmi_pay
title: {city}居民大病保险（分段比例用全省）
extends: shandong/resident/serious_illness.yaml
versions:
- from: {year}-01-01
  deductible: {{per: year, amount: missing}}     # 大病起付线，元
"""
CASE = """title: {city}{zh}三级医院住院一次
source: 自拟
person:
  area: "{code}"
  scheme: {scheme}
  status: {status}
visits:
- {{date: {year}-03-05, benefit: inpatient, level: tertiary, in_scope: "20000.00"}}
# 手工算好后写在这里，再运行 openyibao cases run：
# expected:
# - {{act_pay_dedc: "…", hifp_pay: "…"}}
"""
CHINESE = {"employee": "职工", "resident": "居民"}


def new_city(code: str, scheme: str, year: int, policies: Path, cases: Path) -> list[Path]:
    """Write the first files of an area. Raises: Malformed when one exists already or the scheme is unknown."""
    if scheme not in CHINESE:
        raise Malformed([Fault("", 0, "--scheme", f"{scheme!r} 不能新建", "employee 或 resident")])
    if not 2021 <= year <= 2100:
        raise Malformed([Fault("", 0, "--year", f"{year} 不能新建", "2021 至 2100（2020 年用全省样式）")])
    area = all_areas()[code]
    words = {"code": code, "scheme": scheme, "zh": CHINESE[scheme], "city": area.name, "year": year}
    folder = policies / area.key / scheme
    files = {
        folder / "inpatient.yaml": HEAD.format(benefit="inpatient", title="基本医保住院", **words)
        + INPATIENT
        + SOURCES,
        folder / "outpatient.yaml": HEAD.format(benefit="outpatient", title="普通门诊", **words)
        + OUTPATIENT[scheme]
        + SOURCES,
        cases / area.key / f"first-{scheme}.yaml": CASE.format(
            status="active" if scheme == "employee" else "adult", **words
        ),
    }
    if scheme == "resident":
        files[folder / "serious_illness.yaml"] = SERIOUS.format(**words) + SOURCES
    standing = [path for path in files if path.exists()]
    if standing:
        raise Malformed([Fault(str(path), 0, "", "文件已存在，不覆盖", "换一个地区，或先移走它") for path in standing])
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Malformed([Fault(str(path), 0, "", f"写不了（{problem.strerror}）", "可写的文件夹")]) from None
    return list(files)
