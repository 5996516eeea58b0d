"""What makes a folder a dataset: every file there, every column in its type, sorted, persons in one part only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from openyibao.datasets.bounds import first_fault, out_of_bounds, outside
from openyibao.datasets.contracts import Batch
from openyibao.datasets.footers import Footers, count_faults, files, range_faults, shape_faults
from openyibao.datasets.reading import batches
from openyibao.datasets.schema import TABLES, Table
from openyibao.datasets.sound import whole_faults
from openyibao.kernel.errors import Fault, Malformed

if TYPE_CHECKING:
    from openyibao.datasets.facade import Dataset

Said = Callable[[str, int], None]
MANY = 200
"""Files from which on their footers are read by several threads."""
DATES = frozenset(column.name for table in TABLES.values() for column in table.columns if column.type == "date")
SORTED = "按这些列升序，不重复"


def check(dataset: Dataset, *, thorough: bool = True, said: Said | None = None) -> int:
    """Check a dataset; `thorough` reads every row. Returns files looked at. Raises: Malformed with every fault."""
    faults: list[Fault] = []
    footers = Footers()
    looked = list(files(dataset))
    if len(looked) > MANY:
        footers.fetch(path for _, path in looked)
    for table, path in looked:
        faults += shape_faults(table, path, footers)
    readable = not faults
    if readable:
        try:
            faults += [
                *whole_faults(dataset),
                *range_faults(dataset, footers),
                *count_faults(dataset, footers),
            ]
        except (pa.ArrowException, OSError, ValueError) as problem:
            faults.append(Fault(str(dataset.folder), 0, "", f"读不到：{problem}", "完好的 Parquet 文件"))
    if readable and thorough:
        for at, (table, path) in enumerate(looked, 1):
            faults += _told(_order(table, path))
            if table.name in ("visits", "contributions"):
                faults += _told(_values(dataset, path))
            if said is not None:
                said("files", at)
        faults += _strangers(dataset)
    if faults:
        raise Malformed(faults)
    return len(looked)


def _told(found: Iterator[Fault]) -> Iterator[Fault]:
    """Faults as they are found; a file that cannot be read on is one more."""
    try:
        yield from found
    except Malformed as problem:
        yield from problem.faults


def _order(table: Table, path: Path) -> Iterator[Fault]:
    """The first row of a file that is not after the one before it, and cells that are empty."""
    if table.cut == "whole":
        return
    keys = list(table.sorted_by)
    last: tuple[Any, ...] | None = None
    for batch in batches(path):
        columns = [batch[key] for key in keys]
        wrong = _first_fall(columns)
        if last is not None and tuple(column[0] for column in columns) <= last:
            wrong = 0
        if wrong is not None:
            before = tuple(column[wrong - 1] for column in columns) if wrong else last or ()
            here = tuple(column[wrong] for column in columns)
            text = f"第 {batch.row + wrong + 1:,} 行：{_shown(keys, here)} 不在上一行的 {_shown(keys, before)} 之后"
            yield Fault(str(path), 0, ",".join(keys), text, SORTED)
            return
        last = tuple(column[-1] for column in columns)


def _values(dataset: Dataset, path: Path) -> Iterator[Fault]:
    """Columns that hold what they cannot, days of another year, a seq that does not follow; each once a file."""
    told: set[str] = set()
    year = int(path.parent.name.removeprefix("year="))
    first, after = (int(np.datetime64(f"{one}-01-01", "D").astype(np.int64)) for one in (year, year + 1))
    institutions = dataset.whole("institutions").num_rows
    for batch in batches(path):
        found = out_of_bounds(batch, len(dataset.pools), len(dataset.variants))
        if "day" in batch:
            wrong = np.flatnonzero((batch["day"] < first) | (batch["day"] >= after))
            found += first_fault(batch, wrong, "day", f"{year}-01-01 至 {year}-12-31")
        if institutions:
            found += outside(batch, "institution", 0, institutions - 1)
        if "seq" in batch:
            found += _gaps(batch)
        for fault in found:
            if fault.path not in told:
                told.add(fault.path)
                yield fault


def _gaps(batch: Batch) -> list[Fault]:
    """A person's seq is 0, 1, 2 …: where one is missing or comes twice, a bill does."""
    order = np.lexsort((batch["seq"], batch["person"]))
    person = batch["person"][order]
    starts = np.flatnonzero(np.diff(person, prepend=person[0] - 1))
    follows = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    wrong = order[batch["seq"][order] != follows]
    return first_fault(batch, wrong, "seq", "一个人一年的 seq 从 0 起逐一连续")


def _first_fall(columns: list[npt.NDArray[Any]]) -> int | None:
    """The first row that is not after the one before it."""
    rises = np.zeros(len(columns[0]) - 1, dtype=bool)
    equal = np.ones(len(rises), dtype=bool)
    for column in columns:
        rises |= equal & (column[1:] > column[:-1])
        equal &= column[1:] == column[:-1]
    wrong = np.flatnonzero(~rises)
    return int(wrong[0]) + 1 if len(wrong) else None


def _shown(keys: list[str], values: tuple[Any, ...]) -> str:
    """A key as one reads it."""
    parts = (str(np.datetime64(int(one), "D") if key in DATES else one) for key, one in zip(keys, values, strict=True))
    return "(" + ", ".join(parts) + ")"


def _strangers(dataset: Dataset) -> Iterator[Fault]:
    """Every person of a file must be one of the part's persons."""
    for table in filter(dataset.has, ("coverage", "contributions", "grants", "openings", "visits")):
        for year in dataset.years if TABLES[table].cut == "year_part" else [None]:
            for persons, path in zip(dataset.paths("persons"), dataset.paths(table, year), strict=True):
                yield from _told(_within(path, persons))


def _within(path: Path, persons: Path) -> Iterator[Fault]:
    known = np.concatenate([np.empty(0, np.int64), *(batch["person"] for batch in batches(persons, ["person"]))])
    for batch in batches(path, ["person"]):
        at = np.searchsorted(known, batch["person"])
        at[at == len(known)] = 0
        wrong = np.flatnonzero(known[at] != batch["person"]) if len(known) else np.arange(1)
        if len(wrong):
            first = int(wrong[0])
            text = f"第 {batch.row + first + 1:,} 行：{int(batch['person'][first])} 不在 {persons.name} 之中"
            yield Fault(str(path), 0, "person", text, "同一分区的人")
            return
