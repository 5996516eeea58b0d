"""What makes a folder a dataset: every file there, every column in its type, sorted, persons in one part only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets.schema import TABLES, Table
from openyibao.datasets.sound import range_faults, whole_faults
from openyibao.datasets.store import arrow_schema, batches
from openyibao.kernel.errors import Fault, Malformed

if TYPE_CHECKING:
    from openyibao.datasets.facade import Dataset

Said = Callable[[str, int], None]


def check(dataset: Dataset, *, thorough: bool = True, said: Said | None = None) -> int:
    """Check a dataset; `thorough` reads every row. Returns files looked at. Raises: Malformed with every fault."""
    faults: list[Fault] = []
    looked = 0
    for table, path in _files(dataset):
        looked += 1
        faults += _shape(table, path)
    if not faults:
        try:
            faults += [*whole_faults(dataset), *range_faults(dataset)]
        except (pa.ArrowException, OSError, ValueError) as problem:
            faults.append(Fault(str(dataset.folder), 0, "", f"读不到：{problem}", "完好的 Parquet 文件"))
    if not faults and thorough:
        for table, path in _files(dataset):
            faults += _order(table, path)
            if said is not None:
                said("files", looked)
        faults += _split_persons(dataset)
    if faults:
        raise Malformed(faults)
    return looked


def _files(dataset: Dataset) -> Iterator[tuple[Table, Path]]:
    for table in TABLES.values():
        if table.name == "settled":
            for run, entry in dataset.manifest.runs.items():
                for year in entry.get("years", dataset.years):
                    for path in dataset.paths(table.name, year, run):
                        yield table, path
        elif table.cut == "whole":
            yield table, dataset.folder / f"{table.name}.parquet"
        else:
            for year in dataset.years if table.cut == "year_part" else [None]:
                for path in dataset.paths(table.name, year):
                    yield table, path


def _shape(table: Table, path: Path) -> Iterator[Fault]:
    if not path.is_file():
        yield Fault(str(path), 0, "", "缺这个文件", f"表 {table.name}：{table.meaning}")
        return
    try:
        found = pq.read_schema(path)
    except Exception as problem:
        yield Fault(str(path), 0, "", f"不是 Parquet 文件：{problem}", f"表 {table.name}")
        return
    for field in arrow_schema(table.name):
        at = found.get_field_index(field.name)
        if at < 0:
            yield Fault(str(path), 0, field.name, "缺这一列", str(field.type))
        elif found.field(at).type != field.type:
            yield Fault(str(path), 0, field.name, f"类型是 {found.field(at).type}", str(field.type))


def _order(table: Table, path: Path) -> Iterator[Fault]:
    if table.cut == "whole":
        return
    keys = list(table.sorted_by)
    last: tuple[int, ...] | None = None
    for batch in batches(path, keys):
        first = tuple(int(batch[key][0]) for key in keys)
        if last is not None and first <= last:
            yield Fault(str(path), 0, ",".join(keys), f"顺序不对：{first} 在 {last} 之后", "按这些列升序，不重复")
            return
        falls = np.zeros(len(batch[keys[0]]) - 1, dtype=bool)
        equal = np.ones(len(falls), dtype=bool)
        for key in keys:
            step = np.diff(batch[key].astype(np.int64))
            falls |= equal & (step < 0)
            equal &= step == 0
        wrong = np.flatnonzero(falls | equal)
        if len(wrong):
            at = int(wrong[0])
            shown = {key: int(batch[key][at + 1]) for key in keys}
            yield Fault(str(path), 0, ",".join(keys), f"顺序不对或重复：{shown}", "按这些列升序，不重复")
            return
        last = tuple(int(batch[key][-1]) for key in keys)


def _split_persons(dataset: Dataset) -> Iterator[Fault]:
    """Persons of one part must lie between those of the parts beside it: then none is in two."""
    before: tuple[int, Path] | None = None
    for path in dataset.paths("persons"):
        ends = [(int(batch["person"][0]), int(batch["person"][-1])) for batch in batches(path, ["person"])]
        if not ends:
            continue
        if before is not None and ends[0][0] <= before[0]:
            yield Fault(
                str(path), 0, "person", f"{ends[0][0]} 不在 {before[0]}（{before[1].name}）之后", "各分区的人不相交"
            )
        before = (ends[-1][1], path)
    for table in ("coverage", "contributions", "grants", "visits"):
        for year in dataset.years if TABLES[table].cut == "year_part" else [None]:
            for part, path in enumerate(dataset.paths(table, year)):
                yield from _within(path, dataset.paths("persons")[part])


def _within(path: Path, persons: Path) -> Iterator[Fault]:
    """Every person of a file must be one of the part's persons."""
    known = pq.read_table(persons, columns=["person"]).column("person").to_numpy()
    for batch in batches(path, ["person"]):
        at = np.searchsorted(known, batch["person"])
        at[at == len(known)] = 0
        wrong = np.flatnonzero(known[at] != batch["person"]) if len(known) else np.arange(1)
        if len(wrong):
            yield Fault(
                str(path), 0, "person", f"{int(batch['person'][wrong[0]])} 不在 {persons.name} 之中", "同一分区的人"
            )
            return
