"""Settles one part of a dataset, every year of it: the piece of work that a thread or an executor is given.

A part holds whole persons, so parts know nothing of each other: nothing is exchanged between them but these sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from openyibao.datasets.facade import Dataset, PartWriter
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import Columns, Ints, Tally
from openyibao.simulation.accounts import Accounts
from openyibao.simulation.contracts import Sums
from openyibao.simulation.driver import PAYERS, READ, READ_WITH_SPLITS, Driver

Said = Callable[[int], None]
SPLIT_ROWS = 4 + len(PAYERS)


@dataclass
class YearSums:
    """Sums by pool of one part and year; persons are distinct. refused by reason: message, hint, how many visits."""

    pools: list[Sums]
    persons: int = 0
    refused: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    def add(self, other: YearSums) -> None:
        """Take in the sums of another part."""
        for mine, theirs in zip(self.pools, other.pools, strict=True):
            mine.add(theirs)
        self.persons += other.persons
        add_refused(self.refused, other.refused)


def add_refused(into: dict[str, tuple[str, str, int]], more: dict[str, tuple[str, str, int]]) -> None:
    """Add counts of refused visits, reason by reason; of the messages the first in order stays, whoever came first."""
    for reason, (message, hint, count) in more.items():
        before = into.get(reason, (message, hint, 0))
        into[reason] = (*min(before[:2], (message, hint)), before[2] + count)


@dataclass
class PartSums:
    """Sums of one part by year; persons are distinct over the years."""

    years: dict[int, YearSums]
    persons: int = 0

    def add(self, other: PartSums) -> None:
        """Take in another part, of other persons."""
        self.persons += other.persons
        for year, sums in other.years.items():
            if year in self.years:
                self.years[year].add(sums)
            else:
                self.years[year] = sums


class Buffers:
    """Memory for splits that one worker uses again and again."""

    def __init__(self) -> None:
        self._splits = np.empty(0, dtype=np.int64)

    def splits(self, visits: int) -> Ints:
        if len(self._splits) < visits * SPLIT_ROWS:
            self._splits = np.empty(visits * SPLIT_ROWS * 9 // 8, dtype=np.int64)
        return self._splits


def settle_part(
    driver: Driver, dataset: Dataset, part: int, run: str = "", buffers: Buffers | None = None, said: Said | None = None
) -> PartSums:
    """Settle every year of a part; `run` names the folder under `settled` that takes the splits, "" writes none.

    Raises: Malformed, when a file cannot be read or holds what the schema does not allow.
    """
    buffers = buffers or Buffers()
    found: list[Ints] = []
    years: dict[int, YearSums] = {}
    faults: list[Fault] = []
    for year in dataset.years:
        try:
            years[year], persons = _year(driver, dataset, part, year, run, buffers, said)
            found += persons
        except Malformed as problem:
            faults += problem.faults
    if faults:
        raise Malformed(faults)
    return PartSums(years, _distinct(found, len(dataset.years)))


def _year(
    driver: Driver, dataset: Dataset, part: int, year: int, run: str, buffers: Buffers, said: Said | None
) -> tuple[YearSums, list[Ints]]:
    whole = Tally(np.zeros((len(driver.pools), 0), dtype=np.int64))
    persons: list[Ints] = []
    accounts: Accounts | None = None
    visits = dataset.batches("visits", part, year, columns=list(READ_WITH_SPLITS if run else READ))
    if run:
        accounts = Accounts(dataset, part, year)
        with PartWriter(dataset.folder, "settled", part, year, run) as writer:
            for batch in visits:
                held = accounts.upto(int(batch["person"][-1]))
                buffer = buffers.splits(len(batch["person"]))
                columns, tally = driver.splits(batch, held, buffer)
                writer.write(columns)
                _note(whole, tally, batch, persons, said)
        accounts.close()
    else:
        for batch in visits:
            _note(whole, driver.tally(batch), batch, persons, said)
    pools = [Sums() for _ in driver.pools] if not whole.totals.shape[1] else driver.sums(whole)
    for pool, sums in enumerate(pools):
        if accounts is not None:
            sums.account_fen = int(accounts.spent[pool])
            sums.account_purchases_fen = int(accounts.bought[pool])
    refused = {reason: (one.message, one.hint, count) for reason, (one, count) in whole.refused.items()}
    return YearSums(pools, sum(len(some) for some in persons), refused), persons


def _note(whole: Tally, tally: Tally, batch: Columns, persons: list[Ints], said: Said | None) -> None:
    whole.add(tally)
    person = batch["person"]
    first = np.flatnonzero(person[1:] != person[:-1]) + 1
    persons.append(person[np.concatenate(([0], first))])
    if said is not None:
        said(len(person))


def _distinct(found: list[Any], years: int) -> int:
    """How many different persons: within a year every person comes once."""
    if years == 1:
        return sum(len(some) for some in found)
    return len(np.unique(np.concatenate(found))) if found else 0
