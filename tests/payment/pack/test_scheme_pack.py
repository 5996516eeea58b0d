"""A pack that names its grouping scheme: pack -> scheme -> group -> weight -> money; what has no group says so."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from openyibao.cli import payment
from openyibao.payment.engine.facade import scheme_folder
from openyibao.payment.engine.pack import facade

PACK = "sample-scheme"


def drgs() -> set[str]:
    with (scheme_folder("sample") / "drg.csv").open(encoding="utf-8") as file:
        return {row["code"] for row in csv.DictReader(file)}


def test_every_group_of_the_scheme_has_a_weight_and_no_other() -> None:
    pack = facade.load_pack(PACK)
    assert pack.grouping == {"scheme": "sample"}
    assert set(pack.versions[0].methods[0].units) == drgs()


def test_the_schemes_own_cases_are_priced_from_their_codes(tmp_path: Path) -> None:
    """The cases that come with the scheme, given a bill: grouped as the scheme says, intensive care included."""
    with (scheme_folder("sample") / "cases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path = tmp_path / "cases.csv"
    names = [name for name in rows[0] if name not in ("status", "mdc", "adrg", "drg")]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow([*names, "total", "level", "discharged"])
        out.writerows([*(row[name] for name in names), "9000", "secondary", "2026-03-01"] for row in rows)
    stays = facade.read_stays(path).stays
    pack = facade.load_pack(PACK)
    groups = facade.groups_for(pack, stays)
    said = {row["case_id"]: row["drg"] if row["status"] == "分组成功" else "" for row in rows}
    assert {stay.case_id: groups[stay.case_id].group for stay in stays} == {
        stay.case_id: said[stay.case_id] for stay in stays
    }
    assert "ZJ11" in {one.group for one in groups.values()}
    priced = facade.price_all(pack.versions[0], stays, groups)
    assert not [one.reason for one in priced if one.status == "refused"]
    for one in priced:
        if one.method == "drg":
            assert (one.status == "ungrouped") == (not one.group), one


def test_invented_stays_of_its_specialities_have_the_group_the_scheme_says() -> None:
    made = list(facade.invent(1_500, (2026,), seed=5))
    pack = facade.load_pack(PACK)
    stays = [one.stay for one in made]
    groups = facade.groups_for(pack, stays)
    priced = {one.stay.case_id: one for one in facade.price_all(pack.versions[0], stays, groups)}
    mine = [one for one in made if groups[one.stay.case_id].group]
    assert len(mine) > 100
    assert all(one.drg == groups[one.stay.case_id].group for one in mine)
    statuses = Counter(one.status for one in priced.values() if one.method == "drg")
    assert statuses["normal"] > 100
    assert statuses["ungrouped"] > 0
    assert statuses["refused"] == 0


def test_the_explanation_says_where_the_group_comes_from() -> None:
    pack = facade.load_pack(PACK)
    one = facade.Stay(
        "A", ("D25.900",), ("68.4100",), 1_500_000, sex=2, age=45, level="secondary", discharged="2026-02-01"
    )
    other = facade.Stay("B", ("D25.999",), total_fen=500_000, sex=2, age=45, level="secondary", discharged="2026-02-01")
    groups = facade.groups_for(pack, [one, other])
    told = [facade.explain_price(pack, stay, groups[stay.case_id], by_pack=True) for stay in (one, other)]
    assert told[0][1] == "[分组] 包所写的方案 sample：NC25（逐步说明见 drg explain）"
    assert "未入组（逐步说明" in told[1][1]
    assert any("未入组病例按实际费用的一部分" in line for line in told[1])


@pytest.mark.slow
def test_the_commands_need_no_groups(tmp_path: Path) -> None:
    app = typer.Typer()
    app.add_typer(payment.app, name="payment")
    for args in (
        ["invent", "400", "--out", "c.csv", "--year", "2026"],
        ["price", PACK, "c.csv", "--out", "p.csv", "--budget", "7000000"],
        ["compare", "c.csv", "--pack", PACK, "--pack", "sample-dip", "--budget", "7000000", "--out", "r.csv"],
        ["indicators", PACK, "c.csv", "--out", "i.csv"],
    ):
        told = [str(tmp_path / arg) if arg.endswith(".csv") else arg for arg in args]
        done = CliRunner().invoke(app, ["payment", *told], catch_exceptions=False)
        assert done.exit_code == 0, done.output
