"""Changes to a copy of the sample scheme: what tests plant defects with."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from openyibao.policy.facade import data_folder

SAMPLE = data_folder("schemes") / "sample"
Rows = list[dict[str, str]]


def copied(folder: Path) -> Path:
    """A copy of the sample scheme to change."""
    target = folder / "scheme"
    shutil.copytree(SAMPLE, target)
    return target


def rows_of(folder: Path, name: str) -> Rows:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def change(folder: Path, name: str, edit: Callable[[Rows], object]) -> None:
    """Change the rows of a table in place."""
    rows = rows_of(folder, name)
    head = list(rows[0])
    edit(rows)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, head, lineterminator="\n", restval="")
        out.writeheader()
        out.writerows(rows)


def stated(folder: Path, key: str, value: str) -> None:
    """State a fact in scheme.csv."""

    def edit(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["key"] != key]
        rows.append({"key": key, "value": value})

    change(folder, "scheme.csv", edit)


def step(rows: Rows, target: str) -> dict[str, str]:
    """The step of a group."""
    return next(row for row in rows if row["target"] == target)
