"""Where the files of a dataset lie, and how they are written and read.

    DIR/manifest.json  pools.parquet  variants.parquet  institutions.parquet  funds.parquet  codes.parquet
    DIR/persons/part-00000.parquet            DIR/coverage/part-00000.parquet
    DIR/visits/year=2020/part-00000.parquet   DIR/contributions/year=2020/…   DIR/grants/year=2020/…
    DIR/openings/year=2020/part-00000.parquet             DIR/incoming/year=2020/part-00000.parquet (one file a year)
    DIR/settled/<run>/year=2020/part-00000.parquet

A file is written beside its place and moved there when it is whole, so that a crash leaves no half of one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets.contracts import Manifest
from openyibao.datasets.schema import CODES, FORMAT, READABLE, TABLES
from openyibao.datasets.sound import manifest_faults
from openyibao.kernel.errors import Fault, Malformed

MANIFEST = "manifest.json"
ROW_GROUP = 1 << 19
"""Rows of a row group: what one reader holds at a time."""
_TYPES = {
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "date": pa.date32(),
    "text": pa.string(),
}
_SPREAD = ("person", "household")
"""Columns of ascending numbers: encoded by difference, not by dictionary."""


def arrow_schema(table: str) -> pa.Schema:
    """Arrow schema of a table, every column's meaning in its metadata."""
    return pa.schema(
        [
            pa.field(column.name, _TYPES[column.type], nullable=column.null, metadata={"meaning": column.meaning})
            for column in TABLES[table].columns
        ],
        metadata={"openyibao": FORMAT, "table": table, "sorted_by": ",".join(TABLES[table].sorted_by)},
    )


def part_path(folder: Path, table: str, part: int = 0, year: int | None = None, run: str = "") -> Path:
    """Where one file of a table lies."""
    cut = TABLES[table].cut
    if cut == "whole":
        return folder / f"{table}.parquet"
    if cut == "year":
        return folder / table / f"year={year}" / "part-00000.parquet"
    base = folder / table
    if run:
        base = base / run
    if cut == "year_part":
        base = base / f"year={year}"
    return base / f"part-{part:05d}.parquet"


class PartWriter:
    """Writes one file of a table in pieces, each of whole persons; the file appears when the writer is closed.

    Args: columns are given by name, as numpy arrays or Arrow arrays, in the table's types or ones that fit them.
    """

    def __init__(self, folder: Path, table: str, part: int = 0, year: int | None = None, run: str = "") -> None:
        self.path = part_path(folder, table, part, year, run)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.schema = arrow_schema(table)
        self.rows = 0
        self._beside = self.path.with_suffix(".writing")
        names = self.schema.names
        self._writer = pq.ParquetWriter(
            self._beside,
            self.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in names if name not in _SPREAD and not name.endswith("_fen")],
            column_encoding={name: "DELTA_BINARY_PACKED" for name in names if name in _SPREAD},
            write_statistics=["person"] if "person" in names else False,
        )

    def write(self, columns: Mapping[str, Any] | pa.Table) -> None:
        """Append rows. Raises: ValueError, KeyError when columns do not fit the table."""
        if isinstance(columns, pa.Table):
            table = columns.select(self.schema.names).cast(self.schema)
        else:
            table = pa.table([_array(columns[field.name], field) for field in self.schema], schema=self.schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self.rows += table.num_rows

    def close(self) -> int:
        """Finish the file; returns its rows."""
        self._writer.close()
        os.replace(self._beside, self.path)
        return self.rows

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self._writer.close()
            self._beside.unlink(missing_ok=True)


def _array(values: Any, field: pa.Field) -> pa.Array:
    if isinstance(values, (pa.Array, pa.ChunkedArray)):
        return values.cast(field.type)
    if isinstance(values, np.ndarray) and field.type == pa.date32() and values.dtype.kind in "iu":
        return pa.array(values.astype(np.int32)).view(pa.date32())
    if isinstance(values, np.ndarray) and values.dtype.kind in "iub":
        return pa.array(values.astype(field.type.to_pandas_dtype(), copy=False))
    return pa.array(values, type=field.type)


def write_whole(folder: Path, table: str, columns: Mapping[str, Any] | pa.Table) -> int:
    """Write a table that is not cut; returns its rows."""
    with PartWriter(folder, table) as writer:
        writer.write(columns)
    return writer.rows


def write_codes(folder: Path) -> int:
    """Write every code list."""
    rows = [(name, at, *pair) for name, entries in CODES.items() for at, pair in entries.items()]
    lists, numbers, codes, labels = zip(*rows, strict=True)
    return write_whole(
        folder, "codes", {"list": list(lists), "number": list(numbers), "code": list(codes), "label": list(labels)}
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest: from now on the folder is a dataset."""
    beside = folder / f"{MANIFEST}.writing"
    beside.write_text(json.dumps(manifest.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(beside, folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises: Malformed when the folder holds no dataset of this format."""
    path = folder / MANIFEST
    if not path.is_file():
        raise Malformed(
            [Fault(str(folder), 0, "", "不是数据集：没有 manifest.json", "openyibao synth 或 publish 写出的文件夹")]
        )
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data.get("format")
        if found not in READABLE:
            raise Malformed([Fault(str(path), 0, "format", f"{found!r}", " 或 ".join(READABLE))])
        faults = list(manifest_faults(path, data))
        if faults:
            raise Malformed(faults)
        return Manifest(**data)
    except (ValueError, TypeError, AttributeError, RecursionError) as problem:
        raise Malformed(
            [Fault(str(path), 0, "", f"读不懂：{problem}", "synth 或 publish 写出的 manifest.json")]
        ) from None
