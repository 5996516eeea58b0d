"""The driver of whole years pays what the single driver pays, to the fen, whatever a dataset holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from openyibao.datasets.facade import Dataset
from openyibao.policy.facade import Policies, case_from
from openyibao.simulation.driver import PAYERS, Driver, settled_column
from tests.simulation.conftest import PERSONS
from tests.support.datasets import cases


def settled(driver: Driver, dataset: Dataset, part: int, year: int) -> dict[str, Any]:
    """Every split of a part, accounts and all, in the order of the file."""
    from openyibao.simulation.accounts import Accounts

    accounts = Accounts(dataset, part, year)
    found: dict[str, list[Any]] = {}
    for batch in dataset.batches("visits", part, year):
        columns = driver.settle(batch, accounts.upto(int(batch["person"][-1])))
        for name, values in columns.items():
            found.setdefault(name, []).append(values.copy())
    return {name: np.concatenate(values) for name, values in found.items()}


def single(policies: Policies, case: dict[str, Any]) -> list[dict[str, int]]:
    """What the single driver says of a person-year, as columns of `settled`."""
    rows = []
    for row in policies.settle(case_from(case, checked=True)).rows:
        made: Any = row
        paid = dict.fromkeys(PAYERS, 0)
        for layer, pay in zip(made.split.cell.rows, made.split.payments, strict=True):
            paid[settled_column(layer.layer, layer.pays_as)] += pay
        rows.append(
            {
                **paid,
                "total_fen": made.visit.total,
                "in_scope_fen": made.visit.in_scope,
                "deductible_fen": made.split.deductible,
                "remote_first_self_pay_fen": made.split.remote,
                "burden_fen": made.burden,
                "account_fen": made.account,
            }
        )
    return rows


def differences(policies: Policies, dataset: Dataset, part: int, year: int) -> tuple[int, list[str]]:
    """Visits compared, and what differs between the two drivers."""
    columns = settled(Driver(policies, dataset), dataset, part, year)
    seen = 0
    found = []
    for at, case in cases(dataset, part, year):
        for row, mine in zip(at, single(policies, case), strict=True):
            seen += 1
            found += [
                f"row {row} {name}: year {int(columns[name][row])} != single {fen}"
                for name, fen in mine.items()
                if int(columns[name][row]) != fen
            ]
    return seen, found


@pytest.mark.parametrize("year", [2020, 2022, 2024])
def test_the_single_driver_says_the_same(policies: Policies, dataset: Dataset, year: int) -> None:
    seen, found = differences(policies, dataset, 1, year)
    assert found[:5] == []
    assert seen > PERSONS / 2


def test_the_dataset_is_worth_comparing(dataset: Dataset) -> None:
    """Late bills, stays in pieces, changed pools and care elsewhere are all there."""
    found = list(dataset.batches("visits", 0, 2022))
    batch = {name: np.concatenate([some[name] for some in found]) for name in found[0]}
    same = batch["person"][1:] == batch["person"][:-1]
    assert (same & (batch["seq"][1:] < batch["seq"][:-1])).any()
    assert (same & (batch["pool"][1:] != batch["pool"][:-1])).any()
    for name, value in (("stay", 0), ("waive", 1), ("excluded", 1), ("filing", 3), ("in_province", 1)):
        assert (batch[name] == value).any(), name
    assert len(set(batch["benefit"].tolist())) > 4
    assert (np.bitwise_count(batch["groups"]) > 1).any()
