"""The full proof of the year engines: local and Spark on millions of visits, with and without a reform, to the fen.

    python -m tests.proofs.resettle --visits 2000000 [--singles 3000] [--seed 20200101]
    python -m tests.proofs.resettle --dataset DIR [--run NAME]    a dataset of any size: time and memory here

Exit 0 when nothing differs, 1 otherwise. Random visits come from tests/support/datasets.py, by the seed; of the first
part a number of person-years is settled by the single driver too.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from openyibao.cli.backtest import progress
from openyibao.datasets.facade import Dataset, open_dataset
from openyibao.policy.facade import Policies
from openyibao.simulation.driver import Driver
from openyibao.simulation.facade import resettle
from tests.support.datasets import cases, make

VISITS_A_PERSON = 6.0
"""Of both years, as drawn."""
REFORM = (
    "title: 三级医院降五个百分点，大病起付线减半\nchanges:\n"
    '  - {path: "shandong/employee/inpatient.yaml#tiers.1.rate.tertiary", from: 2020-03-01, value: 80%}\n'
    '  - {path: "shandong/resident/serious_illness.yaml#deductible.amount.otherwise", from: 2020-05-01, value: 6000}\n'
)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def compared(dataset: Dataset, policies: Policies, reform: Path | None) -> int:
    """Both engines write every split; returns how many files differ, and totals that do."""
    answers = []
    for engine in ("local", "spark"):
        totals = resettle(dataset, policies, reform=reform, engine=engine, run=engine, progress=progress())
        answer = totals.as_json()
        say(f"{engine}: {totals.visits:,} visits, funds {totals.fund_fen:,} fen, {totals.seconds:.0f} s")
        answers.append({key: value for key, value in answer.items() if key not in ("engine", "run", "seconds")})
    differing = int(answers[0] != answers[1])
    for year in dataset.years:
        pairs = zip(dataset.paths("settled", year, "local"), dataset.paths("settled", year, "spark"), strict=True)
        differing += sum(not pq.read_table(ours).equals(pq.read_table(theirs)) for ours, theirs in pairs)
    return differing


def against_single(dataset: Dataset, policies: Policies, most: int) -> int:
    """Person-years of the first part by the single driver; returns how many amounts differ."""
    from tests.simulation.test_driver import settled, single

    differing = seen = 0
    for year in dataset.years:
        columns = settled(Driver(policies, dataset), dataset, 0, year)
        for rows, case in islice(cases(dataset, 0, year), most):
            for row, mine in zip(rows, single(policies, case), strict=True):
                seen += 1
                differing += sum(int(columns[name][row]) != fen for name, fen in mine.items())
    say(f"single driver: {seen:,} visits compared, {differing} amounts differ")
    return differing


def proof(visits: int, singles: int, seed: int) -> int:
    policies = Policies.load()
    with tempfile.TemporaryDirectory(prefix="openyibao-proof-") as folder:
        begun = time.monotonic()
        dataset = make(
            Path(folder) / "data",
            policies,
            persons=int(visits / VISITS_A_PERSON * 1.05) + 1,
            years=(2020, 2022),
            areas=("371500", "370200"),
            parts=8,
            seed=seed,
        )
        made = sum(dataset.rows("visits", year) for year in dataset.years)
        say(f"seed {seed}: {made:,} random visits in 8 parts, {time.monotonic() - begun:.0f} s")
        differing = against_single(dataset, policies, singles)
        reform = Path(folder) / "reform.yaml"
        reform.write_text(REFORM, encoding="utf-8")
        for given in (None, reform):
            say("with the reform" if given else "policies in force")
            differing += compared(dataset, policies, given)
    say(f"{made:,} visits, {differing} differences")
    return int(differing > 0 or made < visits)


def timed(folder: Path, run: str) -> int:
    """A dataset of any size: settled without output and with every split; time and peak memory."""
    dataset = open_dataset(folder)
    policies = Policies.load()
    for name in (None, run):
        totals = resettle(dataset, policies, run=name, progress=progress())
        peak: Any = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        say(
            f"{'every split' if name else 'no output'}: {totals.visits:,} visits, {totals.persons:,} persons, "
            f"{totals.seconds:.1f} s, {totals.visits / totals.seconds / 1e6:.2f} M visits/s, peak {peak // 1024} MiB"
        )
    shutil.rmtree(folder / "settled" / run)
    dataset.manifest.runs.pop(run)
    from openyibao.datasets.facade import write_manifest

    write_manifest(folder, dataset.manifest)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=2_000_000)
    parser.add_argument("--singles", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=20200101)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--run", default="proof")
    asked = parser.parse_args()
    return timed(asked.dataset, asked.run) if asked.dataset else proof(asked.visits, asked.singles, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
