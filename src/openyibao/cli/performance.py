"""`openyibao payment performance`: indicators of the stays an area priced, by hospital, department or doctor."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import show
from openyibao.cli.desk import actor_of, area_of, facade_ready
from openyibao.cli.out_path import writable

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
MOST = 40
"""Rows shown; a file has all."""
_out = Console(highlight=False, soft_wrap=True, width=140)


def performance(
    year: Annotated[int, typer.Argument(help="出院年度。")],
    pack: Annotated[str, typer.Option("--pack", help="支付方式包：病组的权重、均费与均日由它给出。")],
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
    per: Annotated[str, typer.Option("--per", help="institution、department 或 doctor。")] = "institution",
    institution: Annotated[str, typer.Option("--institution", help="只看这家定点医药机构。")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="指标 .csv；或带图的报告 .html、.docx、.xlsx。")] = None,
    by: Annotated[str, typer.Option("--by", help="谁在查看；记入审计日志。")] = "system",
    as_json: Json = False,
) -> None:
    """平台已计价病例的绩效指标：CMI、总权重、覆盖病组、费用与时间消耗指数、低风险死亡率。"""
    code = area_of(area)
    writable(out)
    facade = facade_ready()
    from openyibao.payment.engine.pack.facade import indicator_row, load_pack

    actor = actor_of(by, "system" if by == "system" else "agency", code)
    made = facade.performance(actor, code, year, pack, per, institution)
    rows = [indicator_row(one) for one in made]
    if out is not None and out.suffix == ".csv":
        with out.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]) if rows else ["key"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    elif out is not None:
        from openyibao.analytics.facade import performance_document
        from openyibao.documents.facade import write

        write(performance_document(made, per, load_pack(pack).title), out)
    if as_json:
        show.json_out({"area": code, "year": year, "per": per, "rows": rows})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "例数", "病组", "总权重", "CMI", "费用指数", "时间指数", "低风险死亡率"):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for row in rows[:MOST]:
        table.add_row(
            *(row[name] for name in ("key", "cases", "groups_covered", "total_weight")),
            *(row[name] or "–" for name in ("cmi", "cost_index", "time_index", "low_risk_mortality")),
        )
    _out.print(table)
    if not rows:
        show.out(f"{year} 年没有已计价的病例")
    if len(rows) > MOST:
        show.out(f"共 {len(rows)} 行，只显示 {MOST} 行；用 --out 写出全部")
