"""A back-test names what differs: secret figures by path and value, wrong persons and places as causes, no more."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from openyibao.analytics.facade import Backtest, backtest, export_rows, html, lines, load_bills
from openyibao.cli.backtest import mount
from openyibao.policy.facade import Policies
from tests.analytics.made_up import Recorded, bureau
from tests.analytics.secrets import draw, judge, with_changes
from tests.analytics.test_import import one

PERSONS = 400


def named(found: Backtest) -> dict[str, str]:
    return {finding.path: finding.implied for finding in found.figures}


def kinds(found: Backtest) -> dict[str, int]:
    counted: dict[str, int] = {}
    for cause in found.causes:
        counted[cause.kind] = counted.get(cause.kind, 0) + cause.bills
    return counted


def test_our_own_bills_agree_in_every_field(plain: Path, policies: Policies) -> None:
    found = backtest(policies, load_bills(plain))
    assert found.compared == found.matched == found.matched_after
    assert found.compared + found.reversals == found.bills
    assert (found.figures, found.hints, found.causes, found.not_compared) == ([], [], [], {})
    assert all(entry.differing == 0 for entry in found.fields)
    assert {entry.name for entry in found.fields} >= {"hifp_pay", "maf_pay", "act_pay_dedc", "acct_pay"}
    verdicts = {one.path: one.verdict for one in found.confirmations}
    assert verdicts["liaocheng/employee/inpatient.yaml#deductible.amount.tertiary"] == "confirmed"


SECRETS: dict[str, dict[str, Any]] = {
    "deductible, tier rate, serious illness": {
        "liaocheng/resident/inpatient.yaml#deductible.amount.tertiary": 1000,
        "liaocheng/employee/inpatient.yaml#tiers.2.rate.tertiary": "82%",
        "liaocheng/resident/serious_illness.yaml#tiers.1.rate": "57.5%",
    },
    "assistance, remote care, cap": {
        "liaocheng/assistance.yaml#tiers.1.rate.helped": "65%",
        "shandong/remote.yaml#first_self_pay.none.out_of_province": "25%",
        "liaocheng/resident/outpatient.yaml#cap.amount": 150,
    },
}


SLOW = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.parametrize("title", [pytest.param(name, marks=SLOW if "remote" in name else ()) for name in SECRETS])
def test_three_secret_figures_are_named_and_no_other(title: str, policies: Policies, tmp_path: Path) -> None:
    secret = SECRETS[title]
    start = "2022-07-01" if "remote" in title else "2022-01-01"
    remote = {path: value for path, value in secret.items() if path.startswith("shandong")}
    rest = {path: value for path, value in secret.items() if path not in remote}
    changed = with_changes(with_changes(policies, rest, "2022-01-01"), remote, start) if remote else None
    bureau(tmp_path, changed or with_changes(policies, secret, start), persons=PERSONS + 300 * bool(remote))
    found = backtest(policies, load_bills(tmp_path))
    assert named(found) == {path: str(value) for path, value in secret.items()}
    assert all(finding.counter == 0 and finding.support >= finding.persons >= 3 for finding in found.figures)
    assert found.matched < found.matched_after == found.compared
    assert {cause.kind for cause in found.causes} <= {"deductible", "rate", "cap", "accumulated_state"}
    assert sum(cause.bills for cause in found.causes) == found.compared - found.matched


@pytest.mark.slow
def test_a_figure_that_changed_within_the_year_is_named_with_its_day(policies: Policies, tmp_path: Path) -> None:
    path = "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"
    bureau(tmp_path, with_changes(policies, {path: "63%"}, "2022-07-01"), persons=300)
    found = backtest(policies, load_bills(tmp_path))
    assert [(one.path, one.implied, one.start) for one in found.figures] == [(path, "63%", "2022-07-01")]
    assert found.matched_after == found.compared


# What is recorded of persons and places is wrong ----------------------------------------------------------------------


def no_group(made: Recorded, r: random.Random) -> None:
    persons = sorted({row["person"] for row in made.groups})
    lost = set(r.sample(persons, len(persons) // 4))
    made.groups = [row for row in made.groups if row["person"] not in lost]


def no_chronic(made: Recorded, r: random.Random) -> None:
    made.filings = [row for row in made.filings if row["kind"] != "chronic" or r.random() < 0.8]


def no_remote(made: Recorded, r: random.Random) -> None:
    made.filings = [row for row in made.filings if row["kind"] != "remote" or r.random() < 0.6]


def wrong_level(made: Recorded, _: random.Random) -> None:
    secondary = {row["institution"] for row in made.settlements if row["level"] == "secondary"}
    for row in made.settlements:
        if row["institution"] == min(secondary):
            row["level"] = "tertiary"


def wrong_sums(made: Recorded, r: random.Random) -> None:
    for row in made.settlements:
        if not row["reverses"] and row["inscp_scp_amt"] > 10_000 and r.random() < 0.03:
            row["inscp_scp_amt"] -= 10_000


def wrong_refund(made: Recorded, _: random.Random) -> None:
    for row in made.settlements:
        if row["reverses"]:
            row["hifp_pay"] += 1


SPOILED: dict[str, Callable[[Recorded, random.Random], None]] = {
    "group": no_group,
    "filing": no_chronic,
    "filing again": no_remote,
    "rate": wrong_level,
    "catalogue": wrong_sums,
    "reversal": wrong_refund,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=() if kind == "group" else SLOW) for kind in SPOILED])
def test_wrong_attributes_are_named_as_such_and_not_as_figures(kind: str, policies: Policies, tmp_path: Path) -> None:
    bureau(tmp_path, policies, persons=400, spoil=SPOILED[kind])
    found = backtest(policies, load_bills(tmp_path))
    assert found.figures == []
    counted = kinds(found)
    assert counted[kind.partition(" ")[0]] >= 0.9 * sum(counted.values()) > 0
    if kind == "rate":
        (cause,) = [one for one in found.causes if one.kind == "rate"]
        assert "三级，结算按 二级" in cause.detail
        assert max(cause.institutions.values()) >= 0.8 * cause.bills


@SLOW
def test_a_secret_figure_is_found_among_wrong_persons(policies: Policies, tmp_path: Path) -> None:
    path = "liaocheng/employee/inpatient.yaml#tiers.1.rate.tertiary"

    def spoil(made: Recorded, r: random.Random) -> None:
        no_group(made, r)
        no_chronic(made, r)

    bureau(tmp_path, with_changes(policies, {path: "85%"}, "2022-01-01"), persons=400, spoil=spoil)
    found = backtest(policies, load_bills(tmp_path))
    assert named(found) == {path: "85%"}
    assert {cause.kind for cause in found.causes} >= {"rate", "group", "filing"}


@SLOW
def test_files_that_begin_in_april_say_so(policies: Policies, tmp_path: Path) -> None:
    def spoil(made: Recorded, _: random.Random) -> None:
        gone = {row["bill"] for row in made.settlements if row["day"] < "2022-04-01"}
        made.settlements = [row for row in made.settlements if not {row["bill"], row["reverses"]} & gone]

    bureau(tmp_path, policies, persons=120, spoil=spoil)
    found = backtest(policies, load_bills(tmp_path))
    assert found.unknown_opening == found.person_years > 0
    assert found.figures == []
    assert kinds(found)["accumulated_state"] >= 0.8 * sum(kinds(found).values())


def test_an_earlier_stay_that_is_missing_is_named(policies: Policies, tmp_path: Path) -> None:
    stay = {"medfee_sumamt": 1_000_000, "inscp_scp_amt": 1_000_000, "level": "tertiary"}
    second = {"act_pay_dedc": 40_000, "hifp_pay": 576_000, "fund_pay_sumamt": 576_000, "hifmi_pay": 0}
    export_rows(
        tmp_path,
        [
            one(bill="A1", person="A", settled_at="2022-01-03 08:00:00", day="2022-01-03", benefit="outpatient"),
            one(bill="B1", visit="MB1", settled_at="2022-05-03 08:00:00", day="2022-05-03", **stay, **second),
        ],
    )
    found = backtest(policies, load_bills(tmp_path))
    assert [(cause.kind, cause.detail) for cause in found.causes] == [("accumulated_state", "此前还有 1 次住院")]


def test_what_cannot_be_settled_is_counted_with_its_reason(policies: Policies, tmp_path: Path) -> None:
    export_rows(
        tmp_path, [one(), one(bill="S2", visit="M2", benefit="separate_drug", inscp_scp_amt=100, medfee_sumamt=100)]
    )
    found = backtest(policies, load_bills(tmp_path))
    assert found.compared == 1
    assert [reason.split()[0] for reason in found.not_compared] == ["POLICY_MISSING"]


# Commands -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_commands_import_and_back_test(plain: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    mount(app)
    run = CliRunner().invoke
    imported = run(app, ["import", str(plain), "--out", str(tmp_path / "set"), "--json"])
    assert imported.exit_code == 0
    assert json.loads(imported.stdout)["settlements"] > 100
    page = tmp_path / "report.html"
    tested = run(app, ["backtest", str(tmp_path / "set"), "--out", str(page), "--json"])
    assert tested.exit_code == 0
    answer = json.loads(tested.stdout)
    assert (answer["match_rate"], answer["figures"], answer["causes"]) == ("100.00%", [], [])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert not re.findall(r"(?:src|href)=", text)


def test_the_report_shows_the_worst_bills_and_escapes_what_it_shows(policies: Policies, tmp_path: Path) -> None:
    paid = {"medfee_sumamt": 1_000_000, "inscp_scp_amt": 1_000_000, "hifp_pay": 1, "fund_pay_sumamt": 1}
    export_rows(
        tmp_path, [one(bill="<b>S1", institution="<i>H", settled_at="2022-01-02 09:00:00", day="2022-01-02", **paid)]
    )
    found = backtest(policies, load_bills(tmp_path))
    assert found.worst[0].ours["hifp_pay"] == 552_000
    assert "9,200.00 × 60% = 5,520.00" in found.worst[0].explanation
    page = html(found)
    assert "<b>S1" not in page
    assert "&lt;b&gt;S1" in page
    assert any("未能说明" in line for line in lines(found))


# Not tuned to a few secrets -------------------------------------------------------------------------------------------


@SLOW
def test_random_secrets_are_named(policies: Policies, tmp_path: Path) -> None:
    """Twelve triples never looked at: nearly all named exactly.

    Not all can be: a tier's limit and the next tier's rate, both changed, look like one rate where few bills are dear.
    """
    judged = []
    for seed in range(200, 212):
        folder = tmp_path / str(seed)
        judged.append(judge(policies, draw(policies, seed, persons=1_000), folder))
    exact = [one for one in judged if not one.missed and not one.false]
    assert len(exact) >= 11, [(one.missed, one.false) for one in judged if one not in exact]
    assert sum(len(one.false) for one in judged) <= 1
