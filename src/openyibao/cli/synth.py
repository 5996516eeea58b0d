"""`openyibao synth`: an invented population and its visits, calibrated to printed figures."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openyibao.cli import show
from openyibao.cli.later import later

if TYPE_CHECKING:
    from openyibao.synth import facade
else:
    facade = later("openyibao.synth.facade")

_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")
BETWEEN_SECONDS = 2.0


def progress() -> Callable[[str, int], None]:
    """Says on standard error how far it is and how fast, at most every two seconds."""
    begun = time.monotonic()
    last = [begun]

    def said(_: str, visits: int) -> None:
        now = time.monotonic()
        if now - last[0] > BETWEEN_SECONDS:
            last[0] = now
            sys.stderr.write(f"{now - begun:6.0f} s  已写账单 {visits:,}（每秒 {visits / (now - begun):,.0f}）\n")
            sys.stderr.flush()

    return said


def years_of(text: str) -> list[int]:
    """Years of `2020` or `2016-2020`, [] when it says neither; reversed ones are left for the room to refuse."""
    found = _YEARS.fullmatch(text)
    if found is None:
        return []
    first, last = int(found[1]), int(found[2] or found[1])
    return list(range(first, last + 1)) if first <= last else [first, last]


def synth(
    area: Annotated[str, typer.Option("--area", help="370000 全省，371500 聊城，370200 青岛。")],
    years: Annotated[str, typer.Option("--years", help="年份：2020，或 2016-2020。")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件夹；未完成的同样生成会接着做。")],
    scale: Annotated[float, typer.Option("--scale", help="比例：1 为全部人口，0.01 为百分之一。")] = 0.01,
    seed: Annotated[int, typer.Option("--seed", help="随机种子：同一种子写出同样的字节。")] = 1,
    jobs: Annotated[int | None, typer.Option("--jobs", help="进程数；默认为处理器数。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出一个 JSON 对象。")] = False,
) -> None:
    """生成虚构的参保人、缴费与账单，总量按公布的数字校准。"""
    begun = time.monotonic()
    manifest = facade.synthesise(area, years_of(years), scale, seed, out, jobs=jobs, progress=progress())
    seconds = time.monotonic() - begun
    visits = sum(manifest.rows["visits"].values())
    if as_json:
        show.json_out(
            {**manifest.as_json(), "seconds": round(seconds, 1), "visits_per_second": round(visits / seconds)}
        )
        return
    show.out(f"{manifest.title}：{manifest.parts} 个分区，{seconds:.0f} 秒，每秒 {visits / seconds:,.0f} 条账单")
    for table, counts in manifest.rows.items():
        show.out(f"{table}\t{sum(counts.values()):,} 行")
    for note in manifest.notes:
        show.out(f"注：{note}")


def mount(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command("synth")(synth)
