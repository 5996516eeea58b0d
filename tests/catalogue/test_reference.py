"""The reference page shows the columns the loader reads, word for word."""

from __future__ import annotations

from openyibao.catalogue.columns import CODE_COLUMNS, COLUMNS, ITEM_COLUMNS
from openyibao.kernel.csv_file import Column
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/reference/catalogue-files.md"


def shown(heading: str) -> list[str]:
    """Rows of the first table under a heading."""
    part = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    table = part.split("\n## ")[0].strip().split("\n\n")[0]
    return table.splitlines()[2:]


def written(column: Column) -> str:
    filled = "yes" if column.required else "no"
    return f"| `{column.name}` | {column.title} | {filled} | {column.shape.replace('|', chr(92) + '|')} |"


def test_the_page_shows_the_loaders_columns() -> None:
    assert shown("Columns of `item`") == [written(column) for column in ITEM_COLUMNS]
    assert shown("Columns of the other kinds") == [written(column) for column in CODE_COLUMNS]


def test_the_page_lists_every_kind() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in COLUMNS if f"| `{kind}` |" not in text] == []
