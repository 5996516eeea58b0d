"""The report's appendix: by what method, from which data and figures, and how the sums were checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from openyibao.documents.facade import Block, Cell, Heading, Note, Paragraph, Table, half_up
from openyibao.kernel.money import yuan_text
from openyibao.policy.terms import BENEFITS, CERTAINTIES, LEVELS
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.response import CASES, WORDS
from openyibao.simulation.reform.result import ReformResult
from openyibao.simulation.reform.wording import Words

METHOD = (
    "静态测算：同一年的每一笔就诊，按改前、改后两套政策各结算一次，次序与费用不变；就诊内核与逐笔结算、批量重算同一份源码，金额为整数分。",
    "筹资：缴费、补助、账户划入的变化＝改后规则算得的数减改前规则算得的数，逐人按月计算，加在数据集的记录之上；"
    "不满一年的，年末在保者计其最后若干个月，否则计最初若干个月。",
    "账户：年初余额与全年划入可用，先付就医、后付购药；家庭共济不计。",
    "家庭：人均收入＝家庭可支配收入÷当年在世的家庭成员数；十等分的分界是精确的，不是抽样估计。",
    "基金：大病保险从基本基金按人头划转保费，赔付不再计入基本基金；个人账户不计入可支付月数。",
    "帮扶身份、参保身份以就诊当日为准；人员分组以年末（或最后一次）为准。",
)


TRACES: tuple[tuple[str, str, str, str], ...] = (
    (
        "基金支付、个人负担",
        "costs",
        "每笔就诊按改前、改后各结算一次，各付款方之和",
        "resettle DIR；resettle DIR --reform 方案",
    ),
    (
        "各方得失",
        "costs",
        "各付款方的变化，加缴费、补助、账户划入的变化；合计为零",
        "reform --json：who_is_better_off_fen",
    ),
    (
        "账户划入与使用",
        "accounts",
        "改后规则减改前规则，逐人按月；先就医、后购药",
        "contribution 缴费.yaml；reform --json：persons",
    ),
    (
        "人均得失、十等分",
        "people",
        "就医负担、账户划入、本人缴费三项之和，按参保人",
        "reform --json：by_decile、decile_limits_fen",
    ),
    (
        "灾难性支出家庭",
        "homes",
        "全户就医现金超过家庭可支配收入的一个比例",
        "reform --json：catastrophic",
    ),
    (
        "县区、机构",
        "places",
        "同一批账单按居住地、就医机构分列",
        "reform --json：by_county、institutions",
    ),
    (
        "可支付月数",
        "pools",
        "12×累计结余÷全年支出，各统筹基金分列，个人账户不计",
        "reform --json：pools",
    ),
    (
        "财政负担",
        "treasury",
        "居民补助，加医疗救助支付账单与资助参保",
        "reform --json：contributions_change_fen",
    ),
    (
        "行为反应区间",
        "response",
        "次数之比＝(1＋e·a)÷(1－e·a)，a 为个人负担变化的中点比",
        "reform --json：response；弹性见下",
    ),
    (
        "一笔账单",
        "losers",
        "逐层列出起付线、比例、限额与依据",
        "settle 算例.yaml --reform 方案 --explain",
    ),
)
"""Every kind of amount: what it is, the part where it stands, by which command it is found again."""


def appendix(result: ReformResult, words: Words, places: Mapping[str, str]) -> Iterator[Block]:
    yield Heading("附录：方法、数据与出处")
    manifest = result.manifest
    kind = "合成数据" if manifest.kind == "synthetic" else "平台发布"
    whole = "，报告中的金额与人数已按比例放大；损失最大的人为样本中的人" if words.raised else "（全体）"
    bills = f"{result.total['visits']:,} 笔，{result.measured.visitors:,} 人"
    changed = f"支付有变化的 {result.total['changed']:,} 笔、{result.measured.affected:,} 人"
    rows: list[list[Cell]] = [
        ["方案", f"{result.file}（内容摘要 {result.reform_hash}）"],
        ["政策", f"改前 {result.digests[0][:16]}，改后 {result.digests[1][:16]}"],
        ["数据集", f"{manifest.title}（{result.folder}），{kind}，由 {manifest.made_by} 写出"],
        ["年度", f"{result.year}"],
        ["样本", f"比例 {manifest.scale:g}{whole}"],
        ["就诊", f"{bills}；{changed}"],
        ["参保", f"{result.persons()['persons']:,} 人"],
        ["待遇清单", f"{result.rules_checked} 条规则，未见不允许的改动{_doubts(result)}"],
    ]
    yield Table(["项目", "内容"], rows, caption="这份报告用了什么", align="ll")
    yield Heading("每个数字怎样得来", 2)
    yield Table(
        ["数字", "所在", "口径", "怎样复核（openyibao）"],
        [[name, places[part], meaning, command] for name, part, meaning, command in TRACES if part in places],
        align="llll",
    )
    yield Heading("方法", 2)
    for text in METHOD:
        yield Paragraph(text)
    for text in result.notes:
        yield Note(f"注：{text}。")
    yield from _checks(result)
    yield from _paths(result)
    yield from _elasticities()
    yield from _provisional(result)


def _doubts(result: ReformResult) -> str:
    return f"；{len(result.doubts)} 条缺数未核对" if result.doubts else ""


def _checks(result: ReformResult) -> Iterator[Block]:
    """Sums of the dataset itself in yuan to the fen: what two separate runs of resettle print."""
    before, after = result.sums("before"), result.sums("after")
    names = {
        "total_fen": "医疗费用",
        "in_scope_fen": "政策范围内",
        "fund_fen": "基金支付",
        "hospital_fen": "医疗机构减免",
        "burden_fen": "个人负担",
        "account_fen": "其中个人账户",
        "account_purchases_fen": "账户购药",
    }
    yield Heading("核对", 2)
    yield Table(
        ["数据集合计（元，未放大）", "改前", "改后", "resettle 的字段"],
        [[label, yuan_text(before[name]), yuan_text(after[name]), name] for name, label in names.items()],
        caption="与分别运行两次 openyibao resettle 的合计逐分一致",
        align="lrrl",
        note=f"各方得失合计 {yuan_text(sum(result.balance().values()))} 元；"
        f"费用＝基金＋减免＋个人负担，改前差 {yuan_text(_gap(before))} 元、改后差 {yuan_text(_gap(after))} 元。",
    )


def _paths(result: ReformResult) -> Iterator[Block]:
    yield Heading("改动数字的位置", 2)
    rows: list[list[Cell]] = [[one.path, one.start, one.before, one.after] for one in result.figures]
    yield Table(["文件#键", "自", "改前", "改后"], rows, caption="方案改动的数字在政策文件中的位置", align="lcrr")


def _gap(sums: dict[str, int]) -> int:
    return sums["total_fen"] - sums["fund_fen"] - sums["hospital_fen"] - sums["burden_fen"]


def _elasticities() -> Iterator[Block]:
    data = load_data("elasticities.yaml")
    rows: list[list[Cell]] = []
    for benefit, row in data["benefits"].items():
        for level, figure in row.items():
            if not isinstance(figure, dict):
                continue
            name = BENEFITS.get(benefit, "其余待遇") + (f"·{LEVELS[level]}" if level in LEVELS else "")
            rows.append(
                [
                    name,
                    *(half_up(Fraction(figure[case]), 2) for case in CASES),
                    CERTAINTIES[row["certainty"]],
                    row["source"] + (f"（{row['note']}）" if row.get("note") else ""),
                ]
            )
    yield Heading("需求弹性", 2)
    yield Table(["", *(WORDS[case] for case in CASES), "可信度", "来源"], rows, caption=data["title"], align="lrrrll")


def _provisional(result: ReformResult) -> Iterator[Block]:
    yield Heading("假定与沿用的数字", 2)
    if not result.provisional:
        yield Paragraph("没有。")
        return
    rows: list[list[Cell]] = [
        [name, len(keys), "、".join(keys[:6]) + ("……" if len(keys) > 6 else "")]
        for name, keys in result.provisional.items()
    ]
    yield Table(
        ["政策文件", "个数", "键"],
        rows,
        caption="该年生效的政策中，没有出处（假定）或超出证据年份（沿用）的数字",
        align="lrl",
        note="逐一的来源与备选见 openyibao policy figures。",
    )
