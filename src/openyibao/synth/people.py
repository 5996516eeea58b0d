"""Lives of a part's people (人口): who is insured as what at the end of every year, and on which day it changed.

The path is simulated year by year from the end of the year before the first. Deaths, births, schooling, work and
retirement come first; what then is still missing to the counts of the plan joins or leaves. So year-end counts are
exact in every part, and a person is the same person in every year.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.synth.figures import Book, rows
from openyibao.synth.plan import ACTIVE, ADULT, CHILD, CLASSES, DEAD, OUT, RETIRED, STUDENT, UNBORN, Ints

Generator = np.random.Generator
EPOCH = date(1970, 1, 1)
MALE, FEMALE = 1, 2
YEAR_DAYS = 365.2425


def day_number(year: int, month: int = 1, day: int = 1) -> int:
    """Days since 1970-01-01."""
    return (date(year, month, day) - EPOCH).days


@dataclass
class People:
    """Columns of a part's persons. `classes[k]` is the class at the end of year k (k = 0 before the first year)."""

    first_year: int
    birth: npt.NDArray[np.int32]
    sex: npt.NDArray[np.int8]
    luck: npt.NDArray[np.float32]
    """Standard normal: the person's frailty, shared by every kind of care."""
    skill: npt.NDArray[np.float32]
    """Standard normal: the person's place among wages."""
    scores: npt.NDArray[np.float32]
    """Uniform, (persons, 5): employer kind, account, maternity, long-term care, chronic filing."""
    classes: list[npt.NDArray[np.int8]]
    days: list[npt.NDArray[np.int16]] = field(default_factory=list)
    """Day of the year on which the class changed, 0 from 1 January on, -1 not at all."""
    died: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def __len__(self) -> int:
        return len(self.birth)

    def age(self, year: int) -> npt.NDArray[np.float32]:
        """Age in years at the end of a year."""
        return ((day_number(year, 12, 31) - self.birth) / YEAR_DAYS).astype(np.float32)

    def reorder(self, order: Ints) -> None:
        """Put the persons into another order."""
        for name in ("birth", "sex", "luck", "skill", "scores", "died"):
            setattr(self, name, getattr(self, name)[order])
        self.classes = [column[order] for column in self.classes]
        self.days = [column[order] for column in self.days]

    def add(self, rng: Generator, births: npt.NDArray[Any], sex: npt.NDArray[np.int8], klass: int) -> slice:
        """Append persons who were not there before (uninsured or unborn so far)."""
        old, n = len(self), len(births)
        self.birth = np.concatenate((self.birth, births.astype(np.int32)))
        self.sex = np.concatenate((self.sex, sex))
        self.luck = np.concatenate((self.luck, rng.standard_normal(n, dtype=np.float32)))
        self.skill = np.concatenate((self.skill, rng.standard_normal(n, dtype=np.float32)))
        self.scores = np.concatenate((self.scores, rng.random((n, 5), dtype=np.float32)))
        self.died = np.concatenate((self.died, np.full(n, -1, np.int32)))
        self.classes = [np.concatenate((c, np.full(n, klass, np.int8))) for c in self.classes]
        self.days = [np.concatenate((d, np.full(n, -1, np.int16))) for d in self.days]
        return slice(old, old + n)


def _ages(name: str) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    mine = [row for row in rows("ages.csv") if row["class"] == name]
    weight = np.array([float(row["weight"]) for row in mine])
    return (
        np.array([int(row["from"]) for row in mine]),
        np.array([int(row["to"]) for row in mine]),
        weight / weight.sum(),
    )


def births_of(rng: Generator, klass: int, n: int, on: int) -> Ints:
    """Days of birth of n persons of a class, whose ages on a day follow the age table."""
    low, high, weight = _ages(CLASSES[klass])
    band = rng.choice(len(low), n, p=weight)
    age = low[band] + rng.random(n) * (high[band] - low[band] + 1)
    made: Ints = (on - age * YEAR_DAYS).astype(np.int64)
    return made


def sexes(rng: Generator, book: Book, klass: int, n: int, year: int) -> npt.NDArray[np.int8]:
    share = book.get(f"female.{CLASSES[klass]}", year)
    return np.where(rng.random(n) < share, FEMALE, MALE).astype(np.int8)


def begin(rng: Generator, book: Book, first_year: int, counts: Ints) -> People:
    """The people insured at the end of the year before the first."""
    on = day_number(first_year - 1, 12, 31)
    births = [births_of(rng, klass, int(n), on) for klass, n in enumerate(counts)]
    sex = [sexes(rng, book, klass, int(n), first_year) for klass, n in enumerate(counts)]
    classes = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    n = len(classes)
    return People(
        first_year,
        np.concatenate(births).astype(np.int32),
        np.concatenate(sex),
        rng.standard_normal(n, dtype=np.float32),
        rng.standard_normal(n, dtype=np.float32),
        rng.random((n, 5), dtype=np.float32),
        [classes],
        died=np.full(n, -1, np.int32),
    )


class Year:
    """One year of a part: moves persons between classes until the year-end counts are those of the plan."""

    def __init__(self, rng: Generator, book: Book, people: People, year: int, targets: Ints) -> None:
        self.rng, self.book, self.people, self.year, self.targets = rng, book, people, year, targets
        self.length = day_number(year + 1) - day_number(year)
        self.now = people.classes[-1].copy()
        self.day = np.full(len(people), -1, np.int16)

    def live(self) -> None:
        """Live through the year and note it in the people."""
        self._deaths()
        self._births()
        self._school()
        self._retire()
        self._fill(ACTIVE, ADULT)
        self._fill(CHILD, OUT)
        self._fill(ADULT, OUT)
        self.people.classes.append(self.now)
        self.people.days.append(self.day)

    def _gap(self, klass: int) -> int:
        return int(self.targets[klass]) - int(np.count_nonzero(self.now == klass))

    def _first_days(self, n: int) -> npt.NDArray[np.int16]:
        """First days of months from February on: days when work begins or ends."""
        firsts = np.array([day_number(self.year, month) - day_number(self.year) for month in range(2, 13)])
        return firsts[self.rng.integers(0, len(firsts), n)].astype(np.int16)

    def _move(self, who: Ints, klass: int, days: npt.NDArray[np.int16] | int) -> None:
        """Only those whom nothing has happened to this year are moved."""
        self.now[who] = klass
        self.day[who] = days

    def _untouched(self, klass: int) -> Ints:
        return np.flatnonzero((self.now == klass) & (self.day < 0))

    def _pick(self, who: Ints, keys: npt.NDArray[np.float32], n: int) -> Ints:
        """The n of `who` with the smallest keys."""
        n = min(max(n, 0), len(who))
        if n == 0:
            return who[:0]
        if n == len(who):
            return who
        return np.sort(who[np.argpartition(keys, n - 1)[:n]])

    def _grown(self) -> None:
        """Newcomers enlarge the people; the year's columns follow."""
        more = len(self.people) - len(self.now)
        self.now = np.concatenate((self.now, np.full(more, OUT, np.int8)))
        self.day = np.concatenate((self.day, np.full(more, -1, np.int16)))

    def _deaths(self) -> None:
        people = self.people
        age = people.age(self.year)
        alive = self.now < DEAD
        base = self.book.get("death.base", self.year)
        doubling = self.book.get("death.doubling", self.year)
        hazard = np.minimum(0.5, base * np.exp2((age - 60) / doubling) * np.exp(0.5 * people.luck - 0.125))
        gone = np.flatnonzero(alive & (self.rng.random(len(people), dtype=np.float32) < hazard))
        days = self.rng.integers(1, self.length, len(gone)).astype(np.int16)
        self._move(gone, DEAD, days)
        people.died[gone] = day_number(self.year) + days

    def _births(self) -> None:
        n = round(self.book.get("birth.rate", self.year) * float(self.targets.sum()))
        days = self.rng.integers(1, self.length, n).astype(np.int16)
        new = self.people.add(
            self.rng, day_number(self.year) + days, sexes(self.rng, self.book, CHILD, n, self.year), UNBORN
        )
        self._grown()
        self.now[new] = CHILD
        self.day[new] = days

    def _school(self) -> None:
        age = self.people.age(self.year)
        students = self._untouched(STUDENT)
        done = students[age[students] >= 22.6]
        working = done[self.rng.random(len(done)) < self.book.get("student.to_work", self.year)]
        self._move(done, ADULT, 0)
        july = day_number(self.year, 7) - day_number(self.year)
        self._move(working, ACTIVE, july)
        children = self._untouched(CHILD)
        grown = children[age[children] >= 18]
        places = self._pick(grown, self.rng.random(len(grown), dtype=np.float32), self._gap(STUDENT))
        self._move(grown, ADULT, 0)
        self._move(places, STUDENT, 0)
        self._fill(STUDENT, ADULT)

    def _retire(self) -> None:
        people = self.people
        active = self._untouched(ACTIVE)
        due = np.where(people.sex[active] == MALE, 60.0, 53.0)
        lateness = due - people.age(self.year)[active] + 2 * self.rng.standard_normal(len(active), dtype=np.float32)
        who = self._pick(active, lateness.astype(np.float32), self._gap(RETIRED))
        self._move(who, RETIRED, self._first_days(len(who)))

    def _fill(self, klass: int, reserve: int) -> None:
        """Bring a class to its count: from or to its reserve (adults for workers, the uninsured for residents)."""
        gap = self._gap(klass)
        if gap < 0:
            here = self._untouched(klass)
            who = self._pick(here, self.rng.random(len(here), dtype=np.float32), -gap)
            self._move(who, reserve, self._first_days(len(who)) if klass == ACTIVE else 0)
            return
        there = self._untouched(reserve)
        age = self.people.age(self.year)[there]
        if klass == ACTIVE:
            there = there[(age >= 18) & (age < 50)]
        elif klass == ADULT:
            there = there[age >= 18]
        elif klass == STUDENT:
            there = there[(age >= 18) & (age < 23)]
        else:
            there = there[age < 18]
        age = self.people.age(self.year)[there]
        who = self._pick(there, (age / 20 + self.rng.random(len(there))).astype(np.float32), gap)
        self._move(who, klass, self._first_days(len(who)) if klass == ACTIVE else 0)
        missing = gap - len(who)
        if missing > 0:
            births = births_of(self.rng, klass, missing, day_number(self.year) - 366)
            sex = sexes(self.rng, self.book, klass, missing, self.year)
            new = self.people.add(self.rng, births, sex, OUT)
            self._grown()
            self.now[new] = klass
            self.day[new] = self._first_days(missing) if klass == ACTIVE else 0


@dataclass
class Segments:
    """Spans of a year in which a person is insured as one class, ascending by (person, start)."""

    person: Ints
    klass: npt.NDArray[np.int8]
    start: npt.NDArray[np.int16]
    end: npt.NDArray[np.int16]
    """First day after; the length of the year when it goes on."""


def segments(people: People, at: int, length: int) -> Segments:
    """Insured spans of year `at` (0 the first)."""
    before, now, day = people.classes[at], people.classes[at + 1], people.days[at]
    first = np.flatnonzero((day > 0) & (before < OUT))
    second = np.flatnonzero(now < OUT)
    start = np.where(day[second] > 0, day[second], 0)
    person = np.concatenate((first, second))
    klass = np.concatenate((before[first], now[second]))
    starts = np.concatenate((np.zeros(len(first), np.int16), start.astype(np.int16)))
    ends = np.concatenate((day[first], np.full(len(second), length, np.int16)))
    order = np.argsort(person * 512 + starts)
    return Segments(person[order], klass[order], starts[order], ends[order])
