"""Which visits of which kind the plan wants of a year (年度就诊计划), over the parts.

The mix of levels of stays is not printed: the share of the lowest level is assumed, the other two follow from the cost
per stay by level and overall. Stays elsewhere are printed for the province as a whole; what they cost more is taken
out of the stays at home of that level, so that a level's mean stays what is printed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from openyibao.synth.abilities import Abilities
from openyibao.synth.care import HOME, IN, OUT_OF, STAY_LEVELS, Needs
from openyibao.synth.figures import Book
from openyibao.synth.plan import SCHEMES, Ints, Layout

Strata = dict[tuple[str, int], float]


def level_mix(book: Book, scheme: str, year: int) -> dict[str, float]:
    """Shares of levels among stays, from the assumed lowest and the printed costs (级别结构由次均费用解出)."""
    low, middle, high = (book.get(f"stay_cost.{scheme}.{level}", year) for level in STAY_LEVELS)
    overall = book.get(f"stay_cost.{scheme}", year)
    primary = book.get(f"stays.primary_share.{scheme}", year)
    tertiary = (overall - primary * low - (1 - primary) * middle) / (high - middle)
    return {"primary": primary, "secondary": 1 - primary - tertiary, "tertiary": tertiary}


@dataclass
class Elsewhere:
    """Stays outside the city by (level, place): how many, at what mean cost."""

    stays: Strata
    cost: Strata


def elsewhere(book: Book, scheme: str, year: int) -> Elsewhere:
    """Stays in another city of the province and outside the province."""
    own = book.get("remote.employee_share", year)
    dearer = book.get("remote.employee_cost", year)
    made = Elsewhere({}, {})
    for place, name in ((IN, "in"), (OUT_OF, "out")):
        stays = book.heads(f"remote.{name}.stays", year)
        resident = book.yuan(f"remote.{name}.cost", year) / stays / (own * dearer + 1 - own)
        mine = stays * (own if scheme == "employee" else 1 - own)
        mean = resident * (dearer if scheme == "employee" else 1)
        second = book.get("remote.in.secondary", year) if place == IN else 0.0
        ratio = book.get("remote.secondary_cost", year)
        high = mean / (1 - second + second * ratio)
        made.stays["tertiary", place], made.cost["tertiary", place] = mine * (1 - second), high
        if second:
            made.stays["secondary", place], made.cost["secondary", place] = mine * second, high * ratio
    return made


def stays_by_stratum(book: Book, scheme: str, year: int) -> tuple[Strata, Strata]:
    """Stays and mean costs by (level, place)."""
    total = book.heads(f"stays.{scheme}", year)
    away = elsewhere(book, scheme, year)
    stays: Strata = {}
    cost: Strata = {}
    for level, share in level_mix(book, scheme, year).items():
        all_stays = total * share
        all_cost = all_stays * book.get(f"stay_cost.{scheme}.{level}", year)
        for place in (IN, OUT_OF):
            if (level, place) in away.stays:
                stays[level, place], cost[level, place] = away.stays[level, place], away.cost[level, place]
                all_stays -= stays[level, place]
                all_cost -= stays[level, place] * cost[level, place]
        stays[level, HOME], cost[level, HOME] = all_stays, all_cost / all_stays
    return stays, cost


def needs(layout: Layout, year: int, able: Abilities) -> list[Needs]:
    """Needs of every part in a year."""
    made = [Needs({}, {}, {}, {}, {}) for _ in layout.parts]
    for scheme in SCHEMES:
        stays, cost = stays_by_stratum(layout.book, scheme, year)
        counts = _jointly(layout, scheme, list(stays.values()))
        visits = _visits(layout, scheme, year, able)
        for at, need in enumerate(made):
            need.stays[scheme] = {key: int(counts[row, at]) for row, key in enumerate(stays)}
            need.cost[scheme] = cost
            for name, cut in visits.items():
                getattr(need, name)[scheme] = int(cut[at])
    for name, (total, spread) in _others(layout.book, year, able).items():
        for need, count in zip(made, layout.cut(total, spread), strict=True):
            setattr(need, name, int(count))
    return made


def _visits(layout: Layout, scheme: str, year: int, able: Abilities) -> dict[str, Ints]:
    """Chronic visits, those who hold a filing, outpatient visits; chronic ones count as outpatient without a policy."""
    book = layout.book
    chronic = book.heads(f"visits.chronic.{scheme}", year)
    outpatient = book.heads(f"visits.outpatient.{scheme}", year)
    if able.has(scheme, "inpatient") and not able.has(scheme, "chronic"):
        chronic, outpatient = 0.0, outpatient + chronic
    return {
        "chronic": layout.cut(chronic, scheme),
        "filers": layout.cut(chronic / book.get(f"chronic.visits_per_filer.{scheme}", year), scheme),
        "outpatient": layout.cut(outpatient, scheme),
    }


def _others(book: Book, year: int, able: Abilities) -> dict[str, tuple[float, str]]:
    """Totals of single counts, and how they spread over the parts."""
    active = book.get("rate.active", year) * book.heads("insured.active", year)
    retired = book.get("rate.retired", year) * book.heads("insured.retired", year)
    births = book.heads("maternity.births", year)
    two = book.get("two_disease.share", year) if able.has("resident", "two_disease") else 0.0
    chronic = book.heads("assistance.outpatient", year) if able.has("resident", "chronic") else 0.0
    care = book.heads("ltc.persons", year) * book.get("ltc.employee_share", year)
    return {
        "retired_stays": (book.heads("stays.employee", year) * retired / (active + retired), "employee"),
        "births": (births, "employee"),
        "maternity_other": (book.heads("maternity.medical", year) - births, "employee"),
        "resident_births": (book.heads("maternity.resident_births", year), "resident"),
        "helped_stays": (book.heads("assistance.inpatient", year), "resident"),
        "helped_chronic": (chronic, "resident"),
        "two_disease": (book.heads("visits.outpatient.resident", year) * two, "resident"),
        "care_persons": (care if able.has("employee", "long_term_care") else 0.0, "employee"),
    }


def _jointly(layout: Layout, scheme: str, totals: list[float]) -> Ints:
    """Counts (strata, parts) whose columns add up to the controlled count of all strata together."""
    whole = layout.cut(sum(totals), scheme)
    running = np.array([layout.cut(sum(totals[: at + 1]), scheme) for at in range(len(totals))])
    running[-1] = whole
    return np.diff(np.maximum.accumulate(running, axis=0), axis=0, prepend=0)
