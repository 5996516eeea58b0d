"""The parts of compiled tables, and how a figure is found for given facts.

`compiler` puts these together; explanations and drivers read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from openyibao.kernel.errors import FigureMissing
from openyibao.kernel.money import basis_points, fen_from_yuan
from openyibao.policy import kernel
from openyibao.policy.rulebook import PolicyFile, Version
from openyibao.policy.source import Node
from openyibao.policy.terms import LABELS

MASKS = {
    "in_scope": kernel.CO_PAY,
    "deductible": kernel.DEDUCTIBLE,
    "co_pay": kernel.CO_PAY,
    "above_cap": kernel.ABOVE_CAP,
    "prior_self_pay": kernel.PRIOR_SELF_PAY,
    "remote_first_self_pay": kernel.REMOTE_SELF_PAY,
    "over_limit": kernel.OVER_LIMIT,
    "non_covered": kernel.NON_COVERED,
    "special_drug": kernel.SPECIAL_DRUG,
}
SPLITTING_LAYER = "basic_pool"
NO_TIER_LIMIT = 1 << 60
DEDUCTIBLE_KINDS = {"stay": 1, "year": 2, "year_highest": 3}


@dataclass(frozen=True)
class Facts:
    """Everything a figure may depend on, for one visit (一次就诊的口径)."""

    benefit: str
    level: str = ""
    status: str = ""
    group: str = ""
    contribution_class: str = "standard"
    child: str = ""
    care_kind: str = ""
    disease: str = ""
    supplements: frozenset[str] = frozenset()


class MissingFigure(Exception):
    """Internal: a figure is not there; carries its path and what it should be keyed by."""

    def __init__(self, path: str, wanted: str) -> None:
        super().__init__(path)
        self.path = path
        self.wanted = wanted


@dataclass(frozen=True)
class RowParts:
    """What a layer row of the table says, for whoever explains it. Fen; a cap is (amount, name of its counter)."""

    mask: int
    fund: bool
    visit_cap: int
    per_day: bool
    caps: tuple[tuple[int, str], ...]

    def visit_limit(self, days: int) -> int:
        """Most the layer pays for one visit; -1 without such a limit."""
        return self.visit_cap * days if self.per_day and self.visit_cap >= 0 else self.visit_cap


@dataclass(frozen=True)
class LayerRow:
    """One layer of a cell: its row in P, who pays under which national field, and the path of each figure used."""

    layer: str
    pays_as: str
    offset: int
    version: Version
    paths: Mapping[str, tuple[str, ...]]
    """part ("deductible", "nth", "tier.1", "bonus", "herb", "cap", "visit_cap", "top_up") -> key paths."""
    caps: tuple[tuple[Version, str], ...]
    """yearly limits looked at: the version that states each, this layer's or one that counts it too, and its path."""
    rates: tuple[tuple[int, int, int], ...]
    """per tier (upto or -1, rate with bonus, rate as written), for explanations."""


@dataclass(frozen=True)
class Cell:
    """The chain of layers that a visit with given facts meets in a segment."""

    at: int
    rows: tuple[LayerRow, ...]
    stays_slot: int
    gaps: tuple[str, ...]
    missing: Mapping[int, tuple[str, str]]
    """position in the chain -> (figure, what it should be keyed by), of layers that refuse once they measure money."""
    in_force: bool = True
    none_before: str = ""


def resolve(node: Node, tries: tuple[tuple[str, ...], ...], path: str) -> tuple[Node, str]:
    """Follow a figure's mappings to the value for these facts. Raises: MissingFigure."""
    while isinstance(node, dict):
        for keys in tries:
            hit = next((key for key in keys if key in node), None)
            if hit is not None:
                break
        else:
            hit = "otherwise" if "otherwise" in node else None
        if hit is None:
            raise MissingFigure(path, _wanted(node, tries))
        node, path = node[hit], f"{path}.{hit}"
    if node == "missing" or node is None:
        raise MissingFigure(path, "missing")
    return node, path


def _wanted(node: Mapping[str, Node], tries: tuple[tuple[str, ...], ...]) -> str:
    present = "、".join(f"{key}（{LABELS.get(key, key)}）" for key in node)
    mine = "、".join(LABELS.get(keys[0], keys[0]) for keys in tries if keys and keys[0])
    return f"只列有 {present}；本次为 {mine}"


def ratio(value: Node, path: str) -> int:
    """A percentage as basis points. Raises: MissingFigure when it is none."""
    try:
        return int(basis_points(value))
    except ValueError:
        raise MissingFigure(path, "missing") from None


def limit(value: Node) -> int:
    """An amount in fen; -1 for `none`."""
    return -1 if value == "none" else int(fen_from_yuan(value))


def counts(version: Version) -> tuple[str, ...]:
    """Benefits that a version's yearly cap counts."""
    cap = version.body.get("cap")
    return tuple(cap.get("counts", (version.file.benefit,))) if isinstance(cap, dict) else ()


def burden_counter(file: PolicyFile, body: Mapping[str, Node]) -> str:
    """Name of the yearly accumulator of what a layer measures."""
    default = f"{file.benefit}.in_scope" if file.kind == "benefit" else f"{file.layer}.burden"
    return str(body.get("counter", default))


def deductible_counter(file: PolicyFile) -> str:
    """Name of the counter of what a yearly deductible (highest level once) has taken so far."""
    return f"{file.benefit if file.kind == 'benefit' else file.layer}.deductible"


def paid_counter(file: PolicyFile, cap: Mapping[str, Node], disease: str) -> str:
    """Name of the counter a yearly cap looks at."""
    owner = file.benefit if file.kind == "benefit" else file.layer
    return str(cap.get("counter", f"{owner}.{disease}.paid" if disease else f"{owner}.paid"))


def refuse_missing(path: str, wanted: str) -> FigureMissing:
    """The refusal for a figure that a benefit in force does not have."""
    why = "" if wanted in ("", "missing") else f"（{wanted}）"
    return FigureMissing(
        f"缺少政策参数 {path}{why}",
        hint=f'请在该文件补上并注明来源，或在算例中用 with: {{"{path}": …}} 给定',
        figure=path,
    )
