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
from openyibao.payment.engine.pack.compare import (
    PaidYear,
    Report,
    compare,
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
from openyibao.payment.engine.pack.members import Member, capitation, consortium_year
from openyibao.payment.engine.pack.pack import Pack, Unit, Version
from openyibao.payment.engine.pack.period import Pool, distribute, month_differences
from openyibao.payment.engine.pack.pricing import Priced, price_all
from openyibao.payment.engine.pack.stays import NO_GROUP, GroupOf, Stay, StayFile, read_groups, read_stays
from openyibao.payment.engine.pack.terms import METHODS, STATUSES
from openyibao.payment.engine.pack.units import COLUMNS as UNIT_COLUMNS
from openyibao.payment.engine.pack.units import unit_row
from openyibao.payment.engine.pack.weight_rules import load_overrides, load_weight_rules
from openyibao.payment.engine.pack.weights import (
    Override,
    WeightRules,
    WeightRun,
    base_rates,
    build_weights,
    cost_coefficients,
)

PRICED_COLUMNS = (
    *("case_id", "status", "method", "group", "units", "points", "standard", "patient", "other", "fund", "by_item"),
    *("difference", "reason"),
)


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


def explain_price(pack: Pack, stay: Stay, group: GroupOf) -> list[str]:
    """How one stay is priced, step by step, in Chinese, with the certainty of the figures."""
    version = version_of(pack, [stay])
    priced, lines = pricing.explain_stay(version, stay, group)
    told = [f"病例 {stay.case_id}，费用 {yuan_text(stay.total_fen)} 元；{pack.title}，版本 {version.period}", *lines]
    told.append(f"结果：{STATUSES[priced.status]}" + (f"（{priced.reason}）" if priced.reason else ""))
    if priced.method:
        certainty = version.certainty_of(priced.method)
        told.append(f"所用参数：{CERTAINTY[certainty]}" + ("，结果为暂定" if certainty == "assumed" else ""))
    return told


def priced_row(one: Priced) -> list[str]:
    """A priced stay as a row of `PRICED_COLUMNS`; what is not known is empty."""
    known = one.fund_fen is not None and one.standard_fen is not None
    return [
        one.stay.case_id,
        one.status,
        one.method,
        one.group,
        scaled_text(one.units, 4),
        scaled_text(one.points, 4) if one.floating else "",
        yuan_text(one.standard_fen) if known and one.standard_fen is not None else "",
        yuan_text(one.patient_fen),
        yuan_text(one.other_fen),
        yuan_text(one.fund_fen) if one.fund_fen is not None else "",
        yuan_text(one.stay.pool_by_item_fen),
        yuan_text(one.fund_fen - one.stay.pool_by_item_fen) if one.fund_fen is not None else "",
        one.reason,
    ]


def write_priced(priced: Iterable[Priced], refused: Iterable[tuple[str, str]], path: Path) -> None:
    """Write priced stays; rows of the input that could not be read stand at the end with what is wrong."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(PRICED_COLUMNS)
        out.writerows(priced_row(one) for one in priced)
        blank = [""] * (len(PRICED_COLUMNS) - 3)
        out.writerows([case_id, "refused", *blank, f"行有误：{why}"] for case_id, why in refused)


def write_units(run: WeightRun, path: Path) -> None:
    """Write the weights of a run as the table a pack names; a negotiated weight says by whom, when and why."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(UNIT_COLUMNS)
        for row in run.rows.values():
            change = row.override
            note = f"谈判：{change.by} {change.on} {change.why}；测算 {scaled_text(row.computed, 4)}" if change else ""
            spread = scaled_text(int(row.variation * 10_000 + 0.5), 4)
            cells = unit_row(row.unit, note=note)
            cells[UNIT_COLUMNS.index("cv")] = spread
            out.writerow(cells)


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


def drg_groups(scheme: str, stays: Iterable[Stay]) -> dict[str, GroupOf]:
    """Groups of stays by a DRG scheme, a folder or one that comes with the program. Raises: SchemeUnknown."""
    from openyibao.payment.engine.contracts import GROUPED
    from openyibao.payment.engine.facade import Case, load_grouper, scheme_folder

    group = load_grouper(scheme_folder(scheme)).group
    found = {}
    for stay in stays:
        case = Case(
            sex=stay.sex,
            age=stay.age,
            age_days=stay.age_days,
            birth_weight=stay.birth_weight,
            dept=stay.dept,
            los=stay.los,
            leaving=stay.leaving,
            dx=stay.dx,
            px=stay.px,
        )
        grouping = group(case)
        found[stay.case_id] = GroupOf(grouping.drg if grouping.status == GROUPED else "")
    return found


def write_report(report: Report, path: Path) -> None:
    """Write a comparison as CSV: a row for each institution."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        names = [side.pack for side in report.sides]
        out.writerow(["institution", "cases", "total", "by_item", *names])
        for row in report.rows:
            amounts = [yuan_text(fen) for fen in (row.total_fen, row.by_item_fen, *row.paid_fen)]
            out.writerow([row.institution, row.cases, *amounts])


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
    "NO_GROUP",
    "POINTS",
    "PRICED_COLUMNS",
    "PROFILES",
    "STATUSES",
    "Budgets",
    "Control",
    "Directory",
    "GroupOf",
    "History",
    "Indicators",
    "Invented",
    "Member",
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
    "WeightRules",
    "WeightRun",
    "base_rates",
    "budgets",
    "build_directory",
    "build_weights",
    "capitation",
    "check_pack",
    "coded",
    "compare",
    "consortium_year",
    "cost_coefficients",
    "dip_groups",
    "distribute",
    "drg_groups",
    "explain_dip",
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
    "month_differences",
    "pack_path",
    "pay_year",
    "price_all",
    "priced_row",
    "read_groups",
    "read_history",
    "read_stays",
    "report_json",
    "report_lines",
    "risk_classes",
    "scaled",
    "split_budget",
    "stay_of",
    "total_control",
    "units_of",
    "version_of",
    "version_on",
    "write_budgets",
    "write_dip_groups",
    "write_directory",
    "write_groups",
    "write_priced",
    "write_report",
    "write_stays",
    "write_units",
    "years_of",
]
