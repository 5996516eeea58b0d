"""Invented stays (虚构病例): years of a small city's hospitals, to try packs, directories and comparisons on.

Nobody in it exists, and no figure is anybody's: codes have real shapes, costs are drawn around invented means. The same
seed gives the same stays. Each comes with a DRG in the manner of the national scheme, so that weights can be worked out
without a grouper; kinds of the three MDCs of the sample scheme have the DRG that this scheme says.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from openyibao.kernel.money import yuan_text
from openyibao.payment.engine.contracts import Case, Grouping
from openyibao.payment.engine.facade import load_grouper, scheme_folder
from openyibao.payment.engine.pack.scheme import case_of
from openyibao.payment.engine.pack.stays import Stay

COLUMNS = (
    *("case_id", "sex", "age", "age_days", "birth_weight", "dept", "los", "leaving", "dx", "px"),
    *("total", "year", "discharged", "institution", "level", "scheme", "patient", "other", "remote", "doctor"),
    *("marks", "tcm"),
)


@dataclass(frozen=True)
class Profile:
    """One invented kind of stay: DRG stem, main diagnosis, procedures, mean cost in yuan, days, ages, how frequent."""

    drg: str
    dx: str
    px: tuple[str, ...]
    cost: int
    days: int
    ages: tuple[int, int]
    often: int
    dept: str
    sex: int = 0
    marks: str = ""
    tcm: float = 0.0
    low_level: int = 2
    """How far it is work of the lower levels: 0 tertiary only, 1 from secondary, 2 everywhere, 3 mostly primary."""
    also: tuple[str, ...] = ()
    """Further diagnoses that belong to the kind."""
    newborn: bool = False

    @property
    def by_scheme(self) -> bool:
        """Whether the sample scheme says the DRG (MDC N, P, Z)."""
        return self.drg == SCHEME


SCHEME = "sample"
"""Stands for a DRG that this grouping scheme says."""
PROFILES = (
    Profile("FM1", "I21.401", ("36.0700", "00.6600", "88.5600"), 42_000, 9, (45, 85), 10, "0302", low_level=0),
    Profile("FM1", "I20.000", ("36.0700", "00.6600"), 36_000, 7, (45, 85), 12, "0302", low_level=0),
    Profile("FR4", "I25.103", (), 8_200, 8, (45, 90), 40, "0302"),
    Profile("FV2", "I10.x05", (), 5_200, 7, (40, 90), 30, "0302", low_level=3),
    Profile("BR2", "I63.900", (), 11_500, 11, (50, 90), 55, "0304", low_level=1),
    Profile("BR1", "I61.900", (), 18_500, 14, (45, 88), 12, "0304", low_level=0),
    Profile("BB2", "I61.000", ("01.2400",), 68_000, 20, (40, 80), 5, "0406", low_level=0),
    Profile("ES3", "J18.900", (), 6_800, 8, (1, 90), 60, "0301", low_level=3),
    Profile("ES3", "J15.900", ("33.2400",), 10_500, 10, (20, 90), 14, "0301", low_level=1),
    Profile("ET1", "J44.100", (), 9_600, 10, (50, 92), 35, "0301"),
    Profile("ER1", "C34.100", ("99.2500",), 15_000, 8, (40, 82), 14, "1900", low_level=0),
    Profile("GD2", "K35.800", ("47.0100",), 13_500, 6, (8, 70), 18, "0401", low_level=1),
    Profile("GE1", "K40.900", ("53.0500",), 8_800, 4, (2, 85), 14, "0401", marks="day_surgery"),
    Profile("HC2", "K80.100", ("51.2300",), 16_500, 7, (25, 80), 16, "0401", low_level=1),
    Profile("GZ1", "K29.500", ("45.1600",), 5_400, 6, (18, 80), 22, "0303", low_level=2),
    Profile("GS1", "K92.204", (), 9_800, 8, (25, 88), 12, "0303"),
    Profile("GB1", "C18.700", ("45.7600", "45.9400"), 58_000, 18, (40, 82), 5, "0401", low_level=0),
    Profile("CB3", "H25.900", ("13.4100", "13.7100"), 7_900, 2, (50, 90), 26, "1000", marks="day_surgery"),
    Profile("IC2", "S72.000", ("81.5100",), 52_000, 15, (55, 92), 7, "0404", low_level=0),
    Profile("IF5", "S82.600", ("79.3600",), 26_000, 13, (16, 75), 10, "0404", low_level=1),
    Profile("IU2", "M51.202", (), 6_300, 10, (25, 80), 26, "5000", tcm=0.55),
    Profile("KS1", "E11.900", (), 6_900, 8, (35, 88), 34, "0305"),
    Profile("LR1", "N18.900", ("39.9500",), 9_200, 7, (30, 85), 18, "0306", low_level=1),
    Profile("LL1", "N20.100", ("98.5100",), 7_300, 3, (20, 75), 12, "0403", low_level=1),
    Profile("OB1", "O34.201", ("74.1x01",), 9_400, 6, (20, 42), 20, "0502", sex=2, low_level=1),
    Profile("OR1", "O80.000", ("73.5900",), 4_600, 4, (20, 40), 22, "0502", sex=2, low_level=1),
    Profile("TR2", "F20.000", (), 13_000, 62, (18, 75), 8, "1500", low_level=1),
    Profile("XR1", "Z51.502", (), 7_700, 9, (40, 85), 6, "1900", low_level=1),
    Profile("0000", "R52.900", ("04.8100",), 3_300, 3, (30, 80), 3, "2600"),
    Profile(SCHEME, "D25.900", ("68.4100",), 15_500, 8, (35, 55), 9, "0501", sex=2, low_level=1),
    Profile(SCHEME, "D25.100", ("68.2917",), 9_800, 4, (28, 50), 5, "0501", sex=2, low_level=1),
    Profile(SCHEME, "D27.x00", ("65.2500",), 10_500, 6, (18, 60), 7, "0501", sex=2, low_level=1),
    Profile(SCHEME, "N81.200", ("70.5000",), 14_000, 9, (45, 80), 3, "0501", sex=2, low_level=1),
    Profile(SCHEME, "C50.900", ("85.4300", "85.7900"), 43_000, 16, (32, 72), 3, "0401", sex=2, low_level=0),
    Profile(SCHEME, "C53.900", ("68.6900", "65.6100", "40.5300"), 47_000, 18, (30, 70), 2, "0501", sex=2, low_level=0),
    Profile(SCHEME, "Z51.100", (), 7_200, 5, (30, 75), 10, "0501", sex=2, low_level=0, also=("C53.900",)),
    Profile(SCHEME, "N73.900", (), 4_300, 7, (18, 60), 14, "0502", sex=2, low_level=3),
    Profile(SCHEME, "N92.000", (), 4_100, 5, (25, 55), 9, "0502", sex=2, low_level=2),
    Profile(SCHEME, "P59.900", (), 5_100, 5, (0, 0), 14, "0701", low_level=1, newborn=True),
    Profile(SCHEME, "P23.900", (), 8_900, 9, (0, 0), 6, "0701", low_level=1, newborn=True),
    Profile(SCHEME, "P07.300", ("96.7101",), 46_000, 22, (0, 0), 2, "0701", low_level=0, newborn=True),
    Profile(SCHEME, "S22.400", (), 11_500, 12, (16, 80), 6, "0404", low_level=1, also=("S42.300",)),
    Profile(SCHEME, "S36.000", ("41.5x00",), 44_000, 15, (16, 70), 2, "0401", low_level=0, also=("S72.000",)),
)
SECONDARY = (
    "I10.x05",
    "E11.900",
    "I50.900",
    "J96.000",
    "N18.900",
    "E87.600",
    "J18.900",
    "I48.900",
    "D62.x00",
    "E78.500",
)
DAY_CASE = 2
"""A stay up to so many days may have been a day surgery (48 hours)."""
MAJOR = frozenset({"J96.000"})
MINOR = frozenset({"I50.900", "N18.900", "E87.600", "J18.900", "I48.900", "D62.x00"})
HOSPITALS = (
    *((f"H30{at}", "tertiary") for at in range(1, 4)),
    *((f"H20{at}", "secondary") for at in range(1, 7)),
    *((f"H10{at}", "primary") for at in range(1, 9)),
)
BY_LEVEL = {
    "tertiary": (1.25, 0.36),
    "secondary": (1.0, 0.27),
    "primary": (0.72, 0.16),
}
"""Level -> (how dear, the patient's part)."""
OPEN_TO = {
    0: (10, 2, 0),
    1: (6, 7, 1),
    2: (5, 6, 4),
    3: (2, 4, 7),
}
"""How often a kind of stay is at tertiary, secondary, primary hospitals, by `Profile.low_level`."""
LEVEL_ODDS = {
    level: (BY_LEVEL[level][0], tuple(OPEN_TO[low][at] for low in sorted(OPEN_TO))) for at, level in enumerate(BY_LEVEL)
}
"""Level -> (how dear, how often each kind is there by `low_level`)."""


class Invented(NamedTuple):
    """An invented stay and its DRG."""

    stay: Stay
    drg: str


def invent(count: int, years: Iterable[int] = (2023, 2024, 2025), seed: int = 1) -> Iterator[Invented]:
    """So many stays, spread over the years, in the order of their numbers."""
    draw = random.Random(seed)
    years = tuple(years)
    often = list(accumulate(profile.often for profile in PROFILES))
    for number in range(1, count + 1):
        profile = draw.choices(PROFILES, cum_weights=often)[0]
        yield _one(draw, number, profile, draw.choice(years), years[0])


def _one(draw: random.Random, number: int, profile: Profile, year: int, first_year: int) -> Invented:
    level = draw.choices(("tertiary", "secondary", "primary"), OPEN_TO[profile.low_level])[0]
    institution = draw.choice([code for code, of in HOSPITALS if of == level])
    dear, borne = BY_LEVEL[level]
    others = _others(draw, profile)
    severe = 1.45 if MAJOR & {*others} else 1.15 if MINOR & {*others} else 1.0
    spread = draw.lognormvariate(0, 0.28)
    if draw.random() < 0.02:
        spread *= draw.choice((0.3, 2.6, 4.0))
    factor = dear * severe * spread * 1.03 ** (year - first_year)
    total = max(int(profile.cost * 100 * factor), 10_000)
    marked = bool(profile.marks) and draw.random() < 0.3
    los = 1 if marked else max(1, int(draw.gauss(profile.days, profile.days * 0.3) * (1.3 if severe > 1.3 else 1)))
    patient = int(total * borne * draw.uniform(0.85, 1.15))
    other = int((total - patient) * 0.12) if total > 4_000_000 else 0
    age = draw.randint(*profile.ages)
    days, weight = _newborn(draw) if profile.newborn else (None, None)
    died = draw.random() < 0.002 * severe**4
    stay = Stay(
        case_id=f"C{number:07d}",
        dx=(_variant(draw, profile.dx), *others),
        px=profile.px if draw.random() < 0.95 else profile.px[:1],
        total_fen=total,
        los=los,
        age=age,
        age_days=days,
        birth_weight=weight,
        sex=profile.sex or draw.randint(1, 2),
        leaving="5" if died else "1",
        dept=profile.dept,
        year=year,
        discharged=(date(year, 1, 1) + timedelta(days=draw.randrange(365))).isoformat(),
        institution=institution,
        level=level,
        scheme=draw.choices(("employee", "resident"), (4, 6))[0],
        patient_fen=patient,
        other_fen=other,
        remote=draw.random() < 0.03,
        doctor=f"{institution}-D{draw.randint(1, 6)}",
        marks=frozenset({profile.marks}) if marked else frozenset(),
        tcm_fen=int(total * min(profile.tcm * draw.uniform(0.6, 1.2), 1.0)),
    )
    leaf = "1" if severe > 1.3 else "3" if severe > 1.1 else "5"
    return Invented(stay, _drg(profile, stay, leaf))


def _others(draw: random.Random, profile: Profile) -> list[str]:
    """Further diagnoses: the kind's own, then none to three of those that come with many illnesses."""
    others = draw.sample(SECONDARY, draw.choice((0, 0, 1, 1, 2, 3)))
    if profile.newborn:
        others = []
    return [*profile.also, *(code for code in others if code[:3] != profile.dx[:3])]


def _newborn(draw: random.Random) -> tuple[int, int]:
    """Age in days and birth weight in grams of a newborn; about a tenth weigh less than 2,500."""
    return draw.randint(0, 28), max(900, min(4_500, int(draw.gauss(3_150, 520))))


def _drg(profile: Profile, stay: Stay, leaf: str) -> str:
    """The group: what the sample scheme says of its own kinds, else the kind's stem with a leaf by severity."""
    if profile.by_scheme:
        return _by_sample()(case_of(stay)).drg
    return "0000" if profile.drg == "0000" else profile.drg + leaf


@cache
def _by_sample() -> Callable[[Case], Grouping]:
    return load_grouper(scheme_folder(SCHEME)).group


def _variant(draw: random.Random, code: str) -> str:
    """Now and then a rarer subcategory of the same category, so that a directory needs mixed groups."""
    if code[4:5].isdigit() and draw.random() < 0.06:
        return f"{code[:4]}{draw.randrange(10)}00"
    return code


def coded(draw: random.Random, profile: Profile, stay: Stay) -> Invented:
    """A stay whose bill is known, coded as a kind of illness; its money, days and person stay as they are."""
    others = _others(draw, profile)
    leaf = "1" if MAJOR & {*others} else "3" if MINOR & {*others} else "5"
    made = replace(
        stay,
        dx=(_variant(draw, profile.dx), *others),
        px=profile.px if draw.random() < 0.95 else profile.px[:1],
        dept=profile.dept,
        doctor=f"{stay.institution}-D{draw.randint(1, 6)}",
        tcm_fen=int(stay.total_fen * min(profile.tcm, 1.0)),
        marks=frozenset({profile.marks}) if profile.marks and stay.los <= DAY_CASE else frozenset(),
    )
    return Invented(made, _drg(profile, made, leaf))


def write_stays(stays: Iterable[Stay], path: Path) -> None:
    """A file of stays as `read_stays` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for stay in stays:
            out.writerow(
                [
                    stay.case_id,
                    stay.sex,
                    stay.age,
                    "" if stay.age_days is None else stay.age_days,
                    "" if stay.birth_weight is None else stay.birth_weight,
                    stay.dept,
                    stay.los,
                    stay.leaving,
                    "|".join(stay.dx),
                    "|".join(stay.px),
                    yuan_text(stay.total_fen),
                    stay.year,
                    stay.discharged,
                    stay.institution,
                    stay.level,
                    stay.scheme,
                    yuan_text(stay.patient_fen),
                    yuan_text(stay.other_fen),
                    "1" if stay.remote else "0",
                    stay.doctor,
                    "|".join(sorted(stay.marks)),
                    yuan_text(stay.tcm_fen),
                ]
            )


def write_groups(invented: Iterable[Invented], path: Path) -> None:
    """The stays' DRGs as a grouper would write them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("case_id", "status", "mdc", "adrg", "drg"))
        for one in invented:
            grouped = one.drg != "0000"
            out.writerow(
                (
                    one.stay.case_id,
                    "分组成功" if grouped else "无法入组",
                    f"MDC{one.drg[0]}" if grouped else "0000",
                    one.drg[:3] if grouped else "00",
                    one.drg,
                )
            )
