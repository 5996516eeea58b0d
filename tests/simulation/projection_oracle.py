"""The central path of one area again, in plain loops and by another road: no arrays, nothing from the engine.

Only the tables of mortality and births and the suppositions themselves are shared. Every person-year is a number in a
dict keyed by (scheme, sex, age); flows follow the page that explains the method.
"""

from __future__ import annotations

from typing import Any

OLDEST = 100
BANDS = (0, 1, 6, 18, 25, 35, 45, 50, 55, 60, 65, 70, 75, 80, 85)


def band(age: int) -> int:
    return max(at for at, first in enumerate(BANDS) if first <= age)


def paths(world: dict[str, Any], said: dict[str, float], dying: Any, births: Any, years: int) -> list[dict[str, float]]:
    """Income, spending, balance of both pools by year.

    world: heads[(group, sex, age)], into and premium per head by group, rate[(group, sex, band)] fen a head, allowance
    per active head, share[(sex, age)] of employees below 45, retired[(sex, age)], opening by scheme.
    said: suppositions, as fractions.
    """
    work = {key[1:]: 0.0 for key in world["heads"]}
    live = dict(work)
    for (group, sex, age), heads in world["heads"].items():
        (live if group == 2 else work)[sex, age] += heads
    out: list[dict[str, float]] = []
    balance = dict(world["opening"])
    for since in range(years + 1):
        if since:
            work, live = _next(work, live, world, said, dying, births, since)
        row = _flows(work, live, world, said, since)
        for scheme in ("employee", "resident"):
            before = balance[scheme]
            interest = max(before, 0.0) * said["interest"] if since else 0.0
            balance[scheme] = before + interest + row[f"{scheme}.income"] - row[f"{scheme}.spending"]
            row[f"{scheme}.balance"] = balance[scheme]
        out.append(row)
    return out


def _next(work: Any, live: Any, world: Any, said: Any, dying: Any, births: Any, since: int) -> tuple[Any, Any]:
    softer = (1 - said["mortality_improvement"]) ** since
    mothers = sum((work[1, age] + live[1, age]) * births[age] for age in range(OLDEST + 1))  # as the year begins
    older = []
    for people in (work, live):
        made = dict.fromkeys(people, 0.0)
        for (sex, age), heads in people.items():
            moved = 1 + said["migration"] if 18 <= min(age + 1, OLDEST) < 45 else 1.0
            made[sex, min(age + 1, OLDEST)] += heads * (1 - dying[sex][age] * softer) * moved
        older.append(made)
    work, live = older
    born = said["fertility"] * mothers
    work[0, 0] = work[1, 0] = 0.0
    live[0, 0], live[1, 0] = born * 0.525, born * 0.475
    for sex in (0, 1):
        for age in range(16, 45):
            whole = work[sex, age] + live[sex, age]
            share = min(0.97, world["share"][sex, age] * (1 + said["employment_growth"]) ** since)
            work[sex, age], live[sex, age] = whole * share, whole * (1 - share)
    return work, live


def _flows(work: Any, live: Any, world: Any, said: Any, since: int) -> dict[str, float]:
    heads = dict.fromkeys((0, 1, 2), 0.0)
    spent = dict.fromkeys((0, 1, 2), 0.0)
    for (sex, age), count in work.items():
        gone = world["retired"][sex, age]
        for group, share in ((0, 1 - gone), (1, gone)):
            heads[group] += count * share
            spent[group] += count * share * world["rate"][group, sex, band(age)]
    for (sex, age), count in live.items():
        heads[2] += count
        spent[2] += count * world["rate"][2, sex, band(age)]
    wage, pension = (1 + said["wage_growth"]) ** since, (1 + said["pension_growth"]) ** since
    cost = [
        ((1 + said[f"cost_growth_{name}"]) * (1 + said["visit_growth"])) ** since for name in ("employee", "resident")
    ]
    steps = 100 * since * (said["individual_step"] + said["subsidy_step"])
    into, premium = world["into"], world["premium"]
    employees = heads[0] + heads[1]
    return {
        "employee.income": heads[0] * into[0] * wage + heads[1] * into[1] * pension,
        "resident.income": heads[2] * (into[2] + steps),
        "employee.spending": (spent[0] + spent[1] + employees * premium[0]) * cost[0]
        + heads[0] * world["allowance"] * wage,
        "resident.spending": (spent[2] + heads[2] * premium[1]) * cost[1],
    }


def retired_shares(heads: Any) -> dict[tuple[int, int], float]:
    """Share retired by sex and age: over three years of age, nobody before 40, all after the last, never falling."""
    found = {}
    for sex in (0, 1):
        known = [age for age in range(OLDEST + 1) if sum(_of(heads, g, sex, a) for g in (0, 1) for a in _near(age))]
        least = 0.0
        for age in range(OLDEST + 1):
            top = sum(_of(heads, 1, sex, a) for a in _near(age))
            whole = top + sum(_of(heads, 0, sex, a) for a in _near(age))
            share = top / whole if whole and age >= 40 else 0.0
            if age > known[-1]:
                share = 1.0
            least = max(least, share)
            found[sex, age] = least
    return found


def employed_shares(heads: Any) -> dict[tuple[int, int], float]:
    """Share of employees by sex and age from the share of the band, raised to the area's own level from 16 to 44."""
    by_band: dict[tuple[int, int], float] = {}
    for sex in (0, 1):
        for at in range(len(BANDS)):
            ages = [age for age in range(OLDEST + 1) if band(age) == at]
            work = sum(_of(heads, g, sex, age) for g in (0, 1) for age in ages)
            everyone = work + sum(_of(heads, 2, sex, age) for age in ages)
            by_band[sex, at] = work / max(everyone, 1.0)
    actual = expected = 0.0
    for sex in (0, 1):
        for age in range(16, 45):
            work = _of(heads, 0, sex, age) + _of(heads, 1, sex, age)
            actual += work
            expected += (work + _of(heads, 2, sex, age)) * by_band[sex, band(age)]
    level = actual / expected
    return {(sex, age): min(0.97, by_band[sex, band(age)] * level) for sex in (0, 1) for age in range(OLDEST + 1)}


def _near(age: int) -> list[int]:
    return [a for a in (age - 1, age, age + 1) if 0 <= a <= OLDEST]


def _of(heads: Any, group: int, sex: int, age: int) -> float:
    return heads.get((group, sex, age), 0.0)
