"""The reference page shows the columns the loader reads, word for word."""

from __future__ import annotations

from openyibao.institutions.columns import COLUMNS
from tests.docs.blocks import ROOT


def test_the_page_shows_the_loaders_columns() -> None:
    page = (ROOT / "docs/reference/institution-files.md").read_text(encoding="utf-8")
    table = page.split("## Columns\n")[1].strip().split("\n\n")[0].splitlines()[2:]
    assert table == [
        f"| `{c.name}` | {c.title} | {'yes' if c.required else 'no'} | {c.shape.replace('|', chr(92) + '|')} |"
        for c in COLUMNS
    ]
