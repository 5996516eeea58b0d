"""Projects the funds of a dataset (基金预测): measure, project, warn, test against later years."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.facade import Policies
from openyibao.simulation.errors import VisitsRefused
from openyibao.simulation.projection.assumptions import life_expectancy, parameters, section
from openyibao.simulation.projection.backtest import back_test, fit
from openyibao.simulation.projection.engine import GROUPS, SCHEMES, Start, run, scenarios, single
from openyibao.simulation.projection.measure import Measured, Progress, measure
from openyibao.simulation.projection.reforms import World, accepted, projected
from openyibao.simulation.projection.result import ProjectionResult, Variant, Warned, pools_of
from openyibao.simulation.projection.start import carried, shared, start_of
from openyibao.simulation.projection.warning import warnings

MOST_YEARS = 50
MOST_DRAWS = 20_000
MOST_SEED = 2**63 - 1
DRAWS = 400


def project(
    dataset: Dataset,
    policies: Policies,
    *,
    years: int = 15,
    reforms: list[Path] | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    jobs: int | None = None,
    progress: Progress | None = None,
    response: bool = False,
) -> ProjectionResult:
    """Project every pool from the dataset's last year.

    Args: response: also project every reform with visits that answer to it.
    Raises: Malformed, BenefitListForbids (both before anything is settled), VisitsRefused.
    """
    begun = time.monotonic()
    _possible(years, draws, seed)
    said = progress or (lambda what, count: None)
    year = dataset.years[-1]
    given = accepted(dataset, policies, reforms or [], year)
    measured = measure(dataset, policies, year, jobs=jobs, progress=said)
    broken: list[str] = []
    every = [*_earlier(dataset, policies, jobs, said, broken), measured]
    start, sources = start_of(dataset, measured)
    start, rolled = carried(dataset, every[:-1], start)
    chosen = scenarios(years, draws, seed)
    scale = dataset.manifest.scale
    units = [unit.area for unit in measured.units]
    paths = run(measured, start, chosen, years)
    result = ProjectionResult(
        dataset=dataset.folder.name,
        title=dataset.manifest.title,
        kind=dataset.manifest.kind,
        years=paths.years,
        scale=scale,
        draws=draws,
        seed=seed,
        policies=policies.rulebook.digest,
        heads={
            name: [round(float(value) / scale) for value in paths.heads[0, :, :, at].sum(axis=1)]
            for at, name in enumerate(GROUPS)
        },
        base=Variant("现行政策", pools_of(paths, units, scale)),
        reforms=[],
        warnings=[],
        sensitivity=_sensitivity(measured, start, years, scale),
        back_test=[],
        sources=[*sources, *rolled, *_stated_before(dataset, every[:-1], rolled)],
        notes=[*measured.notes, *broken, *_notes(dataset, start)],
    )
    world = World(dataset, policies, measured, start, chosen, paths, jobs, said)
    for one in given:
        said("reform", len(result.reforms))
        result.reforms.append(projected(world, one, response=response))
    result.warnings = _warned(dataset, policies, measured, start, years, jobs, said)
    result.back_test = back_test(every, start)
    result.fitted = fit(every[0], every[1]) if len(every) > 2 else {}
    result.seconds = time.monotonic() - begun
    return result


def _possible(years: int, draws: int, seed: int) -> None:
    """Raises: Malformed with every option out of its bounds."""
    asked = (("--years", years, 1, MOST_YEARS), ("--draws", draws, 0, MOST_DRAWS), ("--seed", seed, 0, MOST_SEED))
    faults = [
        Fault("", 0, name, f"{value} 不在可取值之内", f"{least} 至 {most}")
        for name, value, least, most in asked
        if not least <= value <= most
    ]
    if faults:
        raise Malformed(faults)


def _stated_before(dataset: Dataset, earlier: list[Measured], rolled: list[str]) -> list[str]:
    """Where the balance came from that was carried on."""
    return start_of(dataset, earlier[0])[1] if rolled else []


def _earlier(
    dataset: Dataset, policies: Policies, jobs: int | None, said: Progress, notes: list[str]
) -> list[Measured]:
    """The years before, for a back-test: the last unbroken run of years that the policies can settle."""
    found: list[Measured] = []
    for year in reversed(dataset.years[:-1]):
        try:
            found.insert(0, measure(dataset, policies, year, jobs=jobs, progress=said))
        except VisitsRefused as gone:
            notes.append(f"{year} 年有就诊没有适用的政策，不参加回测：{gone.message}")
            break
    return found


def _warned(
    dataset: Dataset,
    policies: Policies,
    cities: Measured,
    start: Start,
    years: int,
    jobs: int | None,
    said: Progress,
) -> list[Warned]:
    horizon = min(years, int(section("counties")["horizon"]))
    counties = measure(dataset, policies, cities.year, by_county=True, jobs=jobs, progress=said)
    paths = run(counties, shared(start, counties, cities), scenarios(horizon, 0, 0), horizon)
    return warnings(paths, counties, dataset.manifest.scale)


def _sensitivity(measured: Measured, start: Start, years: int, scale: float) -> list[dict[str, object]]:
    """What each parameter alone moves: cumulative balance of all pools of a scheme in the last year, fen."""
    central = run(measured, start, single("fertility", parameters()[1].central, years), years)
    rows = []
    for one in parameters():
        row: dict[str, object] = {"name": one.name, "label": one.label}
        for end, value in (("low", one.low), ("high", one.high)):
            moved = run(measured, start, single(one.name, value, years), years)
            flows = (moved.income - moved.spending - central.income + central.spending)[0, 1:].sum(axis=(0, 1))
            balance = (moved.balance - central.balance)[0, -1]
            for which, scheme in enumerate(SCHEMES):
                known = not np.isnan(balance[:, which]).any()
                moved_by = balance[:, which].sum() if known else flows[which]
                row[f"{scheme}_{end}_fen"] = round(float(moved_by) / scale)
        rows.append(row)
    return sorted(rows, key=lambda row: -max(abs(int(str(row[key]))) for key in row if key.endswith("_fen")))


def _notes(dataset: Dataset, start: Start) -> list[str]:
    male, female = life_expectancy()
    found = [f"所设死亡率的平均预期寿命：男 {male:.1f} 岁，女 {female:.1f} 岁"]
    if dataset.manifest.scale != 1:
        found.append(f"数据集为 {dataset.manifest.scale:g} 的样本，人数与金额已按比例放大；小统筹区的数字随机波动较大")
    if np.isnan(start.balance).any():
        found.append("部分统筹区没有期初结余，只给出收支，不判断何时触线")
    if dataset.manifest.kind == "synthetic":
        found.append("合成数据，不是任何地区的真实基金；结果只说明方法")
    return found
