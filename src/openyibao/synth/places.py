"""Designated institutions (定点医药机构): invented ones of every county, and rows that stand for care elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openyibao.datasets.facade import CODES, LEVEL_CODES
from openyibao.kernel.areas import SHANDONG, all_areas
from openyibao.policy.terms import LEVELS
from openyibao.synth.figures import Book
from openyibao.synth.plan import Ints, Layout

LEVEL = {name: at for at, name in enumerate(LEVEL_CODES)}
KIND = {code: at for at, (code, _) in CODES["institution_kind"].items()}
NAMES = {
    "tertiary": "第{}人民医院",
    "secondary": "{}号医院",
    "primary": "{}号卫生院",
    "community": "{}号社区卫生服务站",
}
COUNT_KEYS = tuple(NAMES)


@dataclass
class Places:
    """The table, and where a county's institutions of a level begin and how many there are."""

    columns: dict[str, list[object]]
    counties: list[int]
    county_of_city: dict[str, Ints]
    first: Ints
    """(counties, levels): first institution; of the nearest place where the county has none."""
    number: Ints
    tertiary_county: dict[str, int]
    """City -> a county of it with tertiary hospitals, for patients from elsewhere."""
    remote_in: Ints
    """By level: institution that stands for another city when the dataset holds one city only, else -1."""
    remote_out: Ints
    """By level: institution that stands for care outside the province."""


def places(layout: Layout) -> Places:
    """Institutions of every county of the layout's cities; tertiary hospitals stand in districts."""
    made = _Maker(layout.book, layout.years[-1])
    for row in layout.cities:
        made.city(row["area"])
    levels = len(LEVEL_CODES)
    remote_in, remote_out = np.full(levels, -1), np.full(levels, -1)
    for name in ("primary", "secondary", "tertiary"):
        if layout.area != SHANDONG:
            remote_in[LEVEL[name]] = made.add(f"省内外市{LEVELS[name]}医院", "remote", name, int(SHANDONG))
        remote_out[LEVEL[name]] = made.add(f"省外{LEVELS[name]}医院", "remote", name, 0)
    return Places(
        made.columns,
        made.counties,
        made.county_of_city,
        np.array(made.first),
        np.array(made.number),
        made.tertiary_county,
        remote_in,
        remote_out,
    )


class _Maker:
    def __init__(self, book: Book, year: int) -> None:
        self.book, self.year = book, year
        self.columns: dict[str, list[object]] = {
            name: [] for name in ("institution", "code", "name", "kind", "level", "area")
        }
        self.counties: list[int] = []
        self.county_of_city: dict[str, Ints] = {}
        self.first: list[list[int]] = []
        self.number: list[list[int]] = []
        self.tertiary_county: dict[str, int] = {}

    def add(self, name: str, kind: str, level: str, area: int) -> int:
        at = len(self.columns["institution"])
        row = (at, f"H{area:06d}{at:05d}", name, KIND[kind], LEVEL[level], area)
        for key, value in zip(self.columns, row, strict=True):
            self.columns[key].append(value)
        return at

    def city(self, city: str) -> None:
        counties = [area for area in all_areas().values() if area.parent == city]
        begin = len(self.counties)
        for county in counties:
            self._county(county.code, county.name)
        rows = range(begin, len(self.counties))
        self.county_of_city[city] = np.array(rows)
        tertiary = LEVEL["tertiary"]
        have = [at for at in rows if self.number[at][tertiary]]
        for order, at in enumerate(rows):
            if not self.number[at][tertiary]:
                near = have[order % len(have)]
                self.first[at][tertiary], self.number[at][tertiary] = (
                    self.first[near][tertiary],
                    self.number[near][tertiary],
                )
        self.tertiary_county[city] = have[0]

    def _county(self, code: str, name: str) -> None:
        self.counties.append(int(code))
        kind = "district" if name.endswith("区") else "county"
        first, number = [0] * len(LEVEL_CODES), [0] * len(LEVEL_CODES)
        for level in COUNT_KEYS:
            n = int(self.book.get(f"institutions.{kind}.{level}", self.year))
            first[LEVEL[level]], number[LEVEL[level]] = len(self.columns["institution"]), n
            for at in range(1, n + 1):
                self.add(
                    name + NAMES[level].format(at), "clinic" if level == "community" else "hospital", level, int(code)
                )
        self.first.append(first)
        self.number.append(number)
