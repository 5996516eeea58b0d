"""The door of the analytics room: import a bureau's bills, back-test the policies on them, export bills; publish.

Files in, values and files out, but for `publish_dataset`, which reads the platform's database. A progress callback is
told what is being done and how far it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openyibao.analytics import dataset
from openyibao.analytics.backtest import backtest as _backtest
from openyibao.analytics.contracts import Backtest, Imported
from openyibao.analytics.export import export_rows
from openyibao.analytics.figures.check import check_figures
from openyibao.analytics.figures.contracts import STATUSES as FIGURE_STATUSES
from openyibao.analytics.figures.contracts import CaseChecked as FigureCase
from openyibao.analytics.figures.contracts import Checked as FigureChecked
from openyibao.analytics.figures.contracts import FiguresChecked
from openyibao.analytics.imports import Progress, read_bills
from openyibao.analytics.indicators.contracts import Definition, Growth, Value
from openyibao.analytics.indicators.definitions import definitions, footnotes
from openyibao.analytics.indicators.growth import year_on_year
from openyibao.analytics.paying.performance import performance_document
from openyibao.analytics.paying.simulate import Simulated, payment_document, simulate_payment
from openyibao.analytics.report import html, lines
from openyibao.foundation.actors import Actor
from openyibao.policy.facade import Policies

if TYPE_CHECKING:
    from openyibao.analytics.bulletin.compose import Bulletin
    from openyibao.datasets.facade import Dataset


def import_bills(folder: Path, out: Path | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Read a bureau's tables (账单导入) and, with `out`, write the pseudonymous dataset; returns its manifest.

    Raises: Malformed with every fault; then nothing is written.
    """
    imported = read_bills(folder, progress)
    if out is not None:
        return dataset.write(imported, out)
    return {
        "read": imported.counts,
        "notices": imported.notices,
        "sources": imported.hashes,
        "person_years": len(imported.years),
        "settlements": imported.bills,
    }


def load_bills(folder: Path, progress: Progress | None = None) -> Imported:
    """The bills of a folder of raw tables or of an imported dataset. Raises: Malformed."""
    return dataset.read(folder) if dataset.is_dataset(folder) else read_bills(folder, progress)


def backtest(policies: Policies, imported: Imported, progress: Progress | None = None) -> Backtest:
    """Settle recorded bills again and compare (回测): match rate, differences, figures implied, causes."""
    return _backtest(policies, imported, progress)


def publish_dataset(
    actor: Actor,
    out: Path,
    years: Sequence[int],
    area: str = "",
    *,
    at: datetime,
    progress: Progress | None = None,
    persons_per_part: int = 1 << 18,
) -> dict[str, Any]:
    """Publish the platform's database as a dataset without names (发布数据集); returns its manifest.

    Django must be ready. Raises: NotPermitted, Malformed, TryAgain, NothingPublished.
    """
    from openyibao.analytics.publishing.run import publish

    return publish(actor, out, years, area, at=at, said=progress, persons_per_part=persons_per_part).as_json()


def run_indicators(
    dataset: Dataset | Path,
    year: int,
    run: str = "current",
    engine: str = "duckdb",
    *,
    policies: Policies | None = None,
    progress: Progress | None = None,
) -> list[Value]:
    """Every indicator (统计指标) of a year with numerator and denominator, counted by DuckDB or by Spark.

    Raises: Malformed for a folder that is no dataset, a year or a run it does not hold, an unknown engine.
    """
    from openyibao.analytics.indicators import api

    return api.run_indicators(dataset, year, run, engine, policies=policies, progress=progress)


def check_bulletin(dataset: Dataset, year: int, engine: str) -> None:
    """Say before long work that a bulletin cannot be made of a dataset. Raises: Malformed."""
    from openyibao.analytics.indicators import api

    api.check_engine(engine)
    api.check_year(dataset, year)


def compose_bulletin(
    dataset: Dataset,
    year: int,
    run: str = "current",
    engine: str = "duckdb",
    master: str = "local[2]",
    *,
    policies: Policies | None = None,
    targets: Iterable[Mapping[str, Any]] = (),
    progress: Progress | None = None,
) -> Bulletin:
    """The statistical bulletin (统计公报) of a year as a report, with its values and the comparison with printed ones.

    Args: targets are what a synthetic population was drawn to: key, value, unit, kind, source, certainty.
    Raises: Malformed for a year or a run that is not there; EngineMissing, EngineFailed when Spark is asked and is not.
    """
    from openyibao.analytics.bulletin.compose import compose

    return compose(dataset, year, run, engine, master, policies=policies, targets=targets, progress=progress)


__all__ = [
    "FIGURE_STATUSES",
    "Backtest",
    "Definition",
    "FigureCase",
    "FigureChecked",
    "FiguresChecked",
    "Growth",
    "Imported",
    "Progress",
    "Simulated",
    "Value",
    "backtest",
    "check_bulletin",
    "check_figures",
    "compose_bulletin",
    "definitions",
    "export_rows",
    "footnotes",
    "html",
    "import_bills",
    "lines",
    "load_bills",
    "payment_document",
    "performance_document",
    "publish_dataset",
    "read_bills",
    "run_indicators",
    "simulate_payment",
    "year_on_year",
]
