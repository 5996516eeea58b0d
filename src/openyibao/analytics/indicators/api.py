"""What the analytics door offers of indicators: run a year, run several, compare, list the definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from openyibao.analytics.indicators import running
from openyibao.analytics.indicators.contracts import Definition, Value
from openyibao.analytics.indicators.engines import DuckDB, Engine, Progress, engine_named
from openyibao.datasets.facade import Dataset, open_dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.facade import Policies

ENGINES = ("duckdb", "spark")
_small = DuckDB()
"""Answers statements over cubes, which are small whatever the dataset is."""


def _quiet(what: str, count: int) -> None:
    return


def check_year(dataset: Dataset, year: int) -> None:
    """Raises: Malformed when the dataset does not hold the year."""
    if year not in dataset.years:
        held = "、".join(map(str, dataset.years))
        raise Malformed([Fault(str(dataset.folder), 0, "--year", f"数据集没有 {year} 年", held)])


def check_engine(engine: str) -> None:
    """Raises: Malformed for an engine that is none of `ENGINES`."""
    if engine not in ENGINES:
        raise Malformed([Fault("", 0, "--engine", f"不认识 {engine!r}", "、".join(ENGINES))])


def check_run(dataset: Dataset, run: str, years: Sequence[int]) -> None:
    """Raises: Malformed when bills of the years are not settled in a run of that name."""
    held = dataset.manifest.runs
    if run not in held:
        right = "、".join(held) or "先运行 openyibao resettle"
        raise Malformed([Fault(str(dataset.folder), 0, "--run", f"没有结算版本 {run!r}", right)])
    gone = [year for year in years if year not in held[run].get("years", dataset.years)]
    if gone:
        said = "、".join(map(str, gone))
        wrong = f"结算版本 {run!r} 没有 {said} 年：那一年没有能用的政策，账单没有结算"
        right = "已结算的年份：" + ("、".join(map(str, held[run].get("years", dataset.years))) or "没有")
        raise Malformed([Fault(str(dataset.folder), 0, "--run", wrong, right)])


def count_indicators(
    dataset: Dataset,
    year: int,
    run: str,
    on: Engine,
    policies: Policies | None = None,
    progress: Progress | None = None,
) -> running.Counted:
    """The tables of a year that every indicator is answered from; run "" for a year that is not settled.

    Raises: Malformed for a year or run not held.
    """
    check_year(dataset, year)
    if run:
        check_run(dataset, run, [year])
    return running.count(dataset, year, run, on, policies or Policies.load(), progress or _quiet)


def answers(counted: running.Counted, on: Engine | None = None) -> dict[str, Value]:
    """Every indicator of counted tables, by id."""
    return running.answer(counted, on or _small)


def answers_of(counted: running.Counted, wanted: Sequence[Definition]) -> dict[str, Value]:
    """Chosen indicators of counted tables, by id."""
    return running.answer(counted, _small, wanted)


def run_indicators(
    dataset: Dataset | Path,
    year: int,
    run: str = "current",
    engine: str = "duckdb",
    *,
    policies: Policies | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> list[Value]:
    """Every indicator of a year with numerator and denominator, counted and answered by one engine.

    Raises: Malformed for a folder that is no dataset, a year or a run it does not hold.
    """
    opened = open_dataset(dataset) if isinstance(dataset, Path) else dataset
    check_year(opened, year)
    check_run(opened, run, [year])
    check_engine(engine)
    with engine_named(engine) as on:
        return list(answers(count_indicators(opened, year, run, on, policies, progress), on).values())
