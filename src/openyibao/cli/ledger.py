"""`openyibao ledger`: trial balance, verification, statements, the bridge between the books, closing a month."""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import show
from openyibao.kernel.areas import all_areas, area_keys
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.money import yuan_text
from openyibao.kernel.periods import FAR_PAST, day_from_text

if TYPE_CHECKING:
    from openyibao.ledger.contracts import Bridge, FundBridge, Month, Statement, TrialBalance

app = typer.Typer(no_args_is_help=True, help="账：试算平衡、核查、对账单、两账衔接、月末结账。")
_out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Area = Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng。")]
Period = Annotated[str, typer.Option("--period", help="会计期间，如 2024-05；默认本月。")]


@app.command("trial-balance")
def trial_balance(
    area: Area = "371500",
    book: Annotated[str, typer.Option("--book", help="business 业务台账或 fund 基金会计账；默认两本。")] = "",
    period: Period = "",
    consolidated: Annotated[bool, typer.Option("--consolidated", help="合并下级地区并抵销调剂金。")] = False,
    as_json: Json = False,
) -> None:
    """试算平衡表：按科目与基金列期初、本期借方、本期贷方、期末。"""
    from openyibao.ledger import contracts

    code = _area(area)
    books = [name for name in contracts.BOOK_NAMES if book in ("", name)]
    if not books:
        raise Malformed([Fault("", 0, "--book", f"{book!r} 不是账", "business 或 fund")])
    facade = _facade()
    month = _month(period)
    found = [facade.trial_balance(name, code, month, consolidated=consolidated) for name in books]
    if as_json:
        show.json_out({"area": code, "period": str(month), "books": [_trial_json(one) for one in found]})
    else:
        for one in found:
            _trial_table(one)
    if not all(one.balanced for one in found):
        raise typer.Exit(1)


@app.command()
def verify(
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="空账也算通过。")] = False,
    as_json: Json = False,
) -> None:
    """核查全账：借贷、科目、个人账户余额、结账与快照、冲销、封存链、两账衔接。末行是结论。"""
    found = _facade().verify()
    clean = not found.findings and (allow_empty or found.journals > 0)
    counts = {"journals": found.journals, "legs": found.legs, "accounts": found.accounts, "seals": found.seals}
    if as_json:
        rows = [
            {"code": f.code, "message": f.message, "area": f.area, "book": f.book, "journal_id": f.journal_id}
            for f in found.findings
        ]
        show.json_out({"clean": clean, **counts, "findings": rows})
    else:
        for finding in found.findings:
            show.out(f"✗ [{finding.code}] {finding.message}")
        looked = f"{found.journals} 张凭证、{found.legs} 行分录、{found.accounts} 个个人账户、{found.seals} 个封存"
        if found.findings:
            show.out(f"不通过：{looked}，{len(found.findings)} 处不符")
        elif not clean:
            show.out("不通过：账上没有凭证（空账用 --allow-empty）")
        else:
            show.out(f"通过：{looked}，没有发现问题")
    if not clean:
        raise typer.Exit(1)


@app.command()
def statement(
    account: Annotated[int | None, typer.Argument(help="个人账户编号。")] = None,
    institution: Annotated[str, typer.Option("--institution", help="定点医药机构编号：应付明细。")] = "",
    start: Annotated[str, typer.Option("--from", help="起日，如 2024-05-01；默认最早。")] = "",
    last: Annotated[str, typer.Option("--to", help="止日，含当日；默认今天。")] = "",
    as_json: Json = False,
) -> None:
    """个人账户明细，或应付定点机构明细，逐笔余额。"""
    if (account is None) == (not institution):
        raise Malformed([Fault("", 0, "ACCOUNT 或 --institution", "须恰有其一", "个人账户编号，或机构编号")])
    first, until = _day(start) if start else FAR_PAST, _day(last) if last else None
    facade = _facade()
    until = until or _today()
    if account is not None:
        found = facade.account_statement(account, first, until)
        title = f"个人账户 {account}"
    else:
        found = facade.institution_statement(institution, first, until)
        title = f"应付定点机构 {institution}"
    if as_json:
        show.json_out(_statement_json(found))
    else:
        _statement_table(title, found)


@app.command()
def bridge(area: Area = "371500", period: Period = "", as_json: Json = False) -> None:
    """两账衔接表：本期结算如何成为本期支付，逐项列明，差额应为 0。"""
    code = _area(area)
    facade = _facade()
    found = facade.bridge(code, _month(period))
    if as_json:
        show.json_out(_bridge_json(found))
    else:
        _bridge_tables(found)
        verdict = f"相差 {show.money(found.difference_fen)} 元" if found.difference_fen else "差额 0，两账相符"
        show.out(verdict)
    if found.difference_fen:
        raise typer.Exit(1)


@app.command()
def close(
    area: Annotated[str, typer.Argument(help="统筹区：371500 或 liaocheng。")],
    period: Annotated[str, typer.Argument(help="会计期间，如 2024-05。")],
) -> None:
    """月末结账：两本账同时结账并留快照，此后该月不再记账。不可撤销。"""
    code = _area(area)
    facade = _facade()
    month = _month(period)
    from django.db import transaction

    from openyibao.foundation import clock
    from openyibao.foundation.actors import SYSTEM

    with transaction.atomic(durable=True):
        rows = facade.close_month(SYSTEM, code, month, clock.now())
    show.out(f"{_name(code)} {month} 已结账，快照 {rows} 行")


def _facade() -> Any:
    """The ledger's door, with Django set up; kept out of the way of commands that need no database."""
    from openyibao.foundation.setup import django_ready

    django_ready()
    from openyibao.ledger import facade

    return facade


def _today() -> date:
    from openyibao.foundation import clock

    return clock.today()


def _area(text: str) -> str:
    code = area_keys().get(text, text)
    if code not in all_areas():
        raise Malformed([Fault("", 0, "--area", f"{text!r} 不是地区", "如 371500 或 liaocheng")])
    return code


def _name(code: str) -> str:
    return all_areas()[code].name


def _day(text: str) -> date:
    try:
        return day_from_text(text)
    except ValueError as problem:
        raise Malformed([Fault("", 0, "日期", str(problem))]) from None


def _month(text: str) -> Month:
    from openyibao.ledger.contracts import Month

    if not text:
        return Month.of(_today())
    try:
        return Month(day_from_text(f"{text}-01"))
    except ValueError:
        raise Malformed([Fault("", 0, "会计期间", f"{text!r} 不是月份", "写作 2024-05")]) from None


def _trial_json(found: TrialBalance) -> dict[str, Any]:
    facade = _facade()
    return {
        "book": found.book,
        "balanced": found.balanced,
        "eliminated_fen": found.eliminated_fen,
        "rows": [
            {
                "account": row.account,
                "number": facade.accounts()[row.account].number,
                "name": facade.account_name(row.account),
                "fund": row.fund,
                "opening_fen": row.opening_fen,
                "debit_fen": row.debit_fen,
                "credit_fen": row.credit_fen,
                "closing_fen": row.closing_fen,
            }
            for row in found.rows
        ],
    }


def _trial_table(found: TrialBalance) -> None:
    from openyibao.ledger.contracts import BOOKS

    facade = _facade()
    show.out(f"\n{_name(found.area)} {BOOKS[found.book]} 试算平衡表 {found.month}（元；余额借方为正）")
    rows = [
        [
            *(facade.accounts()[row.account].number, facade.account_name(row.account), facade.fund_name(row.fund)),
            *(show.money(fen) for fen in (row.opening_fen, row.debit_fen, row.credit_fen, row.closing_fen)),
        ]
        for row in found.rows
    ]
    sums = (
        sum(row.opening_fen for row in found.rows),
        sum(row.debit_fen for row in found.rows),
        sum(row.credit_fen for row in found.rows),
        sum(row.closing_fen for row in found.rows),
    )
    rows.append(["", "合计", "", *(show.money(fen) for fen in sums)])
    _table(["编号", "科目", "基金"], ["期初余额", "本期借方", "本期贷方", "期末余额"], rows)
    if found.eliminated_fen:
        show.out(f"  已抵销上下级往来 {show.money(found.eliminated_fen)}")
    show.out("  平衡" if found.balanced else "  不平衡")


def _statement_json(found: Statement) -> dict[str, Any]:
    return {
        "party": found.party,
        "from": str(found.start),
        "to": str(found.last),
        "opening": yuan_text(found.opening_fen),
        "closing": yuan_text(found.closing_fen),
        "lines": [
            {
                "journal_id": line.journal_id,
                "day": str(line.day),
                "template": line.template,
                "title": line.title,
                "document": f"{line.document_kind}/{line.document_no}",
                "fund": line.fund,
                "amount": yuan_text(line.fen),
                "balance": yuan_text(line.balance_fen),
            }
            for line in found.lines
        ],
    }


def _statement_table(title: str, found: Statement) -> None:
    facade = _facade()
    begin = found.start if found.start > FAR_PAST else "最早"
    show.out(f"\n{title} 明细 {begin} 至 {found.last}（元）")
    rows = [["", "期初余额", "", "", "", show.money(found.opening_fen)]]
    for line in found.lines:
        what = ("冲销：" if line.document_kind == "reversal" else "") + line.title
        rows.append(
            [
                *(str(line.day), what, facade.fund_name(line.fund), line.document_no),
                *(show.money(line.fen, signed=True), show.money(line.balance_fen)),
            ]
        )
    rows.append(["", "期末余额", "", "", "", show.money(found.closing_fen)])
    _table(["日期", "事项", "基金", "单据"], ["发生额", "余额"], rows)


def _bridge_json(found: Bridge) -> dict[str, Any]:
    def items(listed: Any) -> list[dict[str, Any]]:
        return [{"key": item.key, "title": item.title, "fen": item.fen} for item in listed]

    return {
        "area": found.area,
        "period": str(found.month),
        "difference_fen": found.difference_fen,
        "funds": [
            {
                "fund": fund.fund,
                "steps": items(fund.steps),
                "paid_fen": fund.paid_fen,
                "recognised": items(fund.recognised),
                "credited_fen": fund.credited_fen,
                "account_income_fen": fund.account_income_fen,
                "payables_opening_fen": fund.payables_opening_fen,
                "payables": items(fund.payables),
                "payables_closing_fen": fund.payables_closing_fen,
                "premiums_fen": fund.premiums_fen,
                "difference_fen": fund.difference_fen,
            }
            for fund in found.funds
        ],
    }


def _bridge_tables(found: Bridge) -> None:
    facade = _facade()
    show.out(f"\n{_name(found.area)} 两账衔接表 {found.month}（元）")
    for fund in found.funds:
        show.out(f"\n  {facade.fund_name(fund.fund)}")
        _table(["项目"], ["金额", "期初", "期末"], list(_bridge_rows(fund)))


def _bridge_rows(fund: FundBridge) -> list[list[str]]:
    rows = [
        [item.title, show.money(item.fen), *(show.money(fen) for fen in (item.opening_fen, item.closing_fen))]
        for item in fund.steps
    ]
    rows.append(["业务台账：本期支付（减追回）", show.money(fund.paid_fen), "", ""])
    rows += [[f"基金会计账：{item.title}", show.money(item.fen), "", ""] for item in fund.recognised]
    if fund.credited_fen or fund.account_income_fen:
        rows.append(["业务台账：记入个人账户的已收", show.money(fund.credited_fen), "", ""])
        rows.append(["基金会计账：个人账户收入", show.money(fund.account_income_fen), "", ""])
    rows.append(["应付定点机构期初", show.money(fund.payables_opening_fen), "", ""])
    rows += [[f"　{item.title}", show.money(item.fen, signed=True), "", ""] for item in fund.payables]
    rows.append(["应付定点机构期末", show.money(fund.payables_closing_fen), "", ""])
    if fund.premiums_fen:
        rows.append(["另：大病与长护保费支出（不入衔接）", show.money(fund.premiums_fen), "", ""])
    rows.append(["差额", show.money(fund.difference_fen), "", ""])
    return rows


def _table(left: list[str], right: list[str], rows: list[list[str]]) -> None:
    """Text columns, then right-aligned figures."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in left:
        made.add_column(name)
    for name in right:
        made.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    _out.print(made)
