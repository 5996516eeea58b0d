"""`openyibao payment budgets`: each institution's budget from three years, by a pack's rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.policy.terms import SCHEMES

if TYPE_CHECKING:
    from openyibao.payment.engine.pack import facade
else:
    facade = later("openyibao.payment.engine.pack.facade")

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


def budgets(
    pack: Annotated[str, typer.Argument(help="支付方式包：文件，或随附包的名称；须写明 budget 规则。")],
    history: Annotated[Path, typer.Argument(metavar="HISTORY", help="三年数据 CSV。")],
    pool: Annotated[str, typer.Option("--pool", help="可分配的金额，元。")],
    insurance: Annotated[str, typer.Option("--scheme", help="险种：employee 或 resident。")] = "employee",
    out: Annotated[Path | None, typer.Option("--out", help="结果 CSV。")] = None,
    as_json: Json = False,
) -> None:
    """测算机构年度预算：三年加权、增长、次均费用、人次、床日、中医机构加点、预留；各家与预留之和等于可分配额。"""
    faults = [] if insurance in SCHEMES else [Fault("", 0, "--scheme", f"{insurance!r} 不是险种", "、".join(SCHEMES))]
    fen = 0
    try:
        fen = int(fen_from_yuan(pool))
        if fen <= 0:
            raise ValueError(f"{pool!r} 不大于零")
    except ValueError as problem:
        faults.append(Fault("", 0, "--pool", str(problem), "如 120000000.00"))
    if faults:
        raise Malformed(faults)
    made = facade.make_budgets(facade.load_pack(pack), facade.read_history(history), insurance, fen)
    if out is not None:
        facade.write_budgets(made, out)
    if as_json:
        show.json_out(
            {
                "pool_fen": made.pool_fen,
                "reserve_fen": made.reserve_fen,
                "institutions": [
                    {
                        "institution": line.institution,
                        "base_fen": line.base_fen,
                        "points": dict(line.points),
                        "index_fen": line.index_fen,
                        "amount_fen": line.amount_fen,
                    }
                    for line in made.lines
                ],
            }
        )
        return
    for line in made.lines:
        points = "，".join(
            f"{facade.POINTS.get(name, name)} {value / 100:+.2f}%" for name, value in line.points.items() if value
        )
        show.out(f"{line.institution}  基数 {yuan_text(line.base_fen)}  {points}  预算 {yuan_text(line.amount_fen)}")
    given = sum(line.amount_fen for line in made.lines)
    show.out(f"合计 {yuan_text(given)} ＋ 预留 {yuan_text(made.reserve_fen)} ＝ {yuan_text(made.pool_fen)}")
    if out is not None:
        show.out(f"已写 {out}")


def mount(app: typer.Typer) -> None:
    """Add the command to the `payment` group."""
    app.command()(budgets)
