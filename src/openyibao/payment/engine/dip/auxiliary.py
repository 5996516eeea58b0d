"""The auxiliary catalogue (辅助目录): severity, CCI, age, tumour, TCM. Which factors a stay earns, and their product.

Only stays in a group have a factor. Each part is told with what earned it; how they combine is data.
"""

from __future__ import annotations

from dataclasses import dataclass

from openyibao.payment.engine.dip.params import Auxiliary, Comorbidity, Severity
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, half_up, scaled_text
from openyibao.payment.engine.pack.stays import Stay

SEVERITY_NAMES = {1: "轻度", 2: "中度", 3: "重度", 4: "死亡"}


@dataclass(frozen=True, slots=True)
class Factor:
    """What the catalogue makes of a stay: factor in 1/10,000, severity 1-4, CCI, and why."""

    factor: int
    severity: int
    index: int
    why: tuple[str, ...] = ()


def factor_of(stay: Stay, rules: Auxiliary, *, told: bool = False) -> Factor:
    """The factor of a stay. told: also say why, in Chinese."""
    why: list[str] = []
    factors: list[int] = []
    severity = index = 0
    if rules.severity is not None:
        severity, reason = severity_of(stay, rules.severity)
        factors.append(rules.severity.factors[str(severity)])
        if told:
            why.append(f"严重程度 {severity}（{SEVERITY_NAMES[severity]}）：{reason}，系数 {_shown(factors[-1])}")
    if rules.comorbidity is not None:
        index, conditions = comorbidity_index(stay, rules.comorbidity)
        factors.append(_band(rules.comorbidity, index))
        if told:
            why.append(f"CCI {index}（{'、'.join(conditions) or '无'}），系数 {_shown(factors[-1])}")
    for first, last, factor in rules.ages:
        if stay.age is not None and first <= stay.age <= last:
            factors.append(factor)
            if told:
                why.append(f"年龄 {stay.age} 岁（{first}—{last}），系数 {_shown(factor)}")
    if rules.tumour_main and stay.dx[0].startswith(rules.tumour_main):
        spread = [code for code in stay.dx[1:] if code.startswith(rules.tumour_other)]
        if spread:
            factors.append(rules.tumour_factor)
            if told:
                why.append(f"肿瘤伴转移（{'、'.join(spread)}），系数 {_shown(rules.tumour_factor)}")
    if rules.tcm_share and stay.tcm_fen * TEN_THOUSAND >= rules.tcm_share * stay.total_fen > 0:
        factors.append(rules.tcm_factor)
        if told:
            why.append(f"中医服务占比不低于 {rules.tcm_share / 100:g}%，系数 {_shown(rules.tcm_factor)}")
    combined = _combined(factors, rules)
    if told:
        how = "取最高" if rules.combine == "highest" else "连乘"
        why.append(f"校正系数（{how}，至多 {_shown(rules.most)}）= {_shown(combined)}")
    return Factor(combined, severity, index, tuple(why))


def severity_of(stay: Stay, rules: Severity) -> tuple[int, str]:
    """Severity 1-4 and what it rests on. A secondary diagnosis of the main one's category does not count."""
    if stay.los <= rules.over_days:
        return 1, f"住院 {stay.los} 日，不超过 {rules.over_days} 日"
    if stay.died:
        return 4, "死亡"
    category = stay.dx[0][:3]
    best, reason = 1, "没有计入的合并症"
    for code in stay.dx[1:]:
        if code[:3] == category and not rules.same_category_counts:
            continue
        found = rules.table.of(code)
        if found is not None:
            level = 3 if found[0] == "mcc" else 2
            if level > best:
                best, reason = level, f"{code} 为{'严重合并症（MCC）' if level == 3 else '合并症（CC）'}"
    return best, reason


def comorbidity_index(stay: Stay, rules: Comorbidity) -> tuple[int, list[str]]:
    """Sum of weights of the conditions among the secondary diagnoses, each condition once with its highest weight."""
    found: dict[str, int] = {}
    for code in stay.dx[1:]:
        known = rules.table.of(code)
        if known is not None:
            found[known[0]] = max(found.get(known[0], 0), known[1])
    return sum(found.values()), sorted(found)


def _band(rules: Comorbidity, index: int) -> int:
    for upto, factor in rules.bands:
        if upto < 0 or index <= upto:
            return factor
    return TEN_THOUSAND


def _combined(factors: list[int], rules: Auxiliary) -> int:
    if not factors:
        return TEN_THOUSAND
    if rules.combine == "highest":
        # a factor below one counts only when nothing raises the score
        raised = [factor for factor in factors if factor > TEN_THOUSAND]
        made = max(raised) if raised else min(factors)
    else:
        over, under = 1, 1
        for factor in factors:
            over, under = over * factor, under * TEN_THOUSAND
        made = half_up(over * TEN_THOUSAND, under)
    return min(made, rules.most)


def _shown(factor: int) -> str:
    return scaled_text(factor, 4).rstrip("0").rstrip(".")
