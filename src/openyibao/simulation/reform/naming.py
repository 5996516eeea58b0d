"""How a figure's path reads (数字的名称): 聊城市职工普通门诊统筹 · 起付线，一级."""

from __future__ import annotations

from typing import Any

from openyibao.policy.terms import LABELS

PARTS = (
    ("deductible.amount", "起付线"),
    ("deductible.per", "起付线计法"),
    ("deductible.nth_stay", "第 {} 次住院的起付线"),
    ("tiers", "支付比例"),
    ("bonus.retiree", "退休加成"),
    ("bonus", "加成"),
    ("herb_bonus", "中草药加成"),
    ("cap", "年度限额"),
    ("visit_cap.amount", "每次限额"),
    ("top_up.patient_share", "个人负担上限"),
    ("first_self_pay", "异地首先自付"),
    ("individual_rate", "个人费率"),
    ("employer_rate", "单位费率"),
    ("base_floor", "缴费基数下限"),
    ("base_ceiling", "缴费基数上限"),
    ("individual", "个人缴费"),
    ("subsidy_most", "补助与个人缴费之比"),
    ("subsidy", "财政补助"),
    ("account.of_base", "个人账户划入（按缴费基数）"),
    ("account.of_pension", "个人账户划入（按养老金）"),
    ("account.fixed_month", "个人账户划入（每月定额）"),
    ("premiums.serious_illness", "大病保险每人保费"),
    ("premiums.long_term_care", "长护险每人保费"),
)
WORDS = {
    **LABELS,
    "under_45": "45 周岁以下",
    "from_45": "45 周岁及以上",
    "otherwise": "其他",
    "amount": "",
    "rate": "",
    "per": "计法",
    "counts": "计入待遇",
    "year_highest": "按年，跨级只收一次",
    "year": "按年",
    "stay": "按次",
    "none": "不封顶",
    "disease": "按病种",
    "missing": "缺",
}
"""Words of paths and values that a reader need not know."""


def rule_name(file: Any) -> str:
    """What a policy file rules, in Chinese."""
    return str(file.data.get("title") or file.name).partition("：")[0].partition("（")[0]


def key_name(key: str) -> str:
    """A key path in Chinese: tiers.2.rate.tertiary -> 支付比例（第 2 段），三级."""
    for prefix, label in PARTS:
        if key != prefix and not key.startswith(f"{prefix}."):
            continue
        words = key[len(prefix) :].strip(".").split(".")
        if prefix == "tiers" and words[0].isdigit():
            step, rest = words[0], words[1:]
            label = f"第 {step} 段上限" if rest[:1] == ["upto"] else f"{label}（第 {step} 段）"
            words = rest[1:]
        elif "{}" in label:
            label, words = label.format(words[0]), words[1:]
        said = [WORDS.get(word, word) for word in words]
        return "，".join([label, *(word for word in said if word)])
    return key


def value_name(written: str, key: str) -> str:
    """A value as a reader reads it: 800 -> 800 元."""
    if written in WORDS:
        return WORDS[written]
    return f"{written} 元" if written[:1].isdigit() and not written.endswith("%") and ".counts" not in key else written
