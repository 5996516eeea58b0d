"""The year driver: the kernel's own source, compiled by numba, over sorted columns of standing visits.

Visits arrive sorted by person, benefit year and settle order; a person never spans two calls. Counters start at zero
with each person-year and are kept apart by (area, scheme). Which chain of layers a visit meets is looked up in a hash
table of cells; unknown combinations are compiled by `compiler` first, so both drivers read the same tables.

Reversed visits are left out before they come here; accounts and families are the settlement room's work.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from openyibao.kernel.areas import same_province
from openyibao.kernel.errors import Refused
from openyibao.kernel.money import MOST_FEN
from openyibao.policy.compiler import Compiler
from openyibao.policy.fold import Settled
from openyibao.policy.tables import Facts, refuse_missing
from openyibao.policy.terms import LAYERS
from openyibao.policy.year_columns import (
    BENEFIT_CODES,
    COLUMNS,
    EPOCH,
    FILING_CODES,
    GROUP_CODES,
    HEADS,
    HOME,
    LEVEL_CODES,
    MOST_SEGMENTS,
    MOST_VARIANTS,
    SPLIT_HEADS,
    STATUS_CODES,
    Columns,
    Ints,
    Payers,
    Result,
    Tally,
    Variant,
)

__all__ = [
    "BENEFIT_CODES",
    "COLUMNS",
    "EPOCH",
    "FILING_CODES",
    "GROUP_CODES",
    "HEADS",
    "HOME",
    "LEVEL_CODES",
    "SPLIT_HEADS",
    "STATUS_CODES",
    "Builder",
    "Columns",
    "Ints",
    "Payers",
    "Result",
    "Tally",
    "Variant",
    "YearPlan",
    "unpack",
]


@dataclass
class Tables:
    """Everything the compiled loop reads. `keys`/`values` are an open-addressing hash table of cells."""

    rows: Ints
    chains: Ints
    keys: Ints
    values: Ints
    cells: Ints
    """(first candidate, number of candidates, stays slot) per cell."""
    candidates: Ints
    """(chain, offset of its layer numbers) per candidate."""
    layer_numbers: Ints
    segments: Ints
    """segment by (context, day - first_day)."""
    remote: Ints
    slots: Ints
    target: Ints
    """row of the splits, after their heads, by (context, layer number)."""
    n_payers: int


class YearPlan:
    """Compiled tables for a set of (area, scheme) contexts over a span of days."""

    def __init__(
        self,
        compiler: Compiler,
        contexts: Iterable[tuple[str, str]],
        first: date,
        last: date,
        payers: Payers | None = None,
    ) -> None:
        """payers: how layers are drawn together in the splits; by default each stands for itself."""
        self.compiler = compiler
        self.payers = payers
        self.contexts = list(contexts)
        self.books = [compiler.book(*context) for context in self.contexts]
        if any(len(book.starts) > MOST_SEGMENTS for book in self.books):
            raise ValueError(f"an area has more than {MOST_SEGMENTS} segments of policy")
        self.first = first
        self.first_day = (first - EPOCH).days
        self.n_days = (last - first).days + 1
        self.variants: dict[Variant, int] = {Variant(): 0}
        self.layers: list[str] = list(LAYERS)
        self.fields: dict[tuple[int, int], str] = {}
        """National payment field by (context, layer number)."""
        self.missing: dict[int, Refused] = {}
        """Why visits of a cell are refused: no policy for them, or a layer without a figure."""
        self._lock = threading.Lock()
        self._known: dict[int, int] = {}
        self._cells: list[tuple[int, int, int]] = []
        self._candidates: list[tuple[int, int, int]] = []
        self._layer_numbers: list[int] = []
        self._segment_table = self._segments()
        self._remote_table = self._remote()
        self._tables: Tables | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def variant(self, variant: Variant) -> int:
        """Number of a combination of rarer facts."""
        return self.variants.setdefault(variant, len(self.variants))

    def _segments(self) -> Ints:
        days = self.first_day + np.arange(self.n_days)
        starts = [np.array([(start - EPOCH).days for start in book.starts]) for book in self.books]
        return np.array([np.searchsorted(one, days, side="right") - 1 for one in starts], dtype=np.int64)

    def _remote(self) -> Ints:
        """Ratio by (context, segment, benefit, filing, in_province); -1 where no figure is known."""
        widest = max(len(book.starts) for book in self.books)
        shape = (len(self.books), widest, len(BENEFIT_CODES), len(FILING_CODES), 2)
        table = np.full(shape, -1, dtype=np.int64)
        for at, book in enumerate(self.books):
            for segment in set(self._segment_table[at].tolist()):
                for b, benefit in enumerate(BENEFIT_CODES):
                    for f, filing in enumerate(FILING_CODES):
                        for inside in (0, 1):
                            table[at, segment, b, f, inside] = _remote_or_missing(
                                book, book.starts[segment], benefit, filing, inside
                            )
        return table

    # Cells ----------------------------------------------------------------------------------------------------

    def learn(self, keys: Iterable[int]) -> None:
        """Compile the cells of packed keys not met before; a cell without policy refuses its visits when settled."""
        with self._lock:
            for key in keys:
                if key in self._known:
                    continue
                try:
                    self._known[key] = self._cell(key)
                except Refused as problem:
                    self.missing[len(self._cells)] = problem
                    self._cells.append((0, 0, -1))
                    self._known[key] = len(self._cells) - 1
            self._tables = None

    def _cell(self, key: int) -> int:
        context, segment, benefit, level, status, variant, groups = unpack(key)
        book = self.books[context]
        rare = list(self.variants)[variant]
        first = len(self._candidates)
        stays = -1
        mine = [group for at, group in enumerate(GROUP_CODES) if groups >> at & 1] or [""]
        for group in mine:
            facts = Facts(
                BENEFIT_CODES[benefit],
                LEVEL_CODES[level],
                STATUS_CODES[status],
                group,
                rare.contribution_class,
                rare.child,
                rare.care_kind,
                rare.disease,
                rare.supplements,
            )
            cell = book.cell(max(book.starts[segment], self.first), facts)
            stays = cell.stays_slot
            numbers = len(self._layer_numbers)
            for row in cell.rows:
                layer = self._layer(row.layer)
                self._layer_numbers.append(layer)
                self.fields[context, layer] = row.pays_as
            self._candidates.append((context, cell.at, numbers))
            if cell.missing:
                self.missing.setdefault(len(self._cells), refuse_missing(*next(iter(cell.missing.values()))))
        self._cells.append((first, len(mine), stays))
        return len(self._cells) - 1

    def _layer(self, name: str) -> int:
        if name not in self.layers:
            self.layers.append(name)
        return self.layers.index(name)

    def tables(self) -> Tables:
        """Arrays of everything compiled so far."""
        with self._lock:
            if self._tables is None:
                self._tables = self._build()
            return self._tables

    def _build(self) -> Tables:
        chain_base: list[int] = []
        rows: list[int] = []
        chains: list[int] = []
        for book in self.books:
            chain_base.append(len(chains))
            chains += _moved(book.C, len(rows))
            rows += book.P
        size = 1 << max(6, (len(self._known) * 4).bit_length())
        keys = np.full(size, -1, dtype=np.int64)
        values = np.zeros(size, dtype=np.int64)
        for key, cell in self._known.items():
            at = _slot(key, size)
            while keys[at] >= 0:
                at = (at + 1) & (size - 1)
            keys[at], values[at] = key, cell
        return Tables(
            np.array(rows or [0], dtype=np.int64),
            np.array(chains or [0], dtype=np.int64),
            keys,
            values,
            np.array(self._cells or [(0, 0, -1)], dtype=np.int64),
            np.array(
                [(chain_base[context] + at, numbers) for context, at, numbers in self._candidates] or [(0, 0)],
                dtype=np.int64,
            ),
            np.array(self._layer_numbers or [0], dtype=np.int64),
            self._segment_table,
            self._remote_table,
            np.array([len(book.slots) for book in self.books], dtype=np.int64),
            *self._targets(),
        )

    def _targets(self) -> tuple[Ints, int]:
        if self.payers is None:
            return np.tile(np.arange(len(self.layers)), (len(self.contexts), 1)), len(self.layers)
        target = np.zeros((len(self.contexts), len(self.layers)), dtype=np.int64)
        for (context, layer), field_name in self.fields.items():
            target[context, layer] = self.payers.row(self.layers[layer], field_name)
        return target, self.payers.count

    # Running --------------------------------------------------------------------------------------------------

    def settle(self, columns: Columns, *, splits: bool = False) -> Result:
        """Settle sorted standing visits (全年重算). Raises: PolicyMissing, FigureMissing, ValueError.

        Args: columns as COLUMNS, equal length, sorted by person, year, settle order. splits asks for every visit's
        payments; without it only totals are kept.
        """
        tally = self.tally(columns, splits=splits)
        for problem, _ in tally.refused.values():
            raise problem
        totals = tally.totals[:, len(HEADS) :].sum(axis=0)
        if tally.amounts is None:
            return Result(self.layers, totals, None, None, None)
        return Result(self.layers, totals, tally.amounts[len(SPLIT_HEADS) :].T, tally.amounts[1], tally.amounts[2])

    def tally(
        self, columns: Columns, *, order: Ints | None = None, splits: bool = False, buffer: Ints | None = None
    ) -> Tally:
        """Settle visits and say what was refused instead of stopping at it. Several threads may do so at once.

        Args: order names the rows in the order they settle, where that is not the order they come in. buffer: memory
        for the splits, used when it is large enough; the tally's amounts then lie in it. Raises: ValueError.
        """
        compiled = _compiled()
        self._fits(columns, compiled.MOST_STAYS)
        n = len(columns["person"])
        args = [columns[name] for name, _ in COLUMNS]
        order = np.zeros(0, dtype=np.int64) if order is None else order
        while True:
            tables = self.tables()
            shape = (len(SPLIT_HEADS) + tables.n_payers, n if splits else 0)
            amounts = _memory(shape, buffer)
            totals = np.zeros((len(self.contexts), len(HEADS) + tables.target.shape[1]), dtype=np.int64)
            refused = np.zeros(len(tables.cells), dtype=np.int64)
            refused_remote = np.zeros_like(tables.remote)
            stopped = compiled.loop(
                tables.rows,
                tables.chains,
                tables.keys,
                tables.values,
                tables.cells,
                tables.candidates,
                tables.layer_numbers,
                tables.segments,
                tables.remote,
                tables.slots,
                self.first_day,
                order,
                tables.target,
                amounts,
                totals,
                refused,
                refused_remote,
                *args,
            )
            if stopped < 0:
                tally = Tally(totals, amounts=amounts if splits else None)
                self._refusals(tally, refused, refused_remote)
                return tally
            self._learn_all(columns)

    def _learn_all(self, columns: Columns) -> None:
        """Compile every cell that these visits meet and that is not known yet."""
        args = [columns[name] for name, _ in COLUMNS]
        while True:
            tables = self.tables()
            found = np.full(1 << 14, -1, dtype=np.int64)
            count = _compiled().unknown(
                tables.keys, tables.values, tables.segments, self.first_day, found, *args[2:9], args[14]
            )
            if not count:
                return
            self.learn(sorted(found[found >= 0].tolist()))

    def _refusals(self, tally: Tally, refused: Ints, remote: Ints) -> None:
        """Say why visits could not be settled."""
        for cell in np.flatnonzero(refused):
            tally.refuse(self.missing[int(cell)], int(refused[cell]))
        for at in np.argwhere(remote):
            tally.refuse(self._no_ratio(*map(int, at)), int(remote[tuple(at)]))

    def _no_ratio(self, context: int, segment: int, benefit: int, filing: int, inside: int) -> Refused:
        """Why care elsewhere has no first self-pay ratio there."""
        book = self.books[context]
        day = max(book.starts[segment], self.first)
        try:
            book.remote_rate(day, BENEFIT_CODES[benefit], FILING_CODES[filing], bool(inside))
        except Refused as problem:
            return problem
        return refuse_missing(f"{self.contexts[context][0]}#first_self_pay", "")

    def _fits(self, columns: Columns, most_stays: int) -> None:
        """Refuse columns the compiled loop may not index with, or whose products would not fit. Raises: ValueError."""
        lengths = {len(columns[name]) for name, _ in COLUMNS}
        if len(lengths) != 1:
            raise ValueError(f"columns differ in length: {sorted(lengths)}")
        if not lengths.pop():
            return
        bounds = {
            "day": (self.first_day, self.first_day + self.n_days - 1),
            "context": (0, len(self.contexts) - 1),
            "variant": (0, min(len(self.variants), MOST_VARIANTS) - 1),
            "in_province": (0, 1),
            "days": (0, 366),
            "groups": (0, (1 << len(GROUP_CODES)) - 1),
            "benefit": (0, len(BENEFIT_CODES) - 1),
            "level": (0, len(LEVEL_CODES) - 1),
            "status": (0, len(STATUS_CODES) - 1),
            "filing": (HOME, len(FILING_CODES) - 1),
            "stay": (HOME, most_stays - 1),
            **dict.fromkeys(("in_scope", "prior", "over", "non_covered", "special", "herb"), (0, MOST_FEN)),
        }
        wrong = [
            f"{name} must lie in {low}..{high}"
            for name, (low, high) in bounds.items()
            if columns[name].min() < low or columns[name].max() > high
        ]
        if np.any(columns["herb"] > columns["in_scope"]):
            wrong.append("herb must not exceed in_scope")
        if wrong:
            raise ValueError("; ".join(wrong))


def _memory(shape: tuple[int, int], buffer: Ints | None) -> Ints:
    """Memory for splits, in the caller's buffer when it is large enough; what was in it stays until written over."""
    size = shape[0] * shape[1]
    if buffer is None or len(buffer) < size:
        return np.empty(shape, dtype=np.int64)
    return buffer[:size].reshape(shape)


def _remote_or_missing(book: Any, day: date, benefit: str, filing: str, inside: int) -> int:
    try:
        return int(book.remote_rate(day, benefit, filing, bool(inside))[0])
    except Refused:
        return -1


def _moved(chains: list[int], base: int) -> list[int]:
    """Chains with their row offsets moved by `base`."""
    moved: list[int] = []
    at = 0
    while at < len(chains):
        n = chains[at]
        moved += [n, *(offset + base for offset in chains[at + 1 : at + 1 + n])]
        at += n + 1
    return moved


def unpack(key: int) -> tuple[int, int, int, int, int, int, int]:
    key, groups = divmod(key, 128)
    key, variant = divmod(key, 4096)
    key, status = divmod(key, 8)
    key, level = divmod(key, 8)
    key, benefit = divmod(key, 16)
    context, segment = divmod(key, 256)
    return context, segment, benefit, level, status, variant, groups


def _compiled() -> Any:
    """The compiled loops; importing them imports numba."""
    return importlib.import_module("openyibao.policy.year_loop")


def _slot(key: int, size: int) -> int:
    """Home of a key in the hash table; the same arithmetic as the compiled loop's."""
    return (key ^ (key >> 17) ^ (key >> 31)) * 0x9E3779B1 & (size - 1)


# From settled cases to columns --------------------------------------------------------------------------------------


@dataclass
class Builder:
    """Collects standing visits of settled cases as columns for the year driver."""

    plan: YearPlan
    rows: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, person: int, standing: Iterable[Settled]) -> None:
        """Append one person-year's standing visits, in settle order."""
        ordinals: dict[tuple[tuple[str, str], str], int] = {}
        for settled in standing:
            self.rows.append(self._row(person, settled, ordinals))

    def _row(self, person: int, settled: Settled, ordinals: dict[tuple[tuple[str, str], str], int]) -> tuple[int, ...]:
        visit, state, bill = settled.visit, settled.person, settled.bill
        own = sum(1 for key in ordinals if key[0] == settled.context)
        stay = ordinals.setdefault((settled.context, settled.stay_key), own) if settled.stay_key else HOME
        variant = Variant(state.contribution_class, visit.child, visit.care_kind, visit.disease, state.supplements)
        return (
            person,
            visit.day.year,
            (visit.day - EPOCH).days,
            self.plan.contexts.index(settled.context),
            BENEFIT_CODES.index(visit.benefit),
            LEVEL_CODES.index(visit.level),
            STATUS_CODES.index(state.status),
            sum(1 << at for at, group in enumerate(GROUP_CODES) if group in state.groups),
            self.plan.variant(variant),
            FILING_CODES.index(settled.filing) if settled.filing else HOME,
            int(bool(visit.care_area) and same_province(state.area, visit.care_area)),
            bill.days,
            stay,
            bill.waive,
            int(bool(visit.exclusion)),
            bill.in_scope,
            bill.prior,
            bill.over,
            bill.non_covered,
            bill.special,
            bill.herb,
        )

    def columns(self) -> dict[str, Ints]:
        table = np.array(self.rows, dtype=np.int64).reshape(-1, len(COLUMNS))
        return {name: np.ascontiguousarray(table[:, at]) for at, (name, _) in enumerate(COLUMNS)}
