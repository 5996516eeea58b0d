"""The relations a file can state (勾稽关系): what each computes, and what each figure would have to be instead.

A relation that is a formula is one row of the table below; the few that are none (the same figure in two documents,
bounds, lists, words) have a function each in `special.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ONE, MANY, OPTIONAL_ONE, OPTIONAL_MANY, OPTIONAL = "one", "many", "optional one", "optional many", "optional text"


@dataclass(frozen=True)
class Formula:
    """One kind of relation: its roles, the formula of the stated one, the formulas of the others."""

    label: str
    roles: dict[str, str]
    stated: str
    computed: str
    shown: str
    implied: dict[str, str] = field(default_factory=dict)
    same_unit: tuple[str, ...] = ()
    """Roles whose figures must be of the same thing."""
    forbid_percent: tuple[str, ...] = ()
    """Roles that must not be percentages: a change of percentages is in points, never in %."""
    percent: tuple[str, ...] = ()
    """Roles that are percentages, where they have a unit."""
    points: tuple[str, ...] = ()
    """Roles that are percentage points, where they have a unit."""
    both_money: tuple[str, ...] = ()
    """Roles of which all or none are money."""
    base: str = ""
    """What must lie above zero for the relation to mean anything: a deficit has no growth."""


FORMULAS: dict[str, Formula] = {
    "sum": Formula(
        "合计",
        {"total": ONE, "parts": MANY, "less": OPTIONAL_MANY},
        "total",
        "sum(parts)-sum(less)",
        "{parts}{less}",
        same_unit=("total", "parts", "less"),
    ),
    "balance": Formula(
        "收支结余",
        {"income": ONE, "expenditure": ONE, "balance": ONE},
        "balance",
        "income-expenditure",
        "{income} − {expenditure}",
        {"income": "expenditure+balance", "expenditure": "income-balance"},
        same_unit=("income", "expenditure", "balance"),
    ),
    "closing": Formula(
        "上年结余加当期结余",
        {"opening": ONE, "current": ONE, "closing": ONE},
        "closing",
        "opening+current",
        "{opening} + {current}",
        {"opening": "closing-current", "current": "closing-opening"},
        same_unit=("opening", "current", "closing"),
    ),
    "advances": Formula(
        "支出不含预付",
        {"paid": ONE, "advances": ONE, "offset": OPTIONAL_ONE, "expenditure": ONE},
        "expenditure",
        "paid-advances+offset",
        "拨付 {paid} − 预付 {advances} + 冲抵 {offset}",
        {"paid": "expenditure+advances-offset", "advances": "paid+offset-expenditure"},
        same_unit=("paid", "advances", "offset", "expenditure"),
    ),
    "share": Formula(
        "占比",
        {"part": ONE, "whole": ONE, "percent": ONE},
        "percent",
        "100*part/whole",
        "{part} ÷ {whole}",
        {"part": "percent*whole/100", "whole": "100*part/percent"},
        percent=("percent",),
        both_money=("part", "whole"),
    ),
    "growth": Formula(
        "增幅",
        {"now": ONE, "before": ONE, "percent": ONE},
        "percent",
        "100*(now-before)/before",
        "({now} − {before}) ÷ {before}",
        {"now": "before*(1+percent/100)", "before": "now/(1+percent/100)"},
        same_unit=("now", "before"),
        forbid_percent=("now", "before"),
        percent=("percent",),
        base="before",
    ),
    "growth_by_change": Formula(
        "增幅",
        {"now": ONE, "change": ONE, "percent": ONE},
        "percent",
        "100*change/(now-change)",
        "{change} ÷ ({now} − {change})",
        {"now": "change+100*change/percent", "change": "now*percent/(100+percent)"},
        same_unit=("now", "change"),
        forbid_percent=("now", "change"),
        percent=("percent",),
        base="now-change",
    ),
    "previous": Formula(
        "由增幅推上年",
        {"now": ONE, "percent": ONE, "before": ONE},
        "before",
        "now/(1+percent/100)",
        "{now} ÷ (1 + {percent})",
        {"now": "before*(1+percent/100)", "percent": "100*(now-before)/before"},
        same_unit=("now", "before"),
        percent=("percent",),
        base="now",
    ),
    "change": Formula(
        "增减量",
        {"now": ONE, "before": ONE, "change": ONE},
        "change",
        "now-before",
        "{now} − {before}",
        {"now": "before+change", "before": "now-change"},
        same_unit=("now", "before", "change"),
        forbid_percent=("now", "before", "change"),
    ),
    "points": Formula(
        "增减百分点",
        {"now": ONE, "before": ONE, "points": ONE},
        "points",
        "now-before",
        "{now} − {before}",
        {"now": "before+points", "before": "now-points"},
        percent=("now", "before"),
        points=("points",),
    ),
    "per_head": Formula(
        "人均（次均）",
        {"amount": ONE, "count": ONE, "per_head": ONE},
        "per_head",
        "amount/count",
        "{amount} ÷ {count}",
        {"amount": "per_head*count", "count": "amount/per_head"},
        both_money=("amount", "per_head"),
    ),
    "ratio": Formula(
        "比",
        {"left": ONE, "right": ONE, "ratio": ONE},
        "ratio",
        "left/right",
        "{left} ÷ {right}",
        {"left": "ratio*right", "right": "left/ratio"},
    ),
    "daily": Formula(
        "日均",
        {"total": ONE, "days": ONE, "per_day": ONE},
        "per_day",
        "total/days",
        "{total} ÷ {days}",
        {"total": "per_day*days", "days": "total/per_day"},
        both_money=("total", "per_day"),
    ),
    "product": Formula("乘积", {"factors": MANY, "product": ONE}, "product", "prod(factors)", "{factors:×}"),
    "months": Formula(
        "可支付月数",
        {"balance": ONE, "expenditure": ONE, "months": ONE},
        "months",
        "balance/(expenditure/12)",
        "{balance} ÷ ({expenditure} ÷ 12)",
        {"balance": "months*expenditure/12", "expenditure": "12*balance/months"},
        same_unit=("balance", "expenditure"),
    ),
    "weighted_mean": Formula(
        "加权平均",
        {"values": MANY, "weights": MANY, "mean": ONE},
        "mean",
        "dot(values,weights)/sum(weights)",
        "{values:、} 以 {weights:、} 加权",
        same_unit=("values", "mean"),
    ),
    "weighted_sum": Formula(
        "率乘人数之和",
        {"rates": MANY, "weights": MANY, "total": ONE},
        "total",
        "dot(rates,weights)/100",
        "{rates:、} 乘以 {weights:、}",
    ),
    "denominator": Formula(
        "占比所指的分母",
        {"part": ONE, "percent": ONE, "denominator": ONE},
        "denominator",
        "100*part/percent",
        "{part} ÷ {percent}",
        {"part": "denominator*percent/100", "percent": "100*part/denominator"},
        same_unit=("part", "denominator"),
        percent=("percent",),
    ),
}

SPECIAL: dict[str, tuple[str, dict[str, str]]] = {
    "formula": ("公式", {"expression": "text", "with": "optional map", "is": ONE}),
    "between": ("介于", {"value": ONE, "bounds": MANY}),
    "equal": ("同一数字", {"values": MANY}),
    "not_copied": ("不应雷同", {"subjects": "map of many"}),
    "same_list": ("同一清单", {"lists": "map of texts"}),
    "same_base": ("不应同一基数", {"pairs": "list of pairs"}),
    "plausible": ("常理范围", {"left": ONE, "right": ONE, "at_least": OPTIONAL, "at_most": OPTIONAL, "why": OPTIONAL}),
    "sign": ("盈亏之说", {"income": ONE, "expenditure": ONE, "said": "text"}),
    "one_period": ("同一时期", {"value": ONE, "periods": "optional texts"}),
    "included": ("是否包含", {"whole": ONE, "part": ONE, "said": OPTIONAL}),
}
"""Relations that are no formula: label and keys."""

COMMON = ("relation", "title", "expect", "note", "source")
