"""What a projection supposes (假设): parameters with low, central and high, each with its source and certainty."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml

from openyibao.policy.contracts import Ints

AGES = 101
"""Single years of age, the last one 100 and older."""
PERCENT = frozenset(
    (
        *("mortality_improvement", "migration", "employment_growth", "wage_growth", "visit_growth"),
        *("cost_growth_employee", "cost_growth_resident", "pension_growth", "interest"),
    )
)


@dataclass(frozen=True)
class Parameter:
    """One supposition about the years to come."""

    name: str
    label: str
    unit: str
    low: float
    central: float
    high: float
    good: str
    """Which end helps the funds: low or high."""
    source: str
    certainty: str

    @property
    def favourable(self) -> float:
        return self.high if self.good == "high" else self.low

    @property
    def adverse(self) -> float:
        return self.low if self.good == "high" else self.high

    def as_json(self) -> dict[str, Any]:
        return {**vars(self)}


@dataclass(frozen=True)
class Opening:
    """A cumulative balance stated for a pool (累计结余), fen at full size."""

    area: str
    scheme: str
    year_end: int
    low: int
    central: int
    high: int
    source: str
    certainty: str


@cache
def _data() -> dict[str, Any]:
    text = (files(__package__) / "data" / "assumptions.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def parameters() -> tuple[Parameter, ...]:
    """Every parameter, in the order of the file."""
    return tuple(Parameter(name=name, **row) for name, row in _data()["parameters"].items())


def noise() -> dict[str, dict[str, Any]]:
    """Yearly ups and downs around a trend, for random scenarios."""
    found: dict[str, dict[str, Any]] = _data()["noise"]
    return found


def section(name: str) -> dict[str, Any]:
    """Another section of the file: retirement, births, warning, counties."""
    found: dict[str, Any] = _data()[name]
    return found


def openings() -> list[Opening]:
    """Balances known from elsewhere than the dataset."""
    text = (files(__package__) / "data" / "openings.yaml").read_text(encoding="utf-8")
    made = []
    for row in yaml.safe_load(text)["balances"]:
        fen = {key: round(row.pop(key) * 10**10) for key in ("low", "central", "high")}
        made.append(Opening(**{**row, "area": str(row["area"])}, **fen))
    return made


def _table(name: str) -> list[dict[str, str]]:
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def mortality() -> Any:
    """Chance of dying within a year by sex (male, female) and age."""
    rows = _table("mortality.csv")
    starts = np.array([int(row["age_from"]) for row in rows])
    at = np.searchsorted(starts, np.arange(AGES), side="right") - 1
    return np.array([[float(row[sex]) / 1000 for row in rows] for sex in ("male", "female")])[:, at]


@cache
def births_by_age() -> Any:
    """Share of a woman's births in each year of her age; sums to one."""
    found = np.zeros(AGES)
    for row in _table("fertility.csv"):
        start = int(row["age_from"])
        found[start : start + 5] = float(row["share"]) / 5
    return found


def life_expectancy() -> tuple[float, float]:
    """Years a newborn may expect under the mortality supposed: male, female."""
    alive = np.cumprod(1 - mortality(), axis=1)
    both = 0.5 + alive.sum(axis=1)
    return float(both[0]), float(both[1])


__all__ = ["AGES", "Ints", "Opening", "Parameter"]
