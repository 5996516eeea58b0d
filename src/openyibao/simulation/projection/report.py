"""The projection as a report (基金预测报告): findings, people, fans, crossings, reforms; then its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openyibao.documents.facade import (
    Block,
    Chart,
    Heading,
    Note,
    Paragraph,
    Report,
    Series,
    Table,
    number,
    wan,
    yi,
)
from openyibao.simulation.projection import evidence
from openyibao.simulation.projection.assumptions import section
from openyibao.simulation.projection.result import ORDER, SCHEME_NAMES, Pool, ProjectionResult, Variant

FANS = 8
"""With more pools, only the sums and those that cross first have a chart of their own."""
GROUP_NAMES = {"active": "在职职工", "retired": "退休人员", "resident": "居民"}
LINE_NAMES = {"9": "9 个月", "6": "6 个月", "3": "3 个月", "zero": "结余用尽"}
FEN_OF_YI = 10**10


def report(found: ProjectionResult) -> Report:
    """The report of a projection, for any kind of file."""
    blocks: list[Block] = [
        *_summary(found),
        *_people(found),
        *_fans(found),
        *_crossings(found),
        *_reforms(found),
        *evidence.counties(found),
        *evidence.sensitivity(found),
        *evidence.back_test(found),
        *evidence.assumptions(found),
    ]
    first, last = found.years[0], found.years[-1]
    return Report(
        f"医保基金预测 {first + 1}—{last} 年",
        blocks,
        subtitle=f"{found.title}；基年 {first}；随机情景 {found.draws} 个，种子 {found.seed}",
    )


# Findings ---------------------------------------------------------------------------------------------------------


def _summary(found: ProjectionResult) -> Iterator[Block]:
    yield Heading("一、主要结论")
    for pool in _leading(found.base):
        yield Paragraph(_told(pool, found.years))
    alone = [one for one in found.base.pools if one.area]
    crossed = [one for one in alone if _year(one, "6")]
    if len(alone) > 2:
        soonest = sorted(crossed, key=lambda one: _year(one, "6") or 9999)[:5]
        names = "、".join(f"{one.name}（{_since(one, '6', found.years[0])}）" for one in soonest)
        tail = f"，最早的是{names}" if names else ""
        yield Paragraph(f"{len(alone)} 个统筹基金中，中性情景下 {len(crossed)} 个在预测期内低于 6 个月{tail}。")
    red = [one for one in found.warnings if one.level == "red"]
    if found.warnings:
        yield Paragraph(
            f"县级预警 {len(found.warnings)} 项，其中红色 {len(red)} 项"
            + (f"：{'、'.join(one.name + SCHEME_NAMES[one.scheme] for one in red[:6])}" if red else "")
            + "。"
        )
    yield Paragraph(
        "个人账户归个人所有，任何一处都不计入统筹基金的结余和可支付月数。各统筹基金分开测算，全部只是相加。"
    )


def _leading(variant: Variant) -> list[Pool]:
    """The sums where there are some, else every pool."""
    sums = [one for one in variant.pools if not one.area]
    return sums or variant.pools


def _told(pool: Pool, years: list[int]) -> str:
    first, last = years[0], years[-1]
    text = f"{pool.name}：{first} 年收入 {yi(pool.income[0], 1, ' 亿元')}、支出 {yi(pool.spending[0], 1, ' 亿元')}"
    text += f"，中性情景下 {last} 年收入 {yi(pool.income[-1], 1, ' 亿元')}、支出 {yi(pool.spending[-1], 1, ' 亿元')}"
    if pool.balance is None or pool.months is None:
        gap = next((year for year, a, b in zip(years, pool.income, pool.spending, strict=True) if a < b), None)
        return (
            text
            + (f"，{gap} 年起当期收不抵支" if gap else "，预测期内当期收大于支")
            + "；期初结余不明，不判断何时触线。"
        )
    text += f"；{_reserve(pool.balance[0])}变为{_reserve(pool.balance[-1])}"
    six, zero = pool.crossings["6"], pool.crossings["zero"]
    said = {None: "预测期内不低于 6 个月"}.get(six["central"], f"{_since(pool, '6', first)}低于 6 个月")
    chance = six["probability"]
    text += f"，{said}" + (f"（随机情景中 {number(100 * chance, 0)}% 会低于）" if chance is not None else "")
    if zero["central"]:
        text += f"，{zero['central']} 年用尽"
    return text + "。"


def _reserve(fen: int) -> str:
    return f"累计结余 {yi(fen, 1, ' 亿元')}" if fen >= 0 else f"累计缺口 {yi(-fen, 1, ' 亿元')}"


def _year(pool: Pool, line: str) -> int | None:
    row = pool.crossings.get(line)
    year: int | None = row["central"] if row else None
    return year


def _since(pool: Pool, line: str, first: int) -> str:
    year = _year(pool, line)
    return f"{first} 年已" if year == first else f"{year} 年"


def _when(pool: Pool, line: str, first: int) -> str:
    """A cell: the year, or that it is so already, or that it does not come to it."""
    year = _year(pool, line)
    if year is None:
        return "不触线" if pool.crossings else "—"
    return "已低于" if year == first else str(year)


# People -----------------------------------------------------------------------------------------------------------


def _people(found: ProjectionResult) -> Iterator[Block]:
    yield Heading("二、参保人")
    active, retired = found.heads["active"], found.heads["retired"]
    if retired[0] and retired[-1]:
        then, now = active[0] / retired[0], active[-1] / retired[-1]
        title = f"在职退休比由 {number(then, 2)} 降为 {number(now, 2)}" if now < then else "在职退休比没有下降"
    else:
        title = "参保人"
    years = [str(year) for year in found.years]
    series = [
        Series(GROUP_NAMES[name], [wan(value).value for value in found.heads[name]]) for name in ("active", "retired")
    ]
    yield Chart("line", title, years, series, unit="万人", places=0, note="中性情景，参保率按基年不变")
    resident = found.heads["resident"]
    way = "减为" if resident[-1] < resident[0] else "增为"
    yield Paragraph(f"居民参保由 {wan(resident[0], 1, ' 万')}人{way} {wan(resident[-1], 1, ' 万')}人。")


# Fans -------------------------------------------------------------------------------------------------------------


def _fans(found: ProjectionResult) -> Iterator[Block]:
    yield Heading("三、累计结余与可支付月数")
    band = "带状是随机情景的第 10 至第 90 百分位" if found.draws else "没有随机情景，带状是乐观与悲观之间"
    yield Paragraph(f"{band}，线是中性情景。表中的乐观、悲观是全部参数同取有利或不利的一端，只用来看边界。")
    known = [one for one in found.base.pools if one.months is not None]
    if not known:
        yield Paragraph("数据集没有期初结余，也没有别处的数，只列收支。")
        for pool in _leading(found.base):
            yield _flows(pool, found.years)
        return
    shown = known
    if len(known) > FANS:
        sums = [one for one in known if not one.area]
        rest = sorted((one for one in known if one.area), key=lambda one: (_year(one, "6") or 9999, one.months or []))
        shown = [*sums, *rest[: FANS - len(sums)]]
        yield Note(f"图只给合计与最早触线的统筹基金；全部 {len(known)} 个见下表。")
    for pool in shown:
        yield _balance_fan(pool, found.years)
        yield _months_fan(pool, found.years)
    yield _ends(shown, found.years[-1])


def _ends(pools: list[Pool], last: int) -> Table:
    """Where every scenario leaves the pools in the last year."""
    rows = [
        [
            pool.name,
            *(yi(row[-1], 1, "") if row else "—" for row in (pool.adverse, pool.low, pool.balance, pool.high)),
            yi(pool.favourable[-1], 1, "") if pool.favourable else "—",
        ]
        for pool in pools
    ]
    headers = ["统筹基金", "悲观", "第 10 百分位", "中性", "第 90 百分位", "乐观"]
    return Table(headers, rows, caption=f"各情景下 {last} 年的累计结余，亿元", align="lrrrrr")


def _yi(row: list[int]) -> list[Any]:
    return [number(value / FEN_OF_YI, 1).value for value in row]


def _balance_fan(pool: Pool, years: list[int]) -> Chart:
    assert pool.balance is not None
    assert pool.low is not None
    assert pool.high is not None
    zero = _year(pool, "zero")
    title = f"{pool.name}：中性情景 {zero} 年用尽" if zero else f"{pool.name}：中性情景预测期内不用尽"
    series = [Series("中性", _yi(pool.balance), _yi(pool.low), _yi(pool.high))]
    return Chart(
        "band", title, [str(year) for year in years], series, unit="累计结余，亿元", places=0, marks=[("用尽", 0)]
    )


def _months_fan(pool: Pool, years: list[int]) -> Chart:
    assert pool.months is not None
    assert pool.months_low is not None
    assert pool.months_high is not None
    six = _since(pool, "6", years[0])
    title = f"{pool.name}：{six}低于 6 个月" if _year(pool, "6") else f"{pool.name}：中性情景不低于 6 个月"
    rows = [_from_nought(row) for row in (pool.months, pool.months_low, pool.months_high)]
    lines = [(f"{line} 个月", line) for line in section("warning")["lines"]]
    return Chart(
        "band",
        title,
        [str(year) for year in years],
        [Series("中性", rows[0], rows[1], rows[2])],
        unit="可支付月数",
        places=1,
        marks=lines,
        note="结余用尽后记为 0" if min(pool.months_low) < 0 else "",
    )


def _from_nought(row: list[float]) -> list[Any]:
    """Months payable as a chart shows them: a gap pays for no month."""
    return [number(max(value, 0.0), 1).value for value in row]


def _flows(pool: Pool, years: list[int]) -> Chart:
    series = [Series("收入", _yi(pool.income)), Series("支出", _yi(pool.spending))]
    return Chart("line", f"{pool.name}收支", [str(year) for year in years], series, unit="亿元", places=1)


# Crossings --------------------------------------------------------------------------------------------------------


def _crossings(found: ProjectionResult) -> Iterator[Block]:
    yield Heading("四、何时触线")
    rows = []
    first = found.years[0]
    pools = sorted(found.base.pools, key=lambda one: bool(one.area))
    for pool in pools:
        if not pool.crossings:
            rows.append([pool.name, "—", "—", "—", "—", "—", "—", _gap(pool, found.years)])
            continue
        assert pool.months is not None
        rows.append(
            [
                pool.name,
                number(pool.months[0], 1),
                *(_cell(pool, line, first) for line in LINE_NAMES),
                _chance(pool),
                _gap(pool, found.years),
            ]
        )
    headers = ["统筹基金", f"{first} 年月数", *LINE_NAMES.values(), "六月线概率", "收不抵支"]
    strong = [at for at, pool in enumerate(pools) if not pool.area]
    yield Table(
        headers,
        rows,
        caption="现行政策下各统筹基金首次低于警戒线的年份",
        align="l" + "r" * 7,
        note="括号内是随机情景第 10 至第 90 百分位的年份；“—”为预测期内不触线，或期初结余不明。"
        "六月线概率：随机情景中曾低于 6 个月的占比；收不抵支：中性情景下当期支出首次超过收入的年份。",
        strong=strong,
    )


def _chance(pool: Pool) -> Any:
    chance = pool.crossings["6"]["probability"]
    return "—" if chance is None else number(100 * chance, 0, "%")


RANGED = ("6", "zero")
"""Lines whose cells show the band's years too; with all of them the table is too wide for a page."""


def _cell(pool: Pool, line: str, first: int) -> str:
    row = pool.crossings[line]
    central = row["central"]
    if central == first:
        return "已低于"
    if line not in RANGED:
        return str(central or "—")
    if not row["earliest"]:
        return str(central or "—")
    ends = f"{row['earliest']}–{row['latest']}" if row["latest"] else f"{row['earliest']} 起"
    return f"{central or '—'}（{ends}）"


def _gap(pool: Pool, years: list[int]) -> str:
    pairs = zip(years, pool.income, pool.spending, strict=True)
    return str(next((year for year, income, spending in pairs if income < spending), "—"))


# Reforms ----------------------------------------------------------------------------------------------------------


def _reforms(found: ProjectionResult) -> Iterator[Block]:
    if not found.reforms:
        return
    yield Heading("五、改革之下")
    yield Paragraph(
        "每个方案都把基年的账单重新结算一遍，得到各年龄、各项待遇的基金支出，再与同一组情景一起推演；筹资方案改变人均入账。"
        "基年内开始的方案自第一个预测年起全年施行，以后开始的自其施行之日起；就诊次数不随待遇变化（静态）。"
    )
    first = found.years[0]
    names = [one for one in found.base.pools if not one.area] or found.base.pools
    rows = [_row("现行政策", pool, found.years) for pool in names]
    for at, variant in enumerate(found.reforms):
        pools = [variant.pool(base.area, base.scheme) for base in names]
        changed = [one for one, base in zip(pools, names, strict=True) if one != base]
        rows += [_row(f"方案{ORDER[at % 10]}：{variant.title}", pool, found.years) for pool in changed]
        if not changed:
            rows.append([f"方案{ORDER[at % 10]}：{variant.title}", "两个基金都不变", *["—"] * 6])
    years = found.years
    headers = [
        *("方案", "统筹基金", f"{years[0]} 年支出", f"{years[1]} 年收入", f"{years[-1]} 年支出"),
        *("低于 6 个月", "用尽", f"{years[-1]} 年结余"),
    ]
    note = "没有列出的基金不受该方案影响。金额为亿元；基年支出是按该方案重新结算的，结余从基年末的实数起按方案推演。"
    yield Table(headers, rows, caption="各方案的收支与触线年份（中性情景）", align="llrrrrrr", note=note)
    yield from evidence.responses(found, names)
    for base in names:
        if base.months is None:
            continue
        series = [Series("现行", _from_nought(base.months))]
        for at, variant in enumerate(found.reforms):
            pool = variant.pool(base.area, base.scheme)
            if pool != base and pool.months is not None:
                series.append(Series(f"方案{ORDER[at % 10]}", _from_nought(pool.months)))
        if len(series) == 1:
            continue
        yield Chart(
            "line",
            f"{base.name}：各方案的可支付月数",
            [str(year) for year in years],
            series,
            unit="个月",
            places=1,
            marks=[("6 个月", 6)],
        )
    if len(names) < len(found.base.pools):
        yield Table(
            ["统筹基金", "现行", *(f"方案{ORDER[at % 10]}" for at in range(len(found.reforms)))],
            [
                [
                    base.name,
                    *(_when(one.pool(base.area, base.scheme), "6", first) for one in [found.base, *found.reforms]),
                ]
                for base in found.base.pools
                if base.area
            ],
            caption="各方案下低于 6 个月的年份（中性情景）",
        )
    for variant in found.reforms:
        if variant.notes:
            yield Note(f"{variant.title}：{'；'.join(variant.notes)}。")


def _row(title: str, pool: Pool, years: list[int]) -> list[Any]:
    return [
        title,
        pool.name,
        yi(pool.spending[0], 2, ""),
        yi(pool.income[1], 2, ""),
        yi(pool.spending[-1], 2, ""),
        _when(pool, "6", years[0]),
        _when(pool, "zero", years[0]),
        yi(pool.balance[-1], 1, "") if pool.balance else "—",
    ]
