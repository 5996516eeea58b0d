"""What the files of a dataset say of themselves, without their rows: columns, counts, who is in which part.

Every file's footer is read once. Counts are held against the manifest and against the files that must have as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets.reading import SORTED, span_of
from openyibao.datasets.schema import TABLES, Table
from openyibao.datasets.store import arrow_schema
from openyibao.kernel.errors import Fault

if TYPE_CHECKING:
    from openyibao.datasets.facade import Dataset

THREADS = 8
_BESIDE = ("coverage", "contributions", "grants", "openings", "visits")
"""Tables whose persons are those of the part's `persons`."""


@dataclass(frozen=True)
class Footer:
    """A file's columns, its rows, and the persons of each row group, as far as its statistics go."""

    schema: Any
    rows: int
    groups: tuple[tuple[int, int], ...]

    @property
    def span(self) -> tuple[int, int] | None:
        return (self.groups[0][0], max(group[1] for group in self.groups)) if self.groups else None


def footer(path: Path) -> Footer:
    """Raises: OSError, pa.ArrowException when the file is none of Parquet's."""
    with pq.ParquetFile(path) as file:
        meta, schema = file.metadata, file.schema_arrow
        groups = [meta.row_group(at) for at in range(meta.num_row_groups)]
        spans = [span_of(group) for group in groups if group.num_rows]
        if "person" in schema.names and None in spans:
            spans = [_ends(file, at) for at, group in enumerate(groups) if group.num_rows]
        return Footer(schema, meta.num_rows, tuple(span for span in spans if span is not None))


def _ends(file: Any, group: int) -> tuple[int, int] | None:
    """The same from the rows, for a file whose writer left no statistics."""
    person = file.read_row_group(group, columns=["person"]).column("person")
    if not pa.types.is_integer(person.type):
        return None
    found = pa.compute.min_max(person).as_py()
    return None if found["min"] is None else (found["min"], found["max"])


class Footers(dict[Path, Footer]):
    """Footers of every file of a dataset, as they are asked for, or ahead of that by several threads."""

    def fetch(self, paths: Iterable[Path]) -> None:
        """Read many at once, for each is a round trip to its disk. What fails is told when it is asked for."""

        def read(path: Path) -> None:
            with suppress(Exception):
                self[path] = footer(path)

        with ThreadPoolExecutor(THREADS, thread_name_prefix="footers") as pool:
            list(pool.map(read, paths))

    def __missing__(self, path: Path) -> Footer:
        self[path] = found = footer(path)
        return found


def files(dataset: Dataset) -> Iterator[tuple[Table, Path]]:
    """Every file that must be there."""
    for table in TABLES.values():
        if table.name == "settled":
            for run, entry in dataset.manifest.runs.items():
                for year in entry.get("years", dataset.years):
                    for path in dataset.paths(table.name, year, run):
                        yield table, path
        elif dataset.has(table.name):
            for year in dataset.years if table.cut.startswith("year") else [None]:
                for path in dataset.paths(table.name, year):
                    yield table, path


def shape_faults(table: Table, path: Path, footers: Footers) -> Iterator[Fault]:
    """A file that is not there or not readable; a column that is missing or of another type."""
    if not path.is_file():
        yield Fault(str(path), 0, "", "缺这个文件", f"表 {table.name}：{table.meaning}")
        return
    try:
        found = footers[path].schema
    except Exception as problem:  # whatever Arrow makes of bytes that are no Parquet
        said = str(problem).strip().partition("\n")[0] or type(problem).__name__
        yield Fault(str(path), 0, "", f"不是 Parquet 文件：{said}", f"表 {table.name}")
        return
    for field in arrow_schema(table.name):
        at = found.get_field_index(field.name)
        if at < 0:
            yield Fault(str(path), 0, field.name, "缺这一列", str(field.type))
        elif found.field(at).type != field.type:
            yield Fault(str(path), 0, field.name, f"类型是 {found.field(at).type}", str(field.type))


# Counts ---------------------------------------------------------------------------------------------------------------


def count_faults(dataset: Dataset, footers: Footers) -> Iterator[Fault]:
    """Rows that the manifest counts otherwise, and runs that are not of these visits."""
    manifest = str(dataset.folder / "manifest.json")
    for table in TABLES.values():
        stated = dataset.manifest.rows.get(table.name, {})
        cuts: list[int | None] = [*dataset.years] if table.cut.startswith("year") else [None]
        for year in cuts if table.name != "settled" and dataset.has(table.name) else []:
            key = "" if year is None else str(year)
            there = sum(footers[path].rows for path in dataset.paths(table.name, year))
            if stated.get(key, there) != there:
                wrong = f"记 {stated[key]:,} 行，文件有 {there:,} 行"
                yield Fault(manifest, 0, f"rows.{table.name}.{key}".rstrip("."), wrong, "清单与文件一致")
    for run, entry in dataset.manifest.runs.items():
        yield from _run_faults(dataset, run, entry, footers)


def _run_faults(dataset: Dataset, run: str, entry: dict[str, Any], footers: Footers) -> Iterator[Fault]:
    """Every file of a run has as many rows as its file of visits, and the manifest as many visits as its files."""
    whole = 0
    for year in entry.get("years", dataset.years):
        for path, visits in zip(dataset.paths("settled", year, run), dataset.paths("visits", year), strict=True):
            mine, its = footers[path].rows, footers[visits].rows
            whole += mine
            if mine != its:
                yield Fault(str(path), 0, "", f"{mine:,} 行，就诊有 {its:,} 行", "与 visits 同一分区逐行对应；请重算")
    totals = entry.get("totals")
    stated = totals.get("visits") if isinstance(totals, dict) else None
    if stated is not None and stated != whole:
        manifest = str(dataset.folder / "manifest.json")
        yield Fault(manifest, 0, f"runs.{run}.totals.visits", f"记 {stated} 笔，文件有 {whole:,} 笔", "清单与文件一致")


# Persons --------------------------------------------------------------------------------------------------------------


def range_faults(dataset: Dataset, footers: Footers) -> Iterator[Fault]:
    """Parts must not share persons, nor a file go back, nor hold persons of another part."""
    own: list[tuple[int, int] | None] = []
    last: tuple[int, Path] | None = None
    for path in dataset.paths("persons"):
        yield from _descending(path, footers)
        span = footers[path].span
        own.append(span)
        if span is None:
            continue
        if last is not None and span[0] <= last[0]:
            yield Fault(str(path), 0, "person", f"{span[0]} 不在 {last[0]}（{last[1].name}）之后", "各分区的人不相交")
        last = (max(span[1], last[0]) if last is not None else span[1], path)
    for name in filter(dataset.has, _BESIDE):
        for year in dataset.years if TABLES[name].cut == "year_part" else [None]:
            for span, path in zip(own, dataset.paths(name, year), strict=True):
                yield from _descending(path, footers)
                mine = footers[path].span
                if mine is not None and (span is None or mine[0] < span[0] or mine[1] > span[1]):
                    yield Fault(
                        str(path), 0, "person", f"{mine[0]}–{mine[1]} 不是本分区的人", f"persons/{path.name} 中的人"
                    )


def _descending(path: Path, footers: Footers) -> Iterator[Fault]:
    for before, after in pairwise(footers[path].groups):
        if after[0] < before[1]:
            yield Fault(str(path), 0, "person", f"{after[0]} 在 {before[1]} 之后", SORTED)
            return
