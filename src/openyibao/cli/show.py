"""How results look in a terminal. Standard output carries the answer, standard error what is beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from openyibao.kernel.errors import Fault, OpenyibaoError
from openyibao.policy import facade
from openyibao.policy.terms import FIELDS, LABELS, SCHEMES, layer_name

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def out(text: str) -> None:
    """Print plain text to stdout."""
    _out.print(Text(text))


def err(text: str) -> None:
    """Print plain text to stderr."""
    _err.print(Text(text))


def progress(what: str, done: int, total: int) -> None:
    """A line of progress on stderr for every tenth of a step: long work shows that it goes on."""
    step = max(1, total // 10)
    if done == total or done % step == 0:
        err(f"  {what} {done}/{total}")


def json_out(answer: Any) -> None:
    """Print one JSON object."""
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2) + "\n")


def faults(found: Iterable[Fault]) -> None:
    """List everything wrong with an input: place, what is wrong, what would be right."""
    listed = list(found)
    for fault in listed:
        err(str(fault))
    err(f"共 {len(listed)} 处有误")


def refusal(problem: OpenyibaoError) -> None:
    """Say every refusal of an input."""
    for one in (problem, *getattr(problem, "also", ())):
        err(f"[{one.code}] {one}")


def money(fen: int, *, signed: bool = False) -> str:
    """Fen as a person reads it: 1,234.56; an empty amount as a dash."""
    if fen == 0:
        return "–"
    text = f"{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
    return ("-" if fen < 0 else "+" if signed else "") + text


def settlement(year: facade.PersonYear, spread: facade.Interval | None) -> None:
    """The table of a case: a line per item, a column per visit, as on a statement; in blocks as wide as the screen."""
    case = year.case
    person = case.person_on(case.visits[0].day)
    out("")
    out(case.title or "未命名算例")
    who = "、".join(
        [SCHEMES[person.scheme], LABELS.get(person.status, ""), *(LABELS[group] for group in person.groups)]
    )
    out(f"{facade.area_name(person.area)} · {who} · {case.year} 待遇年度")
    for change in facade.changes_of(case):
        out(f"  {change}")
    rows = facade.money_rows(year)
    items = [name for name in ITEMS if name in ALWAYS or any(row.fen.get(name) for row in rows)]
    per_block = max(1, (_out.width - 16) // 15)
    cells = [[_head(row), *(money(row.fen.get(name, 0)) for name in items)] for row in rows]
    if len(rows) > 1:
        total = [sum(row.fen.get(name, 0) for row in rows) for name in items]
        cells.append(["合计", *(money(fen) for fen in total)])
    for start in range(0, len(cells), per_block):
        block = cells[start : start + per_block]
        made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        made.add_column("")
        for column in block:
            made.add_column(column[0], justify="right", no_wrap=True)
        for at, name in enumerate(items, 1):
            style = "bold" if name in ("medfee_sumamt", "fund_pay_sumamt", "psn_part_amt") else ""
            made.add_row(ITEM_NAMES[name], *(column[at] for column in block), style=style)
        _out.print(made)
    _beside(year, rows, spread)


ITEMS = (
    *("medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "special_drug", "inscp_scp_amt"),
    *("remote_first_self_pay", "act_pay_dedc"),
    *("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "oth_pay"),
    *("fund_pay_sumamt", "hosp_part_amt", "psn_part_amt", "acct_pay", "psn_cash_pay", "supplement_pay"),
)
ITEM_NAMES = {**FIELDS, "special_drug": "特药", "remote_first_self_pay": "异地首先自付"}
ALWAYS = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "psn_part_amt", "psn_cash_pay")


def _head(row: facade.MoneyRow) -> str:
    return f"#{row.index} {row.day:%m-%d}\n{row.benefit}\n{row.level}"


def _beside(year: facade.PersonYear, rows: list[facade.MoneyRow], spread: facade.Interval | None) -> None:
    """What a reader must know beside the figures: adjustments, gaps, notes, provisional figures."""
    for row in rows:
        for index, changes in row.adjustments:
            out(f"  #{row.index} 冲销后，#{index} {facade.adjusted(changes)}（只列差额，不改原单）")
        for note in row.notes:
            out(f"  #{row.index}：{note}")
    if any(row.adjustments for row in rows):
        out(f"  计入以上差额，全年基金支付 {money(facade.fund_total(year))} 元")
    for gap in dict.fromkeys(gap for row in rows for gap in row.gaps):
        out(f"  缺口：{gap}")
    provisional = sorted({path for row in rows for path in row.provisional})
    if provisional:
        out(f"  ⚠ 暂定：用到 {len(provisional)} 个假定或沿用的参数：")
        for path in provisional:
            out(f"      {path}")
    if spread is not None:
        out(
            f"      其中 {'、'.join(spread.paths)} 载有区间："
            f"全年基金支付在 {money(spread.low)} 至 {money(spread.high)} 元之间"
        )
    if year.case.note:
        out(f"  说明：{year.case.note}")


def comparison(result: facade.Comparison, *, explain: bool) -> None:
    """Before, after and difference of a reform for one case."""
    out("")
    out(f"{result.case.title or '未命名算例'} · 改革：{result.title}")
    for before, after in zip(result.before_rows, result.after_rows, strict=True):
        out(f"  #{before.index} {before.day} {before.benefit} {before.level}")
        for name, title in (("fund_pay_sumamt", "基金"), ("psn_part_amt", "个人")):
            a, b = before.fen[name], after.fen[name]
            out(f"      {title} {money(a):>14} → {money(b):<14} {money(b - a, signed=True):>14}")
    change = facade.fund_total(result.after) - facade.fund_total(result.before)
    out(f"  全年基金支付 {money(change, signed=True)} 元")
    if explain:
        out("改革后：\n" + facade.explain(result.after))


def contribution(answer: Mapping[str, Any]) -> None:
    """The parts of a contribution."""
    names = {
        "base": "缴费基数",
        "employer": "单位缴费",
        "individual": "个人缴费",
        "subsidy": "财政补助",
        "total": "合计",
        "account": "划入个人账户",
        "pool": "划入统筹基金",
    }
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for key, name in names.items():
        table.add_row(name, str(answer[key]))
    _out.print(table)
    for key, name in (("assistance", "其中医疗救助资助"), ("deferred", "其中缓缴")):
        if answer.get(key, "0.00") != "0.00":
            out(f"  {name}：{answer[key]}")
    for name, amount in answer.get("transfers", {}).items():
        out(f"  按人头划转 {layer_name(name)}：{amount}")
    for note in answer.get("notes", ()):
        out(f"  注：{note}")
    for path in answer["provisional"]:
        out(f"  ⚠ 暂定：{path}")


def run_cases(results: Iterable[facade.CaseResult]) -> tuple[int, int, int]:
    """Print each failing case with what was expected, what came out and the trace of that layer.

    Returns: how many passed, failed, and of the failed could not be read.
    """
    passed = failed = malformed = 0
    for result in results:
        if not result.differences:
            passed += 1
            continue
        failed += 1
        malformed += result.malformed
        out(f"✗ {result.path}  {result.title}")
        for line in result.differences:
            out(f"    {line}")
        if result.trace:
            out(result.trace)
    return passed, failed, malformed
