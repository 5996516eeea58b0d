"""Settles a whole dataset again (重算) under the policies in force, or under those and a reform."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import Source, read_reform
from openyibao.policy.facade import Policies
from openyibao.simulation import local, runs
from openyibao.simulation.contracts import PoolTotals, Sums, Totals, YearTotals
from openyibao.simulation.driver import Driver
from openyibao.simulation.errors import VisitsRefused
from openyibao.simulation.parts import PartSums, add_refused
from openyibao.simulation.reform.given import reformed

ENGINES = ("local", "spark")


def resettle(
    dataset: Dataset,
    policies: Policies,
    *,
    reform: Path | None = None,
    engine: str = "local",
    master: str = "local[2]",
    run: str | None = None,
    jobs: int | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Totals:
    """Settle every visit of a dataset again and say what it comes to.

    Args: run names the splits to write under `settled`; None writes none, and then accounts are left out too. jobs:
    threads of the local engine, by default all cores. progress is told ("visits", settled so far).
    Raises: VisitsRefused, when visits meet no policy, after all are counted; then nothing is written. Malformed,
    RunTaken, EngineMissing.
    """
    if engine not in ENGINES:
        raise Malformed([Fault("", 0, "--engine", f"没有 {engine!r} 引擎", "、".join(ENGINES))])
    if run is not None:
        runs.check_name(run)
    begun = time.monotonic()
    source = read_reform(reform) if reform is not None else None
    if source is not None:
        policies = reformed(policies, source)
    driver = Driver(policies, dataset)
    with runs.writing(dataset, run) if run is not None else nullcontext("") as folder:
        if engine == "local":
            whole = local.settle(driver, dataset, folder, jobs, progress)
        else:
            from openyibao.simulation import spark

            whole = spark.settle(driver, dataset, folder, master, progress)
        _refuse(whole)
        totals = _totals(whole, dataset, engine)
        totals.run, totals.policies, totals.accounts = run or "", driver.digest, run is not None
        totals.reform = str(source.data.get("title", reform)) if source is not None else ""
        totals.seconds = time.monotonic() - begun
        if run is not None:
            runs.publish(dataset, run, _entry(totals, source, dataset.years))
    return totals


def _entry(totals: Totals, source: Source | None, years: list[int]) -> dict[str, Any]:
    """What the manifest says of a run."""
    entry: dict[str, Any] = {"policies": totals.policies, "engine": totals.engine, "years": years}
    if source is not None:
        entry["reform"] = {"title": totals.reform, "file": Path(source.name).name, "hash": digest(source)}
    return {**entry, "totals": totals.as_json()}


def digest(source: Source) -> str:
    """Content hash of a reform."""
    return hashlib.sha256(json.dumps(source.data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


def _refuse(whole: PartSums) -> None:
    reasons: dict[str, tuple[str, str, int]] = {}
    for sums in whole.years.values():
        add_refused(reasons, sums.refused)
    found = [
        VisitsRefused(f"{count:,} 笔就诊无法结算：{message}", hint=hint, visits=count)
        for message, hint, count in sorted(reasons.values(), key=lambda entry: (-entry[2], entry))
    ]
    if found:
        found[0].also = tuple(found[1:])
        raise found[0]


def _totals(whole: PartSums, dataset: Dataset, engine: str) -> Totals:
    years = {}
    everything = Sums()
    for year, found in sorted(whole.years.items()):
        sums = Sums()
        for pool in found.pools:
            sums.add(pool)
        sums.persons = found.persons
        everything.add(sums)
        pools = [
            PoolTotals(area, scheme, pool)
            for (area, scheme), pool in zip(dataset.pools, found.pools, strict=True)
            if pool.visits or pool.account_purchases_fen
        ]
        years[year] = YearTotals(year, sums, pools)
    everything.persons = whole.persons
    return Totals(everything, years, 0.0, engine)
