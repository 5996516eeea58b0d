"""A year by members told in Chinese (按人头、医共体付费的说明): one person's units, one holder's year, the identity."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.pack.clearing import RETAINED, Clearing
from openyibao.payment.engine.pack.errors import StayUnknown
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, fraction_text, scaled_text
from openyibao.payment.engine.pack.member_year import (
    MemberYear,
    coefficient_for,
    dear_share,
    rules_of,
    stated_fen,
    unit_price,
)
from openyibao.payment.engine.pack.members import Member
from openyibao.payment.engine.pack.pack import Capitation, Version
from openyibao.payment.engine.pack.steps import Steps
from openyibao.payment.engine.pack.terms import MEMBER_METHODS
from openyibao.policy.terms import SCHEMES


def explain_member(version: Version, method: str, members: Iterable[Member], member_id: str) -> list[str]:
    """What one person brings to the holder, step by step. Raises: StayUnknown."""
    rules = rules_of(version, method)
    mine = [one for one in members if one.member_id == member_id]
    if not mine:
        raise StayUnknown(f"没有人员 {member_id}", hint="核对 member_id")
    lines = []
    for one in mine:
        steps = Steps(wanted=True)
        facts = {"年龄": str(one.age), "性别": "男" if one.sex == 1 else "女", "病种": "、".join(one.diseases)}
        factor = coefficient_for(rules, one)
        weighted = one.months * factor
        price = yuan_text(unit_price(rules, one.scheme))
        steps.say("unit", f"参保月数（{MEMBER_METHODS[method]}）", {"机构": one.institution}, f"{one.months} 人月")
        if isinstance(rules, Capitation):
            steps.say("coefficient", "年龄性别系数 × 最高的病种系数", facts, scaled_text(factor, 4))
            how, inputs = "标准 = 人月 × 系数 × 每人每月", {"每人每月": price}
        else:
            steps.say("coefficient", "医共体按人数，不分年龄性别", {}, scaled_text(factor, 4))
            how, inputs = "标准 = 人月 ÷ 12 × 人均基金 × 比例", {"人均": price, "比例": f"{rules.share / 100:g}%"}
        steps.say("price", how, inputs, f"{yuan_text(stated_fen(rules, one.scheme, weighted))} 元")
        dear = dear_share(rules, one)
        if dear and one.spent_fen is not None:
            inputs = {"费用": yuan_text(one.spent_fen), "起点": yuan_text(rules.dear.over_fen)}
            steps.say("outlier", f"大额人员：超出部分基金分担 {rules.dear.borne / 100:g}%", inputs, yuan_text(dear))
        lines += [f"人员 {member_id}，{SCHEMES[one.scheme]}", *steps.lines()]
    return lines


def member_lines(made: MemberYear) -> list[str]:
    """The year scheme by scheme, identity included."""
    lines = [f"{MEMBER_METHODS[made.method]}：{len({one.holder for one in made.held})} 个签约方"]
    for scheme, cleared in sorted(made.clearing.items()):
        mine = [one for one in made.held if one.scheme == scheme]
        months, weighted = sum(one.months for one in mine), sum(one.weighted for one in mine)
        lines.append(
            f"  {SCHEMES[scheme]}：{sum(one.heads for one in mine):,} 人，{months:,} 人月"
            f"（折算 {fraction_text(Fraction(weighted, TEN_THOUSAND), 2)}），标准 "
            f"{yuan_text(sum(one.stated_fen for one in mine))} 元，实际支出 "
            f"{yuan_text(sum(one.spent_fen for one in mine))} 元，其中签约方以外 "
            f"{yuan_text(sum(one.outside_fen for one in mine))} 元"
            + (f"，同比例压减至 {fraction_text(cleared.pool.scaled * 100, 2)}%" if cleared.pool.scaled else "")
        )
        lines.append(f"    {identity_line(cleared)}")
    return lines


def identity_line(cleared: Clearing) -> str:
    """paid + clearing + retained = budget + beyond, with its parts."""
    kept = "，".join(f"{RETAINED[name]} {yuan_text(fen)}" for name, fen in cleared.retained.items() if fen)
    whole = yuan_text(cleared.pool.budget_fen + cleared.pool.beyond_fen)
    if cleared.pool.beyond_fen:
        parts = (yuan_text(fen) for fen in (cleared.pool.budget_fen, cleared.pool.beyond_fen))
        whole += "（预算 {} + 预算外由基金承担 {}）".format(*parts)
    return (
        f"年内支付 {yuan_text(cleared.paid_fen)} + 清算 {yuan_text(cleared.clearing_fen)}"
        f" + 留存 {yuan_text(cleared.retained_fen)}（{kept or '无'}）= {whole} {'相符' if cleared.holds else '不符'}"
    )
