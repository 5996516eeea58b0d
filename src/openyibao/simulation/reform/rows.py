"""Rows of sums (汇总行): one group of visits or of persons, every column by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openyibao.policy.contracts import Ints
from openyibao.policy.terms import SCHEMES
from openyibao.simulation.reform.keys import PERSON_COLUMNS, VISIT_COLUMNS


@dataclass(frozen=True)
class Row:
    """Sums of one group of visits or persons: its name, and every column by name."""

    name: str
    values: dict[str, int]

    def __getitem__(self, name: str) -> int:
        return self.values[name]

    def change(self, name: str) -> int:
        """After minus before."""
        return self.values[f"after.{name}"] - self.values[f"before.{name}"]

    @property
    def funds(self) -> tuple[int, int]:
        """What all funds pay, hospital and city product apart."""
        names = ("basic", "serious_illness", "special_drug", "supplement", "assistance")
        before = sum(self.values[f"before.{name}"] for name in names)
        return before, sum(self.values[f"after.{name}"] for name in names)


def visit_row(name: str, row: Ints) -> Row:
    return Row(name, {column: int(value) for column, value in zip(VISIT_COLUMNS, row, strict=True)})


def person_row(name: str, row: Ints) -> Row:
    return Row(name, {column: int(value) for column, value in zip(PERSON_COLUMNS, row, strict=True)})


def some_rows(rows: Iterator[Row]) -> list[Row]:
    return [row for row in rows if row["visits"]]


def row_json(row: Row) -> dict[str, Any]:
    return {"name": row.name, **row.values}


def short_name(scheme: str) -> str:
    return {"employee": "职工", "resident": "居民"}.get(scheme, SCHEMES[scheme])
