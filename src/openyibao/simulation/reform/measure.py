"""One pass over a year (一次遍历): every visit settled before and after, and summed.

Persons are kept only while their part is read.

Parts are independent: they are read by several threads and added up in any order, for every sum is of integers.
"""

from __future__ import annotations

import heapq
import importlib
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from openyibao.datasets.facade import Dataset
from openyibao.policy.contracts import Columns, Ints
from openyibao.simulation.driver import READ_WITH_SPLITS, Driver, refuse
from openyibao.simulation.reform.contributions import Change, Rules
from openyibao.simulation.reform.households import Catastrophic, People, deciles, people, places, thresholds
from openyibao.simulation.reform.keys import (
    N_BENEFITS,
    N_LEVELS,
    N_SCHEMES,
    N_STATUSES,
    PERSON_COLUMNS,
    VISIT_COLUMNS,
    Keys,
)

Progress = Callable[[str, int], None]
CONTRIBUTED = ("employer_fen", "individual_fen", "subsidy_fen", "assistance_fen", "account_fen")
MOST_LOSERS = 10


@dataclass(frozen=True, order=True)
class Loser:
    """One who loses: loss first, so that lists sort; fen a year."""

    loss: int
    person: int
    part: int
    bills: int
    """Of it, more to pay for care."""
    credit: int
    """Of it, less credited to the account."""
    premium: int


@dataclass
class Measured:
    """Everything summed over a year. Cubes by the rows of `Keys`; contributions by pool."""

    keys: Keys
    visits: Ints
    persons: Ints
    paid_in: Ints
    """By pool: employer, individual, subsidy, assistance, account as recorded; the same as changed; heads; heads by
    the year's end; flexible workers' change."""
    catastrophic: Catastrophic
    losers: list[Loser] = field(default_factory=list)
    losers_by_bills: list[Loser] = field(default_factory=list)
    visitors: int = 0
    affected: int = 0
    """Persons with a bill that is paid differently."""
    rule_checked: int = 0
    rule_equal: int = 0
    without_disease: int = 0

    @classmethod
    def empty(cls, keys: Keys) -> Measured:
        return cls(
            keys,
            np.zeros((keys.visit_rows, len(VISIT_COLUMNS)), dtype=np.int64),
            np.zeros((keys.person_rows, len(PERSON_COLUMNS)), dtype=np.int64),
            np.zeros((len(keys.pools), PAID_IN), dtype=np.int64),
            Catastrophic(thresholds()),
        )

    def merge(self, other: Measured) -> None:
        self.visits += other.visits
        self.persons += other.persons
        self.paid_in += other.paid_in
        self.catastrophic.merge(other.catastrophic)
        self.losers = most(self.losers + other.losers)
        self.losers_by_bills = most(self.losers_by_bills + other.losers_by_bills, by_bills=True)
        for name in ("visitors", "affected", "rule_checked", "rule_equal", "without_disease"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


PAID_IN = 2 * len(CONTRIBUTED) + 3
HEADS, INSURED_AT_END, FLEXIBLE = range(2 * len(CONTRIBUTED), PAID_IN)


def most(losers: list[Loser], *, by_bills: bool = False) -> list[Loser]:
    """The largest losers, ties by person."""
    key: Any = (lambda one: (-one.bills, one.person)) if by_bills else (lambda one: (-one.loss, one.person))
    return sorted(losers, key=key)[:MOST_LOSERS]


def measure(
    dataset: Dataset,
    drivers: tuple[Driver, Driver],
    rules: Rules,
    upper: Ints,
    year: int,
    *,
    jobs: int | None = None,
    said: Progress | None = None,
) -> Measured:
    """Settle a year before and after and add it up. Raises: VisitsRefused, Malformed."""
    keys = Keys(dataset)
    whole = Measured.empty(keys)
    parts = iter(range(dataset.manifest.parts))
    threads = max(1, min(jobs or os.cpu_count() or 1, dataset.manifest.parts))
    done = 0
    with ThreadPoolExecutor(max_workers=threads) as pool:

        def begin(part: int) -> Future[Measured]:
            return pool.submit(_Part(dataset, drivers, rules, upper, year, keys, part).run)

        # Only as many parts are under way as there are threads: a part's sums are let go when they are added up.
        waiting = deque(begin(part) for part in islice(parts, threads))
        try:
            while waiting:
                whole.merge(waiting.popleft().result())
                waiting.extend(begin(part) for part in islice(parts, 1))
                done += 1
                if said is not None:
                    said("parts", done)
        except BaseException:
            for future in waiting:
                future.cancel()
            raise
    return whole


@dataclass
class _Part:
    """One part of whole households."""

    dataset: Dataset
    drivers: tuple[Driver, Driver]
    rules: Rules
    upper: Ints
    year: int
    keys: Keys
    part: int

    def run(self) -> Measured:
        made = Measured.empty(self.keys)
        found = people(self.dataset, self.part, self.year)
        sums = self._visits(made, found)
        self._persons(made, found, sums)
        return made

    # Visits ---------------------------------------------------------------------------------------------------

    def _visits(self, made: Measured, found: People) -> Ints:
        """Settle and add up every visit; sums by person of the part."""
        loops: Any = importlib.import_module("openyibao.simulation.reform.loops")
        sums = np.zeros((len(found.person), loops.PERSON_SUMS), dtype=np.int64)
        county = self.keys.county_at(found.county)
        age = self.keys.age_at(found.birth, self.year)
        for batch in self.dataset.batches("visits", self.part, self.year, columns=list(READ_WITH_SPLITS)):
            amounts = []
            for driver in self.drivers:
                _, tally = driver.splits(batch)
                refuse(tally)
                amounts.append(tally.amounts)
            who = places(found.person, batch["person"])
            loops.accumulate(
                self._visit_keys(batch, county[who], age[who]),
                who,
                np.ascontiguousarray(batch["in_scope_fen"], dtype=np.int64),
                np.ascontiguousarray(batch["account"], dtype=np.int8),
                *amounts,
                made.visits,
                sums,
            )
        made.visitors = int(np.count_nonzero(sums[:, loops.P_TOTAL]))
        made.affected = int(np.count_nonzero(sums[:, loops.P_CHANGED]))
        return sums

    def _visit_keys(self, batch: Columns, county: Ints, age: Ints) -> Ints:
        pool = batch["pool"].astype(np.int64)
        scheme = self.keys.schemes[pool]
        cell = ((pool * N_BENEFITS + batch["benefit"]) * N_LEVELS + batch["level"]) * N_STATUSES + batch["status"]
        dims = self.keys.visit_dims
        return np.stack(
            [
                dims["cell"].first + cell,
                dims["institution"].first + np.clip(batch["institution"], 0, self.keys.institutions).astype(np.int64),
                dims["county"].first + county * N_SCHEMES + scheme,
                dims["age"].first + age * N_SCHEMES + scheme,
                dims["group"].first + self.keys.group_at(batch["groups"]) * N_SCHEMES + scheme,
            ]
        )

    # Persons --------------------------------------------------------------------------------------------------

    def _persons(self, made: Measured, found: People, sums: Ints) -> None:
        """Contributions, accounts, gains and losses of every insured person."""
        loops: Any = importlib.import_module("openyibao.simulation.reform.loops")
        rows = found.rows
        if not len(rows["person"]):
            return
        change = self.rules.change(rows, found.birth[found.at])
        mine = sums[found.at]
        self._paid_in(made, rows, change)
        account = _account(rows, change, mine, loops)
        flexible = np.where(rows["employer_kind"] == 3, change.parts["employer"], 0)
        bills = mine[:, loops.P_BEFORE] - mine[:, loops.P_AFTER]
        bills += mine[:, loops.P_CITY_AFTER] - mine[:, loops.P_CITY_BEFORE]
        premium = -(change.own + flexible)
        gain = bills + change.parts["account"] + premium
        values = np.stack(
            [
                np.ones(len(gain), dtype=np.int64),
                (gain > 0).astype(np.int64),
                (gain < 0).astype(np.int64),
                np.maximum(found.per_head, 0),
                bills,
                change.parts["account"],
                premium,
                mine[:, loops.P_BEFORE],
                mine[:, loops.P_AFTER],
                *account,
            ],
            axis=1,
        )
        decile = deciles(found.per_head, self.upper)
        loops.add_rows(self._person_keys(found, decile), values, made.persons)
        made.catastrophic.add(found, decile, values[:, 7] - account[2], values[:, 8] - account[3])
        made.losers = self._losers(rows, -gain, -bills, -change.parts["account"], -premium, -gain)
        made.losers_by_bills = self._losers(rows, -gain, -bills, -change.parts["account"], -premium, -bills)
        if change.rule_account is not None:
            checked = change.rule_account >= 0
            made.rule_checked = int(np.count_nonzero(checked))
            made.rule_equal = int(np.count_nonzero(rows["account_fen"][checked] == change.rule_account[checked]))

    def _person_keys(self, found: People, decile: Ints) -> Ints:
        rows = found.rows
        pool = rows["pool"].astype(np.int64)
        scheme = self.keys.schemes[pool]
        dims = self.keys.person_dims
        return np.stack(
            [
                dims["pool"].first + pool * N_STATUSES + rows["status"],
                dims["county"].first + self.keys.county_at(found.county[found.at]) * N_SCHEMES + scheme,
                dims["age"].first + self.keys.age_at(found.birth[found.at], self.year) * N_SCHEMES + scheme,
                dims["group"].first + self.keys.group_at(rows["groups"]) * N_SCHEMES + scheme,
                dims["decile"].first + decile,
            ]
        )

    def _paid_in(self, made: Measured, rows: Columns, change: Change) -> None:
        pool = rows["pool"].astype(np.int64)
        columns = [rows[name].astype(np.int64) for name in CONTRIBUTED]
        columns += [change.parts[name.removesuffix("_fen")] for name in CONTRIBUTED]
        ones = np.ones(len(pool), dtype=np.int64)
        flexible = np.where(rows["employer_kind"] == 3, change.parts["employer"], 0)
        columns += [ones, (rows["insured_at_year_end"] == 1).astype(np.int64), flexible]
        for at, column in enumerate(columns):
            np.add.at(made.paid_in[:, at], pool, column)

    def _losers(self, rows: Columns, loss: Ints, bills: Ints, credit: Ints, premium: Ints, ranked: Ints) -> list[Loser]:
        """The largest losers of the part by one measure, ties by the smaller person number."""
        positive = np.flatnonzero(ranked > 0)
        if len(positive) > MOST_LOSERS:
            least = np.partition(ranked[positive], -MOST_LOSERS)[-MOST_LOSERS]
            positive = positive[ranked[positive] >= least]
        chosen = heapq.nsmallest(MOST_LOSERS, positive.tolist(), key=lambda at: (-int(ranked[at]), at))
        return [
            Loser(int(loss[at]), int(rows["person"][at]), self.part, int(bills[at]), int(credit[at]), int(premium[at]))
            for at in chosen
        ]


def _account(rows: Columns, change: Change, mine: Ints, loops: Any) -> list[Ints]:
    """Credits, what visits and purchases took, and what purchases fell short of, before and after (个人账户)."""
    holds = rows["account"] == 1
    opening = rows["account_opening_fen"].astype(np.int64)
    wanted = np.where(holds, rows["purchases_fen"], 0).astype(np.int64)
    credit = [rows["account_fen"].astype(np.int64), rows["account_fen"] + change.parts["account"]]
    found: list[list[Ints]] = [[], [], []]
    for side, column in enumerate((loops.P_WANT_BEFORE, loops.P_WANT_AFTER)):
        available = np.where(holds, np.maximum(opening + credit[side], 0), 0)
        spent = np.minimum(available, mine[:, column])
        bought = np.minimum(available - spent, wanted)
        for pieces, values in zip(found, (spent, bought, wanted - bought), strict=True):
            pieces.append(values)
    return [*credit, *found[0], *found[1], *found[2]]
