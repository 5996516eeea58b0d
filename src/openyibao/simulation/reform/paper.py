"""The report of a reform (改革方案测算报告): a page to sign under, then the parts a bureau reads, then the appendix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from openyibao.documents.facade import (
    Block,
    Cell,
    Chart,
    Heading,
    Note,
    Paragraph,
    Report,
    Series,
    Table,
    half_up,
)
from openyibao.policy.terms import CERTAINTIES, SCHEMES
from openyibao.simulation.reform import paper_appendix, paper_funds, paper_people
from openyibao.simulation.reform.result import PAYERS, ReformResult, Row
from openyibao.simulation.reform.summary import formal
from openyibao.simulation.reform.wording import Words, per, per_change

PARTIES = {
    "pools": "统筹基金（职工、居民）",
    "serious_illness": "大病保险资金",
    "accounts": "个人账户（参保人的结余）",
    "persons_cash": "参保人现金",
    "assistance": "医疗救助资金",
    "treasury": "财政（居民补助）",
    "employers": "用人单位",
    "supplements": "长护、公务员补助等资金",
    "hospitals": "医疗机构（减免）",
    "city_product": "城市定制险",
}


def report(result: ReformResult) -> Report:
    """Every block in the order it is read."""
    words = Words(result.scale, result.total["total"])
    sections: list[tuple[str, list[Block]]] = [
        ("changes", list(_changes(result))),
        ("costs", list(_costs(result, words))),
        ("accounts", list(_accounts(result, words))),
        ("people", list(paper_people.gains(result, words))),
        ("homes", list(paper_people.catastrophic(result, words))),
        ("places", list(_places(result, words))),
        ("pools", list(paper_funds.pools(result, words))),
        ("treasury", list(paper_funds.treasury(result, words))),
        ("response", list(paper_funds.response(result, words))),
        ("losers", list(paper_people.losers(result))),
    ]
    sections = [(name, section) for name, section in sections if section]
    places = {name: f"第{NUMBERS[at]}部分" for at, (name, _) in enumerate(sections)}
    last = [*paper_appendix.appendix(result, words, places), *_counties(result, words)]
    sections.append(("appendix", last))
    blocks: list[Block] = [formal(result, words, places)]
    for at, (_, section) in enumerate(sections):
        blocks += _numbered(section, at)
    return Report(f"{result.title}：测算报告", tuple(blocks), f"{result.area_name} {result.year} 年，静态测算")


MOST_COUNTIES = 20
NUMBERS = "一二三四五六七八九十"
"""At most ten parts have a number; the appendix has none."""


def _numbered(section: Iterable[Block], before: int) -> Iterator[Block]:
    """Numbers a section's heading, the appendix has none; leaves out charts of nothing but zeros."""
    for block in section:
        if isinstance(block, Chart) and not any(value for one in block.series for value in one.values):
            continue
        if isinstance(block, Heading) and block.level == 1 and not block.text.startswith("附录"):
            yield Heading(f"{NUMBERS[before]}、{block.text}", 1)
        else:
            yield block


def _counties(result: ReformResult, words: Words) -> Iterator[Block]:
    """The appendix's list of all counties, when there are many."""
    if _many(result):
        yield Heading("各县（市、区）", 2)
        yield from paper_people.pairs(result, words, "county", "按居住县（市、区）")


# What changes -----------------------------------------------------------------------------------------------------


def _changes(result: ReformResult) -> Iterator[Block]:
    yield Heading("改了什么")
    starts = sorted({one.start for one in result.figures})
    rows: list[list[Cell]] = []
    rule = ""
    for one in result.figures:
        mine, _, name = one.name.partition("：")
        certainty = CERTAINTIES.get(one.certainty, one.certainty)
        rows.append([mine if mine != rule else "", name, one.before, one.after, certainty])
        rule = mine
    yield Table(
        ["政策", "数字", "改前", "改后", "可信度"],
        rows,
        caption=f"方案改动的数字（自 {'、'.join(starts)} 起）",
        align="llrrl",
        note="“—”为该日没有这一规定；“改革方案”为方案给定的数字，“假定”为随提前施行的版本带来、本身没有出处的数字。"
        "各数字在政策文件中的位置见附录。",
    )
    for text in dict.fromkeys(one.note for one in result.figures if one.note):
        yield Note(f"说明：{text}。")


# Costs ------------------------------------------------------------------------------------------------------------


def _costs(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("花多少钱，由谁负担")
    yield from _balance(result, words)
    yield from _payers(result, words)
    yield from _by(result, words, "按险种与待遇", _scheme_benefit(result))
    yield from _levels(result, words)


def _balance(result: ReformResult, words: Words) -> Iterator[Block]:
    balance = result.balance()
    named = {name: fen for name, fen in balance.items() if fen}
    if not named:
        yield Paragraph("方案对各方没有影响：数据中没有用到所改的数字的就诊与缴费。", bold=True)
        return
    yield Chart(
        "bar",
        _balance_title(named, words),
        [PARTIES[name] for name in PARTIES if name in named],
        [Series("一年净得（负为净失）", [words.money(named[name]) for name in PARTIES if name in named])],
        unit=words.unit,
        places=words.places,
        note="静态测算。各方之和为零：医疗费用总额不变，只换了由谁负担。",
    )
    rows: list[list[Cell]] = [[PARTIES[name], words.change(balance[name])] for name in PARTIES if balance[name]]
    rows.append(["合计", words.change(sum(balance.values()))])
    yield Table(
        ["各方", f"净得（{words.unit}）"],
        rows,
        caption="各方一年的得失",
        strong=(len(rows) - 1,),
        note="统筹基金＝收入（扣除划入个人账户）变化－支出变化；个人账户＝划入变化－支付变化；"
        "参保人现金含就医现金、本人缴费与账户不足而转为现金的购药。",
    )


def _balance_title(named: dict[str, int], words: Words) -> str:
    most, least = max(named, key=lambda name: named[name]), min(named, key=lambda name: named[name])
    if named[most] <= 0:
        return f"{PARTIES[least].split('（')[0]}净失 {words.said(named[least])}"
    if named[least] >= 0:
        return f"{PARTIES[most].split('（')[0]}净得 {words.said(named[most])}"
    return (
        f"{PARTIES[most].split('（')[0]}净得 {words.said(named[most])}，"
        f"{PARTIES[least].split('（')[0]}净失 {words.said(named[least])}"
    )


def _payers(result: ReformResult, words: Words) -> Iterator[Block]:
    total = result.total
    rows: list[list[Cell]] = []
    for name, label in PAYERS.items():
        before, after = total[f"before.{name}"], total[f"after.{name}"]
        if before or after:
            rows.append(
                [
                    label,
                    words.money(before),
                    words.money(after),
                    words.change(after - before),
                    per_change(before, after, 2),
                    per(before, total["total"]),
                    per(after, total["total"]),
                ]
            )
    rows.append(
        ["医疗费用合计", words.money(total["total"]), words.money(total["total"]), words.change(0), None, None, None]
    )
    yield Table(
        ["由谁负担", f"改前（{words.unit}）", f"改后（{words.unit}）", "变化", "增减", "占比前（%）", "占比后（%）"],
        rows,
        caption="全年医疗费用由谁负担",
        strong=(len(rows) - 1,),
        note=_moved_text(result, words),
    )


def _moved_text(result: ReformResult, words: Words) -> str:
    total = result.total
    basic, above = total.change("basic"), total.change("serious_illness") + total.change("assistance")
    if not basic or not above:
        return "没有转到大病保险与医疗救助的负担。" if basic else ""
    if (basic > 0) == (above > 0):
        return f"统筹基金支付{words.more(basic)}，大病保险与医疗救助同向{words.more(above)}。"
    share = per(abs(above), abs(basic))
    return (
        f"统筹基金少付的 {words.said(basic)}中，有 {words.said(above)}（{share}%）转由大病保险与医疗救助负担。"
        if basic < 0
        else f"统筹基金多付 {words.said(basic)}，大病保险与医疗救助因此少付 {words.said(above)}（{share}%）。"
    )


def _scheme_benefit(result: ReformResult) -> list[Row]:
    short = {"employee": "职工", "resident": "居民"}
    rows = result.by_scheme_benefit()
    return [Row(f"{short.get(scheme, SCHEMES[scheme])}·{row.name}", row.values) for scheme, _, row in rows]


def _by(result: ReformResult, words: Words, caption: str, rows: list[Row]) -> Iterator[Block]:
    cells: list[list[Cell]] = []
    for row in rows:
        before, after = row.funds
        cells.append(
            [
                row.name,
                words.count(row["visits"]),
                words.money(row["total"]),
                words.money(before),
                words.money(after),
                words.change(after - before),
                per(before, row["total"]),
                per(after, row["total"]),
                words.change(row.change("burden")),
            ]
        )
    yield Table(
        [
            "",
            "人次",
            f"费用（{words.unit}）",
            "基金改前",
            "基金改后",
            "基金变化",
            "基金占比前（%）",
            "占比后（%）",
            "个人负担变化",
        ],
        cells,
        caption=f"{caption}（金额单位：{words.unit}）",
        note="基金＝统筹、大病、特药、其他与医疗救助之和，不含个人账户。",
    )


def _levels(result: ReformResult, words: Words) -> Iterator[Block]:
    rows = result.by_level()
    moved = [row for row in rows if row.funds[0] != row.funds[1]]
    if moved:
        most = max(moved, key=lambda row: abs(row.funds[1] - row.funds[0]))
        yield Chart(
            "bar",
            f"基金支付的变化以{most.name}最大：{words.more(most.funds[1] - most.funds[0])}",
            [row.name for row in rows],
            [Series("基金支付变化", [words.money(row.funds[1] - row.funds[0]) for row in rows])],
            unit=words.unit,
            places=words.places,
        )
    yield from _by(result, words, "按医疗机构级别", rows)


# Accounts ---------------------------------------------------------------------------------------------------------


def _accounts(result: ReformResult, words: Words) -> Iterator[Block]:
    row = result.persons()
    if not row["before.credit"] and not row["after.credit"]:
        return
    yield Heading("个人账户")
    lines: list[list[Cell]] = [
        [label, words.money(row[f"before.{name}"]), words.money(row[f"after.{name}"]), words.change(row.change(name))]
        for name, label in (
            ("credit", "当年划入"),
            ("account_visits", "支付就医的个人负担"),
            ("account_bought", "支付药店购药等"),
            ("short", "账户不足、转为现金的购药"),
        )
    ]
    left = [
        row[f"{side}.credit"] - row[f"{side}.account_visits"] - row[f"{side}.account_bought"]
        for side in ("before", "after")
    ]
    lines.append(
        ["当年账户净增（划入减支付）", words.money(left[0]), words.money(left[1]), words.change(left[1] - left[0])]
    )
    yield Table(
        ["", f"改前（{words.unit}）", f"改后（{words.unit}）", "变化"],
        lines,
        caption="个人账户一侧",
        strong=(len(lines) - 1,),
        note="账户依次支付全年就医的个人负担，年末支付购药；账户可用＝年初余额＋全年划入。个人账户归参保人所有，从不计入统筹基金。",
    )
    if row.change("credit"):
        rows = [one for one in result.by_status() if one["before.credit"] or one["after.credit"]]
        yield Chart(
            "bar",
            "人均账户划入与就医负担的变化",
            [one.name for one in rows],
            [
                Series("账户划入", [_mean(one, "gain_account") for one in rows]),
                Series("就医负担减轻", [_mean(one, "gain_bills") for one in rows]),
            ],
            unit="元／人·年，正为得益",
            places=0,
        )


def _mean(row: Row, name: str) -> Decimal:
    """Yuan per person."""
    return half_up(Fraction(row[name], 100 * row["persons"]))


def _many(result: ReformResult) -> bool:
    """Whether there are more counties than a part can list; then the appendix has them all."""
    return len(result.pairs("county")) > MOST_COUNTIES


# Places -----------------------------------------------------------------------------------------------------------


def _places(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("地区与医疗机构")
    cities = result.by_city()
    if len(cities) > 1:
        yield from _by(result, words, "按参保城市", cities)
    yield from paper_people.pairs(result, words, "county", "按居住县（市、区）", MOST_COUNTIES if _many(result) else 0)
    rows: list[list[Cell]] = []
    for at, row in result.top_institutions():
        before, after = row.funds
        name, code = result.institutions.get(at, (row.name, ""))
        rows.append(
            [
                name or code,
                words.count(row["visits"]),
                words.money(row["total"]),
                words.money(before),
                words.change(after - before),
                per_change(before, after),
            ]
        )
    if rows:
        yield Table(
            ["医疗机构", "人次", f"费用（{words.unit}）", "基金改前", "基金变化", "增减"],
            rows,
            caption="基金支付变化最大的十家医疗机构",
            note="静态测算：病人不换医院。",
        )
    else:
        yield Note("没有一家医疗机构的基金支付发生变化。")
