"""`openyibao policy`: check, show, compare and list policy files; begin a new area."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.kernel.areas import all_areas, area_keys
from openyibao.kernel.errors import Fault, Malformed
from openyibao.kernel.periods import day_from_text
from openyibao.policy import facade
from openyibao.policy.terms import BENEFITS, CERTAINTIES, LABELS, SCHEMES

app = typer.Typer(no_args_is_help=True, help="政策文件：校验、查看、比较、列参数、新建地区。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="政策文件夹；默认随程序的 policies/。")] = None,
    as_json: Json = False,
) -> None:
    """校验全部政策文件：结构、日期、分段、比例、空格、来源、上下级覆盖。"""
    where = folder or facade.data_folder("policies")
    faults = facade.check_folder(where)
    files = len(list(where.rglob("*.yaml")))
    if as_json:
        rows = [{"file": f.file, "line": f.line, "path": f.path, "wrong": f.wrong, "right": f.right} for f in faults]
        show.json_out({"files": files, "faults": rows})
    elif faults:
        show.faults(faults)
    else:
        show.out(f"{files} 个政策文件，没有发现问题")
    if faults:
        raise typer.Exit(2)


@app.command("show")
def show_(
    area: Annotated[str, typer.Argument(help="地区：371500 或 liaocheng。")],
    on: Annotated[str, typer.Option("--on", help="日期，如 2022-07-01。")],
    scheme: Annotated[str, typer.Option("--scheme", help="employee 或 resident；默认两者。")] = "",
    as_json: Json = False,
) -> None:
    """某地某日生效的政策：每个数字及其出处。"""
    code, day = _area(area), _day(on)
    policies = facade.Policies.load()
    schemes = [scheme] if scheme else ["employee", "resident"]
    found = {}
    for name in schemes:
        if name not in SCHEMES:
            raise Malformed([Fault("", 0, "--scheme", f"{name!r} 不是险种", "、".join(SCHEMES))])
        found[name] = [
            (version, list(facade.figures_in(policies.rulebook, version)))
            for version in facade.in_force(policies.rulebook, code, name, day)
        ]
    if as_json:
        show.json_out(
            {
                name: [
                    {"file": v.file.name, "title": v.file.data.get("title", ""), "figures": [f.as_json() for f in figs]}
                    for v, figs in versions
                ]
                for name, versions in found.items()
            }
        )
        return
    for name, versions in found.items():
        show.out(f"\n{facade.area_name(code)} {SCHEMES[name]} · {day}")
        for version, figures in versions:
            show.out(f"\n  {version.file.data.get('title', version.file.name)}（{version.period}）")
            for figure in figures:
                mark = " ⚠" if figure.certainty == "assumed" else ""
                key = figure.path.partition("#")[2]
                show.out(f"    {key:<42} {figure.value:<10} {CERTAINTIES[figure.certainty]}{mark}  {figure.source}")
        if not versions:
            show.out("  该日没有生效的政策文件")


@app.command()
def figures(
    area: Annotated[str, typer.Option("--area", help="只列某地自己的文件。")] = "",
    on: Annotated[str, typer.Option("--on", help="只列某日生效的版本。")] = "",
    as_json: Json = False,
) -> None:
    """列出每一个参数的路径、数值、起止、来源、可信度与备选。"""
    policies = facade.Policies.load()
    rows = list(facade.all_figures(policies.rulebook, _area(area) if area else "", _day(on) if on else None))
    if as_json:
        show.json_out({"figures": [figure.as_json() for figure in rows]})
        return
    for figure in rows:
        until = figure.until or "今"
        show.out(f"{figure.path}\t{figure.value}\t{figure.start}—{until}\t{figure.certainty}\t{figure.source}")
        for other in figure.alternatives:
            show.out(f"    备选 {other['value']}（{other['certainty']}，{other['source']}）")


@app.command()
def diff(
    left: Annotated[str, typer.Argument(help="一方：地区、日期，或 地区@日期，如 liaocheng@2022-12-31。")],
    right: Annotated[str, typer.Argument(help="另一方。")],
    area: Annotated[str, typer.Option("--area", help="两方都只写日期时的地区。")] = "liaocheng",
    on: Annotated[str, typer.Option("--on", help="两方都只写地区时的日期。")] = "2024-06-01",
    as_json: Json = False,
) -> None:
    """比较两个日期或两个地区的政策，并找出两者支付不同的最小账单。"""
    sides = [_side(text, area, on) for text in (left, right)]
    policies = facade.Policies.load()
    changed = list(facade.figure_differences(policies.rulebook, *sides))
    bills = list(facade.bill_differences(policies.compiler, *sides))
    if as_json:
        show.json_out({"figures": [vars(row) for row in changed], "bills": [vars(row) for row in bills]})
        return
    names = [f"{facade.area_name(side.area)} {side.day}" for side in sides]
    show.out(f"参数（{names[0]} → {names[1]}）")
    rule = ("", "")
    for row in changed:
        if (row.scheme, row.rule) != rule:
            rule = (row.scheme, row.rule)
            show.out(f"\n  {SCHEMES[row.scheme]} {row.rule}")
        show.out(f"    {row.path:<44} {row.left or '无'} → {row.right or '无'}")
    if not changed:
        show.out("  没有不同")
    show.out("\n支付不同的最小账单（住院、普通门诊、慢特病，当年第一笔；元）")
    show.out(f"  政策范围内费用，基金支付 {names[0]} → {names[1]}")
    alike: dict[tuple[str, int, int, int], list[str]] = {}
    for bill in bills:
        who = LABELS[bill.status] + (f"、{LABELS[bill.group]}" if bill.group else "")
        what = f"{SCHEMES[bill.scheme]} {BENEFITS[bill.benefit]} {who}"
        alike.setdefault((what, bill.in_scope, bill.left, bill.right), []).append(LABELS[bill.level])
    for (what, in_scope, before, after), levels in alike.items():
        pays = f"{show.money(before):>12} → {show.money(after):<12}"
        show.out(f"  {show.money(in_scope):>12}  {pays}  {what}（{'、'.join(levels)}）")
    if not bills:
        show.out("  在 100 万元以内没有支付不同的账单")


@app.command("new-city")
def new_city(
    area: Annotated[str, typer.Argument(help="统筹区：371400 或 dezhou。")],
    scheme: Annotated[str, typer.Option("--scheme", help="employee 或 resident。")] = "resident",
    year: Annotated[int, typer.Option("--year", help="从哪一年起。")] = 2024,
    into: Annotated[Path | None, typer.Option("--into", help="写到哪个文件夹（其下 policies/ 与 cases/）。")] = None,
) -> None:
    """为一个新地区写好政策骨架（数字全部待填）与第一个算例。"""
    code = _area(area)
    root = into or facade.data_folder("policies").parent
    written = facade.new_city(code, scheme, year, root / "policies", root / "cases")
    for path in written:
        show.out(f"已写 {path}")
    key = all_areas()[code].key
    show.out("下一步：把各文件中的 missing 换成数字并写明来源，然后")
    show.out(f"  openyibao policy check {root / 'policies'}")
    elsewhere = f"OPENYIBAO_POLICIES={root / 'policies'} " if into else ""
    show.out(f"  {elsewhere}openyibao settle {root / 'cases' / key / f'first-{scheme}.yaml'} --explain")


def _area(text: str) -> str:
    code = area_keys().get(text, text)
    known = all_areas().get(code)
    if known is None or known.pooling_area != known.code:
        raise Malformed([Fault("", 0, "地区", f"{text!r} 不是统筹区", "如 371500 或 liaocheng")])
    return code


def _day(text: str) -> date:
    try:
        return day_from_text(text)
    except ValueError as problem:
        raise Malformed([Fault("", 0, "日期", str(problem))]) from None


def _side(text: str, area: str, on: str) -> facade.Side:
    name, _, day = text.partition("@")
    if not day and text[:4].isdigit() and "-" in text:
        name, day = area, text
    return facade.Side(_area(name), _day(day or on))
