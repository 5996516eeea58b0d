"""Secret reforms: a few figures of Liaocheng changed at random, for the back-test to find out.

`python -m tests.analytics.secrets --first 0 --count 10` draws, records, back-tests and prints found, missed, false.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openyibao.analytics.facade import Backtest, backtest, load_bills
from openyibao.kernel.errors import Malformed
from openyibao.policy.facade import Policies, all_figures, case_from
from tests.analytics.made_up import AREA, Recorded, person_case, record

FEWEST_BILLS = 8
FEWEST_PERSONS = 4
"""A figure that decides fewer bills than this is not drawn: nobody could find it."""
Change = tuple[str, str]


def with_changes(policies: Policies, changes: dict[str, Any], start: str) -> Policies:
    """Policies after a reform that replaces figures from a day on."""
    nobody = {"person": {"area": AREA, "scheme": "resident", "status": "adult"}, "visits": []}
    template = case_from(nobody, checked=True).source
    rows = [{"path": path, "from": start, "value": value} for path, value in changes.items()]
    return policies.reformed(replace(template, data={"title": "secret", "changes": rows}, lines={}))


def moved(r: random.Random, value: str) -> str | int | None:
    """Another value of the same kind."""
    if value.endswith("%"):
        points = round(float(value[:-1]) * 100)
        shift = r.choice((-1000, -500, -300, -200, -150, -100, 100, 150, 200, 250, 300, 500, 1000))
        other = points + shift
        return f"{other // 100}.{other % 100:02d}".rstrip("0").rstrip(".") + "%" if 0 < other <= 10_000 else None
    if value.isdigit() and int(value) > 0:
        amount = int(value)
        step = 10 ** max(0, len(value) - 2)
        other = amount + r.choice((-4, -3, -2, -1, 1, 2, 3, 5)) * step * 5 // 2
        return other if amount <= 2 * other else None
    return None


@dataclass
class Drawn:
    """A secret and the bills recorded under it."""

    changes: dict[str, str]
    recorded: Recorded


def decides(recorded: Recorded, other: Recorded) -> bool:
    """Whether two records of the same persons differ in enough bills."""
    theirs = {row["bill"]: row for row in other.settlements}
    bills, persons = 0, set()
    for row in recorded.settlements:
        if row["fund_pay_sumamt"] != theirs[row["bill"]]["fund_pay_sumamt"]:
            bills += 1
            persons.add(row["person"])
    return bills >= FEWEST_BILLS and len(persons) >= FEWEST_PERSONS


def draw(policies: Policies, seed: int, *, persons: int = 1_200, year: int = 2022, figures: int = 3) -> Drawn:
    """A secret of some figures, each of which decides enough bills of its own."""
    r = random.Random(seed)
    cases = [(at, person_case(seed * 100_000 + at, year)) for at in range(persons)]
    plain = record(cases, policies)
    start = f"{year}-01-01"
    day = f"{year}-07-02"
    listed = [
        figure
        for figure in all_figures(policies.rulebook)
        if figure.path.startswith(("liaocheng/", "shandong/"))
        and "contribution" not in figure.path
        and figure.start <= day <= (figure.until or "9999")
    ]
    changes: dict[str, Any] = {}
    while len(changes) < figures:
        figure = r.choice(listed)
        value = moved(r, figure.value)
        if value is None or figure.path in changes:
            continue
        first = max(start, figure.start)
        try:
            alone = with_changes(policies, {figure.path: value}, first)
            with_changes(policies, {**changes, figure.path: value}, start)
        except Malformed:
            continue
        if not decides(plain, record(cases, alone)):
            continue
        changes[figure.path] = value
    secret = with_changes(policies, changes, start)
    return Drawn({path: str(value) for path, value in changes.items()}, record(cases, secret))


@dataclass
class Judged:
    """What a back-test found of a secret."""

    found: list[str]
    missed: list[str]
    false: list[str]
    backtest: Backtest


def judge(policies: Policies, drawn: Drawn, folder: Path) -> Judged:
    """Back-test the shipped policies on bills of a secret."""
    drawn.recorded.write(folder)
    answer = backtest(policies, load_bills(folder))
    named = {(one.path, one.implied) for one in answer.figures}
    secret = set(drawn.changes.items())
    return Judged(
        sorted(path for path, _ in named & secret),
        sorted(f"{path} = {value}" for path, value in secret - named),
        sorted(f"{path} = {value}" for path, value in named - secret),
        answer,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--persons", type=int, default=1_200)
    parser.add_argument("--year", type=int, default=2022)
    asked = parser.parse_args()
    policies = Policies.load()
    totals = [0, 0, 0]
    for seed in range(asked.first, asked.first + asked.count):
        with tempfile.TemporaryDirectory() as name:
            drawn = draw(policies, seed, persons=asked.persons, year=asked.year)
            begun = time.monotonic()
            judged = judge(policies, drawn, Path(name))
        totals = [
            totals[0] + len(judged.found),
            totals[1] + len(judged.missed),
            totals[2] + len(judged.false),
        ]
        left = judged.backtest.compared - judged.backtest.matched_after
        sys.stdout.write(
            f"seed {seed}: {drawn.changes}\n  found {len(judged.found)}, missed {judged.missed}, false {judged.false}, "
            f"left {left} of {judged.backtest.compared}, {time.monotonic() - begun:.0f} s\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"found {totals[0]}, missed {totals[1]}, false {totals[2]}\n")
    return 1 if totals[1] or totals[2] else 0


if __name__ == "__main__":
    sys.exit(main())
