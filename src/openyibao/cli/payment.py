"""`openyibao payment`: check a pack, price stays by it, work out weights, compare two packs within one budget."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from openyibao.cli import members, show
from openyibao.cli.budget_text import read_budget
from openyibao.cli.dip import bad_rows
from openyibao.cli.later import later
from openyibao.cli.out_path import writable
from openyibao.kernel.errors import Fault, Malformed
from openyibao.payment.engine.pack.terms import STATUSES
from openyibao.policy.terms import SCHEMES

if TYPE_CHECKING:
    from openyibao.payment.engine.pack import facade
else:
    facade = later("openyibao.payment.engine.pack.facade")

app = typer.Typer(no_args_is_help=True, help="支付方式：校验支付方式包、计价、测算权重、比较。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Cases = Annotated[Path, typer.Argument(metavar="CASES", help="病例 CSV。")]
Pack = Annotated[str, typer.Argument(help="支付方式包：文件，或随附包的名称，如 sample-drg。")]
Groups = Annotated[
    Path | None, typer.Option("--groups", help="分组结果（drg group 或 dip group）；不写则按包里的 grouping。")
]
_out = Console(highlight=False, soft_wrap=True, width=110)


@app.command()
def check(pack: Pack, as_json: Json = False) -> None:
    """校验一个支付方式包及其所用的表：列出每一处错误及行号。"""
    report = facade.check_pack(pack)
    if as_json:
        show.json_out(
            {
                "pack": report.pack.name if report.pack else pack,
                "sha256": report.pack.sha256 if report.pack else "",
                "faults": [str(fault) for fault in report.faults],
            }
        )
    elif not report.faults:
        show.out("\n".join(report.lines()))
    if report.faults:
        if not as_json:
            show.faults(report.faults)
        raise typer.Exit(2)


@app.command()
def price(
    pack: Pack,
    cases: Cases,
    groups: Groups = None,
    out: Annotated[Path | None, typer.Option("--out", help="计价结果 CSV。")] = None,
    budget: Annotated[
        str, typer.Option("--budget", help="预算（元）：一个数，或 employee=…,resident=…；浮动点值因此可算。")
    ] = "",
    explain: Annotated[str, typer.Option("--explain", metavar="CASE_ID", help="说明一个病例如何计价。")] = "",
    as_json: Json = False,
) -> None:
    """按支付方式包给病例计价：单位、系数、价格、异常、个人负担；有预算时分配到病例。"""
    writable(out)
    loaded = facade.load_pack(pack)
    file = facade.read_stays(cases)
    bad_rows(file)
    found = facade.groups_for(loaded, file.stays, groups)
    if explain:
        stay = facade.stay_of(file.stays, explain)
        group = found.get(explain, facade.NO_GROUP)
        lines = facade.explain_price(loaded, stay, group, by_pack=groups is None)
        if as_json:
            show.json_out({"case_id": explain, "explanation": lines})
        else:
            show.out("\n".join(lines))
        return
    if out is None:
        raise typer.BadParameter("写明 --out，或 --explain")
    priced = facade.price_all(facade.version_of(loaded, file.stays), file.stays, found)
    pools: dict[str, facade.Pool] = {}
    if budget:
        version = facade.version_of(loaded, file.stays)
        priced, pools = facade.distribute(version, priced, _budgets(budget, file.stays))
    facade.write_priced(priced, file.refused, out)
    counts = Counter(one.status for one in priced)
    if as_json:
        show.json_out(
            {
                "pack": loaded.name,
                "sha256": loaded.sha256,
                "statuses": dict(sorted(counts.items())),
                "fund_fen": sum(one.fund_fen or 0 for one in priced if one.counts),
                "by_item_fen": sum(one.stay.pool_by_item_fen for one in priced if one.counts),
                "point_value": {scheme: pool.value_text for scheme, pool in pools.items()},
                "rows_refused": len(file.refused),
                "out": str(out),
            }
        )
        return
    show.out("，".join(f"{STATUSES[status]} {count:,}" for status, count in sorted(counts.items())))
    for scheme, pool in pools.items():
        value = f"，点值 {pool.value_text} 元" if pool.value is not None else ""
        show.out(f"{SCHEMES[scheme]}：支付 {show.money(pool.paid_fen)} 元{value}")
    show.out(f"已写 {out}")


@app.command()
def compare(
    cases: Cases,
    pack: Annotated[list[str], typer.Option("--pack", help="支付方式包，写两次或多次。")],
    budget: Annotated[str, typer.Option("--budget", help="预算（元）：一个数，或 employee=…,resident=…。")],
    groups: Annotated[
        list[Path] | None, typer.Option("--groups", help="分组结果，依 --pack 的次序；写 - 则按包里的 grouping。")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="报告：.json 或 .csv。")] = None,
    as_json: Json = False,
) -> None:
    """同一批病例、同一预算，用不同支付方式包各付一年：逐家比较，支付＋清算＋留存＝预算，到分。"""
    if out is not None and out.suffix not in (".json", ".csv"):
        raise Malformed([Fault(str(out), 0, "--out", f"不认识 {out.suffix!r}", ".json 或 .csv")])
    writable(out)
    listed = [None if str(path) == "-" else path for path in groups or []]
    if len(listed) > len(pack):
        raise Malformed([Fault("", 0, "--groups", f"{len(listed)} 个，多于 --pack", "每个包至多一个")])
    listed += [None] * (len(pack) - len(listed))
    packs = [facade.load_pack(name) for name in pack]
    if len({one.name for one in packs}) < len(packs):
        raise Malformed([Fault("", 0, "--pack", "两个包同名", "name 各不相同")])
    file = facade.read_stays(cases)
    bad_rows(file)
    budgets = _budgets(budget, file.stays)
    sides = [(one, facade.groups_for(one, file.stays, path)) for one, path in zip(packs, listed, strict=True)]
    report = facade.compare(sides, file.stays, budgets)
    answer = facade.report_json(report)
    if out is not None:
        if out.suffix == ".json":
            out.write_text(json.dumps(answer, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        else:
            facade.write_report(report, out)
    if as_json:
        show.json_out(answer)
        return
    show.out("\n".join(facade.report_lines(report)))
    _table(report)
    if out is not None:
        show.out(f"已写 {out}")


@app.command()
def weights(
    cases: Cases,
    groups: Annotated[Path, typer.Option("--groups", help="分组结果（drg group 的输出）。")],
    out: Annotated[Path, typer.Option("--out", help="权重表 CSV，供支付方式包的 units 引用。")],
    rules: Annotated[
        Path | None, typer.Option("--rules", help="测算参数（weight_rules）；默认随附的 weight-rules.yaml。")
    ] = None,
    negotiated: Annotated[
        Path | None, typer.Option("--negotiated", help="谈判权重（negotiated_weights）：何人何时何故。")
    ] = None,
    budget: Annotated[str, typer.Option("--budget", help="预算（元），同 payment price：据此给出各险种的费率。")] = "",
    as_json: Json = False,
) -> None:
    """由历年病例测算 DRG 权重：裁剪、按年加权；谈判权重记明来历，其余同比例调整使总权重不变。"""
    writable(out)
    file = facade.read_stays(cases)
    bad_rows(file)
    found = facade.read_groups(groups)
    loaded = facade.load_weight_rules(rules)
    changes = []
    if negotiated is not None:
        changes = facade.load_overrides(negotiated, {one.group for one in found.values()})
    if not any(stay.year for stay in file.stays):
        raise Malformed([Fault(cases.name, 1, "year", "没有年度", "列 year 或 discharged")])
    try:
        run = facade.build_weights(file.stays, found, loaded, changes)
    except ValueError as problem:
        name = negotiated.name if negotiated is not None else groups.name
        raise Malformed([Fault(name, 0, "", str(problem))]) from None
    rates = facade.base_rates(run, file.stays, found, _budgets(budget, file.stays)) if budget else {}
    facade.write_units(run, out)
    unstable = sum(row.unit.unstable for row in run.rows.values())
    if as_json:
        show.json_out(
            {
                "groups": len(run.rows),
                "unstable": unstable,
                "basic": sum(row.unit.basic for row in run.rows.values()),
                "negotiated": len(changes),
                "total_weight_before_e4": run.total_before,
                "total_weight_after_e4": run.total_after,
                "left_over_e4": run.left_over,
                "rates_fen": rates,
                "out": str(out),
            }
        )
        return
    show.out(f"{len(run.rows)} 个病组，其中不稳定 {unstable}；谈判 {len(changes)} 个")
    show.out(
        f"总权重 调整前 {_weight(run.total_before)}，调整后 {_weight(run.total_after)}"
        + (f"，余 {_weight(run.left_over)} 不足以分给任何一组" if run.left_over else "")
    )
    for scheme, fen in rates.items():
        show.out(f"{SCHEMES[scheme]}费率 {show.money(fen)} 元（每单位权重）")
    show.out(f"已写 {out}")


@app.command()
def coefficients(
    pack: Pack,
    cases: Cases,
    by: Annotated[str, typer.Option("--by", help="level 或 institution。")] = "level",
    groups: Groups = None,
    bounds: Annotated[str, typer.Option("--bounds", help="系数的上下限。")] = "0.7-1.5",
    as_json: Json = False,
) -> None:
    """测算机构系数：实际费用 ÷ 按所在病组均费应有的费用，剔除病种构成的影响，限于上下限之内。"""
    faults = [] if by in ("level", "institution") else [Fault("", 0, "--by", f"不认识 {by!r}", "level、institution")]
    least, most = _bounds(bounds, faults)
    if faults:
        raise Malformed(faults)
    loaded = facade.load_pack(pack)
    file = facade.read_stays(cases)
    bad_rows(file)
    found = facade.groups_for(loaded, file.stays, groups)
    means = {group: unit.mean_fen for group, unit in facade.units_of(facade.version_of(loaded, file.stays)).items()}
    made = facade.cost_coefficients(file.stays, found, means, by=by, least=least, most=most)
    if as_json:
        show.json_out({"by": by, "coefficients": {key: _weight(value) for key, value in made.items()}})
        return
    show.out("coefficient:")
    inner = ", ".join(f"{key or '未知'}: {_weight(value)}" for key, value in made.items())
    show.out(f"  {'level' if by == 'level' else 'hospital'}: {{{inner}}}")


def _bounds(text: str, faults: list[Fault]) -> tuple[int, int]:
    """Lower and upper bound in 1/10,000, from "0.7-1.5"."""
    low, _, high = text.partition("-")
    try:
        least, most = facade.scaled(low, 4), facade.scaled(high, 4)
        if not 0 < least <= most:
            raise ValueError("下限须为正且不大于上限")
    except ValueError as problem:
        faults.append(Fault("", 0, "--bounds", str(problem), "如 0.7-1.5"))
        return 1, 1
    return least, most


@app.command()
def indicators(
    pack: Pack,
    cases: Cases,
    by: Annotated[str, typer.Option("--by", help="institution、department 或 doctor。")] = "institution",
    groups: Groups = None,
    out: Annotated[Path | None, typer.Option("--out", help="指标 .csv；或带图的报告 .html、.docx、.xlsx。")] = None,
    as_json: Json = False,
) -> None:
    """绩效指标：CMI、总权重、覆盖病组、费用与时间消耗指数、低风险死亡率。"""
    if by not in ("institution", "department", "doctor"):
        raise Malformed([Fault("", 0, "--by", f"不认识 {by!r}", "institution、department、doctor")])
    writable(out)
    loaded = facade.load_pack(pack)
    file = facade.read_stays(cases)
    bad_rows(file)
    version = facade.version_of(loaded, file.stays)
    priced = facade.price_all(version, file.stays, facade.groups_for(loaded, file.stays, groups))
    made = facade.indicators(priced, by, facade.units_of(version), facade.risk_classes(priced))
    rows = [facade.indicator_row(one) for one in made]
    if out is not None and out.suffix != ".csv":
        from openyibao.analytics.facade import performance_document
        from openyibao.documents.facade import write

        write(performance_document(made, by, loaded.title), out)
    elif out is not None:
        with out.open("w", encoding="utf-8", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    if as_json:
        show.json_out({"by": by, "rows": rows})
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "例数", "病组", "总权重", "CMI", "费用指数", "时间指数", "低风险死亡率"):
        table.add_column(title, justify="right" if title else "left", no_wrap=True)
    for row in rows[:40]:
        table.add_row(
            *(row[name] for name in ("key", "cases", "groups_covered", "total_weight", "cmi")),
            *(row[name] or "–" for name in ("cost_index", "time_index", "low_risk_mortality")),
        )
    _out.print(table)
    if len(rows) > 40:
        show.out(f"共 {len(rows)} 行，只显示 40 行；用 --out 写出全部")


@app.command()
def invent(
    count: Annotated[int, typer.Argument(min=1, max=5_000_000, help="多少个病例。")],
    out: Annotated[Path, typer.Option("--out", help="病例 CSV。")],
    groups: Annotated[Path | None, typer.Option("--groups", help="同时写出虚构的 DRG 分组结果。")] = None,
    year: Annotated[list[int] | None, typer.Option("--year", help="年度，可写多次；默认 2023、2024、2025。")] = None,
    seed: Annotated[int, typer.Option("--seed", help="随机种子：同一种子，同一批病例。")] = 1,
) -> None:
    """虚构病例，供试用：编码形似，人与费用均为虚构。"""
    writable(out, groups)
    made = list(facade.invent(count, tuple(year or (2023, 2024, 2025)), seed))
    facade.write_stays((one.stay for one in made), out)
    if groups is not None:
        facade.write_groups(made, groups)
    show.out(f"已写 {out}（{count:,} 例，虚构）")


def _budgets(text: str, stays: list[facade.Stay]) -> dict[str, int]:
    """Budget by scheme: one amount is split by what the pool would pay by item. Raises: Malformed."""
    found = read_budget(text)
    return found if isinstance(found, dict) else facade.split_budget(stays, found)


def _table(report: Any) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("机构", "例数", "按项目", *(side.pack for side in report.sides), "相差"):
        table.add_column(title, justify="left" if title == "机构" else "right", no_wrap=True)
    for row in report.rows:
        gap = row.paid_fen[-1] - row.paid_fen[0]
        table.add_row(
            row.institution,
            str(row.cases),
            show.money(row.by_item_fen),
            *(show.money(fen) for fen in row.paid_fen),
            show.money(gap, signed=True),
        )
    _out.print(table)


def _weight(value: int) -> str:
    return f"{value // 10_000}.{value % 10_000:04d}"


members.mount(app)
