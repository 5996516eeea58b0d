"""What `contribution` answers: a row of yuan text, how it differs from what was expected, the reasoning in Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from openyibao.kernel import areas
from openyibao.kernel.money import yuan_text
from openyibao.policy.contribution_rule import EMPLOYER_KINDS, PREMIUMS, Amounts, Item, Result
from openyibao.policy.explain import STANDINGS
from openyibao.policy.rulebook import UsedFigure
from openyibao.policy.terms import CERTAINTIES, LABELS, SCHEMES

Row = dict[str, Any]


def result_as_json(result: Result) -> Row:
    """The row of the contract; amounts are yuan text, of a year the sum of its months."""
    whole = result.amounts
    row: Row = {
        **_money(whole),
        "deferred": yuan_text(whole.deferred),
        "transfers": {name: yuan_text(fen) for name, fen in result.transfers.items()},
        "provisional": sorted(path for path, figure in result.figures.items() if figure.standing),
        "missing": sorted({path for item in result.items for path in item.missing} | set(result.missing)),
        "notes": _notes(result),
    }
    ratio = _subsidy_to_individual(whole)
    if ratio:
        row["subsidy_to_individual"] = ratio
    if not result.contribution.month:
        row["months"] = [_month(item) for item in result.items]
    heads = result.contribution.heads
    if heads:
        row["heads"] = {
            "count": heads,
            **_money(whole, heads),
            "deferred": yuan_text(whole.deferred * heads),
            "transfers": {name: yuan_text(fen * heads) for name, fen in result.transfers.items()},
        }
    return row


def _money(amounts: Amounts, heads: int = 1) -> dict[str, str]:
    return {
        "base": yuan_text(amounts.base * heads),
        "employer": yuan_text(amounts.employer * heads),
        "individual": yuan_text(amounts.individual * heads),
        "subsidy": yuan_text(amounts.subsidy * heads),
        "assistance": yuan_text(amounts.assistance * heads),
        "total": yuan_text(amounts.total * heads),
        "account": yuan_text(amounts.account * heads),
        "pool": yuan_text(amounts.pool * heads),
    }


def _month(item: Item) -> Row:
    period = str(item.day.year) if item.yearly else item.day.isoformat()[:7]
    return {
        "period": period,
        "scheme": item.payer.scheme,
        "status": item.payer.status,
        **_money(item.amounts),
        "deferred": yuan_text(item.amounts.deferred),
    }


def _notes(result: Result) -> list[str]:
    return list(dict.fromkeys([*(note for item in result.items for note in item.notes), *result.notes]))


def _subsidy_to_individual(amounts: Amounts) -> str:
    """Subsidy over the whole individual premium, four decimals half up; "" where there is none."""
    premium = amounts.individual + amounts.assistance
    if not amounts.subsidy or not premium:
        return ""
    whole, part = divmod((2 * amounts.subsidy * 10_000 + premium) // (2 * premium), 10_000)
    return f"{whole}.{part:04d}"


def explain_contribution(result: Result) -> str:
    """The reasoning of a contribution: months that are alike together, then sums, notes and the source of figures."""
    asked = result.contribution
    period = f"{asked.year} 年 {asked.month} 月" if asked.month else f"{asked.year} 年"
    lines = [f"【缴费】{period}" + (f"：{asked.title}" if asked.title else "")]
    for alike in _runs(result.items):
        lines.append(f"  ▸ {_span(alike)}：{_who(alike[0])}")
        lines += [f"      {step}" for step in alike[0].steps]
    lines.append(_sums(result.amounts))
    if result.amounts.deferred:
        lines.append(f"  其中缓缴 {yuan_text(result.amounts.deferred)} 元。")
    for name, fen in result.transfers.items():
        lines.append(f"  {PREMIUMS[name]}保费每人每年 {yuan_text(fen)} 元（仅供参考，不改变上面的统筹）。")
    if asked.heads:
        lines.append(_heads(result))
    lines += [f"  注：{note}。" for note in _notes(result)]
    lines += _sources(result.figures.values())
    return "\n".join(lines)


def _runs(items: list[Item]) -> Iterator[list[Item]]:
    """Consecutive items that were decided alike."""
    for _, alike in groupby(items, key=lambda item: (item.yearly, item.payer, tuple(item.steps))):
        yield list(alike)


def _span(alike: list[Item]) -> str:
    first, last = alike[0], alike[-1]
    if first.yearly:
        return f"{first.day.year} 年"
    start = first.day.isoformat()[:7]
    if len(alike) == 1:
        return start
    return f"{start} 至 {last.day.isoformat()[:7]}（{len(alike)} 个月，每月）"


def _who(item: Item) -> str:
    payer = item.payer
    said = (
        areas.all_areas()[payer.area].name,
        SCHEMES[payer.scheme],
        LABELS[payer.status],
        EMPLOYER_KINDS.get(payer.employer_kind, "") if payer.status == "active" else "",
        *(LABELS[group] for group in payer.groups),
        "缓缴" if item.amounts.deferred else "",
    )
    return "，".join(filter(None, said))


def _sums(amounts: Amounts) -> str:
    parts = [
        ("单位", amounts.employer),
        ("个人", amounts.individual),
        ("财政补助", amounts.subsidy),
        ("救助资助", amounts.assistance),
    ]
    said = " + ".join(f"{name} {yuan_text(fen)}" for name, fen in parts if fen) or "0.00"
    return (
        f"  合计 {yuan_text(amounts.total)} 元 = {said}；"
        f"划入个人账户 {yuan_text(amounts.account)} 元，进入统筹 {yuan_text(amounts.pool)} 元。"
    )


def _heads(result: Result) -> str:
    heads = result.contribution.heads
    moved = "".join(f"，{PREMIUMS[name]}保费 {yuan_text(fen * heads)} 元" for name, fen in result.transfers.items())
    return f"  {heads} 人合计：筹资 {yuan_text(result.amounts.total * heads)} 元{moved}。"


def _sources(figures: Iterable[UsedFigure]) -> list[str]:
    lines = [_source(figure) for figure in figures]
    return ["  依据：", *lines] if lines else []


def _source(figure: UsedFigure) -> str:
    origin = figure.provenance
    standing = f" ⚠ {STANDINGS[figure.standing]}" if figure.standing else ""
    title = f"{origin.title}，" if origin.title else ""
    note = f"（{origin.note}）" if origin.note else ""
    return f"    {figure.what} {figure.value} ← {figure.path}：{title}{CERTAINTIES[origin.certainty]}{note}{standing}"
