"""Why an institution gets more or less by a pack than by item (得失原因): three effects that add to the difference.

    money in the end - by item = budget + cases + clearing

budget: what everybody in the scheme gets or loses because the pack's whole money is not the bills' (预算与预留);
cases: what the institution's stays are worth beside their bills, at the same whole (病例标准);
clearing: sharing, surplus returned, quality (分担、收回、考核). Each scheme by itself; the cases take what rounding
leaves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from openyibao.payment.engine.pack import facade as packs
from openyibao.payment.engine.pack.facade import PaidYear, Version


@dataclass
class Effects:
    """Parts of one institution's difference, fen, and what stands behind the part of the cases."""

    by_item_fen: int = 0
    final_fen: int = 0
    budget_fen: int = 0
    cases_fen: int = 0
    clearing_fen: int = 0
    cost_index: Fraction | None = None
    """Own cost over the cost at the groups' means, against the same of all; over 1: dearer on the same groups."""
    low: int = 0
    high: int = 0

    @property
    def difference_fen(self) -> int:
        return self.final_fen - self.by_item_fen


def effects_of(side: PaidYear, version: Version) -> dict[str, Effects]:
    """Institution -> effects, for a pack that prices stays."""
    found: dict[str, Effects] = defaultdict(Effects)
    local = [one for one in side.priced if one.status != "outside"]
    bills: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for stay in (one.stay for one in local):
        bills[stay.scheme][stay.institution] += stay.pool_by_item_fen
    for scheme, cleared in side.clearing.items():
        lines = {line.institution: line for line in cleared.lines}
        billed, standard = sum(bills[scheme].values()), sum(line.standard_fen for line in cleared.lines)
        for name, mine in bills[scheme].items():
            one, line = found[name], lines.get(name)
            worth, final = (line.standard_fen, line.final_fen) if line is not None else (0, 0)
            everybody = mine * standard // billed if billed else worth
            one.by_item_fen += mine
            one.final_fen += final
            one.budget_fen += everybody - mine
            one.cases_fen += worth - everybody
            one.clearing_fen += final - worth
    rows = packs.indicators(local, "institution", packs.units_of(version))
    known = [(row, row.cost_index) for row in rows if row.cost_index is not None]
    whole = sum((index * row.grouped for row, index in known), Fraction(0))
    cases = sum(row.grouped for row, _ in known)
    for row in rows:
        found[row.key].low, found[row.key].high = row.low, row.high
    for row, index in known:
        found[row.key].cost_index = index * cases / whole if whole else None
    return dict(found)


def why(one: Effects) -> str:
    """The largest effect that goes the way of the difference, in a few words."""
    parts = {"budget": one.budget_fen, "cases": one.cases_fen, "clearing": one.clearing_fen}
    way = 1 if one.difference_fen >= 0 else -1
    name = max(parts, key=lambda key: parts[key] * way)
    if name == "budget":
        return "总盘子" + ("高" if one.budget_fen >= 0 else "低") + "于账单"
    if name == "clearing":
        return "基金分担超支" if one.clearing_fen >= 0 else "结余收回或考核扣减"
    side = "高于" if one.cases_fen >= 0 else "低于"
    if one.cost_index is None:
        return f"病例标准{side}账单"
    index = float(one.cost_index)
    dear = "，同病组费用偏低" if index < 0.97 else "，同病组费用偏高" if index > 1.03 else ""
    fits = (one.cases_fen >= 0) == (index < 1)
    return f"病例标准{side}账单" + (dear if fits and dear else "，主要在机构系数与异常病例")


@dataclass(frozen=True)
class ByMethod:
    """What one method of a pack did: stays, bills by item and money, fen, before the clearing."""

    title: str
    kind: str
    cases: int
    by_item_fen: int
    fund_fen: int


def by_method(side: PaidYear, version: Version) -> list[ByMethod]:
    """Methods of a pack in their order, with what they took."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in side.priced:
        if one.counts:
            row = sums[one.method]
            row[0] += 1
            row[1] += one.stay.pool_by_item_fen
            row[2] += one.fund_fen or 0
    return [ByMethod(one.title, one.kind, *sums[one.name]) for one in version.methods if one.name in sums]
