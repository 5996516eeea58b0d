"""What is written to files (结果文件): priced stays, tables of weights, comparisons."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.pack.compare import Report
from openyibao.payment.engine.pack.exact import scaled_text
from openyibao.payment.engine.pack.pricing import Priced
from openyibao.payment.engine.pack.units import COLUMNS as UNIT_COLUMNS
from openyibao.payment.engine.pack.units import unit_row
from openyibao.payment.engine.pack.weights import WeightRun

PRICED_COLUMNS = (
    *("case_id", "status", "method", "group", "units", "points", "standard", "patient", "other", "fund", "by_item"),
    *("difference", "reason"),
)


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


def write_report(report: Report, path: Path) -> None:
    """Write a comparison as CSV: a row for each institution."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        names = [side.pack for side in report.sides]
        out.writerow(["institution", "cases", "total", "by_item", *names])
        for row in report.rows:
            amounts = [yuan_text(fen) for fen in (row.total_fen, row.by_item_fen, *row.paid_fen)]
            out.writerow([row.institution, row.cases, *amounts])
