"""The compiled loop that adds visits to the cube and to their persons. Importing this module imports numba."""

from __future__ import annotations

from typing import Any

import numba

from openyibao.simulation.reform.keys import SPLIT

WIDTH = len(SPLIT)
BURDEN, CITY = SPLIT.index("burden"), SPLIT.index("city_product")
P_BEFORE, P_AFTER, P_WANT_BEFORE, P_WANT_AFTER, P_CITY_BEFORE, P_CITY_AFTER, P_TOTAL, P_CHANGED = range(8)
PERSON_SUMS = 8


def _accumulate(
    keys: Any, who: Any, in_scope: Any, wants: Any, before: Any, after: Any, cube: Any, persons: Any
) -> None:
    """Add visits to the cube's rows and to their persons.

    Args: keys by (dimension, visit). who: row of `persons`, -1 for none. wants: 1 when the account may pay.
    before, after: the driver's splits, row 0 the total, then SPLIT. persons: columns P_….
    """
    for i in range(keys.shape[1]):
        changed = 0
        for m in range(WIDTH):
            if before[1 + m, i] != after[1 + m, i]:
                changed = 1
        for d in range(keys.shape[0]):
            row = keys[d, i]
            cube[row, 0] += 1
            cube[row, 1] += before[0, i]
            cube[row, 2] += in_scope[i]
            cube[row, 3] += changed
            for m in range(WIDTH):
                cube[row, 4 + m] += before[1 + m, i]
                cube[row, 4 + WIDTH + m] += after[1 + m, i]
        p = who[i]
        if p < 0:
            continue
        persons[p, P_BEFORE] += before[1 + BURDEN, i]
        persons[p, P_AFTER] += after[1 + BURDEN, i]
        persons[p, P_CITY_BEFORE] += before[1 + CITY, i]
        persons[p, P_CITY_AFTER] += after[1 + CITY, i]
        persons[p, P_TOTAL] += before[0, i]
        persons[p, P_CHANGED] += changed
        if wants[i]:
            persons[p, P_WANT_BEFORE] += before[1 + BURDEN, i]
            persons[p, P_WANT_AFTER] += after[1 + BURDEN, i]


def _add_rows(keys: Any, values: Any, cube: Any) -> None:
    """Add a row of values per person to the cube's rows of every dimension."""
    for i in range(keys.shape[1]):
        for d in range(keys.shape[0]):
            row = keys[d, i]
            for m in range(values.shape[1]):
                cube[row, m] += values[i, m]


accumulate = numba.njit(nogil=True)(_accumulate)
add_rows = numba.njit(nogil=True)(_add_rows)
