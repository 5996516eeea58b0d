"""Drawing with exact counts and honest spread: who gets a visit, on which day, at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

Generator = np.random.Generator
Array = npt.NDArray[Any]


def allocate(rng: Generator, weights: Array, total: int) -> npt.NDArray[np.int64]:
    """Exactly `total` draws of places by weight, with replacement, ascending (as sorted uniforms come)."""
    if total <= 0 or not len(weights):
        return np.empty(0, np.int64)
    ends = np.cumsum(weights, dtype=np.float64)
    if ends[-1] <= 0:
        return np.empty(0, np.int64)
    steps = np.cumsum(rng.standard_exponential(total + 1))
    at = np.searchsorted(ends, steps[:-1] * (ends[-1] / steps[-1]), side="right")
    made: npt.NDArray[np.int64] = np.minimum(at, len(weights) - 1).astype(np.int64, copy=False)
    return made


def choose(rng: Generator, weights: Array, total: int) -> npt.NDArray[np.int64]:
    """`total` different places by weight, without replacement, ascending; all with weight when there are too few."""
    able = np.flatnonzero(weights > 0)
    if total >= len(able):
        return able
    if total <= 0:
        return able[:0]
    keys = rng.standard_exponential(len(able)) / weights[able]
    return np.sort(able[np.argpartition(keys, total - 1)[:total]])


def dealt(rng: Generator, counts: Array, n: int) -> npt.NDArray[np.int8]:
    """Labels 0, 1, … with exact counts in random order; the last label takes what is left of n."""
    made = np.repeat(np.arange(len(counts), dtype=np.int8), counts)[:n]
    if len(made) < n:
        made = np.concatenate((made, np.full(n - len(made), len(counts) - 1, np.int8)))
    rng.shuffle(made)
    return made


@dataclass(frozen=True)
class Spread:
    """A cost of mean one: log-normal body, Pareto tail beyond the given share (对数正态主体加帕累托尾)."""

    sigma: float
    tail_share: float
    tail_index: float

    @property
    def _edge(self) -> float:
        return float(np.exp(self.sigma * NormalDist().inv_cdf(1 - self.tail_share)))

    @property
    def _mean(self) -> float:
        """Mean of the two pieces together, before it is made one."""
        body = float(
            np.exp(self.sigma**2 / 2) * NormalDist().cdf(NormalDist().inv_cdf(1 - self.tail_share) - self.sigma)
        )
        return body + self.tail_share * self._edge * self.tail_index / (self.tail_index - 1)

    def at(self, u: Array) -> Array:
        """Quantiles of uniforms in (0, 1)."""
        grid, table = _normal_table()
        value = np.exp(self.sigma * np.interp(u, grid, table))
        tail = np.flatnonzero(u > 1 - self.tail_share)
        value[tail] = self._edge * (self.tail_share / (1 - u[tail])) ** (1 / self.tail_index)
        return value / self._mean


@cache
def _normal_table() -> tuple[Array, Array]:
    normal = NormalDist()
    grid = np.concatenate(
        (np.geomspace(1e-9, 1e-3, 60), np.linspace(1.1e-3, 1 - 1.1e-3, 4000), 1 - np.geomspace(1e-3, 1e-9, 60))
    )
    return grid, np.array([normal.inv_cdf(float(u)) for u in grid])


def ranked_uniforms(rng: Generator, keys: Array) -> Array:
    """One uniform per stratum of equal size, in the order of the keys: even coverage, tails unbiased."""
    n = len(keys)
    made = np.empty(n)
    made[np.argsort(keys)] = (np.arange(n) + rng.random(n)) / max(n, 1)
    return np.clip(made, 1e-9, 1 - 1e-9)
