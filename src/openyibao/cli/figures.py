"""`openyibao figures check`: do printed figures fit together, and if not, which one is wrong (数据核对)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later

if TYPE_CHECKING:
    from openyibao.analytics import facade
else:
    facade = later("openyibao.analytics.facade")

app = typer.Typer(no_args_is_help=True, help="数据核对：印载数字之间的勾稽关系。")
MARKS = {"consistent": "✓", "rounding": "≈", "contradiction": "✗", "not_checkable": "–"}


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="数据核对文件或其文件夹，或含 cases 的算例文件。")],
    everything: Annotated[bool, typer.Option("--all", help="相符的也逐条列出；默认只列其余。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """核对印载数字：合计、占比、增幅、人均等每一关系判为相符、舍入所致、矛盾或无法核对。"""
    found = facade.check_figures(file)
    if as_json:
        show.json_out(found.as_json())
    else:
        _print(found, everything)
    if not found.holds:
        raise typer.Exit(1)


def _print(found: facade.FiguresChecked, everything: bool) -> None:
    for one in found.relations:
        if everything or one.status != "consistent" or not one.as_stated:
            _relation(one, f"第 {one.line} 行 " if one.line else "")
    for case in found.cases:
        if everything or case.flag or case.differences or case.status == "rounding":
            show.out(f"{_mark(case.status, not case.differences)} {case.id} {case.title}")
            show.out(f"    规则：{case.rule}")
            for one in case.relations:
                show.out(f"    {facade.FIGURE_STATUSES[one.status]}：{one.text}")
            for line in case.differences:
                show.out(f"    ！与写明的不符：{line}")
    counts = "，".join(f"{label} {found.counts[status]}" for status, label in facade.FIGURE_STATUSES.items())
    show.out(f"共 {sum(found.counts.values())} 项关系：{counts}。")
    if found.cases:
        show.out(f"{sum(one.as_stated for one in found.cases)} / {len(found.cases)} 例与写明的结果一致。")
    show.out("结论：" + ("没有未经说明的矛盾。" if found.holds else "有矛盾，或与写明的结果不符。"))


def _relation(one: facade.FigureChecked, place: str) -> None:
    show.out(f"{_mark(one.status, one.as_stated or not one.expected)} {one.title}")
    show.out(f"    {place}{facade.FIGURE_STATUSES[one.status]}：{one.text}")
    if one.expected and not one.as_stated:
        show.out(f"    ！文件写明应为“{facade.FIGURE_STATUSES[one.expected]}”")
    elif one.expected and one.status == "contradiction":
        show.out("    （已知的矛盾，文件中已写明）")


def _mark(status: str, as_stated: bool) -> str:
    return MARKS[status] if as_stated else f"！{MARKS[status]}"
