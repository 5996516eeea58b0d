"""Reads the kernel's trace back: what each layer recorded, and every figure that decided something, with its source.

The trace is the kernel's own record; nothing is calculated a second time here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openyibao.policy.fold import Settled
from openyibao.policy.kernel import TRACE_HEAD
from openyibao.policy.rulebook import UsedFigure, Version
from openyibao.policy.tables import LayerRow
from openyibao.policy.terms import layer_name


@dataclass(frozen=True)
class LayerTrace:
    """What the kernel recorded of one layer. Money in fen; raw in 1/10,000 fen."""

    row: LayerRow
    measured: int
    before: int
    deductible: int
    raw: int
    paid: int
    nth: int
    slices: tuple[tuple[int, int], ...]

    @property
    def whole(self) -> int:
        """Payment before caps, rounded half up."""
        return (self.raw + 5_000) // 10_000


def layers(settled: Settled) -> Iterator[LayerTrace]:
    """The trace of a visit, layer by layer."""
    trace = settled.split.trace
    at = 0
    while at < len(trace):
        k, length, measured, before, deductible, raw, paid, nth = trace[at : at + TRACE_HEAD]
        body = trace[at + TRACE_HEAD : at + length]
        pairs = tuple((body[i], body[i + 1]) for i in range(0, len(body), 2))
        yield LayerTrace(settled.split.cell.rows[k], measured, before, deductible, raw, paid, nth, pairs)
        at += length


def figures(settled: Settled) -> list[UsedFigure]:
    """Every figure that decided something in this visit, in the order it was used, each once."""
    found: dict[str, UsedFigure] = {}
    day = settled.visit.day

    def use(version: Version, path: str, what: str) -> None:
        key = version.key(path)
        if key not in found:
            origin = version.provenance(path, settled.book.rulebook)
            found[key] = UsedFigure(key, what, written(version, path), origin, origin.standing_on(day))

    segment = settled.book.segment(day) if not settled.visit.exclusion else None
    if settled.remote_path and settled.bill.in_scope and segment and segment.remote:
        use(segment.remote, settled.remote_path, "异地首先自付")
    for trace in layers(settled):
        if trace.measured:
            for path, what in _used_paths(trace, settled):
                use(trace.row.version, path, what)
            for holder, path in trace.row.caps if trace.slices else ():
                use(holder, path, f"{layer_name(trace.row.layer)}限额")
    if segment and settled.visit.level in segment.read_as:
        level = segment.read_as[settled.visit.level]
        if any(level in figure.path.split(".") for figure in found.values()):
            levels_then = settled.book.rulebook.files[segment.read_as_path.partition("#")[0]].on(segment.start)
            if levels_then is not None:
                use(levels_then, f"read_as.{settled.visit.level}", "机构级别")
    return list(found.values())


def _used_paths(trace: LayerTrace, settled: Settled) -> Iterator[tuple[str, str]]:
    name = layer_name(trace.row.layer)
    paths = trace.row.paths
    waived = settled.bill.waive and "nth" in paths
    if not waived:
        for path in paths.get("deductible", ()):
            yield path, f"{name}起付线"
    first = trace.nth == 1 and written(trace.row.version, "deductible.nth_stay.1") in ("100%", "")
    if paths.get("nth") and not waived and trace.nth and not first:
        yield paths["nth"][min(trace.nth, len(paths["nth"])) - 1], f"第 {trace.nth} 次住院起付线比例"
    for tier, _ in trace.slices:
        for path in paths[f"tier.{tier}"]:
            yield path, f"{name}支付比例" if ".rate" in path else f"{name}分段界限"
    if trace.slices:
        for path in paths.get("bonus", ()):
            yield path, f"{name}比例加成"
        if settled.bill.herb:
            for path in paths.get("herb", ()):
                yield path, "中草药加成"
        for path in paths.get("visit_cap", ()):
            yield path, f"{name}限额"
    for path in paths.get("top_up", ()):
        yield path, "兜底比例"


def written(version: Version, path: str) -> str:
    """The value at a path as the file writes it."""
    node: object = version.body
    for key in path.split("."):
        if isinstance(node, list):
            node = node[int(key) - 1] if key.isdigit() and int(key) <= len(node) else ""
        elif isinstance(node, dict):
            node = node.get(key, "")
    return str(node)


def provisional(settled: Settled) -> list[str]:
    """Paths of assumed or extended figures that decided something, sorted."""
    return sorted(figure.path for figure in figures(settled) if figure.standing)
