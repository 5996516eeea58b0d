"""The full proof of the grouper: generated cases grouped by the engine and by a plain tree walker, all equal.

    python -m tests.proofs.drg --cases 1000000 [--scheme DIR …] [--first 0] [--jobs 2] [--invented 200]

A case is drawn from its number (tests/payment/drg_draw.py), every seventh with code mapping. Besides these, as many
small schemes of all shapes are invented as `--invented` says, with 500 cases each. Exit 0 when nothing differs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.facade import load_grouper, scheme_folder
from openyibao.payment.engine.grouper import Grouper
from tests.payment.drg_draw import Drawer
from tests.payment.drg_invent import invent
from tests.payment.drg_oracle import Walker

CHUNK = 5_000
OF_INVENTED = 500
MAPPED = 7
"""Every so many cases have their codes converted first."""


@dataclass
class Counted:
    """What came of some cases."""

    cases: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    drgs: set[str] = field(default_factory=set)
    differences: list[str] = field(default_factory=list)

    def add(self, other: Counted) -> None:
        self.cases += other.cases
        self.statuses += other.statuses
        self.drgs |= other.drgs
        self.differences += other.differences


def compared(walker: Walker, drawer: Drawer, grouper: Grouper, first: int, last: int) -> Counted:
    """Cases of the numbers first..last-1, grouped both ways."""
    counted = Counted()
    for number in range(first, last):
        drawn = drawer.draw(number)
        mapped = number % MAPPED == 0
        wanted = walker.group(drawn, mapped=mapped)
        got = grouper.group(Case(*(drawn[name] for name in Case._fields)), mapped=mapped)
        counted.cases += 1
        counted.statuses[got.status] += 1
        counted.drgs.add(got.drg)
        if wanted != tuple(got):
            counted.differences.append(f"{grouper.name} case {number} mapped={mapped}: {drawn}\n  {wanted} != {got}")
    return counted


@cache
def _ready(folder: Path) -> tuple[Walker, Drawer, Grouper]:
    walker = Walker(folder)
    return walker, Drawer(walker), load_grouper(folder, cached=False)


def _chunk(folder: Path, first: int, last: int) -> Counted:
    return compared(*_ready(folder), first, last)


def _invented(number: int, cases: int) -> Counted:
    with tempfile.TemporaryDirectory() as name:
        folder = invent(Path(name), number)
        walker = Walker(folder)
        return compared(walker, Drawer(walker), load_grouper(folder, cached=False), 0, cases)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--scheme", action="append", help="folder or shipped name; default sample")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--invented", type=int, default=200)
    asked = parser.parse_args()
    begun = time.monotonic()
    failed = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProcessPoolExecutor(asked.jobs) as pool, Progress(*columns) as progress:
        for name in asked.scheme or ["sample"]:
            folder = scheme_folder(name).resolve()
            ends = range(asked.first, asked.first + asked.cases, CHUNK)
            last = asked.first + asked.cases
            running = {pool.submit(_chunk, folder, at, min(at + CHUNK, last)): 0 for at in ends}
            failed += _wait(progress, name, asked.cases, running)
        if asked.invented:
            running = {pool.submit(_invented, number, OF_INVENTED): 0 for number in range(asked.invented)}
            failed += _wait(progress, f"{asked.invented} invented schemes", asked.invented * OF_INVENTED, running)
    sys.stdout.write(f"{'DIFFERENT' if failed else 'equal'}, {failed} differences, {time.monotonic() - begun:.0f} s\n")
    return 1 if failed else 0


def _wait(progress: Progress, name: str, total: int, running: dict[object, int]) -> int:
    """Take up what the processes found and print it; how many cases differ."""
    task = progress.add_task(name, total=total)
    whole = Counted()
    for done in as_completed(running):  # type: ignore[type-var]
        found = done.result()
        whole.add(found)
        progress.advance(task, found.cases)
    for text in whole.differences[:10]:
        sys.stdout.write(text + "\n")
    statuses = "、".join(f"{status} {many}" for status, many in whole.statuses.most_common())
    sys.stdout.write(f"{name}: {whole.cases} cases, {len(whole.drgs)} results, {statuses}\n")
    return len(whole.differences)


if __name__ == "__main__":
    sys.exit(main())
