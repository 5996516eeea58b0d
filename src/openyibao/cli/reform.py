"""`openyibao reform`: a reform settled over a year of a dataset, and the report a bureau reads."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.documents import facade as documents
from openyibao.policy.facade import Policies, data_folder

WORDS = {"households": "收入分组：分区", "parts": "改前改后结算：分区", "losers": "逐笔说明：人"}
QUIET_SECONDS = 2.0
"""Nothing is said of work that takes less."""


def progress() -> Callable[[str, int], None]:
    """Says on standard error what is being done, once it has taken two seconds, at most once a second."""
    begun = time.monotonic()
    last = [begun]

    def said(what: str, count: int) -> None:
        now = time.monotonic()
        if now - begun > QUIET_SECONDS and now - last[0] > 1.0:
            last[0] = now
            sys.stderr.write(f"{now - begun:6.0f} s  {WORDS.get(what, what)} {count:,}\n")
            sys.stderr.flush()

    return said


def reform(
    file: Annotated[
        Path, typer.Argument(metavar="R.yaml", help="改革方案文件；随程序的方案可只写名字，如 tertiary_minus_5。")
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="数据集：synth 或 publish 写出的文件夹。")],
    out: Annotated[Path | None, typer.Option("--out", help="报告写到 .html、.docx 或 .xlsx。")] = None,
    year: Annotated[int | None, typer.Option("--year", help="哪一年；默认方案所写的年份。")] = None,
    policies: Annotated[Path | None, typer.Option("--policies", help="政策文件夹；默认随程序的 policies/。")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=1, help="同时结算几个分区；默认全部处理器。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """测算一个改革方案：先对照待遇清单，再把一年的就诊按改前、改后各结算一次，写成报告。"""
    from openyibao.datasets.facade import open_dataset
    from openyibao.simulation.facade import reform_report

    if out is not None:
        documents.check_path(out)
    dataset = open_dataset(folder)
    result = reform_report(dataset, Policies.load(policies), ready(file), year, progress(), jobs=jobs)
    if out is not None:
        documents.write(result.report(), out)
    if as_json:
        show.json_out(result.as_json())
        return
    for line in result.lines():
        show.out(line)
    if out is not None:
        show.out(f"已写 {out}")


def ready(file: Path) -> Path:
    """A reform file as given, or a ready one by its name."""
    if file.exists() or file.parent != Path():
        return file
    found = data_folder("reforms") / f"{file.name.removesuffix('.yaml')}.yaml"
    return found if found.is_file() else file


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("reform")(reform)
