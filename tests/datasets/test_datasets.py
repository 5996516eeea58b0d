"""A dataset is what its manifest says: shapes, order and whole persons are checked, half a folder is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openyibao.datasets import facade, store
from openyibao.datasets.facade import Dataset, Manifest, PartWriter
from openyibao.kernel.errors import Malformed


def columns(table: str, rows: int, **given: object) -> dict[str, object]:
    """Columns of a table filled with zeros, some given."""
    found: dict[str, object] = {}
    for column in facade.TABLES[table].columns:
        if column.type == "text":
            found[column.name] = [""] * rows
        elif column.null:
            found[column.name] = [None] * rows
        else:
            found[column.name] = np.zeros(rows, dtype=np.int64)
    return found | given


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """Two parts of two persons each, three visits a person."""
    for name, table in facade.TABLES.items():
        if table.cut == "whole" and name != "codes":
            facade.write_whole(tmp_path, name, columns(name, 0))
    facade.write_codes(tmp_path)
    for part in (0, 1):
        persons = np.array([2 * part, 2 * part + 1])
        with PartWriter(tmp_path, "persons", part) as writer:
            writer.write(columns("persons", 2, person=persons))
        with PartWriter(tmp_path, "coverage", part) as writer:
            writer.write(columns("coverage", 2, person=persons))
        for table in ("contributions", "grants"):
            with PartWriter(tmp_path, table, part, 2020) as writer:
                writer.write(columns(table, 2, person=persons))
        with PartWriter(tmp_path, "visits", part, 2020) as writer:
            writer.write(columns("visits", 4, person=persons.repeat(2), seq=np.array([0, 1, 0, 1])))
            writer.write(columns("visits", 2, person=persons[1].repeat(2), seq=np.array([2, 3])))
    facade.write_manifest(
        tmp_path, Manifest("synthetic", "测试", "371500", [2020], 2, "test", rows={"visits": {"2020": 12}})
    )
    return facade.open_dataset(tmp_path)


def test_batches_hold_whole_persons_even_when_a_row_group_ends_inside_one(dataset: Dataset) -> None:
    found = [batch["person"].tolist() for batch in dataset.batches("visits", 1, 2020, columns=["person", "day"])]
    assert found == [[2, 2], [3, 3, 3, 3]]


def test_a_sound_dataset_passes_the_thorough_check(dataset: Dataset) -> None:
    assert facade.check(dataset) > 10


def test_a_person_in_two_parts_is_found(dataset: Dataset) -> None:
    with PartWriter(dataset.folder, "visits", 1, 2020) as writer:
        writer.write(columns("visits", 1, person=np.array([0])))
    with pytest.raises(Malformed) as raised:
        facade.check(dataset)
    assert "不在 part-00001.parquet 之中" in str(raised.value.faults[0])


def test_wrong_order_and_repeats_are_found(dataset: Dataset) -> None:
    with PartWriter(dataset.folder, "visits", 0, 2020) as writer:
        writer.write(columns("visits", 2, person=np.array([0, 0]), seq=np.array([1, 1])))
    with pytest.raises(Malformed) as raised:
        facade.check(dataset)
    assert "顺序不对或重复" in str(raised.value.faults[0])


def test_every_missing_file_and_column_is_listed(dataset: Dataset) -> None:
    store.part_path(dataset.folder, "visits", 1, 2020).unlink()
    store.part_path(dataset.folder, "pools").write_bytes(b"not parquet")
    with pytest.raises(Malformed) as raised:
        facade.open_dataset(dataset.folder)
    assert [fault.wrong[:2] for fault in raised.value.faults] == ["不是", "缺这"]


def test_a_folder_without_manifest_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        facade.open_dataset(tmp_path)


def test_a_writer_that_fails_leaves_no_file(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "persons")
    writer.write(columns("persons", 1))
    writer.__exit__(RuntimeError, None, None)
    assert list(tmp_path.rglob("*.*")) == []
