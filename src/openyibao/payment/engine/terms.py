"""The words a scheme's conditions are written in: fields, operators, levels, and their Chinese for explanations."""

from __future__ import annotations

import re
from decimal import Decimal

from openyibao.payment.engine.contracts import Number

CODE_FIELDS = {
    "dx_main": "主要诊断",
    "dx_other": "其他诊断",
    "dx_any": "任一诊断",
    "px_main": "主要手术操作",
    "px_other": "其他手术操作",
    "px_any": "任一手术操作",
}
NUMBER_FIELDS = {
    "sex": "性别",
    "age": "年龄（岁）",
    "age_days": "日龄（天）",
    "birth_weight": "出生体重（克）",
    "los": "住院天数",
    "icu_hours": "重症监护小时数",
}
TEXT_FIELDS = {"dept": "科室", "leaving": "离院方式"}
PLAIN_FIELDS = NUMBER_FIELDS | TEXT_FIELDS
SEVERITY_FIELDS = {"mcc": "严重并发症或合并症（MCC）", "cc": "一般并发症或合并症（CC）"}
PARTS = "dx_parts"
ALWAYS = "always"
FIELDS = CODE_FIELDS | PLAIN_FIELDS | SEVERITY_FIELDS | {PARTS: "诊断涉及的部位数", ALWAYS: "无条件"}

COMPARISONS = {"<": "小于", "<=": "不超过", "=": "为", ">=": "不小于", ">": "大于"}
MEMBERSHIPS = {"in": "在", "not_in": "不在"}
KNOWLEDGE = {"present": "有", "absent": "没有"}
OPERATORS = COMPARISONS | MEMBERSHIPS | KNOWLEDGE

LEVELS = {"MDC": "主要诊断大类", "ADRG": "核心分组", "QY": "歧义组", "DRG": "细分组"}
PARENT_LEVEL = {"MDC": "", "ADRG": "MDC", "QY": "MDC", "DRG": "ADRG"}
FINAL = ("DRG", "QY")
MOST_YEARS = 150
"""More years than anybody has lived: an age beyond it is a slip of the pen."""
DROP = "-"
"""A map value that leaves the code out (弃用)."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,6})?")


def number(text: str) -> Number | None:
    """A number written plainly, exact: an integer where it is one ("62", "62.0"), else a decimal; else None."""
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else value


def compared(left: Number, op: str, right: Number) -> bool:
    """Whether `left op right` holds."""
    if op == "<":
        return left < right
    if op == "<=":
        return left <= right
    if op == "=":
        return left == right
    if op == ">=":
        return left >= right
    return left > right


def adrg_kind(code: str) -> str:
    """Kind of an ADRG by its second letter: surgical A-J, procedure K-Q, medical R-Z (外科、操作、内科)."""
    letter = code[1:2].upper()
    if "A" <= letter <= "J":
        return "surgical"
    return "procedure" if "K" <= letter <= "Q" else "medical" if "R" <= letter <= "Z" else ""


KINDS = {"surgical": "外科", "procedure": "操作", "medical": "内科"}
