"""`openyibao`, short `yb`: exit 0 done, 1 the thing checked does not hold, 2 the input is wrong.

With `--json` one JSON object goes to stdout and nothing else; tables, progress and errors otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import openyibao
from openyibao.cli import (
    backtest,
    bench,
    budgets,
    bulletin,
    catalogue,
    dataset,
    demo,
    dip,
    drg,
    figures,
    institutions,
    ledger,
    payment,
    platform,
    policy,
    project,
    publish,
    reform,
    resettle,
    sandbox,
    show,
    simulate,
    slips,
    synth,
)
from openyibao.kernel.errors import Malformed, OpenyibaoError
from openyibao.policy import facade

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="开放医保 openyibao")
cases = typer.Typer(no_args_is_help=True, help="算例：运行 cases/ 之下的全部算例。")
app.add_typer(cases, name="cases")
app.add_typer(policy.app, name="policy")
app.add_typer(bench.app, name="bench")
app.add_typer(platform.keys, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(institutions.app, name="institutions")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(dataset.app, name="dataset")
app.add_typer(figures.app, name="figures")
app.add_typer(drg.app, name="drg")
app.add_typer(dip.app, name="dip")
app.add_typer(payment.app, name="payment")
app.command()(demo.demo)
for room in (backtest, publish, synth, resettle, reform, bulletin, project):
    room.mount(app)
for room in (slips, simulate, budgets):
    room.mount(payment.app)
for command in (platform.migrate, platform.serve, platform.worker, platform.backup, platform.restore):
    app.command()(command)

Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


def _version(wanted: bool) -> None:
    if wanted:
        show.out(f"openyibao {openyibao.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="显示版本。")] = False,
) -> None:
    """开放医保：把政策写成数据，把每一笔待遇算清、说清。"""


@app.command()
def settle(
    case: Annotated[Path, typer.Argument(help="算例文件（YAML 或 JSON）。")],
    explain: Annotated[bool, typer.Option("--explain", help="逐笔逐层说明理由与出处。")] = False,
    reform: Annotated[Path | None, typer.Option("--reform", help="改革方案文件：给出前、后与差额。")] = None,
    as_json: Json = False,
) -> None:
    """结算一个人一个待遇年度的全部就诊。"""
    policies = facade.Policies.load()
    loaded = facade.load_case(case)
    if reform is None:
        year = policies.settle(loaded)
        if as_json:
            answer = facade.year_as_rows(year)
            spread = facade.interval(year)
            if spread is not None:
                answer["interval"] = spread.as_json()
            if explain:
                answer["explanation"] = facade.explain(year)
            show.json_out(answer)
        else:
            show.settlement(year, facade.interval(year))
            if explain:
                show.out(facade.explain(year))
        return
    comparison = facade.compare_reform(loaded, policies, reform)
    if as_json:
        show.json_out(comparison.as_json())
    else:
        show.comparison(comparison, explain=explain)


@app.command()
def contribution(
    file: Annotated[Path, typer.Argument(help="缴费算例文件。")],
    explain: Annotated[bool, typer.Option("--explain", help="说明每个数字的出处。")] = False,
    as_json: Json = False,
) -> None:
    """计算一个人一个月或一年的缴费、补助与个人账户划入。"""
    result = facade.contribute(file, facade.Policies.load())
    if as_json:
        show.json_out(facade.contribution_as_json(result))
    else:
        show.contribution(facade.contribution_as_json(result))
        if explain:
            show.out(facade.explain_contribution(result))


@cases.command("run")
def cases_run(
    paths: Annotated[list[Path] | None, typer.Argument(help="文件或文件夹；默认 cases/。")] = None,
) -> None:
    """运行算例，比较每一个写明的数字；失败时给出该层的理由。"""
    passed, failed, malformed = show.run_cases(
        facade.run_cases(paths or [facade.data_folder("cases")], facade.Policies.load())
    )
    show.out(f"{passed} passed, {failed} failed")
    if failed:
        raise typer.Exit(2 if malformed else 1)


def run(args: list[str] | None = None) -> Any:
    """Entry point: turns every expected error into text on stderr and its exit code, never a traceback."""
    try:
        app(args=args, standalone_mode=True)
    except Malformed as problem:
        show.faults(problem.faults)
        sys.exit(2)
    except OpenyibaoError as problem:
        show.refusal(problem)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)


if __name__ == "__main__":
    run()
