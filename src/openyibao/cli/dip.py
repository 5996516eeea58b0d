"""`openyibao dip`: a directory of groups from years of stays, and the group of each stay."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later
from openyibao.cli.out_path import writable

if TYPE_CHECKING:
    from openyibao.payment.engine.pack import facade
else:
    facade = later("openyibao.payment.engine.pack.facade")

app = typer.Typer(no_args_is_help=True, help="DIP：由历年病例测算病种目录，给病例入组。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Cases = Annotated[Path, typer.Argument(metavar="CASES", help="病例 CSV：case_id、dx、total 等列。")]


@app.command()
def build(
    cases: Cases,
    out: Annotated[Path, typer.Option("--out", help="目录写到这个文件夹。")],
    params: Annotated[Path | None, typer.Option("--params", help="测算参数；默认随附的 payment_packs/dip。")] = None,
    as_json: Json = False,
) -> None:
    """由历年病例测算 DIP 目录：核心与综合病种、分值、均费、基层病组。"""
    writable(folder=out)
    parameters = facade.load_parameters(params)
    file = facade.read_stays(cases)
    bad_rows(file)
    directory = facade.build_directory(file.stays, parameters)
    sha256 = facade.write_directory(directory, out)
    kinds = Counter(group.kind for group in directory.groups.values())
    answer = {
        "years": list(directory.years),
        "cases": directory.cases,
        "groups": len(directory.groups),
        "core": kinds["core"],
        "mixed": kinds["mixed"],
        "basic": sum(group.basic for group in directory.groups.values()),
        "unstable": sum(group.unstable for group in directory.groups.values()),
        "mean_fen": directory.mean_fen,
        "rows_refused": len(file.refused),
        "sha256": sha256,
    }
    if as_json:
        show.json_out(answer)
        return
    show.out(
        f"{'、'.join(map(str, directory.years))} 年 {directory.cases:,} 例，均费 {show.money(directory.mean_fen)} 元："
        f"核心病种 {kinds['core']}，综合病种 {kinds['mixed']}，"
        f"其中基层病组 {answer['basic']}，不稳定 {answer['unstable']}"
    )
    show.out(f"已写 {out}（{sha256[:12]}）")


@app.command()
def group(
    directory: Annotated[Path, typer.Argument(help="dip build 写出的文件夹。")],
    cases: Cases,
    out: Annotated[Path | None, typer.Option("--out", help="入组结果 CSV。")] = None,
    explain: Annotated[str, typer.Option("--explain", metavar="CASE_ID", help="说明一个病例如何入组。")] = "",
    as_json: Json = False,
) -> None:
    """按目录给病例入组，写明分值、校正系数与严重程度；--explain 逐步说明一个病例。"""
    writable(out)
    loaded = facade.load_directory(directory)
    file = facade.read_stays(cases)
    bad_rows(file)
    if explain:
        lines = facade.explain_dip(loaded, facade.stay_of(file.stays, explain))
        if as_json:
            show.json_out({"case_id": explain, "explanation": lines})
        else:
            show.out("\n".join(lines))
        return
    if out is None:
        raise typer.BadParameter("写明 --out，或 --explain")
    counts = facade.write_dip_groups(loaded, file, out)
    if as_json:
        show.json_out({"statuses": counts, "out": str(out)})
        return
    show.out("，".join(f"{status} {count:,}" for status, count in sorted(counts.items())))
    show.out(f"已写 {out}")


def bad_rows(file: facade.StayFile) -> None:
    """Say on standard error which rows were left out; the others go on."""
    for fault in file.faults:
        show.err(str(fault))
    if file.refused:
        show.err(f"{len(file.refused)} 行有误，未计入；其余 {len(file.stays):,} 行照常")
