"""The settlement kernel (结算内核): one visit against one compiled chain of payers, in integers only.

This one source runs three ways: as plain Python over lists for a single bill, compiled by numba over int64 arrays for
a year of visits, and inside a cluster's partitions. It is therefore written in the common subset: integers, `for`,
`if`, indexing. It knows no dates, areas or names; `compiler.py` made the tables, the drivers keep the state.

A layer pays the difference of a piecewise-linear schedule between two states of a yearly accumulator:

    x        what the layer measures of this bill's remaining burden, in fen
    d        deductible, the lowest slice of [acc, acc + x)
    payment  sum over tiers of rate * (part of [acc + d, acc + x) inside the tier), rounded half up once, then caps

What rounding and caps leave stays with the patient. Money in fen, rates in 1/10,000, amounts up to 3e9 fen: every
product stays below 2**63.

Layer row in P at offset o (written by `compiler.layer_row`, read only here):
    +0 rule        0 schedule, 1 top-up over the patient's share, 2 a figure is missing: -1 when anything is measured
    +1 measures    bit mask of components, bits below
    +2 acc         slot of the yearly accumulator of x, -1 none
    +3 ded_kind    0 none, 1 per stay, 2 yearly slice of the accumulator, 3 yearly, highest level once
    +4 ded         deductible in fen for kinds 2 and 3
    +5 ded_slot    slot of the deductible borne so far, kind 3
    +6 n_stay      kind 1: number of deductibles by n-th stay, the last one goes on; kind 3: slot of the highest
                   deductible of the levels used so far
    +7 visit_cap   most this layer pays for one visit, -1 none
    +8 per_day     1: visit_cap is per day
    +9 herb        bonus on the herb share, in 1/10,000
    +10 n_caps     0..2 yearly caps on what was paid
    +11.. +14      cap amount, slot, cap amount, slot
    +15 fund       1 a fund (reduces the burden), 0 a supplement shown beside it
    +16 splits     1 the basic layer, which divides in-scope cost into deductible, share and cut by the cap
    +17 n_tiers    then n_tiers pairs (upto, rate), then n_stay amounts
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence

# Components of the burden, bits of a layer's mask.
DEDUCTIBLE = 1
"""Deductible of the basic layer (起付线)."""
CO_PAY = 2
"""In-scope cost before the basic layer; after it, the patient's share (自付)."""
ABOVE_CAP = 4
"""What a cap of the basic layer cut off (封顶线以上)."""
PRIOR_SELF_PAY = 8
"""Class B part paid first by the patient (先行自付)."""
REMOTE_SELF_PAY = 16
"""First self-pay for remote care (异地首先自付)."""
OVER_LIMIT = 32
"""Above the price limit (超限价)."""
NON_COVERED = 64
"""Outside the catalogue (全自费)."""
SPECIAL_DRUG = 128
"""Out-of-list special drugs with a payer of their own (特药)."""
BURDEN = DEDUCTIBLE | CO_PAY | ABOVE_CAP

ROW_HEAD = 18
TRACE_HEAD = 8


def settle_visit(
    P: Sequence[int],
    C: Sequence[int],
    at: int,
    in_scope: int,
    prior: int,
    over: int,
    non_covered: int,
    special: int,
    herb: int,
    remote_bp: int,
    days: int,
    stay_at: int,
    stays_slot: int,
    waive: int,
    S: MutableSequence[int],
    base: int,
    out: MutableSequence[int],
    T: MutableSequence[int],
    tracing: int,
) -> int:
    """Settle one visit: fills `out`, moves the state `S`, writes the trace, returns its length.

    Args: P layer rows; C[at] the number of layers, then their offsets in P. Amounts in fen, all >= 0, herb <= in_scope.
    remote_bp the remote first self-pay ratio. stay_at index in S of [n-th of the year, deductible borne] of this stay,
    -1 when the visit is no stay; stays_slot the slot that counts stays. waive 1: this piece owes no deductible when its
    stay has begun before. base offset of the person's slots in S. tracing 1 writes T.
    Returns: ints written to T. out[0] remote first self-pay, out[1] deductible of the basic layer,
    out[2 + k] payment of the k-th layer of the chain, -1 when it would need a missing figure: then nothing counts.
    """
    t = 0
    remote = (in_scope * remote_bp + 5000) // 10000
    scope = in_scope - remote
    burden_ded = 0
    burden_share = scope
    burden_cut = 0
    rest_prior = prior
    rest_remote = remote
    rest_over = over
    rest_non = non_covered
    rest_special = special
    out[0] = remote
    out[1] = 0
    nth = 0
    begun = 0
    if stay_at >= 0:
        nth = S[stay_at]
        begun = nth
        if nth == 0:
            nth = S[base + stays_slot] + 1
            S[base + stays_slot] = nth
            S[stay_at] = nth
    for k in range(C[at]):
        o = C[at + 1 + k]
        mask = P[o + 1]
        if mask == 7:
            x = burden_ded + burden_share + burden_cut
        elif mask == 2:
            x = burden_share
        else:
            x = 0
            if mask & 1:
                x += burden_ded
            if mask & 2:
                x += burden_share
            if mask & 4:
                x += burden_cut
            if mask & 8:
                x += rest_prior
            if mask & 16:
                x += rest_remote
            if mask & 32:
                x += rest_over
            if mask & 64:
                x += rest_non
            if mask & 128:
                x += rest_special
        d = 0
        acc = 0
        raw = 0
        pay = 0
        head = t
        if tracing:
            t += TRACE_HEAD
        if P[o] == 1:
            raw = x * 10000 - in_scope * P[o + ROW_HEAD + 1]
            if raw > 0:
                pay = (raw + 5000) // 10000
            else:
                raw = 0
        elif P[o] == 2:
            if x > 0:
                pay = -1
        elif x > 0:
            if P[o + 2] >= 0:
                acc = S[base + P[o + 2]]
                S[base + P[o + 2]] = acc + x
            kind = P[o + 3]
            n_tiers = P[o + 17]
            if kind == 1:
                if stay_at >= 0 and (waive == 0 or begun == 0):
                    n = P[o + 6]
                    if nth < n:
                        n = nth
                    d = P[o + ROW_HEAD + 2 * n_tiers + n - 1] - S[stay_at + 1]
                    if d < 0:
                        d = 0
                    if d > x:
                        d = x
                    S[stay_at + 1] += d
            elif kind == 2:
                d = P[o + 4] - acc
                if d < 0:
                    d = 0
                if d > x:
                    d = x
            elif kind == 3:
                d = P[o + 4]
                if d < S[base + P[o + 6]]:
                    d = S[base + P[o + 6]]
                S[base + P[o + 6]] = d
                d -= S[base + P[o + 5]]
                if d < 0:
                    d = 0
                if d > x:
                    d = x
                S[base + P[o + 5]] += d
            low = acc + d
            high = acc + x
            extra = 0
            bonus = P[o + 9] if herb > 0 else 0
            tier = o + ROW_HEAD
            for _ in range(n_tiers):
                if low >= high:
                    break
                upto = P[tier]
                if low < upto:
                    piece = (high if high < upto else upto) - low
                    rate = P[tier + 1]
                    raw += piece * rate
                    low += piece
                    if bonus:
                        extra += piece * (bonus if rate + bonus <= 10000 else 10000 - rate)
                    if tracing:
                        T[t] = (tier - o - ROW_HEAD) >> 1
                        T[t + 1] = piece
                        t += 2
                tier += 2
            if extra:
                raw += extra // in_scope * herb + extra % in_scope * herb // in_scope
            pay = (raw + 5000) // 10000
            cap = P[o + 7]
            if cap >= 0:
                if P[o + 8]:
                    cap *= days
                if pay > cap:
                    pay = cap
            n_caps = P[o + 10]
            if n_caps:
                left = P[o + 11] - S[base + P[o + 12]]
                if n_caps == 2 and P[o + 13] - S[base + P[o + 14]] < left:
                    left = P[o + 13] - S[base + P[o + 14]]
                if pay > left:
                    pay = left if left > 0 else 0
                S[base + P[o + 12]] += pay
                if n_caps == 2:
                    S[base + P[o + 14]] += pay
        elif P[o + 3] == 3 and S[base + P[o + 6]] < P[o + 4]:
            S[base + P[o + 6]] = P[o + 4]
        out[2 + k] = pay
        if tracing:
            T[head] = k
            T[head + 1] = t - head
            T[head + 2] = x
            T[head + 3] = acc
            T[head + 4] = d
            T[head + 5] = raw
            T[head + 6] = pay
            T[head + 7] = nth
        if P[o + 16]:
            out[1] = d
            whole = (raw + 5000) // 10000
            burden_ded = d
            burden_cut = whole - pay
            burden_share = x - d - whole
        elif pay > 0 and P[o + 15]:
            left = pay
            if mask & 2:
                part = left if left < burden_share else burden_share
                burden_share -= part
                left -= part
            if mask & 4:
                part = left if left < burden_cut else burden_cut
                burden_cut -= part
                left -= part
            if mask & 1:
                part = left if left < burden_ded else burden_ded
                burden_ded -= part
                left -= part
            if left > 0:
                if mask & 8:
                    part = left if left < rest_prior else rest_prior
                    rest_prior -= part
                    left -= part
                if mask & 16:
                    part = left if left < rest_remote else rest_remote
                    rest_remote -= part
                    left -= part
                if mask & 32:
                    part = left if left < rest_over else rest_over
                    rest_over -= part
                    left -= part
                if mask & 64:
                    part = left if left < rest_non else rest_non
                    rest_non -= part
                    left -= part
                if mask & 128:
                    part = left if left < rest_special else rest_special
                    rest_special -= part
    return t
