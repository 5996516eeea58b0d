"""A dataset settled again: sums that hold together, splits in the file's order, nothing half written, faults told."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openyibao.cli import main
from openyibao.cli import resettle as command
from openyibao.datasets.facade import Dataset, check, open_dataset, part_path
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies
from openyibao.simulation import runs
from openyibao.simulation.errors import RunTaken, VisitsRefused
from openyibao.simulation.facade import resettle
from tests.support.datasets import make

pytestmark = pytest.mark.slow
"""Compiles and settles; the driver itself is tested quickly beside it."""

FUND_COLUMNS = ("basic_fen", "serious_illness_fen", "special_drug_fen", "supplement_fund_fen", "assistance_fen")


@pytest.fixture
def own(dataset: Dataset, tmp_path: Path) -> Dataset:
    """A copy of the dataset that a test may write to."""
    shutil.copytree(dataset.folder, tmp_path / "own")
    return open_dataset(tmp_path / "own")


def columns(dataset: Dataset, table: str, year: int, run: str = "") -> dict[str, Any]:
    """A whole table of a year."""
    found = [pq.read_table(path) for path in dataset.paths(table, year, run)]
    return {name: np.concatenate([one.column(name).to_numpy() for one in found]) for name in found[0].column_names}


def rewritten(dataset: Dataset, year: int, part: int, **changed: Any) -> None:
    """Replace columns of a file of visits."""
    path = part_path(dataset.folder, "visits", part, year)
    table = pq.read_table(path)
    for name, values in changed.items():
        at = table.schema.get_field_index(name)
        field = table.schema.field(at)
        width = pa.int32() if field.type == pa.date32() else field.type
        old = table.column(at).cast(width).to_numpy().copy()
        old[: len(values)] = values
        table = table.set_column(at, field, [pa.array(old, type=width).cast(field.type)])
    pq.write_table(table, path)


def test_splits_add_up_to_the_bill_and_to_the_totals(policies: Policies, own: Dataset) -> None:
    totals = resettle(own, policies, run="current")
    assert check(open_dataset(own.folder)) > 20
    for year, said in totals.years.items():
        visits, settled = columns(own, "visits", year), columns(own, "settled", year, "current")
        for name in ("person", "day", "seq", "pool", "institution", "in_scope_fen"):
            assert (visits[name] == settled[name]).all()
        funds = sum(settled[name] for name in FUND_COLUMNS)
        assert (settled["total_fen"] == funds + settled["hospital_fen"] + settled["burden_fen"]).all()
        assert (settled["account_fen"] <= settled["burden_fen"]).all()
        assert min(int(settled[name].min()) for name in settled if name.endswith("_fen")) >= 0
        assert int(funds.sum()) == said.sums.fund_fen
        assert int(settled["burden_fen"].sum()) == said.sums.burden_fen
        assert int(settled["account_fen"].sum()) == said.sums.account_fen > 0
        assert len(settled["person"]) == said.sums.visits
        assert len(set(settled["person"].tolist())) == said.sums.persons
        assert sum(pool.sums.fund_fen for pool in said.pools) == said.sums.fund_fen
        for pool in said.pools:
            mine = settled["pool"] == own.pools.index((pool.area, pool.scheme))
            assert int(funds[mine].sum()) == pool.sums.fund_fen
            assert int(mine.sum()) == pool.sums.visits
    assert totals.fund_fen == sum(one.sums.fund_fen for one in totals.years.values())
    assert totals.persons == len({int(p) for y in own.years for p in columns(own, "visits", y)["person"]})


def test_accounts_pay_in_settle_order_and_then_for_purchases(policies: Policies, own: Dataset) -> None:
    totals = resettle(own, policies, run="current")
    visits, settled = columns(own, "visits", 2022), columns(own, "settled", 2022, "current")
    owned = columns(own, "contributions", 2022)
    bought = 0
    for at, person in enumerate(owned["person"].tolist()):
        left = int(owned["account_opening_fen"][at] + owned["account_fen"][at]) if owned["account"][at] else 0
        mine = np.flatnonzero(visits["person"] == person)
        for row in sorted(mine.tolist(), key=lambda row: visits["seq"][row]):
            pay = min(left, int(settled["burden_fen"][row])) if visits["account"][row] else 0
            assert int(settled["account_fen"][row]) == pay
            left -= pay
        bought += min(left, int(owned["purchases_fen"][at])) if owned["account"][at] else 0
    assert totals.years[2022].sums.account_purchases_fen == bought > 0


def test_the_same_without_output_and_again(policies: Policies, own: Dataset) -> None:
    first, bare = resettle(own, policies, run="current"), resettle(own, policies)
    again = resettle(own, policies, run="current", jobs=1)

    def money(totals: Any) -> dict[str, Any]:
        answer = totals.as_json()
        return {key: answer[key] for key in ("visits", "persons", "fund_fen", "payers_fen", "burden_fen")}

    assert money(first) == money(bare) == money(again)
    assert "account_fen" not in bare.as_json()
    assert again.as_json()["account_fen"] == first.as_json()["account_fen"]
    assert list(open_dataset(own.folder).manifest.runs) == ["current"]


def test_a_reform_from_a_day_on(policies: Policies, own: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "三级医院降五点.yaml"
    path.write_text(
        "title: 起付线翻倍\nchanges:\n"
        '  - {path: "liaocheng/employee/inpatient.yaml#deductible.amount.tertiary", from: 2022-07-01, value: 1600}\n',
        encoding="utf-8",
    )
    before = resettle(own, policies)
    after = resettle(own, policies, reform=path, run="reformed")
    assert after.years[2020].sums.fund_fen == before.years[2020].sums.fund_fen
    assert after.years[2022].sums.deductible_fen > before.years[2022].sums.deductible_fen
    entry = open_dataset(own.folder).manifest.runs["reformed"]
    assert entry["reform"]["title"] == after.reform == "起付线翻倍"
    assert entry["policies"] == after.policies != before.policies
    assert entry["totals"]["fund_fen"] == after.fund_fen


def test_visits_without_policy_are_counted_and_named_and_nothing_is_written(policies: Policies, own: Dataset) -> None:
    resettle(own, policies, run="current")
    before = {path: path.stat().st_mtime_ns for path in (own.folder / "settled").rglob("*.parquet")}
    zero, seven, three = np.zeros(7), np.ones(7), np.ones(3)
    rewritten(own, 2022, 1, benefit=2 * seven, pool=2 * seven, excluded=zero)
    money = {"in_scope_fen": 90_000 * three, "herb_fen": zero[:3], "excluded": zero[:3]}
    rewritten(own, 2024, 0, benefit=3 * three, status=3 * three, pool=three, variant=zero[:3], groups=zero[:3], **money)
    for run in ("current", None):
        with pytest.raises(VisitsRefused) as refused:
            resettle(own, policies, run=run)
        reasons = [refused.value, *refused.value.also]
        assert sum(reason.details["visits"] for reason in reasons) == 10
        two = next(reason for reason in reasons if "shandong/resident/two_disease.yaml#cap.amount" in str(reason))
        assert "3 笔就诊" in str(two)
        assert any("shandong/employee/chronic.yaml" in str(reason) for reason in reasons)
        assert {path: path.stat().st_mtime_ns for path in (own.folder / "settled").rglob("*.parquet")} == before
        assert [path.name for path in (own.folder / "settled").glob(".*")] == [".lock"]
    assert list(open_dataset(own.folder).manifest.runs) == ["current"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": np.array([3])}, "day: 第 1 行：1970-01-04；应为：2022-01-01 至 2022-12-31"),
        ({"pool": np.array([99])}, "pool: 第 1 行：99"),
        ({"variant": np.array([30000])}, "variant: 第 1 行"),
        ({"in_scope_fen": np.array([-1])}, "in_scope_fen: 第 1 行：-1；应为：0 至"),
        ({"in_scope_fen": np.array([2**63 - 1, 2**63 - 1])}, "in_scope_fen: 第 1 行：9223372036854775807，共 2 行"),
        ({"herb_fen": np.array([2_900_000_000])}, "herb_fen: 第 1 行：2900000000；应为：不大于"),
        ({"seq": np.array([7])}, "seq: 第 .* 的 seq . (应为|重复)"),
    ],
)
def test_columns_out_of_bounds_name_the_file(policies: Policies, own: Dataset, changed: Any, said: str) -> None:
    rewritten(own, 2022, 2, **changed)
    with pytest.raises(Malformed, match=said) as wrong:
        resettle(own, policies, run="current")
    assert "year=2022/part-00002.parquet" in str(wrong.value)
    assert not list((own.folder / "settled").rglob("*.parquet"))


def test_a_truncated_file_is_told(policies: Policies, own: Dataset) -> None:
    path = part_path(own.folder, "visits", 0, 2020)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\0" * (len(whole) // 2) + whole[4 + len(whole) // 2 :])
    with pytest.raises(Malformed, match="part-00000"):
        resettle(own, policies)


def test_what_a_crash_left_goes_and_the_manifest_never_names_a_missing_run(policies: Policies, own: Dataset) -> None:
    left = own.folder / "settled" / ".current.writing" / "year=2020"
    left.mkdir(parents=True)
    (left / "part-00000.parquet").write_bytes(b"half")
    resettle(own, policies, run="current")
    assert not left.exists()
    seen: list[bool] = []
    moved = os.replace

    def watched(source: Any, target: Any) -> None:
        moved(source, target)
        state = open_dataset(own.folder)
        seen.append(all((own.folder / "settled" / run).is_dir() for run in state.manifest.runs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", watched)
        resettle(own, policies, run="current")
    assert seen
    assert all(seen)


def test_one_at_a_time(policies: Policies, own: Dataset) -> None:
    with runs.writing(own, "current"), pytest.raises(RunTaken):
        resettle(own, policies, run="other")


@pytest.mark.parametrize("name", ["recorded", "", "../x", "a b", ".hidden", "x" * 65])
def test_names_that_cannot_be_a_runs(policies: Policies, own: Dataset, name: str) -> None:
    with pytest.raises(Malformed):
        resettle(own, policies, run=name)


def test_the_command_answers_by_contract(own: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    if not any(known.name == "resettle" for known in main.app.registered_commands):
        command.mount(main.app)
    with pytest.raises(SystemExit) as left:
        main.run(["resettle", str(own.folder), "--json"])
    assert left.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"visits", "persons", "fund_fen", "payers_fen", "seconds", "engine"} <= set(answer)
    assert answer["visits"] == sum(own.rows("visits", year) for year in own.years)
    assert (own.folder / "settled" / "current").is_dir()
    for wrong in (
        ["resettle", str(own.folder / "none")],
        ["resettle", str(own.folder), "--engine", "abacus"],
        ["resettle", str(own.folder), "--reform", "/none.yaml"],
        ["resettle", str(own.folder), "--run", "x", "--no-output"],
    ):
        with pytest.raises(SystemExit) as left:
            main.run(wrong)
        assert left.value.code == 2


def test_one_person_in_three_parts(policies: Policies, tmp_path: Path) -> None:
    tiny = make(tmp_path / "tiny", policies, persons=1, years=(2022,), seed=3)
    assert tiny.rows("visits", 2022) > 0
    totals = resettle(tiny, policies, run="current")
    assert (totals.persons, totals.visits) == (1, tiny.rows("visits", 2022))
    assert check(open_dataset(tiny.folder)) > 10
