"""A synthetic year paid by every kind of pack within one budget: to the fen, and a report that says why."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openyibao.analytics.facade import Simulated, payment_document, simulate_payment
from openyibao.analytics.paying.effects import why
from openyibao.analytics.paying.members import members_of_year
from openyibao.analytics.paying.stays import stays_of_year
from openyibao.cli.main import app
from openyibao.datasets.facade import open_dataset
from openyibao.documents.facade import html
from openyibao.kernel.errors import Malformed

pytestmark = pytest.mark.slow
"""Makes a year of some thousand persons and settles it."""

BY_STAY = ("sample-drg", "sample-points", "sample-dip", "sample-disease", "sample-scheme", "sample-bed-day")
BY_MEMBER = ("sample-capitation", "sample-consortium")


def run(*args: object) -> str:
    done = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("paying") / "year"
    run("synth", "--area", "371500", "--years", "2022", "--scale", "0.001", "--jobs", "1", "--out", made)
    run("resettle", made, "--json")
    return made


@pytest.fixture(scope="module")
def found(folder: Path) -> Simulated:
    return simulate_payment(open_dataset(folder), (*BY_STAY, *BY_MEMBER), 2022)


def test_every_pack_spends_the_budget_to_the_fen(found: Simulated) -> None:
    budget = sum(found.report.budget_fen.values())
    assert budget == sum(row.by_item_fen for row in found.report.rows)
    for at, side in enumerate(found.report.sides):
        cleared = side.clearing.values()
        whole = sum(one.paid_fen + one.clearing_fen + one.retained_fen for one in cleared)
        assert whole == budget, side.pack
        assert sum(row.paid_fen[at] for row in found.report.rows) + sum(one.retained_fen for one in cleared) == budget


def test_every_way_to_pay_takes_its_stays(found: Simulated) -> None:
    taken = {side.pack: Counter(one.method for one in side.priced) for side in found.report.sides}
    assert taken["sample-disease"]["disease"] > 0
    assert taken["sample-disease"]["tcm"] > 0
    assert taken["sample-scheme"]["drg"] > 0
    grouped = [one.group for side in found.report.sides if side.pack == "sample-scheme" for one in side.priced]
    assert len({group for group in grouped if group}) > 5
    for side in found.report.sides:
        assert side.statuses.get("refused", 0) == 0, side.pack


def test_the_effects_add_to_the_difference(found: Simulated) -> None:
    rows = {row.institution: row for row in found.report.rows}
    for at, effects in enumerate(found.effects):
        assert bool(effects) == (found.report.sides[at].members is None)
        for name, one in effects.items():
            assert one.by_item_fen == rows[name].by_item_fen
            assert one.final_fen == rows[name].paid_fen[at]
            said = why(one)
            if "总盘子" in said:
                assert (one.budget_fen >= 0) == (one.difference_fen >= 0)
            assert one.budget_fen + one.cases_fen + one.clearing_fen == one.final_fen - one.by_item_fen


def test_members_are_all_the_insured_once_and_cost_what_the_stays_cost(folder: Path) -> None:
    dataset = open_dataset(folder)
    stays = [stay for stay, _ in stays_of_year(dataset, 2022, "current", 2026)]
    local = [stay for stay in stays if not stay.remote]
    for method in ("capitation", "consortium"):
        made = members_of_year(dataset, 2022, "current", method, stays)
        months: Counter[str] = Counter()
        for one in made.members:
            months[one.member_id] += one.months
        assert max(months.values()) <= 12
        assert len({(one.member_id, one.scheme) for one in made.members}) == len(made.members)
        assert len({(one.member_id, one.institution) for one in made.members}) == len(months)
        cost = sum(stay.pool_by_item_fen for stay in local)
        assert sum(made.spent.values()) == cost
        assert sum(one.spent_fen or 0 for one in made.members) == cost
        assert bool(made.weights) == (method == "consortium")


def test_the_report_says_who_gains_and_what_figures_mean(found: Simulated) -> None:
    page = html(payment_document(found))
    for said in (
        "谁得谁失，为什么",
        "预算因素",
        "病例因素",
        "清算因素",
        "留存由什么构成",
        "多得",
        "人民医院",
        "按人头付费",
    ):
        assert said in page
    assert "没有签约关系" in page
    assert "没有医共体名册" in page


def test_the_command_and_its_json(folder: Path, tmp_path: Path) -> None:
    args = ("payment", "simulate", folder, "--pack", "sample-dip", "--pack", "sample-capitation")
    answer = json.loads(run(*args, "--out", tmp_path / "pay.html", "--json"))
    assert answer["identity_holds"] is True
    assert set(answer["effects"]) == {"sample-dip", "sample-capitation"}
    assert (tmp_path / "pay.html").stat().st_size > 10_000
    assert "相符" in run(*args)


def test_an_unknown_run_is_refused(folder: Path) -> None:
    with pytest.raises(Malformed, match="没有 2022 年的结算批次"):
        simulate_payment(open_dataset(folder), ["sample-drg"], 2022, run="other")
