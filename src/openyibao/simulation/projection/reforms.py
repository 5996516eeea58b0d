"""Reforms in a projection (改革之下): checked first, then in force for whole years from the year they begin.

A reform is measured on the bills of the base year as if it had held all that year. What begins by the end of the base
year holds from the first projected year on; what begins later holds from its own day, the year of its beginning by the
share of its days. Changes of several days are stages, each measured by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies
from openyibao.simulation.projection.engine import Paths, Scenarios, Start, balances, run
from openyibao.simulation.projection.measure import Measured, Progress, measure
from openyibao.simulation.projection.response import CASES, answered
from openyibao.simulation.projection.result import Variant, pools_of
from openyibao.simulation.reform import given, guard
from openyibao.simulation.reform.contributions import Rules
from openyibao.simulation.reform.run import place

LAST = date(9999, 12, 31)


@dataclass(frozen=True)
class Stage:
    """Policies from a day on, measured as if they had held all of the base year."""

    begins: date
    policies: Policies
    source: Source


@dataclass
class Given:
    """A reform that may be projected: its title, its stages in order of their days, what a reader should know."""

    title: str
    stages: list[Stage]
    notes: list[str] = field(default_factory=list)


def accepted(dataset: Dataset, policies: Policies, reforms: list[Path], year: int) -> list[Given]:
    """Read and check every reform before anything is settled.

    Raises: Malformed with the faults of all files, BenefitListForbids.
    """
    faults: list[Fault] = []
    found = []
    for path in reforms:
        try:
            source = read_reform(path)
            after = given.reformed(policies, source)
            doubts: list[str] = []
            guard.check(policies, after, source, doubts)
            notes = [*place(dataset, source, year), *doubts]
            stages = list(_stages(policies, source, year))
        except Malformed as problem:
            faults += problem.faults
            continue
        last = stages[-1]
        notes += _begun(source, year) + given.idle(policies, last.policies, last.source, dataset.pools, year)
        found.append(Given(str(source.data.get("title") or path.stem), stages, notes))
    if faults:
        raise Malformed(faults)
    return found


def _stages(policies: Policies, source: Source, year: int) -> Any:
    first, next_year = date(year, 1, 1), date(year + 1, 1, 1)
    rows = sorted(source.data["changes"], key=lambda row: day_from_text(row["from"]))
    begins = sorted({max(day_from_text(row["from"]), next_year) for row in rows})
    for begin in begins:
        held = [
            {**row, "from": str(min(day_from_text(row["from"]), first))}
            for row in rows
            if day_from_text(row["from"]) <= begin
        ]
        whole = Source(source.name, {**source.data, "changes": held}, source.lines)
        yield Stage(begin, policies.reformed(whole), whole)


def _begun(source: Source, year: int) -> list[str]:
    """What is made of the days a reform states."""
    days = sorted({day_from_text(row["from"]) for row in source.data["changes"]})
    notes = []
    if any(date(year, 1, 1) < day <= date(year, 12, 31) for day in days):
        notes.append(f"{year} 年中开始的改动按全年测得，自 {year + 1} 年起全年施行")
    notes += [f"自 {day} 起的改动从 {day.year} 年起计入" for day in days if day.year > year]
    return notes


# Projecting -------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """What every reform is projected with: the dataset's base year, its start, scenarios and paths as things are."""

    dataset: Dataset
    policies: Policies
    measured: Measured
    start: Start
    chosen: Scenarios
    base: Paths
    jobs: int | None
    said: Progress


def projected(world: World, reform: Given, *, response: bool = False) -> Variant:
    """The pools under a reform; with `response` also what they come to when visits answer (central scenario)."""
    measures = [_measured(world, stage) for stage in reform.stages]
    paths = _joined(world, reform, measures, world.chosen, world.base)
    units, scale = [unit.area for unit in world.measured.units], world.dataset.manifest.scale
    notes = [*reform.notes, *dict.fromkeys(text for one in measures for text in one.notes)]
    made = Variant(reform.title, pools_of(paths, units, scale), notes)
    if response:
        alone = world.chosen.first()
        base = world.base.first()
        for case in CASES:
            answering = [answered(world.measured, one, case) for one in measures]
            made.response[case] = pools_of(_joined(world, reform, answering, alone, base), units, scale)
    return made


def _measured(world: World, stage: Stage) -> Measured:
    year = world.measured.year
    rules = Rules.of(world.policies, stage.policies, world.dataset, year, stage.source)
    return measure(world.dataset, stage.policies, year, rules=rules, jobs=world.jobs, progress=world.said)


def _joined(world: World, reform: Given, measures: list[Measured], chosen: Scenarios, base: Paths) -> Paths:
    """The paths of every stage by the share of each year in which it holds; the first year shows the last stage."""
    years, closing = base.years, base.balance[:, 0]
    staged = [run(one, world.start, chosen, len(years) - 1, closing) for one in measures]
    begins = [*(stage.begins for stage in reform.stages), LAST]
    income, spending = base.income.copy(), base.spending.copy()
    for at, year in enumerate(years):
        if not at:
            income[:, 0], spending[:, 0] = staged[-1].income[:, 0], staged[-1].spending[:, 0]
            continue
        for paths, begin, end in zip(staged, begins, begins[1:], strict=False):
            part = share_of(year, begin, end)
            income[:, at] += part * (paths.income[:, at] - base.income[:, at])
            spending[:, at] += part * (paths.spending[:, at] - base.spending[:, at])
    balance = balances(income, spending, world.start, chosen, closing)
    return Paths(years, income, spending, np.asarray(balance), base.heads)


def share_of(year: int, begin: date, end: date) -> float:
    """Share of a year's days from `begin` until before `end`."""
    first, last = date(year, 1, 1), date(year + 1, 1, 1)
    days = (min(end, last) - max(begin, first)).days
    return max(0, days) / (last - first).days
