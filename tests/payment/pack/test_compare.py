"""An invented year paid by the sample packs against one budget, and the same through the command line."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from openyibao.cli import dip, payment
from openyibao.kernel.errors import Malformed, Refused
from openyibao.payment.engine.pack import facade
from tests.payment.pack.support import DRG, HEAD, TAIL

pytestmark = pytest.mark.slow
"""Pays years of invented stays."""

COUNT, BUDGET = 1_500, 1_600_000_000


@cache
def year() -> tuple[tuple[facade.Stay, ...], dict[str, facade.GroupOf]]:
    made = list(facade.invent(COUNT, (2026,), seed=11))
    return tuple(one.stay for one in made), {one.stay.case_id: facade.GroupOf(one.drg) for one in made}


@cache
def report() -> facade.Report:
    stays, groups = year()
    packs = [facade.load_pack(name) for name in ("sample-drg", "sample-points", "sample-dip")]
    sides = [(packs[0], groups), (packs[1], groups), (packs[2], facade.groups_for(packs[2], stays))]
    return facade.compare(sides, stays, facade.split_budget(stays, BUDGET))


def test_one_budget_is_spent_to_the_fen_by_every_pack() -> None:
    found = report()
    assert sum(found.budget_fen.values()) == BUDGET
    assert found.holds
    for side in found.sides:
        whole = sum(one.paid_fen + one.clearing_fen + one.retained_fen for one in side.clearing.values())
        assert whole == BUDGET + sum(one.pool.beyond_fen for one in side.clearing.values())


def test_the_institutions_add_to_the_pools() -> None:
    found = report()
    for at, side in enumerate(found.sides):
        paid = sum(line.final_fen for one in side.clearing.values() for line in one.lines)
        assert sum(row.paid_fen[at] for row in found.rows) == paid
    counted = [stay for stay in year()[0] if not stay.remote]
    assert sum(row.cases for row in found.rows) == len(counted)
    assert sum(row.total_fen for row in found.rows) == sum(stay.total_fen for stay in counted)


def test_every_stay_has_one_outcome_and_a_reason_when_it_is_refused() -> None:
    for side in report().sides:
        assert sum(side.statuses.values()) == COUNT
        assert all(one.reason for one in side.priced if one.status in ("refused", "outside"))
        assert side.assumed


def test_the_json_is_yuan_as_text() -> None:
    answer = facade.report_json(report())
    assert answer["identity_holds"] is True
    side = answer["sides"][2]["schemes"]["employee"]
    parts = [side["paid_in_year"], side["clearing"], *side["retained"].values()]
    assert sum(round(float(part) * 100) for part in parts) == round(float(side["budget"]) * 100)
    assert float(side["point_value"]) > 0


def test_a_year_outside_the_pack_or_across_versions_is_refused() -> None:
    stays, groups = year()
    pack = facade.load_pack("sample-drg")
    with pytest.raises(Refused, match="没有 2025-01-01"):
        facade.pay_year(pack, [facade.Stay("A", ("I20",), discharged="2025-01-01")], groups, {"employee": 1})
    with pytest.raises(Malformed, match="出院日期或年度"):
        facade.version_of(pack, [facade.Stay("A", ("I20",))])
    assert facade.version_of(pack, stays).index == 0


def test_a_pack_may_name_the_scheme_that_groups(tmp_path: Path) -> None:
    body = HEAD.replace("sources:", "grouping: {scheme: sample}\nsources:") + DRG.strip("\n") + TAIL
    (tmp_path / "weights.csv").write_text("group,weight,mean\nPT15,0.4,4000\n", encoding="utf-8")
    (tmp_path / "pack.yaml").write_text(body.replace("      groups: {AA13: {tertiary: 1.3}}\n", ""), encoding="utf-8")
    pack = facade.load_pack(tmp_path / "pack.yaml")
    one = facade.Stay("A", ("P59.900",), sex=2, age=0, age_days=4, birth_weight=3_100, discharged="2026-02-01")
    other = facade.Stay("B", ("Z99.999",), discharged="2026-02-01")
    assert facade.groups_for(pack, [one, other]) == {"A": facade.GroupOf("PT15"), "B": facade.GroupOf("")}
    with pytest.raises(Malformed, match="grouping"):
        facade.groups_for(facade.load_pack("sample-drg"), [one])


# Through the command line ---------------------------------------------------------------------------------------------

APP = typer.Typer()
APP.add_typer(payment.app, name="payment")
APP.add_typer(dip.app, name="dip")


def run(*args: object) -> str:
    done = CliRunner().invoke(APP, [str(arg) for arg in args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("year")
    run("payment", "invent", COUNT, "--out", made / "c.csv", "--groups", made / "g.csv", "--year", 2026, "--seed", 11)
    run("payment", "invent", 3_000, "--out", made / "past.csv", "--groups", made / "past_g.csv")
    return made


def test_check(tmp_path: Path) -> None:
    assert json.loads(run("payment", "check", "sample-drg", "--json"))["faults"] == []
    path = tmp_path / "bad.yaml"
    path.write_text("kind: payment_pack\n", encoding="utf-8")
    done = CliRunner().invoke(APP, ["payment", "check", str(path), "--json"])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["faults"]


def test_price_writes_every_row_and_explains_one(folder: Path) -> None:
    args = ("payment", "price", "sample-drg", folder / "c.csv", "--groups", folder / "g.csv")
    answer = json.loads(run(*args, "--out", folder / "p.csv", "--json"))
    rows = list(csv.DictReader((folder / "p.csv").open(encoding="utf-8")))
    assert sum(answer["statuses"].values()) == len(rows) == COUNT
    fund = sum(round(float(row["fund"]) * 100) for row in rows if row["status"] not in ("outside", "refused"))
    assert fund == answer["fund_fen"]
    told = json.loads(run(*args, "--explain", "C0000001", "--json"))["explanation"]
    assert told[0].startswith("病例 C0000001")
    assert "暂定" in told[-1]


def test_a_budget_gives_points_their_value(folder: Path) -> None:
    args = ("payment", "price", "sample-dip", folder / "c.csv", "--out", folder / "pd.csv")
    without = json.loads(run(*args, "--json"))
    assert without["fund_fen"] == 0
    answer = json.loads(run(*args, "--budget", "employee=6000000,resident=10000000.00", "--json"))
    assert answer["fund_fen"] == 1_520_000_000  # 预留 5%
    assert set(answer["point_value"]) == {"employee", "resident"}


@pytest.mark.parametrize("budget", ["x", "0", "-1", "employee=1,employee=2", "staff=5", "1.234"])
def test_a_wrong_budget_is_refused(folder: Path, budget: str) -> None:
    args = ["payment", "price", "sample-dip", str(folder / "c.csv"), "--out", str(folder / "x.csv"), "--budget", budget]
    with pytest.raises(Malformed):
        CliRunner().invoke(APP, args, catch_exceptions=False)


def test_compare_through_the_command_line(folder: Path) -> None:
    for suffix in ("json", "csv"):
        args = ("--pack", "sample-drg", "--pack", "sample-dip", "--groups", folder / "g.csv", "--budget", "16000000")
        out = folder / f"r.{suffix}"
        answer = json.loads(run("payment", "compare", folder / "c.csv", *args, "--out", out, "--json"))
        assert answer["identity_holds"] is True
        assert out.exists()
    assert json.loads((folder / "r.json").read_text(encoding="utf-8")) == answer
    rows = list(csv.DictReader((folder / "r.csv").open(encoding="utf-8")))
    assert [row["institution"] for row in rows] == [row["institution"] for row in answer["institutions"]]


def test_weights_with_a_negotiated_one(folder: Path) -> None:
    rules = Path(payment.facade.pack_path("sample-drg")).parent / "weight-rules.yaml"
    change = folder / "negotiated.yaml"
    change.write_text(
        "kind: negotiated_weights\nweights:\n- {group: ES35, weight: 0.6, by: 专家组, on: 2026-01-10, why: 新技术}\n",
        encoding="utf-8",
    )
    args = ("payment", "weights", folder / "past.csv", "--groups", folder / "past_g.csv", "--rules", rules)
    answer = json.loads(run(*args, "--negotiated", change, "--out", folder / "w.csv", "--json"))
    assert answer["total_weight_before_e4"] == answer["total_weight_after_e4"] + answer["left_over_e4"]
    row = next(row for row in csv.DictReader((folder / "w.csv").open(encoding="utf-8")) if row["group"] == "ES35")
    assert (row["weight"], "专家组 2026-01-10 新技术" in row["note"]) == ("0.6000", True)
    change.write_text("kind: negotiated_weights\nweights:\n- {group: ZZ, weight: 0, by: x, on: y}\n", encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        run(*args, "--negotiated", change, "--out", folder / "w.csv")
    assert len(refused.value.faults) == 1


def test_indicators_through_the_command_line(folder: Path) -> None:
    args = ("payment", "indicators", "sample-drg", folder / "c.csv", "--groups", folder / "g.csv", "--by", "doctor")
    rows = json.loads(run(*args, "--out", folder / "i.csv", "--json"))["rows"]
    assert sum(int(row["cases"]) for row in rows) == COUNT
    assert len(list(csv.DictReader((folder / "i.csv").open(encoding="utf-8")))) == len(rows)


def test_coefficients_through_the_command_line(folder: Path) -> None:
    args = ("payment", "coefficients", "sample-drg", folder / "c.csv", "--groups", folder / "g.csv")
    found = json.loads(run(*args, "--json"))["coefficients"]
    assert float(found["primary"]) < float(found["secondary"]) < float(found["tertiary"])
    assert json.loads(run(*args, "--bounds", "0.9-1.1", "--json"))["coefficients"]["primary"] == "0.9000"
    assert "hospital: {H101:" in run(*args, "--by", "institution")
    with pytest.raises(Malformed) as refused:
        run(*args, "--by", "moon", "--bounds", "2-1")
    assert len(refused.value.faults) == 2


def test_dip_through_the_command_line(folder: Path) -> None:
    built = json.loads(run("dip", "build", folder / "past.csv", "--out", folder / "d", "--json"))
    assert built["cases"] == 3_000
    grouped = json.loads(run("dip", "group", folder / "d", folder / "c.csv", "--out", folder / "dg.csv", "--json"))
    assert sum(grouped["statuses"].values()) == COUNT
    told = run("dip", "group", folder / "d", folder / "c.csv", "--explain", "C0000002")
    assert "入组：" in told


@pytest.mark.slow
def test_the_sample_tables_are_what_the_invented_years_give(tmp_path: Path) -> None:
    """payment_packs/ holds what these commands write; a change of rules or figures shows here."""
    packs = facade.pack_path("sample-drg").parent
    run("payment", "invent", 20_000, "--out", tmp_path / "past.csv", "--groups", tmp_path / "drg.csv", "--seed", 7)
    past = tmp_path / "past.csv"
    run("payment", "weights", past, "--groups", tmp_path / "drg.csv", "--out", tmp_path / "weights.csv")
    run("dip", "build", past, "--out", tmp_path / "dip")
    assert (tmp_path / "weights.csv").read_bytes() == (packs / "sample-drg-weights.csv").read_bytes()
    for path in sorted((packs / "sample-dip").iterdir()):
        assert (tmp_path / "dip" / path.name).read_bytes() == path.read_bytes(), path.name
