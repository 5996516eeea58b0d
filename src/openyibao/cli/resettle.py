"""`openyibao resettle`: settle every visit of a dataset again, under the policies in force or with a reform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.backtest import WORDS, progress
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import yuan_text
from openyibao.policy.facade import Policies
from openyibao.policy.terms import SCHEMES, layer_name

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Master = Annotated[str, typer.Option("--master", help="Spark 的 master，如 local[2]、yarn、spark://…。")]
WORDS["visits"] = "已重算就诊"


def resettle(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="synth 或 publish 写出的数据集文件夹。")],
    reform: Annotated[Path | None, typer.Option("--reform", help="改革方案文件；默认按现行政策。")] = None,
    policies: Annotated[Path | None, typer.Option("--policies", help="政策文件夹；默认随程序的 policies/。")] = None,
    engine: Annotated[str, typer.Option("--engine", help="计算引擎：local（本机各核）或 spark。")] = "local",
    master: Master = "local[2]",
    run: Annotated[
        str | None,
        typer.Option("--run", help="每笔结果写到 settled/ 下的这个名字；默认 current，有改革方案时为其文件名。"),
    ] = None,
    no_output: Annotated[bool, typer.Option("--no-output", help="只要合计，不写每笔结果，也不算个人账户。")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="本机引擎的线程数；默认全部核。")] = None,
    as_json: Json = False,
) -> None:
    """全年重算：按政策（或改革方案）把数据集的每一笔就诊再结算一遍，给出各基金支付合计。"""
    from openyibao.datasets.facade import open_dataset
    from openyibao.simulation import facade
    from openyibao.simulation.contracts import Totals

    if run is not None and no_output:
        raise Malformed([Fault("", 0, "--run", "与 --no-output 同时给出", "二者择一")])
    if run is None and not no_output:
        run = facade.run_name(reform.stem) if reform is not None else "current"
    totals: Totals = facade.resettle(
        open_dataset(folder),
        Policies.load(policies),
        reform=reform,
        engine=engine,
        master=master,
        run=run,
        jobs=jobs,
        progress=progress(),
    )
    if as_json:
        show.json_out(totals.as_json())
        return
    for line in _lines(totals):
        show.out(line)
    if run is not None:
        show.out(f"\n已写 {folder / 'settled' / run}")


def _lines(totals: object) -> list[str]:
    """A few lines a person reads: what was settled, who paid, how each pool came out."""
    from openyibao.simulation.contracts import Totals

    assert isinstance(totals, Totals)
    sums = totals.sums
    lines = [totals.reform] if totals.reform else []
    lines.append(f"{sums.visits:,} 笔就诊，{sums.persons:,} 人，{totals.seconds:.1f} 秒（{totals.engine}）")
    lines.append(f"{'医疗费总额':<12}{yuan_text(sums.total_fen):>24} 元")
    lines.append(f"{'基金支付':<13}{yuan_text(sums.fund_fen):>24} 元")
    lines += [f"  {layer_name(layer)}  {yuan_text(fen)} 元" for layer, fen in sums.payers_fen.items() if fen]
    lines.append(f"{'个人负担':<13}{yuan_text(sums.burden_fen):>24} 元")
    if totals.accounts:
        lines.append(f"  其中个人账户  {yuan_text(sums.account_fen)} 元")
        lines.append(f"  另有账户购药等  {yuan_text(sums.account_purchases_fen)} 元")
    for year, one in totals.years.items():
        for pool in one.pools:
            lines.append(
                f"{year} {pool.area} {SCHEMES[pool.scheme]}  {pool.sums.visits:,} 笔  "
                f"基金 {yuan_text(pool.sums.fund_fen)} 元"
            )
    return lines


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("resettle")(resettle)
