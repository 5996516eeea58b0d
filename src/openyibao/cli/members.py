"""`openyibao payment members`: a year paid by capitation or as consortium budgets, from files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import show
from openyibao.cli.budget_text import read_budget
from openyibao.cli.later import later
from openyibao.cli.out_path import writable
from openyibao.kernel.errors import Fault, Malformed

if TYPE_CHECKING:
    from openyibao.payment.engine.pack import facade
else:
    facade = later("openyibao.payment.engine.pack.facade")

_out = Console(highlight=False, soft_wrap=True, width=110)
_SHOWN = 40


def members(
    pack: Annotated[str, typer.Argument(help="支付方式包：文件，或随附包的名称，如 sample-capitation。")],
    people: Annotated[Path, typer.Argument(metavar="MEMBERS", help="人员 CSV：每人每机构每险种一行。")],
    spent: Annotated[
        Path | None, typer.Option("--spent", help="这些人由谁接诊、按项目支付多少：institution、at、scheme、spent。")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="医共体成员单位及考核权重：consortium、institution、weight。")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="capitation 或 consortium；包里只有一种时不必写。")] = "",
    year: Annotated[int, typer.Option("--year", help="年度，决定用包的哪个版本；默认最新版本。")] = 0,
    budget: Annotated[
        str, typer.Option("--budget", help="预算（元）：一个数，或 employee=…,resident=…；不写则恰为标准所需。")
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", help="结果 CSV：每个签约方、每家按项目结算的机构一行。")] = None,
    explain: Annotated[str, typer.Option("--explain", metavar="MEMBER_ID", help="说明一个人带来多少标准。")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """按人头或医共体总额付一年：人月、系数、价格、大额人员、预算、清算；支付＋清算＋留存＝预算，到分。"""
    writable(out)
    loaded = facade.load_pack(pack)
    version = facade.member_version(loaded, year)
    method = facade.member_method(loaded, version, by)
    listed = facade.read_members(people)
    if explain:
        lines = facade.explain_member(version, method, listed, explain)
        if as_json:
            show.json_out({"member_id": explain, "explanation": lines})
        else:
            show.out("\n".join(lines))
        return
    holders = {one.institution for one in listed}
    costs = facade.read_spent(spent, {(one.institution, one.scheme) for one in listed}) if spent is not None else {}
    own = facade.read_weights(weights, holders) if weights is not None else {}
    if method == "consortium" and weights is None:
        raise Malformed([Fault("", 0, "--weights", "医共体须写明成员单位", "consortium、institution、weight")])
    _same_sums(people.name, listed, costs)
    made = facade.member_year(version, method, listed, costs, _budgets(budget, version, method, listed), own)
    if out is not None:
        facade.write_member_year(made, out)
    unknown = facade.unknown_diseases(version, listed) if method == "capitation" else {}
    for name, count in unknown.items():
        show.err(f"病种 {name!r} 不在包内，{count} 人按系数 1")
    if as_json:
        show.json_out(_answer(loaded, made, unknown, out))
        return
    show.out("\n".join(facade.member_lines(made)))
    _table(made)
    if out is not None:
        show.out(f"已写 {out}")


def _same_sums(name: str, listed: list[facade.Member], costs: dict[tuple[str, str, str], int]) -> None:
    """What the persons cost must be what is said of where it was paid, when both are given. Raises: Malformed."""
    if not costs or not any(one.spent_fen is not None for one in listed):
        return
    persons: Counter[tuple[str, str]] = Counter()
    places: Counter[tuple[str, str]] = Counter()
    for one in listed:
        persons[one.institution, one.scheme] += one.spent_fen or 0
    for (holder, _, scheme), fen in costs.items():
        places[holder, scheme] += fen
    faults = []
    for key in sorted({*persons, *places}):
        if persons[key] != places[key]:
            said = f"{' '.join(key)} 人员合计 {show.money(persons[key])} 元"
            faults.append(Fault(name, 0, "spent", said, f"{show.money(places[key])} 元（--spent 的合计）"))
    if faults:
        raise Malformed(faults)


def _budgets(text: str, version: Any, method: str, listed: list[facade.Member]) -> dict[str, int] | None:
    if not text:
        return None
    found = read_budget(text)
    return found if isinstance(found, dict) else facade.split_by_standard(version, method, listed, found)


def _answer(pack: facade.Pack, made: facade.MemberYear, unknown: dict[str, int], out: Path | None) -> dict[str, Any]:
    return {
        "pack": pack.name,
        "sha256": pack.sha256,
        "method": made.method,
        "identity_holds": all(one.holds for one in made.clearing.values()),
        "schemes": facade.clearing_json(made.clearing),
        "rows": [dict(zip(facade.YEAR_COLUMNS, row, strict=True)) for row in facade.member_year_rows(made)],
        "institutions_fen": dict(sorted(made.finals.items())),
        "diseases_without_factor": unknown,
        "out": str(out) if out else "",
    }


def _table(made: facade.MemberYear) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("签约方", "险种", "人月", "折算人月", "标准", "本方支出", "在外支出", "分担", "收回", "年度应得"):
        table.add_column(title, justify="left" if title in ("签约方", "险种") else "right", no_wrap=True)
    rows = [row for row in facade.member_year_rows(made) if row[2] == "own"]
    for row in rows[:_SHOWN]:
        one = dict(zip(facade.YEAR_COLUMNS, row, strict=True))
        names = ("institution", "scheme", "months", "weighted_months", "granted", "inside", "outside")
        table.add_row(*(one[name] for name in (*names, "help", "returned", "final")))
    _out.print(table)
    if len(rows) > _SHOWN:
        show.out(f"共 {len(rows)} 行，只显示 {_SHOWN} 行；用 --out 写出全部")


def mount(app: typer.Typer) -> None:
    """Add the command to the `payment` group."""
    app.command()(members)
