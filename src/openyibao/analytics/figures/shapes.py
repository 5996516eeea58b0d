"""Which relation a handful of named numbers must stand in (由形状定关系), for cases that name none.

The rules are tried in order; the first whose shape fits decides. A rule looks at the names and kinds of the inputs,
never at which case it is. Each says in its answer what it took the numbers for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from openyibao.analytics.figures import special
from openyibao.analytics.figures.amounts import amount, amounts, is_number, is_whole, numbers, plain_number
from openyibao.analytics.figures.assistance import assistance_rule
from openyibao.analytics.figures.contracts import CONSISTENT, CONTRADICTION, NOT_CHECKABLE, Checked, Result
from openyibao.analytics.figures.expressions import FUNCTIONS
from openyibao.analytics.figures.judge import judge
from openyibao.analytics.figures.printed import Printed, number, printed

Inputs = Mapping[str, Any]
SUBJECTS = ("city", "province", "county", "nation", "district", "liaocheng", "qingdao", "jinan", "yantai", "shandong")
"""Names that stand for different places: equal figures of theirs are suspicious, not reassuring."""
WORKERS = ("active", "workers", "employees", "staff", "insured", "persons")
UNITS = ("units", "employers", "firms", "companies")
PERIODS = ("period", "periods", "labels")
DEFICIT = ("deficit", "赤字", "收不抵支", "亏")
SURPLUS = ("surplus", "收大于支", "盈余")


@dataclass
class Found:
    """What a rule made of the inputs."""

    rule: str
    relations: list[Checked]
    results: dict[str, Result] = field(default_factory=dict)


@cache
def experience() -> dict[str, Any]:
    """Plausible ranges and rules referred to, with their sources."""
    text = (files(__package__) / "data" / "plausible.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def decide(inputs: Inputs, title: str = "") -> Found:
    """Find the relation that these inputs must stand in, and judge it."""
    for rule in RULES:
        found = rule(inputs, title)
        if found is not None:
            return found
    return Found(
        "没有哪条规则认得这些输入",
        [Checked("unknown", title, NOT_CHECKABLE, f"无法核对：{'、'.join(inputs)} 之间应有什么关系，没有规则可循。")],
    )


def _rounded(value: Fraction, places: int = 0) -> Fraction:
    made: Fraction = FUNCTIONS["round"](value, Fraction(places))
    return made


def _named(inputs: Inputs, *words: str) -> str:
    """The one scalar whose name holds one of the words as a part; "" when none or several do."""
    found = [
        key
        for key, value in inputs.items()
        if is_number(value) and any(word in re.split(r"[_\W]+", key.lower()) for word in words)
    ]
    return found[0] if len(found) == 1 else ""


def _scalars(inputs: Inputs) -> list[str]:
    return [key for key, value in inputs.items() if is_number(value)]


def _lists(inputs: Inputs) -> list[str]:
    return [key for key, value in inputs.items() if isinstance(value, list)]


def parts_and_total(inputs: Inputs, title: str) -> Found | None:
    """A list of numbers and a total: the parts add up to it."""
    lists, scalars = _lists(inputs), _scalars(inputs)
    if len(lists) != 1 or len(scalars) != 1 or not numbers(inputs[lists[0]]):
        return None
    texts, total_text = inputs[lists[0]], inputs[scalars[0]]
    if all(map(is_whole, [*texts, total_text])):
        parts: list[Printed] = [amount("分项", text, step=Fraction(1)) for text in texts]
        total = amount(scalars[0], total_text, step=Fraction(1))
    else:
        parts, total = [amount("分项", text) for text in texts], amount(scalars[0], total_text)
    checked = judge("sum", {"total": total, "parts": parts}, title)
    results: dict[str, Result] = {"sum": sum((one.value for one in parts), Fraction(0))}
    if checked.status == CONTRADICTION:
        for one in checked.repairs:
            if one.likely:
                results["corrected_part"] = plain_number(one.value.replace(",", ""))
        results["candidates"] = [plain_number(one.value.replace(",", "")) for one in checked.repairs]
    return Found("分项之和应等于合计；不等时，变动比例最小的一项最可能印错", [checked], results)


def rounding_pairs(inputs: Inputs, title: str) -> Found | None:
    """A list of pairs: each pair is one figure printed twice, as computed and as stated."""
    if len(inputs) != 1 or len(_lists(inputs)) != 1:
        return None
    pairs = inputs[_lists(inputs)[0]]
    if not pairs or not all(numbers(pair) and len(pair) == 2 for pair in pairs):
        return None
    judged = [special.equal(amounts("", pair), f"{pair[0]} 与 {pair[1]}") for pair in pairs]
    shown: list[list[Any]] = [[plain_number(one) for one in pair] for pair in pairs]
    good = [pair for pair, one in zip(shown, judged, strict=True) if one.status != CONTRADICTION]
    bad = [pair for pair, one in zip(shown, judged, strict=True) if one.status == CONTRADICTION]
    return Found(
        "成对的数相差不超过各自末位的半个单位之和，是舍入，不是错误", judged, {"accepted": good, "rejected": bad}
    )


def two_lists(inputs: Inputs, title: str) -> Found | None:
    """Two lists: of words, of the same figures of two places, of count and share, or of one thing printed twice."""
    names = _lists(inputs)
    if len(names) != 2 or len(inputs) != 2:
        return None
    one, two = (inputs[name] for name in names)
    if not (numbers(one) and numbers(two)):
        return _word_lists(inputs, names, title)
    if all(name.lower().split("_")[0] in SUBJECTS for name in names):
        subjects = {name: amounts(name, inputs[name]) for name in names}
        return Found("两个不同地区的一组数字不应全部相同", [special.not_copied(subjects, title)])
    if len(one) == len(two) == 2 and all(_count_and_share(row) for row in (one, two)):
        pairs = [(amount("数量", row[0]), amount("占比", row[1])) for row in (one, two)]
        totals: list[Any] = [_rounded(special.implied(*pair)) for pair in pairs]
        judged = [special.same_base(pairs, title)]
        return Found("数量与占比推出的基数，两个时期不应相同", judged, {"implied_totals": totals})
    if len(one) != len(two):
        text = f"{names[0]} 有 {len(one)} 个数，{names[1]} 有 {len(two)} 个，个数不同。"
        return Found("两处印载的同一组数字应相同", [Checked("equal", title, CONTRADICTION, text)])
    first, second = amounts(names[0], one), amounts(names[1], two)
    judged = [
        _same_twice(a, b, f"{title} 第 {at} 个数") for at, (a, b) in enumerate(zip(first, second, strict=True), 1)
    ]
    off: list[Any] = [b.value - a.value for a, b in zip(first, second, strict=True)]
    return Found("两处印载的同一组数字应逐个相同", judged, {"difference": off})


def _same_twice(one: Printed, two: Printed, title: str) -> Checked:
    """Small whole numbers are counts, and a count is not rounded."""
    if is_whole(one.text) and is_whole(two.text) and max(len(one.text), len(two.text)) <= 6:
        one, two = (printed(each.name, each.text, exact=True) for each in (one, two))
    return special.equal([one, two], title)


def _count_and_share(row: list[str]) -> bool:
    count, share = map(plain_number, row)
    return is_whole(row[0]) and not is_whole(row[1]) and count >= 1_000 and 0 < share <= 100


def _word_lists(inputs: Inputs, names: list[str], title: str) -> Found | None:
    if not all(isinstance(item, str) for name in names for item in inputs[name]):
        return None
    common = len(_prefix(names))
    short = {name: name[common:].strip("_") or name for name in names}
    lists = {short[name]: inputs[name] for name in names}
    results: dict[str, Result] = {f"only_{name}": list(only) for name, only in special.only_in(lists).items()}
    return Found("同名的清单，各处所列应相同", [special.same_list(lists, title)], results)


def _prefix(names: list[str]) -> str:
    one, two = min(names), max(names)
    end = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return one[:end].rstrip("0123456789")


def workers_per_unit(inputs: Inputs, title: str) -> Found | None:
    """Employers and their workers: so many on average that it can be."""
    units, workers = _named(inputs, *UNITS), _named(inputs, *WORKERS)
    if not units or not workers or len(inputs) != 2 or plain_number(inputs[units]) == 0:
        return None
    known = experience()["workers_per_unit"]
    left, right = amount("职工", inputs[workers]), amount("单位", inputs[units])
    judged = special.plausible(left, right, Fraction(known["at_least"]), None, known["why"], title)
    return Found("单位平均职工数应合乎常理", [judged], {"workers_per_unit": _rounded(left.value / right.value, 2)})


def assistance_formula(inputs: Inputs, title: str) -> Found | None:
    """A burden and an assistance printed: what the assistance rules give on the whole burden."""
    burden = _named(inputs, "burden", "负担")
    stated = _named(inputs, "printed", "assistance")
    if not burden or not stated or len(inputs) != 2:
        return None
    rule = assistance_rule()
    given = amount("印载救助", inputs[stated])
    whole = rule.pays(plain_number(inputs[burden]))
    implied = rule.burden_for(given.value)
    same = given.within(whole)
    text = f"按{rule.why}，负担 {inputs[burden]} 全部计入应救助 {number(whole, 0)}，印载 {given.shown}"
    text += "，相符。" if same else f"，相差 {number(whole - given.value, 0)}。"
    results: dict[str, Result] = {"formula": whole}
    if not same and implied is not None and implied < plain_number(inputs[burden]):
        results["implied_burden"] = _rounded(implied)
        text += f"印载的救助相当于负担约 {number(implied, 0, 0)}：只有政策范围内的负担计入救助，可以解释。"
    status = CONSISTENT if same else CONTRADICTION
    checked = Checked("assistance", title, status, text, computed=number(whole, 0), stated=given.text)
    checked.difference = number(whole - given.value, 0)
    return Found("印载的救助额应等于救助规则按负担算得的数", [checked], results)


def daily_and_year(inputs: Inputs, title: str) -> Found | None:
    """A daily and a yearly number: the year over its days."""
    daily, year = _named(inputs, "daily", "day"), _named(inputs, "year", "annual", "yearly")
    if not daily or not year or daily == year or len(inputs) > 3:
        return None
    other = [key for key in inputs if key not in (daily, year)]
    if other and "days" not in other[0]:
        return None
    days = printed("天数", inputs[other[0]] if other else "365", "天")
    given = {"total": amount("全年", inputs[year]), "days": days, "per_day": amount("日均", inputs[daily])}
    judged = judge("daily", given, title)
    return Found(
        "日均数应等于全年数除以天数", [judged], {"computed_daily": _rounded(given["total"].value / days.value)}
    )


def income_and_expenditure(inputs: Inputs, title: str) -> Found | None:
    """Income and expenditure: the balance has the sign that the words say."""
    income, expenditure = _named(inputs, "income", "收入"), _named(inputs, "expenditure", "spending", "支出")
    if not income or not expenditure or len(_scalars(inputs)) != 2:
        return None
    words = f"{title} {inputs.get('said', '')}".lower()
    said = "deficit" if any(map(words.__contains__, DEFICIT)) else ""
    said = said or ("surplus" if any(map(words.__contains__, SURPLUS)) else "")
    both = amounts("", [inputs[income], inputs[expenditure]])
    judged = special.sign(both[0], both[1], said, title)
    return Found("收入减支出的正负应与文字所说的盈亏相合", [judged], {"derived_balance": both[0].value - both[1].value})


def cumulative_and_accounts(inputs: Inputs, title: str) -> Found | None:
    """A cumulative balance and the accounts' balance: whether the one holds the other must be said."""
    whole, part = _named(inputs, "cumulative", "累计"), _named(inputs, "accounts", "account", "个人账户")
    if not whole or not part or len(_scalars(inputs)) != 2:
        return None
    said = str(inputs.get("said") or "")
    judged = special.included(amount("累计结余", inputs[whole]), amount("个人账户", inputs[part]), said, title)
    rest = plain_number(inputs[whole]) - plain_number(inputs[part])
    return Found("累计结余是否包含个人账户须说明；个人账户过半而未说明，即须问明", [judged], {"pool_if_included": rest})


def days_in_period(inputs: Inputs, title: str) -> Found | None:
    """Totals of a period and its days: daily means divide by these days, not by a year's."""
    days = next((key for key in _scalars(inputs) if key.lower().startswith("days")), "")
    totals = [key for key in _scalars(inputs) if key != days and not key.endswith("_per_day")]
    if not days or not totals or plain_number(inputs[days]) == 0:
        return None
    period = printed("天数", inputs[days], "天")
    results: dict[str, Result] = {
        f"{key}_per_day": _rounded(plain_number(inputs[key]) / period.value) for key in totals
    }
    judged = [
        judge(
            "daily",
            {"total": amount(key, inputs[key]), "days": period, "per_day": amount("日均", inputs[stated])},
            title,
        )
        for key in totals
        for stated in (f"{key}_per_day", f"printed_{key}_per_day")
        if is_number(inputs.get(stated))
    ]
    rule = "日均数应以该时期的天数为分母"
    if not judged:
        known = experience()["days_in_year"]
        whole_year = period.text in known["values"]
        told = "、".join(f"{key} {number(plain_number(inputs[key]) / period.value, 0, 0)}" for key in totals)
        text = f"该时期 {period.text} 天，日均为 {told}" + (
            "，即全年天数。" if whole_year else "；若印载的日均数以 365 天相除，即与此矛盾。"
        )
        judged = [Checked("daily", title, CONSISTENT if whole_year else CONTRADICTION, text)]
        rule += "；没有印出日均数时，时期不满一年即须改算"
    return Found(rule, judged, results)


def stated_and_listed(inputs: Inputs, title: str) -> Found | None:
    """A number said and the number of items listed."""
    stated, listed = _named(inputs, "stated", "claimed"), _named(inputs, "listed", "named", "counted")
    if not stated or not listed or len(inputs) != 2:
        return None
    both = [printed(key, inputs[key], exact=True) for key in (stated, listed)]
    return Found("所称的个数应等于列出的个数", [special.equal(both, title)])


def part_share_whole(inputs: Inputs, title: str) -> Found | None:
    """A part, a share and a whole, in this order of part and whole."""
    share = _named(inputs, "share", "percent", "rate", "ratio", "占比")
    others = [key for key in _scalars(inputs) if key != share]
    if not share or len(others) != 2 or len(inputs) != 3:
        return None
    part, whole = (amount(key, inputs[key]) for key in others)
    given = amount(share, inputs[share])
    if part.value == 0 or whole.value == 0 or given.value == 0:
        return None
    unit = 1 if abs(part.value / whole.value - given.value) < abs(100 * part.value / whole.value - given.value) else 100
    given = printed(share, inputs[share]) if unit == 1 else printed(share, inputs[share], "%")
    kind = "ratio" if unit == 1 else "share"
    roles = (
        {"left": part, "right": whole, "ratio": given}
        if unit == 1
        else {"part": part, "whole": whole, "percent": given}
    )
    results: dict[str, Result] = {
        "computed": _rounded(unit * part.value / whole.value, max(2, given.decimals)),
        "implied_denominator": _rounded(unit * part.value / given.value),
    }
    return Found("占比应等于部分除以整体；不等时，占比所指的是另一个分母", [judge(kind, roles, title)], results)


def one_amount(inputs: Inputs, title: str) -> Found | None:
    """A single amount: it needs one period."""
    others = {key: value for key, value in inputs.items() if key not in PERIODS}
    scalars = _scalars(others)
    if len(scalars) != 1 or len(others) != 1:
        return None
    stated = inputs.get("periods") or inputs.get("labels") or inputs.get("period") or []
    periods = [str(one) for one in stated] if isinstance(stated, list) else [str(stated)]
    judged = special.one_period(amount(scalars[0], inputs[scalars[0]]), periods, title)
    return Found("一个数字须属于一个、且只属于一个时期", [judged])


def same_figure_twice(inputs: Inputs, title: str) -> Found | None:
    """Two numbers and nothing else: the same figure in two places."""
    scalars = _scalars(inputs)
    if len(scalars) != 2 or len(inputs) != 2:
        return None
    whole = all(is_whole(inputs[key]) for key in scalars)
    both = [printed(key, inputs[key], exact=True if whole else None) for key in scalars]
    off = abs(both[0].value - both[1].value)
    return Found(
        "同一数字在两处应相同；整数不许有差，小数许差各自末位的半个单位",
        [special.equal(both, title)],
        {"difference": off},
    )


RULES: tuple[Callable[[Inputs, str], Found | None], ...] = (
    one_amount,
    parts_and_total,
    rounding_pairs,
    two_lists,
    workers_per_unit,
    assistance_formula,
    days_in_period,
    daily_and_year,
    income_and_expenditure,
    cumulative_and_accounts,
    stated_and_listed,
    part_share_whole,
    same_figure_twice,
)
"""In the order tried."""
