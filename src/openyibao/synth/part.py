"""One part of a dataset: its people, their cover, what they pay in, their visits and grants, written file by file.

A part depends on the seed and its number only: whoever makes it, whenever, makes the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from openyibao.datasets.facade import PartWriter
from openyibao.synth.abilities import Abilities
from openyibao.synth.bills import Bills
from openyibao.synth.care import BENEFIT, Care, Needs
from openyibao.synth.cover import Flags, coverage, flags
from openyibao.synth.grants import grants
from openyibao.synth.households import groups_of, homes, insured_residents
from openyibao.synth.money import Rates
from openyibao.synth.pay import GROUP, YearOf, anchored, contributions, openings, pensions, wages
from openyibao.synth.people import People, Segments, Year, begin, day_number, segments
from openyibao.synth.places import Places
from openyibao.synth.plan import ADULT, Ints, Layout

Array = npt.NDArray[Any]
PERSONS = 1_000_000
"""Numbers kept for each part: person = part * PERSONS + place, from 1."""


@dataclass
class Work:
    """Everything a process needs to make parts."""

    layout: Layout
    folder: Path
    targets: dict[int, Ints]
    """Year -> persons insured at its end, (classes, parts); with the year before the first."""
    needs: dict[int, list[Needs]]
    wanted: dict[int, dict[str, Ints]]
    """Year -> what -> persons per part: kinds, accounts, maternity, long-term care, helped."""
    rates: dict[tuple[str, int], Rates]
    able: dict[int, Abilities]
    places: Places
    variants: dict[str, int]


def make_part(work: Work, number: int) -> dict[str, int]:
    """Make and write one part; returns rows written by "table" or "table/year"."""
    return _Maker(work, number).make()


class _Maker:
    def __init__(self, work: Work, number: int) -> None:
        self.work, self.layout, self.book, self.number = work, work.layout, work.layout.book, number
        self.city = self.layout.parts[number].area
        self.rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence([self.layout.seed, number])))
        self.pools = np.array([self.layout.pool_of(self.city, scheme) for scheme in (0, 1)], np.int16)
        self.rows: dict[str, int] = {}

    def make(self) -> dict[str, int]:
        years = self.layout.years
        people = begin(self.rng, self.book, years[0], self.work.targets[years[0] - 1][:, self.number])
        for year in years:
            Year(self.rng, self.book, people, year, self.work.targets[year][:, self.number]).live()
        self._settle_down(people)
        spans = [segments(people, k, day_number(year + 1) - day_number(year)) for k, year in enumerate(years)]
        every = [flags(people, k, self._wanted(year)) for k, year in enumerate(years)]
        self._write("persons", self._persons())
        self._write("coverage", coverage(people, self.numbers, years, spans, every, self.pools))
        opening = openings(self.rng, self.book, years[0], people, every[0])
        for k, year in enumerate(years):
            if k:
                holders = (people.classes[k] < ADULT) & every[k - 1].account
                opening = anchored(self.book, year, opening, holders)
            opening = self._year(k, spans[k], every[k], opening)
        return self.rows

    def _wanted(self, year: int) -> dict[str, int]:
        return {name: int(counts[self.number]) for name, counts in self.work.wanted[year].items()}

    def _write(self, table: str, columns: dict[str, Array], year: int | None = None) -> None:
        with PartWriter(self.work.folder, table, self.number, year) as writer:
            writer.write(columns)
        self.rows[table if year is None else f"{table}/{year}"] = writer.rows

    # People ---------------------------------------------------------------------------------------------------

    def _settle_down(self, people: People) -> None:
        """Put the people into households, in whose order they are numbered."""
        found = homes(self.rng, self.book, people, self.layout.years[0], self.city)
        people.reorder(found.order)
        self.people, self.house = people, found.house
        self.county = self.work.places.county_of_city[self.city][found.county]
        self.numbers = self.number * PERSONS + 1 + np.arange(len(people), dtype=np.int64)
        count = int(self.house[-1]) + 1 if len(self.house) else 0
        size = np.maximum(np.bincount(self.house, minlength=count), 1)
        skill = np.bincount(self.house, weights=people.skill, minlength=count) / size
        frail = np.bincount(self.house, weights=people.luck, minlength=count) / size
        self.poverty = skill - self.book.get("poverty.frailty", self.layout.years[0]) * frail
        self.kind_score = self.rng.random(count)

    def _persons(self) -> dict[str, Array]:
        died = self.people.died
        return {
            "person": self.numbers,
            "birth": self.people.birth,
            "sex": self.people.sex,
            "household": self.number * PERSONS + 1 + self.house,
            "county": np.array(self.work.places.counties, np.int32)[self.county],
            "died": pa.array(died, mask=died < 0).view(pa.date32()),
        }

    def _groups(self, k: int, year: int) -> npt.NDArray[np.int16]:
        """Helped groups of everybody in a year: the poorest households, one group each."""
        shares = np.array([self.book.get(f"group.share.{name}", year) for name in GROUP])
        return groups_of(
            self.kind_score,
            self.house,
            insured_residents(self.people.classes[k + 1]),
            self.poverty,
            self._wanted(year)["helped"],
            np.cumsum(shares / shares.sum())[:-1],
            np.array(list(GROUP.values()), np.int16),
        )

    # A year ---------------------------------------------------------------------------------------------------

    def _year(self, k: int, spans: Segments, flag: Flags, opening: Ints) -> Ints:
        year = self.layout.years[k]
        work, people, rng = self.work, self.people, self.rng
        groups = self._groups(k, year)
        resident_ltc = flag.ltc_resident & insured_residents(people.classes[k + 1])
        ltc = flag.ltc_employee | resident_ltc
        care = Care(rng, self.book, year, people, spans, groups > 0, flag.maternity, ltc)
        care.make(work.needs[year][self.number], work.able[year], work.variants)
        rows = Bills(rng, care, work.places, self.city).rows(self.county, groups, self.pools, flag.account)
        burdens = self._burdens(rows)
        rows["person"] = self.numbers[rows["person"]]
        self._write("visits", rows, year)
        del rows
        wage = wages(self.book, year, people, flag.kind)
        pension = pensions(self.book, year, people)
        of = YearOf(
            self.book, year, k, people, spans, flag, work.rates[self.city, year], groups, self.house,
            self.pools, self.numbers, wage, pension,
        )  # fmt: skip
        columns, closing = contributions(rng, of, opening, burdens)
        self._write("contributions", columns, year)
        by_bill = work.able[year].has("employee", "long_term_care")
        self._write("grants", grants(rng, of, care, self._wanted(year), by_bill), year)
        return closing

    def _burdens(self, rows: dict[str, Array]) -> Array:
        """What visits may take from accounts, by person, fen: an estimate that carries accounts into the next year."""
        kept = self.book.get("account.burden", self.layout.years[0])
        total = sum(rows[name] for name in ("in_scope_fen", "prior_self_pay_fen", "over_limit_fen", "non_covered_fen"))
        weight = np.where(rows["benefit"] == BENEFIT["outpatient"], 1.0, kept) * rows["account"] * total
        return np.bincount(rows["person"], weights=weight, minlength=len(self.people))
