"""Says a settlement as an officer would, in Chinese: layer by layer, every figure with its file, key and source.

The numbers are those of the kernel's trace; here they are only put side by side.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise

from openyibao.kernel.areas import same_province
from openyibao.kernel.money import fen_from_yuan, percent_text
from openyibao.policy.case import Case
from openyibao.policy.figures import area_name
from openyibao.policy.fold import PersonYear, Reversed, Settled
from openyibao.policy.kernel import BURDEN, SPECIAL_DRUG
from openyibao.policy.rulebook import Version
from openyibao.policy.tables import SPLITTING_LAYER, LayerRow, deductible_counter
from openyibao.policy.terms import (
    BENEFITS,
    CERTAINTIES,
    FIELDS,
    FILINGS,
    LABELS,
    ORIGINS,
    REGIONS,
    SCHEMES,
    layer_name,
)
from openyibao.policy.trace import LayerTrace, figures, layers, written

STANDINGS = {"assumed": "⚠ 假定", "extended": "⚠ 沿用（超出证据年份）"}
WORDS = {
    "none": "不封顶",
    "year": "按年",
    "stay": "按次",
    "year_highest": "按年，跨级只按最高一档收一次",
}
"""How a word of a policy file reads in a sentence."""


def explain(year: PersonYear) -> str:
    """The reasoning of a whole case, visit by visit and layer by layer, in Chinese."""
    parts = [explain_reversal(row) if isinstance(row, Reversed) else explain_visit(row) for row in year.rows]
    return "\n\n".join(parts)


def explain_reversal(row: Reversed) -> str:
    """The reasoning of a reversal: what is taken back, and what it changes for other visits."""
    lines = [
        f"【#{row.visit.index}】{row.visit.day} 冲销 #{row.target.visit.index}："
        f"原单各项取负，费用 -{_yuan(row.target.visit.total)} 元；计数器按其余就诊重放。"
    ]
    if row.target.account:
        lines.append(f"  个人账户退回 {_yuan(row.target.account)} 元，余额 {_yuan(row.balance)} 元。")
    for index, changes in row.adjustments:
        lines.append(f"  因此 #{index} {adjusted(changes)}（只列差额，不改原单）。")
    return "\n".join(lines)


def adjusted(changes: Mapping[str, int]) -> str:
    """Adjustments of one visit in words: 统筹基金应少付 1,524.00 元、…"""
    return "、".join(
        f"{layer_name(layer)}应{'多' if fen > 0 else '少'}付 {_yuan(abs(fen))} 元" for layer, fen in changes.items()
    )


def changes_of(case: Case) -> list[str]:
    """What changes about the person within the year, in words: 2022-07-01 起：退休."""
    found = []
    for (_, before), (start, after) in pairwise(case.timeline):
        said = []
        if after.area != before.area:
            said.append(area_name(after.area))
        if after.scheme != before.scheme:
            said.append(SCHEMES[after.scheme])
        if after.status != before.status:
            said.append(LABELS[after.status])
        if after.groups != before.groups:
            said.append("、".join(LABELS[group] for group in after.groups) or "不再是帮扶对象")
        if after.filings != before.filings:
            said.append("备案变更")
        if said:
            found.append(f"{start} 起：{'，'.join(said)}")
    return found


def explain_visit(settled: Settled) -> str:
    """The reasoning of one visit."""
    visit = settled.visit
    lines = [_headline(settled), _components(settled)]
    lines += [f"  注：{note}。" for note in settled.notes]
    if settled.third_party:
        lines.append(
            f"  第三人责任 {percent_text(visit.third_party_bp)}：{_yuan(settled.third_party)} 元先从各项扣除，"
            "由个人向第三人追索。"
        )
    if settled.filing:
        lines.append(_remote(settled))
    if not settled.split.cell.in_force:
        lines.append(f"  该日尚无此待遇（{settled.split.cell.none_before}），各项基金支付 0 元。")
    for trace in layers(settled):
        if trace.measured:
            lines += _explain_layer(trace, settled)
    if settled.facts.group and len(settled.person.groups) > 1:
        lines.append(f"  多重身份只取一种：本次按 {LABELS[settled.facts.group]} 计，为各身份中最优。")
    lines += [f"  缺口：{gap}（该地区没有这一层的政策，不在支付链中）。" for gap in settled.split.cell.gaps]
    lines += _person_side(settled)
    if settled.supplement:
        lines.append(f"  城市定制险另付 {_yuan(settled.supplement)} 元，不入基金，不改变上面的个人负担。")
    if settled.receivable:
        lines.append(f"  基金先行支付，对第三人形成应收 {_yuan(settled.receivable)} 元。")
    lines += _sources(settled)
    return "\n".join(lines)


def explain_layers(settled: Settled, wanted: Collection[str]) -> str:
    """The reasoning of some layers of a visit, named by layer or national field; "" when it has none of them."""
    lines: list[str] = []
    for trace in layers(settled):
        if trace.row.layer in wanted or trace.row.pays_as in wanted:
            lines += _explain_layer(trace, settled)
    return "\n".join([_headline(settled), *lines]) if lines else ""


def _headline(settled: Settled) -> str:
    visit, person = settled.visit, settled.person
    who = [SCHEMES[person.scheme], LABELS.get(person.status, ""), *(LABELS[group] for group in person.groups)]
    where = LABELS.get(visit.level, "") + (f"，{ORIGINS[visit.origin]}" if visit.origin else "")
    what = BENEFITS[visit.benefit] + (f"（{visit.disease}）" if visit.disease else "")
    return (
        f"【#{visit.index}】{visit.day} {what}" + (f"，{where}" if where else "") + f"；{'、'.join(filter(None, who))}"
    )


def _components(settled: Settled) -> str:
    visit = settled.visit
    parts = [
        ("政策范围内", visit.in_scope),
        ("全自费", visit.non_covered),
        ("超限价", visit.over_limit),
        ("先行自付", visit.prior_self_pay),
        ("特药", visit.special_drug),
    ]
    said = " + ".join(f"{name} {_yuan(amount)}" for name, amount in parts if amount) or "0.00"
    return f"  费用 {_yuan(visit.total)} 元 = {said}"


def _remote(settled: Settled) -> str:
    place, home = settled.visit.care_area, settled.person.area
    region = REGIONS["in_province" if same_province(place, home) else "out_of_province"]
    return (
        f"  {region}（{place}，{FILINGS[settled.filing]}）：首先自付 {percent_text(settled.bill.remote_bp)} × "
        f"{_yuan(settled.bill.in_scope)} = {_yuan(settled.split.remote)} 元，由个人负担，不进入后续各层。"
    )


# A layer --------------------------------------------------------------------------------------------------------


def _explain_layer(trace: LayerTrace, settled: Settled) -> list[str]:
    row = trace.row
    lines = [f"  ▸ {layer_name(row.layer)} → {FIELDS.get(row.pays_as, row.pays_as)} {row.pays_as}"]
    if "top_up" in row.paths:
        most = percent_text(row.rates[0][1])
        lines.append(f"      剩余范围内负担 {_yuan(trace.measured)} 元，超过范围内费用 {most} 的部分补足")
        lines.append(f"      支付 {_yuan(trace.paid)} 元")
        return lines
    lines.append(f"      计入 {_yuan(trace.measured)} 元{_measured(trace, settled)}")
    lines.append(f"      本年累计 {_yuan(trace.before)} → {_yuan(trace.before + trace.measured)} 元")
    if "deductible" in row.paths:
        lines.append("      " + _deductible_text(trace, settled))
    for tier, amount in trace.slices:
        lines.append("      " + _slice_text(row, tier, amount))
    if settled.bill.herb and "herb" in row.paths and trace.slices:
        lines.append(
            f"      其中中草药 {_yuan(settled.bill.herb)} 元，按其占比另加 {written(row.version, row.paths['herb'][0])}"
        )
    if trace.paid != trace.whole:
        lines.append(f"      应付 {_yuan(trace.whole)} 元，{_cap_text(trace, settled)}，实付 {_yuan(trace.paid)} 元")
    elif trace.slices:
        lines.append(f"      支付 {_yuan(trace.paid)} 元")
    return lines


def _measured(trace: LayerTrace, settled: Settled) -> str:
    """What the measured amount is made of, where the record shows it: right after the basic layer."""
    all_layers = list(layers(settled))
    basic = next((other for other in all_layers if other.row.layer == SPLITTING_LAYER), None)
    if basic is None or trace.row is basic.row:
        return ""
    before = [other for other in all_layers[: all_layers.index(trace)] if other is not basic and other.paid]
    if before:
        return "（前面各层支付后剩余的范围内负担）"
    parts = [
        ("起付线", basic.deductible),
        ("自付", basic.measured - basic.deductible - basic.whole),
        ("封顶线以上", basic.whole - basic.paid),
    ]
    said = " + ".join(f"{name} {_yuan(amount)}" for name, amount in parts if amount)
    return f" = {said}" if sum(amount for _, amount in parts) == trace.measured and said else ""


def _deductible_text(trace: LayerTrace, settled: Settled) -> str:
    row = trace.row
    if "nth" in row.paths:
        if settled.bill.waive:
            return "下转不再收起付线"
        joined = "，同一次住院已负担部分抵减" if settled.bill.stay and settled.bill.stay[1] else ""
        return f"起付线 {_yuan(trace.deductible)} 元（本年第 {trace.nth} 次住院{joined}）"
    amount = _stated_yuan(row.version, row.paths["deductible"][0])
    if "deductible.per" in row.paths["deductible"]:
        borne = settled.state_before.get(deductible_counter(row.version.file), 0)
        return f"起付线 {_yuan(trace.deductible)} 元（本级 {amount} 元，本年已负担 {_yuan(borne)} 元）"
    if not trace.slices:
        return f"累计未过起付线 {amount} 元，不付"
    return f"起付线 {_yuan(trace.deductible)} 元（年度 {amount} 元）"


def _slice_text(row: LayerRow, tier: int, amount: int) -> str:
    upto, rate, written = row.rates[tier]
    low = row.rates[tier - 1][0] if tier else 0
    span = ""
    if len(row.rates) > 1:
        span = f"（{_yuan(low)} 至 {_yuan(upto)}）" if upto >= 0 else f"（{_yuan(low)} 以上）"
    plus = f"（{percent_text(written)} + {percent_text(rate - written)}）" if rate != written else ""
    return f"{_yuan(amount)} × {percent_text(rate)}{plus} = {_exact(amount * rate)}{span}"


def _cap_text(trace: LayerTrace, settled: Settled) -> str:
    """Which limit held a payment back, and how much of it was left."""
    parts, days = settled.book.parts(trace.row.offset), settled.bill.days
    if trace.paid == parts.visit_limit(days):
        return f"以标准 {_yuan(parts.visit_cap)}{f' × {days} 天' if parts.per_day else ''} 为限"
    for limit, counter in parts.caps:
        before = settled.state_before.get(counter, 0)
        left = max(0, limit - before)
        if trace.paid == left:
            return f"年度限额 {_yuan(limit)} 元已付 {_yuan(before)} 元，余 {_yuan(left)} 元"
    return "受限额约束"


# The person and the documents -----------------------------------------------------------------------------------


def _person_side(settled: Settled) -> list[str]:
    cash = settled.burden - settled.account
    holds = settled.account or settled.balance or settled.person.scheme == "employee"
    account = (
        f"个人账户 {_yuan(settled.account)}（余额 {_yuan(settled.balance)}），现金 {_yuan(cash)}"
        if holds
        else f"现金 {_yuan(cash)}"
    )
    lines = [f"  合计：基金 {_yuan(settled.funds)} 元，个人负担 {_yuan(settled.burden)} 元；{account}"]
    said = _burden_parts(settled)
    return [*lines, f"  个人负担之中：{said}"] if said else lines


def _burden_parts(settled: Settled) -> str:
    """What the person bears, by its names. Only where each fund layer measured in-scope cost or special drugs."""
    rows = [settled.book.parts(row.offset) for row in settled.split.cell.rows]
    fund = [(row.mask, pay) for row, pay in zip(rows, settled.split.payments, strict=True) if row.fund]
    if any(mask & ~BURDEN and mask != SPECIAL_DRUG for mask, _ in fund):
        return ""
    visit = settled.visit
    special = visit.special_drug - sum(pay for mask, pay in fund if mask == SPECIAL_DRUG)
    outside = [
        ("全自费", visit.non_covered),
        ("超限价", visit.over_limit),
        ("先行自付", visit.prior_self_pay),
        ("异地首先自付", settled.split.remote),
        ("特药个人部分", special),
    ]
    inside = settled.burden - sum(amount for _, amount in outside)
    name = "范围内负担（起付线、自付）" if settled.split.deductible else "范围内自付"
    return "，".join(f"{label} {_yuan(amount)}" for label, amount in [*outside, (name, inside)] if amount)


def _sources(settled: Settled) -> list[str]:
    lines = ["  依据："]
    for figure in figures(settled):
        origin = figure.provenance
        said = f"{origin.about}（{origin.title}）" if origin.about else origin.title
        sure = STANDINGS.get(figure.standing, "")
        certainty = "" if origin.certainty == "assumed" else CERTAINTIES[origin.certainty]
        spread = f"可能在 {origin.low}—{origin.high}" if origin.low else ""
        about = "，".join(filter(None, (said, certainty, origin.note, spread)))
        value = WORDS.get(figure.value, figure.value)
        lines.append(f"    {figure.what} {value} ← {figure.path}：{about}{' ' + sure if sure else ''}")
    return lines if len(lines) > 1 else []


def _yuan(fen: int) -> str:
    """Fen as an officer reads it: 1,234.56."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def _stated_yuan(version: Version, path: str) -> str:
    try:
        return _yuan(fen_from_yuan(written(version, path)))
    except ValueError:
        return written(version, path)


def _exact(ten_thousandths: int) -> str:
    """Product in 1/10,000 fen as yuan, with as many decimals as it has, at least two."""
    whole, part = divmod(ten_thousandths, 1_000_000)
    decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{whole:,}.{decimals}"
