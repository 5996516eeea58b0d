"""How long one bill takes to decide: all layers, with trace, state in and out; files loaded before the clock starts."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from openyibao.policy.adjudicate import Bill, adjudicate
from openyibao.policy.facade import Policies
from openyibao.policy.tables import Facts

RUNS = 7
BILLS = 5_000


def measure() -> dict[str, Any]:
    """Median and 99th percentile over all bills of the median run, in microseconds, by kind of bill and overall."""
    policies = Policies.load()
    kinds = [
        ("resident", Facts("inpatient", "tertiary", "adult", "minimum_living")),
        ("resident", Facts("outpatient", "primary", "adult")),
        ("employee", Facts("inpatient", "tertiary", "retired")),
        ("employee", Facts("chronic", "secondary", "active")),
    ]
    by_kind = {}
    everything: list[list[int]] = [[] for _ in range(RUNS)]
    for scheme, facts in kinds:
        book = policies.compiler.book("371500", scheme)
        runs = [_run(book, facts) for _ in range(RUNS)]
        for at, run in enumerate(runs):
            everything[at] += run
        medians = sorted(sorted(run)[len(run) // 2] for run in runs)
        by_kind[f"{scheme} {facts.benefit}"] = round(medians[RUNS // 2] / 1000, 2)
    middle = sorted((sorted(run) for run in everything), key=lambda run: run[len(run) // 2])[RUNS // 2]
    return {
        "p50_us": round(middle[len(middle) // 2] / 1000, 2),
        "p99_us": round(middle[len(middle) * 99 // 100] / 1000, 2),
        "rows": len(kinds) * BILLS,
        "runs": RUNS,
        "p50_us_by_kind": by_kind,
    }


def _run(book: Any, facts: Facts) -> list[int]:
    """Nanoseconds of each bill of a series in which every third bill begins a new person-year."""
    day = date(2022, 6, 1)
    counters: dict[str, int] = {}
    taken = []
    for at in range(BILLS):
        if at % 3 == 0:
            counters = {}
        bill = Bill(1_500_000 + at * 731, 20_000, 0, 80_000, stay=(0, 0) if facts.benefit == "inpatient" else None)
        start = time.perf_counter_ns()
        cell = book.cell(day, facts)
        split = adjudicate(book, cell, bill, counters)
        taken.append(time.perf_counter_ns() - start)
        counters = dict(split.counters)
    return taken
