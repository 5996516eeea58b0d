"""Runs cases: settles or contributes, and compares each figure that a case states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openyibao.kernel.errors import Fault, Malformed, OpenyibaoError
from openyibao.kernel.money import fen_from_yuan, yuan_text
from openyibao.policy import source
from openyibao.policy.case import read_case
from openyibao.policy.changes import with_figures
from openyibao.policy.compiler import Compiler
from openyibao.policy.contribution import contribute, explain_contribution, read_contribution, result_as_json
from openyibao.policy.explain import explain_layers, explain_reversal, explain_visit
from openyibao.policy.fold import Reversed, Settled, settle_case
from openyibao.policy.rows import year_as_rows
from openyibao.policy.rulebook import Rulebook
from openyibao.policy.source import Source


@dataclass
class CaseResult:
    """One case run: what differs from what it states (empty: passed), and the reasoning of what failed."""

    path: str
    title: str
    differences: list[str] = field(default_factory=list)
    trace: str = ""
    malformed: bool = False


def run_cases(paths: Iterable[Path], rulebook: Rulebook) -> Iterator[CaseResult]:
    """Run every case file below the given files and folders. Raises: Malformed when there is none."""
    paths = list(paths)
    compiler = Compiler(rulebook)
    files: list[Path] = []
    gone = [path for path in paths if not path.exists()]
    if gone:
        raise Malformed([Fault(str(path), 0, "", "没有这个文件或文件夹", "算例文件或其文件夹") for path in gone])
    for path in paths:
        files += sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise Malformed([Fault("、".join(map(str, paths)), 0, "", "没有算例", "*.yaml 算例文件")])
    for file in files:
        yield _run(file, rulebook, compiler)


def _run(path: Path, rulebook: Rulebook, compiler: Compiler) -> CaseResult:
    result = CaseResult(str(path), "")
    try:
        read = source.read(path)
        if isinstance(read.data, dict):
            result.title = str(read.data.get("title", ""))
        if isinstance(read.data, dict) and "period" in read.data:
            _run_contribution(read, rulebook, result)
        else:
            _run_case(read, rulebook, compiler, result)
    except Malformed as problem:
        result.malformed = True
        result.differences += map(str, problem.faults)
    except OpenyibaoError as problem:
        result.differences.append(f"[{problem.code}] {problem}")
    return result


def _run_contribution(read: Source, rulebook: Rulebook, result: CaseResult) -> None:
    asked = read_contribution(read)
    made = contribute(asked, rulebook)
    result.differences += differences("缴费", asked.expected, result_as_json(made))
    if result.differences:
        result.trace = explain_contribution(made)


def _run_case(read: Source, rulebook: Rulebook, compiler: Compiler, result: CaseResult) -> None:
    case = read_case(read)
    mine = Compiler(with_figures(rulebook, case.figures, read)) if case.figures else compiler
    year = settle_case(case, mine)
    answer = year_as_rows(year)
    rows = answer["visits"]
    if len(case.expected) > len(rows):
        result.differences.append(f"expected 有 {len(case.expected)} 行，就诊只有 {len(rows)} 笔")
    traces = []
    for at, (wanted, row) in enumerate(zip(case.expected, rows, strict=False)):
        found = list(differences(f"#{at}", wanted, row))
        result.differences += found
        if found:
            traces.append(_trace(year.rows[at], wanted, row))
    result.differences += differences("全年", case.expected_year, answer["year"])
    result.trace = "\n".join(traces)


def _trace(row: Settled | Reversed, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> str:
    """The reasoning of the layers that a case's stated figures differ on; of the whole row when it is no layer."""
    if isinstance(row, Reversed):
        return explain_reversal(row)
    off = {key for key, value in wanted.items() if list(differences("", value, got.get(key)))}
    stated = wanted.get("payers")
    if isinstance(stated, dict):
        off |= {key for key, value in stated.items() if list(differences("", value, got["payers"].get(key)))}
    if "act_pay_dedc" in off:
        off.add("basic_pool")
    return explain_layers(row, off) or explain_visit(row)


def differences(where: str, wanted: Any, got: Any) -> Iterator[str]:
    """Where a stated value is not met; amounts are compared as money, lists and maps part by part."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            inner = got.get(key) if isinstance(got, dict) else None
            yield from differences(f"{where} {key}", value, inner)
    elif isinstance(wanted, list):
        if not isinstance(got, list) or len(wanted) != len(got):
            yield f"{where}：应为 {wanted}，得 {got}"
            return
        for at, value in enumerate(wanted):
            yield from differences(f"{where}[{at}]", value, got[at])
    elif _money(wanted) != _money(got):
        yield f"{where}：应为 {wanted}，得 {got}"


def _money(value: Any) -> Any:
    try:
        return yuan_text(fen_from_yuan(value))
    except ValueError:
        return value
