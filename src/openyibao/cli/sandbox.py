"""`openyibao sandbox`: who and what one may try things with, and the bills as files. Only in a database marked so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import platform, show

if TYPE_CHECKING:
    from openyibao.demo.contracts import SandboxInstitution, SandboxPerson

app = typer.Typer(no_args_is_help=True, help="沙箱：虚构的人员、机构与公开的凭据；导出账单。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
_out = Console(highlight=False, soft_wrap=True)


@app.command()
def persons(
    everyone: Annotated[
        bool, typer.Option("--all", help="列出全部人员；默认列出各种情形的人员与另外 200 人。")
    ] = False,
    as_json: Json = False,
) -> None:
    """沙箱人员：人员编号、姓名、证件、卡号、险种、状态、身份、备案与说明。全部虚构。"""
    found = _facade().sandbox_persons(_now(), everyone=everyone)
    if as_json:
        show.json_out([one.as_json() for one in found])
    else:
        _out.print(_persons_table(found))


@app.command()
def institutions(as_json: Json = False) -> None:
    """沙箱机构：编号、名称、级别、区划，签名方式与公开的密钥。"""
    found = _facade().sandbox_institutions(_now())
    if as_json:
        show.json_out([one.as_json() for one in found])
    else:
        _out.print(_institutions_table(found))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="写入的文件夹。")],
    as_json: Json = False,
) -> None:
    """把沙箱里已结算的账单写成导入所读的表（不含姓名与证件），供 openyibao import 与 backtest。"""
    rows = _facade().export_bills(folder)
    if as_json:
        show.json_out({"folder": str(folder), "rows": rows})
    else:
        show.out(f"已写入 {folder}：" + "，".join(f"{table} {count:,} 行" for table, count in rows.items()))


def _facade() -> Any:
    platform.ready(sandbox=True)
    from openyibao.demo import facade

    return facade


def _now() -> Any:
    from openyibao.foundation import clock

    return clock.now()


def _persons_table(found: list[SandboxPerson]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("人员编号", "姓名", "证件号码", "险种", "类别", "状态", "身份与备案", "说明"):
        table.add_column(name, overflow="fold", no_wrap=name in ("人员编号", "姓名", "证件号码", "状态"))
    for one in found:
        held = [*one.groups, *one.supplements, *(filing["disease"] or filing["type"] for filing in one.filings)]
        table.add_row(
            *(one.psn_no, one.psn_name, one.certno, one.insutype, one.status, one.state, "、".join(held), one.note)
        )
    return table


def _institutions_table(found: list[SandboxInstitution]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("机构编号", "名称", "级别", "区划", "签名", "标识", "密钥", "协议"):
        table.add_column(name, overflow="fold", no_wrap=name == "机构编号")
    for one in found:
        table.add_row(
            *(one.fixmedins_code, one.fixmedins_name, one.level, one.area),
            *(one.security, one.key, one.secret, one.agreement),
        )
    return table
