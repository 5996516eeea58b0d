"""How fast a year is settled: the compiled kernel over columns and over Parquet, and OpenFisca on one yearly rule."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from datetime import date
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from openyibao.datasets import facade as datasets
from openyibao.policy.facade import Policies
from openyibao.policy.year import COLUMNS, EPOCH, YearPlan
from openyibao.simulation.facade import resettle, stage_seconds

RUNS = 5
PARTS = 4
YEAR = 2022
HERE = Path(__file__).parent
NARROW = {"day": "int32", "person": "int64", "year": "int16", "variant": "int16", "groups": "int16", "stay": "int16"}
MONEY = ("in_scope", "prior", "over", "non_covered", "special", "herb")
RENAMED = {
    "context": "pool",
    "prior": "prior_self_pay_fen",
    "over": "over_limit_fen",
    "special": "special_drug_fen",
    **{name: f"{name}_fen" for name in ("in_scope", "non_covered", "herb")},
}
"""The kernel's columns that a dataset calls otherwise."""


def measure(visits: int, environment: Path) -> dict[str, Any]:
    """The keys of the contract; OpenFisca is measured between our runs, on the same one-visit years."""
    plan = _plan(Policies.load())
    columns = invented(visits)
    plan.settle({name: column[:1000] for name, column in columns.items()})
    first = _rates(plan, columns, RUNS // 2 + 1)
    peer = _openfisca(environment, min(visits, 1_000_000))
    rates = first + _rates(plan, columns, RUNS - len(first))
    return {
        "visits_per_core_second": round(median(rates)),
        "parquet_visits_per_second": round(median(_parquet(plan, columns))),
        **_whole(columns),
        **peer,
        "rows": visits,
        "runs": RUNS,
        "persons": int(columns["person"][-1]) + 1,
        "layers": ["basic_pool", "serious_illness", "special_drug", "assistance", "assistance_second"],
    }


def _plan(policies: Policies) -> YearPlan:
    contexts = [("371500", "employee"), ("371500", "resident")]
    return YearPlan(policies.compiler, contexts, date(2022, 1, 1), date(2022, 12, 31))


def invented(visits: int) -> dict[str, npt.NDArray[Any]]:
    """Sorted invented visits of Liaocheng 2022: residents and employees, all levels, some helped, some remote."""
    random = np.random.default_rng(20220701)
    person = np.sort(random.integers(0, max(1, visits // 4), visits))
    employee = person % 8 == 0
    benefit = random.choice([0, 1, 1, 1, 1, 2], visits)
    stay = benefit == 0
    columns: dict[str, npt.NDArray[Any]] = {
        "person": person,
        "year": np.full(visits, 2022),
        "day": (date(2022, 1, 1) - EPOCH).days + random.integers(0, 365, visits),
        "context": np.where(employee, 0, 1),
        "benefit": benefit,
        "level": random.choice([2, 3, 3, 4, 4], visits),
        "status": np.where(employee, 1 + (person % 4 == 0), 3),
        "groups": np.where(person % 30 == 0, 2, 0),
        "variant": np.zeros(visits),
        "filing": np.where(random.random(visits) < 0.06, 3, -1),
        "in_province": np.ones(visits),
        "days": np.ones(visits),
        "stay": np.full(visits, -1),
        "waive": np.zeros(visits),
        "excluded": random.random(visits) < 0.005,
        "in_scope": np.where(stay, random.lognormal(13.2, 1.0, visits), random.lognormal(9.8, 1.0, visits)),
        "prior": random.integers(0, 20_000, visits),
        "over": np.zeros(visits),
        "non_covered": random.integers(0, 40_000, visits),
        "special": np.where(random.random(visits) < 0.0005, 5_000_000, 0),
        "herb": np.zeros(visits),
    }
    for name in columns:
        kind = "int64" if name in MONEY else NARROW.get(name, "int8")
        columns[name] = np.minimum(columns[name], 3_000_000_000).astype(kind)
    return columns


def _rates(plan: YearPlan, columns: dict[str, npt.NDArray[Any]], runs: int) -> list[float]:
    rates = []
    for _ in range(runs):
        start = time.process_time()
        plan.settle(columns)
        rates.append(len(columns["person"]) / (time.process_time() - start))
    return rates


def _parquet(plan: YearPlan, columns: dict[str, npt.NDArray[Any]]) -> list[float]:
    """Wall-clock visits per second from a Parquet file, read row group by row group on one core."""
    rates = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "visits.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=1 << 20)
        for _ in range(RUNS):
            start = time.perf_counter()
            file = pq.ParquetFile(path)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, use_threads=False)
                plan.settle({name: table.column(name).to_numpy() for name, _ in COLUMNS})
            rates.append(len(columns["person"]) / (time.perf_counter() - start))
    return rates


# A whole dataset -----------------------------------------------------------------------------------------------------


def _whole(columns: dict[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """The same visits as a dataset: shares of one core's time, and visits per second of wall clock on all cores."""
    policies = Policies.load()
    with tempfile.TemporaryDirectory() as folder:
        dataset = _dataset(Path(folder), columns)
        visits = len(columns["person"])
        resettle(dataset, policies, run="warm")
        spent = [stage_seconds(dataset, policies) for _ in range(3)]
        seconds = {name: median(one[name] for one in spent) for name in spent[0]}
        whole = sum(seconds.values())
        rates = {}
        for key, run in (("resettle_visits_per_second", None), ("resettle_written_visits_per_second", "bench")):
            rates[key] = round(median(visits / resettle(dataset, policies, run=run).seconds for _ in range(RUNS)))
        return {
            **{f"share_{name}": round(spent / whole, 3) for name, spent in seconds.items()},
            **{f"{name}_ns_per_visit": round(spent / visits * 1e9) for name, spent in seconds.items()},
            **rates,
            "cores": len(os.sched_getaffinity(0)),
        }


def _dataset(folder: Path, columns: dict[str, npt.NDArray[Any]]) -> datasets.Dataset:
    """Invented visits written as a dataset in parts of whole persons, every employee with an account."""
    areas = {"area": ["371500"] * 2, "area_name": ["聊城市"] * 2, "scheme": ["employee", "resident"]}
    datasets.write_whole(folder, "pools", {"pool": np.arange(2), **areas})
    rare: dict[str, Any] = {name: [""] for name in ("child", "care_kind", "disease", "supplements")}
    datasets.write_whole(folder, "variants", {"variant": np.arange(1), "contribution_class": ["standard"], **rare})
    for table in ("institutions", "funds"):
        datasets.write_whole(folder, table, _filled(table, 0))
    datasets.write_codes(folder)
    ends = np.searchsorted(columns["person"], np.linspace(0, int(columns["person"][-1]) + 1, PARTS + 1))
    for part in range(PARTS):
        mine = slice(int(ends[part]), int(ends[part + 1]))
        _part(folder, part, {name: values[mine] for name, values in columns.items()})
    datasets.write_manifest(
        folder, datasets.Manifest("synthetic", "bench", "371500", [YEAR], PARTS, "openyibao bench year")
    )
    return datasets.open_dataset(folder)


def _part(folder: Path, part: int, columns: dict[str, npt.NDArray[Any]]) -> None:
    n = len(columns["person"])
    people, first = np.unique(columns["person"], return_index=True)
    renamed = {RENAMED.get(name, name): values for name, values in columns.items() if name != "year"}
    order = np.argsort(columns["day"], kind="stable")
    order = order[np.argsort(columns["person"][order], kind="stable")]
    renamed = {name: values[order] for name, values in renamed.items()}
    seq = np.arange(n) - np.repeat(first, np.diff(np.append(first, n)))
    own = people % 8 == 0
    tables = {
        "persons": _filled("persons", len(people), person=people),
        "coverage": _filled("coverage", 0),
        "grants": _filled("grants", 0),
        "contributions": _filled(
            "contributions",
            len(people),
            person=people,
            account=own,
            account_opening_fen=own * 100_000,
            account_fen=own * 200_000,
            purchases_fen=own * 50_000,
        ),
        "visits": _filled("visits", n, **renamed, seq=seq, account=renamed["pool"] == 0),
    }
    for table, filled in tables.items():
        year = YEAR if datasets.TABLES[table].cut == "year_part" else None
        with datasets.PartWriter(folder, table, part, year) as writer:
            writer.write(filled)


def _filled(table: str, rows: int, **given: Any) -> dict[str, Any]:
    """Columns of a table, nothing in those that are not given."""
    empty = {
        column.name: [""] * rows if column.type == "text" else [None] * rows if column.null else np.zeros(rows, int)
        for column in datasets.TABLES[table].columns
    }
    return {**empty, **given}


# The peer -----------------------------------------------------------------------------------------------------------


def _openfisca(environment: Path, persons: int) -> dict[str, Any]:
    """One stay a year in a tertiary hospital, five marginal tiers above the deductible: OpenFisca and us, same rows."""
    python = _environment(environment)
    fen = np.round(np.random.default_rng(7).lognormal(14.0, 1.1, persons)).astype(np.int64)
    tiers = ((80_000, "0.83"), (3_000_000, "0.85"), (6_000_000, "0.88"), (10_000_000, "0.90"), (30_000_000, "0.70"))
    with tempfile.TemporaryDirectory() as folder:
        job, answer, costs = (Path(folder) / name for name in ("job.json", "answer.npy", "costs.npy"))
        np.save(costs, fen / 100)
        thresholds = [0.0, *(low / 100 for low, _ in tiers)]
        rates = [0.0, *(float(rate) for _, rate in tiers)]
        job.write_text(json.dumps({"thresholds": thresholds, "rates": rates, "yuan": str(costs)}), encoding="utf-8")
        run = subprocess.run(
            [str(python), str(HERE / "openfisca_yearly.py"), str(job), str(answer)],
            capture_output=True,
            text=True,
            check=True,
        )
        theirs = np.load(answer).astype(np.float64)
    seconds = json.loads(run.stdout.splitlines()[-1])["cpu_seconds"]
    exact = _exact(fen, tiers)
    ours, our_rate = _ours(fen)
    off = np.abs(theirs * 100 - exact)
    return {
        "openfisca_rows_per_core_second": round(persons / median(seconds)),
        "openyibao_rows_per_core_second_same_rule": round(our_rate),
        "openfisca_error_fen": {
            "largest": round(float(off.max()), 2),
            "rows_off_by_half_a_fen_or_more": int((off >= 0.5).sum()),
            "rows": persons,
        },
        "openyibao_error_fen": int(np.abs(ours - exact).max()),
    }


def _exact(fen: npt.NDArray[np.int64], tiers: tuple[tuple[int, str], ...]) -> npt.NDArray[np.int64]:
    """The benefit in whole arithmetic, independent of the kernel: rates as exact hundredths, half up."""
    total = np.zeros_like(fen)
    for at, (low, rate) in enumerate(tiers):
        high = tiers[at + 1][0] if at + 1 < len(tiers) else 1 << 60
        hundredths = int(Fraction(rate) * 100)
        total += np.clip(fen, low, high) * hundredths - low * hundredths
    return (total + 50) // 100


def _ours(fen: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], float]:
    plan = _plan(Policies.load())
    n = len(fen)
    columns = {name: np.zeros(n, dtype=np.int64) for name, _ in COLUMNS}
    columns["person"] = np.arange(n)
    columns["year"][:] = 2022
    columns["day"][:] = (date(2022, 3, 1) - EPOCH).days
    columns["level"][:] = 4
    columns["status"][:] = 1
    columns["filing"][:] = -1
    columns["stay"][:] = -1
    columns["days"][:] = 1
    columns["in_scope"] = fen
    plan.settle({name: column[:1000] for name, column in columns.items()})
    rates = _rates(plan, columns, RUNS)
    result = plan.settle(columns, splits=True)
    assert result.payments is not None
    return result.payments[:, result.layers.index("basic_pool")], median(rates)


def _environment(folder: Path) -> Path:
    """The peer's own virtual environment, made on the first run."""
    python = folder / "bin" / "python"
    if not (folder / ".done").exists():
        sys.stderr.write("为 OpenFisca 建立独立环境（只在第一次）…\n")
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "-r", str(HERE / "openfisca_requirements.txt")],
            check=True,
            stdout=sys.stderr,
        )
        (folder / ".done").touch()
    return python
