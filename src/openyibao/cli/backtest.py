"""`openyibao import` and `openyibao backtest`: settle a bureau's recorded bills again, say where they differ."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later
from openyibao.kernel.errors import Fault, Malformed
from openyibao.policy.facade import Policies

if TYPE_CHECKING:
    from openyibao.analytics import facade
else:
    facade = later("openyibao.analytics.facade")

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
WORDS = {
    "resettled": "重算人年",
    "figures": "已反推参数",
    "causes": "查找原因",
    "assumed figures": "核对假定参数",
    "bills": "整理账单",
}
QUIET_SECONDS = 2.0
"""Nothing is said of work that takes less."""
BETWEEN_SECONDS = 1.0


def progress() -> Callable[[str, int], None]:
    """Says on standard error what is being done, once it has taken two seconds, at most once a second."""
    begun = time.monotonic()
    last = [begun]

    def said(what: str, count: int) -> None:
        now = time.monotonic()
        if now - begun > QUIET_SECONDS and now - last[0] > BETWEEN_SECONDS:
            last[0] = now
            sys.stderr.write(f"{now - begun:6.0f} s  {WORDS.get(what, what)} {count:,}\n")
            sys.stderr.flush()

    return said


def import_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="装有 setl_d.csv、mdtrt_d.csv 等文件的文件夹。")],
    out: Annotated[Path | None, typer.Option("--out", help="把脱敏的数据集（Parquet）写到这个文件夹。")] = None,
    as_json: Json = False,
) -> None:
    """读取医保局的结算数据：逐格校验，列出全部错误；无误才写出脱敏的数据集。"""
    manifest = facade.import_bills(folder, out, progress())
    if as_json:
        show.json_out(manifest)
        return
    for table, count in manifest["read"].items():
        show.out(f"{table}\t{count:,} 行")
    show.out(f"{manifest['settlements']:,} 笔结算，{manifest['person_years']:,} 个人年")
    for text, count in manifest["notices"].items():
        show.out(f"注意：{text}" + (f"（{count:,} 次）" if count > 1 else ""))
    if out is not None:
        for name, entry in manifest["files"].items():
            show.out(f"已写 {out / name}（{entry['rows']:,} 行）")


def backtest(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="原始文件夹，或 import 写出的数据集。")],
    policies: Annotated[Path | None, typer.Option("--policies", help="政策文件夹；默认随程序的 policies/。")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="把报告写成一个网页文件。")] = None,
    as_json: Json = False,
) -> None:
    """用政策重算已结算的账单，逐项比较到分：符合率、差异原因、账单所意味的参数。"""
    if out is not None and not out.parent.is_dir():
        raise Malformed([Fault(str(out), 0, "--out", "文件夹不存在", "一个存在的文件夹下的文件名")])
    said = progress()
    found = facade.backtest(Policies.load(policies), facade.load_bills(folder, said), said)
    if out is not None:
        out.write_text(facade.html(found), encoding="utf-8")
    if as_json:
        show.json_out(found.as_json())
        return
    for line in facade.lines(found):
        show.out(line)
    if out is not None:
        show.out(f"\n已写 {out}")


def mount(app: typer.Typer) -> None:
    """Add both commands to a program."""
    app.command("import")(import_)
    app.command("backtest")(backtest)
