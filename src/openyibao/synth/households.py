"""Households (家庭户): couples, their children and parents, in one county each; the poorer ones are helped.

Persons are put together by age: husbands and wives of like age and scheme, children below mothers some 27 years older,
part of the old with a younger couple. A household lies in one part and one county; counties with more jobs draw
households of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from openyibao.synth.figures import Book, rows
from openyibao.synth.people import MALE, YEAR_DAYS, People
from openyibao.synth.plan import ADULT, OUT, Ints, controlled
from openyibao.synth.sampling import dealt

Array = npt.NDArray[Any]
Generator = np.random.Generator


@dataclass
class Homes:
    """Household (from 0, ascending with the persons) and county's place in its city, for every person in order."""

    order: Ints
    """The people in the order of their households: old places."""
    house: Ints
    county: Ints


def homes(rng: Generator, book: Book, people: People, year: int, city: str) -> Homes:
    """Put the people into households and counties."""
    house = _together(rng, book, people, year)
    worker = (people.classes[-1] < ADULT) | (people.classes[0] < ADULT)
    n_house = int(house.max()) + 1 if len(house) else 0
    county = _counties(rng, house, worker, n_house, city)
    rank = np.lexsort((rng.random(n_house), county))
    place = np.empty(n_house, np.int64)
    place[rank] = np.arange(n_house)
    moved = place[house]
    order = np.argsort(moved, kind="stable")
    return Homes(order, moved[order], county[rank][moved[order]])


def _together(rng: Generator, book: Book, people: People, year: int) -> Ints:
    """Household number of every person."""
    age = people.age(year)
    n = len(people)
    house = np.full(n, -1, np.int64)
    child = age < book.get("household.child_age", year)
    old = age >= 60
    count = 0
    couples: list[Array] = []
    for grown in (np.flatnonzero(~child & ~old), np.flatnonzero(old)):
        men, women = _pairs(rng, book, people, grown, age, year)
        house[men] = house[women] = count + np.arange(len(men))
        single = grown[house[grown] < 0]
        couples.append(house[men])
        count += len(men)
        house[single] = count + np.arange(len(single))
        count += len(single)
    young, elders = couples
    if len(young):
        _children(rng, book, house, np.flatnonzero(child), young, people, year)
        _move_in(rng, house, elders, young, book.get("household.three_generations", year))
        alone = np.flatnonzero(old & ~np.isin(house, elders))
        joining = alone[rng.random(len(alone)) < book.get("household.old_with_young", year)]
        house[joining] = young[rng.integers(0, len(young), len(joining))]
    else:
        house[child] = count + np.arange(int(child.sum()))
    left = np.flatnonzero(house < 0)
    house[left] = count + np.arange(len(left))
    _, renumbered = np.unique(house, return_inverse=True)
    made: Ints = renumbered.astype(np.int64)
    return made


def _pairs(rng: Generator, book: Book, people: People, grown: Ints, age: Array, year: int) -> tuple[Ints, Ints]:
    """Couples among grown persons: sorted by age, two in three within their scheme."""
    if not len(grown):
        return grown, grown
    worker = people.classes[-1][grown] < ADULT
    mixed = rng.random(len(grown)) < book.get("household.mixed_schemes", year)
    side = np.where(mixed, rng.random(len(grown)) < worker.mean(), worker)
    key = age[grown] + 3 * rng.standard_normal(len(grown)) + 1000 * side
    man = people.sex[grown] == MALE
    men, women = grown[man][np.argsort(key[man] - 1.5)], grown[~man][np.argsort(key[~man])]
    n = min(len(men), len(women))
    married = int(n * book.get("household.married", year))
    at = np.sort(rng.permutation(n)[:married])
    men = men[(at * len(men)) // max(n, 1)]
    women = women[(at * len(women)) // max(n, 1)]
    return men, women


def _children(rng: Generator, book: Book, house: Ints, children: Ints, young: Ints, people: People, year: int) -> None:
    """Children to couples: none to three places a couple, filled in the order of the younger parent's age."""
    born = np.full(int(house.max()) + 1, -(10**6))
    owner = np.flatnonzero(house >= 0)
    np.maximum.at(born, house[owner], people.birth[owner])
    slots = np.repeat(young, rng.choice([0, 1, 2, 3], len(young), p=_sizes(book, year)))
    slots = slots if len(slots) else young
    slots = slots[np.argsort(born[slots] + 730 * rng.standard_normal(len(slots)))]
    parent = people.birth.max() - born[slots]
    able = (parent < 50 * YEAR_DAYS) & (parent > 22 * YEAR_DAYS)
    slots = slots[able] if able.any() else slots
    mine = children[np.argsort(people.birth[children], kind="stable")]
    house[mine] = slots[(np.arange(len(mine)) * len(slots)) // max(len(mine), 1)]


def _sizes(book: Book, year: int) -> list[float]:
    shares = [book.get(f"household.children.{k}", year) for k in (0, 1, 2, 3)]
    return [share / sum(shares) for share in shares]


def _move_in(rng: Generator, house: Ints, elders: Ints, young: Ints, share: float) -> None:
    """Old couples that live with a young one."""
    moving = elders[rng.random(len(elders)) < share]
    to = np.arange(int(house.max()) + 1)
    to[moving] = young[rng.integers(0, len(young), len(moving))]
    house[:] = np.where(house >= 0, to[house], house)


def _counties(rng: Generator, house: Ints, worker: Array, n_house: int, city: str) -> Ints:
    """County of every household, so that counties have their share of persons and jobs."""
    mine = [row for row in rows("counties.csv") if row["county"][:4] == city[:4]]
    people = np.array([float(row["population"]) for row in mine])
    jobs = people * np.array([float(row["urban"]) for row in mine])
    working = np.bincount(house, weights=worker, minlength=n_house) > 0
    made = np.zeros(n_house, np.int64)
    share = jobs / jobs.sum()
    rest = np.maximum(people / people.sum() - share * working.mean(), 0.02 * people / people.sum())
    for who, weight in ((np.flatnonzero(working), share), (np.flatnonzero(~working), rest)):
        if len(who):
            made[who] = dealt(rng, controlled(len(who), weight), len(who))
    return made


def groups_of(
    rng_scores: Array, house: Ints, insured: Array, poverty: Array, count: int, thresholds: Array, codes: Array
) -> npt.NDArray[np.int16]:
    """Helped groups of a year: the residents of the poorest households, `count` persons.

    Args: rng_scores steady uniforms by household that pick the group; poverty by household, lowest first.
    """
    made = np.zeros(len(house), np.int16)
    mine = np.flatnonzero(insured)
    if not len(mine) or count <= 0:
        return made
    order = mine[np.argsort(poverty[house[mine]], kind="stable")]
    chosen = order[: min(count, len(order))]
    made[chosen] = codes[np.searchsorted(thresholds, rng_scores[house[chosen]])]
    return made


def insured_residents(klass: Array) -> Array:
    return (klass >= ADULT) & (klass < OUT)
