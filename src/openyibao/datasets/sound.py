"""What can be known of a dataset before its big tables: the manifest, and the short tables.

Every reader relies on it: numbers of pools and variants are places in lists, parts are counted, years are named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from openyibao.datasets.schema import CODES, TABLES
from openyibao.kernel.areas import pooling_area_of
from openyibao.kernel.errors import Fault
from openyibao.policy.terms import CLASSES, SCHEMES

if TYPE_CHECKING:
    from openyibao.datasets.facade import Dataset

MOST_PARTS = 20_000
FIRST_YEAR, LAST_YEAR = 1990, 2199
_RUN = re.compile(r"\w[\w-]{0,63}")
_TEXTS = ("kind", "title", "area", "made_by", "policies", "calibration", "format")
_NUMBERED = {"pools": "pool", "variants": "variant", "institutions": "institution"}
_CODED = {
    ("institutions", "kind"): "institution_kind",
    ("institutions", "level"): "level",
    ("funds", "fund"): "fund",
    ("funds", "item"): "fund_item",
}


def manifest_faults(path: Path, data: dict[str, Any]) -> Iterator[Fault]:
    """What of a manifest's values is not of its kind."""

    def fault(key: str, right: str) -> Fault:
        return Fault(str(path), 0, key, _short(data.get(key)), right)

    for key in _TEXTS:
        if not isinstance(data.get(key, ""), str):
            yield fault(key, "文字")
    years = data.get("years")
    if not _years(years):
        yield fault("years", f"升序、不重复的年份（{FIRST_YEAR}–{LAST_YEAR}），至少一个")
    parts = data.get("parts")
    if not isinstance(parts, int) or isinstance(parts, bool) or not 1 <= parts <= MOST_PARTS:
        yield fault("parts", f"1 至 {MOST_PARTS} 的整数")
    scale = data.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < float("inf"):
        yield fault("scale", "大于 0 的数")
    notes = data.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        yield fault("notes", "文字的列表")
    rows = data.get("rows", {})
    if not _tables(rows) or not all(_whole(count) for by in rows.values() for count in by.values()):
        yield fault("rows", "表 → 年度 → 行数")
    population = data.get("population", {})
    if not _tables(population) or not all(isinstance(one, dict) for by in population.values() for one in by.values()):
        yield fault("population", "统筹区 → 年度 → 人数与出处")
    runs = data.get("runs", {})
    if not _tables(runs):
        yield fault("runs", "结算版本 → 说明")
    elif _years(years):
        known = {*(years or ())}
        for run, entry in runs.items():
            its = entry.get("years", years)
            if not _RUN.fullmatch(run) or not _years(its) or not known.issuperset(its):
                right = "名称合法，years 为数据集的年份"
                yield Fault(str(path), 0, f"runs.{run}"[:80], _short(entry.get("years")), right)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _years(value: object) -> bool:
    if not isinstance(value, list) or not value or not all(_whole(one) for one in value):
        return False
    return value == sorted({*value}) and value[0] >= FIRST_YEAR and value[-1] <= LAST_YEAR


def _tables(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def whole_faults(dataset: Dataset) -> Iterator[Fault]:
    """Faults of the tables that are not cut: empty cells, numbers that are no places, words nobody knows."""
    for name, column in _NUMBERED.items():
        table = dataset.whole(name)
        path = str(dataset.folder / f"{name}.parquet")
        yield from _empty_cells(path, table)
        if table.column(column).to_pylist() != list(range(table.num_rows)):
            yield Fault(path, 0, column, "编号不是 0、1、2 …", "从 0 起连续的编号")
        if not table.num_rows and name != "institutions":
            yield Fault(path, 0, "", "没有一行", TABLES[name].meaning)
    path = str(dataset.folder / "funds.parquet")
    yield from _empty_cells(path, dataset.whole("funds"))
    for (name, column), codes in _CODED.items():
        wrong = set(dataset.whole(name).column(column).to_pylist()) - {*CODES[codes]}
        if wrong:
            yield Fault(
                str(dataset.folder / f"{name}.parquet"), 0, column, f"不认识 {_short(sorted(wrong, key=str))}", codes
            )
    path = str(dataset.folder / "pools.parquet")
    pools = dataset.pools
    if len({*pools}) != len(pools):
        yield Fault(path, 0, "", "同一统筹区与险种有两行", "每个统筹区、险种一行")
    for area, scheme in pools:
        if scheme not in SCHEMES:
            yield Fault(path, 0, "scheme", _short(scheme), "、".join(SCHEMES))
        try:
            if pooling_area_of(str(area)) != area:
                yield Fault(path, 0, "area", _short(area), "统筹区的六位代码")
        except ValueError as problem:
            yield Fault(path, 0, "area", str(problem), "统筹区的六位代码")
    wrong = {row["contribution_class"] for row in dataset.variants} - {*CLASSES}
    if wrong:
        yield Fault(
            str(dataset.folder / "variants.parquet"),
            0,
            "contribution_class",
            _short(sorted(wrong, key=str)),
            "、".join(CLASSES),
        )


def _empty_cells(path: str, table: pa.Table) -> Iterator[Fault]:
    for name in table.column_names:
        if table.column(name).null_count:
            yield Fault(path, 0, name, f"{table.column(name).null_count} 格为空", "每格都有值")
