"""The second half of the report (预测报告的依据): counties to look at, what matters most, back-test, suppositions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openyibao.documents.facade import Block, Heading, Note, Paragraph, Table, number, yi
from openyibao.policy.facade import area_name
from openyibao.policy.terms import CERTAINTIES
from openyibao.simulation.projection.assumptions import noise, section
from openyibao.simulation.projection.result import LEVELS, ORDER, SCHEME_NAMES, Pool, ProjectionResult

COUNTIES = 40
SMALL = 8
"""With more pools the back-test shows only the sums."""


def counties(found: ProjectionResult) -> Iterator[Block]:
    yield Heading(f"{_at(found, '六')}、县级预警")
    told = section("counties")
    yield Paragraph(
        "红：储备低于 3 个月；黄：低于 6 个月；提示：当期收不抵支，或样本太小。"
        f"看基年和今后 {told['horizon']} 年，中性情景。"
        "县级不是统筹区：储备按支出占所在市的比例分摊，只为看清收支，不是账面结余。"
    )
    if not found.warnings:
        yield Paragraph("没有需要预警的县。")
        return
    rows = [
        [f"{one.name}{SCHEME_NAMES[one.scheme]}", LEVELS[one.level], yi(one.balance_fen, 2), "；".join(one.reasons)]
        for one in found.warnings[:COUNTIES]
    ]
    more = len(found.warnings) - COUNTIES
    note = f"另有 {more} 项，见 --json。" if more > 0 else ""
    yield Table(["县区与基金", "级别", "当期结余", "原因"], rows, align="lcrl", note=note)


def responses(found: ProjectionResult, names: list[Pool]) -> Iterator[Block]:
    """What each reform comes to when visits answer to it, beside the static figures."""
    rows = []
    for at, variant in enumerate(found.reforms):
        for base in names:
            still = variant.pool(base.area, base.scheme)
            cases = [
                next(one for one in pools if (one.area, one.scheme) == (base.area, base.scheme))
                for pools in variant.response.values()
            ]
            if not cases or all(one.spending == still.spending for one in cases):
                continue
            rows.append(
                [
                    f"方案{ORDER[at % 10]}",
                    base.name,
                    *(yi(one.spending[-1], 2, "") for one in (still, *cases)),
                    *(yi(one.balance[-1], 1, "") if one.balance else "—" for one in (still, *cases)),
                ]
            )
    if not rows:
        if any(variant.response for variant in found.reforms):
            yield Note("方案不改变个人就医负担，就诊次数不作反应。")
        return
    last = found.years[-1]
    heads = [f"{last} 年{what}，{case}" for what in ("支出", "结余") for case in ("静态", "低", "中", "高")]
    yield Table(
        ["方案", "统筹基金", *heads],
        rows,
        caption="就诊次数对个人负担作反应时（中性情景，亿元）",
        align="ll" + "r" * 8,
        note="低、中、高为需求弹性的三档，来源与可信度见改革测算报告；按统筹区、险种、待遇、级别的平均负担计，只是数量级。"
        "青岛 2024 年门诊改革的实际增长远大于此法所得，放宽待遇时宜看作下限。",
    )


def _at(found: ProjectionResult, name: str) -> str:
    """Numbers of headings move up by one when there is no part on reforms."""
    return name if found.reforms else ORDER[ORDER.index(name) - 1]


# What it rests on -------------------------------------------------------------------------------------------------


def sensitivity(found: ProjectionResult) -> Iterator[Block]:
    yield Heading(f"{_at(found, '七')}、哪个假设最要紧")
    rows = []
    for row in found.sensitivity[:8]:
        cells = [yi(int(row[f"{scheme}_{end}_fen"]), 1) for scheme in SCHEME_NAMES for end in ("low", "high")]
        rows.append([row["label"], *cells])
    last = found.years[-1]
    headers = ["参数", *(f"{SCHEME_NAMES[scheme]}，取{end}" for scheme in SCHEME_NAMES for end in ("低值", "高值"))]
    yield Table(headers, rows, caption=f"只动一个参数，{last} 年累计结余比中性情景多出", align="lrrrr")


def back_test(found: ProjectionResult) -> Iterator[Block]:
    yield Heading(f"{_at(found, '八')}、回测")
    if not found.back_test:
        yield Paragraph("数据集只有一年，不能回测。")
        return
    fitted = found.back_test[0]["fitted"]
    how = "前两年拟合工资与费用的增幅，推算其后各年" if fitted else "从第一年按中性假设推算第二年"
    yield Paragraph(f"{how}，与数据集中的实际比较。回测检验的是方法，合成数据的走势是造出来的。")
    rows = [
        [
            str(row["year"]),
            f"{area_name(row['area']) if row['area'] else '全部'}{SCHEME_NAMES[row['scheme']]}",
            *(_error(row[name]) for name in ("heads", "income", "spending")),
        ]
        for row in found.back_test
        if not row["area"] or len(found.base.pools) <= SMALL
    ]
    yield Table(["年份", "统筹基金", "人数误差", "收入误差", "支出误差"], rows, align="llrrr")
    if found.fitted:
        labels = {one.name: one.label for one in found.used}
        told = "；".join(
            f"{labels[name]} {number(value, 1)} 元"
            if name.endswith("_step")
            else f"{labels[name]} {number(100 * value, 1, '%')}"
            for name, value in found.fitted.items()
            if value
        )
        yield Note(f"由前两年拟合：{told}。回测用这些数，预测仍用下表的假设。")


def _error(cell: dict[str, Any]) -> Any:
    error = cell["error_percent"]
    return "—" if error is None else number(error, 1, "%")


def assumptions(found: ProjectionResult) -> Iterator[Block]:
    yield Heading(f"{_at(found, '九')}、假设与来源")
    rows = [
        [
            one.label,
            *(f"{value:g}{one.unit}" for value in (one.low, one.central, one.high)),
            one.source,
            CERTAINTIES.get(one.certainty, one.certainty),
        ]
        for one in found.used
    ]
    rows += [
        [row["label"], "—", f"标准差 {row['sd']:g} 点", "—", row["source"], CERTAINTIES[row["certainty"]]]
        for row in noise().values()
    ]
    for name, label in (("retirement", "延迟退休进度"), ("births", "出生性别比"), ("warning", "警戒线")):
        told = section(name)
        rows.append([label, "—", "—", "—", told["source"], CERTAINTIES[told["certainty"]]])
    yield Table(["假设", "低", "中", "高", "来源", "可靠程度"], rows, align="lrrrll")
    for text in [*found.sources, *found.notes]:
        yield Note(f"{text}。")
    yield Note(
        "各年龄的就诊与支出由数据集在现行政策下重新结算得到；一个统筹基金自己的水平是每项待遇一个系数，使基年总数一分不差。"
        "45 岁以前职工占比按年龄，45 岁起随人走；退休按基年各年龄的退休比例，随延迟退休推后。"
    )
