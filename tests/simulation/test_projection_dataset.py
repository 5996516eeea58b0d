"""A projection of a dataset: measured as it was settled, reforms as the fund feels them, a report that can be read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openyibao.datasets.facade import Dataset, PartWriter, open_dataset, part_path
from openyibao.documents.facade import Chart, Heading, Paragraph, Table, write
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies, data_folder
from openyibao.simulation.facade import ProjectionResult, project, projection_report, resettle
from openyibao.simulation.projection.assumptions import parameters
from openyibao.simulation.projection.engine import run, single
from openyibao.simulation.projection.measure import SCHEMES, measure
from openyibao.simulation.projection.result import Pool
from openyibao.simulation.projection.start import carried, start_of
from openyibao.simulation.reform.errors import BenefitListForbids
from tests.simulation.reform_world import world

pytestmark = pytest.mark.slow
"""Settles a dataset; the projection's arithmetic is tested quickly beside it."""

REFORMS = data_folder("reforms")
TERTIARY = REFORMS / "tertiary_minus_5.yaml"
PREMIUM = REFORMS / "resident_premium_up.yaml"


@pytest.fixture(scope="module")
def small(policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return world(tmp_path_factory.mktemp("projection"), policies)


@pytest.fixture(scope="module")
def found(small: Dataset, policies: Policies) -> ProjectionResult:
    return project(small, policies, years=8, reforms=[TERTIARY, PREMIUM], draws=30, seed=3)


def test_what_is_measured_is_what_is_settled(small: Dataset, policies: Policies) -> None:
    """Every fen that the pools pay in the year is in the rates, once by area and once by age."""
    measured = measure(small, policies, 2022)
    totals = resettle(small, policies)
    for pool in totals.years[2022].pools:
        if pool.scheme in SCHEMES:
            at = [unit.area for unit in measured.units].index(pool.area)
            paid = measured.fund[at, SCHEMES.index(pool.scheme)].sum()
            assert int(paid) == pool.sums.payers_fen["basic_pool"], pool
    assert measured.rate_fund.sum() == measured.fund.sum()
    counties = measure(small, policies, 2022, by_county=True)
    assert counties.heads.sum() <= measured.heads.sum()
    rows = sum(
        int(batch["insured_at_year_end"].sum())
        for part in range(small.manifest.parts)
        for batch in small.batches("contributions", part, 2022, columns=["insured_at_year_end"])
    )
    assert measured.heads.sum() == rows


def test_accounts_are_never_counted(small: Dataset, policies: Policies, tmp_path: Path) -> None:
    """What goes to accounts is no income of a pool, and what they hold is no reserve."""
    measured = measure(small, policies, 2022)
    names = ["employer_fen", "individual_fen", "subsidy_fen", "assistance_fen", "account_fen", "pool"]
    into = 0
    for part in range(small.manifest.parts):
        for batch in small.batches("contributions", part, 2022, columns=names):
            into += int(sum(batch[name].astype(np.int64).sum() for name in names[:4]))
            into -= int(batch["account_fen"].astype(np.int64).sum())
    assert int(measured.into.sum()) == into


def test_a_balance_is_carried_on_from_the_year_that_states_it(small: Dataset, policies: Policies) -> None:
    """Without the last year's opening balance, the first year's and the flows between give it."""
    early, late = (measure(small, policies, year) for year in small.years)
    stated, _ = start_of(small, late)
    gone = replace(stated, balance=stated.balance * np.nan)
    found, said = carried(small, [early], gone)
    own, _ = start_of(small, early)
    paths = run(early, own, single("migration", 0.0, 1), 0)
    assert np.allclose(found.balance[..., 1], paths.balance[0, 0])
    assert said
    assert carried(small, [early], stated) == (stated, [])
    assert carried(small, [], gone) == (gone, [])


def test_each_reform_is_felt_where_it_should_be(found: ProjectionResult) -> None:
    tertiary, premium = found.reforms
    for base in found.base.pools:
        cut, more = (one.pool(base.area, base.scheme) for one in (tertiary, premium))
        if base.area == "370200":
            assert cut == base  # Liaocheng's reform is no affair of Qingdao's
            assert more == base
        if (base.area, base.scheme) == ("371500", "resident"):
            assert more.income[1] > base.income[1]
            assert more.spending == base.spending
            assert more.balance is not None
            assert base.balance is not None
            assert more.balance[-1] > base.balance[-1]
        if base.area == "371500":
            assert cut.income == base.income
            assert cut.spending[0] < base.spending[0]
            assert cut.spending[-1] < base.spending[-1]


def test_a_cut_saves_in_the_first_year_what_settling_again_saves(
    small: Dataset, policies: Policies, found: ProjectionResult
) -> None:
    before, after = resettle(small, policies), resettle(small, policies, reform=TERTIARY)
    for one, two in zip(before.years[2022].pools, after.years[2022].pools, strict=True):
        if one.scheme not in SCHEMES:
            continue
        saved = one.sums.payers_fen["basic_pool"] - two.sums.payers_fen["basic_pool"]
        base, cut = (each.pool(one.area, one.scheme) for each in (found.base, found.reforms[0]))
        scaled = saved / small.manifest.scale
        assert abs(base.spending[0] - cut.spending[0] - scaled) <= 2


def with_counties(dataset: Dataset, year: int) -> None:
    """Give every person a county of the city that insures it: two in each."""
    counties = {0: (371502, 371521), 1: (370202, 370281)}
    for part in range(dataset.manifest.parts):
        path = part_path(dataset.folder, "persons", part)
        rows = pq.read_table(path)
        pools = {
            int(person): dataset.pools[int(pool)][0]
            for batch in dataset.batches("contributions", part, year, columns=["person", "pool"])
            for person, pool in zip(batch["person"], batch["pool"], strict=True)
        }
        numbers = rows.column("person").to_pylist()
        homes = [counties[0 if pools.get(one, "371500") == "371500" else 1][one % 2] for one in numbers]
        at = rows.column_names.index("county")
        pq.write_table(rows.set_column(at, rows.schema.field(at), pa.array(homes, rows.schema.field(at).type)), path)


@pytest.mark.slow
def test_a_county_that_pays_in_nothing_is_warned_of(policies: Policies, tmp_path: Path) -> None:
    dataset = world(tmp_path, policies, persons=600, parts=2)
    with_counties(dataset, 2022)
    dataset = open_dataset(dataset.folder)
    planted = 371521
    before = {(one.area, one.scheme): one.balance_fen for one in project(dataset, policies, years=3, draws=0).warnings}
    for part in range(2):
        persons = list(dataset.batches("persons", part))
        home = {int(p): int(c) for batch in persons for p, c in zip(batch["person"], batch["county"], strict=True)}
        batches = list(dataset.batches("contributions", part, 2022))
        rows = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
        there = np.array([home[int(person)] == planted for person in rows["person"]])
        for name in ("employer_fen", "individual_fen", "subsidy_fen", "assistance_fen"):
            rows[name] = np.where(there, 0, rows[name])
        with PartWriter(dataset.folder, "contributions", part, 2022) as writer:
            writer.write(rows)
    found = project(open_dataset(dataset.folder), policies, years=3, draws=0).warnings
    mine = {one.scheme: one for one in found if one.area == str(planted)}
    assert set(mine) == set(SCHEMES)
    for scheme, one in mine.items():
        assert "收不抵支" in one.reasons[0]
        assert one.balance_fen < before.get((one.area, scheme), 0)
    others = {(one.area, one.scheme): one.balance_fen for one in found if one.area != str(planted)}
    assert others == {key: fen for key, fen in before.items() if key[0] != str(planted)}


def test_the_answer_is_whole_fen_and_says_what_it_rests_on(found: ProjectionResult) -> None:
    told = json.loads(json.dumps(found.as_json(), ensure_ascii=False))
    assert told["years"] == list(range(2022, 2031))
    for pool in told["base"]["pools"]:
        for key, row in pool.items():
            if key.endswith("_fen") and row is not None:
                assert all(isinstance(value, int) for value in row), key
    assert {one["certainty"] for one in told["assumptions"]} <= {"seed", "public", "assumed"}
    assert {row["area"] for row in told["back_test"]} == {"371500", "370200", ""}


def test_the_report_says_what_it_found_and_what_it_rests_on(found: ProjectionResult) -> None:
    blocks = projection_report(found).blocks
    titles = [block.text for block in blocks if isinstance(block, Heading)]
    assert [title[:2] for title in titles] == [f"{one}、" for one in "一二三四五六七八九"]
    told = "".join(block.text for block in blocks if isinstance(block, Paragraph) and isinstance(block.text, str))
    assert "个人账户归个人所有" in told
    fans = [block for block in blocks if isinstance(block, Chart) and block.kind == "band"]
    assert len(fans) == 2 * len(found.base.pools)
    tables = {block.caption: block for block in blocks if isinstance(block, Table)}
    crossing = tables["现行政策下各统筹基金首次低于警戒线的年份"]
    assert len(crossing.rows) == len(found.base.pools)
    supposed = next(block for block in blocks if isinstance(block, Table) and "可靠程度" in block.headers)
    assert all(row[-2] and row[-1] for row in supposed.rows)
    assert len(supposed.rows) >= len(parameters())


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["html", "docx", "xlsx"])
def test_the_report_can_be_written(found: ProjectionResult, tmp_path: Path, suffix: str) -> None:
    path = write(projection_report(found), tmp_path / f"report.{suffix}")
    assert path.stat().st_size > 5_000
    if suffix == "html":
        page = path.read_text(encoding="utf-8")
        for words in ("何时触线", "县级预警", "总和生育率", "方案一"):
            assert words in page


def test_impossible_years_are_refused(small: Dataset, policies: Policies) -> None:
    with pytest.raises(Malformed):
        project(small, policies, years=0)
    with pytest.raises(Malformed):
        project(small, policies, draws=-1)


# Reforms: checked first, in force for whole years, and answered ---------------------------------------------------


def written(tmp_path: Path, name: str, *changes: tuple[str, str, str], head: str = "") -> Path:
    path = tmp_path / f"{name}.yaml"
    rows = "".join(f'- {{path: "{at}", from: {start}, value: {value}}}\n' for at, start, value in changes)
    path.write_text(f"title: {name}\n{head}changes:\n{rows}", encoding="utf-8")
    return path


RATE = "liaocheng/resident/inpatient.yaml#tiers.1.rate.tertiary"
SUBSIDY, PAID = ("liaocheng/resident/contribution.yaml#subsidy", "liaocheng/resident/contribution.yaml#individual")
WAGES = "liaocheng/employee/contribution.yaml#employer_rate.active"


def resident(found: ProjectionResult, at: int, scheme: str = "resident") -> Pool:
    variant = found.base if at < 0 else found.reforms[at]
    return variant.pool("371500", scheme)


@pytest.fixture(scope="module")
def dated(small: Dataset, policies: Policies, tmp_path_factory: pytest.TempPathFactory) -> ProjectionResult:
    """The same cut from the first day, from the middle of the base year, from the middle of 2025; and two premiums."""
    folder = tmp_path_factory.mktemp("dated")
    files = [
        written(folder, "first", (RATE, "2022-01-01", "55%")),
        written(folder, "middle", (RATE, "2022-07-01", "55%")),
        written(folder, "later", (RATE, "2025-07-01", "55%")),
        written(folder, "premium", (PAID, "2022-07-01", "350"), (SUBSIDY, "2022-07-01", "640")),
        written(folder, "wages", (WAGES, "2022-10-01", "8%")),
    ]
    return project(small, policies, years=6, reforms=files, draws=0, response=True)


def test_a_reform_from_the_middle_of_the_base_year_holds_whole_years_after_it(dated: ProjectionResult) -> None:
    first, middle = resident(dated, 0), resident(dated, 1)
    assert middle.spending == first.spending
    assert middle.balance == first.balance
    assert any("全年" in note for note in dated.reforms[1].notes)


def test_a_later_reform_begins_on_its_day(dated: ProjectionResult) -> None:
    base, first, later = (resident(dated, at) for at in (-1, 0, 2))
    years = dated.years
    for at, year in enumerate(years[1:], 1):
        saved, whole = (base.spending[at] - one.spending[at] for one in (later, first))
        share = {2025: 184 / 365}.get(year, 0.0 if year < 2025 else 1.0)
        assert abs(saved - share * whole) <= 2, year
    assert resident(dated, 2).balance != first.balance


def test_premiums_and_rates_move_income_in_every_later_year(dated: ProjectionResult) -> None:
    """60 yuan a head stay 60 yuan a head; a point of wages grows with wages."""
    base, more = resident(dated, -1), resident(dated, 3)
    gains = [one - two for one, two in zip(more.income[1:], base.income[1:], strict=True)]
    heads = dated.heads["resident"][1:]
    assert all(gain > 0 for gain in gains)
    assert more.spending == base.spending
    assert gains[-1] < gains[0] * 1.1 * max(heads) / min(heads)
    base, more = resident(dated, -1, "employee"), resident(dated, 4, "employee")
    gains = [one - two for one, two in zip(more.income[1:], base.income[1:], strict=True)]
    assert gains[-1] > 1.15 * gains[0] > 0
    assert more.balance is not None
    assert base.balance is not None
    assert more.balance[-1] - base.balance[-1] >= sum(gains) * 0.99


def test_visits_answer_where_a_burden_changed_and_only_there(dated: ProjectionResult) -> None:
    """Who pays more goes less: the cut saves more than the static figures say, the more the larger the elasticity."""
    still = resident(dated, 0).spending[-1]
    ends = [
        next(one for one in dated.reforms[0].response[case] if (one.area, one.scheme) == ("371500", "resident"))
        for case in ("low", "central", "high")
    ]
    assert still > ends[0].spending[-1] > ends[1].spending[-1] > ends[2].spending[-1]
    for case, pools in dated.reforms[3].response.items():
        assert [one.spending for one in pools] == [one.spending for one in dated.reforms[3].pools], case
    texts = [block.caption for block in projection_report(dated).blocks if isinstance(block, Table)]
    assert any("就诊次数对个人负担作反应" in text for text in texts)


def test_no_draws_no_chances(dated: ProjectionResult) -> None:
    assert all(row["probability"] is None for pool in dated.base.pools for row in pool.crossings.values())
    text = " ".join(str(block.text) for block in projection_report(dated).blocks if isinstance(block, Paragraph))
    assert "随机情景中" not in text


def test_what_a_reform_may_not_do_is_refused_before_anything_is_settled(
    small: Dataset, policies: Policies, tmp_path: Path
) -> None:
    def never(what: str, count: int) -> None:
        raise AssertionError(f"{what} was settled")

    twice = written(tmp_path, "twice", (RATE, "2022-01-01", "55%"), (RATE, "2022-01-01", "65%"))
    gone = written(tmp_path, "gone", ("liaocheng/resident/nothing.yaml#cap", "2022-01-01", "1"))
    with pytest.raises(Malformed) as caught:
        project(small, policies, reforms=[twice, tmp_path / "absent.yaml", gone], progress=never)
    assert len(caught.value.faults) == 3, "the faults of all files at once"
    elsewhere = written(tmp_path, "jinan", (RATE, "2022-01-01", "55%"), head='for: {area: "370100", year: 2022}\n')
    with pytest.raises(Malformed, match="济南"):
        project(small, policies, reforms=[elsewhere], progress=never)
    forbidden = written(tmp_path, "forbidden", (RATE, "2022-01-01", "45%"))
    with pytest.raises(BenefitListForbids):
        project(small, policies, reforms=[forbidden], progress=never)


def test_every_option_out_of_bounds_is_told_at_once(small: Dataset, policies: Policies) -> None:
    with pytest.raises(Malformed) as caught:
        project(small, policies, years=0, draws=-1, seed=-1)
    assert [fault.path for fault in caught.value.faults] == ["--draws", "--seed", "--years"]
