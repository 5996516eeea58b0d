"""How many cases a core groups in a second: coded in memory, as text, and from file to file; and a plain tree walk.

*Coded* means that each code of a case has been looked up once in the scheme (`Grouper.coded`), as after reading a
dataset that is grouped several times. *As text* looks every code up. *CSV* is everything: reading, checking, grouping,
writing, by two processes. Rates of one core count its own CPU time, so that other work on the machine does not; the
rate of the file is by the clock. The walker asks the tables step by step and stops at the first that holds; on its
cases all must come to the same.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from openyibao.cli.benchmarks import drg_scheme
from openyibao.payment.engine.atoms import met
from openyibao.payment.engine.batch import group_file
from openyibao.payment.engine.cache import load_grouper
from openyibao.payment.engine.contracts import Case
from openyibao.payment.engine.reading import load
from openyibao.payment.engine.records import COLUMNS, read_cases
from openyibao.payment.engine.scheme import Scheme, Step

RUNS = 7
CODED = 20_000
WALKED = 1_000
JOBS = 2


def measure(scheme: str, cases: int) -> dict[str, Any]:
    """Everything `bench drg` prints. `scheme`: a folder; empty for an invented one of national size."""
    with tempfile.TemporaryDirectory(prefix="openyibao-bench-") as name:
        home = Path(name)
        folder = Path(scheme) if scheme else home / "scheme"
        if not scheme:
            folder.mkdir()
            drg_scheme.write_scheme(folder)
        listed = drg_scheme.rows(cases)
        if scheme:
            listed = _of_scheme(load(folder), listed)
        file = home / "cases.csv"
        file.write_text("\n".join([",".join(COLUMNS), *map(",".join, listed)]) + "\n", encoding="utf-8")
        del listed
        with mock.patch.dict(os.environ, {"OPENYIBAO_CACHE": str(home / "cache")}):
            return _measure(folder, file, home / "out.csv", cases)


def _measure(folder: Path, file: Path, out: Path, cases: int) -> dict[str, Any]:
    loading = [_timed(lambda: load_grouper(folder, cached=False)) for _ in range(3)]
    load_grouper(folder)
    cached = [_timed(lambda: load_grouper(folder)) for _ in range(RUNS)]
    grouper, scheme = load_grouper(folder), load(folder)
    some = [case for _, case, _ in _first(file, CODED)]
    coded = [grouper.coded(case) for case in some]
    decide, place = grouper.decide, grouper.place
    walked = some[:WALKED]
    rates: dict[str, list[float]] = {name: [] for name in ("coded", "text", "walker", "csv", "csv_cpu")}
    wanted = [grouper.results[place(*case)] for case in walked]
    assert [_walk(scheme, case) for case in walked] == [found.drg for found in wanted], "the walker differs"
    for _ in range(RUNS):
        rates["coded"].append(len(coded) / _timed(lambda: [decide(*case) for case in coded]))
        rates["text"].append(len(some) / _timed(lambda: [place(*case) for case in some]))
        rates["walker"].append(len(walked) / _timed(lambda: [_walk(scheme, case) for case in walked]))
        started = time.perf_counter()
        group_file(file, out, grouper=grouper, jobs=JOBS)
        rates["csv"].append(cases / (time.perf_counter() - started))
    rates["csv_cpu"] = [cases / _timed(lambda: group_file(file, out, grouper=grouper, jobs=1)) for _ in range(3)]
    middle = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "scheme": grouper.name,
        "cases": cases,
        "cases_per_core_second": round(middle["coded"]),
        "text_cases_per_core_second": round(middle["text"]),
        "csv_cases_per_second": round(middle["csv"]),
        "csv_jobs": JOBS,
        "csv_cases_per_core_second": round(middle["csv_cpu"]),
        "walker_cases_per_core_second": round(middle["walker"]),
        "ratio_to_walker": round(middle["coded"] / middle["walker"], 1),
        "load_seconds": round(statistics.median(loading), 3),
        "cached_load_seconds": round(statistics.median(cached), 3),
        "rows": CODED,
        "runs": RUNS,
    }


def _timed(work: Callable[[], object]) -> float:
    """CPU seconds of this process for a piece of work."""
    started = time.process_time()
    work()
    return time.process_time() - started


def _first(file: Path, many: int) -> list[tuple[str, Case, int]]:
    found = []
    for one in read_cases(file):
        found.append(one)
        if len(found) == many:
            break
    return found


def _of_scheme(scheme: Scheme, listed: list[list[str]]) -> list[list[str]]:
    """The same cases with the codes of another scheme."""
    dx = list(dict.fromkeys(code for one in scheme.lists.values() if one.kind == "dx" for code in one.parts))
    px = list(dict.fromkeys(code for one in scheme.lists.values() if one.kind == "px" for code in one.parts))
    for kind, codes, at in (("dx", dx, 8), ("px", px, 9)):
        known = drg_scheme.DIAGNOSES if kind == "dx" else drg_scheme.PROCEDURES
        place = {code: codes[n * len(codes) // len(known)] for n, code in enumerate(known)}
        for row in listed:
            row[at] = "|".join(place[code] for code in row[at].split("|")) if row[at] else ""
    return listed


def _walk(scheme: Scheme, case: Case) -> str:
    """DRG of a case by a plain walk: each step is asked in order until one holds."""
    if case.age == 0 and (case.age_days is None or (case.age_days <= 28 and case.birth_weight is None)):
        return "0000"
    return _below(scheme, case, scheme.running()) or scheme.fail_code


def _below(scheme: Scheme, case: Case, steps: list[Step]) -> str:
    for step in steps:
        if not any(all(met(atom, case, scheme) for atom in clause) for clause in step.clauses):
            continue
        if step.level in ("DRG", "QY"):
            return step.target
        found = _below(scheme, case, scheme.running(step)) or (step.otherwise if step.level == "ADRG" else "")
        if found:
            return found
    return ""
