"""The door of the synth room (合成数据): invent a population and its visits; printed values to measure them by."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path

from openyibao.datasets.contracts import Manifest
from openyibao.kernel.errors import Fault, Malformed
from openyibao.synth.contracts import Target
from openyibao.synth.figures import figures, rows

FIRST_YEAR, LAST_YEAR = 2016, 2025
AREAS = ("370000", "371500", "370200")
"""Areas with totals of their own."""
SMALLEST_PERSONS = 2_000
_CALIBRATED = ("insured.", "visits.", "stays.employee", "stays.resident", "rate.", "stay_cost.", "maternity.", "ltc.")
_CALIBRATED_TOO = ("remote.out.stays", "remote.out.cost", "remote.in.stays", "remote.in.cost", "assistance.subsidised")


def synthesise(
    area: str,
    years: list[int],
    scale: float,
    seed: int,
    out: Path,
    *,
    jobs: int | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> Manifest:
    """Write a dataset of invented persons, or finish one that was stopped (生成合成数据).

    Args: years ascending without gaps; scale 1.0 is the whole area; the same seed makes the same bytes whatever jobs.
    Raises: Malformed with every fault: area, years, scale, seed, jobs, a folder that holds something else.
    """
    from openyibao.synth import run
    from openyibao.synth.plan import Layout

    faults = order_faults(area, years, scale, seed, out, jobs)
    if faults:
        raise Malformed(faults)
    return run.run(Layout(area, tuple(years), scale, seed), out, jobs or os.cpu_count() or 1, progress)


def order_faults(area: str, years: list[int], scale: float, seed: int, out: Path, jobs: int | None) -> list[Fault]:
    """Everything wrong with an order."""
    faults = []

    def fault(option: str, wrong: str, right: str) -> None:
        faults.append(Fault("synth", 0, option, wrong, right))

    if area not in AREAS:
        fault("--area", f"没有 {area} 的校准数据", "、".join(AREAS))
    if not years:
        fault("--years", "没有年份", "2020 或 2016-2020，起始不晚于终止")
    elif years != list(range(years[0], years[-1] + 1)):
        fault("--years", f"{years} 不是连续升序的年份", "2020 或 2016-2020，起始不晚于终止")
    elif years[0] < FIRST_YEAR or years[-1] > LAST_YEAR:
        fault("--years", f"{years[0]} 至 {years[-1]}", f"{FIRST_YEAR} 至 {LAST_YEAR} 之间")
    if not (math.isfinite(scale) and 0 < scale <= 1):
        fault("--scale", f"{scale}", "大于 0、不超过 1")
    elif area in AREAS and (persons := _persons(area) * scale) < SMALLEST_PERSONS:
        fault("--scale", f"{scale:g} 只有约 {persons:.0f} 人", f"至少 {SMALLEST_PERSONS} 人")
    if not 0 <= seed < 1 << 63:
        fault("--seed", f"{seed}", "0 至 2^63-1 的整数")
    if jobs is not None and not 1 <= jobs <= 256:
        fault("--jobs", f"{jobs}", "1 至 256")
    if not out.parent.is_dir():
        fault("--out", f"文件夹 {out.parent} 不存在", "一个存在的文件夹下的新文件夹")
    elif out.is_file():
        fault("--out", f"{out} 是文件", "一个空的或不存在的文件夹")
    return faults


def _persons(area: str) -> float:
    """Persons insured in an area, by the figures of the year that has them."""
    names = ("active", "retired", "adult", "student", "child")
    series = [figures()[f"insured.{name}"][area] for name in names]
    return sum(next(iter(by_year.values())).value for by_year in series) * 10_000


def targets(area: str, year: int) -> list[Target]:
    """Printed values of an area and year, those drawn to and those that come out of the engine (对照数字).

    Figures assumed for want of a printed one are in it when they are totals of the same kind, marked `assumed`.
    """
    made = []
    for key, by_area in figures().items():
        found = by_area.get(area, {}).get(year)
        if found is None or not (key.startswith(_CALIBRATED) or key in _CALIBRATED_TOO):
            continue
        if key.rsplit(".", 1)[-1] in _SHAPES or ".share." in key or ".rate." in key:
            continue
        made.append(
            Target(key, area, year, found.value, found.unit, found.source, found.certainty, "calibrated", found.note)
        )
    for row in rows("printed.csv"):
        if row["area"] == area and int(row["year"]) == year:
            value = float(row["value"])
            made.append(
                Target(
                    row["key"], area, year, value, row["unit"], row["source"], row["certainty"], "engine", row["note"]
                )
            )
    return made


_SHAPES = ("allowance_days", "short_days", "employee_share", "least_part", "resident_births")
"""Last words of keys that describe a shape, not a total."""

__all__ = ["AREAS", "Target", "order_faults", "synthesise", "targets"]
