"""`openyibao publish`: the platform's database as a dataset without names, for statistics and simulation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from openyibao.cli import show
from openyibao.cli.backtest import progress
from openyibao.kernel.areas import area_keys
from openyibao.kernel.errors import Fault, Malformed

_YEARS = re.compile(r"(20[0-9]{2})(?:-(20[0-9]{2}))?")


def publish(
    out: Annotated[Path, typer.Option("--out", help="数据集文件夹，不得已有内容。")],
    years: Annotated[str, typer.Option("--years", help="年度：2024，或 2022-2024。")],
    area: Annotated[str, typer.Option("--area", help="统筹区：371500 或 liaocheng；默认全部。")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """发布脱敏数据集（Parquet）：参保、缴费、就诊与实际支付，取自同一时点，平台照常服务。"""
    wanted = _years(years)
    from openyibao.analytics import facade
    from openyibao.foundation import clock
    from openyibao.foundation.actors import SYSTEM
    from openyibao.foundation.setup import django_ready

    django_ready()
    code = area_keys().get(area, area)
    manifest = facade.publish_dataset(SYSTEM, out, wanted, code, at=clock.now(), progress=progress())
    if as_json:
        show.json_out(manifest)
        return
    show.out(f"{manifest['title']}：已写 {out}")
    for table, by_cut in manifest["rows"].items():
        show.out(f"  {table}\t{sum(by_cut.values()):,} 行")
    for note in manifest["notes"]:
        show.out(f"  · {note}")


def _years(text: str) -> list[int]:
    found = _YEARS.fullmatch(text.strip())
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        raise Malformed([Fault("", 0, "--years", f"{text!r} 不是年度", "2024 或 2022-2024")])
    return list(range(int(found[1]), int(found[2] or found[1]) + 1))


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("publish")(publish)
