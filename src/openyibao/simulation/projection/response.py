"""The response of visits in a projection (就诊反应): the same elasticities as in the report of a reform.

In every unit, scheme, benefit and level visits answer to the average personal burden before and after; what the pool
pays for them moves with them. Rates by age stay; the unit's own factor by benefit takes the change up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES
from openyibao.simulation.projection.measure import Measured
from openyibao.simulation.reform.response import CASES, elasticity


def answered(before: Measured, after: Measured, case: str) -> Measured:
    """A reform's measure with visits that answer to the burden it changes. case: low, central, high."""
    arcs = np.array([[float(elasticity(benefit, level, case)) for level in LEVEL_CODES] for benefit in BENEFIT_CODES])
    was, now = before.level_burden, after.level_burden
    whole = was + now
    move = arcs * np.divide(now - was, whole, out=np.zeros_like(whole), where=whole > 0)
    times = (1 + move) / (1 - move)
    return replace(after, fund=(after.level_fund * times).sum(axis=-1))


__all__ = ["CASES", "answered"]
