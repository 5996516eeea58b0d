"""`openyibao institutions`: loads and shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openyibao.cli.institutions import app
from openyibao.institutions.errors import InstitutionUnknown
from tests.institutions.test_loading import file, row

pytestmark = pytest.mark.usefixtures("db")


def test_load_and_show(tmp_path: Path) -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["load", str(file(tmp_path, row())), "--json"])
    assert (json.loads(done.stdout)["registered"], done.exit_code) == (1, 0)
    shown = json.loads(runner.invoke(app, ["show", "H37150011111", "--json"]).stdout)
    assert (shown["name"], shown["profiles"][0]["start"], shown["penalties"]) == ("装载医院", "2020-01-01", [])
    text = runner.invoke(app, ["show", "H37150011111"]).stdout
    assert "二级 二级甲等" in text
    assert "2020-01-01 至 2029-12-31" in text
    assert isinstance(runner.invoke(app, ["show", "H37150099998"]).exception, InstitutionUnknown)
