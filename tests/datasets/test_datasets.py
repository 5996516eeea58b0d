"""A dataset is what its manifest says: shapes, order and whole persons are checked, half a folder is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openyibao.datasets import facade, store
from openyibao.datasets.facade import Dataset, Manifest, PartWriter
from openyibao.kernel.errors import Malformed

DAY = np.full(9, np.datetime64("2020-03-01").astype(int))


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
    facade.write_whole(tmp_path, "pools", columns("pools", 1, area=["371500"], scheme=["employee"]))
    facade.write_whole(tmp_path, "variants", columns("variants", 1, contribution_class=["standard"]))
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
            writer.write(columns("visits", 4, person=persons.repeat(2), seq=np.array([0, 1, 0, 1]), day=DAY[:4]))
            writer.write(columns("visits", 2, person=persons[1].repeat(2), seq=np.array([2, 3]), day=DAY[:2]))
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
    assert "不是本分区的人" in str(raised.value)


def test_wrong_order_and_repeats_are_found(dataset: Dataset) -> None:
    with PartWriter(dataset.folder, "visits", 0, 2020) as writer:
        writer.write(columns("visits", 2, person=np.array([0, 0]), seq=np.array([1, 1]), day=DAY[:2]))
    with pytest.raises(Malformed) as raised:
        facade.check(dataset)
    assert "第 2 行：(0, 2020-03-01, 1) 不在上一行的 (0, 2020-03-01, 1) 之后" in str(raised.value)


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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("years", []), ("years", ["2020"]), ("years", "2020"), ("years", [2020, 2020]), ("years", [2020.0]),
        ("parts", 0), ("parts", "2"), ("parts", None), ("parts", 2.0), ("parts", 10**9), ("parts", True),
        ("runs", [1]), ("runs", {"recorded": "x"}), ("runs", {"../..": {"years": [2020]}}),
        ("runs", {"current": {"years": [2021]}}), ("rows", []), ("rows", {"visits": {"2020": "x"}}),
        ("population", {"371500": "x"}), ("scale", 0), ("scale", "x"), ("scale", float("nan")), ("title", None),
        ("notes", None),
    ],
)  # fmt: skip
def test_a_manifest_of_odd_values_names_the_key(dataset: Dataset, key: str, value: object) -> None:
    path = dataset.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(Malformed) as raised:
        facade.open_dataset(dataset.folder)
    assert [fault.path.partition(".")[0] for fault in raised.value.faults] == [key]


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", "", "\x00", '{"format": 1}'])
def test_a_manifest_that_is_none(dataset: Dataset, text: str) -> None:
    (dataset.folder / "manifest.json").write_text(text)
    with pytest.raises(Malformed):
        facade.open_dataset(dataset.folder)


@pytest.mark.parametrize(
    ("table", "given", "wrong"),
    [
        ("pools", {"pool": np.array([5]), "area": ["371500"], "scheme": ["employee"]}, "编号"),
        ("pools", {"area": ["371502"], "scheme": ["employee"]}, "371502"),
        ("pools", {"area": ["999999"], "scheme": ["employee"]}, "999999"),
        ("pools", {"area": ["371500"], "scheme": ["xxx"]}, "xxx"),
        ("variants", {"contribution_class": ["zzz"]}, "zzz"),
        ("funds", {"fund": np.array([99])}, "99"),
    ],
)
def test_short_tables_are_read_when_a_dataset_is_opened(
    dataset: Dataset, table: str, given: dict[str, object], wrong: str
) -> None:
    facade.write_whole(dataset.folder, table, columns(table, 1, **given))
    with pytest.raises(Malformed, match=wrong):
        facade.open_dataset(dataset.folder)


def test_opening_sees_a_person_in_two_parts_and_a_file_that_goes_back(dataset: Dataset) -> None:
    with PartWriter(dataset.folder, "visits", 1, 2020) as writer:
        writer.write(columns("visits", 1, person=np.array([3])))
        writer.write(columns("visits", 1, person=np.array([2])))
    with PartWriter(dataset.folder, "persons", 1) as writer:
        writer.write(columns("persons", 2, person=np.array([1, 3])))
    with pytest.raises(Malformed) as raised:
        facade.open_dataset(dataset.folder)
    said = [fault.wrong for fault in raised.value.faults]
    assert "2 在 3 之后" in said
    assert "1 不在 1（part-00000.parquet）之后" in said
