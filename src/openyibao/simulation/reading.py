"""Reads a part of a dataset for settling: whole persons, row group by row group, only the columns asked for.

`datasets.batches` serves everyone else. This one copies nothing where a row group ends between two persons, as the
statistics of the file tell, and lets the system fetch the file while its first rows are worked on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets.facade import Dataset, part_path
from openyibao.policy.contracts import Columns


def batches(dataset: Dataset, table: str, part: int, year: int, columns: list[str]) -> Iterator[Columns]:
    """Batches of whole persons in the order of the file; `person` must be among the columns. Raises: OSError."""
    path = part_path(dataset.folder, table, part, year)
    with path.open("rb") as handle:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
        yield from _groups(pq.ParquetFile(handle), columns, path)


def _groups(file: Any, columns: list[str], path: Path) -> Iterator[Columns]:
    waiting: Columns | None = None
    last = file.num_row_groups - 1
    for group in range(last + 1):
        table = file.read_row_group(group, columns=columns, use_threads=False)
        batch = {name: _numpy(table.column(name)) for name in columns}
        if waiting is not None:
            batch = {name: np.concatenate((waiting[name], batch[name])) for name in columns}
            waiting = None
        person = batch["person"]
        if group < last and len(person) and not _ends_here(file.metadata, group):
            end = int(np.searchsorted(person, person[-1]))
            waiting = {name: values[end:].copy() for name, values in batch.items()}
            batch = {name: values[:end] for name, values in batch.items()}
        if len(batch["person"]):
            yield batch


def _ends_here(metadata: Any, group: int) -> bool:
    """Whether the statistics say that the next row group begins with another person."""
    ends = []
    for at in (group, group + 1):
        rows = metadata.row_group(at)
        column = next(rows.column(c) for c in range(rows.num_columns) if rows.column(c).path_in_schema == "person")
        if column.statistics is None or not column.statistics.has_min_max:
            return False
        ends.append((column.statistics.min, column.statistics.max))
    return bool(ends[0][1] < ends[1][0])


def _numpy(column: pa.ChunkedArray) -> Any:
    if column.num_chunks == 0:
        return column.to_numpy()
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return (array.view(pa.int32()) if array.type == pa.date32() else array).to_numpy(zero_copy_only=False)
