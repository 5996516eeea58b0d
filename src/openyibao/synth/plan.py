"""How a dataset is laid out (布局): which parts, and how many persons and visits of each kind fall to each.

A part is a slice of one city (统筹区), so that a pool is in few parts and a household in one. Totals are cut to
parts by controlled rounding (受控取整): the shares are summed up and the running total rounded, so that parts always
add up to the rounded total, whatever their number. The layout depends on area, years and scale only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from openyibao.kernel.areas import SHANDONG, all_areas
from openyibao.synth.figures import Book, rows

PER_PART = 150_000
"""About how many persons a part holds."""
CLASSES = ("active", "retired", "adult", "student", "child")
ACTIVE, RETIRED, ADULT, STUDENT, CHILD, OUT, DEAD, UNBORN = range(8)
"""Classes of a person at a year's end; those from OUT on are not insured."""
EMPLOYEE, RESIDENT = 0, 1
SCHEMES = ("employee", "resident")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def controlled(total: float, weights: Floats) -> Ints:
    """Cut a total to whole numbers by weights; they add up to the total rounded half up."""
    if not len(weights) or weights.sum() <= 0:
        return np.zeros(len(weights), dtype=np.int64)
    edges = np.floor(np.cumsum(weights / weights.sum()) * total + 0.5)
    edges[-1] = np.floor(total + 0.5)
    return np.diff(edges, prepend=0.0).astype(np.int64)


@dataclass(frozen=True)
class Part:
    """One part: its number, its city, which slice of how many."""

    number: int
    area: str
    slice: int
    slices: int


@dataclass(frozen=True)
class Layout:
    """Parts of a dataset and the totals that fall to each."""

    area: str
    years: tuple[int, ...]
    scale: float
    seed: int

    @cached_property
    def book(self) -> Book:
        return Book(self.area)

    @cached_property
    def cities(self) -> list[dict[str, str]]:
        every = rows("cities.csv")
        return every if self.area == SHANDONG else [row for row in every if row["area"] == self.area]

    @cached_property
    def pools(self) -> list[tuple[str, str]]:
        """(area, scheme) by pool number: city by city, employee before resident."""
        return [(row["area"], scheme) for row in self.cities for scheme in SCHEMES]

    def shares(self, what: str) -> Floats:
        """Shares of the cities: of employees, residents, or people with residents' long-term care."""
        population = np.array([float(row["population"]) for row in self.cities])
        rate = np.array([float(row["employee_rate"]) for row in self.cities])
        employees = population * rate
        total_e = sum(self.book.heads(f"insured.{name}", self.years[-1]) for name in CLASSES[:2])
        total_r = sum(self.book.heads(f"insured.{name}", self.years[-1]) for name in CLASSES[2:])
        residents = population / population.sum() * (total_e + total_r) - employees / employees.sum() * total_e
        if what == "ltc_resident":
            residents = residents * np.array([float(row["ltc_resident"]) for row in self.cities])
            chosen = residents
        else:
            chosen = {"employee": employees, "resident": residents, "population": population}[what]
        made: Floats = chosen / max(float(chosen.sum()), 1e-9)
        return made

    @cached_property
    def parts(self) -> list[Part]:
        insured = {
            scheme: sum(self.book.heads(f"insured.{name}", self.years[-1]) for name in names) * self.scale
            for scheme, names in (("employee", CLASSES[:2]), ("resident", CLASSES[2:]))
        }
        persons = self.shares("employee") * insured["employee"] + self.shares("resident") * insured["resident"]
        made: list[Part] = []
        for row, people in zip(self.cities, persons, strict=True):
            slices = max(1, round(people / PER_PART))
            made += [Part(len(made) + at, row["area"], at, slices) for at in range(slices)]
        return made

    @cached_property
    def _weights(self) -> dict[str, Floats]:
        at = {row["area"]: place for place, row in enumerate(self.cities)}
        city = np.array([at[part.area] for part in self.parts])
        slices = np.array([part.slices for part in self.parts])
        return {name: self.shares(name)[city] / slices for name in ("employee", "resident", "ltc_resident")}

    def cut(self, total: float, spread: str) -> Ints:
        """A total of the area (unscaled) over the parts, spread as employees, residents or ltc_resident are."""
        return controlled(total * self.scale, self._weights[spread])

    def pool_of(self, area: str, scheme: int) -> int:
        """Number of a city's pool."""
        return self.pools.index((area, SCHEMES[scheme]))

    def insured(self, year: int) -> Ints:
        """Persons insured at the end of a year, (classes, parts)."""
        return np.array(
            [
                self.cut(self.book.heads(f"insured.{name}", year), "employee" if at < ADULT else "resident")
                for at, name in enumerate(CLASSES)
            ]
        )


def area_exists(area: str) -> bool:
    return area == SHANDONG or any(row["area"] == area for row in rows("cities.csv"))


def area_title(area: str) -> str:
    return all_areas()[area].name
