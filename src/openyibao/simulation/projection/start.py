"""What the funds begin with (期初): opening balances and other items, from the dataset or from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from openyibao.datasets.facade import FUND_ITEMS, FUNDS, Dataset
from openyibao.simulation.projection.assumptions import openings
from openyibao.simulation.projection.engine import Start, run, single
from openyibao.simulation.projection.measure import SCHEMES, Measured

FUND_OF = {"employee": "employee_pool", "resident": "resident"}
YEARS_APART = 1
"""A balance of the end of the year before, and no other, is the opening of a year."""


def start_of(dataset: Dataset, measured: Measured) -> tuple[Start, list[str]]:
    """Balances and items of every pool in the measured year, and where they come from. Accounts are left out."""
    size = (len(measured.units), len(SCHEMES))
    balance = np.full((*size, 3), np.nan)
    interest, income, spent = np.zeros(size), np.zeros(size), np.zeros(size)
    said: list[str] = []
    items = _items(dataset, measured.year)
    for at, unit in enumerate(measured.units):
        for which, scheme in enumerate(SCHEMES):
            own = items.get((int(unit.city), FUND_OF[scheme]), {})
            if "opening" in own:
                balance[at, which] = own["opening"]
            else:
                balance[at, which] = _known(dataset, unit.city, scheme, measured.year, said)
            interest[at, which] = own.get("interest", 0)
            income[at, which] = own.get("fiscal", 0) + own.get("other_income", 0)
            spent[at, which] = own.get("other_expenditure", 0)
    sources = sorted({str(row["source"]) for row in dataset.whole("funds").to_pylist() if row["year"] == measured.year})
    said[:0] = [f"期初结余与其他收支取自数据集（{'；'.join(sources)}）"] if sources else []
    return Start(balance, interest, income, spent), said


def carried(dataset: Dataset, earlier: list[Measured], start: Start) -> tuple[Start, list[str]]:
    """Balances that are not stated for the last year, carried on from an earlier year of the dataset that has one."""
    if not earlier or not np.isnan(start.balance).any():
        return start, []
    balance: Any = None
    for one in earlier:
        own, _ = start_of(dataset, one)
        if balance is not None:
            own.balance = np.where(np.isnan(own.balance), balance, own.balance)
        paths = run(one, own, single("migration", 0.0, 1), 0)
        balance = own.balance + (paths.income + own.interest - paths.spending)[0, 0][..., None]
    found = np.where(np.isnan(start.balance), balance, start.balance)
    if np.isnan(found).sum() == np.isnan(start.balance).sum():
        return start, []
    said = f"期初结余由 {earlier[0].year} 年初的数加各年测得的收支推得"
    return Start(found, start.interest, start.other_income, start.other_expenditure), [said]


def _known(dataset: Dataset, area: str, scheme: str, year: int, said: list[str]) -> Any:
    for one in openings():
        if (one.area, one.scheme, one.year_end) == (area, scheme, year - YEARS_APART):
            said.append(f"{one.source}（{one.certainty}）")
            return np.array([one.low, one.central, one.high]) * dataset.manifest.scale
    return np.nan


def _items(dataset: Dataset, year: int) -> dict[tuple[int, str], dict[str, int]]:
    found: dict[tuple[int, str], dict[str, int]] = {}
    for row in dataset.whole("funds").to_pylist():
        if row["year"] == year:
            own = found.setdefault((row["area"], list(FUNDS)[row["fund"]]), {})
            item = list(FUND_ITEMS)[row["item"]]
            own[item] = own.get(item, 0) + row["fen"]
    return found


def shared(start: Start, measured: Measured, cities: Measured) -> Start:
    """A city's balance and items shared among its counties by what is spent for each: a county is no pool."""
    spent = measured.fund.sum(axis=-1)
    whole = np.zeros((len(cities.units), len(SCHEMES)))
    at = np.array([[unit.area for unit in cities.units].index(unit.city) for unit in measured.units], dtype=int)
    np.add.at(whole, at, spent)
    share = np.divide(spent, whole[at], out=np.zeros_like(spent), where=whole[at] > 0)
    return Start(
        start.balance[at] * share[..., None],
        start.interest[at] * share,
        start.other_income[at] * share,
        start.other_expenditure[at] * share,
    )
