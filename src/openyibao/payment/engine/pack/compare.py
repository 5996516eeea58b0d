"""The same stays paid by two packs within one budget (同一预算下的比较), hospital by hospital, to the fen.

Both sides get the same budget by scheme and the same bills; what differs is the pack. Each side's identity is shown:
paid + clearing + retained = budget (+ what the fund bears beyond it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.pack.clearing import Clearing, clear_year
from openyibao.payment.engine.pack.errors import PackMissing
from openyibao.payment.engine.pack.exact import apportion, fraction_text
from openyibao.payment.engine.pack.member_telling import identity_line, member_lines
from openyibao.payment.engine.pack.member_year import MemberYear, Spent, Weights, member_method, member_year
from openyibao.payment.engine.pack.members import Member
from openyibao.payment.engine.pack.pack import Pack, Version
from openyibao.payment.engine.pack.period import Pool, distribute
from openyibao.payment.engine.pack.pricing import Priced, price_all
from openyibao.payment.engine.pack.stays import GroupOf, Stay
from openyibao.payment.engine.pack.terms import STATUSES
from openyibao.policy.terms import SCHEMES


@dataclass(frozen=True)
class PaidYear:
    """A year's stays paid by one pack (一年付费结果)."""

    pack: str
    title: str
    priced: Sequence[Priced]
    pools: Mapping[str, Pool]
    clearing: Mapping[str, Clearing]
    statuses: Mapping[str, int]
    assumed: tuple[str, ...]
    """Methods and sections whose figures are assumed."""
    finals: Mapping[str, int] = field(default_factory=dict)
    """Institution -> what it gets for the year in the end, fen."""
    members: MemberYear | None = None
    """Where the pack counts members instead of stays."""

    @property
    def holds(self) -> bool:
        return all(one.holds for one in self.clearing.values())


@dataclass(frozen=True)
class HospitalRow:
    """One institution on both sides, fen: bills, then what each pack pays in the end."""

    institution: str
    cases: int
    total_fen: int
    by_item_fen: int
    paid_fen: tuple[int, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Report:
    """A comparison: the years side by side and a row for each institution."""

    budget_fen: Mapping[str, int]
    sides: tuple[PaidYear, ...]
    rows: tuple[HospitalRow, ...]

    @property
    def holds(self) -> bool:
        return all(side.holds for side in self.sides)


def version_of(pack: Pack, stays: Iterable[Stay]) -> Version:
    """The one version that covers all discharges.

    Raises: PackMissing; Malformed for a stay without a day or year, and when versions change in between.
    """
    stays = list(stays)
    undated = [stay.case_id for stay in stays if not stay.discharged and not stay.year]
    if undated:
        few = "、".join(undated[:3])
        raise Malformed(
            [Fault("", 0, "discharged", f"{len(undated)} 例没有出院日期或年度（{few}…）", "discharged 或 year")]
        )
    found: set[int] = set()
    version: Version | None = None
    for day in sorted({stay.discharged or f"{stay.year:04d}-12-31" for stay in stays}):
        version = pack.version_on(date.fromisoformat(day))
        if version is None:
            raise PackMissing(f"{pack.title} 没有 {day} 有效的版本", hint="补一个版本，或核对出院日期")
        found.add(version.index)
    if version is None:
        raise PackMissing("没有病例")
    if not version.methods:
        raise PackMissing(f"{pack.title} 按人头或医共体付费，不给病例计价", hint="payment members，或 payment simulate")
    if len(found) > 1:
        raise Malformed([Fault(pack.file, 0, "versions", "这些病例跨越几个版本", "按版本的起止分开文件")])
    return version


def pay_year(
    pack: Pack,
    stays: Sequence[Stay],
    groups: Mapping[str, GroupOf],
    budgets: Mapping[str, int],
    scores: Mapping[str, int] | None = None,
) -> PaidYear:
    """Price, distribute and clear one year. Raises: PackMissing, BudgetTooSmall, Malformed."""
    version = version_of(pack, stays)
    priced = price_all(version, stays, groups)
    settled, pools = distribute(version, priced, budgets)
    cleared = clear_year(version, settled, pools, scores)
    statuses = Counter(one.status for one in settled)
    used = {one.method for one in settled if one.method}
    assumed = sorted(
        name
        for name in (*used, "year")
        if version.certainty_of(name) == "assumed" and (name != "year" or version.certainty)
    )
    finals: Counter[str] = Counter()
    for one in cleared.values():
        for line in one.lines:
            finals[line.institution] += line.final_fen
    counted = dict(sorted(statuses.items()))
    return PaidYear(pack.name, pack.title, settled, pools, cleared, counted, tuple(assumed), finals)


def pay_members(
    pack: Pack, version: Version, members: Iterable[Member], spent: Spent, budgets: Mapping[str, int], weights: Weights
) -> PaidYear:
    """One year by the pack's way to pay by members, as a side of a comparison. Raises: what `member_year` raises."""
    made = member_year(version, member_method(pack, version), members, spent, budgets, weights)
    pools = {scheme: one.pool for scheme, one in made.clearing.items()}
    assumed = tuple(name for name in (made.method, "year") if version.certainty_of(name) == "assumed")
    return PaidYear(pack.name, pack.title, (), pools, made.clearing, {}, assumed, made.finals, made)


def split_budget(stays: Iterable[Stay], budget_fen: int) -> dict[str, int]:
    """One budget over the schemes, in proportion to what the basic pool would pay by item."""
    sums: Counter[str] = Counter()
    for stay in stays:
        if not stay.remote:
            sums[stay.scheme] += stay.pool_by_item_fen
    names = sorted(sums)
    if not sum(sums.values()):
        return dict.fromkeys(names, 0)
    return dict(zip(names, apportion(budget_fen, [sums[name] for name in names], names), strict=True))


def compare(
    sides: Sequence[tuple[Pack, Mapping[str, GroupOf]]], stays: Sequence[Stay], budgets: Mapping[str, int]
) -> Report:
    """Pay the same stays by each pack. Raises: what `pay_year` raises."""
    return beside(tuple(pay_year(pack, stays, groups, budgets) for pack, groups in sides), stays, budgets)


def beside(years: Sequence[PaidYear], stays: Sequence[Stay], budgets: Mapping[str, int]) -> Report:
    """Years already paid, side by side: a row for every institution with a stay of the local budget, or with money."""
    counted_ids = {one.stay.case_id for year in years for one in year.priced if one.counts}
    if any(year.members is not None for year in years):
        counted_ids |= {stay.case_id for stay in stays if not stay.remote}
    bills: dict[str, list[Stay]] = {name: [] for year in years for name, fen in year.finals.items() if fen}
    for stay in stays:
        if stay.case_id in counted_ids:
            bills.setdefault(stay.institution, []).append(stay)
    rows = tuple(
        HospitalRow(
            name,
            len(bills[name]),
            sum(stay.total_fen for stay in bills[name]),
            sum(stay.pool_by_item_fen for stay in bills[name]),
            tuple(year.finals.get(name, 0) for year in years),
        )
        for name in sorted(bills)
    )
    return Report(dict(budgets), tuple(years), rows)


def report_json(report: Report) -> dict[str, Any]:
    """A comparison as plain data, amounts in yuan as text."""
    return {
        "budget": {scheme: yuan_text(fen) for scheme, fen in report.budget_fen.items()},
        "identity_holds": report.holds,
        "sides": [_side_json(side) for side in report.sides],
        "institutions": [
            {
                "institution": row.institution,
                "cases": row.cases,
                "total": yuan_text(row.total_fen),
                "by_item": yuan_text(row.by_item_fen),
                **{side.pack: yuan_text(fen) for side, fen in zip(report.sides, row.paid_fen, strict=True)},
            }
            for row in report.rows
        ],
    }


def _side_json(side: PaidYear) -> dict[str, Any]:
    return {
        "pack": side.pack,
        "title": side.title,
        "statuses": dict(side.statuses),
        "assumed": list(side.assumed),
        "schemes": clearing_json(side.clearing),
    }


def clearing_json(clearing: Mapping[str, Clearing]) -> dict[str, Any]:
    """Each scheme's clearing as plain data, amounts in yuan as text."""
    return {
        scheme: {
            "budget": yuan_text(one.pool.budget_fen),
            "beyond_budget": yuan_text(one.pool.beyond_fen),
            "points": fraction_text(Fraction(one.pool.points, 10_000)),
            "point_value": one.pool.value_text,
            "standard_point_value": _value_text(one.pool.standard_value),
            "control_factor": _shown(one.pool.control_factor),
            "scaled": fraction_text(one.pool.scaled, 6) if one.pool.scaled is not None else "",
            "paid_in_year": yuan_text(one.paid_fen),
            "clearing": yuan_text(one.clearing_fen),
            "retained": {name: yuan_text(fen) for name, fen in one.retained.items()},
            "identity_holds": one.holds,
        }
        for scheme, one in clearing.items()
    }


def _value_text(fen: Fraction | None) -> str:
    return "" if fen is None else fraction_text(fen / 100)


def _shown(ratio: Fraction | None) -> str:
    return "" if ratio is None else fraction_text(ratio)


def report_lines(report: Report) -> list[str]:
    """A comparison told in Chinese, identity included."""
    budgets = (f"{SCHEMES[scheme]} {yuan_text(fen)} 元" for scheme, fen in report.budget_fen.items())
    lines = ["预算 " + "，".join(budgets)]
    for side in report.sides:
        lines.append(f"{side.pack}：{side.title}")
        if side.members is not None:
            lines += [f"  {line}" for line in member_lines(side.members)]
            continue
        lines.append("  " + "，".join(f"{STATUSES[name]} {count:,}" for name, count in side.statuses.items()))
        for scheme, one in side.clearing.items():
            value = f"，点值 {one.pool.value_text} 元" if one.pool.value is not None else ""
            if one.pool.control_factor is not None:
                standard = _value_text(one.pool.standard_value)
                value += f"（标准点值 {standard} 元，调节系数 {_shown(one.pool.control_factor)}）"
            scaled = f"，同比例压减至 {fraction_text(one.pool.scaled * 100, 2)}%" if one.pool.scaled is not None else ""
            lines.append(f"  {SCHEMES[scheme]}{value}{scaled}")
            lines.append(f"    {identity_line(one)}")
    return lines
