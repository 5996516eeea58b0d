"""The door of the datasets room (数据集): open, write and check a folder of Parquet files with a written schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets import schema
from openyibao.datasets.bounds import out_of_bounds, row_fault
from openyibao.datasets.checks import check
from openyibao.datasets.contracts import Batch, Manifest, Opening, Openings
from openyibao.datasets.openings import read_openings
from openyibao.datasets.reading import batches
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

    def has(self, table: str) -> bool:
        """Whether a table is there; only optional ones may be absent."""
        return not TABLES[table].optional or table in self.manifest.rows

    def paths(self, table: str, year: int | None = None, run: str = "") -> list[Path]:
        """Files of a table in order of their parts; a part that is missing is an error of `check`."""
        parts = self.manifest.parts if TABLES[table].cut in ("part", "year_part") else 1
        return [part_path(self.folder, table, part, year, run) for part in range(parts)]

    def batches(
        self, table: str, part: int, year: int | None = None, *, run: str = "", columns: list[str] | None = None
    ) -> Iterator[Batch]:
        """Whole persons of one part as numpy columns; dates as days since 1970-01-01. Visits bring their openings.

        Raises: Malformed when the file cannot be read, a cell is empty, or a person comes back.
        """
        path = part_path(self.folder, table, part, year, run)
        openings = self.openings(part, year) if table == "visits" and year is not None else None
        for batch in batches(path, columns):
            batch.year, batch.openings = year, openings
            yield batch

    def openings(self, part: int, year: int) -> Openings | None:
        """What persons of a part bring into a year; None when nobody brings anything. Raises: Malformed."""
        if not self.has("openings"):
            return None
        return read_openings(part_path(self.folder, "openings", part, year), len(self.pools)) or None

    def rows(self, table: str, year: int | None = None) -> int:
        """Rows of a table (in a year), by the manifest."""
        return self.manifest.rows.get(table, {}).get("" if year is None else str(year), 0)


def open_dataset(folder: Path) -> Dataset:
    """Open a dataset. Raises: Malformed with everything that shows without its rows: files, columns, counts, parts."""
    dataset = Dataset(folder, read_manifest(folder))
    check(dataset, thorough=False)
    return dataset


def sql_sources(dataset: Dataset, run: str = "") -> dict[str, str]:
    """Glob patterns of every table that is there, `settled` of one run: {"visits": ".../visits/*/*.parquet", …}."""
    found = {}
    for name, table in TABLES.items():
        if not dataset.has(name):
            continue
        if table.cut == "whole":
            found[name] = str(part_path(dataset.folder, name))
        elif name == "settled":
            if run:
                found[name] = str(dataset.folder / name / run / "year=*" / "part-*.parquet")
        else:
            cut = ("year=*",) if table.cut.startswith("year") else ()
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
    "Batch",
    "Column",
    "Dataset",
    "Manifest",
    "Opening",
    "Openings",
    "PartWriter",
    "Table",
    "arrow_schema",
    "batches",
    "check",
    "open_dataset",
    "out_of_bounds",
    "part_path",
    "read_manifest",
    "row_fault",
    "sql_sources",
    "write_codes",
    "write_manifest",
    "write_whole",
]
