"""`openyibao demo`: from an empty folder to a served platform, and one visit settled over HTTP while one looks on.

Starts or joins the embedded database, fills it when it is empty, starts the real server, plays a hospital against it,
pays the hospital, and shows what each step left in the books.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import platform, show
from openyibao.kernel.errors import OpenyibaoError
from openyibao.kernel.money import yuan_text

HOSPITAL = "H37150200001"
PERSON = "chronic_two"
AREA = "371500"
START_SECONDS = 60.0
_out = Console(highlight=False, soft_wrap=True)
Keep = Annotated[bool, typer.Option("--keep", help="演示后不停服务，Ctrl-C 结束。")]
Port = Annotated[int, typer.Option("--port", help="服务端口；默认任选一个空闲的。")]


class ServerNotReady(OpenyibaoError):
    """The server that the demo started does not answer (服务未能启动)."""

    code = "SERVER_NOT_READY"


def demo(keep: Keep = False, port: Port = 0) -> None:
    """演示：建库、装载演示数据、启动服务、经 HTTP 结算一次就诊并说明、记账、拨付、出结算单。"""
    begun = time.monotonic()
    _head("一、数据库与演示数据")
    _prepared()
    _head("二、启动服务")
    chosen = port or _free_port()
    with _server(chosen):
        show.out(f"  http://127.0.0.1:{chosen}/fsi/api/rsfComIfsService/callService 已就绪")
        _settle_one(f"http://127.0.0.1:{chosen}")
        show.out(f"\n全程 {time.monotonic() - begun:.1f} 秒")
        _next_steps()
        if keep:
            show.out(f"\n服务仍在 http://127.0.0.1:{chosen}（沙箱），Ctrl-C 停止")
            _until_interrupted()


# Database and server ----------------------------------------------------------------------------------------------


def _prepared() -> None:
    platform.ready(sandbox=True)
    platform.prepare()
    from openyibao.demo import facade
    from openyibao.foundation import clock

    facade.mark_sandbox()
    if facade.is_empty():
        show.out("  数据库为空，装载缩小的聊城（约一分钟）")
        made = facade.load(clock.now(), progress=show.progress)
        show.out(
            f"  {made.persons:,} 人、{made.institutions} 家机构、{made.settlements:,} 笔结算"
            f"（其中撤销 {made.cancelled}）、{made.lines:,} 条明细、{made.contributions:,} 笔缴费"
        )
    else:
        show.out("  数据库中已有演示数据")


@contextmanager
def _server(port: int) -> Iterator[None]:
    """The real server as a process of its own; stopped at the end."""
    log = _folder() / "serve.log"
    command = [sys.executable, "-m", "openyibao.cli.main", "serve", "--sandbox", "--port", str(port), "--workers", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=dict(os.environ))
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", process, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as answered:
                if answered.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise ServerNotReady("服务未能启动", hint=f"见 {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _folder() -> Path:
    """Where the demo leaves its files: `var/demo` of the clone, else of the working folder."""
    from openyibao.foundation.launcher import clone_folder

    clone = clone_folder()
    found = (clone if (clone / "pyproject.toml").exists() else Path.cwd()) / "var" / "demo"
    found.mkdir(parents=True, exist_ok=True)
    return found


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        show.out("\n停止")


# The visit --------------------------------------------------------------------------------------------------------


def _settle_one(base: str) -> None:
    from openyibao.demo import facade
    from openyibao.demo.facade import Client, Visit
    from openyibao.foundation import clock

    now = clock.now()
    person = next(one for one in facade.sandbox_persons(now) if one.key == PERSON)
    hospital = next(one for one in facade.sandbox_institutions(now) if one.fixmedins_code == HOSPITAL)
    _head("三、一次就诊，逐笔报文")
    show.out(f"  {person.psn_name}（{person.note}）在 {hospital.fixmedins_name}，签名方式 {hospital.security}")
    visit = Visit(Client(base, hospital, AREA), person, now)
    for exchange in visit.play():
        show.out(f"  → {exchange.infno} {exchange.title}：{exchange.sent}")
        show.out(f"  ← {exchange.answered}")
        if exchange.infno == "2204":
            _lines(visit.shown.lines)
    _split(visit.shown)
    _explained(visit.shown.settlement_no, now)
    _books(visit.shown, now)


def _lines(lines: Sequence[tuple[str, dict[str, Any]]]) -> None:
    rows = [
        [
            name,
            *(f"{split[key]:,}" for key in ("det_item_fee_sumamt", "fulamt_ownpay_amt", "overlmt_amt")),
            *(f"{split[key]:,}" for key in ("preselfpay_amt", "inscp_scp_amt")),
        ]
        for name, split in lines
    ]
    _table(["项目"], ["金额", "全自费", "超限价", "先行自付", "符合范围"], rows)


def _split(shown: Any) -> None:
    _head("四、这笔费用由谁负担")
    info = shown.settlement
    rows = [["医疗费总额", f"{info['medfee_sumamt']:,}"]]
    rows += [[f"　{fund['fund_pay_type_name']}", f"{fund['fund_payamt']:,}"] for fund in shown.funds]
    rows += [["　现金", f"{info['psn_cash_pay']:,}"], ["账户余额", f"{info['balc']:,}"]]
    _table(["项目"], ["元"], rows)


def _explained(settlement_no: str, now: datetime) -> None:
    from openyibao.foundation.actors import Actor
    from openyibao.settlement import facade as settlement

    _head("五、为什么")
    agency = Actor("demo-agency", frozenset({"agency"}), AREA)
    show.out(settlement.explain(agency, settlement_no))
    document, lines = settlement.statement_of(settlement_no)
    path = _folder() / f"{settlement_no}.pdf"
    path.write_bytes(settlement.statement_pdf(document, lines, printed_at=now.replace(microsecond=0)))
    show.out(f"\n结算单（PDF）：{path}")


# Books ------------------------------------------------------------------------------------------------------------


def _books(shown: Any, now: datetime) -> None:
    from openyibao.demo import facade
    from openyibao.ledger import facade as ledger
    from openyibao.ledger.contracts import BOOK_NAMES, BOOKS, Month

    _head("六、业务台账：结算记账，应付医院")
    _journals(facade.journals("settlement", shown.settlement_no))
    _head("七、拨付医院：业务台账核销应付，基金会计账确认支出")
    document, today = facade.pay(shown.settlement_no, HOSPITAL, now)
    _journals(facade.journals("payment", document))
    month = Month.of(today)
    _head(f"八、两账衔接（{month}）")
    for fund in ledger.bridge(AREA, month).funds:
        if fund.paid_fen or fund.credited_fen:
            steps, recognised = _items(fund.steps), _items(fund.recognised)
            show.out(f"  {ledger.fund_name(fund.fund)}：{steps} → 业务已付 {show.money(fund.paid_fen)}")
            show.out(f"      基金会计：{recognised}；差额 {yuan_text(fund.difference_fen)}")
    _head(f"九、试算平衡（{month}）")
    for book in BOOK_NAMES:
        found = ledger.trial_balance(book, AREA, month)
        debit, credit = sum(row.debit_fen for row in found.rows), sum(row.credit_fen for row in found.rows)
        show.out(
            f"  {BOOKS[book]}：{len(found.rows)} 行，本期借方 {show.money(debit)}，贷方 {show.money(credit)}，"
            f"{'平衡' if found.balanced else '不平衡'}"
        )


def _items(found: Sequence[Any]) -> str:
    return "，".join(f"{item.title} {show.money(item.fen)}" for item in found if item.fen) or "–"


def _journals(found: Sequence[Any]) -> None:
    for journal in found:
        show.out(f"  {journal.book_title} · {journal.title}（凭证 {journal.number}）")
        for leg in journal.legs:
            side, fen = ("借", leg.debit_fen) if leg.debit_fen else ("　贷", leg.credit_fen)
            whose = f"（{leg.party}）" if leg.party else ""
            show.out(f"    {side} {leg.account} · {leg.fund}{whose} {show.money(fen)}")


def _next_steps() -> None:
    show.out("\n再试：")
    for line in (
        "openyibao serve --sandbox                     长期服务，按 docs/tutorials/first-visit.md 自己走一遍",
        "openyibao sandbox persons | institutions      全部虚构人员、机构与公开的密钥",
        "openyibao ledger trial-balance | bridge | verify    两本账",
        "openyibao sandbox export var/bills && openyibao backtest var/bills    导出账单并回测",
        "openyibao settle cases/demo/… --explain       只用算例，不用数据库",
    ):
        show.out(f"  {line}")


def _head(text: str) -> None:
    _out.print(f"\n[bold]{text}[/bold]")


def _table(left: Sequence[str], right: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _out.print(table)
