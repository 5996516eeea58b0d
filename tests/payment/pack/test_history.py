"""Budgets from a file of three years: read with every fault, adding to the pool to the fen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openyibao.cli.main import app
from openyibao.kernel.errors import Malformed
from openyibao.payment.engine.pack import facade

GOOD = """institution,fund_1,fund_2,fund_3,admissions_1,admissions_2,admissions_3,tcm
H1,1000000.00,1100000.00,1300000.00,100,110,150,0
H2,500000.00,500000.00,500000.00,60,60,60,1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "history.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_amounts_and_reserve_are_the_pool(tmp_path: Path) -> None:
    made = facade.make_budgets(
        facade.load_pack("sample-drg"), facade.read_history(written(tmp_path, GOOD)), "employee", 200_000_001
    )
    assert made.reserve_fen == 10_000_000
    assert sum(line.amount_fen for line in made.lines) + made.reserve_fen == 200_000_001
    one, two = made.lines
    assert one.base_fen == (100_000_000 + 2 * 110_000_000 + 7 * 130_000_000) // 10
    assert one.points["growth"] == 600
    assert one.points["admissions"] == 300, "a third of the limited growth of 10 %"
    assert two.points["tcm"] == 300


def test_every_fault_is_listed(tmp_path: Path) -> None:
    bad = "institution,fund_1,fund_2,fund_3,tcm\nH1,1,x,-3,2\nH1,1,2,3,0\n,1,2\n"
    with pytest.raises(Malformed) as raised:
        facade.read_history(written(tmp_path, bad))
    found = {(fault.line, fault.path) for fault in raised.value.faults}
    assert found == {(2, "tcm"), (2, "fund_2"), (2, "fund_3"), (3, "institution"), (4, "")}


def test_the_command(tmp_path: Path) -> None:
    path, out = written(tmp_path, GOOD), tmp_path / "out.csv"
    done = CliRunner().invoke(
        app, ["payment", "budgets", "sample-drg", str(path), "--pool", "2000000.00", "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert sum(row["amount_fen"] for row in answer["institutions"]) + answer["reserve_fen"] == 200_000_000
    assert out.read_text(encoding="utf-8").startswith("institution,base,growth")
