"""The yearly index of each institution (机构预算额度): three years of spending, growth, signals, TCM, reserve.

    index = weighted mean of three years x (1 + growth + sum of weight x limited growth of a signal + TCM points)

The pool's money less the reserve is shared out in proportion to the indexes, so that budgets and reserve add to the
pool to the fen. All rates are ten-thousandths; an index is rounded half up once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openyibao.kernel.money import share
from openyibao.payment.engine.pack.clearing import sharing_due
from openyibao.payment.engine.pack.errors import NothingToShareBy
from openyibao.payment.engine.pack.exact import TEN_THOUSAND, apportion, half_up
from openyibao.payment.engine.pack.pack import BudgetRules, Sharing


@dataclass(frozen=True)
class History:
    """Three years of one institution and scheme, oldest first (三年数据): fund spending in fen, and counts."""

    institution: str
    fund_fen: tuple[int, int, int]
    admissions: tuple[int, int, int] = (0, 0, 0)
    bed_days: tuple[int, int, int] = (0, 0, 0)
    total_fen: tuple[int, int, int] = (0, 0, 0)
    """Total cost, for the cost per case."""
    tcm: bool = False
    """A TCM hospital (中医医院)."""


@dataclass(frozen=True)
class Budget:
    """One institution's budget (预算): base and index in fen, the points that make the index, the amount."""

    institution: str
    base_fen: int
    points: Mapping[str, int]
    index_fen: int
    amount_fen: int


@dataclass(frozen=True)
class Budgets:
    """The budgets of a pool: their amounts and the reserve add to the pool."""

    pool_fen: int
    reserve_fen: int
    lines: tuple[Budget, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Control:
    """One institution paid by item under its index (总额控制), fen: what it billed, and what sharing makes of it."""

    institution: str
    index_fen: int
    billed_fen: int
    extra_fen: int
    returned_fen: int

    @property
    def due_fen(self) -> int:
        return self.index_fen + self.extra_fen - self.returned_fen


def total_control(made: Budgets, billed: Mapping[str, int], sharing: Sharing) -> tuple[list[Control], int]:
    """Settle a year by item under the indexes (总额控制下按项目付费).

    Who stays below keeps its share; who is above is helped in bands, from what went back and the reserve, shared out in
    proportion when these do not suffice.

    Returns: a row for each institution, and what the fund retains; due amounts and that add to the pool to the fen.
    """
    dues = [sharing_due(line.amount_fen, billed.get(line.institution, 0), sharing) for line in made.lines]
    returned = sum(due.returned_fen for due in dues)
    extras = [due.extra_fen for due in dues]
    names = [line.institution for line in made.lines]
    if sum(extras) > made.reserve_fen + returned:
        extras = apportion(made.reserve_fen + returned, extras, names)
    rows = [
        Control(line.institution, line.amount_fen, billed.get(line.institution, 0), extra, due.returned_fen)
        for line, due, extra in zip(made.lines, dues, extras, strict=True)
    ]
    return rows, made.pool_fen - sum(row.due_fen for row in rows)


def growth_of(values: Sequence[int]) -> int:
    """Growth of the last year over the mean of the two before, in 1/10,000; 0 when there was nothing before."""
    before = values[0] + values[1]
    return half_up((2 * values[2] - before) * TEN_THOUSAND, before) if before > 0 else 0


def points_of(history: History, rules: BudgetRules, scheme: str) -> dict[str, int]:
    """What makes an institution's index differ from its base, by name, in 1/10,000."""
    points = {"growth": rules.growth.get(scheme, rules.growth.get("", 0))}
    cost = [
        fen * 100 // count if count else 0 for fen, count in zip(history.total_fen, history.admissions, strict=True)
    ]
    seen = {"admissions": history.admissions, "bed_days": history.bed_days, "cost_per_case": tuple(cost)}
    for name, (weight, limit) in rules.signals.items():
        grown = max(-limit, min(limit, growth_of(seen[name])))
        sign = -1 if name == "cost_per_case" else 1
        points[name] = sign * half_up(grown * weight, TEN_THOUSAND)
    if history.tcm and rules.tcm_points:
        points["tcm"] = rules.tcm_points
    return points


def budgets(histories: Sequence[History], rules: BudgetRules, scheme: str, pool_fen: int) -> Budgets:
    """Budgets of a pool's institutions. Dearer cases count against an institution, more cases for it.

    Raises: NothingToShareBy, when no institution has any index.
    """
    reserve = int(share(pool_fen, rules.reserve))
    made = []
    whole = sum(rules.year_weights)
    for history in sorted(histories, key=lambda one: one.institution):
        weighted = sum(weight * fen for weight, fen in zip(rules.year_weights, history.fund_fen, strict=True))
        base = half_up(weighted, whole)
        points = points_of(history, rules, scheme)
        index = max(half_up(weighted * (TEN_THOUSAND + sum(points.values())), whole * TEN_THOUSAND), 0)
        made.append((history.institution, base, points, index))
    if pool_fen > reserve and not any(row[3] for row in made):
        raise NothingToShareBy("没有一家机构有历史支出，预算无从分配", hint="核对三年数据")
    amounts = apportion(pool_fen - reserve, [row[3] for row in made], [row[0] for row in made])
    lines = tuple(Budget(*row, amount) for row, amount in zip(made, amounts, strict=True))
    return Budgets(pool_fen, reserve, lines)
