"""People from year to year (人口与参保推演): they age, die, are born, move, find work and retire.

The people are the insured ones, by area, sex and age; the share of the population that is insured is kept. Below 45
the share of employees at an age follows its own trend; from 45 on a cohort keeps the scheme it has, so that those who
are at work today are the retired of tomorrow. Every array has the scenario first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from openyibao.simulation.projection.assumptions import AGES, births_by_age, mortality, section
from openyibao.simulation.projection.measure import BAND_OF, BANDS, Measured

Floats = Any
WORKING = slice(16, 45)
MOVING = slice(18, 45)
MOST_SHARE = 0.97
FULL_YEARS = (15, 50)


@dataclass
class People:
    """Insured persons: [scenario, unit, sex, age] in each scheme, and the share retired among employees."""

    employee: Floats
    resident: Floats
    retired: Floats

    def groups(self) -> Floats:
        """[scenario, unit, group, sex, age]: active, retired, resident."""
        gone = self.employee * self.retired[:, None]
        return np.stack([self.employee - gone, gone, self.resident], axis=2)

    def by_band(self) -> Floats:
        """[scenario, unit, group, sex, band]."""
        return np.add.reduceat(self.groups(), BANDS, axis=-1)


@dataclass
class Course:
    """What people start from, and what does not change on the way."""

    start_share: Floats
    """[unit, sex, age]: share of employees among the insured, by age, smoothed."""
    curve: Floats
    """[sex, age]: share of retired among employees in the first year."""

    @classmethod
    def of(cls, measured: Measured) -> Course:
        heads = measured.heads
        employees = heads[:, 0] + heads[:, 1]
        everyone = employees + heads[:, 2]
        banded = np.add.reduceat(employees.sum(0), BANDS, axis=-1) / np.maximum(
            np.add.reduceat(everyone.sum(0), BANDS, axis=-1), 1
        )
        share = banded[:, BAND_OF]
        expected = (everyone * share)[:, :, WORKING].sum(axis=(1, 2))
        level = employees[:, :, WORKING].sum(axis=(1, 2)) / np.maximum(expected, 1e-9)
        by_unit = np.clip(share[None] * np.where(expected > 0, level, 1.0)[:, None, None], 0, MOST_SHARE)
        return cls(by_unit, _curve(heads[:, 1].sum(0), employees.sum(0)))


def _curve(retired: Floats, employees: Floats) -> Floats:
    """Share retired by age: over three years of age, never falling."""
    window = np.ones(3)
    found = []
    for sex in range(2):
        top, whole = (np.convolve(side[sex], window, "same") for side in (retired, employees))
        share = np.where(whole > 0, top / np.maximum(whole, 1e-9), 0.0)
        share[:40] = 0.0
        known = np.flatnonzero(whole > 0)
        if len(known) and known[-1] < AGES - 1:
            share[known[-1] + 1 :] = 1.0
        found.append(np.maximum.accumulate(np.clip(share, 0, 1)))
    return np.array(found)


def begin(measured: Measured, course: Course, scenarios: int) -> People:
    """The people of the first year, once for every scenario."""
    heads = measured.heads
    employee = np.broadcast_to(heads[:, 0] + heads[:, 1], (scenarios, *heads[:, 0].shape)).copy()
    resident = np.broadcast_to(heads[:, 2], (scenarios, *heads[:, 2].shape)).copy()
    retired = np.broadcast_to(course.curve, (scenarios, 2, AGES)).copy()
    return People(employee, resident, retired)


def step(people: People, course: Course, values: dict[str, Floats], year: int, since: int) -> People:
    """The people a year later. values: parameters by name, one number per scenario. since: years from the start."""
    dying = mortality()[None] * ((1 - values["mortality_improvement"]) ** since)[:, None, None]
    employee, resident = (_older(one, dying) for one in (people.employee, people.resident))
    move = 1 + values["migration"][:, None, None, None]
    employee[..., MOVING] *= move
    resident[..., MOVING] *= move
    born = _births(people, values["fertility"])
    boys = section("births")["male_share"]
    resident[:, :, 0, 0], resident[:, :, 1, 0] = born * boys, born * (1 - boys)
    whole = employee + resident
    grown = (1 + values["employment_growth"]) ** since
    wanted = np.clip(course.start_share[None] * grown[:, None, None, None], 0, MOST_SHARE)
    employee[..., WORKING] = (whole * wanted)[..., WORKING]
    resident[..., WORKING] = (whole * (1 - wanted))[..., WORKING]
    return People(employee, resident, _delayed(course.curve, values["retirement_delay"], year))


def _older(people: Floats, dying: Floats) -> Floats:
    left = people * (1 - dying[:, None])
    found = np.zeros_like(left)
    found[..., 1:] = left[..., :-1]
    found[..., -1] += left[..., -1]
    return found


def _births(people: People, fertility: Floats) -> Floats:
    women = people.employee[:, :, 1] + people.resident[:, :, 1]
    return (women * births_by_age()).sum(axis=-1) * fertility[:, None]


def _delayed(curve: Floats, carried_out: Floats, year: int) -> Floats:
    """The curve of retirement moved to later ages, as far as the law has gone by a year."""
    law = section("retirement")
    years = min(max(year, law["from"] - 1), law["until"]) - law["from"] + 1
    found = np.empty((len(carried_out), 2, AGES))
    ages = np.arange(AGES)
    for sex, name in enumerate(("male", "female")):
        later = carried_out * years * law["years_per_year"][name]
        for at, years_later in enumerate(later):
            found[at, sex] = np.interp(ages - years_later, ages, curve[sex])
    return found
