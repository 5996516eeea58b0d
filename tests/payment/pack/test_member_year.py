"""A year paid by members: by hand, in sum whatever the figures, from files, through the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from openyibao.cli import payment
from openyibao.kernel.errors import Malformed
from openyibao.kernel.periods import FAR_FUTURE, Period
from openyibao.payment.engine.pack import facade
from openyibao.payment.engine.pack.errors import PackMissing, PriceMissing
from openyibao.payment.engine.pack.member_year import MemberYear, member_year
from openyibao.payment.engine.pack.members import Member
from openyibao.payment.engine.pack.pack import Capitation, Consortium, DearMember, Sharing, Version, YearRules

SHARING = Sharing(((8_000, 10_000), (0, 5_000)), ((11_000, 5_000),))
HEADS = Capitation(
    {"resident": 5_000}, ((0, 60, 130, 20_000),), {"diabetes": 15_000}, SHARING, DearMember(3_000_000, 8_000)
)
COUNTY = Consortium({"resident": 60_000}, 9_500, 1_000, SHARING)


def version(year: YearRules | None = None, **more: Any) -> Version:
    days = Period(FAR_FUTURE.replace(year=2026, month=1, day=1), FAR_FUTURE)
    return Version(0, days, (), year=year or YearRules(), **more)


def person(name: str, holder: str, age: int = 40, months: int = 12, **more: Any) -> Member:
    return Member(holder, "resident", months, age, 1, member_id=name, **more)


def held(made: MemberYear, name: str):  # type: ignore[no-untyped-def]
    return next(one for one in made.held if one.holder == name)


def line(made: MemberYear, name: str, *, own: bool = True):  # type: ignore[no-untyped-def]
    return next(one for one in made.clearing["resident"].lines if one.institution == name and bool(one.cases) == own)


# By hand --------------------------------------------------------------------------------------------------------------


def test_capitation_by_hand() -> None:
    """C1: 12 + 6 × 2 × 1.5 = 30 人月 × 50 = 1,500 元；在家 300，在外 1,000。"""
    members = [person("A", "C1"), person("B", "C1", age=70, months=6, diseases=("diabetes",)), person("C", "C2")]
    spent = {("C1", "C1", "resident"): 30_000, ("C1", "H1", "resident"): 100_000, ("C2", "C1", "resident"): 66_000}
    rules = YearRules(reserve=1_000, monthly_share=9_000)
    made = member_year(
        version(rules, capitation=HEADS, negative="offset"), "capitation", members, spent, {"resident": 300_000}
    )
    one = held(made, "C1")
    assert (one.months, one.weighted, one.stated_fen, one.granted_fen) == (18, 300_000, 150_000, 150_000)
    assert (one.inside_fen, one.outside_fen) == (30_000, 100_000)
    # 1300 在 1500 的 80% 以上：结余 200 全留；净得 1500 − 1000 = 500，年内付九成
    assert (line(made, "C1").standard_fen, line(made, "C1").final_fen, line(made, "C1").paid_fen) == (
        50_000,
        50_000,
        45_000,
    )
    # C2：600 元标准，花 660：超 60 元在 110% 以内，分担一半；其人由 C1 接诊
    assert line(made, "C2").extra_fen == 3_000
    assert line(made, "C2").final_fen == 60_000 - 66_000 + 3_000
    assert line(made, "C1", own=False).final_fen == 66_000
    assert made.finals == {"C1": 116_000, "C2": -3_000, "H1": 100_000}
    cleared = made.clearing["resident"]
    # 预留 300 元、未分配 600 元；分担 30 元取自未分配
    assert cleared.retained == {"reserve": 30_000, "undistributed": 57_000, "returned": 0, "forfeited": 0}
    assert cleared.paid_fen + cleared.clearing_fen + cleared.retained_fen == 300_000


def test_a_dear_member_is_borne_by_the_fund_in_part() -> None:
    """40,000 元，30,000 以上的 10,000 由基金另担八成；分担之后按 32,000 比较。"""
    members = [person("A", "C1", spent_fen=4_000_000)]
    spent = {("C1", "H1", "resident"): 4_000_000}
    made = member_year(
        version(capitation=HEADS, negative="offset"), "capitation", members, spent, {"resident": 9_000_000}
    )
    assert held(made, "C1").dear_fen == 800_000
    # 标准 600 元，超支至 110% 的 60 元担一半
    assert line(made, "C1").extra_fen == 800_000 + 3_000
    assert line(made, "C1").final_fen == 60_000 - 4_000_000 + 803_000


@pytest.mark.parametrize(("rule", "final", "beyond"), [("offset", -937_000, 0), ("zero", 0, 840_000)])
def test_a_deficit_elsewhere_is_owed_or_borne_by_the_fund(rule: str, final: int, beyond: int) -> None:
    spent = {("C1", "H1", "resident"): 1_000_000}
    made = member_year(
        version(capitation=HEADS, negative=rule), "capitation", [person("A", "C1")], spent, {"resident": 160_000}
    )
    cleared = made.clearing["resident"]
    assert line(made, "C1").final_fen == final
    assert cleared.pool.beyond_fen == beyond
    assert cleared.holds


def test_a_consortium_by_hand() -> None:
    """100 人 × 600 × 95% = 57,000；预留一成；县外 11,300；余 40,000，实支 36,000。按 60、40 分。"""
    members = [person(f"P{at}", "县") for at in range(100)]
    spent = {
        ("县", "H1", "resident"): 2_600_000,
        ("县", "H2", "resident"): 1_000_000,
        ("县", "市", "resident"): 1_130_000,
    }
    weights = {"县": {"H1": 60, "H2": 40}}
    rules = YearRules(quality_part=500, quality_bands=((90, 10_000), (0, 0)))
    made = member_year(
        version(rules, consortium=COUNTY), "consortium", members, spent, {"resident": 6_000_000}, weights, {"县": 80}
    )
    one = held(made, "县")
    assert (one.stated_fen, one.granted_fen) == (5_700_000, 5_130_000)
    assert (one.inside_fen, one.outside_fen) == (3_600_000, 1_130_000)
    # 40000 的 5% 因考核 80 分扣下
    assert (line(made, "县").standard_fen, line(made, "县").final_fen) == (4_000_000, 3_800_000)
    assert made.finals == {"H1": 2_280_000, "H2": 1_520_000, "市": 1_130_000}
    assert made.clearing["resident"].retained == {
        "reserve": 570_000,
        "undistributed": 300_000,
        "returned": 0,
        "forfeited": 200_000,
    }


def test_standards_above_the_budget_are_scaled_or_borne() -> None:
    members = [person("A", "C1"), person("B", "C2", age=70)]
    for rule, granted, beyond in (("scale", (30_000, 60_000), 0), ("fund_bears", (60_000, 120_000), 90_000)):
        made = member_year(
            version(YearRules(over_budget=rule), capitation=HEADS), "capitation", members, {}, {"resident": 90_000}
        )
        assert tuple(one.granted_fen for one in made.held) == granted
        assert made.clearing["resident"].pool.beyond_fen == beyond


def test_without_a_budget_it_is_just_what_the_standards_need() -> None:
    made = member_year(version(YearRules(reserve=700), capitation=HEADS), "capitation", [person("A", "C1")], {})
    pool = made.clearing["resident"].pool
    assert held(made, "C1").granted_fen == 60_000
    assert (pool.budget_fen, pool.undistributed_fen) == (64_517, 1)


def test_what_a_pack_does_not_say_is_refused() -> None:
    with pytest.raises(PackMissing):
        member_year(version(), "capitation", [person("A", "C1")], {})
    with pytest.raises(PriceMissing):
        member_year(version(capitation=HEADS), "capitation", [Member("C", "employee", 1, 30, 1)], {})
    with pytest.raises(PriceMissing, match="没有预算"):
        member_year(version(capitation=HEADS), "capitation", [person("A", "C1")], {}, {"employee": 5})


# In sum ---------------------------------------------------------------------------------------------------------------

FEN = st.integers(0, 10**8)


@given(
    method=st.sampled_from(("capitation", "consortium")),
    rows=st.lists(
        st.tuples(st.sampled_from("ABCD"), st.integers(0, 12), st.integers(0, 100), FEN), min_size=1, max_size=20
    ),
    costs=st.dictionaries(st.tuples(st.sampled_from("ABCD"), st.sampled_from("ABCDXYZ")), FEN, max_size=12),
    budget=st.integers(1, 10**8),
    over=st.sampled_from(("scale", "fund_bears")),
    negative=st.sampled_from(("zero", "offset")),
    score=st.integers(0, 100),
)
def test_nothing_is_lost_whatever_the_figures(
    method: str,
    rows: list[tuple[str, int, int, int]],
    costs: dict[tuple[str, str], int],
    budget: int,
    over: str,
    negative: str,
    score: int,
) -> None:
    members = [
        person(str(at), holder, age, months, spent_fen=fen) for at, (holder, months, age, fen) in enumerate(rows)
    ]
    holders = {one.institution for one in members}
    spent = {(holder, at, "resident"): fen for (holder, at), fen in costs.items() if holder in holders}
    rules = YearRules(300, over_budget=over, quality_part=500, quality_bands=((90, 10_000), (0, 0)))
    weights = {holder: {f"{holder}1": 3, f"{holder}2": 1} for holder in holders} if method == "consortium" else {}
    made = member_year(
        version(rules, capitation=HEADS, consortium=COUNTY, negative=negative),
        method,
        members,
        spent,
        {"resident": budget},
        weights,
        dict.fromkeys(holders, score),
    )
    (cleared,) = made.clearing.values()
    assert cleared.holds
    assert sum(made.finals.values()) + cleared.retained_fen == budget + cleared.pool.beyond_fen
    assert all(fen >= 0 for fen in cleared.retained.values())
    if over == "scale" and negative == "offset" and method == "capitation":
        assert cleared.pool.beyond_fen == 0
    again = member_year(
        version(rules, capitation=HEADS, consortium=COUNTY, negative=negative),
        method,
        members[::-1],
        dict(reversed(spent.items())),
        {"resident": budget},
        weights,
        dict.fromkeys(holders, score),
    )
    assert again.clearing == made.clearing


# Files and the command line -------------------------------------------------------------------------------------------

APP = typer.Typer()
APP.add_typer(payment.app, name="payment")
MEMBERS = """member_id,institution,scheme,months,age,sex,diseases,spent
P1,C1,resident,12,70,1,hypertension|asthma,40000
P2,C1,resident,6,30,2,,0
P3,C2,employee,12,50,1,diabetes,900
"""
SPENT = """institution,at,scheme,spent
C1,H1,resident,39000
C1,C1,resident,1000
C2,H1,employee,900
"""


def files(folder: Path, members: str = MEMBERS, spent: str = SPENT) -> tuple[Path, Path]:
    (folder / "members.csv").write_text(members, encoding="utf-8")
    (folder / "spent.csv").write_text(spent, encoding="utf-8")
    return folder / "members.csv", folder / "spent.csv"


def run(*args: object, code: int = 0) -> str:
    done = CliRunner().invoke(APP, [str(arg) for arg in args], catch_exceptions=True)
    if code == 0:
        assert done.exit_code == 0, done.output or done.exception
    else:
        assert isinstance(done.exception, Malformed | PackMissing), done.exception
    return done.stdout


def test_the_command_pays_a_year_to_the_fen(tmp_path: Path) -> None:
    members, spent = files(tmp_path)
    args = ("payment", "members", "sample-capitation", members, "--spent", spent, "--out", tmp_path / "out.csv")
    answer = json.loads(run(*args, "--budget", "employee=5000,resident=9000", "--json"))
    assert answer["identity_holds"] is True
    assert answer["diseases_without_factor"] == {"asthma": 1}
    retained = sum(float(fen) for one in answer["schemes"].values() for fen in one["retained"].values())
    assert sum(answer["institutions_fen"].values()) + round(retained * 100) == 1_400_000
    with (tmp_path / "out.csv").open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["role"] for row in rows] == ["own", "elsewhere", "own", "elsewhere"]
    told = run(*args)
    assert "相符" in told
    assert "已写" in told
    assert "2.1600" in run("payment", "members", "sample-capitation", members, "--explain", "P1")


def test_the_command_pays_a_consortium(tmp_path: Path) -> None:
    members, spent = files(tmp_path)
    weights = tmp_path / "weights.csv"
    weights.write_text("consortium,institution,weight\nC1,C1,40\nC1,H1,60\nC2,H2,1\n", encoding="utf-8")
    args = ("payment", "members", "sample-consortium", members, "--spent", spent, "--weights", weights, "--json")
    answer = json.loads(run(*args, "--budget", 50_000))
    assert answer["identity_holds"] is True
    assert set(answer["institutions_fen"]) == {"C1", "H1", "H2"}
    run(*args[:6], code=2)


@pytest.mark.parametrize(
    ("members", "spent", "said"),
    [
        ("", SPENT, "没有数据"),
        (MEMBERS.replace("12,70,1", "13,70,1"), SPENT, "0 至 12"),
        (MEMBERS.replace("12,70,1", "１２,70,1"), SPENT, "0 至 12"),
        (MEMBERS.replace("P2", "P1"), SPENT, "出现两次"),
        (MEMBERS.replace("P2,C1", "P1,C3"), SPENT, "合计 18 个月"),
        (MEMBERS.replace("resident", "village"), SPENT, "不在可取值之内"),
        (MEMBERS.replace("40000", "4e4"), SPENT, "金额"),
        (MEMBERS.replace("diseases", "illness"), SPENT, "不是本表的列"),
        (MEMBERS + "P9,C1\n", SPENT, "有 2 列"),
        (MEMBERS, SPENT.replace("C2,H1", "C9,H1"), "没有 employee 的人员"),
        (MEMBERS, SPENT.replace("39000", "-1"), "为负数"),
        (MEMBERS, SPENT.replace("39000", "38000"), "人员合计"),
        (MEMBERS + '"', SPENT, "读不了"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, members: str, spent: str, said: str) -> None:
    paths = files(tmp_path, members, spent)
    args = ["payment", "members", "sample-capitation", str(paths[0]), "--spent", str(paths[1])]
    problem = CliRunner().invoke(APP, args).exception
    assert isinstance(problem, Malformed)
    assert said in str(problem)


def test_other_packs_and_places_are_refused(tmp_path: Path) -> None:
    members, _ = files(tmp_path)
    run("payment", "members", "sample-drg", members, code=2)
    run("payment", "members", "sample-capitation", members, "--by", "consortium", code=2)
    run("payment", "members", "sample-capitation", members, "--year", 2020, code=2)
    run("payment", "members", "sample-capitation", members, "--out", tmp_path / "no" / "out.csv", code=2)
    run("payment", "members", "sample-consortium", members, code=2)


def test_a_pack_of_members_prices_no_stay() -> None:
    pack = facade.load_pack("sample-capitation")
    with pytest.raises(PackMissing, match="不给病例计价"):
        facade.version_of(pack, [facade.Stay("A", ("I10",), discharged="2026-02-01")])


def test_a_pack_of_members_needs_no_methods_but_something() -> None:
    for name in ("sample-capitation", "sample-consortium"):
        assert facade.load_pack(name).versions[0].methods == ()
