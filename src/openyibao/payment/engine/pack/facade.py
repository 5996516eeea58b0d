"""The door of payment packs and DIP (支付方式包、病种分值): read, check, price, explain, weigh, compare. Pure.

Files and stays in, values out; nothing is stored. The payment room and the command line call these verbs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.dip.build import build_directory
from openyibao.payment.engine.dip.directory import Directory, load_directory, write_directory
from openyibao.payment.engine.dip.group import COLUMNS as DIP_COLUMNS
from openyibao.payment.engine.dip.group import explain_stay as explain_dip
from openyibao.payment.engine.dip.group import group_stays
from openyibao.payment.engine.dip.params import Parameters, load_parameters
from openyibao.payment.engine.pack import pricing
from openyibao.payment.engine.pack.budget import Budgets, Control, History, budgets, total_control
from openyibao.payment.engine.pack.clearing import RETAINED
from openyibao.payment.engine.pack.compare import (
    HospitalRow,
    PaidYear,
    Report,
    beside,
    clearing_json,
    compare,
    pay_members,
    pay_year,
    report_json,
    report_lines,
    split_budget,
    version_of,
)
from openyibao.payment.engine.pack.errors import PackMissing, StayUnknown
from openyibao.payment.engine.pack.exact import fraction_text, scaled, scaled_text
from openyibao.payment.engine.pack.history import POINTS, make_budgets, read_history, write_budgets
from openyibao.payment.engine.pack.indicators import Indicators, indicators, risk_classes
from openyibao.payment.engine.pack.invented import (
    LEVEL_ODDS,
    PROFILES,
    Invented,
    Profile,
    coded,
    invent,
    write_groups,
    write_stays,
)
from openyibao.payment.engine.pack.loading import load_pack, pack_path, read_pack
from openyibao.payment.engine.pack.member_files import (
    YEAR_COLUMNS,
    member_year_rows,
    read_members,
    read_spent,
    read_weights,
    write_member_year,
)
from openyibao.payment.engine.pack.member_telling import explain_member, member_lines
from openyibao.payment.engine.pack.member_year import (
    MemberYear,
    member_method,
    member_version,
    member_year,
    split_by_standard,
    unknown_diseases,
)
from openyibao.payment.engine.pack.members import Member, capitation, consortium_year
from openyibao.payment.engine.pack.pack import Pack, Unit, Version
from openyibao.payment.engine.pack.period import Pool, distribute, month_differences
from openyibao.payment.engine.pack.pricing import Priced, price_all
from openyibao.payment.engine.pack.scheme import drg_groups
from openyibao.payment.engine.pack.stays import NO_GROUP, GroupOf, Stay, StayFile, read_groups, read_stays
from openyibao.payment.engine.pack.terms import MEMBER_METHODS, METHODS, STATUSES
from openyibao.payment.engine.pack.weight_rules import load_overrides, load_weight_rules
from openyibao.payment.engine.pack.weights import (
    Override,
    WeightRules,
    WeightRun,
    base_rates,
    build_weights,
    cost_coefficients,
)
from openyibao.payment.engine.pack.writing import PRICED_COLUMNS, priced_row, write_priced, write_report, write_units


@dataclass(frozen=True)
class PackReport:
    """What a check of a pack found (校验结果): faults, or what is in it."""

    pack: Pack | None
    faults: tuple[Fault, ...]

    def lines(self) -> list[str]:
        """The pack in a few lines, when nothing is wrong with it."""
        if self.pack is None or self.faults:
            return []
        found = [f"{self.pack.title}（{self.pack.name}，{self.pack.area}）指纹 {self.pack.sha256[:12]}"]
        for version in self.pack.versions:
            found.append(f"  {version.period}")
            for method in version.methods:
                certainty = version.certainty_of(method.name)
                table = f"，{len(method.units)} 个病组" if method.units else ""
                found.append(f"    {method.name}：{METHODS[method.kind]}{table}（{CERTAINTY[certainty]}）")
            for name in version.member_methods:
                found.append(f"    {name}：{MEMBER_METHODS[name]}（{CERTAINTY[version.certainty_of(name)]}）")
        return found


CERTAINTY = {"seed": "原文印载", "public": "公开来源", "assumed": "假定"}


def check_pack(name: str | Path) -> PackReport:
    """Every fault of a pack and of the tables that it names; never raises for what they hold."""
    try:
        pack, faults = read_pack(pack_path(name))
    except Malformed as problem:
        return PackReport(None, tuple(problem.faults))
    return PackReport(pack, tuple(faults))


def version_on(pack: Pack, day: date) -> Version:
    """The version of a pack in force on a day of discharge. Raises: PackMissing."""
    version = pack.version_on(day)
    if version is None:
        dated = "；".join(str(one.period) for one in pack.versions)
        raise PackMissing(f"{pack.title} 没有 {day} 有效的版本", hint=f"有：{dated}")
    return version


def stay_of(stays: Iterable[Stay], case_id: str) -> Stay:
    """One stay of a file by its number. Raises: StayUnknown."""
    for stay in stays:
        if stay.case_id == case_id:
            return stay
    raise StayUnknown(f"没有病例 {case_id}", hint="核对 case_id；有误的行不会读入")


def explain_price(pack: Pack, stay: Stay, group: GroupOf, *, by_pack: bool = False) -> list[str]:
    """How one stay is priced, step by step, in Chinese, with the certainty of the figures.

    Args: by_pack says that the group comes from the scheme or directory that the pack names.
    """
    version = version_of(pack, [stay])
    priced, lines = pricing.explain_stay(version, stay, group)
    told = [f"病例 {stay.case_id}，费用 {yuan_text(stay.total_fen)} 元；{pack.title}，版本 {version.period}"]
    if by_pack and pack.grouping:
        named, more = ("目录", "dip group") if "directory" in pack.grouping else ("方案", "drg explain")
        which = pack.grouping.get("directory") or pack.grouping["scheme"]
        told.append(f"[分组] 包所写的{named} {which}：{group.group or '未入组'}（逐步说明见 {more}）")
    told += lines
    told.append(f"结果：{STATUSES[priced.status]}" + (f"（{priced.reason}）" if priced.reason else ""))
    if priced.method:
        certainty = version.certainty_of(priced.method)
        told.append(f"所用参数：{CERTAINTY[certainty]}" + ("，结果为暂定" if certainty == "assumed" else ""))
    return told


def write_dip_groups(directory: Directory, file: StayFile, path: Path) -> dict[str, int]:
    """Group a file of stays by a directory and write it. Returns: how many rows have each status."""
    counts: dict[str, int] = {}
    with path.open("w", encoding="utf-8", newline="") as opened:
        out = csv.writer(opened, lineterminator="\n")
        out.writerow(DIP_COLUMNS)
        for grouped in group_stays(directory, file.stays):
            row = grouped.row()
            counts[row[1]] = counts.get(row[1], 0) + 1
            out.writerow(row)
        for case_id, _ in file.refused:
            counts[BAD_ROW] = counts.get(BAD_ROW, 0) + 1
            out.writerow((case_id, BAD_ROW, *[""] * (len(DIP_COLUMNS) - 3), "0"))
    return counts


BAD_ROW = "信息校验不通过"


def dip_groups(directory: Directory, stays: Iterable[Stay]) -> dict[str, GroupOf]:
    """Groups and factors of stays by a directory, for pricing."""
    return {
        one.stay.case_id: GroupOf(one.group.code, one.factor) if one.group is not None else NO_GROUP
        for one in group_stays(directory, stays)
    }


def groups_for(pack: Pack, stays: Sequence[Stay], file: Path | None = None) -> dict[str, GroupOf]:
    """Groups of stays: from a grouper's output, else by the scheme or directory that the pack names.

    Raises: Malformed, when the pack names neither and needs groups; what the groupers raise.
    """
    if file is not None:
        return read_groups(file)
    if "directory" in pack.grouping:
        return dip_groups(load_directory(pack.folder / pack.grouping["directory"]), stays)
    if "scheme" in pack.grouping:
        return drg_groups(pack.grouping["scheme"], stays)
    if any(method.units for version in pack.versions for method in version.methods):
        raise Malformed([Fault(pack.file, 0, "grouping", "包没有写明分组方案或目录", "grouping，或给出分组结果文件")])
    return {}


def indicator_row(one: Indicators) -> dict[str, str]:
    """Indicators as text for a page or a file."""
    rates = {
        "cmi": one.cmi,
        "cost_index": one.cost_index,
        "time_index": one.time_index,
        "grouped_rate": one.grouped_rate,
        "low_risk_mortality": one.low_risk_mortality,
    }
    return {
        "key": one.key,
        "cases": str(one.cases),
        "groups_covered": str(one.groups_covered),
        "total_weight": scaled_text(one.total_weight, 4),
        **{name: "" if value is None else fraction_text(value) for name, value in rates.items()},
        "high": str(one.high),
        "low": str(one.low),
        "heavy": str(one.heavy),
        "total": yuan_text(one.total_fen),
        "standard": yuan_text(one.standard_fen),
        "gap": yuan_text(one.gap_fen),
    }


def units_of(version: Version) -> Mapping[str, Unit]:
    """All groups of a version's methods, the first method's figures where several have one."""
    found: dict[str, Unit] = {}
    for method in version.methods:
        for group, unit in method.units.items():
            found.setdefault(group, unit)
    return found


def years_of(stays: Sequence[Stay]) -> list[int]:
    """Years that stays are of; stays without one are 0."""
    return sorted({stay.year for stay in stays})


__all__ = [
    "BAD_ROW",
    "LEVEL_ODDS",
    "MEMBER_METHODS",
    "METHODS",
    "NO_GROUP",
    "POINTS",
    "PRICED_COLUMNS",
    "PROFILES",
    "RETAINED",
    "STATUSES",
    "YEAR_COLUMNS",
    "Budgets",
    "Control",
    "Directory",
    "GroupOf",
    "History",
    "HospitalRow",
    "Indicators",
    "Invented",
    "Member",
    "MemberYear",
    "Override",
    "Pack",
    "PackReport",
    "PaidYear",
    "Parameters",
    "Pool",
    "Priced",
    "Profile",
    "Report",
    "Stay",
    "StayFile",
    "Version",
    "WeightRules",
    "WeightRun",
    "base_rates",
    "beside",
    "budgets",
    "build_directory",
    "build_weights",
    "capitation",
    "check_pack",
    "clearing_json",
    "coded",
    "compare",
    "consortium_year",
    "cost_coefficients",
    "dip_groups",
    "distribute",
    "drg_groups",
    "explain_dip",
    "explain_member",
    "explain_price",
    "group_stays",
    "groups_for",
    "indicator_row",
    "indicators",
    "invent",
    "load_directory",
    "load_overrides",
    "load_pack",
    "load_parameters",
    "load_weight_rules",
    "make_budgets",
    "member_lines",
    "member_method",
    "member_version",
    "member_year",
    "member_year_rows",
    "month_differences",
    "pack_path",
    "pay_members",
    "pay_year",
    "price_all",
    "priced_row",
    "read_groups",
    "read_history",
    "read_members",
    "read_spent",
    "read_stays",
    "read_weights",
    "report_json",
    "report_lines",
    "risk_classes",
    "scaled",
    "split_budget",
    "split_by_standard",
    "stay_of",
    "total_control",
    "units_of",
    "unknown_diseases",
    "version_of",
    "version_on",
    "write_budgets",
    "write_dip_groups",
    "write_directory",
    "write_groups",
    "write_member_year",
    "write_priced",
    "write_report",
    "write_stays",
    "write_units",
    "years_of",
]
