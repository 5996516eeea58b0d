"""A year's stays paid by packs within one budget (支付方式测算): by hospital, to the fen, as a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from openyibao.analytics.paying.stays import stays_of_year
from openyibao.datasets.facade import Dataset
from openyibao.documents.facade import Chart, Heading, Note, Paragraph, Series, Table, number, percent
from openyibao.documents.facade import Report as Document
from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.facade import STATUSES, GroupOf, Pack, Report, Stay
from openyibao.policy.terms import SCHEMES

Progress = Callable[[str, int], None]
_SHOWN = 20
_POINTS = 10_000


@dataclass(frozen=True)
class Simulated:
    """What a simulation answers (测算结果): the comparison, and what it was made on."""

    title: str
    year: int
    into_year: int
    stays: int
    report: Report

    def as_json(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "priced_as_year": self.into_year,
            "stays": self.stays,
            **packs.report_json(self.report),
        }

    def lines(self) -> list[str]:
        return packs.report_lines(self.report)


def simulate_payment(
    dataset: Dataset,
    names: Sequence[str | Path],
    year: int,
    *,
    run: str = "current",
    budget_bp: int = _POINTS,
    budget_fen: int = 0,
    parts: int | None = None,
    progress: Progress | None = None,
) -> Simulated:
    """Pay a settled year's stays by each pack within one budget.

    Args: budget_fen, or without it `budget_bp` (1/10,000) of what the basic pool paid by item at home. A pack that has
    no version for the year prices the stays as of its latest year: days are moved, money is not.
    Raises: Malformed for packs at fault, a year or run that is not there; what the packs refuse.
    """
    if year not in dataset.years or run not in dataset.manifest.runs:
        have = "、".join(dataset.manifest.runs) or "无"
        raise Malformed(
            [Fault(str(dataset.folder), 0, "", f"没有 {year} 年的结算批次 {run!r}", f"先 resettle；已有：{have}")]
        )
    loaded = [packs.load_pack(name) for name in names]
    into_year = _year_of(loaded, year)
    stays: list[Stay] = []
    invented: dict[str, GroupOf] = {}
    for stay, group in stays_of_year(dataset, year, run, into_year, parts):
        stays.append(stay)
        invented[stay.case_id] = group
        if progress is not None and len(stays) % 20_000 == 0:
            progress("stays", len(stays))
    whole = budget_fen or sum(stay.pool_by_item_fen for stay in stays if not stay.remote) * budget_bp // _POINTS
    budgets = packs.split_budget(stays, whole)
    sides = []
    for pack in loaded:
        sides.append((pack, packs.groups_for(pack, stays) if pack.grouping else invented))
        if progress is not None:
            progress("packs", len(sides))
    return Simulated(dataset.manifest.title, year, into_year, len(stays), packs.compare(sides, stays, budgets))


def _year_of(loaded: Sequence[Pack], year: int) -> int:
    """The year the stays are priced as: their own where every pack has it, else the latest all packs begin in."""
    day = date(year, 12, 31)
    if all(pack.version_on(day) and pack.version_on(date(year, 1, 1)) for pack in loaded):
        return year
    return max(pack.versions[-1].period.start.year for pack in loaded)


def payment_document(found: Simulated) -> Document:
    """The report of a simulation: one page a bureau can read, then hospital by hospital."""
    report = found.report
    names = [side.title for side in report.sides]
    blocks: list[Any] = [
        Heading("一、结论"),
        Paragraph(
            f"{found.title}，{found.year} 年住院 {found.stays:,} 例，在同一预算内分别按{'、'.join(names)}支付。"
            + (
                f"各包没有该年的版本，按 {found.into_year} 年的规则计价，金额不变。"
                if found.into_year != found.year
                else ""
            ),
        ),
        Paragraph("病种编码为按级别与费用虚构，只用于检验计价与清算，不反映真实病种结构。", bold=True),
        _budget_table(report),
        Heading("二、病例构成"),
        Table(
            ["支付方式", *(STATUSES[name] for name in _statuses(report))],
            [[side.title, *(side.statuses.get(name, 0) for name in _statuses(report))] for side in report.sides],
            caption="各支付方式下的病例",
        ),
        Heading("三、分医疗机构"),
    ]
    rows = sorted(report.rows, key=lambda row: -row.by_item_fen)
    top = rows[:_SHOWN]
    if top:
        blocks.append(
            Chart(
                "bar",
                f"按项目金额最大的 {min(len(top), 10)} 家：年度清算后所得",
                [row.institution for row in top[:10]],
                [
                    Series("按项目", [row.by_item_fen / 1e6 for row in top[:10]]),
                    *(Series(name, [row.paid_fen[at] / 1e6 for row in top[:10]]) for at, name in enumerate(names)),
                ],
                unit="万元",
                places=0,
            )
        )
    blocks.append(
        Table(
            [
                "医疗机构",
                "例数",
                "按项目（万元）",
                *(f"{name}（万元）" for name in names),
                *(f"{name}比按项目" for name in names),
            ],
            [
                [
                    row.institution,
                    row.cases,
                    _wan(row.by_item_fen),
                    *(_wan(fen) for fen in row.paid_fen),
                    *(percent(fen - row.by_item_fen, row.by_item_fen) for fen in row.paid_fen),
                ]
                for row in top
            ],
            caption=f"金额最大的 {len(top)} 家（共 {len(rows)} 家）",
        )
    )
    assumed = sorted({name for side in report.sides for name in side.assumed})
    blocks.append(Note(f"参数为假定的部分：{'、'.join(assumed) or '无'}。医疗机构与参保人均为虚构。"))
    return Document("住院支付方式测算", blocks, subtitle=f"{found.title} · {found.year} 年")


def _wan(fen: int) -> str:
    """Fen as 万元 with two decimals, thousands set apart."""
    return number(Fraction(fen, 1_000_000), 2)


def _statuses(report: Report) -> list[str]:
    return [name for name in STATUSES if any(side.statuses.get(name) for side in report.sides)]


def _budget_table(report: Report) -> Table:
    rows: list[list[Any]] = []
    for side in report.sides:
        for scheme, one in sorted(side.clearing.items()):
            rows.append(
                [
                    side.title,
                    SCHEMES[scheme],
                    _wan(one.paid_fen),
                    _wan(one.clearing_fen),
                    _wan(one.retained_fen),
                    _wan(one.pool.budget_fen + one.pool.beyond_fen),
                    "相等" if one.holds else "不等",
                ]
            )
    return Table(
        ["支付方式", "险种", "年内已付（万元）", "清算（万元）", "留存（万元）", "预算（万元）", "到分"],
        rows,
        caption="已付＋清算＋留存＝预算",
        note="末列按分比较；表内数四舍五入，合计可能略有出入。",
    )
