"""Whether rows can be settled (行次核对): in order, of their year, whole person-years, accounts that can be.

A person's counters go from one bill to the next, so a bill that comes twice, or is missing, or stands in the wrong
place would change what the others are paid. Nothing of the kind is passed over: the first such row is named.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from openyibao.datasets.facade import Batch, Dataset, out_of_bounds, row_fault
from openyibao.kernel.errors import Malformed
from openyibao.policy.contracts import EPOCH, Columns, Ints

_ORDER = "按 person、day、seq 升序，不重复"
_SEQ = "一个人一年的 seq 从 0 起逐一连续：前面缺一笔，后面各笔就不能结算"


def days_of(year: int | None, years: list[int]) -> tuple[int, int]:
    """First and last day a row may have: those of its year, or of the dataset's years."""
    first, last = (year, year) if year is not None else (min(years), max(years))
    return (date(first, 1, 1) - EPOCH).days, (date(last, 12, 31) - EPOCH).days


def settle_order(columns: Columns, seq: Any, batch: Mapping[str, Any], days: tuple[int, int]) -> Ints:
    """Rows in settle order, empty when that is the order they come in. Raises: Malformed, naming the row."""
    loops: Any = importlib.import_module("openyibao.simulation.loops")
    person, day = columns["person"], columns["day"]
    if loops.as_they_come(person, day, seq, *days):
        return np.zeros(0, dtype=np.int64)
    found, at = loops.rows_in_order(person, day, seq, *days)
    if found == loops.OUTSIDE:
        first, last = (EPOCH + timedelta(one) for one in days)
        raise Malformed([row_fault(batch, at, "day", str(_day(day[at])), f"{first} 至 {last}")])
    if found == loops.FALLS:
        here, before = _key(person, day, seq, at), _key(person, day, seq, at - 1)
        raise Malformed([row_fault(batch, at, "person,day,seq", f"{here} 不在上一行的 {before} 之后", _ORDER)])
    order: Ints = loops.sorted_rows(person, seq)
    at = loops.first_gap(person, seq, order)
    if at >= 0:
        raise Malformed([row_fault(batch, at, "seq", _gap(person, seq, order, at), _SEQ)])
    return order


def _gap(person: Any, seq: Any, order: Ints, at: int) -> str:
    here = int(np.flatnonzero(order == at)[0])
    before = int(order[here - 1]) if here else -1
    expected = int(seq[before]) + 1 if before >= 0 and person[before] == person[at] else 0
    said = "重复" if int(seq[at]) == expected - 1 else f"应为 {expected}"
    return f"person {int(person[at])} 的 seq {int(seq[at])} {said}"


def _key(person: Any, day: Any, seq: Any, at: int) -> str:
    return f"({int(person[at])}, {_day(day[at])}, {int(seq[at])})"


def _day(number: Any) -> date | str:
    try:
        return EPOCH + timedelta(int(number))
    except OverflowError:
        return f"第 {int(number)} 日"


# Accounts -------------------------------------------------------------------------------------------------------------


def check_accounts(batch: Batch, dataset: Dataset) -> None:
    """Rows of `contributions` that accounts are made of. Raises: Malformed with every column that is wrong."""
    person = batch["person"]
    faults = []
    twice = np.flatnonzero(person[1:] <= person[:-1])
    if len(twice):
        at = int(twice[0]) + 1
        wrong = f"{int(person[at])} 不在上一行的 {int(person[at - 1])} 之后"
        faults.append(row_fault(batch, at, "person", wrong, "按 person 升序，一人一行"))
    faults += out_of_bounds(batch, len(dataset.pools), len(dataset.variants))
    if faults:
        raise Malformed(faults)
