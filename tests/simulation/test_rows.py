"""Rows that would be paid wrongly are refused by the driver itself, by every engine, with file and row."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openyibao.datasets.facade import Dataset, PartWriter, open_dataset, part_path
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies
from openyibao.simulation.driver import Driver
from openyibao.simulation.facade import resettle

YEAR = 2022
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def own(dataset: Dataset, tmp_path: Path) -> Dataset:
    shutil.copytree(dataset.folder, tmp_path / "own")
    return open_dataset(tmp_path / "own")


def rows_of(dataset: Dataset, part: int) -> dict[str, Any]:
    table = pq.read_table(part_path(dataset.folder, "visits", part, YEAR))
    return {name: table.column(name).to_numpy() for name in table.column_names}


def damage(dataset: Dataset, part: int, order: Any, **how: Any) -> None:
    """Write a file of visits again with its rows in another order, some left out, some twice."""
    path = part_path(dataset.folder, "visits", part, YEAR)
    table = pq.read_table(path)
    pq.write_table(table.take(pa.array(order)), path, **how)


def within(rows: dict[str, Any]) -> int:
    """A row whose person has one more before it and one more after it, on other days, in settle order."""
    person, day, seq = rows["person"], rows["day"], rows["seq"]
    same = (person[1:] == person[:-1]) & (day[1:] > day[:-1]) & (seq[1:] == seq[:-1] + 1)
    return int(np.flatnonzero(same[1:] & same[:-1])[0]) + 1


def swapped(rows: dict[str, Any]) -> Any:
    order, at = np.arange(len(rows["person"])), within(rows)
    order[at], order[at + 1] = at + 1, at
    return order


def twice(rows: dict[str, Any]) -> Any:
    order = np.arange(len(rows["person"]))
    return np.insert(order, within(rows), within(rows))


def left_out(rows: dict[str, Any]) -> Any:
    return np.delete(np.arange(len(rows["person"])), within(rows))


def moved_to_the_end(rows: dict[str, Any]) -> Any:
    return np.roll(np.arange(len(rows["person"])), -within(rows) - 1)


CHANGES: dict[str, tuple[Change, str]] = {
    "two rows changed places": (swapped, "person,day,seq: 第 .* 之后；应为：按 person、day、seq 升序，不重复"),
    "a bill comes twice": (twice, "person,day,seq: 第 .* 之后；应为：按 person、day、seq 升序，不重复"),
    "a bill is missing": (left_out, r"seq: 第 .* 的 seq \d+ 应为 \d+；应为：一个人一年的 seq 从 0 起逐一连续"),
    "a person goes on at the end": (moved_to_the_end, "(person.*: 第 .* 不在上一行的 .* 之后|seq: 第 1 行：)"),
}


def settle_part(policies: Policies, dataset: Dataset, part: int) -> None:
    driver = Driver(policies, dataset)
    for batch in dataset.batches("visits", part, YEAR):
        driver.tally(batch)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("how", [{}, {"row_group_size": 97, "write_statistics": False}], ids=["one", "many"])
def test_the_driver_names_the_row(policies: Policies, own: Dataset, change: str, how: dict[str, Any]) -> None:
    work, said = CHANGES[change]
    damage(own, 1, work(rows_of(own, 1)), **how)
    with pytest.raises(Malformed, match=said) as raised:
        settle_part(policies, own, 1)
    assert "visits/year=2022/part-00001.parquet" in str(raised.value)


def test_the_row_is_that_of_the_file(policies: Policies, own: Dataset) -> None:
    rows = rows_of(own, 1)
    damage(own, 1, swapped(rows), row_group_size=50)
    with pytest.raises(Malformed, match=f"第 {within(rows) + 2:,} 行："):
        settle_part(policies, own, 1)


def test_two_bills_of_one_place_in_the_order(policies: Policies, own: Dataset) -> None:
    rows = rows_of(own, 1)
    rows["seq"] = rows["seq"].copy()
    rows["seq"][within(rows) + 1] -= 1
    with PartWriter(own.folder, "visits", 1, YEAR) as writer:
        writer.write({name: pa.array(values) for name, values in rows.items()})
    with pytest.raises(Malformed, match=r"的 seq \d+ 重复"):
        settle_part(policies, own, 1)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "spark"])
def test_every_engine_lists_every_part(policies: Policies, own: Dataset, engine: str) -> None:
    if engine == "spark" and importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark is not installed: make spark")
    damage(own, 0, swapped(rows_of(own, 0)))
    damage(own, 2, moved_to_the_end(rows_of(own, 2)))
    with pytest.raises(Malformed) as raised:
        resettle(own, policies, engine=engine, run="current")
    assert [Path(fault.file).name for fault in raised.value.faults] == ["part-00000.parquet", "part-00002.parquet"]
    assert [path.name for path in (own.folder / "settled").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("column", "value"),
    [("account_fen", 2**63 - 1), ("account_opening_fen", -(2**63)), ("pool", 77), ("purchases_fen", -1)],
)
def test_an_account_that_can_be_none(policies: Policies, own: Dataset, column: str, value: int) -> None:
    path = part_path(own.folder, "contributions", 0, YEAR)
    table = pq.read_table(path)
    at = table.column_names.index(column)
    cells = table.column(at).to_pylist()
    cells[4] = value
    pq.write_table(table.set_column(at, column, pa.array(cells, type=table.schema.field(at).type)), path)
    with pytest.raises(Malformed, match=f"contributions/year=2022/part-00000.parquet {column}: 第 5 行：{value}"):
        resettle(own, policies, run="current", jobs=1)


@pytest.mark.parametrize("once", ["write", "close"])
def test_a_disk_that_is_full(policies: Policies, own: Dataset, monkeypatch: pytest.MonkeyPatch, once: str) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    resettle(own, policies, run="current", jobs=1)
    kept = {path: path.stat().st_mtime_ns for path in (own.folder / "settled").rglob("*.parquet")}
    with monkeypatch.context() as patch:
        patch.setattr(PartWriter, once, full)
        with pytest.raises(Malformed, match="写不下去（No space left on device）"):
            resettle(own, policies, run="current", jobs=2)
    assert {path: path.stat().st_mtime_ns for path in (own.folder / "settled").rglob("*.parquet")} == kept
    open_dataset(own.folder)
    assert resettle(own, policies, run="current", jobs=2).visits > 0


def test_a_task_tried_again_leaves_one_file_the_same(policies: Policies, own: Dataset) -> None:
    """Spark tries a task again, or twice at once: each attempt writes its own folder, the file that counts is whole."""
    from openyibao.simulation.spark import settle_task

    place = part_path(own.folder, "settled", 1, YEAR, ".current.writing")
    given_up = part_path(own.folder, "settled", 1, YEAR, ".current.writing/attempt-1")
    given_up.parent.mkdir(parents=True)
    given_up.with_suffix(".writing").write_bytes(b"half")
    answers, files = [], []
    for attempt in (2, 3):
        driver = Driver(policies, own)  # each executor has its own
        answers.append(settle_task(driver, own.folder, own.manifest, 1, ".current.writing", attempt, lambda _: None))
        files.append(place.read_bytes())
    assert answers[0] == answers[1]
    assert files[0] == files[1]
    assert pq.read_metadata(place).num_rows == len(rows_of(own, 1)["person"])
    assert given_up.with_suffix(".writing").read_bytes() == b"half"
