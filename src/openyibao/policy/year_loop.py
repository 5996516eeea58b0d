"""The compiled loops of the year driver: `kernel.settle_visit` itself, and what walks the columns around it.

Importing this module imports numba; only `year` does so, and only when a year is settled. Types come from the arrays.
Nothing is cached on disk: numba would not notice a change of the kernel's source.
"""

import numba
import numpy as np

from openyibao.policy import kernel

MOST_LAYERS = 16
"""Layers one chain may have."""
MOST_STAYS = 512
"""Stays settled in pieces within one person, year and context."""

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


@numba.njit(nogil=True)
def unknown(keys, values, segments, first_day, found, day, context, benefit, level, status, groups, variant, excluded):
    """Packed keys of visits that no cell is known for, each once, into `found`; returns how many."""
    count = 0
    last = -1
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
        if find(keys, values, key) < 0:
            fresh = True
            for j in range(count):
                if found[j] == key:
                    fresh = False
                    break
            if fresh:
                found[count] = key
                count += 1
                if count == len(found):
                    return count
        last = key
    return count


@numba.njit(nogil=True, error_model="numpy")
def loop(
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
    splits,
    payments,
    extra,
    totals,
    person,
    year,
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
    """Settle every visit in order; returns -1, or the first visit that a missing figure forbids."""
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
    for i in range(len(day)):
        if person[i] != who or year[i] != when:
            who = np.int64(person[i])
            when = np.int64(year[i])
            for t in range(n_touched):
                at = touched[t] * block
                for s in range(widest + 2 + 2 * used[touched[t]]):
                    state[at + s] = 0
                used[touched[t]] = 0
            n_touched = 0
        if excluded[i]:
            continue
        c = np.int64(context[i])
        base = c * block
        known = False
        for t in range(n_touched):
            if touched[t] == c:
                known = True
        if not known:
            touched[n_touched] = c
            n_touched += 1
        segment = segments[c, day[i] - first_day]
        key = pack(c, segment, benefit[i], level[i], status[i], variant[i], groups[i])
        cell = find(keys, values, key)
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
        ratio = np.int64(0)
        if filing[i] >= 0:
            ratio = remote[c, segment, benefit[i], filing[i], in_province[i]]
            if ratio < 0:
                return i
        chosen = cells[cell, 0]
        n_candidates = cells[cell, 1]
        if n_candidates > 1:
            span = widest + 2 + 2 * used[c]
            for s in range(span):
                saved[s] = state[base + s]
            most = np.int64(-1)
            for j in range(n_candidates):
                trial = cells[cell, 0] + j
                settle_visit(
                    rows,
                    chains,
                    candidates[trial, 0],
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
                for k in range(chains[candidates[trial, 0]]):
                    if out[2 + k] < 0:
                        return i
                    paid += out[2 + k]
                if paid > most:
                    most = paid
                    chosen = trial
                for s in range(span):
                    state[base + s] = saved[s]
        chain = candidates[chosen, 0]
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
        numbers = candidates[chosen, 1]
        if splits:
            extra[i, 0] = out[0]
            extra[i, 1] = out[1]
            for k in range(chains[chain]):
                payments[i, layer_numbers[numbers + k]] = out[2 + k]
        for k in range(chains[chain]):
            if out[2 + k] < 0:
                return i
            totals[layer_numbers[numbers + k]] += out[2 + k]
    return -1
