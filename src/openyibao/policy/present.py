"""A settled year as rows of fen for a table or a page, and how sure its total is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openyibao.kernel.money import yuan_text
from openyibao.policy.changes import with_figures
from openyibao.policy.compiler import Compiler
from openyibao.policy.fold import PersonYear, Reversed, Settled, settle_case
from openyibao.policy.rows import amounts
from openyibao.policy.terms import BENEFITS, FUND_FIELDS, LEVELS
from openyibao.policy.trace import figures, provisional


@dataclass(frozen=True)
class MoneyRow:
    """One line of the table of a case. Amounts in fen by national field."""

    index: int
    day: date
    benefit: str
    level: str
    fen: dict[str, int]
    reversal: bool = False
    adjustments: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    provisional: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interval:
    """Least and most the funds would pay over the stated ranges of the figures used. Fen."""

    low: int
    high: int
    paths: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"fund_pay_sumamt": [yuan_text(self.low), yuan_text(self.high)], "figures": list(self.paths)}


def money_rows(year: PersonYear) -> list[MoneyRow]:
    """Every row of a settled year, reversals as negatives."""
    return [_reversal(row) if isinstance(row, Reversed) else _visit(row) for row in year.rows]


def _visit(settled: Settled) -> MoneyRow:
    visit, cell = settled.visit, settled.split.cell
    absent = () if cell.in_force else (f"该日尚无此待遇（{cell.none_before}）",)
    return MoneyRow(
        visit.index,
        visit.day,
        BENEFITS[visit.benefit],
        LEVELS.get(visit.level, ""),
        {
            **amounts(settled),
            "special_drug": visit.special_drug,
            "remote_first_self_pay": settled.split.remote,
        },
        notes=(*settled.notes, *absent),
        gaps=cell.gaps,
        provisional=tuple(provisional(settled)),
    )


def _reversal(row: Reversed) -> MoneyRow:
    visit = row.target.visit
    return MoneyRow(
        row.visit.index,
        row.visit.day,
        f"冲销 #{visit.index}",
        LEVELS.get(visit.level, ""),
        {name: -fen for name, fen in _visit(row.target).fen.items()},
        reversal=True,
        adjustments=row.adjustments,
    )


def year_amounts(year: PersonYear) -> dict[str, int]:
    """Every money field over the year as it stands: rows, reversals as negatives, and adjustments. Fen.

    What an adjustment moves from a fund it moves to the person, who settles it in cash at the counter.
    """
    totals: dict[str, int] = {}
    for shown in money_rows(year):
        for name, fen in shown.fen.items():
            totals[name] = totals.get(name, 0) + fen
    for row in year.rows:
        for index, changes in row.adjustments if isinstance(row, Reversed) else ():
            adjusted = year.rows[index]
            assert isinstance(adjusted, Settled)
            fields = {layer.layer: layer.pays_as for layer in adjusted.split.cell.rows}
            for layer, fen in changes.items():
                _move(totals, fields.get(layer, "supplement_pay"), fen)
    return totals


def _move(totals: dict[str, int], name: str, fen: int) -> None:
    totals[name] = totals.get(name, 0) + fen
    if name in FUND_FIELDS:
        totals["fund_pay_sumamt"] += fen
    if name != "supplement_pay":
        totals["psn_part_amt"] -= fen
        totals["psn_cash_pay"] -= fen


def fund_total(year: PersonYear) -> int:
    """What the funds pay for the year as it stands, reversals and adjustments included. Fen."""
    return year_amounts(year)["fund_pay_sumamt"]


def interval(year: PersonYear) -> Interval | None:
    """The fund total over the stated ranges of the assumed or extended figures used; None when none states a range.

    Each figure is moved alone to both ends; then all stand at the ends that pay least, and at those that pay most.
    """
    ranges: dict[str, tuple[str, str]] = {}
    for row in year.rows:
        if isinstance(row, Settled):
            for figure in figures(row):
                if figure.standing and figure.provenance.low and figure.value[:1].isdigit():
                    ranges[figure.path] = (figure.provenance.low, figure.provenance.high)
    if not ranges:
        return None
    least: dict[str, str] = {}
    most: dict[str, str] = {}
    for path, ends in ranges.items():
        totals = [_total_with(year, {path: end}) for end in ends]
        least[path], most[path] = (ends[0], ends[1]) if totals[0] <= totals[1] else (ends[1], ends[0])
    settled = fund_total(year)
    low, high = _total_with(year, least), _total_with(year, most)
    return Interval(min(low, settled), max(high, settled), tuple(ranges))


def _total_with(year: PersonYear, figures_then: dict[str, str]) -> int:
    rulebook = with_figures(year.compiler.rulebook, figures_then, year.case.source)
    return fund_total(settle_case(year.case, Compiler(rulebook)))
