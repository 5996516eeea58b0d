"""Stays of a dataset's year as payment sees them (住院病例): bills as settled, coding invented.

A dataset says what a stay cost, who bore it, where and how long; not what was wrong with the person. So each stay is
given a kind of illness of `payment.engine`'s invented profiles, drawn by its level and cost: dear stays get dear kinds.
What comes out is arithmetic on a whole year, never a statement about illnesses. The same stay is always coded alike.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from openyibao.datasets.facade import BENEFIT_CODES, LEVEL_CODES, Dataset
from openyibao.payment.engine.pack.facade import LEVEL_ODDS as ODDS
from openyibao.payment.engine.pack.facade import PROFILES, GroupOf, Invented, Profile, Stay, coded

EPOCH = date(1970, 1, 1)
LEVELS = {"community": "primary", "ungraded": "primary"}
"""Levels that packs do not know are read as another, as the policies read them."""
COLUMNS = [
    *("person", "day", "seq", "pool", "benefit", "level", "institution", "filing", "stay_days"),
    *("total_fen", "basic_fen", "burden_fen"),
]
NEWBORN_DAYS, NEWBORN_WEIGHT = 28, 3_200
"""Days of age up to which a stay is a newborn's; its weight in grams, which no dataset knows."""
OLDEST = 85
"""Older persons are given the illnesses of this age."""
_SPREAD = 0.45
"""How far a stay's cost may lie from its kind's mean, in the logarithm."""


def stays_of_year(
    dataset: Dataset, year: int, run: str, into_year: int, parts: int | None = None
) -> Iterator[tuple[Stay, GroupOf]]:
    """Stays of a settled run with their invented group, part by part; days moved into `into_year`.

    Args: parts, only so many parts of the dataset; None for all.
    """
    schemes = [scheme for _, scheme in dataset.pools]
    inpatient = BENEFIT_CODES.index("inpatient")
    codes = dataset.whole("institutions").column("code").to_pylist()
    for part in range(min(parts or dataset.manifest.parts, dataset.manifest.parts)):
        people = _people(dataset, part)
        for batch in dataset.batches("settled", part, year, run=run, columns=COLUMNS):
            chosen = np.flatnonzero((batch["benefit"] == inpatient) & (batch["total_fen"] > 0))
            rows = {name: values[chosen].tolist() for name, values in batch.items()}
            sexes, births = _looked_up(people, batch["person"][chosen])
            for at in range(len(chosen)):
                level = LEVEL_CODES[rows["level"][at]]
                level = LEVELS.get(level, level)
                day = EPOCH + timedelta(days=rows["day"][at])
                total, basic, burden = rows["total_fen"][at], rows["basic_fen"][at], rows["burden_fen"][at]
                case_id = f"{rows['person'][at]}-{rows['seq'][at]}"
                draw = random.Random(case_id)
                days = (day - EPOCH).days - births[at]
                yield _coded(
                    draw,
                    _profile(draw, level, total, sexes[at], days),
                    Stay(
                        case_id=case_id,
                        dx=("",),
                        total_fen=total,
                        los=max(rows["stay_days"][at], 1),
                        age=max(days * 100 // 36_525, 0),
                        age_days=min(max(days, 0), 365) if days * 100 < 36_525 else None,
                        birth_weight=NEWBORN_WEIGHT if days <= NEWBORN_DAYS else None,
                        sex=sexes[at],
                        year=into_year,
                        discharged=_moved(day, into_year).isoformat(),
                        institution=codes[rows["institution"][at]],
                        level=level,
                        scheme=schemes[rows["pool"][at]],
                        patient_fen=burden,
                        other_fen=total - basic - burden,
                        remote=rows["filing"][at] >= 0,
                    ),
                )


def _coded(draw: random.Random, profile: Profile, stay: Stay) -> tuple[Stay, GroupOf]:
    found: Invented = coded(draw, profile, stay)
    return found.stay, GroupOf("" if found.drg == "0000" else found.drg)


def _profile(draw: random.Random, level: str, total_fen: int, sex: int, days: int) -> Profile:
    """A kind of illness for a stay of this level and cost, of a person of this sex and age in days."""
    newborn, age = days <= NEWBORN_DAYS, min(max(days * 100 // 36_525, 1), OLDEST)
    dear, cost = ODDS[level][0], math.log(total_fen)
    odds = []
    for profile in PROFILES:
        off = (cost - math.log(profile.cost * 100 * dear)) / _SPREAD
        seen = profile.often * ODDS[level][1][profile.low_level]
        if not _may_be(profile, sex, age, newborn=newborn):
            seen = 0
        odds.append(seen * math.exp(-off * off / 2))
    if sum(odds) <= 0:
        likely = [one for one in PROFILES if _may_be(one, sex, age, newborn=newborn)]
        return min(likely, key=lambda one: abs(cost - math.log(one.cost * 100 * dear)))
    return draw.choices(PROFILES, odds)[0]


def _may_be(profile: Profile, sex: int, age: int, *, newborn: bool) -> bool:
    fits = profile.newborn if newborn else not profile.newborn and profile.ages[0] <= age <= profile.ages[1]
    return fits and profile.sex in (0, sex)


def _people(dataset: Dataset, part: int) -> tuple[npt.NDArray[np.int64], ...]:
    """(person, sex, birth) of a part, by person."""
    batches = list(dataset.batches("persons", part, columns=["person", "sex", "birth"]))
    return tuple(np.concatenate([batch[name] for batch in batches]) for name in ("person", "sex", "birth"))


def _looked_up(people: tuple[npt.NDArray[np.int64], ...], wanted: npt.NDArray[np.int64]) -> tuple[list[int], list[int]]:
    at = np.searchsorted(people[0], wanted)
    return people[1][at].tolist(), people[2][at].tolist()


def _moved(day: date, year: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    if day.month == 2 and day.day == 29:
        return date(year, 2, 28)
    return day.replace(year=year)
