"""`openyibao project`: the funds over the years to come, pools apart, and when each runs short (基金预测)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.backtest import progress
from openyibao.cli.reform import ready
from openyibao.policy.facade import Policies


def project(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="数据集文件夹。")],
    years: Annotated[int, typer.Option("--years", help="预测多少年。")] = 15,
    reform: Annotated[
        list[Path] | None, typer.Option("--reform", help="改革方案文件，或随程序的方案的名字；可以写多个。")
    ] = None,
    policies: Annotated[Path | None, typer.Option("--policies", help="政策文件夹；默认随程序的 policies/。")] = None,
    draws: Annotated[int, typer.Option("--draws", help="随机情景的个数。")] = 400,
    seed: Annotated[int, typer.Option("--seed", help="随机情景的种子。")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="写成报告：.html、.docx 或 .xlsx。")] = None,
    response: Annotated[bool, typer.Option("--response", help="加上就诊次数对改革的反应（低、中、高弹性）。")] = False,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="并行读取的线程数；默认全部核心。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """预测各统筹基金今后各年的收支、结余、可支付月数，何时低于警戒线，并给出县级预警。"""
    from openyibao.datasets.facade import open_dataset
    from openyibao.documents.facade import check_path, write
    from openyibao.simulation.facade import project as run
    from openyibao.simulation.facade import projection_report

    if out is not None:
        check_path(out)
    dataset = open_dataset(folder)
    found = run(
        dataset,
        Policies.load(policies),
        years=years,
        reforms=[ready(one) for one in reform or []],
        draws=draws,
        seed=seed,
        jobs=jobs,
        progress=progress(),
        response=response,
    )
    if out is not None:
        write(projection_report(found), out)
    if as_json:
        show.json_out(found.as_json())
        return
    for variant in [found.base, *found.reforms]:
        show.out(f"{variant.title}：{found.title}，{found.years[0] + 1}—{found.years[-1]} 年")
        for pool in variant.pools:
            show.out(f"  {pool.name}\t{_crossed(pool.crossings, found.years[0])}")
        for note in variant.notes:
            show.out(f"  注：{note}")
    for one in found.warnings[:20]:
        show.out(f"  预警 {one.level_name}\t{one.name}\t{'；'.join(one.reasons)}")
    if len(found.warnings) > 20:
        show.out(f"  预警共 {len(found.warnings)} 项，其余见 --json")
    if out is not None:
        show.out(f"已写 {out}")


def _crossed(crossings: dict[str, dict[str, object]], first: int) -> str:
    if not crossings:
        return "期初结余不明"
    said = []
    for line, name in (("9", "9 个月"), ("6", "6 个月"), ("3", "3 个月"), ("zero", "用尽")):
        row = crossings[line]
        year = row["central"]
        when = "不触线" if year is None else "已低于" if year == first else str(year)
        chance = row["probability"]
        said.append(f"{name} {when}" + (f"（{100 * float(str(chance)):.0f}%）" if chance is not None else ""))
    return "  ".join(said)


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("project")(project)
