"""The tutorials, followed to the letter: their files are written, their commands run, their numbers come out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from openyibao.policy import facade
from tests.docs.blocks import ROOT, Shell, blocks, check, clone

NEW_CITY = ROOT / "docs/tutorials/new-city.md"
SETTLE = ROOT / "docs/tutorials/settle-a-bill.md"


@pytest.fixture
def dezhou() -> Iterator[Path]:
    """A clone with the skeleton written by `new-city` and the tutorial's final files over it."""
    with clone() as folder:
        shell = Shell()
        assert not (folder / "policies/dezhou").exists()
        shell.run("openyibao policy new-city dezhou --scheme resident --year 2024 --into .")
        assert shell.code == 0
        for block in blocks(NEW_CITY):
            if block.title:
                (folder / block.title).write_text(block.body, encoding="utf-8")
        yield folder


def test_skeleton_passes_the_check_and_refuses_to_settle() -> None:
    with clone():
        shell = Shell()
        shell.run("openyibao policy new-city dezhou --scheme resident --year 2024 --into .")
        shell.run("openyibao policy check policies")
        assert shell.code == 0
        said = "\n".join(shell.run("openyibao settle cases/dezhou/first-resident.yaml"))
        assert shell.code == 2
        assert "FIGURE_MISSING" in said
        assert "dezhou/resident/inpatient.yaml#deductible.amount.tertiary" in said


def test_final_files_replace_every_skeleton_file_and_leave_nothing_missing(dezhou: Path) -> None:
    for path in (dezhou / "policies/dezhou").rglob("*.yaml"):
        assert "missing" not in path.read_text(encoding="utf-8"), path
        assert facade.Policies.load().rulebook.files[path.relative_to(dezhou / "policies").as_posix()]


def test_final_files_pass_the_check(dezhou: Path) -> None:
    assert facade.check_folder(dezhou / "policies") == []


def test_case_settles_to_the_hand_calculation(dezhou: Path) -> None:
    year = facade.Policies.load().settle(facade.load_case(dezhou / "cases/dezhou/first-resident.yaml"))
    rows = facade.year_as_rows(year)["visits"]
    assert [row["act_pay_dedc"] for row in rows] == ["1000.00", "500.00", "0.00", "0.00"]
    assert [row["hifp_pay"] for row in rows] == ["11020.00", "28710.00", "150.00", "110.00"]
    assert [row["hifmi_pay"] for row in rows] == ["0.00", "9762.00", "0.00", "0.00"]
    assert [row["psn_part_amt"] for row in rows] == ["9980.00", "11528.00", "150.00", "290.00"]
    spread = facade.interval(year)
    assert spread is not None
    assert (spread.low, spread.high) == (4_855_200, 5_095_200)


def test_cases_run_and_a_wrong_expectation_is_found(dezhou: Path) -> None:
    shell = Shell()
    assert shell.run("openyibao cases run cases/dezhou")[-1] == "1 passed, 0 failed"
    case = dezhou / "cases/dezhou/first-resident.yaml"
    case.write_text(case.read_text(encoding="utf-8").replace('"9762.00"', '"9762.01"'), encoding="utf-8")
    assert shell.run("openyibao cases run cases/dezhou")[-1] == "0 passed, 1 failed"
    assert shell.code == 1


@pytest.mark.parametrize("page", [NEW_CITY, SETTLE], ids=lambda page: page.stem)
def test_tutorial_prints_what_the_program_prints(page: Path) -> None:
    assert check(page) == []


def test_amounts_of_the_settle_tutorial() -> None:
    text = SETTLE.read_text(encoding="utf-8")
    with clone() as folder:
        case = next(block for block in blocks(SETTLE) if block.title == "first.yaml")
        (folder / case.title).write_text(case.body, encoding="utf-8")
        year = facade.Policies.load().settle(facade.load_case(folder / case.title))
    for row in facade.year_as_rows(year)["visits"]:
        for name in ("hifp_pay", "psn_part_amt", "psn_cash_pay"):
            assert f"{float(row[name]):,.2f}" in text
