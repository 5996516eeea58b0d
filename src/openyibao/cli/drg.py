"""`openyibao drg`: group a file of cases, say why one is grouped as it is, check a scheme."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later
from openyibao.kernel.errors import Fault, Malformed

if TYPE_CHECKING:
    from openyibao.payment.engine import facade
else:
    facade = later("openyibao.payment.engine.facade")

app = typer.Typer(no_args_is_help=True, help="DRG：分组、说明、检查方案。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]
Scheme = Annotated[str, typer.Argument(help="分组方案的文件夹，或随附方案的名字（sample）。")]
Cases = Annotated[Path, typer.Argument(help="病例 CSV。")]
Mapped = Annotated[bool, typer.Option("--map", help="先按方案的对照表转换编码。")]
Edition = Annotated[
    str, typer.Option("--edition", help="病例的编码版本：insurance（医保版）或 clinical（临床版）；不写则同方案。")
]


@app.command()
def group(
    scheme: Scheme,
    cases: Cases,
    out: Annotated[Path, typer.Option("--out", help="结果 CSV：case_id,status,mdc,adrg,drg。")],
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="进程数；0 或不写用全部处理器。")] = 0,
    mapped: Mapped = False,
    edition: Edition = "",
    as_json: Json = False,
) -> None:
    """给一个文件的病例分组；方案文件夹里有几个方案时，按每个病例的统筹区和出院日选用。"""
    folder = facade.scheme_folder(scheme)
    started = time.monotonic()
    used = jobs or os.cpu_count() or 1
    summary = facade.group_file(
        folder,
        cases,
        out,
        mapped=mapped,
        edition=_edition(edition),
        jobs=used,
        progress=lambda done, total: show.progress("分组", done, total) if total > 4 else None,
    )
    seconds = time.monotonic() - started
    if as_json:
        show.json_out(
            {
                "scheme": str(scheme),
                "cases": summary.cases,
                "statuses": {
                    status: summary.statuses[status] for status in facade.STATUSES if summary.statuses[status]
                },
                "drgs": len([drg for drg in summary.drgs if drg != "0000"]),
                "mapped": mapped,
                "jobs": used,
                "seconds": round(seconds, 3),
                "out": str(out),
            }
        )
        return
    for status in facade.STATUSES:
        if summary.statuses[status]:
            show.out(f"{status:<20} {summary.statuses[status]}")
    show.out(f"{summary.cases} 个病例 → {out}")


@app.command()
def explain(
    scheme: Scheme,
    cases: Cases,
    case_id: Annotated[str, typer.Argument(help="病例号。")],
    mapped: Mapped = False,
    edition: Edition = "",
    as_json: Json = False,
) -> None:
    """说明一个病例为什么这样入组：结论与依据，值得核对之处，试过的每个 MDC 和 ADRG，并发症与排除，差一项的组。"""
    folder = facade.scheme_folder(scheme)
    explained = facade.explain_case(folder, cases, case_id, mapped=mapped, edition=_edition(edition))
    if as_json:
        show.json_out(explained.data)
    else:
        show.out(str(explained))


@app.command()
def check(
    scheme: Scheme,
    every: Annotated[bool, typer.Option("--all", help="列出每一处，不只是前几处。")] = False,
    as_json: Json = False,
) -> None:
    """检查一个方案：轮不到的组、没有细分组的组、MDC 以外的诊断、重叠、次序等；有错误时退出码为 1。"""
    loaded = facade.load_scheme(facade.scheme_folder(scheme))
    if len(loaded.by_id) > 500:
        show.err(f"检查 {loaded.name} 的 {len(loaded.by_id)} 个步骤…")
    report = facade.lint(loaded)
    if as_json:
        show.json_out(report.as_json(every=every))
    else:
        _print(report, every)
    if report.errors:
        raise typer.Exit(1)


def _print(report: facade.Report, every: bool) -> None:
    size = report.summary
    show.out(
        f"{report.scheme}：{size['mdcs']} 个 MDC、{size['adrgs']} 个 ADRG、{size['drgs']} 个 DRG"
        f"（可到达 {size['drgs_reachable']}）、{size['lists']} 张码表"
    )
    several = size["main_diagnoses_in_several_mdcs"]
    show.out(f"主要诊断 {size['main_diagnoses']} 个，其中 {several} 个属于几个 MDC；MCC {size['mcc']}，CC {size['cc']}")
    for finding in report.findings:
        beside = f"（{finding.beside}）" if finding.beside else ""
        show.out("")
        show.out(f"[{facade.FINDING_LEVELS[finding.level]}] {finding.kind} {finding.count} 处{beside}")
        show.out(f"  {finding.title}")
        shown = [str(spot) for spot in finding.spots] if every else finding.examples
        for example in shown:
            show.out(f"    {example}")
        if finding.count > len(shown):
            show.out(f"    … 另 {finding.count - len(shown)} 处（--all 全部列出）")
    show.out("")
    show.out(f"{report.errors} 类错误，{report.warnings} 类警告")


def _edition(text: str) -> str | None:
    if text and text not in facade.EDITIONS:
        raise Malformed([Fault("", 0, "--edition", f"{text!r} 不可用", "、".join(facade.EDITIONS))])
    return text or None
