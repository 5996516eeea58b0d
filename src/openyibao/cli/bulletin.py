"""`openyibao bulletin`: the statistical bulletin of a dataset's year as a page, a Word file or an Excel file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openyibao.cli import backtest, show
from openyibao.cli.later import later
from openyibao.cli.resettle import Master
from openyibao.documents.facade import check_path, write
from openyibao.kernel.errors import Refused
from openyibao.policy.facade import Policies

if TYPE_CHECKING:
    from openyibao.analytics import facade
else:
    facade = later("openyibao.analytics.facade")

if TYPE_CHECKING:
    from openyibao.datasets.facade import Dataset

CURRENT = "current"
WORDS = {
    "parts": "已统计分片",
    "cubes": "已统计汇总表",
    "visits": "已结算就诊",
    "persons": "已结算人",
    "answers": "已算指标",
}


def bulletin(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="数据集文件夹（synth 或 publish 写出的）。")],
    year: Annotated[int, typer.Option("--year", help="公报的年份。")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件：.html、.docx 或 .xlsx。")],
    run: Annotated[str, typer.Option("--run", help="按哪个结算版本统计；没有 current 时先结算。")] = CURRENT,
    engine: Annotated[str, typer.Option("--engine", help="统计引擎：duckdb 或 spark。")] = "duckdb",
    master: Master = "local[2]",
    policies: Annotated[Path | None, typer.Option("--policies", help="政策文件夹；默认随程序的 policies/。")] = None,
    as_json: backtest.Json = False,
) -> None:
    """编制统计公报：参保、基金、享受待遇、救助、异地等指标，同比，五年图，口径说明，并与印载数据逐项对照。"""
    from openyibao.datasets.facade import open_dataset

    check_path(out)
    dataset = open_dataset(folder)
    facade.check_bulletin(dataset, year, engine)
    rules = Policies.load(policies)
    said = _said()
    if run == CURRENT and CURRENT not in dataset.manifest.runs:
        show.err("数据集还没有按现行政策结算，先结算")
        _settle(dataset, rules, year, said)
        dataset = open_dataset(folder)
    made = facade.compose_bulletin(
        dataset, year, run, engine, master, policies=rules, targets=_targets(dataset, year), progress=said
    )
    write(made.report, out)
    if as_json:
        show.json_out(made.as_json())
        return
    checked = [one for one in made.checks if one.holds is not None]
    if checked:
        held = sum(one.holds is True for one in checked)
        show.out(f"与印载数据可对照的指标 {len(checked)} 项，{held} 项在允许残差之内")
        for one in made.fails:
            show.out(
                f"  不符合：{one.ours.name}，印载 {one.printed.text}{one.printed.unit}，残差 {_percent(one.residual)}"
            )
    show.out(f"已写 {out}")


def _percent(ratio: Any) -> str:
    return "—" if ratio is None else f"{float(ratio) * 100:+.2f}%"


def _said() -> Callable[[str, int], None]:
    said = backtest.progress()
    return lambda what, count: said(WORDS.get(what, what), count)


def _settle(dataset: Dataset, rules: Policies, year: int, said: Callable[[str, int], None]) -> None:
    """Settle the year, and the years before it that the policies reach: what cannot be settled is found on one part."""
    from openyibao.datasets.facade import Dataset
    from openyibao.simulation.facade import resettle

    def of(years: list[int], parts: int) -> Dataset:
        return Dataset(dataset.folder, replace(dataset.manifest, years=years, parts=parts))

    years = [year]
    for earlier in (one for one in dataset.years if one < year):
        try:
            resettle(of([earlier], 1), rules)
        except Refused:
            continue
        years.append(earlier)
    resettle(of(sorted(years), dataset.manifest.parts), rules, run=CURRENT, progress=said)


def _targets(dataset: Dataset, year: int) -> list[dict[str, Any]]:
    """What a synthetic dataset was calibrated to, as plain rows; nothing for one that is not."""
    if dataset.manifest.kind != "synthetic":
        return []
    from openyibao.synth import facade as synth

    return [asdict(target) for target in synth.targets(dataset.manifest.area, year)]


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("bulletin")(bulletin)
