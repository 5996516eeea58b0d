"""`openyibao catalogue`: loads and shows; wrong input is listed and nothing is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from openyibao.cli.catalogue import app
from openyibao.kernel.errors import Malformed, Refused
from tests.catalogue.files import items, row

pytestmark = pytest.mark.usefixtures("db")


def run(*args: str) -> Any:
    """The JSON a command prints; the error it raises for the program's entry to show."""
    done = CliRunner().invoke(app, [*args, "--json"], catch_exceptions=True)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_load_and_show(tmp_path: Path) -> None:
    first = row(code="XW1", price="12.5", ceiling="20", ceiling_tertiary="30")
    answer = run("load", "item", str(items(tmp_path, first)))
    assert (answer["added"], answer["number"]) == (1, 1)
    run("load", "item", str(items(tmp_path, row(code="XW1", from_="2025-01-01"))))
    shown = run("show", "XW1", "--on", "2024-06-01", "--level", "secondary")
    assert (shown["price"], shown["ceiling"], shown["item_class"]) == ("12.50", "20.00", "乙类")
    assert run("show", "XW1", "--on", "2024-06-01")["ceiling"] == "30.00"
    versions = run("show", "XW1")["versions"]
    assert [(v["from"], v["until"]) for v in versions] == [("2024-01-01", "2024-12-31"), ("2025-01-01", "")]
    assert "试验药片" in CliRunner().invoke(app, ["show", "XW1"]).stdout
    fixed = items(tmp_path, row(code="XW1", from_="2025-01-01", own_ratio="0.3"))
    with pytest.raises(Malformed):
        run("load", "item", str(fixed))
    assert run("load", "item", str(fixed), "--correct")["corrected"] == 1


def test_codes_are_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        "code,name,aliases,from,until,source,certainty\nM12345,试验病,别名,2024-01-01,,试验,invented\n",
        encoding="utf-8",
    )
    run("load", "chronic", str(path))
    assert run("show", "M12345", "--on", "2026-01-01")["name"] == "试验病"
    assert run("show", "M12345")["versions"][0]["aliases"] == "别名"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("show", "NOPE"), Refused),
        (("show", "NOPE", "--on", "2026-13-01"), Malformed),
        (("show", "NOPE", "--level", "top"), Malformed),
        (("show", "NOPE", "--area", "1"), Malformed),
        (("load", "item", "/nowhere.csv"), Malformed),
        (("load", "drugs", "/nowhere.csv"), Malformed),
    ],
)
def test_wrong_input(args: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        run(*args)
