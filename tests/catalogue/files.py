"""Small catalogue files for tests: good rows, and a way to write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
COLUMNS = (
    *("code", "name", "kind", "charge_type", "class", "own_ratio", "exception_ratio"),
    *("ceiling", "ceiling_tertiary", "ceiling_secondary", "ceiling_primary", "price", "unit", "restriction"),
    *("herb", "negotiated", "procured", "special", "area", "from", "until", "source", "certainty"),
)
GOOD = {
    "code": "XTEST00001",
    "name": "试验药片",
    "kind": "drug",
    "charge_type": "09",
    "class": "B",
    "own_ratio": "0.1",
    "unit": "片",
    "from": "2024-01-01",
    "source": "试验",
    "certainty": "invented",
}


def row(**changes: str) -> str:
    """One line: a good item with some cells changed ("from" is written from_, "class" class_)."""
    cells = GOOD | {name.rstrip("_"): value for name, value in changes.items()}
    return ",".join(cells.get(name, "") for name in COLUMNS)


def items(folder: Path, *rows: str, head: str = "", name: str = "items.csv") -> Path:
    """A file with these lines under the header."""
    path = folder / name
    path.write_text("\n".join([head or ",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path
