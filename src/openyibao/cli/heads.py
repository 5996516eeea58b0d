"""`openyibao payment heads …`: who is signed to whom (签约), what is paid by head each month, the year's clearing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.desk import actor_of, area_of, facade_ready, month_of
from openyibao.policy.terms import SCHEMES

app = typer.Typer(no_args_is_help=True, help="按人头付费：签约装载、月结、年度清算。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
By = Annotated[str, typer.Option("--by", help="办理人姓名或工号。")]
Area = Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")]
PackOf = Annotated[str, typer.Option("--pack", help="支付方式包：须写明 capitation。")]


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="签约 CSV 文件。")],
    by: By,
    area: Area = "371500",
    as_json: Json = False,
) -> None:
    """装载签约：有一处错误就全部不装，并列出每一处；改签从新签约的起日结束旧签约。"""
    code = area_of(area)
    facade = facade_ready()
    from openyibao.foundation import clock

    report = facade.sign_members(actor_of(by, "agency", code), code, file, clock.now())
    if as_json:
        show.json_out(report.as_json())
        return
    show.out(
        f"{report.file}：{report.rows} 行；新签约 {report.signed}，改签 {report.moved}，更正 {report.replaced}，"
        f"未变 {report.unchanged}"
    )


@app.command("show")
def show_(
    person: Annotated[str, typer.Argument(metavar="PERSON_NO", help="人员编号。")],
    area: Area = "371500",
    as_json: Json = False,
) -> None:
    """一个人的签约历史，包括已作废的记录。"""
    code = area_of(area)
    rows = facade_ready().signings_of(actor_of("system", "system", code), code, person)
    if as_json:
        show.json_out({"person_no": person, "signings": rows})
        return
    for row in rows:
        told = f"{row['institution']}  {row['since']} 至 {row['last_day'] or '今'}"
        told += f"  {'、'.join(row['diseases'])}" if row["diseases"] else ""
        show.out(told + f"  {row['recorded_by']} 登记" + (f"，{row['voided_by']} 作废" if row["voided_by"] else ""))
    if not rows:
        show.out(f"{person} 没有签约")


@app.command()
def run(
    pack: PackOf,
    area: Area = "371500",
    month: Annotated[str, typer.Option("--month", help="月份，如 2026-05；默认上月。")] = "",
    by: By = "system",
    as_json: Json = False,
) -> None:
    """按人头月结：标准－本机构按项目已记－签约人在外支出＝差额，入账，随下一张拨付单支付；当年以前月份一并重算。"""
    code, wanted = area_of(area), month_of(month)
    facade = facade_ready()
    from openyibao.foundation import clock

    actor = actor_of(by, "system" if by == "system" else "agency", code)
    found = facade.pay_heads(actor, code, wanted, pack, clock.now())
    if as_json:
        show.json_out(found.as_json())
        return
    show.out(f"批次 {found.number}：{wanted} 签约参保 {found.members} 人，入账差额 {show.money(found.posted_fen)} 元")
    for row in found.rows:
        show.out(
            f"  {row.month:%Y-%m} {row.institution_code} {SCHEMES[row.scheme]} {row.months} 人月：标准 "
            f"{show.money(row.standard_fen)} － 本机构 {show.money(row.own_fen)} － 在外 {show.money(row.outside_fen)}"
            f"，本次入账 {show.money(row.posted_fen, signed=True)}"
        )
    if found.provisional:
        show.out(f"  含假定参数：{'、'.join(found.provisional)}")


@app.command()
def clear(
    year: Annotated[int, typer.Argument(help="年度。")],
    pack: PackOf,
    by: By,
    area: Area = "371500",
    as_json: Json = False,
) -> None:
    """按人头年度清算：结余留用、超支分担，差额入账。标准＋基金另担＝已付＋清算＋留存，到分。"""
    code = area_of(area)
    facade = facade_ready()
    from openyibao.foundation import clock

    found = facade.clear_heads(actor_of(by, "agency_review", code), code, year, pack, clock.now())
    if as_json:
        show.json_out(found.as_json())
        return
    for (institution, scheme), row in sorted(found.rows.items()):
        show.out(
            f"{institution} {SCHEMES[scheme]} {row['months']} 人月：标准 {show.money(row['standard_fen'])}，支出 "
            f"{show.money(row['spent_fen'])}，清算 {show.money(row['clearing_fen'], signed=True)}"
        )
    show.out(
        f"已付 {show.money(found.total('paid_fen'))} ＋ 清算 {show.money(found.total('clearing_fen'))} ＋ 留存 "
        f"{show.money(found.total('returned_fen'))} ＝ 标准 {show.money(found.total('standard_fen'))} ＋ 基金另担 "
        f"{show.money(found.total('extra_fen'))}"
    )
