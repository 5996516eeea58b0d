"""`openyibao bench NAME`: what a thing costs on this machine, with the reference measured in the same run."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Annotated, Any

import typer

from openyibao.cli import show

app = typer.Typer(no_args_is_help=True, help="基准测试：在本机量出速度，同一次运行内给出参照。")
Json = Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")]


@app.command()
def settle(as_json: Json = False) -> None:
    """单笔结算：全部支付层，含过程记录。"""
    from openyibao.cli.benchmarks import settle as bench

    _answer(bench.measure(), as_json)


@app.command()
def year(
    visits: Annotated[int, typer.Option("--visits", min=1000, help="就诊笔数，至少 1000。")] = 4_000_000,
    as_json: Json = False,
) -> None:
    """全年重算：内存列、Parquet，以及同一规则的 OpenFisca。"""
    from openyibao.cli.benchmarks import year as bench

    show.err(f"生成 {visits} 笔就诊并结算…")
    _answer(bench.measure(visits, Path(".bench") / "openfisca"), as_json)


@app.command()
def drg(
    scheme: Annotated[str, typer.Option("--scheme", help="方案文件夹；不写则用一个虚构的国家规模方案。")] = "",
    cases: Annotated[int, typer.Option("--cases", min=20_000, help="CSV 的病例数。")] = 200_000,
    as_json: Json = False,
) -> None:
    """DRG 分组：内存中、按文本、从 CSV 到 CSV，与逐步走树比较。"""
    from openyibao.cli.benchmarks import drg as bench

    show.err(f"生成 {cases} 个病例并分组…")
    _answer(bench.measure(scheme, cases), as_json)


@app.command()
def gateway(
    persons: Annotated[int, typer.Option("--persons", min=100, help="库中已有的参保人。")] = 100_000,
    journals: Annotated[int, typer.Option("--journals", min=100, help="库中已有的凭证。")] = 1_000_000,
    seconds: Annotated[float, typer.Option("--seconds", min=1, help="每次运行的时长。")] = 8,
    runs: Annotated[int, typer.Option("--runs", min=1, help="运行次数。")] = 5,
    as_json: Json = False,
) -> None:
    """门诊结算（2207）：真实服务与嵌入式数据库，8 个客户端；与同样的语句比较。"""
    from openyibao.cli.benchmarks import gateway as bench

    _answer(bench.measure(persons, journals, seconds, runs), as_json)


def _answer(measured: dict[str, Any], as_json: bool) -> None:
    answer = {"machine": _machine(), **measured}
    if as_json:
        show.json_out(answer)
        return
    for key, value in answer.items():
        show.out(f"{key:<44} {value}")


def _machine() -> str:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}"
