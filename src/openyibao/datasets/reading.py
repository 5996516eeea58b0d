"""Reads a file of a cut table: whole persons, row group by row group, only the columns asked for.

Rows of the last person of a row group wait for the next one, for they may go on there; where the statistics say that
they do not, nothing is copied. The system fetches the file while its first rows are worked on. Whoever sums up a file
relies on two things, so they are seen to here: no cell that must be filled is empty, and no person comes back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets.contracts import Batch
from openyibao.datasets.schema import TABLES
from openyibao.kernel.errors import Fault, Malformed

MAY_BE_EMPTY = frozenset(column.name for table in TABLES.values() for column in table.columns if column.null)
SORTED = "按 person 升序，一个人的行相连"


def batches(path: Path, columns: list[str] | None = None) -> Iterator[Batch]:
    """Columns of a file as numpy arrays; dates as days since 1970-01-01 in int32. Raises: Malformed."""
    try:
        with path.open("rb") as handle:
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
            yield from _whole_persons(pq.ParquetFile(handle), columns, str(path))
    except (OSError, KeyError, pa.ArrowException) as problem:
        raise Malformed([unreadable(path, problem)]) from None


def unreadable(path: Path | str, problem: Exception) -> Fault:
    """A file that cannot be read, in one line."""
    said = str(problem).strip().partition("\n")[0] or type(problem).__name__
    return Fault(str(path), 0, "", f"读不到：{said}", "完好的 Parquet 文件")


def _whole_persons(file: Any, columns: list[str] | None, path: str) -> Iterator[Batch]:
    names = columns or file.schema_arrow.names
    last: int | None = None
    for batch in _joined(file, names, path):
        person = batch.get("person")
        if person is not None:
            if last is not None and person[0] <= last:
                raise _comes_back(batch, last)
            last = int(person[-1])
            if "person" not in names:
                del batch["person"]
        yield batch


def _comes_back(batch: Batch, last: int) -> Malformed:
    wrong = f"第 {batch.row + 1:,} 行：{int(batch['person'][0])} 不在上一行的 {last} 之后"
    return Malformed([Fault(batch.path, 0, "person", wrong, SORTED)])


def _joined(file: Any, names: list[str], path: str) -> Iterator[Batch]:
    """Batches that end where a person ends, as far as the file is sorted."""
    persons = "person" in file.schema_arrow.names
    read = names if "person" in names or not persons else ["person", *names]
    waiting: Batch | None = None
    row = 0
    final = file.num_row_groups - 1
    for group in range(final + 1):
        batch = _group(file, group, read, path, row)
        row += file.metadata.row_group(group).num_rows
        if waiting is not None:
            if len(batch["person"]) and batch["person"][0] < waiting["person"][-1]:
                raise _comes_back(batch, int(waiting["person"][-1]))
            batch, waiting = batch.after(waiting), None
        person = batch["person"] if persons else None
        if group < final and person is not None and len(person) and not _ends_here(file.metadata, group):
            end = int(person.searchsorted(person[-1]))
            waiting = batch.cut(end, None, row=batch.row + end)
            batch = batch.cut(0, end, row=batch.row)
        if len(batch[read[0]]):
            yield batch


def _group(file: Any, group: int, read: list[str], path: str, row: int) -> Batch:
    table = file.read_row_group(group, columns=read, use_threads=False)
    empty = [name for name in read if table.column(name).null_count and name not in MAY_BE_EMPTY]
    if empty:
        raise Malformed([_empty(table.column(name), name, path, row) for name in empty])
    batch = Batch({name: _numpy(table.column(name)) for name in read})
    batch.path, batch.row = path, row
    return batch


def _empty(column: Any, name: str, path: str, row: int) -> Fault:
    first = row + column.is_null().index(pa.scalar(value=True)).as_py() + 1
    return Fault(path, 0, name, f"{column.null_count:,} 格为空，先见于第 {first:,} 行", "每格都有值")


def _ends_here(metadata: Any, group: int) -> bool:
    """Whether the statistics say that the next row group begins with another person."""
    ends = [span_of(metadata.row_group(at)) for at in (group, group + 1)]
    return ends[0] is not None and ends[1] is not None and bool(ends[0][1] < ends[1][0])


def span_of(group: Any) -> tuple[int, int] | None:
    """(least, greatest) person of a row group, as its statistics have it; None where they do not say."""
    for at in range(group.num_columns):
        column = group.column(at)
        if column.path_in_schema == "person":
            said = column.statistics
            return (said.min, said.max) if said is not None and said.has_min_max else None
    return None


def _numpy(column: pa.ChunkedArray) -> Any:
    if column.num_chunks == 0:
        return column.to_numpy()
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return (array.view(pa.int32()) if array.type == pa.date32() else array).to_numpy(zero_copy_only=False)
