"""The band beside the static figures (行为反应区间): what visits would do when the person's share changes.

Elasticities are data, with source and certainty. Visits of a pool, benefit and level answer to its average personal
share; each visit is then paid as the static run pays it. Integers throughout: a factor is an exact fraction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES
from openyibao.policy.contracts import Ints
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.keys import N_BENEFITS, N_LEVELS, N_STATUSES, SPLIT, VISIT_COLUMNS
from openyibao.simulation.reform.measure import Measured

CASES = ("low", "central", "high")
WORDS = {"low": "低", "central": "中", "high": "高"}


def elasticity(benefit: str, level: str, case: str) -> Fraction:
    """Arc elasticity of visits with respect to the personal burden; never above 0."""
    table = load_data("elasticities.yaml")["benefits"]
    row = table.get(benefit, table["otherwise"])
    figure = row.get(level, row["otherwise"])
    return Fraction(figure[case])


def factor(before: int, after: int, arc: Fraction) -> Fraction:
    """Visits after over visits before when the burden of the same visits goes from `before` to `after`."""
    whole = before + after
    if not whole:
        return Fraction(1)
    answer = arc * (after - before) / whole
    return (1 + answer) / (1 - answer)


@dataclass
class Response:
    """Sums with the response of visits. By case: visits by level, payments by pool and name of `SPLIT`, fen."""

    visits_before: dict[str, int] = field(default_factory=dict)
    visits: dict[str, dict[str, int]] = field(default_factory=dict)
    """case -> level -> visits."""
    paid: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    """case -> name -> fen by pool."""
    static: dict[str, list[int]] = field(default_factory=dict)
    before: dict[str, list[int]] = field(default_factory=dict)

    def change(self, name: str, case: str, pools: list[int] | None = None) -> int:
        """What a payer pays more than before; case "static" without the response."""
        paid = self.static[name] if case == "static" else self.paid[case][name]
        at = range(len(paid)) if pools is None else pools
        return sum(paid[pool] - self.before[name][pool] for pool in at)

    def more_visits(self, case: str) -> int:
        return sum(self.visits[case].values()) - sum(self.visits_before.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "visits_before": self.visits_before,
            "visits": self.visits,
            "change_fen": {case: {name: self.change(name, case) for name in SPLIT} for case in ("static", *CASES)},
        }


def respond(measured: Measured) -> Response:
    """The band of a measured year."""
    keys = measured.keys
    dim = keys.visit_dims["cell"]
    cells = measured.visits[dim.first : dim.first + dim.size]
    shaped: Ints = cells.reshape(len(keys.pools), N_BENEFITS, N_LEVELS, N_STATUSES, -1).sum(axis=3)
    made = Response()
    at = {name: (VISIT_COLUMNS.index(f"before.{name}"), VISIT_COLUMNS.index(f"after.{name}")) for name in SPLIT}
    n = len(keys.pools)
    made.static = {name: [int(fen) for fen in shaped[..., at[name][1]].sum(axis=(1, 2))] for name in SPLIT}
    made.before = {name: [int(fen) for fen in shaped[..., at[name][0]].sum(axis=(1, 2))] for name in SPLIT}
    made.visits_before = {level: int(shaped[:, :, i, 0].sum()) for i, level in enumerate(LEVEL_CODES)}
    for case in CASES:
        made.visits[case] = dict.fromkeys(LEVEL_CODES, 0)
        made.paid[case] = {name: [0] * n for name in SPLIT}
        for pool, benefit, level in np.argwhere(shaped[..., 0]):
            row = [int(value) for value in shaped[pool, benefit, level]]
            arc = elasticity(BENEFIT_CODES[benefit], LEVEL_CODES[level], case)
            times = factor(row[at["burden"][0]], row[at["burden"][1]], arc)
            made.visits[case][LEVEL_CODES[level]] += half_up(row[0] * times)
            for name in SPLIT:
                made.paid[case][name][pool] += half_up(row[at[name][1]] * times)
    return made


def half_up(value: Fraction) -> int:
    """A fraction that is not negative, rounded half up."""
    return int((2 * value.numerator + value.denominator) // (2 * value.denominator))
