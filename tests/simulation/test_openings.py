"""Person-years that do not begin at zero: the state they bring is what the single driver begins with, to the fen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import Dataset, check, open_dataset
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies
from openyibao.simulation.driver import READ, Driver
from openyibao.simulation.facade import resettle
from openyibao.simulation.reform.losers import explained
from openyibao.simulation.reform.measure import Loser
from tests.simulation.test_driver import differences, settled
from tests.support.datasets import make, open_years

YEAR, PART = 2022, 1
Row = tuple[int, int, int, str, int]


@pytest.fixture
def own(dataset: Dataset, tmp_path: Path) -> Dataset:
    shutil.copytree(dataset.folder, tmp_path / "own")
    return open_dataset(tmp_path / "own")


def visits(dataset: Dataset) -> dict[str, Any]:
    found = list(dataset.batches("visits", PART, YEAR))
    return {name: np.concatenate([some[name] for some in found]) for name in found[0]}


def drawn(policies: Policies, dataset: Dataset, seed: int) -> list[Row]:
    """Counters for a third of those with visits, and for their stays in pieces what a year before may have left."""
    random = np.random.default_rng(seed)
    rows = visits(dataset)
    made: list[Row] = []
    for person in np.unique(rows["person"])[::3].tolist():
        mine = np.flatnonzero(rows["person"] == person)
        first = mine[np.argmin(rows["seq"][mine])]
        pool = int(rows["pool"][first])
        names = sorted(policies.compiler.book(*dataset.pools[pool]).slots)
        for name in random.choice(names, 4, replace=False).tolist():
            most = 4 if name.endswith(".stays") else 20_000_000
            made.append((person, pool, -1, name, int(random.integers(0, most))))
        if ((rows["stay"][mine] == 0) & (rows["pool"][mine] == pool)).any():
            made.append((person, pool, 0, "deductible", int(random.integers(0, 90_000))))
            made.append((person, pool, 0, "number", int(random.integers(1, 4))))
    return made


def test_an_opened_year_is_what_the_single_driver_says(policies: Policies, own: Dataset) -> None:
    rows = drawn(policies, own, 5)
    assert any(row[2] == 0 for row in rows)
    before = settled(Driver(policies, own), own, PART, YEAR)
    opened = open_years(own, YEAR, {PART: rows})
    seen, found = differences(policies, opened, PART, YEAR)
    assert found[:5] == []
    assert seen == len(before["person"])
    after = settled(Driver(policies, opened), opened, PART, YEAR)
    changed = (after["burden_fen"] != before["burden_fen"]) | (after["basic_fen"] != before["basic_fen"])
    persons = {row[0] for row in rows}
    assert changed.any()
    assert set(after["person"][changed].tolist()) <= persons


def test_bills_are_explained_with_the_state_they_began_with(policies: Policies, own: Dataset) -> None:
    opened = open_years(own, YEAR, {PART: drawn(policies, own, 5)})
    splits = settled(Driver(policies, opened), opened, PART, YEAR)
    persons = sorted(opened.openings(PART, YEAR) or ())[:40]
    some = [Loser(0, person, PART, 0, 0, 0) for person in persons]
    for one in explained(opened, (policies, policies), YEAR, some):
        mine = splits["person"] == one.loser.person
        assert sum(bill.burden[0] for bill in one.bills) == splits["burden_fen"][mine].sum(), one.problem


def test_a_year_opened_with_nothing_is_the_compiled_loop_s(policies: Policies, own: Dataset) -> None:
    """Every person through the single driver, none of them changed: the two ways are one, in splits and in sums."""
    plain = settled(Driver(policies, own), own, PART, YEAR)
    tally = [Driver(policies, own).tally(batch) for batch in own.batches("visits", PART, YEAR, columns=list(READ))]
    known = [(person, pool, -1, "inpatient.in_scope", 0) for person in np.unique(plain["person"]) for pool in range(4)]
    opened = open_years(own, YEAR, {PART: [(int(person), *more) for person, *more in known]})
    again = settled(Driver(policies, opened), opened, PART, YEAR)
    assert all((again[name] == values).all() for name, values in plain.items())
    driver = Driver(policies, opened)
    sums = [driver.tally(batch) for batch in opened.batches("visits", PART, YEAR, columns=list(READ))]
    for one, two in zip(tally, sums, strict=True):
        assert not one.refused
        assert not two.refused
        assert Driver.sums(driver, two) == Driver.sums(driver, one)


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ((99, -1, "inpatient.in_scope", 1), "pool 99"),
        ((0, -1, "inpatient.in_scope", -1), "value -1"),
        ((0, 3, "inpatient.in_scope", 1), "stay 3"),
        ((0, -1, "no.such", 1), "no.such"),
    ],
)
def test_an_opening_that_can_be_none(policies: Policies, own: Dataset, row: Any, wrong: str) -> None:
    person = int(visits(own)["person"][0])
    opened = open_years(own, YEAR, {PART: [(person, *row)]})
    with pytest.raises(Malformed, match=wrong) as raised:
        settled(Driver(policies, opened), opened, PART, YEAR)
    assert "openings/year=2022/part-00001" in str(raised.value) or "visits/year=2022/part-00001" in str(raised.value)


@pytest.mark.slow
def test_both_ways_and_any_number_of_jobs(policies: Policies, tmp_path: Path) -> None:
    """Totals and splits of a dataset with openings do not depend on threads, nor on whether splits are written."""
    dataset = make(tmp_path / "data", policies, persons=600, years=(YEAR,), seed=11, row_group=333)
    opened = open_years(dataset, YEAR, {PART: drawn(policies, dataset, 9)})
    assert check(opened) > 10
    found = [resettle(opened, policies, run=run, jobs=jobs).as_json() for run in ("current", None) for jobs in (1, 5)]
    money = [{key: one[key] for key in ("fund_fen", "payers_fen", "burden_fen", "deductible_fen")} for one in found]
    assert all(one == money[0] for one in money)
    assert money[0]["fund_fen"] != resettle(_unopened(opened), policies).fund_fen


def _unopened(dataset: Dataset) -> Dataset:
    del dataset.manifest.rows["openings"]
    return dataset
