"""Relations that are no formula: the same figure twice, bounds, lists, words about figures, figures too much alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from openyibao.analytics.figures.contracts import CONSISTENT, CONTRADICTION, NOT_CHECKABLE, ROUNDING, Checked
from openyibao.analytics.figures.intervals import Interval
from openyibao.analytics.figures.judge import sources
from openyibao.analytics.figures.printed import Printed, number

SAID = {"deficit": "收不抵支", "surplus": "收大于支", "balanced": "收支相抵"}
MOSTLY = Fraction(1, 2)
"""From this share on, it matters whether a part is included."""
FEW_DIGITS = 3
"""Figures of fewer digits can be equal by chance."""


def missing(kind: str, title: str, *figures: Printed) -> Checked | None:
    """The answer when a figure is not known."""
    gone = [one.label for one in figures if one.missing]
    return Checked(kind, title, NOT_CHECKABLE, f"无法核对：缺 {'、'.join(gone)}。") if gone else None


def equal(values: Sequence[Printed], title: str = "同一数字") -> Checked:
    """The same figure in several places (同一数字两处印载)."""
    gone = missing("equal", title, *values)
    if gone:
        return gone
    low, high = min(values, key=lambda one: one.value), max(values, key=lambda one: one.value)
    off, allowed = high.value - low.value, high.half + low.half
    status = CONSISTENT if off == 0 else ROUNDING if off <= allowed else CONTRADICTION
    if status == ROUNDING:
        common = Interval(max(one.interval.low for one in values), min(one.interval.high for one in values))
        status = ROUNDING if common.low <= common.high else CONTRADICTION
    places = [f"{one.shown}（{one.source}）" if one.source else one.shown for one in values]
    tail = {
        CONSISTENT: "一致",
        ROUNDING: f"相差 {high.in_unit(off)}{high.apart}，四舍五入可以解释",
        CONTRADICTION: f"相差 {high.in_unit(off)}{high.apart}，不能是同一个数：口径、时点或批次不同，应分别注明",
    }[status]
    return Checked(
        "equal",
        title,
        status,
        f"{'、'.join(places)}：{tail}。",
        computed=low.text,
        stated=high.text,
        difference=high.in_unit(off),
        allowed=high.in_unit(allowed, 3),
        unit=high.unit.text,
        sources=sources(*values),
    )


def between(value: Printed, bounds: Sequence[Printed], title: str = "介于分项之间") -> Checked:
    """A mean lies between the values it is the mean of (平均数介于各分项之间)."""
    gone = missing("between", title, value, *bounds)
    if gone:
        return gone
    low, high = min(bounds, key=lambda one: one.value), max(bounds, key=lambda one: one.value)
    if low.value <= value.value <= high.value:
        status = CONSISTENT
    elif low.interval.low <= value.interval.high and value.interval.low <= high.interval.high:
        status = ROUNDING
    else:
        status = CONTRADICTION
    tail = {CONSISTENT: "在其间", ROUNDING: "在舍入误差之内", CONTRADICTION: "不在其间，平均数不可能如此"}[status]
    return Checked(
        "between",
        title,
        status,
        f"{value.shown} 与分项 {low.shown} 至 {high.shown}：{tail}。",
        computed=f"{low.text}–{high.text}",
        stated=value.text,
        unit=value.unit.text,
        sources=sources(value, *bounds),
    )


def not_copied(subjects: Mapping[str, Sequence[Printed]], title: str = "不同主体的数字") -> Checked:
    """Two subjects do not have the same figures by chance (不同地区的数字全部相同，疑为照抄)."""
    every = [one for figures in subjects.values() for one in figures]
    gone = missing("not_copied", title, *every)
    if gone:
        return gone
    rows = list(subjects.values())
    names = "、".join(subjects)
    if len({len(row) for row in rows}) > 1:
        return Checked("not_copied", title, NOT_CHECKABLE, f"无法核对：{names} 的数字个数不同。")
    same = [one for one, *others in zip(*rows, strict=True) if all(one.value == other.value for other in others)]
    telling = [one for one in same if sum(map(str.isdigit, one.text)) >= FEW_DIGITS]
    copied = len(same) == len(rows[0]) and len(telling) >= 2
    shown = "、".join(one.shown for one in rows[0])
    text = (
        f"{names} 的 {len(same)} 个数字（{shown}）完全相同，疑为照抄。"
        if copied
        else f"{names} 的 {len(rows[0])} 个数字中 {len(same)} 个相同，不足以认定照抄。"
    )
    status = CONTRADICTION if copied else CONSISTENT
    return Checked("not_copied", title, status, text, sources=sources(*every))


def same_list(lists: Mapping[str, Sequence[str]], title: str = "同一清单") -> Checked:
    """Two lists of the same name have the same items (同名清单的内容)."""
    union = set().union(*map(set, lists.values()))
    common = set.intersection(*map(set, lists.values())) if lists else set()
    if union == common:
        return Checked("same_list", title, CONSISTENT, f"{'、'.join(lists)} 所列 {len(union)} 项相同。")
    said = "；".join(f"只见于 {name}：{'、'.join(only)}" for name, only in only_in(lists).items() if only)
    return Checked("same_list", title, CONTRADICTION, f"{'、'.join(lists)} 所列不同。{said}。")


def only_in(lists: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Items that each list alone has, sorted."""
    return {
        name: sorted(set(items) - set().union(*(set(other) for key, other in lists.items() if key != name)))
        for name, items in lists.items()
    }


def same_base(pairs: Sequence[tuple[Printed, Printed]], title: str = "各期基数") -> Checked:
    """Two periods do not have the same base by chance (两期数量与占比推出同一基数)."""
    gone = missing("same_base", title, *(one for pair in pairs for one in pair))
    if gone:
        return gone
    bases = [100 * part.interval / share.interval for part, share in pairs]
    shown = "、".join(number(implied(part, share), 0, 0) for part, share in pairs)
    alike = all(one.meets(other) for at, one in enumerate(bases) for other in bases[:at])
    distinct = len({(part.value, share.value) for part, share in pairs}) > 1
    text = f"由数量与占比推得的基数为 {shown}，" + (
        "在舍入误差之内是同一个数：不同时期不应如此，其一可能沿用旧数。" if alike else "各不相同。"
    )
    made = Checked("same_base", title, CONTRADICTION if alike else CONSISTENT, text)
    made.sources = sources(*(one for pair in pairs for one in pair))
    return made if distinct else Checked("same_base", title, CONTRADICTION, f"各期数字完全相同（{shown}），疑为照抄。")


def implied(part: Printed, share: Printed) -> Fraction:
    """The whole that a part and its percentage point to."""
    return 100 * part.value / share.value


def plausible(
    left: Printed,
    right: Printed,
    at_least: Fraction | None,
    at_most: Fraction | None,
    why: str,
    title: str = "常理范围",
) -> Checked:
    """A quotient lies where experience has it (是否合乎常理). The range is a stated figure with its source."""
    gone = missing("plausible", title, left, right)
    if gone:
        return gone
    if right.value == 0:
        return Checked("plausible", title, NOT_CHECKABLE, "无法核对：分母为零。")
    found = left.value / right.value
    too_low = at_least is not None and found < at_least
    too_high = at_most is not None and found > at_most
    named = (("不低于", at_least), ("不高于", at_most))
    limits = "，".join(f"{word} {number(limit)}" for word, limit in named if limit is not None)
    text = f"{left.shown} ÷ {right.shown} = {number(found)}，常理{limits}（{why}）：" + (
        "不合常理，可能单位或统计对象有误。" if too_low or too_high else "合乎常理。"
    )
    status = CONTRADICTION if too_low or too_high else CONSISTENT
    return Checked("plausible", title, status, text, computed=number(found), sources=sources(left, right))


def sign(income: Printed, expenditure: Printed, said: str, title: str = "盈亏之说") -> Checked:
    """What is said of a balance against the figures (文字所说的盈亏与收支数)."""
    gone = missing("sign", title, income, expenditure)
    if gone:
        return gone
    span = income.interval - expenditure.interval
    balance = income.value - expenditure.value
    shown = f"收入 {income.shown} − 支出 {expenditure.shown} = {income.in_unit(balance)}{income.unit.text}"
    fits = {"deficit": balance < 0, "surplus": balance > 0, "balanced": balance == 0, "": balance != 0}[said]
    could = {"deficit": span.low < 0, "surplus": span.high > 0, "balanced": span.holds(Fraction(0)), "": False}[said]
    if fits:
        status, tail = CONSISTENT, f"与“{SAID[said]}”相符" if said else "盈亏可辨"
    elif could and balance != 0:
        status, tail = ROUNDING, f"在舍入误差之内仍可能{SAID[said]}"
    elif not said:
        status, tail = CONTRADICTION, "收支恰好相抵，盈亏无从分辨，应核对支出是否由倒推得来"
    else:
        status, tail = CONTRADICTION, f"文中说“{SAID[said]}”，印载的收支得不出"
    return Checked(
        "sign",
        title,
        status,
        f"{shown}：{tail}。",
        computed=income.in_unit(balance),
        stated=SAID.get(said, ""),
        unit=income.unit.text,
        sources=sources(income, expenditure),
    )


def one_period(value: Printed, periods: Sequence[str], title: str = "所属时期") -> Checked:
    """A figure belongs to one period (一个数字只属一个时期)."""
    known = list(dict.fromkeys(one for one in periods if one))
    if len(known) == 1:
        return Checked("one_period", title, CONSISTENT, f"{value.shown} 属 {known[0]}。", stated=value.text)
    text = (
        f"{value.shown} 既标为 {'，又标为 '.join(known)}：一个数字不能既是当年数又是累计数，应注明所属时期。"
        if known
        else f"{value.shown} 没有单一的所属时期（当年数还是累计数不明），不能与任何年度数比较。"
    )
    return Checked("one_period", title, CONTRADICTION, text, stated=value.text, sources=sources(value))


def included(whole: Printed, part: Printed, said: str = "", title: str = "是否包含") -> Checked:
    """Whether a part is inside the whole must be said where it matters (累计结余是否含个人账户)."""
    gone = missing("included", title, whole, part)
    if gone:
        return gone
    rest = whole.value - part.value
    text = f"{whole.shown} 若含 {part.label} {part.shown}，其余只有 {whole.in_unit(rest)}{whole.unit.text}"
    if said:
        status, tail = (
            (CONSISTENT, "文中已说明")
            if said == "excluded" or rest >= 0
            else (CONTRADICTION, "部分大于整体，不可能包含")
        )
    elif whole.value and part.value / whole.value >= MOSTLY:
        status, tail = CONTRADICTION, "是否包含文中没有说明，而两种读法相差过半，必须问明"
    else:
        status, tail = CONSISTENT, "是否包含没有说明，但两种读法相差不到一半"
    return Checked(
        "included",
        title,
        status,
        f"{text}：{tail}。",
        computed=whole.in_unit(rest),
        unit=whole.unit.text,
        sources=sources(whole, part),
    )
