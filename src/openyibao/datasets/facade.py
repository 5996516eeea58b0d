"""The door of the datasets room (数据集): open, write and check a folder of Parquet files with a written schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets import schema
from openyibao.datasets.checks import check
from openyibao.datasets.contracts import Manifest
from openyibao.datasets.schema import (
    BENEFIT_CODES,
    CODES,
    FILING_CODES,
    FUND_ITEMS,
    FUNDS,
    GRANT_KINDS,
    GROUP_CODES,
    LEVEL_CODES,
    STATUS_CODES,
    TABLES,
    Column,
    Table,
)
from openyibao.datasets.store import (
    PartWriter,
    arrow_schema,
    batches,
    part_path,
    read_manifest,
    write_codes,
    write_manifest,
    write_whole,
)

EMPLOYER_KINDS = tuple(schema.EMPLOYER_KINDS)


@dataclass
class Dataset:
    """An opened dataset. Files are read when asked for, a part at a time."""

    folder: Path
    manifest: Manifest

    @property
    def years(self) -> list[int]:
        return self.manifest.years

    @cached_property
    def pools(self) -> list[tuple[str, str]]:
        """(area, scheme) by pool number."""
        table = self.whole("pools")
        return list(zip(table.column("area").to_pylist(), table.column("scheme").to_pylist(), strict=True))

    @cached_property
    def variants(self) -> list[dict[str, Any]]:
        """Rarer facts by variant number."""
        rows: list[dict[str, Any]] = self.whole("variants").to_pylist()
        return rows

    def whole(self, table: str) -> pa.Table:
        """A table that is not cut, in memory."""
        return pq.read_table(part_path(self.folder, table))

    def paths(self, table: str, year: int | None = None, run: str = "") -> list[Path]:
        """Files of a cut table in order of their parts; a part that is missing is an error of `check`."""
        return [part_path(self.folder, table, part, year, run) for part in range(self.manifest.parts)]

    def batches(
        self, table: str, part: int, year: int | None = None, *, run: str = "", columns: list[str] | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Whole persons of one part as numpy columns; dates as days since 1970-01-01."""
        return batches(part_path(self.folder, table, part, year, run), columns)

    def rows(self, table: str, year: int | None = None) -> int:
        """Rows of a table (in a year), by the manifest."""
        return self.manifest.rows.get(table, {}).get("" if year is None else str(year), 0)


def open_dataset(folder: Path) -> Dataset:
    """Open a dataset. Raises: Malformed when it is none, is unfinished, or a file is missing."""
    dataset = Dataset(folder, read_manifest(folder))
    check(dataset, thorough=False)
    return dataset


def sql_sources(dataset: Dataset, run: str = "") -> dict[str, str]:
    """Glob patterns of every table for an SQL engine, `settled` of one run: {"visits": ".../visits/*/*.parquet", …}."""
    found = {}
    for name, table in TABLES.items():
        if table.cut == "whole":
            found[name] = str(part_path(dataset.folder, name))
        elif name == "settled":
            if run:
                found[name] = str(dataset.folder / name / run / "year=*" / "part-*.parquet")
        else:
            cut = ("year=*",) if table.cut == "year_part" else ()
            found[name] = str(dataset.folder.joinpath(name, *cut, "part-*.parquet"))
    return found


__all__ = [
    "BENEFIT_CODES",
    "CODES",
    "EMPLOYER_KINDS",
    "FILING_CODES",
    "FUNDS",
    "FUND_ITEMS",
    "GRANT_KINDS",
    "GROUP_CODES",
    "LEVEL_CODES",
    "STATUS_CODES",
    "TABLES",
    "Column",
    "Dataset",
    "Manifest",
    "PartWriter",
    "Table",
    "arrow_schema",
    "batches",
    "check",
    "open_dataset",
    "part_path",
    "read_manifest",
    "sql_sources",
    "write_codes",
    "write_manifest",
    "write_whole",
]
