"""A dataset whose files or manifest do not say the truth is found out when it is opened, or when its rows are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openyibao.datasets import facade
from openyibao.datasets.facade import Dataset, Manifest, PartWriter, part_path, read_manifest
from openyibao.kernel.errors import Malformed
from tests.datasets.test_datasets import DAY, columns, dataset

__all__ = ["dataset"]
VISITS, PERSONS = "visits/year=2020/part-00000.parquet", "persons/part-00000.parquet"


def stated(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def rewritten(folder: Path, name: str, change: Callable[[pa.Table], pa.Table], **how: Any) -> None:
    pq.write_table(change(pq.read_table(folder / name)), folder / name, **how)


def with_cell(name: str, at: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(name)
        cells = table.column(place).to_pylist()
        cells[at] = value
        kind = table.schema.field(place).type
        return table.set_column(place, pa.field(name, kind), pa.array(cells, type=kind))

    return change


def taken(*rows: int) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.take(list(rows))


def faults(work: Callable[[], object]) -> str:
    with pytest.raises(Malformed) as raised:
        work()
    return str(raised.value)


# The manifest ---------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_files(dataset: Dataset) -> None:
    stated(dataset.folder, rows={"visits": {"2020": 13}, "persons": {"": 4}, "codes": {"": 1}})
    said = faults(lambda: facade.open_dataset(dataset.folder))
    assert "rows.visits.2020: 记 13 行，文件有 12 行" in said
    assert "rows.codes: 记 1 行" in said
    assert "persons" not in said


@pytest.mark.parametrize("table", ["openings", "incoming"])
def test_a_table_that_may_be_absent_is_there_when_it_is_stated(dataset: Dataset, table: str) -> None:
    stated(dataset.folder, rows={table: {"2020": 0}})
    assert f"{table}/year=2020/part-00000.parquet: 缺这个文件" in faults(lambda: facade.open_dataset(dataset.folder))


def test_a_run_has_the_rows_of_the_visits(dataset: Dataset) -> None:
    for part in (0, 1):
        with PartWriter(dataset.folder, "settled", part, 2020, "current") as writer:
            writer.write(columns("settled", 6 - part, person=np.array([0, 0, 1, 1, 1, 1][part:]) + 2 * part))
    entry = {"years": [2020], "totals": {"visits": 12}}
    stated(dataset.folder, runs={"current": entry})
    said = faults(lambda: facade.open_dataset(dataset.folder))
    assert "settled/current/year=2020/part-00001.parquet: 5 行，就诊有 6 行" in said
    assert "runs.current.totals.visits: 记 12 笔，文件有 11 笔" in said


def test_the_first_format_is_read(dataset: Dataset) -> None:
    stated(dataset.folder, format="openyibao dataset 1")
    opened = facade.open_dataset(dataset.folder)
    assert facade.check(opened) > 10
    assert not opened.has("openings")
    assert not {"openings", "incoming"} & set(facade.sql_sources(opened))


# Rows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistics", [True, False])
def test_a_part_with_persons_of_another_is_found_with_or_without_statistics(dataset: Dataset, statistics: bool) -> None:
    rewritten(dataset.folder, VISITS, with_cell("person", 5, 2), write_statistics=statistics)
    assert "0–2 不是本分区的人" in faults(lambda: facade.open_dataset(dataset.folder))


def test_a_person_who_comes_back_is_refused_by_whoever_reads_on(dataset: Dataset) -> None:
    rewritten(dataset.folder, VISITS, taken(0, 2, 3, 4, 5, 1), row_group_size=5, write_statistics=False)
    read = faults(lambda: list(dataset.batches("visits", 0, 2020, columns=["day"])))
    assert "part-00000.parquet person: 第 6 行：0 不在上一行的 1 之后" in read


@pytest.mark.parametrize(("column", "value"), [("in_scope_fen", None), ("seq", None), ("day", None), ("person", None)])
def test_an_empty_cell_is_never_a_number(dataset: Dataset, column: str, value: None) -> None:
    rewritten(dataset.folder, VISITS, with_cell(column, 3, value))
    said = faults(lambda: list(dataset.batches("visits", 0, 2020)))
    assert f"{column}: 1 格为空，先见于第 4 行" in said


def test_the_thorough_check_lists_every_file_and_column(dataset: Dataset) -> None:
    rewritten(dataset.folder, VISITS, with_cell("benefit", 2, 99))
    rewritten(dataset.folder, VISITS, with_cell("non_covered_fen", 1, 2**63 - 1))
    rewritten(dataset.folder, VISITS, with_cell("in_scope_fen", 1, -1))
    rewritten(dataset.folder, VISITS, with_cell("seq", 5, 9))
    second = part_path(dataset.folder, "visits", 1, 2020).relative_to(dataset.folder)
    rewritten(dataset.folder, str(second), with_cell("day", 0, None))
    said = faults(lambda: facade.check(Dataset(dataset.folder, read_manifest(dataset.folder))))
    for wrong in (
        "benefit: 第 3 行：99",
        "non_covered_fen: 第 2 行：9223372036854775807",
        "in_scope_fen: 第 2 行：-1",
        "seq: 第 6 行：9",
        "part-00001.parquet day: 1 格为空",
    ):
        assert wrong in said


def test_a_day_of_another_year_and_a_bill_that_is_missing(dataset: Dataset) -> None:
    rewritten(dataset.folder, VISITS, with_cell("day", 0, np.datetime64("2019-12-31").item()))
    rewritten(dataset.folder, VISITS, taken(0, 1, 2, 4, 5))
    said = faults(lambda: facade.check(Dataset(dataset.folder, Manifest(**dataset.manifest.as_json() | {"rows": {}}))))
    assert "day: 第 1 行：2019-12-31；应为：2020-01-01 至 2020-12-31" in said
    assert "seq: 第 4 行：2，共 2 行；应为：一个人一年的 seq" in said


# Optional tables ------------------------------------------------------------------------------------------------------


def test_patients_from_elsewhere_lie_beside_the_visits(dataset: Dataset) -> None:
    came = columns("incoming", 2, number=np.arange(2), day=DAY[:2], insured_area=np.full(2, 110000))
    with PartWriter(dataset.folder, "incoming", 0, 2020) as writer:
        writer.write(came)
    dataset.manifest.rows["incoming"] = {"2020": 2}
    facade.write_manifest(dataset.folder, dataset.manifest)
    opened = facade.open_dataset(dataset.folder)
    assert facade.check(opened) > 10
    assert facade.sql_sources(opened)["incoming"].endswith("incoming/year=*/part-*.parquet")
    (batch,) = opened.batches("incoming", 0, 2020)
    assert batch["insured_area"].tolist() == [110000, 110000]


def test_openings_are_of_the_part_s_persons_and_in_order(dataset: Dataset) -> None:
    rows = {"person": [0, 0], "pool": [0, 0], "stay": [-1, -1], "name": ["b", "a"], "value": [1, 2]}
    for part in (0, 1):
        with PartWriter(dataset.folder, "openings", part, 2020) as writer:
            writer.write(rows if part == 0 else {name: [] for name in rows})
    dataset.manifest.rows["openings"] = {"2020": 2}
    facade.write_manifest(dataset.folder, dataset.manifest)
    opened = facade.open_dataset(dataset.folder)
    assert "第 2 行：(0, 0, -1, a) 不在上一行的 (0, 0, -1, b) 之后" in faults(lambda: facade.check(opened))
    with PartWriter(dataset.folder, "openings", 0, 2020) as writer:
        writer.write(rows | {"name": ["a", "b"]})
    facade.check(opened)
    assert opened.openings(0, 2020) == {0: {0: facade.Opening({"a": 1, "b": 2}, {})}}
    assert opened.openings(1, 2020) is None
