"""Printed and assumed figures (校准数据): by key, area and year, carried along by growth where none is printed.

A figure of the area and year comes first; otherwise the nearest year of the same area, moved by the growth rates
between; otherwise the province's (shapes and shares, which an area need not state again). Nothing here is a constant
of the code.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from openyibao.kernel.areas import SHANDONG

TEN_THOUSAND = 10_000
HUNDRED_MILLION = 100_000_000


@dataclass(frozen=True)
class Figure:
    """One figure: value in the printed unit, where it comes from, how sure (seed, public, assumed)."""

    key: str
    area: str
    year: int
    value: float
    unit: str
    source: str
    certainty: str
    note: str


def rows(name: str) -> list[dict[str, str]]:
    """Rows of one of the room's data files."""
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def figures() -> dict[str, dict[str, dict[int, Figure]]]:
    """Every figure: key -> area -> year."""
    found: dict[str, dict[str, dict[int, Figure]]] = {}
    for row in rows("figures.csv"):
        year = int(row["year"])
        made = Figure(
            row["key"],
            row["area"],
            year,
            float(row["value"]),
            row["unit"],
            row["source"],
            row["certainty"],
            row["note"],
        )
        found.setdefault(made.key, {}).setdefault(made.area, {})[year] = made
    return found


@dataclass(frozen=True)
class Book:
    """The figures as seen from one area."""

    area: str

    def stated(self, key: str, year: int) -> Figure | None:
        """The figure printed or assumed for exactly this area and year."""
        return figures().get(key, {}).get(self.area, {}).get(year)

    def item(self, key: str, year: int, *, carried: bool) -> Figure | None:
        """The area's own figure of a year; where allowed, carried by growth from its nearest year, then as assumed."""
        found = self.stated(key, year)
        series = figures().get(key, {}).get(self.area, {})
        if found is not None or not carried or not series:
            return found
        nearest = series[min(series, key=lambda stated: (abs(stated - year), stated))]
        source = f"{nearest.source}（由 {nearest.year} 年推算）"
        return replace(nearest, year=year, value=self.get(key, year), source=source, certainty="assumed")

    def has(self, key: str) -> bool:
        return key in figures() and bool(self._series(key))

    def _series(self, key: str) -> dict[int, Figure]:
        by_area = figures().get(key, {})
        return by_area.get(self.area) or by_area.get(SHANDONG, {})

    def get(self, key: str, year: int) -> float:
        """Value of a figure in a year. Raises: KeyError when the area has none."""
        series = self._series(key)
        if not series:
            raise KeyError(key)
        nearest = min(series, key=lambda stated: (abs(stated - year), stated))
        value = series[nearest].value
        for step in range(nearest, year):
            value *= 1 + self.growth(key, step + 1)
        for step in range(nearest, year, -1):
            value /= 1 + self.growth(key, step)
        return value

    def growth(self, key: str, year: int) -> float:
        """Growth in `year` over the year before, by the longest stated prefix of the key: the area's own first."""
        words = key.split(".")
        for end in range(len(words), 0, -1):
            by_area = figures().get("growth." + ".".join(words[:end]), {})
            own = by_area.get(self.area, {}).get(year)
            if own is not None:
                return own.value
            series = by_area.get(SHANDONG)
            if series:
                nearest = min(series, key=lambda stated: (abs(stated - year), stated))
                return series[nearest].value
        return 0.0

    def heads(self, key: str, year: int) -> float:
        """Persons or person-times (printed in 万)."""
        return self.get(key, year) * TEN_THOUSAND

    def yuan(self, key: str, year: int) -> float:
        """Yuan of a figure printed in 亿元."""
        return self.get(key, year) * HUNDRED_MILLION
