"""The written schema of datasets says what the program's schema says, column by column."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openyibao.datasets.facade import CODES, TABLES
from openyibao.datasets.schema import FORMAT

PAGE = Path(__file__).parents[2] / "docs/reference/datasets.md"


def section(name: str) -> str:
    found = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return next(part for part in found if part.startswith(name))


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_is_written_down(table: object) -> None:
    from openyibao.datasets.facade import Table

    assert isinstance(table, Table)
    text = section(f"`{table.name}`")
    bar = "\\|"
    rows = [
        f"| `{column.name}` | {column.type}{', null' if column.null else ''} | {column.meaning.replace('|', bar)} |"
        for column in table.columns
    ]
    assert [line for line in text.splitlines() if line.startswith("| `")] == rows
    assert f"sorted by {', '.join(f'`{name}`' for name in table.sorted_by)}." in text


def test_every_code_is_written_down() -> None:
    text = section("Code lists")
    for name, entries in CODES.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
        for number, (code, label) in entries.items():
            assert (f"{number} `{code}` {label}" if code else f"{number} {label}").strip() in row
    assert f"`{FORMAT}`" in section("`manifest.json`")
