"""The report's parts about funds: each pool's year and months payable, the treasury, the band of responses."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from openyibao.documents.facade import Block, Cell, Chart, Heading, Paragraph, Series, Table, half_up
from openyibao.policy.terms import LEVELS
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.pools import PoolAccount
from openyibao.simulation.reform.response import CASES, WORDS
from openyibao.simulation.reform.result import ReformResult
from openyibao.simulation.reform.summary import FUNDS, warned
from openyibao.simulation.reform.wording import Words, months, per, signed

FUND_NAMES = ("basic", "serious_illness", "special_drug", "supplement", "assistance")


def pools(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("统筹基金可支付月数")
    lines = load_data("lines.yaml")
    totals = [one for scheme in FUNDS if (one := result.account_total(scheme)) is not None]
    yield Table(
        ["", *(f"{FUNDS[one.scheme]}{side}" for one in totals for side in ("改前", "改后"))],
        list(_statement(totals, words)),
        caption=f"基金收支（{words.unit}）",
        note="统筹基金支出＝基本医保支付＋大病保险划转（按人头）＋生育津贴等＋其他支出；大病保险的赔付不计入。"
        "职工统筹与居民基金分列，个人账户不计。可支付月数＝累计结余÷月均支出。",
    )
    known = [one for one in result.accounts if one.opening is not None]
    if len(result.accounts) > len(totals):
        yield Table(
            [
                "统筹基金",
                "参保人数",
                f"支出改前（{words.unit}）",
                "支出改后",
                "当期结余改前",
                "当期结余改后",
                "月数改前",
                "月数改后",
            ],
            [
                [
                    f"{one.name}{FUNDS[one.scheme]}",
                    words.count(one.heads),
                    words.money(one.expenditure[0]),
                    words.money(one.expenditure[1]),
                    words.money(one.balance[0]),
                    words.money(one.balance[1]),
                    months(one.months(0)),
                    months(one.months(1)),
                ]
                for one in result.accounts
            ],
            caption="各统筹区",
        )
    if known:
        shown = known if len(known) <= 8 else [one for one in totals if one.opening is not None]
        if shown:
            yield Chart(
                "bar",
                _months_title(shown),
                [f"{one.name}{FUNDS[one.scheme]}" for one in shown],
                [
                    Series("改前", [months(one.months(0)) for one in shown]),
                    Series("改后", [months(one.months(1)) for one in shown]),
                ],
                unit="个月",
                places=1,
                marks=(
                    (f"{lines['yellow']} 个月预警线", int(lines["yellow"])),
                    (f"{lines['red']} 个月红线", int(lines["red"])),
                ),
            )
    for text in warned(result):
        yield Paragraph(text + "。", bold=True)


def _months_title(shown: list[PoolAccount]) -> str:
    said = [
        f"{FUNDS[one.scheme]}由 {months(one.months(0))} 个月变为 {months(one.months(1))} 个月"
        for one in shown
        if months(one.months(0)) != months(one.months(1))
    ]
    return "，".join(said[:2]) if said else "可支付月数不变"


def _statement(totals: list[PoolAccount], words: Words) -> Iterator[list[Cell]]:
    def line(label: str, pick: object) -> list[Cell]:
        cells: list[Cell] = [label]
        for one in totals:
            pair = pick(one)  # type: ignore[operator]
            cells += [None if value is None else words.money(value) for value in pair]
        return cells

    yield line("上年累计结余", lambda one: (one.opening, one.opening))
    yield line("收入：缴费与补助（扣除划入账户）", lambda one: one.contributions)
    yield line("收入：利息、财政与其他", lambda one: (one.other_income, one.other_income))
    yield line("支出：基本医保支付", lambda one: one.basic)
    yield line("支出：大病保险划转", lambda one: one.premiums)
    yield line("支出：生育津贴等", lambda one: (one.grants, one.grants))
    yield line("支出：其他", lambda one: (one.other_expenditure, one.other_expenditure))
    yield line("当期结余", lambda one: one.balance)
    yield line("年末累计结余", lambda one: one.closing or (None, None))
    yield ["可支付月数", *(months(one.months(side)) for one in totals for side in (0, 1))]


# The treasury -----------------------------------------------------------------------------------------------------


def treasury(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("财政负担")
    paid = result.contributions()
    total = result.total
    sums = [int(value) for value in result.measured.paid_in.sum(axis=0)]
    funds = total.funds[1] - total.funds[0]
    rows: list[list[Cell]] = [
        [
            "居民医保财政补助",
            words.money(sums[2]),
            words.money(sums[2] + paid["subsidy"]),
            words.change(paid["subsidy"]),
        ],
        [
            "医疗救助支付账单（财政资金）",
            words.money(total["before.assistance"]),
            words.money(total["after.assistance"]),
            words.change(total.change("assistance")),
        ],
        [
            "医疗救助资助参保（财政资金）",
            words.money(sums[3]),
            words.money(sums[3] + paid["assistance"]),
            words.change(paid["assistance"]),
        ],
    ]
    more = paid["subsidy"] + total.change("assistance") + paid["assistance"]
    rows.append(
        [
            "财政合计",
            words.money(sums[2] + sums[3] + total["before.assistance"]),
            words.money(sums[2] + sums[3] + total["before.assistance"] + more),
            words.change(more),
        ]
    )
    yield Table(
        ["", f"改前（{words.unit}）", f"改后（{words.unit}）", "变化"],
        rows,
        caption="财政资金的变化",
        strong=(len(rows) - 1,),
        note=_share(words, funds, total.change("assistance"), more),
    )


def _share(words: Words, funds: int, assistance: int, more: int) -> str:
    if not funds and not more:
        return "基金支付与财政资金都不变。"
    pooled = funds - assistance
    if pooled > 0 and assistance >= 0 and funds:
        own, treasurys = per(pooled, funds), per(assistance, funds)
        return f"新增的基金支付 {words.said(funds)}中，缴费形成的基金承担 {own}%，财政（救助）承担 {treasurys}%。"
    return f"缴费形成的基金支付{words.more(pooled)}，财政资金{words.more(more)}。"


# The band ---------------------------------------------------------------------------------------------------------


def response(result: ReformResult, words: Words) -> Iterator[Block]:
    yield Heading("行为反应区间与回测")
    found = result.response
    yield Paragraph(
        "静态测算假定人们看病的次数不变。这里让就诊次数按个人负担的变化作反应（弧弹性，分待遇与级别，来源与可信度见附录），"
        "给出低、中、高三档，与静态数并列，不替代它。"
    )
    if not result.total["changed"]:
        yield Paragraph("方案没有改变任何一笔就诊的支付，个人负担不变，就诊次数不作反应；静态数即全部。")
        yield from _back_test(result)
        return
    cases = ("static", *CASES)
    names = {"static": "静态", **{case: f"{WORDS[case]}弹性" for case in CASES}}
    funds = {case: sum(found.change(name, case) for name in FUND_NAMES) for case in cases}
    rows: list[list[Cell]] = [
        [
            names[case],
            signed(words.whole(0 if case == "static" else found.more_visits(case)), 0),
            words.change(funds[case]),
            *(words.change(found.change(name, case)) for name in ("basic", "serious_illness", "assistance")),
            words.change(found.change("burden", case)),
            *(_months(result, scheme, case) for scheme in FUNDS if result.account_total(scheme) is not None),
        ]
        for case in cases
    ]
    month_heads = [f"{name}（月）" for scheme, name in FUNDS.items() if result.account_total(scheme) is not None]
    yield Table(
        ["", "人次变化", f"基金支付变化（{words.unit}）", "统筹", "大病", "救助", "个人负担", *month_heads],
        rows,
        caption="静态与行为反应区间",
    )
    if any(funds.values()):
        edges = [funds[case] for case in CASES]
        yield Chart(
            "bar",
            f"基金支付变化：静态 {words.change(funds['static'])}，"
            f"区间 {words.change(min(edges))} 至 {words.change(max(edges))} {words.unit}",
            [names[case] for case in cases],
            [Series("基金支付变化", [words.money(funds[case]) for case in cases])],
            unit=words.unit,
            places=words.places,
        )
    yield from _visits(result, words)
    yield from _back_test(result)


def _months(result: ReformResult, scheme: str, case: str) -> Cell:
    account = result.account_total(scheme)
    if account is None:
        return None
    keys = result.measured.keys.pools
    mine = [at for at, (_, one) in enumerate(keys) if one == scheme]
    more = result.response.change("basic", case, mine) - result.response.change("basic", "static", mine)
    return months(account.months(1, more))


def _visits(result: ReformResult, words: Words) -> Iterator[Block]:
    found = result.response
    levels = [level for level, count in found.visits_before.items() if count]
    yield Table(
        ["级别", "改前（人次）", *(f"{WORDS[case]}（%）" for case in CASES)],
        [
            [
                LEVELS.get(level, "未写明"),
                words.count(found.visits_before[level]),
                *(
                    signed(
                        Fraction(
                            100 * (found.visits[case][level] - found.visits_before[level]), found.visits_before[level]
                        ),
                        2,
                    )
                    for case in CASES
                ),
            ]
            for level in levels
        ],
        caption="各级别就诊次数的反应",
    )


def _back_test(result: ReformResult) -> Iterator[Block]:
    back = result.back_test
    rows: list[list[Cell]] = [
        ["印载（2024 年 1—11 月）", *_pair(back.printed.visits, back.printed.spending), None, None]
    ]
    names = {"static": "静态（只换规则）", **{case: f"加{WORDS[case]}弹性" for case in CASES}}
    for case, name in names.items():
        mine, left = back.found[case], back.residual(case)
        rows.append([name, *_pair(mine.visits, mine.spending), *_pair(left.visits, left.spending)])
    base = back.base_per_visit
    yield Table(
        ["青岛职工门诊统筹", "人次增长（%）", "支出增长（%）", "未解释：人次（百分点）", "未解释：支出（百分点）"],
        rows,
        caption="回测：青岛 2024 年门诊改革",
        note=f"用 {back.persons:,} 人、{back.visits:,} 次就诊的虚拟人群（全部假定，只用 2023 年次均支付 "
        f"{half_up(base[0], 1)} 元调整，虚拟人群为 {half_up(base[1], 1)} 元），按 2023、2024 年规则各结算一次；"
        "限额 1700 元与增幅为原文印载，起付线、比例无据。"
        "印载的人次是享受待遇的人次，这里同样只数基金有支付的就诊。",
    )
    yield Paragraph(
        "差额照列：规则与弹性只说明了实际增长的一小部分。其余可能来自定点机构扩围、药店与账户购药转为门诊统筹、"
        "宣传与补偿性就医，本模型没有这些。因此大幅放宽门诊待遇时，区间应看作下限，实际增幅可能数倍于测算。",
        bold=True,
    )


def _pair(left: Fraction, right: Fraction) -> list[Cell]:
    return [half_up(left, 1), half_up(right, 1)]
