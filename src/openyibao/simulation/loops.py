"""Small loops over sorted visits, compiled by numba: their order, in the file and of settlement, and own accounts.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from openyibao.kernel.compiled import compiled

LATE, FALLS, OUTSIDE = range(3)
"""What is found of rows that do not settle as they come: a late bill is among them, or a seq that does not follow; a
row is not after the one before it; a row is of another year."""


def _as_they_come(person: Any, day: Any, seq: Any, first: Any, last: Any) -> bool:
    """Whether rows may settle as they come: persons and their days never fall, every seq is 0, 1, 2 …, days fit.

    Without a branch, for this is asked of every visit; what is wrong, or only late, `rows_in_order` finds out.
    """
    if len(person) == 0:
        return True
    wrong = seq[0] != 0 or day[0] < first or day[0] > last
    for i in range(1, len(person)):
        same = person[i] == person[i - 1]
        wrong |= person[i] < person[i - 1]
        wrong |= same & (day[i] < day[i - 1])
        wrong |= seq[i] != (seq[i - 1] + 1) * same
        wrong |= (day[i] < first) | (day[i] > last)
    return not wrong


def _rows_in_order(person: Any, day: Any, seq: Any, first: Any, last: Any) -> tuple[int, int]:
    """What is found of rows, and of which one: (person, day, seq) must rise, every day lie in first..last."""
    for i in range(len(person)):
        if day[i] < first or day[i] > last:
            return OUTSIDE, i
        if i > 0 and person[i] <= person[i - 1]:
            rises = day[i] > day[i - 1] or (day[i] == day[i - 1] and seq[i] > seq[i - 1])
            if person[i] < person[i - 1] or not rises:
                return FALLS, i
    return LATE, -1


def _first_gap(person: Any, seq: Any, order: Any) -> int:
    """The first row, in settle order, whose seq does not follow: a bill is missing before it or is there twice; -1."""
    for k in range(len(order)):
        i = order[k]
        expected = 0
        if k > 0 and person[order[k - 1]] == person[i]:
            expected = seq[order[k - 1]] + 1
        if seq[i] != expected:
            return int(i)
    return -1


def _sorted_rows(person: Any, seq: Any) -> Any:
    """Rows by (person, seq), equals as they come: an insertion sort, for a person's visits are few."""
    order = np.arange(len(person))
    for i in range(1, len(person)):
        j = i
        while j > 0 and person[order[j - 1]] == person[i] and seq[order[j - 1]] > seq[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    return order


def _spend(
    order: Any, person: Any, wants: Any, burden: Any, holder: Any, available: Any, paid: Any, spent: Any, at: int
) -> int:
    """Pay from own accounts (个人账户) what visits leave to the person, in the order they settle.

    Args: order empty when rows settle as they come. holder ascending, with `available` fen each, which goes down by
    what is spent; `spent` goes up. paid takes the account's part of every row. at: the holder to begin with.
    Returns: the holder to begin with next time.
    """
    n = len(holder)
    in_order = len(order) == 0
    for k in range(len(person)):
        i = k if in_order else order[k]
        paid[i] = 0
        if not wants[i]:
            continue
        while at < n and holder[at] < person[i]:
            at += 1
        if at < n and holder[at] == person[i]:
            pay = min(available[at], burden[i])
            paid[i] = pay
            available[at] -= pay
            spent[at] += pay
    return at


def _by_pool(pool: Any, fen: Any, sums: Any) -> None:
    """Add amounts to the sums of their pools."""
    for i in range(len(pool)):
        sums[pool[i]] += fen[i]


as_they_come = compiled(_as_they_come, nogil=True)
rows_in_order = compiled(_rows_in_order, nogil=True)
first_gap = compiled(_first_gap, nogil=True)
sorted_rows = compiled(_sorted_rows, nogil=True)
spend = compiled(_spend, nogil=True)
by_pool = compiled(_by_pool, nogil=True)
