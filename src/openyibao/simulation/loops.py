"""Two small loops over sorted visits, compiled by numba: the order in which they settle, and own accounts.

Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from openyibao.kernel.compiled import compiled


def _falls(person: Any, seq: Any) -> bool:
    """Whether the order of settlement falls back anywhere inside a person."""
    found = False
    for i in range(1, len(person)):
        found |= person[i] == person[i - 1] and seq[i] < seq[i - 1]
    return found


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


falls = compiled(_falls, nogil=True)
sorted_rows = compiled(_sorted_rows, nogil=True)
spend = compiled(_spend, nogil=True)
by_pool = compiled(_by_pool, nogil=True)
