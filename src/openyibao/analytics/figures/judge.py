"""Judges a relation: what it computes, how far it may lie from what is printed, and which figure would mend it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from openyibao.analytics.figures.contracts import (
    CONSISTENT,
    CONTRADICTION,
    NOT_CHECKABLE,
    ROUNDING,
    Checked,
    Repair,
)
from openyibao.analytics.figures.expressions import Expression, read_expression
from openyibao.analytics.figures.intervals import Interval
from openyibao.analytics.figures.printed import Printed, commas, number, one_digit_off
from openyibao.analytics.figures.relations import FORMULAS, MANY, ONE, OPTIONAL_MANY, Formula
from openyibao.analytics.figures.spans import Span

Given = Mapping[str, Printed | list[Printed]]
"""Figures of a relation by role."""


@cache
def expression(text: str) -> Expression:
    """A formula of the table, read once."""
    return read_expression(text)


def judge(kind: str, given: Given, title: str = "") -> Checked:
    """Judge a relation of the table. `given` holds a figure, or a list of them, for each role."""
    spec = FORMULAS[kind]
    stated = given[spec.stated]
    assert isinstance(stated, Printed)
    filled = _filled(spec, given)
    checked = judge_formula(kind, expression(spec.computed), filled, stated, _shown(spec, given), spec.label, title)
    if checked.status != NOT_CHECKABLE and spec.base and expression(spec.base).value(_values(filled)) <= 0:
        why = "无法核对：作基数的数不大于零（如上年收不抵支），增幅没有意义，宜写增减额。"
        return Checked(kind, checked.title, NOT_CHECKABLE, why, sources=checked.sources)
    if checked.status == CONTRADICTION:
        checked.repairs = repairs(kind, given)
        checked.text += _blame(checked.repairs)
    return checked


def judge_formula(
    kind: str, formula: Expression, given: Given, stated: Printed, shown: str, label: str, title: str = ""
) -> Checked:
    """Judge a formula of printed figures against the printed figure it must give."""
    title = title or f"{label}：{stated.label}"
    gone = [one.label for one in (*_all(given), stated) if one.missing]
    if gone:
        return Checked(kind, title, NOT_CHECKABLE, f"无法核对：缺 {'、'.join(dict.fromkeys(gone))}。")
    try:
        computed = Fraction(formula.value(_values(given)))
        span = Span(formula, {name: _intervals(one) for name, one in given.items()})
        hull = span.hull
    except ZeroDivisionError:
        return Checked(kind, title, NOT_CHECKABLE, "无法核对：分母为零，或小到与零分不开。")
    except (KeyError, TypeError, ValueError, IndexError) as problem:
        return Checked(kind, title, NOT_CHECKABLE, f"无法核对：{_reason(problem)}。")
    difference = computed - stated.value
    allowed = stated.half + max(hull.high - computed, computed - hull.low)
    status = _status(computed, stated, span)
    unit = stated.unit
    result = Checked(
        kind,
        title,
        status,
        "",
        computed=stated.in_unit(computed),
        stated=stated.text,
        difference=number(difference / unit.factor, stated.decimals),
        allowed=number(allowed / unit.factor, stated.decimals, 3),
        unit=unit.text,
        sources=sources(*_all(given), stated),
    )
    result.text = _sentence(result, shown, stated)
    return result


def _status(computed: Fraction, stated: Printed, span: Span) -> str:
    if stated.bound:
        above = stated.bound == "at_least"
        if computed >= stated.value if above else computed <= stated.value:
            return CONSISTENT
        reached = span.hull.high >= stated.value if above else span.hull.low <= stated.value
        return ROUNDING if reached else CONTRADICTION
    if stated.within(computed):
        return CONSISTENT
    return ROUNDING if span.meets(stated.interval) else CONTRADICTION


def _sentence(result: Checked, shown: str, stated: Printed) -> str:
    unit = result.unit
    words = {"at_least": "超过", "at_most": "不足"}.get(stated.bound, "")
    head = f"{shown} = {result.computed}{unit}，印载{words} {stated.shown}"
    off = f"{result.difference.lstrip('-')}{stated.apart}"
    if result.status == CONSISTENT:
        return f"{head}，相符。"
    if result.status == ROUNDING:
        return f"{head}，相差 {off}，在各数四舍五入所容许的 {result.allowed}{stated.apart}之内。"
    way = "多" if not result.difference.startswith("-") else "少"
    return f"{head}：算得的{way} {off}，四舍五入至多容许 {result.allowed}{stated.apart}，两者不能同真。"


def repairs(kind: str, given: Given) -> list[Repair]:
    """What each figure alone would have to be. Of the parts of a sum the largest is the likelier slip."""
    spec = FORMULAS[kind]
    found: list[tuple[Printed, Fraction]] = []
    values = _values(_filled(spec, given))
    for role, text in spec.implied.items():
        one = given.get(role)
        if isinstance(one, Printed):
            try:
                found.append((one, Fraction(expression(text).value(values))))
            except ZeroDivisionError:
                continue
    if kind == "sum":
        found += _parts_of_sum(given, values)
    if kind == "product":
        found += _factors(given, values)
    made = [
        Repair(one.label, one.text, one.rounded(value), near_miss=one_digit_off(one.text, one.rounded(value)))
        for one, value in found
        if value >= 0 or one.value < 0
    ]
    return _likely(made) if kind == "sum" else made


def _parts_of_sum(given: Given, values: Mapping[str, Any]) -> list[tuple[Printed, Fraction]]:
    total, parts, less = given["total"], _list(given.get("parts")), _list(given.get("less"))
    assert isinstance(total, Printed)
    off = sum(values["parts"], Fraction(0)) - sum(values["less"], Fraction(0)) - total.value
    return [*((one, one.value - off) for one in parts), *((one, one.value + off) for one in less)]


def _factors(given: Given, values: Mapping[str, Any]) -> list[tuple[Printed, Fraction]]:
    made = expression("prod(factors)").value(values)
    return [(one, values["product"] * one.value / made) for one in _list(given["factors"]) if made]


def _likely(found: list[Repair]) -> list[Repair]:
    """Mark the part that would change least for its size: a slip is easiest overlooked there."""
    if not found:
        return found

    def change(one: Repair) -> Fraction:
        before, after = (Fraction(text.replace(",", "")) for text in (one.printed, one.value))
        return abs(after - before) / (abs(before) or 1)

    best = min(range(len(found)), key=lambda at: (change(found[at]), -at))
    return [
        Repair(one.name, one.printed, one.value, likely=at == best, near_miss=one.near_miss)
        for at, one in enumerate(found)
    ]


def _blame(found: list[Repair]) -> str:
    if not found:
        return ""
    likely = [one for one in found if one.likely] or found

    def said(one: Repair) -> str:
        near = "（只差一个数字）" if one.near_miss else ""
        name = "" if one.name.startswith(commas(one.printed)) else f"{one.name} "
        return f"{name}{commas(one.printed)} 应为 {one.value}{near}"

    return (
        ("若只有一数有误，最可能是 " if likely is not found else "若只有一数有误：")
        + "；或 ".join(map(said, likely))
        + "。"
    )


def _filled(spec: Formula, given: Given) -> dict[str, Printed | list[Printed]]:
    """Roles left out: an empty list, or a zero."""
    zero = Printed("", "0", Fraction(0), Fraction(0), _unit_of(given[spec.stated]))
    return {
        role: given.get(role, [] if need in (MANY, OPTIONAL_MANY) else zero)
        for role, need in spec.roles.items()
        if need != ONE or role in given
    }


def _unit_of(one: Printed | list[Printed]) -> Any:
    assert isinstance(one, Printed)
    return one.unit


def _shown(spec: Formula, given: Given) -> str:
    """The left side in words and signs: 899 + 3,157."""
    text = spec.shown
    for role in spec.roles:
        one = given.get(role)
        for mark, glue in (("", " + "), (":×", " × "), (":、", "、")):
            slot = f"{{{role}{mark}}}"
            if slot not in text:
                continue
            if role == "less":
                said = "".join(f" − {single.shown}" for single in _list(one))
            elif isinstance(one, Printed):
                said = one.shown
            else:
                said = glue.join(single.shown for single in _list(one)) or "0"
            text = text.replace(slot, said)
    return text


def _list(one: Printed | list[Printed] | None) -> list[Printed]:
    if one is None:
        return []
    return [one] if isinstance(one, Printed) else one


def _all(given: Given) -> list[Printed]:
    return [one for group in given.values() for one in _list(group)]


def _values(given: Given) -> dict[str, Any]:
    return {
        name: one.value if isinstance(one, Printed) else [single.value for single in one] for name, one in given.items()
    }


def _intervals(one: Printed | list[Printed]) -> Interval | list[Interval]:
    return one.interval if isinstance(one, Printed) else [single.interval for single in one]


def sources(*figures: Printed) -> list[str]:
    """Documents of some figures, each once."""
    return list(dict.fromkeys(one.source for one in figures if one.source))


def _reason(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"公式用到没有给出的 {problem.args[0]}"
    return str(problem) or "算式不成立"
