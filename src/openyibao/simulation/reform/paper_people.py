"""The report's parts about people: gains and losses by income, catastrophic households, the largest losers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from openyibao.documents.facade import Block, Cell, Chart, Heading, Note, Paragraph, Series, Table, half_up, yuan
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.losers import BillChange, Explained
from openyibao.simulation.reform.result import ReformResult, Row
from openyibao.simulation.reform.wording import Words, per, share_text, signed

MOST_BILLS = 12
MOST_TEXTS = 2
SUMS = ("合计", "个人负担之中", "城市定制险")
GAINS = {"gain_bills": "就医负担减轻", "gain_account": "账户划入", "gain_premium": "少缴保费"}


def gain(row: Row) -> int:
    """What persons gain in a year, fen: lighter bills, credits to the account, lower premiums."""
    return sum(row[name] for name in GAINS)


def mean(fen: int, count: int, places: int = 1) -> Fraction:
    """Yuan per head."""
    return Fraction(fen, 100 * count) if count else Fraction(0)


# Gains and losses -------------------------------------------------------------------------------------------------


def gains(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("谁得谁失")
    rows = [row for row in result.deciles() if row["persons"]]
    used = [name for name in GAINS if any(row[name] for row in rows)]
    if not used:
        yield Paragraph("没有参保人的负担发生变化。")
        return
    known = rows if rows[-1].name != "收入不详" else rows[:-1]
    places = _places_of([mean(row[name], row["persons"]) for row in known for name in used])
    if known:
        yield Chart(
            "bar",
            _decile_title(known, places),
            [row.name.replace(" ", "") for row in known],
            [Series(GAINS[name], [half_up(mean(row[name], row["persons"]), places) for row in known]) for name in used],
            unit="元／人·年，正为得益",
            places=places,
            note="按家庭人均可支配收入把参保人分成人数相等的十组，第 1 组最低。",
        )
    yield Table(
        [
            "家庭人均收入组",
            "人数",
            "人均收入（元）",
            "得益（%）",
            "受损（%）",
            *(GAINS[name] for name in used),
            "净得",
            "占收入（%）",
        ],
        [_decile(row, words, used) for row in rows],
        caption="按家庭人均可支配收入十等分组的得失（元／人·年）",
        note=f"分组上限（元）：{'、'.join(f'{half_up(Fraction(value, 100)):,f}' for value in result.limits)}。"
        "净得＝就医负担减轻＋账户划入变化－本人多缴保费；个人账户是本人的钱，划入减少计为失。",
    )
    yield from _status(result, words)
    yield from pairs(result, words, "age", "按年龄")
    yield from pairs(result, words, "group", "按帮扶对象身份")


SMALL_YUAN = 20
"""Below it whole yuan hide what differs: one decimal more."""


def _places_of(values: list[Fraction]) -> int:
    return 0 if any(abs(value) >= SMALL_YUAN for value in values) else 1


def _decile_title(rows: list[Row], places: int) -> str:
    low, high = rows[0], rows[-1]
    values = [mean(gain(row), row["persons"]) for row in (low, high)]
    said = [f"{'得' if value >= 0 else '失'} {half_up(abs(value), places):,f} 元" for value in values]
    return f"收入最低一成人均{said[0]}，最高一成人均{said[1]}"


def _decile(row: Row, words: Words, used: list[str]) -> list[Cell]:
    people = row["persons"]
    return [
        row.name,
        words.count(people),
        half_up(mean(row["income"], people)) if row["income"] else None,
        per(row["winners"], people),
        per(row["losers"], people),
        *(signed(mean(row[name], people), 1) for name in used),
        signed(mean(gain(row), people), 1),
        signed(Fraction(100 * gain(row), row["income"]), 2) if row["income"] else None,
    ]


def _status(result: ReformResult, words: Words) -> Iterator[Block]:
    rows = result.by_status()
    yield Table(
        ["参保身份", "人数", "得益（%）", "受损（%）", "就医负担减轻", "账户划入", "少缴保费", "人均净得"],
        [
            [
                row.name,
                words.count(row["persons"]),
                per(row["winners"], row["persons"]),
                per(row["losers"], row["persons"]),
                *(signed(mean(row[name], row["persons"]), 1) for name in GAINS),
                signed(mean(gain(row), row["persons"]), 1),
            ]
            for row in rows
        ],
        caption="按险种与身份的得失（元／人·年）",
    )


def pairs(result: ReformResult, words: Words, name: str, caption: str, most: int = 0) -> Iterator[Block]:
    """One table by county, age or helped group: funds' payments and persons' gains side by side.

    most: only so many, those whose funds move most; 0 for all.
    """
    rows: list[list[Cell]] = []
    found = result.pairs(name)
    if most and len(found) > most:
        found = sorted(found, key=lambda pair: -abs(pair[0].funds[1] - pair[0].funds[0]))[:most]
        caption += f"：基金支付变化最大的 {most} 个"
    for visits, persons in found:
        before, after = visits.funds
        rows.append(
            [
                visits.name,
                words.count(persons["persons"]),
                words.money(before),
                words.money(after),
                words.change(after - before),
                words.change(visits.change("serious_illness") + visits.change("assistance")),
                per(persons["losers"], persons["persons"]),
                signed(mean(gain(persons), persons["persons"]), 1) if persons["persons"] else None,
            ]
        )
    if len(rows) > 1:
        yield Table(
            ["", "参保人数", "基金改前", "基金改后", "基金变化", "其中大病与救助", "受损（%）", "人均净得（元）"],
            rows,
            caption=f"{caption}（金额单位：{words.unit}）",
            note={
                "group": "帮扶身份有几种的只计排在最前的一种。",
                "county": "全部县（市、区）见附录。" if most else "",
            }.get(name, ""),
        )


# Catastrophic -----------------------------------------------------------------------------------------------------


def catastrophic(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("灾难性医疗支出")
    found = result.measured.catastrophic
    homes = int(found.homes.sum())
    rows: list[list[Cell]] = []
    for at, share in enumerate(found.shares):
        before, after, newly, no_longer = (int(value) for value in found.above[at].sum(axis=1))
        rows.append(
            [
                f"超过 {share}%",
                words.count(before),
                words.count(after),
                signed(words.whole(after - before), 0),
                words.count(newly),
                words.count(no_longer),
                per(before, homes, 2),
                per(after, homes, 2),
            ]
        )
    yield Table(
        [
            "就医现金占家庭可支配收入",
            "改前（户）",
            "改后（户）",
            "变化",
            "新落入",
            "脱离",
            "占比前（%）",
            "占比后（%）",
        ],
        rows,
        caption=f"就医现金支出占家庭可支配收入过高的家庭（共 {words.wan(homes)}户）",
        note="就医现金＝账单的个人负担减去个人账户支付，不含购药与保费。"
        + load_data("catastrophic.yaml")["note"]
        + "。",
    )
    at, label = 0, found.shares[0]
    if found.above[at].any():
        names = [row.name.replace(" ", "") for row in result.deciles()[:-1]]
        yield Chart(
            "bar",
            f"超过 {label}% 的家庭，收入最低三成占{_lowest(found.above[at, 1])}",
            names,
            [
                Series("改前", [words.count(int(value)) for value in found.above[at, 0][:-1]]),
                Series("改后", [words.count(int(value)) for value in found.above[at, 1][:-1]]),
            ],
            unit="户",
            places=0,
        )


def _lowest(homes: Any) -> str:
    """Share of the lowest three tenths, as a sentence says it."""
    return share_text(int(homes[:3].sum()), int(homes[:-1].sum()), 0)


# The largest losers -----------------------------------------------------------------------------------------------


def losers(result: ReformResult) -> Iterator[Block]:
    yield Heading("损失最大的十人，逐笔说明")
    if not result.explained:
        yield Paragraph("没有人受损。")
        return
    agree = all(one.agrees for one in [*result.explained, *result.explained_bills])
    yield Paragraph(
        "按全年净失排序（就医负担增加、账户划入减少、保费增加之和），不具名。每人的账单由逐笔说明的内核重新结算，"
        + ("与批量结算逐分一致。" if agree else "有与批量结算不一致的，逐一注明。")
    )
    rows: list[list[Cell]] = [
        [
            at,
            one.who,
            yuan(one.loser.loss, 2),
            yuan(one.loser.bills, 2),
            yuan(one.loser.credit, 2),
            yuan(one.loser.premium, 2),
            half_up(Fraction(one.income_per_head, 100)),
            per(one.loser.loss, one.income_per_head),
        ]
        for at, one in enumerate(result.explained, 1)
    ]
    yield Table(
        ["序", "参保人", "净失（元）", "就医负担增加", "账户少划", "多缴保费", "家庭人均收入（元）", "净失占其（%）"],
        rows,
        caption="净失最大的人",
        align="clrrrrrr",
    )
    for at, one in enumerate(result.explained, 1):
        yield from _loser(f"第 {at} 人", one)
    if any(one.loser.bills > 0 for one in result.explained_bills):
        yield Heading("就医负担增加最多的人", 2)
        for at, one in enumerate(result.explained_bills[:3], 1):
            yield from _loser(f"第 {at} 人（按就医负担）", one)


def _loser(name: str, one: Explained) -> Iterator[Block]:
    yield Heading(f"{name}：{one.who}，净失 {yuan(one.loser.loss, 2)} 元", 3)
    if one.credit[0] != one.credit[1]:
        yield Paragraph(f"个人账户全年划入由 {_said(one.credit[0])} 元变为 {_said(one.credit[1])} 元。")
    if one.premium[0] != one.premium[1]:
        yield Paragraph(f"本人全年缴费由 {_said(one.premium[0])} 元变为 {_said(one.premium[1])} 元。")
    if one.problem:
        yield Paragraph(f"逐笔说明与批量不一致：{one.problem}", bold=True)
    if not one.bills:
        yield Paragraph("全年没有就诊。")
        return
    by_loss = sorted(one.bills, key=lambda bill: (not bill.changed, -abs(bill.loss), bill.day))
    shown = sorted(by_loss[:MOST_BILLS], key=lambda bill: bill.day)
    left = by_loss[MOST_BILLS:]
    rows = [_bill_row(bill.day, bill.what, [bill]) for bill in shown]
    if left:
        same = "，支付都不变" if not any(bill.changed for bill in left) else ""
        rows.append(_bill_row("其余", f"{len(left)} 笔{same}", left))
    rows.append(_bill_row("合计", f"{len(one.bills)} 笔", one.bills))
    yield Table(
        ["日期", "待遇", "费用（元）", "基金改前", "基金改后", "个人改前", "个人改后", "个人变化"],
        rows,
        caption=f"全年 {len(one.bills)} 笔账单，支付有变化的 {sum(bill.changed for bill in one.bills)} 笔",
        align="llrrrrrr",
        strong=(len(rows) - 1,),
    )
    for bill in [bill for bill in by_loss if bill.text != ("", "")][:MOST_TEXTS]:
        for side, text in zip(("改前", "改后"), bill.text, strict=True):
            yield Note(f"{bill.day} {bill.what}，{side}：{_reasons(text)}")


def _said(fen: int) -> str:
    """Yuan to the fen, thousands set apart, without a sign."""
    return f"{half_up(Fraction(fen, 100), 2):,f}"


def _bill_row(day: str, what: str, bills: list[BillChange]) -> list[Cell]:
    sums = [sum(values) for values in zip(*((b.total, *b.funds, *b.burden) for b in bills), strict=True)]
    return [day, what, *(yuan(fen, 2) for fen in sums), signed(Fraction(sum(b.loss for b in bills), 100), 2)]


def _reasons(text: str) -> str:
    """The reasoning of a bill without its head, sums and sources: what each layer took up and paid."""
    lines = []
    for line in text.splitlines()[1:]:
        said = line.strip().removeprefix("▸ ")
        if said.startswith("依据"):
            break
        if not said.startswith(SUMS):
            lines.append(said.rstrip("。"))
    return "；".join(lines) + "。"
