"""The single driver: one bill against a compiled cell, state in, split and state out, with its trace.

`adjudicate` runs the kernel as plain Python over lists. The trace it returns is the kernel's own record, integers only;
`explain` turns it into words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from openyibao.policy.compiler import SchemeBook
from openyibao.policy.kernel import TRACE_HEAD, settle_visit
from openyibao.policy.tables import Cell, refuse_missing

_TRACE_PER_LAYER = TRACE_HEAD + 2 * 12
"""Room for one layer's trace: its head and, at most, the twelve tiers the schema allows."""


class Bill(NamedTuple):
    """What the kernel sees of a visit. Amounts in fen; `stay` is (n-th of the year or 0, deductible borne)."""

    in_scope: int
    prior: int = 0
    over: int = 0
    non_covered: int = 0
    special: int = 0
    herb: int = 0
    remote_bp: int = 0
    days: int = 1
    stay: tuple[int, int] | None = None
    waive: int = 0


class Split(NamedTuple):
    """Who pays what. `payments` follow the cell's layers; `counters` is the state after the visit."""

    cell: Cell
    payments: tuple[int, ...]
    deductible: int
    remote: int
    stay: tuple[int, int] | None
    counters: Mapping[str, int]
    trace: tuple[int, ...]


def adjudicate(book: SchemeBook, cell: Cell, bill: Bill, counters: Mapping[str, int]) -> Split:
    """Settle one bill (单笔结算). `counters` holds the person-year's counters by name; it is not changed.

    Raises: FigureMissing, when a layer that measures money of this bill lacks a figure.
    """
    slots = book.slots
    get = counters.get
    state = [get(name, 0) for name in slots]
    before = state.copy()
    stay_at = -1
    if bill.stay is not None and cell.stays_slot >= 0:
        stay_at = len(state)
        state += bill.stay
    layers = len(cell.rows)
    out = [0] * (layers + 2)
    trace = [0] * (layers * _TRACE_PER_LAYER)
    length = settle_visit(
        book.P,
        book.C,
        cell.at,
        bill.in_scope,
        bill.prior,
        bill.over,
        bill.non_covered,
        bill.special,
        bill.herb,
        bill.remote_bp,
        bill.days,
        stay_at,
        cell.stays_slot,
        bill.waive,
        state,
        0,
        out,
        trace,
        1,
    )
    if cell.missing:
        for k, (path, wanted) in cell.missing.items():
            if out[2 + k] < 0:
                raise refuse_missing(path, wanted)
    after = dict(counters)
    for at, name in enumerate(slots):
        if state[at] != before[at]:
            after[name] = state[at]
    stay = (state[stay_at], state[stay_at + 1]) if stay_at >= 0 else bill.stay
    return Split(cell, tuple(out[2:]), out[1], out[0], stay, after, tuple(trace[:length]))


def best_of(splits: list[Split]) -> Split:
    """The best single helped group (就高不重复): the split that pays most in all; the first of equals."""
    return max(splits, key=lambda split: sum(split.payments))
