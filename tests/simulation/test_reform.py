"""A reform over a year: the same as two separate runs, as the explaining kernel, as sums done by hand."""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openyibao.cli import reform as command
from openyibao.datasets.facade import Dataset, open_dataset
from openyibao.documents import facade as documents
from openyibao.kernel.errors import Malformed
from openyibao.policy.contracts import read_reform
from openyibao.policy.facade import Policies, data_folder
from openyibao.simulation.facade import ReformResult, reform_report, resettle
from openyibao.simulation.reform import households
from openyibao.simulation.reform.errors import BenefitListForbids
from openyibao.simulation.reform.losers import explained
from openyibao.simulation.reform.measure import Loser
from openyibao.simulation.reform.response import CASES, elasticity, factor
from tests.simulation.reform_world import OPENING, world

pytestmark = pytest.mark.slow
"""A city's year settled twice; the guard and the contributions are quick and tested beside it."""

READY = sorted(data_folder("reforms").glob("*.yaml"))
MOST = [pytest.param(path, marks=pytest.mark.slow, id=path.stem) for path in READY]


@pytest.fixture(scope="module")
def dataset(policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """One city and year: what the quick tests need."""
    return world(tmp_path_factory.mktemp("reform"), policies, persons=500, areas=("371500",), years=(2022,))


@pytest.fixture(scope="module")
def wide(policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two cities and two years."""
    return world(tmp_path_factory.mktemp("wide"), policies)


def ready(name: str) -> Path:
    return data_folder("reforms") / f"{name}.yaml"


@pytest.fixture(scope="module")
def pooling(policies: Policies, dataset: Dataset) -> ReformResult:
    return reform_report(dataset, policies, ready("outpatient_pooling_2023"))


@pytest.fixture(scope="module")
def page(tertiary: ReformResult) -> str:
    return documents.html(tertiary.report())


@pytest.fixture(scope="module")
def tertiary(policies: Policies, dataset: Dataset) -> ReformResult:
    return reform_report(dataset, policies, ready("tertiary_minus_5"))


def identities(result: ReformResult) -> None:
    """What must hold of any run: bills add up on both sides, nobody's gain comes from nowhere."""
    for side in ("before", "after"):
        sums = result.sums(side)
        assert sums["total_fen"] == sums["fund_fen"] + sums["hospital_fen"] + sums["burden_fen"]
    assert sum(result.balance().values()) == 0
    for rows in (result.by_scheme(), result.by_benefit(), result.by_level(), result.by_city()):
        assert sum(row["after.basic"] for row in rows) == result.total["after.basic"]
    for name in ("county", "age", "group"):
        pairs = result.pairs(name)
        assert sum(visits["after.burden"] for visits, _ in pairs) == result.total["after.burden"]
        assert sum(persons["gain_account"] for _, persons in pairs) == result.persons()["gain_account"]
    persons = result.persons()
    assert persons["gain_bills"] == result.total.change("city_product") - result.total.change("burden")
    assert sum(row["persons"] for row in result.by_status()) == persons["persons"]


@pytest.mark.parametrize("path", MOST)
def test_every_ready_reform_runs_and_its_sums_hold(policies: Policies, wide: Dataset, path: Path) -> None:
    stated = read_reform(path).data["for"]
    result = reform_report(wide, policies, path)
    assert result.year == stated["year"]
    identities(result)
    assert result.total["changed"] or result.contributions()["individual"], "the reform moves something"
    assert all(one.agrees for one in [*result.explained, *result.explained_bills]), [
        one.problem for one in result.explained if not one.agrees
    ]
    json.dumps(result.as_json(), ensure_ascii=False)
    page = documents.html(result.report())
    assert "静态测算" in page
    assert result.title in page
    assert "<svg" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tertiary_minus_5", "outpatient_pooling_2023"])
def test_totals_are_those_of_two_separate_runs(policies: Policies, wide: Dataset, name: str) -> None:
    result = reform_report(wide, policies, ready(name))
    for side, reform in (("before", None), ("after", ready(name))):
        totals = resettle(wide, policies, reform=reform, run=side)
        year = totals.years[result.year].sums.as_json()
        mine = result.sums(side)
        if side == "after" and result.contributions()["account"]:
            # resettle leaves contributions as they are: what the accounts hold is the reform report's own work
            mine = {key: value for key, value in mine.items() if not key.startswith("account")}
        assert {key: year[key] for key in mine} == mine
        of_pool = {(pool.area, pool.scheme): pool.sums.fund_fen for pool in totals.years[result.year].pools}
        for area, scheme, row in result.by_pool():
            assert row.funds[0 if side == "before" else 1] == of_pool.get((area, scheme), 0)


def test_parts_threads_and_repeats_change_nothing(
    policies: Policies, dataset: Dataset, tmp_path: Path, tertiary: ReformResult
) -> None:
    def told(result: ReformResult) -> dict[str, Any]:
        answer = result.as_json()
        answer.pop("seconds")
        answer.pop("dataset")
        return answer

    once = told(tertiary)
    assert told(reform_report(dataset, policies, ready("tertiary_minus_5"), jobs=1)) == once
    assert once["losers"]


@pytest.mark.slow
def test_the_largest_losers_are_the_largest(policies: Policies, dataset: Dataset, tertiary: ReformResult) -> None:
    """Every person's loss by the single driver; the ten largest must be those reported, bill by bill."""
    after = policies.reformed(read_reform(ready("tertiary_minus_5")))
    losses = {}
    for part in range(dataset.manifest.parts):
        people = np.concatenate([batch["person"] for batch in dataset.batches("persons", part)])
        some = [Loser(0, int(person), part, 0, 0, 0) for person in people[::4]]
        for one in explained(dataset, (policies, after), 2022, some):
            losses[one.loser.person] = sum(bill.loss for bill in one.bills)
    reported = {one.loser.person: one.loser.loss for one in tertiary.explained}
    assert len(reported) == 10
    least = min(reported.values())
    for person, loss in losses.items():
        if person in reported:
            assert reported[person] == loss
        else:
            assert loss <= least
    one = tertiary.explained[0]
    assert sum(bill.burden[1] - bill.burden[0] for bill in one.bills) == one.loser.bills
    assert any("三级" in text for bill in one.bills for text in bill.text)


def test_deciles_are_exact(dataset: Dataset) -> None:
    upper = households.limits(dataset, 2022)
    found = [households.people(dataset, part, 2022) for part in range(dataset.manifest.parts)]
    incomes = np.sort(np.concatenate([one.per_head[one.per_head >= 0] for one in found]))
    n = len(incomes)
    assert [int(value) for value in upper] == [int(incomes[-(-n * k // 10) - 1]) for k in range(1, 10)]
    sizes: dict[int, int] = defaultdict(int)
    for part in range(dataset.manifest.parts):
        for batch in dataset.batches("persons", part):
            for home in batch["household"]:
                sizes[int(home)] += 1
    assert int(max(one.size.max() for one in found)) == max(sizes.values())
    every = households.deciles(np.concatenate([one.per_head for one in found]), upper)
    assert (every == households.UNKNOWN).sum() == sum((one.per_head < 0).sum() for one in found)


def test_gains_by_decile_add_up_and_unknown_incomes_stand_apart(pooling: ReformResult) -> None:
    rows = pooling.deciles()
    assert sum(row["persons"] for row in rows) == pooling.persons()["persons"]
    assert rows[-1]["persons"] > 0
    assert rows[-1]["income"] == 0
    means = [row["income"] / row["persons"] for row in rows[:-1] if row["persons"]]
    assert means == sorted(means)


def test_catastrophic_households_by_hand(policies: Policies, dataset: Dataset, tertiary: ReformResult) -> None:
    found = tertiary.measured.catastrophic
    for at in range(len(found.shares)):
        before, after, newly, left = found.above[at].sum(axis=1)
        assert after == before + newly - left
    assert found.above[0, 0].sum() <= found.above[1, 0].sum() <= found.above[2, 0].sum()
    assert found.above[2, 0].sum() > 0
    assert found.above[:, 3].sum() == 0, "nobody is relieved by a lower rate"


def test_the_account_side_of_the_outpatient_reform(pooling: ReformResult) -> None:
    """Credits that no longer reach accounts stay in the pool, to the fen."""
    paid = pooling.contributions()
    persons = pooling.persons()
    assert paid["account"] < 0
    assert persons.change("credit") == paid["account"]
    assert pooling.account_total("employee") is not None
    moved = sum(one.contributions[1] - one.contributions[0] for one in pooling.accounts if one.scheme == "employee")
    assert moved == -paid["account"]
    assert persons["gain_account"] == paid["account"]
    assert pooling.total.change("basic") > 0
    assert {one.name for one in pooling.by_status() if one["gain_account"]} <= {"职工在职", "职工退休"}


def test_months_payable_by_hand_and_accounts_never_counted(
    policies: Policies, dataset: Dataset, pooling: ReformResult
) -> None:
    for account in pooling.accounts:
        kind = "employee_pool" if account.scheme == "employee" else "resident"
        assert account.opening == OPENING[kind]
        for side in (0, 1):
            spent = account.expenditure[side]
            closing = OPENING[kind] + account.contributions[side] + 1_000_000 - spent
            assert account.closing is not None
            assert account.closing[side] == closing
            assert account.months(side) == pytest.approx(12 * closing / spent)
    # Credits to accounts are taken off a pool's income; what accounts already hold changes nothing.
    total = pooling.account_total("employee")
    assert total is not None
    rows = [
        batch
        for part in range(dataset.manifest.parts)
        for batch in dataset.batches("contributions", part, pooling.year)
    ]
    into = sum(
        int((batch["employer_fen"] + batch["individual_fen"] - batch["account_fen"])[batch["pool"] % 2 == 0].sum())
        for batch in rows
    )
    assert total.contributions[0] == into


def test_premiums_move_treasury_and_persons(policies: Policies, dataset: Dataset) -> None:
    result = reform_report(dataset, policies, ready("resident_premium_up"))
    rows = [
        batch for part in range(dataset.manifest.parts) for batch in dataset.batches("contributions", part, result.year)
    ]
    liaocheng = dataset.pools.index(("371500", "resident"))
    heads = sum(int((batch["pool"] == liaocheng).sum()) for batch in rows)
    paid = result.contributions()
    assert paid["subsidy"] == 3_000 * heads
    assert paid["individual"] + paid["assistance"] == 3_000 * heads
    assert result.balance()["treasury"] == -paid["subsidy"]
    assert result.total["changed"] == 0


def test_the_two_reforms_hold_together_and_can_be_read(
    pooling: ReformResult, tertiary: ReformResult, page: str
) -> None:
    for result in (pooling, tertiary):
        identities(result)
        assert all(one.agrees for one in [*result.explained, *result.explained_bills])
        assert len(result.explained) == 10
        json.dumps(result.as_json(), ensure_ascii=False)
    assert "没有人的就医负担加重" in "".join(pooling.lines())
    assert "没有人的就医负担加重" not in "".join(tertiary.lines())
    assert tertiary.total.change("basic") < 0 < tertiary.total.change("serious_illness")
    assert "静态测算" in page
    assert "待遇清单" in page
    assert page.count("<svg") >= 8
    assert len(pooling.report().blocks) > 60


# Response ---------------------------------------------------------------------------------------------------------


def test_the_band_without_elasticity_is_the_static_figure(
    tertiary: ReformResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openyibao.simulation.reform import response

    monkeypatch.setattr(response, "elasticity", lambda *_: Fraction(0))
    still = response.respond(tertiary.measured)
    for case in CASES:
        assert still.paid[case] == still.static
        assert still.more_visits(case) == 0


def test_people_answer_to_their_share(tertiary: ReformResult, pooling: ReformResult) -> None:
    assert factor(100, 100, elasticity("outpatient", "primary", "high")) == 1
    assert factor(0, 0, elasticity("outpatient", "primary", "high")) == 1
    shares = [factor(100, after, elasticity("outpatient", "primary", "central")) for after in (0, 20, 60, 100, 150)]
    assert shares == sorted(shares, reverse=True)
    more = [pooling.response.more_visits(case) for case in CASES]
    assert 0 < more[0] < more[1] < more[2]
    less = [tertiary.response.more_visits(case) for case in CASES]
    assert 0 > less[0] > less[1] > less[2]


def test_the_back_test_shows_its_residual(tertiary: ReformResult, page: str) -> None:
    back = tertiary.back_test
    printed = back.printed
    assert (float(printed.visits), float(printed.spending)) == (102.6, 147.7)
    order = [back.found[case].visits for case in ("static", *CASES)]
    assert order == sorted(order)
    for case, mine in back.found.items():
        left = back.residual(case)
        assert (left.visits + mine.visits, left.spending + mine.spending) == (printed.visits, printed.spending)
    assert "未解释" in page


# Places and years -------------------------------------------------------------------------------------------------


def test_a_reform_of_another_area_or_year_is_told(policies: Policies, dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    body = ready("tertiary_minus_5").read_text(encoding="utf-8")
    path.write_text(body.replace('area: "371500"', 'area: "370600"'), encoding="utf-8")
    with pytest.raises(Malformed, match="烟台"):
        reform_report(dataset, policies, path)
    with pytest.raises(Malformed, match="2019"):
        reform_report(dataset, policies, ready("tertiary_minus_5"), 2019)


def test_a_sample_is_raised_in_words_only(tertiary: ReformResult) -> None:
    sample = replace(tertiary, manifest=replace(tertiary.manifest, scale=0.5))
    assert sample.as_json()["after"] == tertiary.as_json()["after"]
    assert "50%样本放大" in sample.lines()[-1]
    assert "样本放大" not in tertiary.lines()[-1]


def test_an_emptied_dataset_gives_an_empty_report(policies: Policies, dataset: Dataset, tmp_path: Path) -> None:
    """A reform that touches nothing in the data says so and does not divide by nothing."""
    path = tmp_path / "r.yaml"
    change = '{path: "jinan/resident/outpatient.yaml#cap.amount", from: 2024-01-01, value: 600}'
    path.write_text(f"title: 无人用到\nchanges:\n- {change}\n", encoding="utf-8")
    result = reform_report(open_dataset(dataset.folder), policies, path, 2022)
    assert result.total["changed"] == 0
    assert "没有" in documents.html(result.report())


# The command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_report_and_answers(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.docx"
    command.reform(Path("resident_premium_up"), dataset.folder, out=out)
    said = capsys.readouterr().out
    assert "测算情况" in said
    assert str(out) in said.replace("\n", "")
    assert zipfile.is_zipfile(out)
    command.reform(Path("resident_premium_up"), dataset.folder, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer["method"] == "static"
    assert answer["before"]["visits"] == dataset.rows("visits", 2022)


def test_nothing_runs_before_what_is_wrong_is_told(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="txt"):
        command.reform(ready("tertiary_minus_5"), dataset.folder, out=tmp_path / "report.txt")
    with pytest.raises(Malformed):
        command.reform(Path("no_such_reform"), dataset.folder)
    path = tmp_path / "r.yaml"
    change = '{path: "liaocheng/resident/outpatient.yaml#tiers.1.rate", from: 2022-01-01, value: 40%}'
    path.write_text(f"changes:\n- {change}\n", encoding="utf-8")
    out = tmp_path / "report.html"
    with pytest.raises(BenefitListForbids):
        command.reform(path, dataset.folder, out=out)
    assert not out.exists()


# What a director must not misread -----------------------------------------------------------------------------------


def tried(dataset: Dataset, policies: Policies, tmp_path: Path, *changes: tuple[str, str, str]) -> ReformResult:
    path = tmp_path / "r.yaml"
    rows = "".join(f'- {{path: "{at}", from: {start}, value: {value}}}\n' for at, start, value in changes)
    path.write_text(f"title: 试\nchanges:\n{rows}", encoding="utf-8")
    return reform_report(dataset, policies, path)


RATE = "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"


def test_half_a_year_does_not_read_as_a_year(dataset: Dataset, policies: Policies, tmp_path: Path) -> None:
    whole = tried(dataset, policies, tmp_path, (RATE, "2022-01-01", "65%"))
    half = tried(dataset, policies, tmp_path, (RATE, "2022-07-01", "65%"))
    assert 0 < half.total.change("basic") < whole.total.change("basic")
    assert "不是全年" in half.lines()[1]
    assert "2022-07-01" in half.lines()[1]
    assert "不是全年" not in whole.lines()[1]


def test_figures_that_were_never_used_are_not_signed_under(
    dataset: Dataset, policies: Policies, tmp_path: Path
) -> None:
    other = "qingdao/resident/inpatient.yaml#tiers.1.rate.tertiary"
    nothing = tried(dataset, policies, tmp_path, (other, "2022-01-01", "70%"), (RATE, "2030-01-01", "65%"))
    assert len(nothing.idle) == nothing.changes == 2
    assert "无一起作用" in nothing.lines()[1]
    assert not any(nothing.balance().values())
    assert "就诊次数不作反应" in nothing.lines()[6]
    some = tried(dataset, policies, tmp_path, (other, "2022-01-01", "70%"), (RATE, "2022-01-01", "65%"))
    assert "其中 1 处改动在本数据集 2022 年不起作用" in some.lines()[1]
    text = documents.html(some.report())
    assert "不是本数据集各统筹区 2022 年所用的规定" in text
    assert json.loads(json.dumps(some.as_json()))["idle_changes"] == some.idle


def test_a_day_before_every_version_counts_from_the_first(dataset: Dataset, policies: Policies, tmp_path: Path) -> None:
    early = tried(dataset, policies, tmp_path, (RATE, "2019-01-01", "65%"))
    whole = tried(dataset, policies, tmp_path, (RATE, "2022-01-01", "65%"))
    assert early.sums("after") == whole.sums("after")
    assert [(one.before, one.after) for one in early.figures] == [("60%", "65%")]


def test_each_paragraph_leads_to_the_part_that_explains_it(tertiary: ReformResult) -> None:
    text = documents.html(tertiary.report())
    heads = {int(at): name for at, name in re.findall(r'<h2 id="part-(\d+)">([^<]+)<', text)}
    formal = text[text.index('<section class="formal">') : text.index("</section>")]
    led = [heads[int(at)] for at in re.findall(r'href="#part-(\d+)">第', formal)]
    for word in ("改了什么", "花多少钱", "谁得谁失", "可支付月数", "财政", "行为反应"):
        assert sum(word in name for name in led) == 1, (word, led)
    assert "怎样复核" in text
