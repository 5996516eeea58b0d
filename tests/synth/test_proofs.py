"""Longer promises: a killed run, every bill settled, the printed values met on seeds nobody tuned to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from openyibao.datasets.facade import Dataset, check, open_dataset, sql_sources
from openyibao.policy.facade import Policies
from openyibao.synth.facade import synthesise, targets
from tests.synth.test_facade import digests

pytestmark = pytest.mark.slow
FIELDS = {
    "context": "pool",
    "in_scope": "in_scope_fen",
    "prior": "prior_self_pay_fen",
    "over": "over_limit_fen",
    "non_covered": "non_covered_fen",
    "special": "special_drug_fen",
    "herb": "herb_fen",
}


@pytest.fixture(autouse=True)
def small_parts() -> None:
    """Parts as large as the program makes them: other processes make some of them."""


MAKE = """
from pathlib import Path
from openyibao.synth.facade import synthesise
if __name__ == "__main__":
    synthesise("370000", [2020], 0.0005, 11, Path({!r}), jobs=2)
"""


def test_a_killed_run_loses_nothing(tmp_path: Path) -> None:
    script = tmp_path / "make.py"
    script.write_text(MAKE.format(str(tmp_path / "killed")), encoding="utf-8")
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    receipts = tmp_path / "killed" / ".synth"
    until = time.monotonic() + 120
    while time.monotonic() < until and len(list(receipts.glob("part-*.json"))) < 3:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = len(list(receipts.glob("part-*.json")))
    assert 3 <= done < 16
    assert not (tmp_path / "killed" / "manifest.json").exists()
    synthesise("370000", [2020], 0.0005, 11, tmp_path / "killed", jobs=1)
    synthesise("370000", [2020], 0.0005, 11, tmp_path / "whole", jobs=1)
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def settle(policies: Policies, dataset: Dataset) -> int:
    """Settle every bill; a refusal raises."""
    from openyibao.policy.year import COLUMNS, Variant, YearPlan

    count = 0
    for year in dataset.years:
        plan = YearPlan(policies.compiler, dataset.pools, date(year, 1, 1), date(year, 12, 31))
        for at, row in enumerate(dataset.variants):
            supplements = frozenset(filter(None, row["supplements"].split("|")))
            fact = Variant(row["contribution_class"], row["child"], row["care_kind"], row["disease"], supplements)
            assert plan.variant(fact) == at
        for part in range(dataset.manifest.parts):
            for batch in dataset.batches("visits", part, year):
                n = len(batch["person"])
                columns = {
                    name: np.full(n, year, np.int64)
                    if name == "year"
                    else np.ascontiguousarray(batch[FIELDS.get(name, name)], dtype=np.int64)
                    for name, _ in COLUMNS
                }
                count += len(plan.settle(columns, splits=True).payments)  # type: ignore[arg-type]
    return count


@pytest.mark.parametrize(
    ("area", "year", "scale"), [("370000", 2020, 0.0005), ("371500", 2022, 0.01), ("370200", 2024, 0.005)]
)
def test_every_bill_can_be_settled(policies: Policies, tmp_path: Path, area: str, year: int, scale: float) -> None:
    synthesise(area, [year], scale, 23, tmp_path / "made", jobs=2)
    dataset = open_dataset(tmp_path / "made")
    check(dataset, thorough=True)
    assert settle(policies, dataset) == dataset.rows("visits", year)


COUNTS = {
    "insured.{status}": "SELECT sum(insured_at_year_end) FROM contributions JOIN codes ON list = 'status' AND number = status WHERE code = '{status}'",  # noqa: E501
    "insured.{kind}": "SELECT sum(insured_at_year_end) FROM contributions JOIN codes ON list = 'employer_kind' AND number = employer_kind WHERE code = '{kind}'",  # noqa: E501
    "insured.pool_only": "SELECT count(*) FROM contributions JOIN pools USING (pool) WHERE scheme = 'employee' AND account = 0 AND insured_at_year_end = 1",  # noqa: E501
    "insured.maternity": "SELECT sum(maternity) FROM contributions WHERE insured_at_year_end = 1",
    "insured.ltc_{scheme}": "SELECT sum(long_term_care) FROM contributions JOIN pools USING (pool) WHERE scheme = '{scheme}' AND insured_at_year_end = 1",  # noqa: E501
    "visits.outpatient.{scheme}": "SELECT count(*) FROM visits JOIN pools USING (pool) WHERE scheme = '{scheme}' AND benefit IN (1, 3)",  # noqa: E501
    "visits.chronic.{scheme}": "SELECT count(*) FROM visits JOIN pools USING (pool) WHERE scheme = '{scheme}' AND benefit = 2",  # noqa: E501
    "stays.{scheme}": "SELECT count(*) FROM visits JOIN pools USING (pool) WHERE scheme = '{scheme}' AND benefit = 0",
    "remote.out.stays": "SELECT count(*) FROM visits WHERE benefit = 0 AND filing >= 0 AND in_province = 0",
    "remote.in.stays": "SELECT count(*) FROM visits WHERE benefit = 0 AND filing >= 0 AND in_province = 1",
    "maternity.births": "SELECT count(DISTINCT person) FROM visits JOIN variants USING (variant) WHERE benefit = 0 AND child <> ''",  # noqa: E501
    "maternity.medical": "SELECT count(*) FROM visits JOIN variants USING (variant) WHERE child <> ''",
    "maternity.allowance": "SELECT sum(times) FROM grants WHERE kind = 0",
    "ltc.persons": "SELECT count(*) FROM grants WHERE kind = 1",
    "assistance.subsidised": "SELECT count(*) FROM grants WHERE kind = 2",
}
COSTS = {
    "stay_cost.{scheme}": "benefit = 0 AND scheme = '{scheme}'",
    "stay_cost.{scheme}.{level}": "benefit = 0 AND scheme = '{scheme}' AND level = {number}",
}


def expected(name: str, pattern: str) -> list[tuple[str, str]]:
    """Names and texts of a definition for every value of its placeholders."""
    texts = [(name, pattern)]
    for mark, values in (
        ("status", ("active", "retired", "adult", "student", "child")),
        ("kind", ("enterprise", "organ", "flexible")),
        ("scheme", ("employee", "resident")),
    ):
        if any("{" + mark + "}" in text for text, _ in texts):
            texts = [(a.replace("{" + mark + "}", v), b.replace("{" + mark + "}", v)) for a, b in texts for v in values]
    if "{level}" in name:
        levels = (("primary", 2), ("secondary", 3), ("tertiary", 4))
        texts = [
            (a.replace("{level}", v), b.replace("{level}", v).replace("{number}", str(n)))
            for a, b in texts
            for v, n in levels
        ]
    return texts


@pytest.mark.parametrize("seed", [20201, 987_654_321, 31])
def test_printed_values_are_met_on_seeds_nobody_tuned_to(tmp_path: Path, seed: int) -> None:
    """Within 2 % or three standard errors, whichever is more; counts by Poisson, costs by the bills' own spread."""
    scale = 0.003
    synthesise("370000", [2020], scale, seed, tmp_path / "made", jobs=2)
    printed = {target.key: target for target in targets("370000", 2020) if target.kind == "calibrated"}
    off, looked = [], 0
    with duckdb.connect() as connection:
        for name, pattern in sql_sources(open_dataset(tmp_path / "made")).items():
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{pattern}', hive_partitioning=true)")
        for key, sql in [pair for name, text in COUNTS.items() for pair in expected(name, text)]:
            (found,) = connection.execute(sql).fetchone() or (0,)
            wanted = printed[key].value * 10_000 * scale
            looked += 1
            if abs(float(found) - wanted) > max(0.02 * wanted, 3 * np.sqrt(wanted), 1):
                off.append((key, float(found), wanted))
        for key, where in [pair for name, text in COSTS.items() for pair in expected(name, text)]:
            mean, spread, n = connection.execute(
                "SELECT avg(t), stddev(t), count(*) FROM (SELECT (in_scope_fen + prior_self_pay_fen + over_limit_fen"
                f" + non_covered_fen) / 100 AS t FROM visits JOIN pools USING (pool) WHERE {where})"
            ).fetchone() or (0, 0, 1)
            looked += 1
            if abs(mean - printed[key].value) > max(0.02 * printed[key].value, 3 * spread / np.sqrt(n)):
                off.append((key, mean, printed[key].value))
    assert looked == 33
    assert not off
