"""What the door promises: the same bytes for the same order, whole tables, exact counts, every fault at once."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from openyibao.datasets.facade import Dataset, check, open_dataset, sql_sources
from openyibao.kernel.errors import Malformed
from openyibao.synth import run
from openyibao.synth.facade import synthesise, targets
from openyibao.synth.figures import Book
from tests.synth.conftest import SCALE

AREA = "371500"


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file of a dataset."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(dataset: Dataset, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query over the dataset's tables."""
    with duckdb.connect() as connection:
        for name, pattern in sql_sources(dataset).items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{pattern}', hive_partitioning=true)")
        return connection.execute(sql).fetchall()


def one(dataset: Dataset, sql: str) -> int:
    found = rows(dataset, sql)[0][0]
    assert isinstance(found, (int, float)), sql
    return int(found)


def test_a_dataset_is_whole_and_says_what_it_is(liaocheng: Dataset) -> None:
    assert check(liaocheng, thorough=True) > 20
    manifest = liaocheng.manifest
    assert (manifest.kind, manifest.area, manifest.years, manifest.parts) == ("synthetic", AREA, [2022], 4)
    assert manifest.rows["visits"]["2022"] == one(liaocheng, "SELECT count(*) FROM visits")
    assert manifest.population[AREA]["2022"]["persons"] == 5_950_000
    assert any("分娩计入住院" in note for note in manifest.notes)
    assert not (liaocheng.folder / ".synth").exists()


@pytest.mark.slow
def test_same_order_same_bytes_whatever_jobs(liaocheng: Dataset, tmp_path: Path) -> None:
    synthesise(AREA, [2022], SCALE, 7, tmp_path / "again", jobs=2)
    assert digests(tmp_path / "again") == digests(liaocheng.folder)


def test_another_seed_makes_other_persons_and_the_same_counts(liaocheng: Dataset, tmp_path: Path) -> None:
    synthesise(AREA, [2022], SCALE, 8, tmp_path / "other", jobs=1)
    other = open_dataset(tmp_path / "other")
    assert (
        digests(other.folder)["visits/year=2022/part-00000.parquet"]
        != (digests(liaocheng.folder)["visits/year=2022/part-00000.parquet"])
    )
    counted = "SELECT benefit, count(*) FROM visits WHERE stay < 0 AND benefit IN (1, 2, 3) GROUP BY 1 ORDER BY 1"
    assert rows(other, counted) == rows(liaocheng, counted)


def test_a_stopped_run_goes_on_where_it_was(
    liaocheng: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = tmp_path / "stopped", []
    whole = run.make_part

    def stops(work: object, number: int) -> dict[str, int]:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(number)
        return whole(work, number)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "make_part", stops)
    with pytest.raises(KeyboardInterrupt):
        synthesise(AREA, [2022], SCALE, 7, folder, jobs=1)
    assert not (folder / "manifest.json").exists()
    with pytest.raises(Malformed, match="seed 7 ≠ 9"):
        synthesise(AREA, [2022], SCALE, 9, folder, jobs=1)
    resumed: list[int] = []
    monkeypatch.setattr(run, "make_part", lambda work, number: resumed.append(number) or whole(work, number))
    synthesise(AREA, [2022], SCALE, 7, folder, jobs=1)
    assert (made, resumed) == ([0, 1], [2, 3])
    assert digests(folder) == digests(liaocheng.folder)


def test_a_folder_with_something_else_is_refused(liaocheng: Dataset, tmp_path: Path) -> None:
    before = digests(liaocheng.folder)
    with pytest.raises(Malformed, match="已有内容"):
        synthesise(AREA, [2022], SCALE, 7, liaocheng.folder, jobs=1)
    assert digests(liaocheng.folder) == before
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(Malformed, match="已有内容"):
        synthesise(AREA, [2022], SCALE, 7, tmp_path, jobs=1)


def test_every_fault_of_an_order_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Malformed) as found:
        synthesise("371501", [2021, 2020], -0.5, -1, tmp_path / "no" / "where", jobs=0)
    assert {fault.path for fault in found.value.faults} == {"--area", "--years", "--scale", "--seed", "--jobs", "--out"}
    for scale in (0.0, 1.1, float("nan"), float("inf"), 0.0001):
        with pytest.raises(Malformed, match="--scale"):
            synthesise(AREA, [2022], scale, 1, tmp_path / "x")
    for years in ([], [2015], [2026], [2020, 2022]):
        with pytest.raises(Malformed, match="--years"):
            synthesise(AREA, years, 0.01, 1, tmp_path / "x")


# What lies in the tables --------------------------------------------------------------------------------------------


def test_counts_are_those_of_the_plan(liaocheng: Dataset) -> None:
    book = Book(AREA)
    ended = {
        (str(scheme), str(status)): int(str(count))
        for scheme, status, count in rows(
            liaocheng,
            "SELECT p.scheme, s.code, sum(c.insured_at_year_end) FROM contributions c JOIN pools p USING (pool)"
            " JOIN codes s ON s.list = 'status' AND s.number = c.status GROUP BY ALL",
        )
    }
    for (_, status), count in ended.items():
        assert abs(count - book.heads(f"insured.{status}", 2022) * SCALE) <= 1, status
    assert len(ended) == 5
    visits = "SELECT count(*) FROM visits JOIN pools USING (pool) WHERE scheme = '{}' AND benefit IN ({})"
    for scheme in ("employee", "resident"):
        pieces = f"SELECT count(DISTINCT person) FROM visits JOIN pools USING (pool) WHERE scheme = '{scheme}'"
        stays = one(liaocheng, visits.format(scheme, 0) + " AND stay < 0") + one(liaocheng, pieces + " AND stay >= 0")
        assert abs(stays - book.heads(f"stays.{scheme}", 2022) * SCALE) <= 1
        outpatient = one(liaocheng, visits.format(scheme, "1, 3"))
        assert abs(outpatient - book.heads(f"visits.outpatient.{scheme}", 2022) * SCALE) <= 1
        chronic = one(liaocheng, visits.format(scheme, 2))
        assert abs(chronic - book.heads(f"visits.chronic.{scheme}", 2022) * SCALE) <= 1


def test_bills_lie_within_cover_and_life(liaocheng: Dataset) -> None:
    outside = """SELECT count(*) FROM visits v LEFT JOIN coverage c
        ON c.person = v.person AND c."from" <= v.day AND (c.until IS NULL OR c.until > v.day)
        AND c.pool = v.pool AND c.status = v.status WHERE c.person IS NULL"""
    assert one(liaocheng, outside) == 0
    assert (
        one(liaocheng, "SELECT count(*) FROM visits JOIN persons USING (person) WHERE day > died OR day < birth") == 0
    )
    assert one(liaocheng, "SELECT count(*) FROM visits WHERE year(day) <> 2022") == 0
    overlaps = """SELECT count(*) FROM (SELECT person, "from", lag(until) OVER w AS before, count(*) OVER w AS nth
        FROM coverage WINDOW w AS (PARTITION BY person ORDER BY "from"))
        WHERE nth > 1 AND (before IS NULL OR before > "from")"""
    assert one(liaocheng, overlaps) == 0
    assert one(liaocheng, 'SELECT count(*) FROM coverage WHERE until <= "from"') == 0
    twice = "SELECT count(*) FROM (SELECT person, seq FROM visits GROUP BY ALL HAVING count(*) > 1)"
    assert one(liaocheng, twice) == 0


def test_money_of_bills_is_sound(liaocheng: Dataset) -> None:
    wrong = """SELECT count(*) FROM visits WHERE least(in_scope_fen, prior_self_pay_fen, over_limit_fen,
        non_covered_fen, special_drug_fen, herb_fen) < 0
        OR herb_fen > in_scope_fen OR in_scope_fen + special_drug_fen <= 0"""
    assert one(liaocheng, wrong) == 0
    assert one(liaocheng, "SELECT count(*) FROM visits WHERE (benefit IN (0, 6)) <> (stay_days > 0)") <= one(
        liaocheng, "SELECT count(*) FROM visits WHERE stay >= 0"
    )


def test_a_visit_costs_more_in_a_larger_hospital_and_as_much_on_the_whole(liaocheng: Dataset) -> None:
    """Outpatient visits of employees: dearer level by level, the mean over the levels as figured."""
    total = "(in_scope_fen + prior_self_pay_fen + over_limit_fen + non_covered_fen) / 100.0"
    some = "FROM visits WHERE benefit = 1 AND status <= 2 AND variant = 0"
    means = [mean for (mean,) in rows(liaocheng, f"SELECT avg({total}) {some} GROUP BY level ORDER BY level")]
    assert len(means) == 4
    assert means == sorted(means)  # type: ignore[type-var]
    assert means[-1] > 3 * means[0]  # type: ignore[operator]
    mean, error = rows(liaocheng, f"SELECT avg({total}), stddev({total}) / sqrt(count(*)) {some}")[0]
    wanted = Book(AREA).get("cost.outpatient.employee", 2022)
    assert abs(mean - wanted) <= 4 * error  # type: ignore[operator]


def test_households_stay_together(liaocheng: Dataset) -> None:
    parts = "SELECT max(n) FROM (SELECT count(DISTINCT {}) AS n FROM persons GROUP BY household)"
    assert one(liaocheng, parts.format("county")) == 1
    assert one(liaocheng, parts.format("person // 1000000")) == 1
    assert 2 <= rows(liaocheng, "SELECT count(*) / count(DISTINCT household) FROM persons")[0][0] <= 3.5  # type: ignore[operator]
    mothers = """SELECT quantile_cont(gap, [0.05, 0.5, 0.95]) FROM (
        SELECT date_diff('year', max(birth) FILTER (sex = 2 AND birth BETWEEN '1965-01-01' AND '2000-01-01'),
        max(birth) FILTER (birth > '2004-01-01')) AS gap FROM persons GROUP BY household)"""
    low, middle, high = rows(liaocheng, mothers)[0][0]  # type: ignore[misc]
    assert low >= 18
    assert 24 <= middle <= 34
    assert high <= 48
    income = "SELECT count(*) FROM (SELECT household FROM contributions JOIN persons USING (person) GROUP BY household"
    assert one(liaocheng, income + " HAVING count(DISTINCT household_income_fen) > 1)") == 0


def test_frailty_is_shared(liaocheng: Dataset) -> None:
    shared = """SELECT avg(o) FILTER (s > 0) / avg(o) FILTER (s = 0) FROM (
        SELECT c.person, count(v.person) FILTER (benefit = 0) AS s, count(v.person) FILTER (benefit = 1) AS o
        FROM contributions c LEFT JOIN visits v ON v.person = c.person GROUP BY c.person)"""
    assert rows(liaocheng, shared)[0][0] > 1.5  # type: ignore[operator]
    again = "SELECT sum(n - 1) / sum(n) FROM (SELECT count(*) AS n FROM visits WHERE benefit = 0 GROUP BY person)"
    assert rows(liaocheng, again)[0][0] > 0.2  # type: ignore[operator]


def test_helped_persons_are_poor_residents(liaocheng: Dataset) -> None:
    workers = "SELECT count(*) FROM contributions JOIN pools USING (pool) WHERE groups > 0 AND scheme = 'employee'"
    assert one(liaocheng, workers) == 0
    helped = one(liaocheng, "SELECT count(*) FROM contributions WHERE groups > 0 AND insured_at_year_end = 1")
    assert abs(helped - Book(AREA).heads("assistance.helped", 2022) * SCALE) <= 2
    poorer = "SELECT median(household_income_fen) FILTER (groups > 0) / median(household_income_fen) FROM contributions"
    assert rows(liaocheng, poorer)[0][0] < 0.5  # type: ignore[operator]


def test_the_same_persons_live_through_several_years(tmp_path: Path) -> None:
    synthesise(AREA, [2021, 2022, 2023], 0.001, 3, tmp_path / "years", jobs=1)
    dataset = open_dataset(tmp_path / "years")
    check(dataset, thorough=True)
    book = Book(AREA)
    for year in (2021, 2022, 2023):
        counted = f"SELECT sum(insured_at_year_end) FROM contributions WHERE year = {year} AND status = 2"
        retired = one(dataset, counted)
        assert abs(retired - book.heads("insured.retired", year) * 0.001) <= 2
    back = """SELECT count(*) FROM coverage a JOIN coverage b USING (person)
        WHERE a.status = 2 AND b.status = 1 AND b."from" > a."from\""""
    assert one(dataset, back) == 0
    assert (
        one(dataset, "SELECT count(*) FROM contributions c JOIN persons USING (person) WHERE year(died) < c.year") == 0
    )
    kept = "SELECT count(*) FROM (SELECT person FROM contributions GROUP BY person HAVING count(*) = 3)"
    assert one(dataset, kept) > 0.93 * one(dataset, "SELECT count(*) FROM contributions WHERE year = 2022")
    assert any("2021 年职工住院、门诊慢特病没有政策" in note for note in dataset.manifest.notes)
    assert date(2021, 1, 1) == date.fromisoformat(str(rows(dataset, "SELECT min(day) FROM visits")[0][0]))


def test_targets_name_their_source() -> None:
    found = {target.key: target for target in targets("370000", 2020)}
    assert found["stays.employee"].value == 360.2
    assert (found["ratio.resident"].kind, found["ratio.resident"].value) == ("engine", 0.632)
    assert found["insured.active_organ"].certainty == "assumed"
    assert all(target.source and target.certainty in ("seed", "public", "assumed") for target in found.values())
    assert sum(target.kind == "calibrated" and target.certainty == "seed" for target in found.values()) >= 35
    assert targets("370000", 1999) == []


def test_the_manifest_is_the_same_text(liaocheng: Dataset) -> None:
    text = (liaocheng.folder / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text)["calibration"] == run.calibration_digest()
    assert np.isclose(json.loads(text)["scale"], SCALE)
