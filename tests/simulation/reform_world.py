"""A random dataset in which reforms can be run: contributions with bases and incomes, institutions, funds.

Its visits can be settled both with and without outpatient pooling, and some helped persons have large bills.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from openyibao.datasets.facade import FUND_ITEMS, FUNDS, Dataset, PartWriter, open_dataset, write_whole
from openyibao.policy.contracts import read_reform
from openyibao.policy.facade import Policies, data_folder
from tests.support.datasets import make

YEARS = (2020, 2022)
INSTITUTIONS = 40
OPENING = {"employee_pool": 90_000_000, "resident": 20_000_000}


def world(
    folder: Path,
    policies: Policies,
    *,
    persons: int = 900,
    areas: tuple[str, ...] = ("371500", "370200"),
    years: tuple[int, ...] = YEARS,
    parts: int = 3,
    row_group: int = 400,
) -> Dataset:
    """Two cities, two years, all benefits; every person pays in, many have an account."""
    pooling = policies.reformed(read_reform(data_folder("reforms") / "outpatient_pooling_2023.yaml"))
    dataset = make(folder, pooling, persons=persons, areas=areas, years=years, parts=parts, row_group=row_group)
    random = np.random.default_rng(7)
    for year in years:
        for part in range(parts):
            _contributions(dataset, part, year, random)
            _helped(dataset, part, year)
    numbers = np.arange(INSTITUTIONS)
    write_whole(
        folder,
        "institutions",
        {
            "institution": numbers,
            "code": [f"H{at:011d}" for at in numbers],
            "name": [f"第{at}医院" for at in numbers],
            "kind": numbers * 0,
            "level": 2 + numbers % 3,
            "area": np.full(INSTITUTIONS, 371502),
        },
    )
    rows = [
        (year, int(area), list(FUNDS).index(fund), list(FUND_ITEMS).index(item), fen, "tests", "assumed")
        for year in years
        for area in areas
        for fund, opening in OPENING.items()
        for item, fen in (("opening", opening), ("interest", 1_000_000), ("other_expenditure", 300_000))
    ]
    names = ("year", "area", "fund", "item", "fen", "source", "certainty")
    write_whole(folder, "funds", dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    return open_dataset(folder)


def _contributions(dataset: Dataset, part: int, year: int, random: np.random.Generator) -> None:
    """Contributions again, with everything a reform of them asks for."""
    batches = list(dataset.batches("contributions", part, year))
    rows = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    persons = list(dataset.batches("persons", part))
    known = np.concatenate([batch["person"] for batch in persons])
    home = np.concatenate([batch["household"] for batch in persons])[np.searchsorted(known, rows["person"])]
    n = len(rows["person"])
    employee = rows["pool"] % 2 == 0
    rows["status"] = np.where(employee, random.integers(1, 3, n), np.where(random.random(n) < 0.7, 3, 5))
    rows["employer_kind"] = np.where(employee, random.integers(1, 4, n), 0)
    rows["groups"] = np.where(random.random(n) < 0.05, 1, 0)
    rows["months"] = np.where(random.random(n) < 0.9, 12, random.integers(1, 12, n))
    rows["insured_at_year_end"] = random.integers(0, 2, n) | (rows["months"] == 12)
    rows["base_fen"] = np.where(employee, random.integers(374_600, 1_873_000, n), 0)
    rows["employer_fen"] = np.where(employee & (rows["status"] == 1), 500_000, 0)
    rows["individual_fen"] = np.where(employee, np.where(rows["status"] == 1, 140_000, 0), 32_000)
    rows["subsidy_fen"] = np.where(employee, 0, 61_000)
    rows["account"] = employee.astype(np.int8)
    incomes = 1_500_000 + (home.astype(np.int64) * 2_654_435_761 % 9_000_000)
    rows["household_income_fen"] = np.where(home % 5 == 0, 0, incomes)
    with PartWriter(dataset.folder, "contributions", part, year) as writer:
        writer.write(rows)


def _helped(dataset: Dataset, part: int, year: int) -> None:
    """Give every seventh person a helped group and four times the cost, so that limits of assistance bind."""
    batches = list(dataset.batches("visits", part, year))
    rows = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    mine = rows["person"] % 7 == 0
    rows["groups"] = np.where(mine, rows["groups"] | 2, rows["groups"])
    rows["in_scope_fen"] = np.where(mine, np.minimum(4 * rows["in_scope_fen"], 400_000_000), rows["in_scope_fen"])
    with PartWriter(dataset.folder, "visits", part, year) as writer:
        writer.write(rows)
