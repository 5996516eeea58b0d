"""`openyibao dataset check`: whether a folder is what its manifest says, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.backtest import WORDS, progress

app = typer.Typer(no_args_is_help=True, help="数据集：核对 synth、publish 写出的文件夹。")
WORDS["files"] = "已核对文件"


@app.command()
def check(folder: Annotated[Path, typer.Argument(metavar="DIR", help="数据集文件夹。")]) -> None:
    """逐行核对数据集：文件、列与类型，行数与清单，次序与主键，空格与取值，一个人只在一个分区。"""
    from openyibao.datasets import facade

    dataset = facade.Dataset(folder, facade.read_manifest(folder))  # not opened, which would end at the first faults
    looked = facade.check(dataset, said=progress())
    show.out(f"通过：{looked} 个文件")


@app.callback()
def dataset() -> None:
    """数据集。"""
