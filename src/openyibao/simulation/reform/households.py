"""Households (家庭): exact deciles of income per head, and households whose bills take a catastrophic share of income.

Deciles are of insured persons by disposable income per head of their household (家庭人均可支配收入). They are exact and
need little memory: a first look counts persons in bands of 100 yuan, a second one orders only the nine bands in which a
limit falls.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import EPOCH, Columns, Ints
from openyibao.simulation.reform.figures import load_data
from openyibao.simulation.reform.keys import DECILES

BAND_FEN = 10_000
MOST_BANDS = 200_000
UNKNOWN = DECILES
"""The decile of persons whose household income is not known."""


def thresholds() -> tuple[int, ...]:
    """Shares of income, in per cent, above which bills count as catastrophic; the first one leads (data)."""
    return tuple(int(value) for value in load_data("catastrophic.yaml")["shares_percent"])


@dataclass
class People:
    """Persons of one part with what is known of their year: contributions, household, income per head."""

    person: Ints
    birth: Ints
    county: Ints
    home: Ints
    """Number of the household within the part."""
    homes: int
    rows: Columns
    """`contributions` of the year."""
    at: Ints
    """Place in `person` of every row of contributions."""
    income: Ints
    """Household's disposable income by row of contributions, fen; 0 where not known."""
    size: Ints
    """Household's members by row of contributions."""

    @property
    def per_head(self) -> Ints:
        """Income per head by row of contributions, fen rounded down; -1 where not known."""
        found: Ints = np.where(self.income > 0, self.income // np.maximum(self.size, 1), -1)
        return found


COLUMNS = (
    *("person", "pool", "status", "employer_kind", "groups", "months", "insured_at_year_end", "account"),
    *("base_fen", "employer_fen", "individual_fen", "subsidy_fen", "assistance_fen", "account_fen"),
    *("account_opening_fen", "purchases_fen", "household_income_fen"),
)
LIGHT = ("person", "household_income_fen")


def people(dataset: Dataset, part: int, year: int, columns: tuple[str, ...] = COLUMNS) -> People:
    """The persons of a part. Members of a household are those alive in the year."""
    table = _whole(dataset, "persons", part, None, ["person", "birth", "household", "county", "died"])
    first, last = (date(year, 1, 1) - EPOCH).days, (date(year, 12, 31) - EPOCH).days
    died = np.nan_to_num(table["died"].astype(np.float64), nan=last + 1).astype(np.int64)
    alive = (died >= first) & (table["birth"] <= last)
    _, home = np.unique(table["household"], return_inverse=True)
    homes = int(home.max()) + 1 if len(home) else 0
    size = np.bincount(home[alive], minlength=homes).astype(np.int64)
    rows = _whole(dataset, "contributions", part, year, list(columns))
    at = places(table["person"], rows["person"])
    income = rows["household_income_fen"].astype(np.int64)
    return People(
        table["person"], table["birth"], table["county"], home.astype(np.int64), homes, rows, at, income, size[home[at]]
    )


def places(known: Ints, wanted: Ints) -> Ints:
    """Where persons stand in an ascending list. Raises: Malformed, when one is not in it."""
    at = np.searchsorted(known, wanted)
    at[at == len(known)] = 0
    if len(wanted) and (not len(known) or np.any(known[at] != wanted)):
        raise Malformed(
            [Fault("persons", 0, "person", "有就诊或缴费的人不在 persons 之中", "openyibao datasets check")]
        )
    found: Ints = at
    return found


def _whole(dataset: Dataset, table: str, part: int, year: int | None, columns: list[str]) -> Columns:
    """Columns of a part's table in memory: a part holds a bounded number of persons."""
    batches = list(dataset.batches(table, part, year, columns=columns))
    if not batches:
        return {name: np.zeros(0, dtype=np.int64) for name in columns}
    return {name: np.concatenate([batch[name] for batch in batches]) for name in columns}


def limits(dataset: Dataset, year: int, said: Any = None) -> Ints:
    """Upper limits of the first nine deciles: the smallest income per head that k tenths of persons do not exceed."""
    counts = np.zeros(MOST_BANDS + 1, dtype=np.int64)
    for part in range(dataset.manifest.parts):
        found = people(dataset, part, year, LIGHT).per_head
        counts += np.bincount(_band(found[found >= 0]), minlength=MOST_BANDS + 1)
        if said is not None:
            said("households", part + 1)
    total = int(counts.sum())
    if not total:
        return np.zeros(DECILES - 1, dtype=np.int64)
    ranks = [-(-total * k // DECILES) for k in range(1, DECILES)]
    upto = np.cumsum(counts)
    wanted = [int(np.searchsorted(upto, rank)) for rank in ranks]
    inside: dict[int, list[Ints]] = {band: [] for band in wanted}
    for part in range(dataset.manifest.parts):
        found = people(dataset, part, year, LIGHT).per_head
        found = found[found >= 0]
        bands = _band(found)
        for band, pieces in inside.items():
            pieces.append(found[bands == band])
    ordered = {band: np.sort(np.concatenate(pieces)) for band, pieces in inside.items()}
    below = [int(upto[band] - counts[band]) for band in wanted]
    return np.array(
        [ordered[band][rank - before - 1] for band, rank, before in zip(wanted, ranks, below, strict=True)],
        dtype=np.int64,
    )


def _band(per_head: Ints) -> Ints:
    return np.minimum(per_head // BAND_FEN, MOST_BANDS)


def deciles(per_head: Ints, upper: Ints) -> Ints:
    """Decile of every person from 0 (lowest income); UNKNOWN where income is not known."""
    found: Ints = np.where(per_head < 0, UNKNOWN, np.searchsorted(upper, per_head, side="left"))
    return found.astype(np.int64)


@dataclass
class Catastrophic:
    """Households above a share of income before and after, by threshold and decile; households by decile."""

    shares: tuple[int, ...]
    homes: Ints = field(default_factory=lambda: np.zeros(DECILES + 1, dtype=np.int64))
    above: Ints = field(default_factory=lambda: np.zeros((0, 4, DECILES + 1), dtype=np.int64))
    """By threshold: before, after, newly above, no longer above; by decile."""

    def __post_init__(self) -> None:
        if not len(self.above):
            self.above = np.zeros((len(self.shares), 4, DECILES + 1), dtype=np.int64)

    def add(self, found: People, decile: Ints, cash_before: Ints, cash_after: Ints) -> None:
        """Take in a part: cash (现金) by row of contributions."""
        homes = found.home[found.at]
        before = np.bincount(homes, weights=cash_before, minlength=found.homes).astype(np.int64)
        after = np.bincount(homes, weights=cash_after, minlength=found.homes).astype(np.int64)
        income = np.zeros(found.homes, dtype=np.int64)
        np.maximum.at(income, homes, found.income)
        of_home = np.full(found.homes, DECILES, dtype=np.int64)
        np.minimum.at(of_home, homes, decile)
        known = np.flatnonzero(income > 0)
        self.homes += np.bincount(of_home[known], minlength=DECILES + 1)
        for at, share in enumerate(self.shares):
            was = before[known] * 100 > income[known] * share
            now = after[known] * 100 > income[known] * share
            for column, mask in enumerate((was, now, ~was & now, was & ~now)):
                self.above[at, column] += np.bincount(of_home[known][mask], minlength=DECILES + 1)

    def merge(self, other: Catastrophic) -> None:
        self.homes += other.homes
        self.above += other.above
