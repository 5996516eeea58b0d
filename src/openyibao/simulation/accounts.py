"""The account side of a year (个人账户): what own accounts bear of visits, in settle order, then of purchases.

Modelling choices, stated in docs/explanation/run-a-nation.md: the whole year's credits are available from its first
day, and purchases in pharmacies come after the year's visits. Family members' accounts are the settlement room's work.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from openyibao.datasets.facade import Batch, Dataset
from openyibao.policy.contracts import Columns, Ints
from openyibao.simulation.rows import check_accounts

COLUMNS = ["person", "pool", "account", "account_opening_fen", "account_fen", "purchases_fen"]
"""Columns of `contributions` that say what an account holds."""


def _loops() -> Any:
    return importlib.import_module("openyibao.simulation.loops")


@dataclass
class Holders:
    """Accounts of persons in ascending order: what is available, what visits spent, what purchases would take."""

    person: Ints
    pool: Any
    available: Ints
    purchases: Ints
    spent: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    at: int = 0

    def __post_init__(self) -> None:
        self.spent = np.zeros(len(self.person), dtype=np.int64)

    def spend(self, order: Ints, batch: Columns, burden: Ints, paid: Ints) -> None:
        """Pay the burdens of a batch's visits that an account may pay; `paid` takes each visit's part."""
        wants, person = batch["account"].astype(np.int8), batch["person"].astype(np.int64)
        _loops().spend(order, person, wants, burden, self.person, self.available, paid, self.spent, 0)

    def bought(self) -> Ints:
        """What purchases take of what is left."""
        return np.minimum(self.available, self.purchases)


def holders(batch: Columns) -> Holders:
    """Those of a batch of `contributions` who have an account."""
    own = np.flatnonzero(batch["account"] == 1)
    available = batch["account_opening_fen"][own] + batch["account_fen"][own]
    np.maximum(available, 0, out=available)
    return Holders(batch["person"][own], batch["pool"][own], available, batch["purchases_fen"][own])


class Accounts:
    """The accounts of one part and year, read beside its visits: `upto` hands over those of the next persons.

    Sums by pool of what visits and purchases took are complete after `close`.
    """

    def __init__(self, dataset: Dataset, part: int, year: int) -> None:
        self._batches = _checked(dataset, part, year)
        self._rest: Holders | None = None
        self._last: Holders | None = None
        self.spent = np.zeros(len(dataset.pools), dtype=np.int64)
        self.bought = np.zeros(len(dataset.pools), dtype=np.int64)

    def upto(self, person: int) -> Holders:
        """Accounts of the persons not handed over yet, up to and with one."""
        self._count()
        taken: list[Holders] = []
        while True:
            if self._rest is None:
                batch = next(self._batches, None)
                if batch is None:
                    break
                self._rest = holders(batch)
            end = int(np.searchsorted(self._rest.person, person, side="right"))
            mine, self._rest = _cut(self._rest, end)
            taken.append(mine)
            if self._rest is not None:
                break
        self._last = _joined(taken)
        return self._last

    def close(self) -> None:
        """Count those who had no more visits."""
        self._count()
        self._last, self._rest = self._rest, None
        self._count()
        for batch in self._batches:
            self._last = holders(batch)
            self._count()

    def _count(self) -> None:
        if self._last is not None:
            _loops().by_pool(self._last.pool, self._last.spent, self.spent)
            _loops().by_pool(self._last.pool, self._last.bought(), self.bought)
            self._last = None


def _checked(dataset: Dataset, part: int, year: int) -> Iterator[Batch]:
    for batch in dataset.batches("contributions", part, year, columns=COLUMNS):
        check_accounts(batch, dataset)
        yield batch


def _cut(whole: Holders, end: int) -> tuple[Holders, Holders | None]:
    parts = [
        Holders(whole.person[cut], whole.pool[cut], whole.available[cut], whole.purchases[cut])
        for cut in (slice(0, end), slice(end, None))
    ]
    return parts[0], parts[1] if len(parts[1].person) else None


def _joined(parts: list[Holders]) -> Holders:
    if len(parts) == 1:
        return parts[0]
    empty = np.zeros(0, dtype=np.int64)
    if not parts:
        return Holders(empty, empty.astype(np.int16), empty, empty)
    return Holders(
        np.concatenate([part.person for part in parts]),
        np.concatenate([part.pool for part in parts]),
        np.concatenate([part.available for part in parts]),
        np.concatenate([part.purchases for part in parts]),
    )
