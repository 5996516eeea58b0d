"""`openyibao payment slip` and the steps of a slip: drafted, confirmed by a second person, paid by a third.

Whoever has this shell states in whose name a step is done (`--by`); the room still wants three different names, and
every step is in the audit trail.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import heads, performance, show, special
from openyibao.cli.desk import actor_of, amounts_of, area_of, facade_ready, month_of
from openyibao.kernel.areas import all_areas
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import fen_from_yuan
from openyibao.policy.terms import SCHEMES

if TYPE_CHECKING:
    from openyibao.payment.facade import Slip

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
By = Annotated[str, typer.Option("--by", help="办理人姓名或工号；拟制、复核、支付须为不同的人。")]
Number = Annotated[str, typer.Argument(help="拨付单编号。")]
LINES = ("declared", "audit", "deposit", "offset", "procurement", "released", "difference", "heads", "other", "carried")
_out = Console(highlight=False, soft_wrap=True, width=140)


def slip(
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
    month: Annotated[str, typer.Option("--month", help="月份，如 2024-05；默认上月。")] = "",
    institution: Annotated[str, typer.Option("--institution", help="只看这家定点医药机构。")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="先拟制（重新拟制）当月拨付单。")] = False,
    by: By = "system",
    out: Annotated[Path | None, typer.Option("--out", help="写成一页一张的拨付单：.html、.docx 或 .xlsx。")] = None,
    as_json: Json = False,
) -> None:
    """月度拨付单：申报－审核扣减－质量保证金－冲抵预付－代付货款±以前月份，逐家逐基金。"""
    code, wanted = area_of(area), month_of(month)
    if out is not None:
        from openyibao.documents.facade import check_path

        check_path(out)
    facade = facade_ready()
    from openyibao.foundation import clock

    actor = actor_of(by, "system" if by == "system" else "agency", code)
    found = facade.draft_slips(actor, code, wanted, clock.now()) if draft else []
    if not draft:
        found = facade.slips_of_month(actor, code, wanted)
    found = [one for one in found if institution in ("", one.institution_code)]
    if out is not None and found:
        _write(found, out)
    if as_json:
        show.json_out({"area": code, "month": str(wanted), "slips": [one.as_json() for one in found]})
        return
    if not found:
        show.out(f"{all_areas()[code].name} {wanted} 没有拨付单；用 --draft 拟制")
    for one in found:
        _show(one)


def confirm(number: Number, by: By) -> None:
    """复核一张拨付单：扣留保证金、冲抵预付随之入账。"""
    _step("confirm_slip", number, by, "agency_review")


def pay(number: Number, by: By) -> None:
    """支付一张已复核的拨付单：两本账同时入账。"""
    _step("pay_slip", number, by, "finance")


def cancel(number: Number, by: By, why: Annotated[str, typer.Option("--why", help="作废的理由。")]) -> None:
    """作废一张未支付的拨付单：已入账的冲回，单据回到待付。"""
    _step("cancel_slip", number, by, "agency_review", why)


def deduct(
    settlement: Annotated[str, typer.Argument(help="结算编号。")],
    fund: Annotated[list[str], typer.Option("--fund", help="基金=元，如 resident=120.00；可写多次。")],
    article: Annotated[str, typer.Option("--article", help="依据的条款。")],
    why: Annotated[str, typer.Option("--why", help="扣减的理由。")],
    by: By,
) -> None:
    """审核扣减一笔已结算费用；不超过该结算该基金尚余的数额。"""
    amounts = amounts_of(fund)
    facade = facade_ready()
    from openyibao.foundation import clock

    actor = actor_of(by, "agency_review", settlement[:6] if settlement[:6] in all_areas() else "000000")
    show.out(f"已扣减 {facade.deduct(actor, settlement, amounts, article, why, clock.now())}")


def advance(
    institution: Annotated[str, typer.Argument(help="定点医药机构编号。")],
    fund: Annotated[list[str], typer.Option("--fund", help="基金=元，如 resident=50000.00；可写多次。")],
    document: Annotated[str, typer.Option("--document", help="预付单号。")],
    by: By,
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
) -> None:
    """预付定点机构：记暂付款，由以后月份的拨付单冲抵。"""
    amounts, code = amounts_of(fund), area_of(area)
    facade = facade_ready()
    from openyibao.foundation import clock

    facade.pay_advance(actor_of(by, "finance", code), code, institution, amounts, clock.now(), document)
    show.out(f"已预付 {institution} {show.money(sum(amounts.values()))} 元")


def assess(
    institution: Annotated[str, typer.Argument(help="定点医药机构编号。")],
    year: Annotated[int, typer.Argument(help="年度。")],
    score: Annotated[int, typer.Argument(min=0, max=100, help="考核得分，0—100。")],
    why: Annotated[str, typer.Option("--why", help="考核依据。")],
    by: By,
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
) -> None:
    """年度考核：按得分返还质量保证金，其余扣罚；返还随下一张拨付单支付。"""
    code = area_of(area)
    facade = facade_ready()
    from openyibao.foundation import clock

    actor = actor_of(by, "agency_review", code)
    released, kept = facade.assess(actor, code, institution, year, score, why, clock.now())
    show.out(f"返还 {show.money(released)} 元，扣罚 {show.money(kept)} 元")


def run(
    pack: Annotated[str, typer.Option("--pack", help="支付方式包：文件，或随附包的名称。")],
    scheme: Annotated[
        str | None, typer.Option("--scheme", help="分组方案文件夹，或随附方案的名称；不写则按包里的 grouping。")
    ] = None,
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
    month: Annotated[str, typer.Option("--month", help="月份，如 2024-05；默认上月。")] = "",
    by: By = "system",
    as_json: Json = False,
) -> None:
    """按病例计价：已收结算清单的住院逐例分组、计价，支付方式差额入账，随下一张拨付单支付。"""
    code, wanted = area_of(area), month_of(month)
    from openyibao.payment.engine.facade import scheme_folder

    folder = scheme_folder(scheme) if scheme else None
    facade = facade_ready()
    from openyibao.foundation import clock

    actor = actor_of(by, "system" if by == "system" else "agency", code)
    found = facade.price_stays(actor, code, wanted, pack, folder, clock.now())
    if as_json:
        show.json_out(found.as_json())
        return
    counts = "、".join(f"{facade.CASE_STATUSES.get(name, name)} {count}" for name, count in found.statuses.items())
    show.out(
        f"批次 {found.number}：{counts or '没有新的病例'}" + (f"；撤回 {found.withdrawn}" if found.withdrawn else "")
    )
    for (institution, insurance), fen in sorted(found.differences.items()):
        show.out(f"  {institution} {SCHEMES[insurance]} 支付方式差额 {show.money(fen, signed=True)}")


def budget(
    year: Annotated[int, typer.Argument(help="年度。")],
    insurance: Annotated[str, typer.Argument(metavar="SCHEME", help="险种：employee 或 resident。")],
    yuan: Annotated[str, typer.Argument(help="全年用于住院付费的金额，元。")],
    document: Annotated[str, typer.Option("--document", help="文号；调整用新文号，以最后一次为准。")],
    by: By,
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
) -> None:
    """登记一个险种的年度住院预算。"""
    code = area_of(area)
    faults = [] if insurance in SCHEMES else [Fault("", 0, "SCHEME", f"{insurance!r} 不是险种", "、".join(SCHEMES))]
    try:
        fen = fen_from_yuan(yuan)
    except ValueError as problem:
        faults.append(Fault("", 0, "YUAN", str(problem), "如 120000000.00"))
    if faults:
        raise Malformed(faults)
    facade = facade_ready()
    from openyibao.foundation import clock

    facade.set_budget(actor_of(by, "agency_review", code), code, year, insurance, fen, document, clock.now())
    show.out(f"已登记 {all_areas()[code].name} {year} 年 {SCHEMES[insurance]} {show.money(fen)} 元")


def clear(
    year: Annotated[int, typer.Argument(help="年度。")],
    pack: Annotated[str, typer.Option("--pack", help="支付方式包：文件，或随附包的名称。")],
    by: By,
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")] = "371500",
    as_json: Json = False,
) -> None:
    """年度清算：预算分配到病例，结余留用、超支分担，差额入账。预算＝已付＋清算＋留存，到分。"""
    code = area_of(area)
    facade = facade_ready()
    from openyibao.foundation import clock

    found = facade.clear_year(actor_of(by, "agency_review", code), code, year, pack, clock.now())
    if as_json:
        show.json_out(found.as_json())
        return
    for insurance, one in sorted(found.schemes.items()):
        show.out(f"\n{SCHEMES[insurance]}：预算 {show.money(one.pool.budget_fen)}")
        for line in one.lines:
            show.out(
                f"  {line.institution} {line.cases} 例：标准 {show.money(line.standard_fen)}，"
                f"已付 {show.money(line.paid_fen)}，清算 {show.money(line.clearing_fen, signed=True)}"
            )
        show.out(
            f"  已付 {show.money(one.paid_fen)} ＋ 清算 {show.money(one.clearing_fen)} ＋ 留存 "
            f"{show.money(one.retained_fen)} ＝ 预算 {show.money(one.pool.budget_fen)} ＋ 基金另担 "
            f"{show.money(one.pool.beyond_fen)}"
        )


def _write(found: list[Slip], out: Path) -> None:
    from openyibao.cli.slip_page import slips_report
    from openyibao.documents.facade import write
    from openyibao.institutions.facade import institutions

    names = {code: one.name for code, one in institutions({one.institution_code for one in found}).items()}
    write(slips_report(found, names), out)


def _step(verb: str, number: str, by: str, role: str, *more: str) -> None:
    facade = facade_ready()
    from openyibao.foundation import clock

    area = number[2:8] if number[2:8] in all_areas() else "000000"
    _show(getattr(facade, verb)(actor_of(by, role, area), number, clock.now(), *more))


def _show(one: Slip) -> None:
    from openyibao.ledger.facade import fund_name
    from openyibao.payment import facade
    from openyibao.payment.facade import TITLES

    show.out(f"\n{one.slip_no}  {one.institution_code}  {one.month}  {facade.STATES[one.state]}")
    used = [name for name in LINES if name == "declared" or any(line.fen[name] for line in one.lines)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("基金")
    for name in (*used, "payable", "paid", "held"):
        table.add_column("暂缓" if name == "held" else TITLES[name], justify="right", no_wrap=True)
    for line in one.lines:
        table.add_row(
            fund_name(line.fund), *(show.money(line.fen[name]) for name in (*used, "payable", "paid", "held"))
        )
    _out.print(table)
    for line in one.lines:
        show.out(f"  {facade.identity(line)}")
    if one.rules.get("provisional"):
        show.out(f"  含假定参数：{'、'.join(one.rules['provisional'])}")


def mount(app: typer.Typer) -> None:
    """Add the slip's commands to the `payment` group."""
    for command in (run, slip, confirm, pay, cancel, deduct, advance, assess, budget, clear):
        app.command()(command)
    app.command()(performance.performance)
    app.add_typer(special.app, name="special")
    app.add_typer(heads.app, name="heads")
