"""Indicators of hospitals, departments and doctors as a report with charts (绩效指标报告)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from openyibao.documents.facade import Chart, Heading, Note, Paragraph, Report, Series, Table, number, percent
from openyibao.payment.engine.pack.facade import Indicators

WHO = {"institution": "医疗机构", "department": "科室", "doctor": "医师"}
_DRAWN, _LISTED = 12, 60
_WEIGHT = 10_000


def performance_document(rows: Sequence[Indicators], by: str, pack_title: str) -> Report:
    """Ability, efficiency and safety side by side; the largest by cases are drawn and listed, the rest are counted."""
    who = WHO[by]
    ordered = sorted(rows, key=lambda row: (-row.cases, row.key))
    drawn = [row for row in ordered if row.cmi is not None][:_DRAWN]
    cases = sum(row.cases for row in rows)
    blocks: list[Any] = [
        Heading("一、能力"),
        Paragraph(
            f"{len(rows)} 个{who}，{cases:,} 例，入组 {percent(sum(row.grouped for row in rows), cases)}。"
            "病例组合指数（CMI）为平均权重，覆盖病组数为治疗过的不同病组。"
        ),
        _chart(drawn, "病例组合指数（CMI）", [("CMI", [row.cmi for row in drawn])], 2),
        _chart(drawn, "覆盖病组数", [("病组", [row.groups_covered for row in drawn])], 0),
        Heading("二、效率"),
        Paragraph("费用、时间消耗指数在同一病组内与全市均值相比，按病例加权；低于 1 为更省、更短。"),
        _chart(
            drawn,
            "费用与时间消耗指数",
            [("费用", [row.cost_index for row in drawn]), ("时间", [row.time_index for row in drawn])],
            2,
        ),
        Heading("三、安全"),
        Paragraph("低风险病组内的死亡例数；应逐例核查。"),
        Heading("四、明细"),
        Table(
            [who, "例数", "病组", "总权重", "CMI", "费用指数", "时间指数", "低风险死亡", "高倍率", "低倍率"],
            [
                [
                    row.key,
                    row.cases,
                    row.groups_covered,
                    number(Fraction(row.total_weight, _WEIGHT), 2),
                    *(None if one is None else number(one, 2) for one in (row.cmi, row.cost_index, row.time_index)),
                    f"{row.low_risk_deaths}/{row.low_risk_cases}",
                    row.high,
                    row.low,
                ]
                for row in ordered[:_LISTED]
            ],
            caption=f"病例最多的 {min(len(ordered), _LISTED)} 个（共 {len(ordered)} 个）",
        ),
        Note(f"权重与均费取自支付方式包“{pack_title}”。指标只用于比较与核查，不得作为对医师的限额。"),
    ]
    return Report(f"{who}绩效指标", [block for block in blocks if block is not None], subtitle=pack_title)


def _chart(
    rows: Sequence[Indicators], title: str, series: Sequence[tuple[str, Sequence[Any]]], places: int
) -> Chart | None:
    if not rows:
        return None
    return Chart(
        "bar",
        f"{title}：病例最多的 {len(rows)} 个",
        [row.key for row in rows],
        [Series(name, values) for name, values in series],
        places=places,
    )
