"""The compiled loops of the year driver: `kernel.settle_visit` itself, and what walks the columns around it.

Importing this module imports numba; only `year` does so, and only when a year is settled. Types come from the arrays.
What is compiled is kept on disk under a hash of the three sources it is made of.
"""

import numba
import numpy as np

from openyibao.kernel.compiled import compiled
from openyibao.policy import kernel, year_columns

MOST_LAYERS = 16
"""Layers one chain may have."""
MOST_STAYS = 512
"""Stays settled in pieces within one person, year and context."""
VISITS, PERSONS, TOTAL, IN_SCOPE, DEDUCTIBLE, REMOTE, BURDEN = range(len(year_columns.HEADS))
HEADS = len(year_columns.HEADS)
"""Columns of the totals before those of the layers."""

settle_visit = numba.njit(nogil=True, error_model="numpy", inline="always")(kernel.settle_visit)
"""The kernel, inlined into the loop, and without checks for a division by zero: herbs are at most the in-scope cost."""


@numba.njit(nogil=True, inline="always")
def pack(context, segment, benefit, level, status, variant, groups):
    """One integer for everything that chooses a cell; `year.unpack` is its inverse."""
    return (((((context * 256 + segment) * 16 + benefit) * 8 + level) * 8 + status) * 4096 + variant) * 128 + groups


@numba.njit(nogil=True, inline="always")
def find(keys, values, key):
    """Cell of a packed key, -1 when it is not in the table yet."""
    size = len(keys)
    at = (key ^ (key >> 17) ^ (key >> 31)) * 0x9E3779B1 & (size - 1)
    while keys[at] != key:
        if keys[at] < 0:
            return -1
        at = (at + 1) & (size - 1)
    return values[at]


def _unknown(keys, values, segments, first_day, found, day, context, benefit, level, status, groups, variant, excluded):
    """Packed keys of visits that no cell is known for, each once, among the -1 of `found`; returns how many.

    `found` is a hash table, its length a power of two; the search ends when it is half full.
    """
    count = 0
    last = -1
    size = len(found)
    for i in range(len(day)):
        if excluded[i]:
            continue
        key = pack(
            np.int64(context[i]),
            segments[context[i], day[i] - first_day],
            benefit[i],
            level[i],
            status[i],
            variant[i],
            groups[i],
        )
        if key == last:
            continue
        last = key
        if find(keys, values, key) < 0:
            at = (key ^ (key >> 17) ^ (key >> 31)) * 0x9E3779B1 & (size - 1)
            while found[at] >= 0 and found[at] != key:
                at = (at + 1) & (size - 1)
            if found[at] < 0:
                found[at] = key
                count += 1
                if 2 * count >= size:
                    return count
    return count


def _loop(
    rows,
    chains,
    keys,
    values,
    cells,
    candidates,
    layer_numbers,
    segments,
    remote,
    slots,
    first_day,
    order,
    target,
    amounts,
    totals,
    refused,
    refused_remote,
    person,
    benefit_year,
    day,
    context,
    benefit,
    level,
    status,
    groups,
    variant,
    filing,
    in_province,
    days,
    stay,
    waive,
    excluded,
    in_scope,
    prior,
    over,
    non_covered,
    special,
    herb,
):
    """Settle every visit; returns -1, or a visit whose cell is not known yet: then nothing done here counts.

    Args: order, when not empty, names the rows in the order they settle, a person's rows staying together. amounts,
    when it has columns, takes every visit's split: rows 0..3 total, deductible, remote first self-pay, burden, then
    row 4 + target[context, layer]. totals by context: the HEADS, then a column per layer. refused counts the visits
    of a cell that lacks a figure or a policy, refused_remote those without a ratio for care elsewhere.
    """
    widest = 0
    for c in range(len(slots)):
        widest = max(widest, slots[c])
    block = widest + 2 + 2 * MOST_STAYS
    n_contexts = len(slots)
    state = np.zeros(n_contexts * block, dtype=np.int64)
    saved = np.zeros(block, dtype=np.int64)
    used = np.zeros(n_contexts, dtype=np.int64)
    touched = np.zeros(n_contexts, dtype=np.int64)
    n_touched = 0
    out = np.zeros(MOST_LAYERS + 2, dtype=np.int64)
    trace = np.zeros(1, dtype=np.int64)
    who = np.int64(-1)
    when = np.int64(-1)
    n_rows = amounts.shape[0]
    splits = amounts.shape[1] > 0
    in_order = len(order) == 0
    for at in range(len(day)):
        i = at if in_order else np.int64(order[at])
        if person[i] != who or benefit_year[i] != when:
            who = np.int64(person[i])
            when = np.int64(benefit_year[i])
            for t in range(n_touched):
                first = touched[t] * block
                for s in range(widest + 2 + 2 * used[touched[t]]):
                    state[first + s] = 0
                used[touched[t]] = 0
            n_touched = 0
        c = np.int64(context[i])
        base = c * block
        known = False
        for t in range(n_touched):
            if touched[t] == c:
                known = True
        if not known:
            touched[n_touched] = c
            n_touched += 1
            totals[c, PERSONS] += 1
        total = np.int64(in_scope[i]) + prior[i] + over[i] + non_covered[i] + special[i]
        totals[c, VISITS] += 1
        totals[c, TOTAL] += total
        totals[c, IN_SCOPE] += in_scope[i]
        if splits:
            amounts[0, i] = total
            for r in range(1, n_rows):
                amounts[r, i] = 0
            amounts[3, i] = total
        if excluded[i]:
            totals[c, BURDEN] += total
            continue
        segment = segments[c, day[i] - first_day]
        key = pack(c, segment, benefit[i], level[i], status[i], variant[i], groups[i])
        cell = find(keys, values, key)
        if cell < 0:
            return i
        n_candidates = cells[cell, 1]
        if n_candidates == 0:
            refused[cell] += 1
            continue
        ratio = np.int64(0)
        if filing[i] >= 0:
            ratio = remote[c, segment, benefit[i], filing[i], in_province[i]]
            if ratio < 0:
                refused_remote[c, segment, benefit[i], filing[i], in_province[i]] += 1
                continue
        stays_slot = cells[cell, 2]
        stay_at = np.int64(-1)
        if stays_slot >= 0:
            if stay[i] < 0:
                stay_at = base + widest
                state[stay_at] = 0
                state[stay_at + 1] = 0
            else:
                stay_at = base + widest + 2 + 2 * stay[i]
                used[c] = max(used[c], stay[i] + 1)
        trials = n_candidates if n_candidates > 1 else 0
        span = widest + 2 + 2 * used[c]
        if trials:
            for s in range(span):
                saved[s] = state[base + s]
        best = np.int64(0)
        most = np.int64(-1)
        lacking = False
        chain = np.int64(0)
        for j in range(trials + 1):
            chain = candidates[cells[cell, 0] + (j if j < trials else best), 0]
            settle_visit(
                rows,
                chains,
                chain,
                in_scope[i],
                prior[i],
                over[i],
                non_covered[i],
                special[i],
                herb[i],
                ratio,
                days[i],
                stay_at,
                stays_slot,
                waive[i],
                state,
                base,
                out,
                trace,
                0,
            )
            paid = np.int64(0)
            for k in range(chains[chain]):
                if out[2 + k] < 0:
                    lacking = True
                paid += out[2 + k]
            if j < trials:
                if paid > most:
                    most = paid
                    best = j
                for s in range(span):
                    state[base + s] = saved[s]
        if lacking:
            refused[cell] += 1
            continue
        numbers = candidates[cells[cell, 0] + best, 1]
        burden = total
        for k in range(chains[chain]):
            paid = out[2 + k]
            if paid > 0:
                layer = layer_numbers[numbers + k]
                totals[c, HEADS + layer] += paid
                if rows[chains[chain + 1 + k] + 15]:
                    burden -= paid
                if splits:
                    amounts[4 + target[c, layer], i] += paid
        totals[c, DEDUCTIBLE] += out[1]
        totals[c, REMOTE] += out[0]
        totals[c, BURDEN] += burden
        if splits:
            amounts[1, i] = out[1]
            amounts[2, i] = out[0]
            amounts[3, i] = burden
    return -1


unknown = compiled(_unknown, kernel.__file__, year_columns.__file__, nogil=True)
loop = compiled(_loop, kernel.__file__, year_columns.__file__, nogil=True, error_model="numpy")
