"""What a projection hands over (预测结果): paths of every pool, years of crossing, warnings, everything supposed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from openyibao.kernel.areas import all_areas
from openyibao.policy.facade import area_name
from openyibao.simulation.projection.assumptions import Parameter, parameters, section
from openyibao.simulation.projection.engine import NAMED, SCHEMES, Paths

Floats = Any
SCHEME_NAMES = {"employee": "职工统筹", "resident": "居民基金"}
LEVELS = {"red": "红", "yellow": "黄", "flag": "提示"}
ORDER = "一二三四五六七八九十"
ENDS = (10, 90)
"""Percentiles of the band."""


@dataclass(frozen=True)
class Pool:
    """One pool's future: the central path, the band, the crossings. Fen, full size. unit -1: all pools of a scheme."""

    area: str
    scheme: str
    income: list[int]
    spending: list[int]
    balance: list[int] | None = None
    low: list[int] | None = None
    high: list[int] | None = None
    favourable: list[int] | None = None
    adverse: list[int] | None = None
    months: list[float] | None = None
    months_low: list[float] | None = None
    months_high: list[float] | None = None
    crossings: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Line (9, 6, 3, zero) -> year in the central scenario, earliest and latest of the band, share of draws."""

    @property
    def name(self) -> str:
        return f"{area_name(self.area) if self.area else '全部'}{SCHEME_NAMES[self.scheme]}"

    def as_json(self) -> dict[str, Any]:
        names = {"income": "income_fen", "spending": "spending_fen", "balance": "balance_fen"}
        made = {names.get(key, key): value for key, value in vars(self).items()}
        for key in ("low", "high", "favourable", "adverse"):
            made[f"balance_{key}_fen"] = made.pop(key)
        return made


@dataclass(frozen=True)
class Warned:
    """A county or pool to look at (预警): how urgent, why."""

    area: str
    scheme: str
    level: str
    reasons: list[str]
    months: float | None
    balance_fen: int
    """Current balance of the first year."""

    @property
    def level_name(self) -> str:
        """How urgent, in Chinese."""
        return LEVELS[self.level]

    @property
    def name(self) -> str:
        known = all_areas().get(self.area)
        if known is None:
            return self.area
        return known.name if known.code != known.pooling_area else f"{known.name}（县区不明）"

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "name": self.name, "scheme_name": SCHEME_NAMES[self.scheme]}


@dataclass
class Variant:
    """The pools under the policies in force, or under those and one reform."""

    title: str
    pools: list[Pool]
    notes: list[str] = field(default_factory=list)
    response: dict[str, list[Pool]] = field(default_factory=dict)
    """Case (low, central, high) -> the pools when visits answer; empty when it was not asked for."""

    def pool(self, area: str, scheme: str) -> Pool:
        return next(one for one in self.pools if (one.area, one.scheme) == (area, scheme))

    def as_json(self) -> dict[str, Any]:
        made: dict[str, Any] = {"title": self.title, "notes": self.notes}
        made["pools"] = [one.as_json() for one in self.pools]
        if self.response:
            made["response"] = {case: [one.as_json() for one in pools] for case, pools in self.response.items()}
        return made


@dataclass
class ProjectionResult:
    """A projection of a dataset."""

    dataset: str
    title: str
    kind: str
    years: list[int]
    scale: float
    draws: int
    seed: int
    policies: str
    heads: dict[str, list[int]]
    """Group -> insured persons in the central scenario by year, full size."""
    base: Variant
    reforms: list[Variant]
    warnings: list[Warned]
    sensitivity: list[dict[str, Any]]
    back_test: list[dict[str, Any]]
    sources: list[str]
    notes: list[str]
    fitted: dict[str, float] = field(default_factory=dict)
    """Growth fitted on the dataset's first two years, when there are three or more."""
    seconds: float = 0.0
    used: tuple[Parameter, ...] = field(default_factory=parameters)

    def as_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "title": self.title,
            "years": self.years,
            "scale": str(self.scale),
            "draws": self.draws,
            "seed": self.seed,
            "policies": self.policies,
            "heads": self.heads,
            "base": self.base.as_json(),
            "reforms": [one.as_json() for one in self.reforms],
            "warnings": [one.as_json() for one in self.warnings],
            "sensitivity": self.sensitivity,
            "back_test": self.back_test,
            "fitted": {name: round(value, 4) for name, value in self.fitted.items()},
            "assumptions": [one.as_json() for one in self.used],
            "sources": self.sources,
            "notes": self.notes,
            "seconds": round(self.seconds, 2),
        }


def pools_of(paths: Paths, units: list[str], scale: float) -> list[Pool]:
    """Every pool, then each scheme's sum. A sum has a balance only when all its pools have one."""
    found = []
    for which, scheme in enumerate(SCHEMES):
        alive = [
            at for at in range(len(units)) if paths.spending[0, 0, at, which] > 0 or paths.income[0, 0, at, which] > 0
        ]
        for at in alive:
            found.append(_pool(units[at], scheme, *(one[:, :, at, which] / scale for one in _three(paths))))
        if len(alive) > 1:
            found.append(_pool("", scheme, *(one[:, :, alive, which].sum(axis=2) / scale for one in _three(paths))))
    for pool in found:
        _dated(pool, paths.years)
    return found


def _three(paths: Paths) -> tuple[Floats, Floats, Floats]:
    return paths.income, paths.spending, paths.balance


def _pool(area: str, scheme: str, income: Floats, spending: Floats, balance: Floats) -> Pool:
    """[scenario, year] each."""
    known = not np.isnan(balance[0]).any()
    made = Pool(area, scheme, _fen(income[0]), _fen(spending[0]), crossings={})
    if not known:
        return made
    months = 12 * balance / np.maximum(spending, 1.0)
    drawn = slice(len(NAMED), None) if len(balance) > len(NAMED) else slice(0, None)
    ends = np.percentile(balance[drawn], ENDS, axis=0)
    month_ends = np.percentile(months[drawn], ENDS, axis=0)
    named = [_fen(balance[at]) for at in (1, 2)] if len(balance) >= len(NAMED) else [None, None]
    return replace(
        made,
        balance=_fen(balance[0]),
        low=_fen(ends[0]),
        high=_fen(ends[1]),
        favourable=named[0],
        adverse=named[1],
        months=_months(months[0]),
        months_low=_months(month_ends[0]),
        months_high=_months(month_ends[1]),
        crossings=_crossings(months, drawn),
    )


def _fen(row: Floats) -> list[int]:
    return [int(value) for value in np.rint(row)]


def _months(row: Floats) -> list[float]:
    return [round(float(value), 2) for value in row]


def _crossings(months: Floats, drawn: slice) -> dict[str, dict[str, Any]]:
    """When months payable first lie below a line: place in the years, filled in as years by `_dated`."""
    found = {}
    for line in (*section("warning")["lines"], 0):
        below = months < line
        first = np.where(below.any(axis=1), below.argmax(axis=1), -1)
        mine = first[drawn] if len(first) > len(NAMED) else first[:0]
        crossed = np.sort(mine[mine >= 0])
        share = len(crossed) / len(mine) if len(mine) else 0.0
        found[str(line) if line else "zero"] = {
            "central": int(first[0]),
            "earliest": int(crossed[int(0.1 * (len(mine) - 1))]) if share > 0.1 else -1,
            "latest": int(crossed[int(0.9 * (len(mine) - 1))]) if share > 0.9 else -1,
            "probability": round(share, 3) if len(mine) else None,
        }
    return found


def _dated(pool: Pool, years: list[int]) -> None:
    for row in pool.crossings.values():
        for key in ("central", "earliest", "latest"):
            row[key] = years[row[key]] if row[key] >= 0 else None
