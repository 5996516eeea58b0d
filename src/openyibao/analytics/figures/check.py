"""Checks a file of figures, whichever of the two shapes it has (数据核对)."""

from __future__ import annotations

from pathlib import Path

from openyibao.analytics.figures import golden, own_form, reading
from openyibao.analytics.figures.contracts import FiguresChecked
from openyibao.kernel.errors import Fault, Malformed


def check_figures(path: Path) -> FiguresChecked:
    """Judge every relation of a file, or of every YAML file below a folder. Raises: Malformed with every fault."""
    if not path.is_dir():
        return _file(path)
    files = sorted(path.rglob("*.yaml"))
    if not files:
        raise Malformed([Fault(str(path), 0, "", "没有数据核对文件", "*.yaml")])
    whole = FiguresChecked(str(path), "")
    faults: list[Fault] = []
    for file in files:
        try:
            found = _file(file)
        except Malformed as problem:
            faults += problem.faults
            continue
        for one in found.relations:
            one.title = f"{file.name}：{one.title}"
        whole.relations += found.relations
        whole.cases += found.cases
    if faults:
        raise Malformed(faults)
    return whole


def _file(path: Path) -> FiguresChecked:
    located = reading.read(path)
    if "cases" in located.data:
        title = str(located.data.get("title", ""))
        return FiguresChecked(str(path), title, cases=list(golden.check(located)))
    return own_form.check(located)
