"""Projects the funds of a dataset (基金预测): measure, project, warn, test against later years."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from openyibao.datasets.facade import Dataset
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.contracts import read_reform
from openyibao.policy.facade import Policies
from openyibao.simulation.errors import VisitsRefused
from openyibao.simulation.projection.assumptions import life_expectancy, parameters, section
from openyibao.simulation.projection.backtest import back_test, fit
from openyibao.simulation.projection.engine import GROUPS, SCHEMES, Paths, Scenarios, Start, run, scenarios, single
from openyibao.simulation.projection.measure import Measured, Progress, measure
from openyibao.simulation.projection.result import ProjectionResult, Variant, Warned, pools_of
from openyibao.simulation.projection.start import carried, shared, start_of
from openyibao.simulation.projection.warning import warnings
from openyibao.simulation.reform.contributions import Rules

MOST_YEARS = 50
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
) -> ProjectionResult:
    """Project every pool from the dataset's last year. Raises: Malformed, VisitsRefused."""
    begun = time.monotonic()
    if not 1 <= years <= MOST_YEARS:
        raise Malformed([Fault("", 0, "--years", f"{years} 不在可取值之内", f"1 至 {MOST_YEARS}")])
    if draws < 0 or draws > 20_000:
        raise Malformed([Fault("", 0, "--draws", f"{draws} 不在可取值之内", "0 至 20000")])
    said = progress or (lambda what, count: None)
    year = dataset.years[-1]
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
    for path in reforms or []:
        said("reform", len(result.reforms))
        result.reforms.append(_reformed(dataset, policies, path, start, chosen, paths, jobs, said))
    result.warnings = _warned(dataset, policies, measured, start, years, jobs, said)
    result.back_test = back_test(every, start)
    result.fitted = fit(every[0], every[1]) if len(every) > 2 else {}
    result.seconds = time.monotonic() - begun
    return result


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


def _reformed(
    dataset: Dataset,
    policies: Policies,
    path: Path,
    start: Start,
    chosen: Scenarios,
    base: Paths,
    jobs: int | None,
    said: Progress,
) -> Variant:
    """The same persons and scenarios under a reform that holds from the first projected year on."""
    source = read_reform(path)
    after = policies.reformed(source)
    year = dataset.years[-1]
    rules = Rules.of(policies, after, dataset, year, source)
    measured = measure(dataset, after, year, rules=rules, jobs=jobs, progress=said)
    paths = run(measured, start, chosen, len(base.years) - 1, base.balance[:, 0])
    units = [unit.area for unit in measured.units]
    return Variant(
        str(source.data.get("title") or path.stem), pools_of(paths, units, dataset.manifest.scale), measured.notes
    )


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
