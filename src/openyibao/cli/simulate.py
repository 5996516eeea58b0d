"""`openyibao payment simulate`: a settled year's stays paid by several packs within one budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.backtest import WORDS, progress
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import basis_points, fen_from_yuan

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
WORDS["stays"] = "读取住院"
WORDS["packs"] = "已分组"


def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="synth 或 publish 写出的数据集文件夹。")],
    pack: Annotated[list[str], typer.Option("--pack", help="支付方式包：文件或随附包的名称；可写多次。")],
    year: Annotated[int, typer.Option("--year", help="年度；默认数据集的最后一年。")] = 0,
    run: Annotated[str, typer.Option("--run", help="结算批次：settled/ 下的名字。")] = "current",
    budget: Annotated[str, typer.Option("--budget", help="预算：元，或按项目支付的百分比，如 98%。")] = "100%",
    parts: Annotated[int | None, typer.Option("--parts", min=1, help="只用前几个分区；默认全部。")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="报告：.html、.docx 或 .xlsx。")] = None,
    as_json: Json = False,
) -> None:
    """支付方式测算：一年住院在同一预算内按不同支付方式包各付一遍，逐家比较，到分。病种编码为虚构。"""
    from openyibao.analytics import facade
    from openyibao.datasets.facade import open_dataset
    from openyibao.documents.facade import check_path, write

    if out is not None:
        check_path(out)
    bp, fen = _budget(budget)
    dataset = open_dataset(folder)
    found = facade.simulate_payment(
        dataset,
        pack,
        year or dataset.years[-1],
        run=run,
        budget_bp=bp,
        budget_fen=fen,
        parts=parts,
        progress=progress(),
    )
    if out is not None:
        write(facade.payment_document(found), out)
    if as_json:
        show.json_out(found.as_json())
        return
    show.out("\n".join(found.lines()))
    if out is not None:
        show.out(f"已写 {out}")


def _budget(text: str) -> tuple[int, int]:
    """(basis points of what was paid by item, fen); one of them is zero. Raises: Malformed."""
    try:
        if text.endswith("%"):
            return basis_points(text), 0
        return 0, fen_from_yuan(text)
    except ValueError as problem:
        raise Malformed([Fault("", 0, "--budget", str(problem), "如 98% 或 120000000.00")]) from None


def mount(app: typer.Typer) -> None:
    """Add the command to the `payment` group."""
    app.command()(simulate)
